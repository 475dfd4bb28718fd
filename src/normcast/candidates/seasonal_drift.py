"""Seasonal drift: the last season, repeated, and the growth from one season to the next added to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.candidates.candidate import Candidate, FittedCandidate, Timeless
from normcast.candidates.past_season import Past
from normcast.candidates.seasonal_naive import seasonal_naive
from normcast.tasks import ForecastFold
from normcast.windows import Windows
from normcast.windows.arrays import Scaled

STEPS = 8  # Steps between seasons that growth is the mean of: the best of 1 to 15 on eleven public data sets.


def seasonal_drift(y: np.ndarray, windows: Windows, season: int, offsets: np.ndarray) -> np.ndarray:
    """Repeat the last season before the cutoff, each time higher by what a season grows by.

    Growth is the mean difference of one season's mean to the next one's, over the last 8 steps or as many as
    there are, times 1 - 1 / t^2, t being that mean in standard errors, and not below 0: growth that is not
    seen above the differences between seasons is left out. Without two such steps there is none.

    y: (rows,) flat values of a panel; offsets (series + 1,): first row of each series; season: in rows. Only
    the last 9 seasons of a window's own series before its cutoff are read. A series with less than a season
    behind the cutoff repeats its last value. Returns (windows, h), in the unit of y.
    Sources: as `seasonal_naive` and `drift`; the share as in James & Stein 1961, its positive part.

    >>> windows = Windows(np.array([0]), np.array([0]), input_size=6, h=3)
    >>> seasonal_drift(np.array([1.0, 5.0, 2.0, 6.0, 3.0, 7.0]), windows, season=2, offsets=np.array([0, 6]))
    array([[4., 8., 5.]])
    """
    growth = np.empty(len(windows))
    for part, past in Past.parts(y, windows, offsets, (STEPS + 1) * season):
        growth[part] = _growth(past, season)
    seasons_ahead = np.arange(windows.h) // season + 1
    return seasonal_naive(y, windows, season, offsets) + growth[:, None] * seasons_ahead


def _growth(past: Past, season: int) -> np.ndarray:
    """Return what a season grows by, (windows,); the rows of the past are whole seasons."""
    means = past.values.reshape(-1, season, len(past.length)).mean(axis=1)  # (seasons, windows)
    # From a season that is whole to the next:
    there = np.arange(len(means) - 1, 0, -1)[:, None] < past.length // season
    steps, many = np.diff(means, axis=0), np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, steps, 0.0).sum(axis=0) / many
    squares = np.where(there, steps - mean, 0.0) ** 2
    error = squares.sum(axis=0) / (np.maximum(many - 1, 1) * many)  # squared, of the mean
    seen = (many > 1) & (error < mean * mean)
    return mean * np.where(seen, 1 - error / np.where(seen, mean * mean, 1.0), 0.0)


@dataclass(frozen=True)
class SeasonalDrift(Timeless):
    """The forecast of a fold; season: in rows."""

    season: int

    @property
    def reads(self) -> int:
        """The rows of its series before a cutoff that it reads at most."""
        return (STEPS + 1) * self.season

    def forecast(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Forecast windows in scaled units, (windows, h)."""
        return seasonal_drift(scaled.y, windows, self.season, scaled.arrays.offsets)


def fit(fold: ForecastFold, season: int) -> dict[str, FittedCandidate]:
    """Return the forecast; nothing where there is no season, or the median series has less than three."""
    if season == 1 or np.median(fold.rows) < 3 * season:
        return {}
    return {"seasonal_drift": SeasonalDrift(season)}


candidate = Candidate(
    "seasonal_drift",
    place=6,
    fit=fit,
    words="the last season, repeated, with what a season grows by",
)
