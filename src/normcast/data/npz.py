"""NPZ files: the arrays of cases or windows, by the part they play, or an error that names the file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from normcast.errors import listed

PARTS = ("x", "y", "groups", "times")


def read_npz(path: str | Path) -> dict[str, np.ndarray]:
    """Return the arrays x and y of an .npz file, and groups and times where it has them.

    Names may be upper or lower case; other arrays are left alone. Each has one entry per case. Nothing is
    unpickled.
    Raises FileNotFoundError, or ValueError for what is no .npz, lacks x or y, or has uneven arrays.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    try:
        with np.load(file, allow_pickle=False) as held:
            names = {name.lower(): name for name in held.files}
            found = {part: held[names[part]] for part in PARTS if part in names}
            there = ", ".join(held.files) or "none"
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, AttributeError) as error:
        raise ValueError(
            f"{path}: cannot be read as an .npz file ({error}). Save it with numpy.savez(file, x=x, y=y)."
        ) from error
    absent = [part for part in ("x", "y") if part not in found]
    if absent:
        raise ValueError(
            f"{path}: has no array {' and no array '.join(absent)}; arrays are {there}. "
            "Save it with numpy.savez(file, x=x, y=y)."
        )
    _refuse_uneven(found, str(path))
    return found


def _refuse_uneven(arrays: dict[str, np.ndarray], where: str) -> None:
    counts = {len(array) if array.ndim else 0 for array in arrays.values()}
    if len(counts) > 1 or 0 in counts:
        shapes = listed([f"{name} {array.shape}" for name, array in arrays.items()])
        raise ValueError(f"{where}: {shapes} must have one entry per case, and at least one.")
