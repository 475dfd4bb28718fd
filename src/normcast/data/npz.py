"""NPZ files: the arrays of cases or windows, by the part they play, or an error that names the file."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from normcast.errors import listed

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
        with np.load(file, allow_pickle=False) as held:
            there = list(held.files)
            names = {part: [name for name in there if name.lower() == part] for part in parts}
            found = {part: held[own[0]] for part, own in names.items() if len(own) == 1}
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, TypeError) as error:
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


def _refuse_uneven(arrays: dict[str, np.ndarray], where: str) -> None:
    counts = {len(array) if array.ndim else 0 for array in arrays.values()}
    if len(counts) > 1 or 0 in counts:
        shapes = listed([f"{name} {array.shape}" for name, array in arrays.items()])
        raise ValueError(f"{where}: {shapes} must have one entry per case, and at least one.")
