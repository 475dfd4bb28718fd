"""Power and numbers of seeds against integrals and simulated studies."""

import numpy as np
import pytest
from scipy import stats

from normcast.study.statistics.power import detectable, seeds_to_equate, seeds_to_see, seen


def integrated(effect: float, n: int, alpha: float) -> float:
    """The noncentral t written as a normal over a chi, summed over the chi's quantiles."""
    df, t = n - 1, stats.t.isf(alpha / 2, n - 1)
    chi = np.sqrt(stats.chi2.ppf((np.arange(100_000) + 0.5) / 100_000, df) / df)
    return float(stats.norm.cdf(effect * np.sqrt(n) - t * chi).mean())


@pytest.mark.parametrize(("n", "alpha"), [(2, 0.05), (2, 0.0025), (5, 0.0025), (10, 0.05), (30, 0.0025)])
def test_the_detectable_effect_is_seen_four_times_out_of_five(n, alpha):
    effect = detectable(n, alpha)
    assert seen(effect, n, alpha) == pytest.approx(0.8, abs=1e-6)
    assert integrated(effect, n, alpha) == pytest.approx(0.8, abs=1e-3)  # 1e5 quantiles


def test_more_seeds_detect_less_and_more_tests_need_more():
    effects = [detectable(n, 0.05) for n in (1, 2, 3, 5, 10, 100)]
    assert effects == sorted(effects, reverse=True)
    assert effects[0] == np.inf
    assert detectable(10, 0.05 / 20) > detectable(10, 0.05)


@pytest.mark.parametrize("effect", [0.3, 1.0, 4.0])
def test_so_many_seeds_see_the_effect_and_one_fewer_do_not(effect):
    n = seeds_to_see(effect, 1.0, 0.01)
    assert seen(effect, n, 0.01) >= 0.8 > (seen(effect, n - 1, 0.01) if n > 2 else 0)


def test_so_many_seeds_show_equivalence_four_times_out_of_five():
    n = seeds_to_equate(0.003, 0.01, 0.01, 0.05)
    draws = np.random.default_rng(0).normal(0.003, 0.01, size=(20_000, n))
    error = draws.std(axis=1, ddof=1) / np.sqrt(n)
    t = stats.t.isf(0.05, n - 1)
    inside = (draws.mean(axis=1) + t * error < 0.01) & (draws.mean(axis=1) - t * error > -0.01)
    assert inside.mean() == pytest.approx(0.8, abs=0.03)  # n is whole, so its power is a little above


def test_what_no_number_of_seeds_decides_has_none():
    assert seeds_to_see(0.0, 1.0, 0.05) is None
    assert seeds_to_see(0.001, 1.0, 0.05) is None
    assert seeds_to_equate(0.01, 0.001, 0.01, 0.05) is None


def test_equal_differences_need_seeds_for_the_sign_test():
    n = seeds_to_see(0.1, 0.0, 0.05 / 20)
    assert 2 * 0.5**n <= 0.05 / 20 < 2 * 0.5 ** (n - 1)
    n = seeds_to_equate(0.001, 0.0, 0.01, 0.05)
    assert 0.5**n <= 0.05 < 0.5 ** (n - 1)
