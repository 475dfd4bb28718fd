"""The forecasts that cost nothing: every model must beat them, or say that it does not.

Each takes the flat values `y` (rows,) of a panel and its windows, reads only rows of the window's own series
before the cutoff (row `start + input_size`), and returns (windows, h) in the unit of `y`.
"""

import numpy as np

from normcast.windows import Windows


def naive(y: np.ndarray, windows: Windows) -> np.ndarray:
    """Repeat the last value before the cutoff. Returns (windows, h).

    >>> windows = Windows(np.array([0]), np.array([0]), input_size=3, h=2)
    >>> naive(np.array([1.0, 2.0, 4.0]), windows)
    array([[4., 4.]])
    """
    return np.repeat(y[windows.cutoff - 1, None], windows.h, axis=1)


def seasonal_naive(
    y: np.ndarray, windows: Windows, season: int, offsets: np.ndarray | None = None
) -> np.ndarray:
    """Repeat the last season before the cutoff: each step is the value whole seasons before it.

    season: rows in one season, at least 1. offsets (series + 1,): first row of each series; without them a
    series is taken to begin where its window begins. A series with less than a season behind the cutoff
    repeats its last value. Returns (windows, h).
    Source: Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 5.2.

    >>> windows = Windows(np.array([0]), np.array([0]), input_size=4, h=3)
    >>> seasonal_naive(np.array([1.0, 2.0, 3.0, 4.0]), windows, season=2)
    array([[3., 4., 3.]])
    """
    if season < 1:
        raise ValueError(f"seasonal_naive: season {season} is not a number of rows; give 1 or more.")
    cutoff = windows.cutoff
    behind = cutoff - _first_row(windows, offsets)
    period = np.where(behind >= season, season, 1)[:, None]  # (n, 1)
    return y[cutoff[:, None] - period + np.arange(windows.h) % period]


def drift(y: np.ndarray, windows: Windows, offsets: np.ndarray) -> np.ndarray:
    """Continue the line from the first row of the series through the last row before the cutoff.

    offsets (series + 1,): first row of each series. One row of history makes a flat line.
    Returns (windows, h).
    Source: Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 5.2.

    >>> windows = Windows(np.array([1]), np.array([0]), input_size=2, h=2)
    >>> drift(np.array([1.0, 9.0, 5.0]), windows, offsets=np.array([0, 3]))
    array([[7., 9.]])
    """
    first, last = _first_row(windows, offsets), windows.cutoff - 1
    slope = (y[last] - y[first]) / np.maximum(last - first, 1)
    return y[last, None] + slope[:, None] * np.arange(1, windows.h + 1)


def _first_row(windows: Windows, offsets: np.ndarray | None) -> np.ndarray:
    return np.asarray(windows.start if offsets is None else offsets[windows.series], dtype=np.int64)
