"""Overlap: whether cases are windows that were cut from one series and share its rows."""

from __future__ import annotations

import numpy as np

ROWS = 4
"""Rows that must agree at least."""

LOOKUPS = 2_000_000
"""Ends of cases that are looked for; the cases are thinned to it."""

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
    begun, moved = _sums(x)
    if rows < 2 or len(x) < 3:
        return None
    once = np.unique(begun[:, -1], return_index=True)[1]
    if len(np.unique(begun[once, rows])) > DISTINCT * len(once):
        # A case that is there twice is then no chance, but a copy.
        begun, moved = begun[once], moved[once]
    looked = np.arange(0, len(begun), max(1, len(begun) * steps // LOOKUPS))
    free, beyond = np.ones(len(looked), bool), np.zeros(steps)
    for lag in range(1, steps - rows + 1):
        beyond[lag] = _beyond_chance(begun, moved, looked, lag, free)
    lag = int(beyond.argmax())
    return lag if beyond[lag] >= max(2, SHARE * len(looked)) else None


def _sums(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what tells the first rows of each case, and how often they change, (cases, 1 + time) both.

    The sum over rows of a mark of the row times a power of the base, modulo 2**64: beginnings are compared by
    one number, and so is what is left behind a beginning.
    """
    marks = np.zeros(x.shape[:2], np.uint64)
    for channel in range(x.shape[2]):
        values = (x[:, :, channel].astype(np.float32) + 0.0).view(np.uint32)  # no zero is negative
        marks = (marks ^ values) * np.uint64(0xFF51AFD7ED558CCD)
        marks ^= marks >> np.uint64(33)
    changes = np.diff(marks, axis=1, prepend=marks[:, :1]) != 0
    start = ((0, 0), (1, 0))
    begun = np.pad(np.cumsum(marks * _powers(x.shape[1]), axis=1, dtype=np.uint64), start)
    return begun, np.pad(np.cumsum(changes, axis=1), start)


def _powers(steps: int) -> np.ndarray:
    return np.cumprod(np.concatenate([[np.uint64(1)], np.full(steps - 1, BASE)]), dtype=np.uint64)


def _beyond_chance(
    begun: np.ndarray, moved: np.ndarray, looked: np.ndarray, lag: int, free: np.ndarray
) -> float:
    """Return how many cases, of those that are free, end as another begins, less those that do by chance.

    0 where chance may be all. Those found are not free any more: a smaller lag explains them.
    """
    steps = begun.shape[1] - 1
    heads = begun[:, steps - lag] * _powers(lag + 1)[-1]
    names, which, many = np.unique(heads, return_inverse=True, return_counts=True)
    ends = begun[looked, -1] - begun[looked, lag]
    moves = moved[looked, -1] > moved[looked, min(lag + 1, steps)]
    found = free & moves & (ends != heads[looked]) & np.isin(ends, names)
    chance = float(((many[which] > 1) & (moved[:, steps - lag] > 0)).mean()) * free.sum()
    error = np.sqrt(chance * (1 - chance / max(1, free.sum())))
    free &= ~found
    more = found.sum() - chance
    return float(more) if more > ERRORS * error else 0.0
