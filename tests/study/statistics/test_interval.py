"""The BCa interval against Efron's formula, and where the bootstrap has nothing to resample."""

import warnings

import numpy as np
import pytest
from scipy import stats

from normcast.study.statistics.interval import bca


def interval(differences, unit=None, seed=0, resamples=999, level=0.95):
    differences = np.asarray(differences, dtype=float)
    unit = np.ones(len(differences)) if unit is None else unit
    return bca(differences, unit, level=level, resamples=resamples, rng_seed=seed)


def by_formula(differences, unit, resamples, seed, level):
    """Efron's 1987 interval, written out, on resamples of its own."""
    n = len(differences)
    picks = np.random.default_rng(seed).integers(n, size=(resamples, n))
    ratios = differences[picks].mean(axis=1) / unit[picks].mean(axis=1)
    observed = differences.mean() / unit.mean()
    z0 = stats.norm.ppf((ratios < observed).mean())
    left_out = np.array([np.delete(differences, i).mean() / np.delete(unit, i).mean() for i in range(n)])
    centred = left_out.mean() - left_out
    a = (centred**3).sum() / (6 * (centred**2).sum() ** 1.5)
    z = z0 + stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    return np.quantile(ratios, stats.norm.cdf(z0 + z / (1 - a * z)))


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_it_is_efrons_formula_for_a_skewed_ratio(level):
    rng = np.random.default_rng(3)
    unit = rng.normal(5, 1.5, size=12)
    differences = 0.5 * unit + rng.exponential(0.2, size=12)  # seeds drawn apart would lose what they share
    expected = by_formula(differences, unit, 100_000, 9, level)
    # Two sets of resamples: the ends differ by the Monte Carlo error of their quantiles.
    assert interval(differences, unit, resamples=20_000, level=level) == pytest.approx(expected, rel=0.02)


def test_the_same_seed_gives_the_same_interval():
    differences = np.random.default_rng(0).normal(size=8)
    assert interval(differences) == interval(differences)
    assert interval(differences) != interval(differences, seed=1)


def test_what_does_not_vary_has_an_interval_of_one_point():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert interval(np.zeros(6)) == (0.0, 0.0)
        assert interval(np.full(6, 0.25)) == (0.25, 0.25)
        unit = np.array([1.0, 2.0, 4.0])
        assert interval(0.1 * unit, unit) == pytest.approx((0.1, 0.1))


def test_one_or_two_seeds_have_no_interval():
    assert np.isnan(interval([1.0])).all()
    assert np.isnan(interval([1.0, 2.0])).all()


def test_one_seed_that_differs_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = interval([0.0, 0.0, 0.0, 0.0, 1.0])
    assert 0 <= low < 0.2 < high <= 1
