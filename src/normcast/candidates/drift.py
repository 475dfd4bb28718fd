"""Drift: the line through the first and the last value, continued."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from normcast.candidates.candidate import Candidate, FittedCandidate, Timeless
from normcast.tasks import ForecastFold
from normcast.windows import Windows
from normcast.windows.arrays import Scaled


def drift(y: np.ndarray, windows: Windows, offsets: np.ndarray) -> np.ndarray:
    """Continue the line from the first row of the series through the last row before the cutoff.

    Only rows of a window's own series before its cutoff are read; one row of history makes a flat line.

    Parameters
    ----------
    y : array (rows,)
        The series of a panel one after another.
    windows : Windows
        What to forecast.
    offsets : int array (series + 1,)
        First row of each series, and the end of the last.

    Returns
    -------
    array (windows, h)
        In the unit of y.

    Notes
    -----
    Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 5.2.

    Examples
    --------
    >>> windows = Windows(np.array([1]), np.array([0]), input_size=2, h=2)
    >>> drift(np.array([1.0, 9.0, 5.0]), windows, offsets=np.array([0, 3]))
    array([[7., 9.]])
    """
    first, last = np.asarray(offsets[windows.series], dtype=np.int64), windows.cutoff - 1
    slope = (y[last] - y[first]) / np.maximum(last - first, 1)
    return y[last, None] + slope[:, None] * np.arange(1, windows.h + 1)


@dataclass(frozen=True)
class Drift(Timeless):
    """The forecast of a fold."""

    reads: ClassVar[None] = None

    def forecast(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Forecast windows in scaled units, (windows, h)."""
        return drift(scaled.y, windows, scaled.arrays.offsets)


def fit(fold: ForecastFold, season: int) -> dict[str, FittedCandidate]:
    """Return the forecast; there is nothing to learn."""
    return {"drift": Drift()}


candidate = Candidate(
    "drift", place=3, fit=fit, words="the line through the first and the last value, continued"
)
