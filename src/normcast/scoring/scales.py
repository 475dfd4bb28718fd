"""The size of a series' own seasonal steps before a cutoff: what MASE divides by."""

import numpy as np
from jaxtyping import Float

from normcast.windows import Windows
from normcast.windows.windows import Observed, Offsets


def seasonal_error(
    y: Float[np.ndarray, " rows"],
    windows: Windows,
    offsets: Offsets,
    season: int,
    observed: Observed | None = None,
) -> Float[np.ndarray, " windows"]:
    """Return the in-sample error of the seasonal naive forecast before each window's cutoff.

    It is what MASE divides by: the mean size of y[t] - y[t - season] over the rows t of the window's series
    from its `season`-th row to the last before the cutoff.

    Parameters
    ----------
    y : array (rows,)
        The series one after another, in the unit that scores are wanted in.
    windows : Windows
        The windows that are scored.
    offsets : int array (series + 1,)
        The first row of each series, and the end of the last.
    season : int
        In rows, at least 1.
    observed : bool array (rows,) or None, default None
        A pair with an unobserved end is left out; None means that all was observed.

    Returns
    -------
    array (windows,)
        In the unit of y; NaN where no pair is left.

    Raises
    ------
    ValueError
        For a season below 1.

    Notes
    -----
    Hyndman & Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001.

    Examples
    --------
    >>> windows = Windows(np.array([1]), np.array([0]), input_size=2, h=1)
    >>> seasonal_error(np.array([1.0, 2.0, 5.0, 99.0]), windows, np.array([0, 4]), season=1)
    array([2.])
    """
    if season < 1:
        raise ValueError(f"seasonal_error: season {season} is not a number of rows; give 1 or more.")
    cutoff = windows.cutoff
    scales = np.full(len(cutoff), np.nan)
    for series in np.unique(windows.series):
        mine = windows.series == series
        rows = slice(offsets[series], offsets[series + 1])
        paired = None if observed is None else observed[rows]
        means = _running_mean(y[rows], season, paired)
        behind = cutoff[mine] - offsets[series] - season
        scales[mine] = np.where(behind > 0, means[np.clip(behind - 1, 0, None)], np.nan)
    return scales


def _running_mean(
    y: Float[np.ndarray, " rows"], season: int, observed: Observed | None
) -> Float[np.ndarray, " pairs"]:
    """Return the mean seasonal step over the first 1, 2, ... pairs of one series."""
    if len(y) <= season:
        return np.array([np.nan])
    steps = np.abs(y[season:] - y[:-season])
    counted = np.ones(len(steps)) if observed is None else 1.0 * (observed[season:] & observed[:-season])
    # Sums start at the first row of the series: what comes later, or in another series, changes no bit.
    counts = np.cumsum(counted)
    with np.errstate(invalid="ignore"):
        return np.cumsum(np.where(counted > 0, steps, 0.0)) / np.where(counts > 0, counts, np.nan)
