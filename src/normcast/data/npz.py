"""NPZ files: the arrays of cases or windows, by the part they play, or an error that names the file."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from normcast.budgets import opened_zip
from normcast.errors import listed

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
PARTS = ("x", "y", "groups", "times")


def read_npz(path: str | Path, parts: Sequence[str] = PARTS) -> dict[str, np.ndarray]:
    """Return the arrays x and y of an .npz file, and groups and times where it has them.

    parts: those to read, x and y among them. Names may be upper or lower case; other arrays are left alone.
    Each has one entry per case. Nothing is unpickled.
    Raises FileNotFoundError, or ValueError for what is no .npz, lacks x or y or has one twice, and for uneven
    arrays.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    try:
        with file.open("rb") as raw, opened_zip(raw) as held:
            there = [name.removesuffix(".npy") for name in held.namelist()]
            names = {part: [name for name in there if name.lower() == part] for part in parts}
            found = {part: _array(held, own[0]) for part, own in names.items() if len(own) == 1}
    except Exception as error:  # whatever fails while it is read, is the file's
        raise ValueError(
            f"{path}: cannot be read as an .npz file ({error}). Save it with numpy.savez(file, x=x, y=y)."
        ) from error
    twice = next((own for own in names.values() if len(own) > 1), None)
    if twice:
        raise ValueError(f"{path}: has arrays {' and '.join(twice)}; which is meant is not clear. Keep one.")
    absent = [part for part in ("x", "y") if part not in found]
    if absent:
        raise ValueError(
            f"{path}: has no array {' and no array '.join(absent)}; arrays are {', '.join(there) or 'none'}. "
            "Save it with numpy.savez(file, x=x, y=y)."
        )
    _refuse_uneven(found, str(path))
    return found


def _array(held: zipfile.ZipFile, name: str) -> np.ndarray:
    """Return a member; one that says it is larger than what stands in it, or holds objects, is not read."""
    info = held.getinfo(f"{name}.npy")
    with held.open(info) as member:
        read_header = HEADERS.get(np.lib.format.read_magic(member))
        if read_header is None:
            raise ValueError(f"{name} is in a format of .npy that is not known")
        shape, _, dtype = read_header(member)
    if dtype.hasobject:
        raise ValueError(f"{name} holds Python objects, which are not read")
    if max(math.prod(shape) * dtype.itemsize, *shape[:1], 0) > info.file_size:
        raise ValueError(
            f"{name} declares {shape} of {dtype}, which is more than the {info.file_size:,} bytes it has"
        )
    with held.open(info) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _refuse_uneven(arrays: dict[str, np.ndarray], where: str) -> None:
    counts = {len(array) if array.ndim else 0 for array in arrays.values()}
    if len(counts) > 1 or 0 in counts:
        shapes = listed([f"{name} {array.shape}" for name, array in arrays.items()])
        raise ValueError(f"{where}: {shapes} must have one entry per case, and at least one.")
