"""Intervals that cover as often as they say: quantile forecasts, corrected by misses on held-out windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
from jaxtyping import Float

from normcast.errors import counted, listed
from normcast.plain import Plain
from normcast.scoring.quantiles import check_levels, level_quantiles


def windows_needed(level: float) -> int:
    """Return the least number of calibration windows that can support an interval of this level.

    Parameters
    ----------
    level : float
        Percent, in [1, 100).

    Returns
    -------
    int
        So many windows.

    Raises
    ------
    ValueError
        For a level outside [1, 100).

    Examples
    --------
    >>> windows_needed(80), windows_needed(95), windows_needed(99)
    (4, 19, 99)
    """
    (level,) = check_levels([level])
    share = Fraction(str(level)) / 100
    return ceil(share / (1 - share))


def reachable_level(n_windows: int) -> float:
    """Return the largest level that this many calibration windows support.

    Parameters
    ----------
    n_windows : int
        How many there are.

    Returns
    -------
    float
        Percent, rounded down to 0.1.

    Examples
    --------
    >>> reachable_level(12), reachable_level(99)
    (92.3, 99.0)
    """
    return int(1000 * n_windows / (n_windows + 1)) / 10


def supported(level: Sequence[float], most: int) -> tuple[float, ...]:
    """Return the levels that so many calibration windows support.

    Parameters
    ----------
    level : sequence of float
        Percent, each in [1, 100).
    most : int
        How many windows there are.

    Returns
    -------
    tuple of float
        Those of the levels, in their order.

    Examples
    --------
    >>> supported((80, 95), 12)
    (80,)
    """
    return tuple(each for each in level if windows_needed(each) <= most)


def as_quantiles(
    point: Float[np.ndarray, "windows h"], n_quantiles: int
) -> Float[np.ndarray, "windows h {n_quantiles}"]:
    """Repeat a point forecast as each of its quantiles.

    Conformalized, that is the symmetric interval of absolute residuals ("split conformal"), so that a
    baseline without quantiles gets intervals from the same windows by the same rule.

    Parameters
    ----------
    point : array (windows, h)
        The forecasts.
    n_quantiles : int
        How many quantiles there are, with the median.

    Returns
    -------
    array (windows, h, n_quantiles)
        The same number for each.

    Examples
    --------
    >>> as_quantiles(np.array([[1.0, 2.0]]), 3).shape
    (1, 2, 3)
    """
    return np.repeat(point[..., None], n_quantiles, axis=-1)


@dataclass(frozen=True, eq=False)
class Conformal(Plain):
    """Conformalized quantile regression: each interval is moved out (or in) by a quantile of its own misses.

    The miss of a window at a step is E = max(lo - y, y - hi): positive outside the interval, negative inside.
    The correction of a level at a step is the ceil((n + 1) * level)-th smallest miss of the n calibration
    windows, so that a window exchangeable with them is covered with probability at least `level`. Windows of
    all series are pooled: give y and forecasts in scaled units. `fit` makes one.

    Parameters
    ----------
    quantiles : tuple of float
        Ascending, in (0, 1), with 0.5.
    levels : tuple of float
        Percent, ascending.
    corrections : array (levels, h)
        How far each bound is moved out, in scaled units; negative ones move it in.
    n_windows : int
        The least number of calibration windows behind any step.

    See Also
    --------
    SeriesIntervals : The same in the unit of each series' own errors.

    Notes
    -----
    Romano, Patterson & Candes 2019, arXiv:1905.03222.

    Examples
    --------
    >>> y = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> quantiles = (0.1, 0.5, 0.9)
    >>> fitted = Conformal.fit(y, as_quantiles(np.zeros((4, 1)), 3), quantiles, levels=[80])
    >>> fitted.apply(as_quantiles(np.array([[10.0]]), 3))
    array([[[ 6., 10., 14.]]])
    """

    quantiles: tuple[float, ...]
    levels: tuple[float, ...]
    corrections: Float[np.ndarray, "levels h"]
    n_windows: int

    def describe(self) -> str:
        """Return which levels there are, and what they rest on.

        Returns
        -------
        str
            A part of a sentence.
        """
        levels = listed([f"{level:g}" for level in self.levels])
        return f"{levels} %, calibrated on {counted(self.n_windows, 'window')}"

    @classmethod
    def fit(
        cls,
        y: Float[np.ndarray, "windows h"],
        forecasts: Float[np.ndarray, "windows h quantiles"],
        quantiles: Sequence[float],
        levels: Sequence[float],
    ) -> Conformal:
        """Learn the corrections from calibration windows, which must not have trained the forecasts.

        Parameters
        ----------
        y : array (windows, h)
            What came, in scaled units; NaN where nothing was observed.
        forecasts : array (windows, h, quantiles)
            What was forecast, in scaled units.
        quantiles : sequence of float
            What the last axis of the forecasts stands for: ascending, in (0, 1), with 0.5.
        levels : sequence of float
            Percent; each needs its two quantiles.

        Returns
        -------
        Conformal
            The corrections.

        Raises
        ------
        ValueError
            If a level has no quantiles here, or needs more windows than there are.
        """
        quantiles, levels = _check_quantiles(quantiles), check_levels(levels)
        if forecasts.shape != (*y.shape, len(quantiles)):
            raise ValueError(
                f"Conformal.fit: forecasts have shape {forecasts.shape}; y {y.shape} and {len(quantiles)}"
                f" quantiles need {(*y.shape, len(quantiles))}."
            )
        n_windows = int(np.isfinite(y).sum(axis=0).min(initial=len(y)))
        _check_support(levels, n_windows)
        corrections = [_correction(y, forecasts, _bounds(quantiles, level), level) for level in levels]
        return cls(quantiles, levels, np.array(corrections).reshape(len(levels), y.shape[1]), n_windows)

    def apply(
        self, forecasts: Float[np.ndarray, "windows h quantiles"]
    ) -> Float[np.ndarray, "windows h quantiles"]:
        """Correct quantile forecasts.

        Afterwards quantiles do not cross: each bound is moved outwards to the one nearer the median, so an
        interval may only grow by it, and the median itself, which is the point forecast, stays.

        Parameters
        ----------
        forecasts : array (windows, h, quantiles)
            In scaled units.

        Returns
        -------
        array (windows, h, quantiles)
            In scaled units.
        """
        corrected = np.array(forecasts, dtype=np.float64)
        for level, correction in zip(self.levels, self.corrections, strict=True):
            lower, upper = _bounds(self.quantiles, level)
            corrected[..., lower] -= correction  # (n, h) - (h,)
            corrected[..., upper] += correction
        return _outwards(corrected, self.quantiles.index(0.5))


def _check_quantiles(quantiles: Sequence[float]) -> tuple[float, ...]:
    ordered = tuple(float(q) for q in quantiles)
    if list(ordered) != sorted(set(ordered)) or 0.5 not in ordered or not 0 < ordered[0] <= ordered[-1] < 1:
        raise ValueError(f"Conformal: quantiles {ordered} must ascend within (0, 1) and include 0.5.")
    return ordered


def _check_support(levels: tuple[float, ...], n_windows: int) -> None:
    for level in levels:
        if windows_needed(level) > n_windows:
            raise ValueError(
                f"level: {level:g} needs {windows_needed(level)} calibration windows, and there are"
                f" {n_windows}. With {n_windows} the largest level is {reachable_level(n_windows):g};"
                " lower the level, or leave more rows for calibration."
            )


def _bounds(quantiles: tuple[float, ...], level: float) -> tuple[int, int]:
    """Return the positions of a level's lower and upper quantile."""
    places = [int(np.argmin(np.abs(np.subtract(quantiles, q)))) for q in level_quantiles(level)]
    for place, q in zip(places, level_quantiles(level), strict=True):
        if abs(quantiles[place] - q) > 1e-9:
            raise ValueError(f"Conformal: level {level:g} needs the quantile {q:g}; there are {quantiles}.")
    return places[0], places[1]


def _correction(
    y: Float[np.ndarray, "windows h"],
    forecasts: Float[np.ndarray, "windows h quantiles"],
    bounds: tuple[int, int],
    level: float,
) -> Float[np.ndarray, " h"]:
    """Return the correction of one level at each step: (h,)."""
    lower, upper = bounds
    misses = np.maximum(forecasts[..., lower] - y, y - forecasts[..., upper])  # (n, h)
    misses = np.sort(misses, axis=0)  # NaN, where nothing was observed, stands last
    counts = np.isfinite(y).sum(axis=0)
    ranks = [ceil((int(n) + 1) * Fraction(str(level)) / 100) for n in counts]
    return misses[np.array(ranks) - 1, np.arange(y.shape[1])]


def _outwards(
    values: Float[np.ndarray, "*axes quantiles"], median: int
) -> Float[np.ndarray, "*axes quantiles"]:
    """Move each quantile outwards until none crosses the one nearer the median."""
    upper = np.maximum.accumulate(values[..., median:], axis=-1)
    lower = np.minimum.accumulate(values[..., median::-1], axis=-1)[..., ::-1]
    return np.concatenate([lower[..., :-1], upper], axis=-1)
