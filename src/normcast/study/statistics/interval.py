"""Interval: how far an effect may be from what the seeds show."""

from __future__ import annotations

import warnings

import numpy as np
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


def _ratio(differences: np.ndarray, unit: np.ndarray, axis: int) -> np.ndarray:
    return differences.mean(axis=axis) / unit.mean(axis=axis)
