"""Case files: which reader an ending asks for, and the test part that stands beside a train part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from normcast.data.arff import read_arff
from normcast.data.case_arrays import CaseArrays, name_of_test
from normcast.data.long import read_long
from normcast.data.npy import read_npy
from normcast.data.npz import read_npz
from normcast.data.table import ENDINGS
from normcast.data.ts import read_ts

TEXTS: dict[str, Callable[..., CaseArrays]] = {".ts": read_ts, ".arff": read_arff}
READABLE = (".npz", ".npy", *TEXTS, *ENDINGS)
"""Endings of files that hold cases."""


def is_of_cases(path: str | Path) -> bool:
    """Say whether a file holds cases whatever is asked of it; a table may also be one to forecast.

    >>> is_of_cases("gait.TS"), is_of_cases("gait.csv")
    (True, False)
    """
    return Path(path).suffix.lower() in (".npz", ".npy", *TEXTS)


def read_case_file(
    path: str | Path, names: Mapping[str, str] | None = None, needs_y: bool = True
) -> CaseArrays:
    """Return the arrays of a file of cases, read as its ending says.

    names: what is called otherwise than usual by the part it plays: an array of an .npz, a file beside an
    .npy, or a column of a table. needs_y: whether it is an error that nothing is told of the cases.
    Raises FileNotFoundError, or ValueError for an ending that is not known, and as the readers do.

    >>> read_case_file("gait.xls")
    Traceback (most recent call last):
    ValueError: gait.xls: cases are not read from such a file; endings are .npz, .npy, .ts, .arff, .csv, ...
    """
    ending = Path(path).suffix.lower()
    if ending == ".npz":
        return read_npz(path, names=names, needs_y=needs_y)
    if ending == ".npy":
        return read_npy(path, names, needs_y)
    if ending in TEXTS:
        return _read_text(partial(TEXTS[ending], needs_y=needs_y), path, names)
    if Path(path).name.lower().endswith(ENDINGS):
        return read_long(path, names, needs_y)
    raise ValueError(
        f"{path}: cases are not read from such a file; endings are {', '.join(READABLE)}. Save it as one of "
        "these."
    )


def _read_text(
    read: Callable[..., CaseArrays], path: str | Path, names: Mapping[str, str] | None
) -> CaseArrays:
    """Return the cases of a .ts or .arff, with what reads Name_TEST where this one is Name_TRAIN."""
    if names:
        raise ValueError(f"{path}: such a file has no names to choose from, but names are {dict(names)}.")
    file = Path(path)
    name = name_of_test(file.stem)
    test = file.with_name(f"{name}{file.suffix}")
    arrays = read(path)
    if name is None or not test.is_file():
        return arrays
    notes = (*arrays.notes, f"{test.name} is kept for the score")
    return replace(arrays, notes=notes, test=partial(read, test))
