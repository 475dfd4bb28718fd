"""Past and season: the rows that windows read, and the season in them by classical decomposition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np

from normcast.windows import Windows

SURE = NormalDist().inv_cdf(0.95)  # 90 %, two-sided, as in the M3 and M4 competitions
SMALLEST = 0.01  # A factor below it blows up what it divides: then the season is added.
FAR = 1e6  # Values further from zero than this many times their range: factors so near 1 lose the season.
CELLS = 2**18  # Values read for windows at once: so many stay in the processor's cache.


@dataclass(frozen=True, eq=False)
class Past:
    """The last rows of its series before the cutoff of each window, time first.

    values: (rows, windows), 0 where the series has not begun; inside: (rows, windows), whether it has.
    """

    values: np.ndarray
    inside: np.ndarray

    @classmethod
    def of(cls, y: np.ndarray, windows: Windows, offsets: np.ndarray, rows: int) -> Past:
        """Read so many rows before each cutoff. y: flat; offsets (series + 1,): first row of each series.

        >>> window = Windows(np.array([1]), np.array([0]), input_size=1, h=1)
        >>> Past.of(np.array([5.0, 6.0, 7.0]), window, np.array([0, 3]), rows=3).values[:, 0]
        array([0., 5., 6.])
        """
        first = np.asarray(offsets[windows.series], dtype=np.int64)
        at = windows.cutoff + np.arange(-rows, 0)[:, None]
        inside = at >= first
        return cls(np.where(inside, y[np.maximum(at, first)], 0.0), inside)

    @classmethod
    def parts(
        cls, y: np.ndarray, windows: Windows, offsets: np.ndarray, rows: int
    ) -> Iterator[tuple[slice, Past]]:
        """Yield what some windows read, and which they are, so that little is in memory at once."""
        many = max(1, CELLS // rows)
        for first in range(0, len(windows), many):
            part = slice(first, first + many)
            yield part, cls.of(y, windows[part], offsets, rows)

    @cached_property
    def length(self) -> np.ndarray:
        """Rows of each window that there are, (windows,)."""
        return self.inside.sum(axis=0)

    @cached_property
    def mean(self) -> np.ndarray:
        """Mean of the rows that there are, (windows,)."""
        return self.values.sum(axis=0) / self.length

    def apart(self, from_: np.ndarray) -> np.ndarray:
        """Return the values less something, (rows, windows); 0 where the series has not begun."""
        return np.where(self.inside, self.values - from_, 0.0)


@dataclass(frozen=True, eq=False)
class PastSeason:
    """The season of each window, from the cutoff on: added, or a factor of what lies above zero.

    added, factor: (season, windows), 0 and 1 where it is the other or none; zero: (windows,), 0 where it is
    no factor.
    """

    added: np.ndarray
    factor: np.ndarray
    zero: np.ndarray

    @classmethod
    def of(cls, past: Past, season: int, zero: np.ndarray | None) -> PastSeason:
        """Look for the season of each window; the rows of the past are whole seasons.

        zero: (windows,); where all rows lie above it the season is a factor, if none of it is nearly 0;
        without it none is.
        """
        seasonal = is_seasonal(past, season)
        zeros, none = np.zeros(len(seasonal)), np.zeros((season, len(seasonal)))
        if not seasonal.any():
            return cls(none, none + 1, zeros)
        trend = centred_mean(past.values, season)
        here = past.values[season // 2 :][: len(trend)]
        seen = past.inside[: len(trend)]  # half a season before a row of the trend there must be one
        factor, times = none + 1, np.zeros(len(seasonal), dtype=bool)
        if zero is not None:
            times = seasonal & lies_above(past, zero)
            ratio = np.divide(here - zero, trend - zero, out=np.ones(here.shape), where=seen & times)
            factor = mean_by_phase(ratio, seen, season)
            factor = factor / factor.mean(axis=0)
            times &= (factor >= SMALLEST).all(axis=0)
            zeros = np.where(times, zero, 0.0)
        added = mean_by_phase(here - trend, seen, season)
        added = np.where(seasonal & ~times, added - added.mean(axis=0), 0.0)
        return cls(added, np.where(times, factor, 1.0), zeros)

    def removed(self, past: Past) -> Past:
        """Return the past without its season."""
        added, factor = self._along(len(past.values))
        values = (past.values - added - self.zero) / factor + self.zero
        return Past(np.where(past.inside, values, 0.0), past.inside)

    def put_back(self, forecast: np.ndarray) -> np.ndarray:
        """Return a forecast with the season in it, (h, windows)."""
        added, factor = self._along(len(forecast))
        return (forecast - self.zero) * factor + self.zero + added

    def _along(self, rows: int) -> tuple[np.ndarray, np.ndarray]:
        phase = np.arange(rows) % len(self.added)
        return self.added[phase], self.factor[phase]


def is_seasonal(past: Past, season: int) -> np.ndarray:
    """Return whether the autocorrelation at the season is significant, (windows,).

    Against Bartlett's standard error from the lags before it, where more than two seasons are there.
    """
    apart = past.apart(past.mean)
    variance = (apart * apart).sum(axis=0)
    enough = (past.length > 2 * season) & (variance > 0)
    if season == 1 or not enough.any():
        return np.zeros(len(enough), dtype=bool)
    scale = np.where(variance > 0, variance, 1.0)
    at = [np.einsum("tn,tn->n", apart[lag:], apart[:-lag]) / scale for lag in range(1, season + 1)]
    error = np.sqrt((1 + 2 * np.square(at[:-1]).sum(axis=0)) / past.length)
    return enough & (np.abs(at[-1]) > SURE * error)


def lies_above(past: Past, zero: np.ndarray) -> np.ndarray:
    """Return whether all rows of each window lie above zero, and not too far for factors, (windows,)."""
    above = (~past.inside | (past.values > zero)).all(axis=0)
    return above & (past.mean - zero < FAR * np.abs(past.apart(past.mean)).max(axis=0))


def centred_mean(values: np.ndarray, season: int) -> np.ndarray:
    """Return the moving mean over a season, (rows - season // 2 * 2, windows), from row season // 2 on.

    An even season weighs both ends by half.

    >>> centred_mean(np.array([[1.0], [2.0], [6.0], [2.0]]), 3)[:, 0]
    array([3.        , 3.33333333])
    """
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    sums = total[season:] - total[:-season]
    return sums / season if season % 2 else (sums[:-1] + sums[1:]) / (2 * season)


def mean_by_phase(values: np.ndarray, seen: np.ndarray, season: int) -> np.ndarray:
    """Return the mean of what was seen at each phase, (season, windows).

    values, seen: (rows, windows), half a season at both ends left out of whole ones, as `centred_mean` does.
    """
    ends, shape = ((season // 2, season // 2), (0, 0)), (-1, season, values.shape[1])
    total = np.pad(np.where(seen, values, 0.0), ends).reshape(shape).sum(axis=0)
    return total / np.maximum(np.pad(seen, ends).reshape(shape).sum(axis=0), 1)
