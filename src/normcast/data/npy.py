"""NPY files: X in one file and what is told of each case in another, found by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from normcast.data.case_arrays import CaseArrays, name_of_test
from normcast.data.npz import PARTS, refuse_oversized, with_characters
from normcast.errors import unknown

_X = re.compile(r"(?:^|(?<=[_-]))x(?=$|[_-])", re.IGNORECASE)


def read_npy(path: str | Path, names: Mapping[str, str] | None = None, needs_y: bool = True) -> CaseArrays:
    """Return the array x of an .npy file, with y, and groups and times where there are any, beside it.

    The others are called as the file is, with their part for the x in its name: X_train.npy goes with
    y_train.npy. names: the file of a part that is called otherwise, from here or from the folder of x.
    needs_y: whether it is an error that there is none. Nothing is unpickled.
    Raises FileNotFoundError, or ValueError for no y, two files for one part, and what is no .npy file.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    files = {"x": file, **_others(file, names or {})}
    if needs_y and "y" not in files:
        raise ValueError(
            f"{path}: there is no file with y beside it. Call it {_partner_name(file, 'y')}, or name it, as "
            "in names={'y': 'labels.npy'} or --y labels.npy."
        )
    test = None if names else _test_file(file)
    parts = {part: _array(each) for part, each in files.items()}
    if test is None:
        return CaseArrays(parts)
    kept = f"{test.name}, {_others(test, {})['y'].name} are kept for the score"
    return CaseArrays(parts, (kept,), test=partial(read_npy, test))


def _others(file: Path, names: Mapping[str, str]) -> dict[str, Path]:
    found = {}
    for part in names:
        if part not in PARTS[1:]:
            raise ValueError(unknown("part", part, PARTS[1:], where=str(file)))
    for part in PARTS[1:]:
        own = _given(file, names[part]) if part in names else _partner(file, part)
        if own is not None:
            found[part] = own
    return found


def _given(file: Path, name: str) -> Path:
    for own in (Path(name), file.parent / name):
        if own.is_file():
            return own
    raise FileNotFoundError(f"{name}: there is no such file, neither here nor in {file.parent}.")


def _partner_name(file: Path, part: str) -> str:
    stem = _X.sub(part, file.stem, count=1) if _X.search(file.stem) else f"{file.stem}_{part}"
    return stem + ".npy" if _X.search(file.stem) else f"{stem}.npy (and this one {file.stem}_x.npy)"


def _partner(file: Path, part: str) -> Path | None:
    """Return the file of a part, upper and lower case alike, or None."""
    if not _X.search(file.stem):
        return None
    wanted = _partner_name(file, part).lower()
    found = sorted(other for other in file.parent.iterdir() if other.name.lower() == wanted)
    if len(found) > 1:
        raise ValueError(
            f"{file}: {found[0].name} and {found[1].name} may each be {part}; which is meant is not clear. "
            f"Keep one, or name it, as in names={{{part!r}: {found[0].name!r}}}."
        )
    return found[0] if found else None


def _test_file(file: Path) -> Path | None:
    """Return the test part that stands beside a train part with its y, or None."""
    name = name_of_test(file.stem)
    test = file.with_name(f"{name}{file.suffix}")
    return test if name and test.is_file() and _partner(test, "y") else None


def _array(file: Path) -> np.ndarray:
    try:
        with file.open("rb") as raw:
            refuse_oversized(raw, file.stem, file.stat().st_size)
            raw.seek(0)
            return with_characters(np.lib.format.read_array(raw, allow_pickle=False), file.stem)
    except Exception as error:  # whatever fails while it is read, is the file's
        raise ValueError(
            f"{file}: cannot be read as an .npy file ({error}). Save it with numpy.save(file, array)."
        ) from error
