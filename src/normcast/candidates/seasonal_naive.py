"""Seasonal naive: the last season, repeated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.candidates.candidate import Candidate, FittedCandidate, Timeless
from normcast.tasks import ForecastFold
from normcast.windows import Windows
from normcast.windows.arrays import Scaled


def seasonal_naive(
    y: np.ndarray, windows: Windows, season: int, offsets: np.ndarray | None = None
) -> np.ndarray:
    """Repeat the last season before the cutoff: each step is the value whole seasons before it.

    Only rows of a window's own series before its cutoff (row `start + input_size`) are read. A series with
    less than a season behind the cutoff repeats its last value.

    Parameters
    ----------
    y : array (rows,)
        The series of a panel one after another.
    windows : Windows
        What to forecast.
    season : int
        Rows in one season, at least 1.
    offsets : int array (series + 1,) or None, default None
        First row of each series, and the end of the last; without them a series is taken to begin where its
        window begins.

    Returns
    -------
    array (windows, h)
        In the unit of y.

    Raises
    ------
    ValueError
        For a season below 1.

    Notes
    -----
    Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 5.2.

    Examples
    --------
    >>> windows = Windows(np.array([0]), np.array([0]), input_size=4, h=3)
    >>> seasonal_naive(np.array([1.0, 2.0, 3.0, 4.0]), windows, season=2)
    array([[3., 4., 3.]])
    """
    if season < 1:
        raise ValueError(f"seasonal_naive: season {season} is not a number of rows; give 1 or more.")
    cutoff = windows.cutoff
    behind = cutoff - (windows.start if offsets is None else offsets[windows.series])
    period = np.where(behind >= season, season, 1)[:, None]  # (n, 1)
    return y[cutoff[:, None] - period + np.arange(windows.h) % period]


@dataclass(frozen=True)
class SeasonalNaive(Timeless):
    """The forecast of a fold; season: in rows."""

    season: int

    @property
    def reads(self) -> int:
        """The rows of its series that it reads."""
        return self.season

    def forecast(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Forecast windows in scaled units, (windows, h)."""
        return seasonal_naive(scaled.y, windows, self.season, scaled.arrays.offsets)


def fit(fold: ForecastFold, season: int) -> dict[str, FittedCandidate]:
    """Return the forecast; there is nothing to learn."""
    return {"seasonal_naive": SeasonalNaive(season)}


candidate = Candidate("seasonal_naive", place=1, fit=fit, words="the last season, repeated")
