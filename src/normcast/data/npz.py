"""NPZ files: the arrays of cases or windows, by the part they play, or an error that names the file."""

from __future__ import annotations

import math
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np

from normcast.budgets import opened_zip
from normcast.data.case_arrays import CaseArrays, name_of_test
from normcast.errors import listed

HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
PARTS = ("x", "y", "groups", "times")
NAMES = {
    "x": ("x", "data", "inputs", "input", "features", "windows", "signals", "series"),
    "y": ("y", "labels", "label", "targets", "target", "classes"),
    "groups": (
        "groups", "group", "subjects", "subject", "sessions", "session", "participants", "participant",
        "patients", "patient", "users", "user", "subject_ids", "subject_id",
    ),
    "times": ("times", "time", "timestamps", "timestamp", "dates", "date"),
}  # fmt: skip
"""What arrays are called by the part they play, in lower case; the first of a part goes before the others."""

_OF = {
    part: re.compile(rf"{part}[_-]?(?P<after>.+)|(?P<before>.+?)[_-]?{part}", re.IGNORECASE)
    for part in ("train", "test")
}


def read_npz(
    path: str | Path,
    parts: Sequence[str] = PARTS,
    names: Mapping[str, str] | None = None,
    needs_y: bool = True,
) -> CaseArrays:
    """Return the arrays x and y of an .npz file, and groups and times where it has them.

    Each part has one entry per case. Arrays that play no part are noted. Of X_train and X_test the first is
    read, and the other is what `test` of the result reads. Nothing is unpickled.

    Parameters
    ----------
    path : path
        The file.
    parts : sequence of str, default ("x", "y", "groups", "times")
        Those to read, x and y among them.
    names : mapping of str to str or None, default None
        The array of a part, where it is called otherwise than usual; x may be called "data", "signals" or so,
        y "labels", groups "subjects", times "timestamps", in upper or lower case.
    needs_y : bool, default True
        Whether it is an error that there is no y.

    Returns
    -------
    CaseArrays
        The arrays by part, and what to tell of them.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        For what is no .npz, lacks x or y, has two arrays for one part, and for uneven arrays.

    See Also
    --------
    Cases.read : The same, checked and held as cases.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "gait.npz"
    >>> np.savez(file, signals=np.zeros((3, 8, 1)), labels=[0, 1, 0])
    >>> {name: each.shape for name, each in read_npz(file).parts.items()}
    {'x': (3, 8, 1), 'y': (3,)}
    """
    with opened_npz(path) as (held, there):
        taken = arrays_of(there, parts, names or {})
        found = {part: read_member(held, own[0]) for part, own in taken.items() if len(own) == 1}
    refuse_unclear(taken, there, ("x", "y") if needs_y else ("x",), str(path))
    sure = {"x", "y", *(names or {})}
    for part, own in taken.items():  # a name that is only likely, such as time, may be of something else
        unlike = own and found[part].shape != found["x"].shape[:1]
        if unlike and part not in sure and own[0].lower() != part:
            del found[part]
    refuse_uneven(found, str(path))
    kept = _kept({part: taken[part][0] for part in found}, there)
    notes = tuple(_notes(taken, found, there, tuple(kept.values())))
    return CaseArrays(found, notes, test=partial(_read_test, path, kept) if kept else None)


@contextmanager
def opened_npz(path: str | Path) -> Iterator[tuple[zipfile.ZipFile, list[str]]]:
    """Open an .npz file and give it with the names of its arrays; whatever fails inside is the file's.

    Raises FileNotFoundError, or ValueError, which names the file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    try:
        with Path(path).open("rb") as raw, opened_zip(raw) as held:
            yield held, [name.removesuffix(".npy") for name in held.namelist()]
    except Exception as error:  # whatever fails while it is read, is the file's
        raise ValueError(
            f"{path}: cannot be read as an .npz file ({error}). Save it with numpy.savez(file, x=x, y=y)."
        ) from error


def arrays_of(there: Sequence[str], parts: Sequence[str], names: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the arrays that may play each part: one where it is clear, none where there is none.

    >>> arrays_of(["signals", "label", "class"], ["x", "y"], {"y": "class"})
    {'x': ['signals'], 'y': ['class']}
    """
    half = "test" if "test" in names.get("x", "").lower() else "train"
    return {part: _named(there, part, names, half) for part in parts}


def _kept(played: Mapping[str, str], there: Sequence[str]) -> dict[str, str]:
    """Return the arrays of the test part by the part they play; none, unless x and y are among them."""
    lower = {name.lower(): name for name in there}
    names = {part: lower.get((name_of_test(name) or "").lower()) for part, name in played.items()}
    kept = {part: name for part, name in names.items() if name is not None}
    return kept if {"x", "y"} <= set(kept) else {}


