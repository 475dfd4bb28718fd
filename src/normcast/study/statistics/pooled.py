"""Pooled: one effect over several data sets that each have their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from normcast.plain import Plain


@dataclass(frozen=True)
class Pooled(Plain):
    """The mean effect over data sets, and how far they agree.

    effect, low, high: of the mean, with its interval; between: standard deviation of the true effect between
    data sets; low_new, high_new: where the effect on one more data set is expected; datasets: how many.
    """

    effect: float
    low: float
    high: float
    between: float
    low_new: float
    high_new: float
    datasets: int


def pooled(effects: Sequence[float], errors: Sequence[float], *, level: float = 0.95) -> Pooled:
    """Return the random-effects mean of effects with their standard errors.

    Data sets are taken as draws from those there are: the variance between them is estimated by moments
    (DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2), the interval uses t and the weighted spread
    (Hartung & Knapp 2001, doi:10.1002/sim.1009), never narrower than without it; the interval for one more
    data set is that of Higgins et al. 2009, doi:10.1111/j.1467-985X.2008.00552.x. With one data set the
    intervals are NaN. Raises ValueError for no effect or lengths that differ.

    >>> print(round(pooled([0.1, 0.1, 0.1], [0.01, 0.01, 0.01]).effect, 3))
    0.1
    """
    y, se = np.asarray(effects, float), np.asarray(errors, float)
    if y.shape != se.shape or y.ndim != 1 or not len(y):
        raise ValueError(
            f"pooled: effects have shape {y.shape}, errors {se.shape}; give one of each per data set."
        )
    se = np.maximum(
        se, max(1e-12, 1e-6 * float(np.abs(y).max()))
    )  # an error of zero would outweigh all others
    n = len(y)
    if n == 1:
        return Pooled(float(y[0]), np.nan, np.nan, np.nan, np.nan, np.nan, 1)
    fixed = 1 / se**2
    mean = np.sum(fixed * y) / fixed.sum()
    excess = np.sum(fixed * (y - mean) ** 2) - (n - 1)
    between = max(0.0, excess / (fixed.sum() - np.sum(fixed**2) / fixed.sum()))
    weights = 1 / (se**2 + between)
    mean = float(np.sum(weights * y) / weights.sum())
    spread = float(np.sum(weights * (y - mean) ** 2) / (n - 1))
    error = float(np.sqrt(max(1.0, spread) / weights.sum()))
    reach = float(stats.t.ppf(0.5 + level / 2, n - 1)) * error
    new = float(stats.t.ppf(0.5 + level / 2, max(1, n - 2)) * np.sqrt(between + error**2))
    return Pooled(mean, mean - reach, mean + reach, float(np.sqrt(between)), mean - new, mean + new, n)
