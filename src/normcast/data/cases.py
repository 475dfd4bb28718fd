"""Cases: arrays of whole series with what is to be told of each, checked once at the door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from normcast.data.npz import read_npz
from normcast.errors import counted, listed


@dataclass(frozen=True, eq=False)
class Cases:
    """Series of one length, each a case of its own: the twin of `Panel` for arrays.

    x: (cases, time, channels) float32; y: (cases,) labels or numbers, (cases, outputs), or (cases, time,
    outputs) for each step; groups: (cases,) what must not be split, such as a subject, or None; times:
    (cases,) when each case was, as numbers or datetime64, or None; notes: what was found, to tell the user.

    >>> cases = Cases.of(np.zeros((3, 8)), ["rest", "walk", "rest"])
    >>> cases.x.shape, cases.n_cases
    ((3, 8, 1), 3)
    >>> cases.notes
    ('X is (3, 8): taken as one channel', '1 channel never changes: 0')
    """

    x: np.ndarray
    y: np.ndarray
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, x: Any, y: Any, groups: Any = None, times: Any = None, *, where: str = "cases") -> Cases:
        """Check arrays: X (cases, time, channels), or (cases, time) for one channel; see the class.

        where: what messages call them, such as the file.
        Raises ValueError for shapes that do not go together, for no case, and for what is not a finite
        number, with the first such place.
        """
        values = _numbers(x, where)
        shape = values.shape
        if values.ndim == 2:
            values = values[:, :, None]
        if values.ndim != 3 or 0 in values.shape:
            raise ValueError(
                f"{where}: X has shape {shape}, but needs (cases, time, channels), or (cases, time) for one "
                "channel, with at least one of each."
            )
        _refuse_infinite(values, "X", where)
        labels = _targets(y, len(values), where)
        own = {name: _per_case(given, name, len(values), where) for name, given in
               (("groups", groups), ("times", times))}  # fmt: skip
        if own["times"] is not None and own["times"].dtype.kind not in "iufM":
            raise ValueError(
                f"{where}: times are of type {own['times'].dtype}, but must be numbers or datetime64."
            )
        notes = tuple(_notes(shape, values, own["groups"]))
        return cls(values, labels, own["groups"], own["times"], notes)

    @classmethod
    def read(cls, path: str | Path, names: Mapping[str, str] | None = None) -> Cases:
        """Read an .npz file with arrays x and y, and groups and times where it has them; see `read_npz`."""
        read = read_npz(path, names=names)
        own = read.parts
        cases = cls.of(own["x"], own["y"], own.get("groups"), own.get("times"), where=str(path))
        return replace(cases, notes=(*cases.notes, *read.notes))

    @property
    def n_cases(self) -> int:
        """Number of cases."""
        return len(self.x)

    @property
    def steps(self) -> int:
        """Length of the time axis."""
        return self.x.shape[1]

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.x.shape[2]


def _numbers(x: Any, where: str) -> np.ndarray:
    try:
        return np.asarray(x, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{where}: X cannot be made numbers ({error}). Give an array of shape (cases, time, channels); "
            "series of different lengths are padded or cut to one length first."
        ) from error


def _targets(y: Any, n_cases: int, where: str) -> np.ndarray:
    targets = np.asarray(y)
    if targets.ndim not in (1, 2, 3) or len(targets) != n_cases:
        raise ValueError(
            f"{where}: y has shape {targets.shape}, but X has {counted(n_cases, 'case')}: it needs "
            f"({n_cases},), ({n_cases}, outputs), or ({n_cases}, time, outputs) for each step."
        )
    if targets.dtype.kind == "f":
        _refuse_infinite(targets, "y", where)
    return targets


def _per_case(given: Any, name: str, n_cases: int, where: str) -> np.ndarray | None:
    if given is None:
        return None
    values = np.asarray(given)
    if values.shape != (n_cases,):
        raise ValueError(f"{where}: {name} has shape {values.shape}, but must have ({n_cases},).")
    return values


def _refuse_infinite(values: np.ndarray, name: str, where: str) -> None:
    """Raise for NaN and infinity: there is no filling a case from its neighbours."""
    bad = ~np.isfinite(values)
    if bad.any():
        at = tuple(int(place) for place in np.argwhere(bad)[0])
        raise ValueError(
            f"{where}: {name} holds {int(bad.sum())} values that are not finite, the first in case {at[0]} "
            f"({name}[{', '.join(map(str, at))}] is {values[at]}). Fill them, or leave such cases out."
        )


def _notes(shape: tuple[int, ...], x: np.ndarray, groups: np.ndarray | None) -> Iterator[str]:
    if len(shape) == 2:
        yield f"X is {shape}: taken as one channel"
    still = np.flatnonzero((x == x[:1, :1]).all(axis=(0, 1)))
    if len(still):
        verb = "never changes" if len(still) == 1 else "never change"
        yield f"{counted(len(still), 'channel')} {verb}: {listed(still.tolist())}"
    if groups is not None:
        yield f"{counted(len(np.unique(groups)), 'group')}: none is split"
