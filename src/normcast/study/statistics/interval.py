"""Interval: how far an effect may be from what the seeds show."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.special import stdtrit
from scipy.stats import bootstrap

from normcast.study.statistics.scores import RESOLUTION

# Resampling one or two seeds says nothing of a third.
FEWEST_SEEDS = 3


def bca(
    differences: np.ndarray, unit: np.ndarray, *, level: float, resamples: int, rng_seed: int
) -> tuple[float, float]:
    """Return the BCa bootstrap interval of mean difference over mean unit, seeds resampled together.

    differences, unit: (seeds,); unit above zero in the mean. Below 3 seeds it is NaN; where every seed has
    the same ratio (all differences zero, say) it is that ratio. The same seed gives the same interval.
    Source: Efron 1987, doi:10.1080/01621459.1987.10478410; computed by `scipy.stats.bootstrap`

    >>> bca(np.zeros(5), np.ones(5), level=0.95, resamples=99, rng_seed=0)
    (0.0, 0.0)
    """
    if len(differences) < FEWEST_SEEDS:
        return np.nan, np.nan
    ratio = float(differences.mean() / unit.mean())
    if np.abs(differences - ratio * unit).max() <= RESOLUTION * np.abs(unit).max():
        return ratio, ratio
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # what it warns of comes back as NaN
        low, high = bootstrap(
            (differences, unit),
            _ratio,
            paired=True,
            n_resamples=resamples,
            confidence_level=level,
            method="BCa",
            rng=np.random.default_rng(rng_seed),
        ).confidence_interval
    return (float(low), float(high)) if np.isfinite([low, high]).all() else (np.nan, np.nan)


def fieller(differences: np.ndarray, unit: np.ndarray, level: float) -> tuple[float, float]:
    """Return the t interval of mean difference over mean unit, whose ends are where a paired t test turns.

    It leaves out a ratio r where the t test of `differences - r * unit` has a p below 1 - level: it leaves
    out zero where `t_test` is that clear. NaN below 3 seeds, and where the unit itself may be zero at that
    level; without spread it is the ratio alone.
    Source: Fieller 1954, Journal of the Royal Statistical Society B 16, 175-185

    >>> low, high = fieller(np.array([1.0, 2.0, 3.0, 2.0]), np.full(4, 10.0), level=0.95)
    >>> round(low, 3), round(high, 3)
    (0.07, 0.33)
    """
    n = len(differences)
    if n < FEWEST_SEEDS:
        return np.nan, np.nan
    x, u = float(differences.mean()), float(unit.mean())
    if np.abs(differences - x / u * unit).max() <= RESOLUTION * np.abs(unit).max():
        return x / u, x / u
    xx, xu, uu = (float(each) for each in np.cov(differences, unit)[[0, 0, 1], [0, 1, 1]])
    reach = float(stdtrit(n - 1, (1 + level) / 2)) ** 2 / n
    # (x - r u)^2 = reach * (xx - 2 r xu + r^2 uu), solved for r.
    a, b, c = u * u - reach * uu, x * u - reach * xu, x * x - reach * xx
    if a <= 0:
        return np.nan, np.nan
    root = np.sqrt(max(0.0, b * b - a * c))
    return float((b - root) / a), float((b + root) / a)


def _ratio(differences: np.ndarray, unit: np.ndarray, axis: int) -> np.ndarray:
    return differences.mean(axis=axis) / unit.mean(axis=axis)
