"""NPZ files: the arrays of cases or windows, by the part they play, or an error that names the file."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from normcast.budgets import opened_zip
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


@dataclass(frozen=True)
class NpzArrays:
    """The arrays of a file by the part they play, and what to tell of the names they had."""

    parts: dict[str, np.ndarray]
    notes: tuple[str, ...]


def read_npz(
    path: str | Path, parts: Sequence[str] = PARTS, names: Mapping[str, str] | None = None
) -> NpzArrays:
    """Return the arrays x and y of an .npz file, and groups and times where it has them.

    parts: those to read, x and y among them. names: the array of a part, where it is called otherwise than in
    `NAMES`, in upper or lower case. Arrays that play no part are noted. Each part has one entry per case.
    Nothing is unpickled.
    Raises FileNotFoundError, or ValueError for what is no .npz, lacks x or y, has two arrays for one part,
    and for uneven arrays.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    try:
        with file.open("rb") as raw, opened_zip(raw) as held:
            there = [name.removesuffix(".npy") for name in held.namelist()]
            taken = {part: _named(there, part, names or {}) for part in parts}
            found = {part: _array(held, own[0]) for part, own in taken.items() if len(own) == 1}
    except Exception as error:  # whatever fails while it is read, is the file's
        raise ValueError(
            f"{path}: cannot be read as an .npz file ({error}). Save it with numpy.savez(file, x=x, y=y)."
        ) from error
    _refuse_unclear(taken, there, str(path))
    sure = {"x", "y", *(names or {})}
    for part, own in taken.items():  # a name that is only likely, such as time, may be of something else
        unlike = own and found[part].shape != found["x"].shape[:1]
        if unlike and part not in sure and own[0].lower() != part:
            del found[part]
    _refuse_uneven(found, str(path))
    return NpzArrays(found, tuple(_notes(taken, found, there)))


def _named(there: Sequence[str], part: str, names: Mapping[str, str]) -> list[str]:
    """Return the arrays that may play a part: those of the first name that there is, else all likely ones."""
    if part in names:
        return [name for name in there if name == names[part]]
    exact = [name for name in there if name.lower() == part]
    return exact or [name for name in there if name.lower() in NAMES[part]]


def _refuse_unclear(taken: Mapping[str, Sequence[str]], there: Sequence[str], where: str) -> None:
    for part, own in taken.items():
        if len(own) > 1:
            raise ValueError(
                f"{where}: arrays {' and '.join(own)} may each be {part}; which is meant is not clear. Keep "
                f"one, or name it, as in names={{{part!r}: {own[0]!r}}} or --{part} {own[0]}."
            )
    absent = [part for part in ("x", "y") if not taken[part]]
    if absent:
        raise ValueError(
            f"{where}: has no array {' and no array '.join(absent)}; arrays are "
            f"{', '.join(there) or 'none'}. Save it with numpy.savez(file, x=x, y=y), or name them, as in "
            "names={'x': ...} or --x."
        )


def _notes(
    taken: Mapping[str, Sequence[str]], found: Mapping[str, np.ndarray], there: Sequence[str]
) -> Iterator[str]:
    played = {own[0]: part for part, own in taken.items() if part in found}
    for name, part in played.items():
        if name.lower() != part:
            yield f"array {name!r} is taken as {part}"
    unused = [name for name in there if name not in played]
    if unused:
        yield f"not used: {listed([repr(name) for name in unused])}"


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
