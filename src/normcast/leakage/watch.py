"""Watch: values that must stay what they are, compared with themselves to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from normcast.leakage.report import CanaryReport, Leak


@dataclass(frozen=True, eq=False)
class Watched:
    """Values that what comes after a cutoff must not change; where: says where one of them stands.

    values: of any shape and type; where takes the place of one in the flattened values.
    """

    values: np.ndarray
    where: Callable[[int], str]


Snapshot = Mapping[str, Watched]  # by name


@dataclass
class Watch:
    """Compares snapshots of one subject, and counts.

    subject: what is tested, for people. Leaks are kept by name: the first place of each.
    """

    subject: str
    leaks: dict[str, Leak] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    cutoffs: list[str] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)
    comparisons: int = 0
    values: int = 0

    def compare(self, before: Snapshot, after: Snapshot, cutoff: str, way: str) -> None:
        """Compare what two runs have in common; what only one of them has leaked too."""
        for kept, new in ((self.cutoffs, cutoff), (self.ways, way)):
            if new not in kept:
                kept.append(new)
        for name in dict.fromkeys([*before, *after]):
            self.comparisons += 1
            self.values += before[name].values.size if name in before else 0
            leak = found(name, before.get(name), after.get(name), cutoff, way)
            if leak is not None:
                self._add(leak)

    def _add(self, leak: Leak) -> None:
        first = self.leaks.get(leak.what, leak)
        ways = tuple(dict.fromkeys([*first.ways, *leak.ways]))
        most = np.fmax(first.difference, leak.difference)
        self.leaks[leak.what] = replace(first, ways=ways, difference=float(most))

    def note(self, text: str) -> None:
        """Keep a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def refuse_unrepeatable(self, before: Snapshot, again: Snapshot) -> None:
        """Raise ValueError if the same table gave something else in a second run: that proves no leak."""
        for name in before:
            leak = found(name, before[name], again.get(name), "none", "none")
            if leak is not None:
                raise ValueError(
                    f"canary: {self.subject} gives other values when it runs again on the same table: "
                    f"{leak.what}, first in {leak.place}: {leak.before} becomes {leak.after}. Fix its seed, "
                    "or take out what is drawn by chance; until then a leak cannot be told from it."
                )

    def report(self, changed: Sequence[str]) -> CanaryReport:
        """Return what was found. Raises ValueError if nothing could be compared at all."""
        if not self.comparisons:
            why = " ".join(self.notes) or "No column can be changed in these ways."
            raise ValueError(f"canary: nothing could be tested of {self.subject}. {why}")
        return CanaryReport(
            self.subject,
            tuple(changed),
            tuple(self.ways),
            tuple(self.cutoffs),
            self.comparisons,
            self.values,
            tuple(self.leaks.values()),
            tuple(self.notes),
        )


def found(name: str, before: Watched | None, after: Watched | None, cutoff: str, way: str) -> Leak | None:
    """Return how two runs differ in one thing, or None."""
    if before is None or after is None:
        there = before or after
        assert there is not None
        told = ("absent", "there") if before is None else ("there", "absent")
        size = there.values.size
        return Leak(name, there.where(0), *told, size, size, float("nan"), cutoff, (way,))
    old, new = before.values, after.values
    if old.shape != new.shape:
        told = str(old.shape), str(new.shape)
        return Leak(f"shape of {name}", "all", *told, old.size, old.size, float("nan"), cutoff, (way,))
    wrong = np.flatnonzero(~same(old, new).ravel())
    if not len(wrong):
        return None
    at = int(wrong[0])
    told = written(old.ravel()[at], new.ravel()[at])
    return Leak(name, before.where(at), *told, len(wrong), old.size, difference(old, new), cutoff, (way,))


def same(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return where values are equal to the last bit; missing ones equal one another.

    >>> same(np.array([0.0, np.nan, 1.0]), np.array([0.0, np.nan, 1.0 + 1e-16 + 3e-16]))
    array([ True,  True, False])
    """
    equal = np.asarray(old == new, dtype=bool)
    return equal | (np.asarray(pd.isna(old)) & np.asarray(pd.isna(new)))


def difference(old: np.ndarray, new: np.ndarray) -> float:
    """Return the largest absolute difference of numbers that are both there; NaN if there is none."""
    if old.dtype.kind not in "biuf" or new.dtype.kind not in "biuf":
        return float("nan")
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(old.astype(np.float64) - new.astype(np.float64))
    return float(np.max(apart[~np.isnan(apart)], initial=0.0)) if not np.isnan(apart).all() else float("nan")


def written(old: object, new: object) -> tuple[str, str]:
    """Return values in few digits, or in all where few would not tell them apart.

    >>> written(0.5, 0.25), written(1.0, 1.0 + 2**-40)
    (('0.5', '0.25'), ('1.0', '1.0000000000009095'))
    """
    old, new = (each.item() if isinstance(each, (np.number, np.bool_)) else each for each in (old, new))
    few = short(old), short(new)
    return few if few[0] != few[1] else (str(old), str(new))


def short(value: object) -> str:
    """Return a value as text, a number in six digits.

    >>> short(0.123456789)
    '0.123457'
    """
    return f"{value:.6g}" if isinstance(value, float) else str(value)
