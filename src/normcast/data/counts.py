"""Counts: whether what a series measures cannot be negative."""

from __future__ import annotations

import numpy as np

FEW = 10  # half of the values of counts are at most this, unless some are 0
OFTEN = 0.05  # of the values of other amounts are 0


def are_counts(values: np.ndarray) -> bool:
    """Return whether values are counts: never negative, whole, and zero somewhere or small for the most part.

    >>> are_counts(np.array([0.0, 3.0, 1.0])), are_counts(np.array([0.5, 3.0])), are_counts(np.array([900.0]))
    (True, False, False)
    """
    if not len(values) or values.min() < 0 or (values != np.round(values)).any():
        return False
    return bool(values.min() == 0 or np.median(values) <= FEW)


def often_zero(values: np.ndarray) -> bool:
    """Return whether values are amounts that are often nothing: never negative, and zero in one of twenty.

    >>> often_zero(np.array([0.0, 3.5, 0.0])), often_zero(np.array([0.0, -3.5]))
    (True, False)
    """
    return bool(len(values) and values.min() >= 0 and np.mean(values == 0) >= OFTEN)


def lowest(values: np.ndarray) -> float | None:
    """Return 0 if values can be seen never to be negative, None if not.

    values: all that was observed, of all series, before the cutoff.
    """
    return 0.0 if are_counts(values) or often_zero(values) else None


def note(values: np.ndarray) -> tuple[str, ...]:
    """Return the note on values that are seen never to be negative."""
    if lowest(values) is None:
        return ()
    kind = "counts" if are_counts(values) else "amounts that are often 0"
    return (f"{kind}: forecasts and intervals stay at or above 0; --min none (minimum=None) undoes it",)
