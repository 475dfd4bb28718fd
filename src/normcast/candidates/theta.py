"""Theta: half the trend and exponential smoothing, on values without their season; for short series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.candidates.candidate import Candidate, FittedCandidate, Timeless
from normcast.candidates.past_season import Past, PastSeason
from normcast.tasks import ForecastFold
from normcast.windows import Windows
from normcast.windows.arrays import Scaled

LONG = 1000  # Rows of the median series beyond which ridge and network learn from far more than is read here.
SEASONS, LEAST, MOST = 7, 200, 400  # What is read: so many seasons, but no fewer and no more rows.
ALPHAS = np.array([0.1, 0.15, 0.22, 0.32, 0.45, 0.6, 0.75, 0.9, 0.99])
POINTS, PASSES = 7, 2  # Each pass narrows the bracket around the best alpha to a third.


def theta(
    y: np.ndarray,
    windows: Windows,
    season: int,
    offsets: np.ndarray,
    reads: int | None = None,
    zero: np.ndarray | None = None,
) -> np.ndarray:
    """Forecast with the Theta method: half way between the line through the values and their theta line.

    With x the values without their season, and a + b t the line of least squares through them, the theta line
    is 2 x - (a + b t), twice as far from it. Simple exponential smoothing, with the alpha and the first level
    of least squares, continues the theta line at its last level: so x is smoothed, with a drift of b / 2. The
    season is taken out by classical decomposition where more than two of it are there and the autocorrelation
    at it is significant at 90 %.

    y: (rows,) flat values of a panel; offsets (series + 1,): first row of each series; season: in rows.
    reads: rows of its own series before its cutoff that a window reads, whole seasons, by default
    `rows_read(season)`; as many as there are where the series is shorter. zero (series,): what 0 of each
    series is in y; where all rows that are read lie above it the season is a factor, else, and without zero,
    it is added. Returns (windows, h), in the unit of y.
    Sources: Assimakopoulos & Nikolopoulos 2000, doi:10.1016/S0169-2070(00)00066-2; Hyndman & Billah 2003,
    doi:10.1016/S0169-2070(01)00143-1; alpha from 0.1 to 0.99 as in Fiorucci et al. 2016,
    doi:10.1016/j.ijforecast.2016.02.005.

    >>> windows = Windows(np.array([0]), np.array([0]), input_size=40, h=3)
    >>> theta(2.0 * np.arange(40), windows, season=1, offsets=np.array([0, 40])).round(1)
    array([[79., 80., 81.]])
    """
    reads = rows_read(season) if reads is None else reads
    forecast = np.empty((len(windows), windows.h))
    for part, past in Past.parts(y, windows, offsets, reads):
        found = PastSeason.of(past, season, None if zero is None else zero[windows.series[part]])
        forecast[part] = found.put_back(_continued(found.removed(past), windows.h)).T
    return forecast


def rows_read(season: int) -> int:
    """Return how many rows before a cutoff are read: whole seasons.

    >>> [rows_read(season) for season in (1, 4, 7, 12, 24, 52)]
    [200, 200, 196, 192, 192, 364]
    """
    return max(1, min(max(SEASONS * season, LEAST), MOST) // season) * season


def _continued(past: Past, h: int) -> np.ndarray:
    """Return the forecast of values without season, (h, windows)."""
    middle = -(past.length + 1) / 2  # of the rows, counted from the cutoff
    row = np.arange(-len(past.values), h)[:, None] - middle  # (rows + h, windows)
    apart = past.apart(past.mean)
    steps = row[: len(apart)]
    squares = past.length * (past.length**2 - 1) / 12
    slope = (apart * steps).sum(axis=0) / np.maximum(squares, 1)
    line = np.where(past.inside, 2 * apart - slope * steps, 0.0)
    return past.mean + (_last_level(line, past) + slope * row[len(apart) :]) / 2


def _last_level(line: np.ndarray, past: Past) -> np.ndarray:
    """Smooth a line (rows, windows) with the alpha of least squares; return its last level, (windows,)."""
    alpha = ALPHAS[:, None]
    columns = np.arange(line.shape[1])
    for _ in range(PASSES):
        best = _smoothed(line, past, alpha)[0].argmin(axis=0)
        low, high = np.maximum(best - 1, 0), np.minimum(best + 1, len(alpha) - 1)
        alpha = np.broadcast_to(alpha, (len(alpha), len(columns)))
        low, high = alpha[low, columns], alpha[high, columns]
        alpha = low + (high - low) * np.linspace(0, 1, POINTS)[:, None]
    errors, levels = _smoothed(line, past, alpha)
    return levels[errors.argmin(axis=0), columns]


def _smoothed(line: np.ndarray, past: Past, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smooth a line (rows, windows) with each alpha (alphas, 1 or windows).

    Returns the sum of squared errors and the last level, both (alphas, windows), from the first level that
    leaves the least squares: errors are linear in it, so that it follows from smoothing that begins at 0.
    """
    shape = (len(alpha), line.shape[1])
    level, squares, shared = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    weight, kept = np.ones(shape), 1 - alpha  # of the first level in the level now
    for values, inside in zip(line, past.inside, strict=True):
        error = values - level  # 0 where the series has not begun
        squares += error * error
        shared += error * weight
        level += alpha * error
        weight *= kept if inside.all() else np.where(inside, kept, 1.0)
    square = kept * kept
    weights = (1 - square**past.length) / (1 - square)  # the sum of squared weights
    first = shared / weights
    return squares - shared * first, level + weight * first


@dataclass(frozen=True)
class Theta(Timeless):
    """The forecast of a fold; season: in rows."""

    season: int

    @property
    def reads(self) -> int:
        """The rows of its series before a cutoff that it reads at most."""
        return rows_read(self.season)

    def forecast(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Forecast windows in scaled units, (windows, h)."""
        offsets = scaled.arrays.offsets
        each = np.arange(len(offsets) - 1)
        zero = scaled.target.apply(np.zeros(len(each)), each)
        return theta(scaled.y, windows, self.season, offsets, self.reads, zero)


def fit(fold: ForecastFold, season: int) -> dict[str, FittedCandidate]:
    """Return the forecast; nothing for long series, and for a season that is not read three times.

    The series of median length decides: of one with more than 1,000 rows before the cutoff most is not read,
    and ridge and network, which learn from all of it, do better at less cost.
    """
    if np.median(fold.rows) > LONG or 3 * season > MOST:
        return {}
    return {"theta": Theta(season)}


candidate = Candidate(
    "theta",
    place=5,
    fit=fit,
    words="for short series, the Theta method: smoothing and half the trend",
)
