"""Overlap: whether cases are windows that were cut from one series and share its rows."""

from __future__ import annotations

from collections import Counter

import numpy as np

ROWS = 4
"""Rows that must agree before the rest is compared."""

LOOKUPS = 200_000
"""Places that are looked at; the cases are thinned to it."""

SHARE = 0.2
"""Of the cases that were looked at: where fewer go on in another, it is by chance."""


def stride(x: np.ndarray) -> int | None:
    """Return by how many rows cases follow one another that share rows, or None where none do.

    x: (cases, time, channels), the cases in any order. Rows that do not change tell nothing.

    >>> series = np.random.default_rng(0).normal(size=(60, 1))
    >>> stride(np.stack([series[i : i + 10] for i in range(0, 50, 3)]))
    3
    >>> stride(np.random.default_rng(0).normal(size=(20, 10, 1))) is None
    True
    """
    cases, steps = x.shape[:2]
    rows = min(ROWS, steps // 2)
    if rows < 2 or cases < 3:
        return None
    heads = {x[case, :rows].tobytes(): case for case in range(cases) if _moves(x[case, :rows])}
    looked = range(0, cases, max(1, cases * steps // LOOKUPS))
    found = Counter(lag for case in looked for lag in _lags(x, case, rows, heads))
    if not found or found.most_common(1)[0][1] < max(2, SHARE * len(looked)):
        return None
    return min(found, key=lambda lag: (-found[lag], lag))


def _lags(x: np.ndarray, case: int, rows: int, heads: dict[bytes, int]) -> list[int]:
    """Return the first lag at which another case begins within this one, and goes on as it does."""
    steps = x.shape[1]
    for lag in range(1, steps - rows + 1):
        other = heads.get(x[case, lag : lag + rows].tobytes(), case)
        if other != case and np.array_equal(x[case, lag:], x[other, : steps - lag]):
            return [lag]
    return []


def _moves(rows: np.ndarray) -> bool:
    return bool((rows[1:] != rows[:-1]).any())
