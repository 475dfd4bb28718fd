"""Overlap: whether cases are windows that were cut from one series and share its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROWS = 4
"""Rows that must agree at least."""

LOOKUPS = 2_000_000
"""Ends of cases that are looked for; the cases are thinned to it."""

TOGETHER = 1024
"""Cases whose rows are marked at once: what that takes beside them stays small."""

SHARE = 0.2
"""Of the cases that were looked at: where fewer go on in another, it is by chance."""

ERRORS = 4
"""Standard errors by which more must go on in another than by chance."""

DISTINCT = 0.9
"""Of cases that are not the same: where more differ from their first rows on, values do not repeat."""

BASE = np.uint64(0x9E3779B97F4A7C15)
"""Odd, so that no power of it is zero modulo 2**64."""


def stride(x: np.ndarray) -> int | None:
    """Return by how many rows cases follow one another that share rows, or None where none do.

    x: (cases, time, channels), the cases in any order. Rows that do not change tell nothing. Where values
    repeat, as events and counts do, some cases begin as others end by chance: as many as begin like others.

    >>> series = np.random.default_rng(0).normal(size=(60, 1))
    >>> stride(np.stack([series[i : i + 10] for i in range(0, 50, 3)]))
    3
    >>> events = np.random.default_rng(0).integers(0, 2, size=(60, 12, 1))
    >>> stride(events) is None
    True
    """
    steps = x.shape[1]
    rows = min(ROWS, steps // 2)
    if rows < 2 or len(x) < 3:
        return None
    sums = _Sums.of(x)
    kept = np.arange(len(x))
    once = np.unique(sums.begun[-1], return_index=True)[1]
    if len(np.unique(sums.begun[rows, once])) > DISTINCT * len(once):
        kept = once  # a case that is there twice is then no chance, but a copy
    looked = kept[:: max(1, len(kept) * steps // LOOKUPS)]
    free, most = np.ones(len(looked), bool), 0.0
    best: int | None = None
    for lag in range(1, steps - rows + 1):
        found = sums.found(lag, looked, free)
        # Those found are not free any more: a smaller lag explains them. So few lags are found often.
        if found.sum() >= max(2, SHARE * len(looked)):
            beyond = sums.beyond_chance(lag, kept, int(found.sum()), int(free.sum()))
            most, best = (beyond, lag) if beyond > most else (most, best)
        free &= ~found
    return best if most >= max(2, SHARE * len(looked)) else None


@dataclass(frozen=True, eq=False)
class _Sums:
    """What tells the first rows of each case, and where they change.

    begun: (1 + time, cases), the sum over so many first rows of a mark of the row times a power of the base,
    modulo 2**64: beginnings are compared by one number, and so is what is left behind a beginning. first,
    last: (cases,) the first and the last row that is another than the one before it.
    """

    begun: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> _Sums:
        cases, steps = x.shape[:2]
        begun = np.zeros((1 + steps, cases), np.uint64)
        first, last = np.full(cases, steps), np.full(cases, -1)
        powers = _powers(steps)
        for start in range(0, cases, TOGETHER):
            some = slice(start, start + TOGETHER)
            marks = _marks(x[some])
            begun[1:, some] = np.cumsum(marks * powers, axis=1, dtype=np.uint64).T
            changes = marks[:, 1:] != marks[:, :-1]
            first[some] = np.where(changes.any(axis=1), 1 + changes.argmax(axis=1), steps)
            last[some] = np.where(changes.any(axis=1), steps - 1 - changes[:, ::-1].argmax(axis=1), -1)
        return cls(begun, first, last)

    def found(self, lag: int, looked: np.ndarray, free: np.ndarray) -> np.ndarray:
        """Return which cases, of those looked at that are free, end as another begins, (looked,)."""
        heads = self.heads(lag)
        ends = self.begun[-1, looked] - self.begun[lag, looked]
        found = free & (self.last[looked] > lag) & (ends != heads[looked])
        may_be = np.zeros(1 << 20, bool)  # by the first bits most beginnings are seen to be no such end
        may_be[ends[found] >> np.uint64(44)] = True
        found[found] = np.isin(ends[found], heads[may_be[heads >> np.uint64(44)]])
        return found

    def beyond_chance(self, lag: int, kept: np.ndarray, found: int, free: int) -> float:
        """Return how many more were found of those free than end so by chance; 0 where chance may be all."""
        which, many = np.unique(self.heads(lag)[kept], return_inverse=True, return_counts=True)[1:]
        chance = float(((many[which] > 1) & (self.first[kept] < len(self.begun) - 1 - lag)).mean()) * free
        error = np.sqrt(chance * (1 - chance / free))
        more = found - chance
        return more if more > ERRORS * error else 0.0

    def heads(self, lag: int) -> np.ndarray:
        """Return the beginnings of all cases but for so many rows, as what is left behind so many is told."""
        return self.begun[len(self.begun) - 1 - lag] * _powers(lag + 1)[-1]


def _marks(x: np.ndarray) -> np.ndarray:
    """Return a number for each row, (cases, time), the same for the same values."""
    marks = np.zeros(x.shape[:2], np.uint64)
    for channel in range(x.shape[2]):
        values = (x[:, :, channel].astype(np.float32) + 0.0).view(np.uint32)  # no zero is negative
        marks = (marks ^ values) * np.uint64(0xFF51AFD7ED558CCD)
        marks ^= marks >> np.uint64(33)
    return marks


def _powers(steps: int) -> np.ndarray:
    return np.cumprod(np.concatenate([[np.uint64(1)], np.full(steps - 1, BASE)]), dtype=np.uint64)