def _read_test(path: str | Path, names: Mapping[str, str]) -> CaseArrays:
    return replace(read_npz(path, tuple(names), names), notes=())


def _named(there: Sequence[str], part: str, names: Mapping[str, str], half: str) -> list[str]:
    """Return the arrays that may play a part: those of the first name that there is, else all likely ones.

    half: "train" or "test"; of X_test the labels are y_test.
    """
    if part in names:
        return [name for name in there if name == names[part]]
    exact = [name for name in there if name.lower() == part]
    of_half = [name for name in there if _of_half(name, half) == part]
    likely = [name for name in there if name.lower() in NAMES[part]]
    return exact or of_half or likely or [name for name in there if _of_half(name, half) in NAMES[part]]


def _of_half(name: str, half: str) -> str:
    """Return a name without the train or test in it, in lower case; "" where there is none."""
    found = _OF[half].fullmatch(name)
    return (found["after"] or found["before"]).lower() if found else ""


def refuse_unclear(
    taken: Mapping[str, Sequence[str]], there: Sequence[str], needed: Sequence[str], where: str
) -> None:
    """Raise ValueError where two arrays may play a part, and where none plays one that is needed."""
    for part, own in taken.items():
        if len(own) > 1:
            raise ValueError(
                f"{where}: arrays {' and '.join(own)} may each be {part}; which is meant is not clear. Keep "
                f"one, or name it, as in names={{{part!r}: {own[0]!r}}} or --{part} {own[0]}."
            )
    absent = [part for part in needed if not taken[part]]
    if absent:
        raise ValueError(
            f"{where}: has no array {' and no array '.join(absent)}; arrays are "
            f"{', '.join(there) or 'none'}. Save it with numpy.savez(file, x=x, y=y), or name them, as in "
            "names={'x': ...} or --x."
        )


def _notes(
    taken: Mapping[str, Sequence[str]],
    found: Mapping[str, np.ndarray],
    there: Sequence[str],
    kept: Sequence[str],
) -> Iterator[str]:
    played = {own[0]: part for part, own in taken.items() if part in found}
    for name, part in played.items():
        if name.lower() != part:
            yield f"array {name!r} is taken as {part}"
    if kept:
        yield f"{', '.join(kept)} are kept for the score"
    unused = [name for name in there if name not in played and name not in kept]
    if unused:
        yield f"not used: {listed([repr(name) for name in unused])}"


def read_member(held: zipfile.ZipFile, name: str) -> np.ndarray:
    """Return a member; one that says it is larger than what stands in it, or holds objects, is not read."""
    info = held.getinfo(f"{name}.npy")
    with held.open(info) as member:
        refuse_oversized(member, name, info.file_size)
    with held.open(info) as member:
        return with_characters(np.lib.format.read_array(member, allow_pickle=False), name)


def with_characters(array: np.ndarray, name: str) -> np.ndarray:
    """Return an array that was read; raise ValueError for text of which a character is none in Unicode.

    >>> with_characters(np.array(["a"]), "y")
    array(['a'], dtype='<U1')
    """
    if array.dtype.kind != "U" or not array.dtype.itemsize or not array.size:
        return array
    codes = np.ascontiguousarray(array).view(f"{array.dtype.byteorder}u4")
    if codes.max() > sys.maxunicode:
        raise ValueError(f"{name} holds text with a character {codes.max():#x}, which there is not")
    return array


def refuse_oversized(member: IO[bytes], name: str, size: int) -> None:
    """Raise ValueError for a .npy whose header declares more than the bytes it has, or Python objects."""
    read_header = HEADERS.get(np.lib.format.read_magic(member))
    if read_header is None:
        raise ValueError(f"{name} is in a format of .npy that is not known")
    shape, _, dtype = read_header(member)
    if dtype.hasobject:
        raise ValueError(f"{name} holds Python objects, which are not read")
    if max(math.prod(shape) * dtype.itemsize, *shape[:1], 0) > size:
        raise ValueError(f"{name} declares {shape} of {dtype}, which is more than the {size:,} bytes it has")


def refuse_uneven(arrays: Mapping[str, np.ndarray], where: str) -> None:
    """Raise ValueError unless each array has one entry per case, and at least one."""
    counts = {len(array) if array.ndim else 0 for array in arrays.values()}
    if len(counts) > 1 or 0 in counts:
        shapes = listed([f"{name} {array.shape}" for name, array in arrays.items()])
        raise ValueError(f"{where}: {shapes} must have one entry per case, and at least one.")
