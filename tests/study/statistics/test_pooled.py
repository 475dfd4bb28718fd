"""The mean over data sets is that of the published example, and grows unsure where data sets disagree."""

import numpy as np
import pytest
from scipy import stats

from normcast.study.statistics import Pooled, pooled

# Thirteen trials of the BCG vaccine (Colditz et al. 1994): cases and others, vaccinated and not.
BCG = [
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232),
    (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
]  # fmt: skip


def test_the_published_example_comes_out():
    a, b, c, d = np.array(BCG, float).T
    ratio = np.log((a / (a + b)) / (c / (c + d)))
    error = np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
    found = pooled(ratio, error)
    # As the R package metafor prints it for method="DL": tau^2 0.3088, estimate -0.7141.
    assert found.between**2 == pytest.approx(0.3088, abs=5e-5)
    assert found.effect == pytest.approx(-0.7141, abs=5e-5)
    assert found.low < -1.0642 < -0.3639 < found.high  # no narrower than with known variances
    # Here the effects spread further than their variances say: the error is that of weighted least squares.
    weights = 1 / np.sqrt(error**2 + found.between**2)
    (mean,), ((variance,),) = np.polyfit(np.zeros(13), ratio, 0, w=weights, cov=True)
    assert found.effect == pytest.approx(mean)
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 12, mean, variance**0.5))
    new = (found.between**2 + variance) ** 0.5
    assert (found.low_new, found.high_new) == pytest.approx(stats.t.interval(0.95, 11, mean, new))
    assert found.datasets == 13


def test_data_sets_that_agree_leave_only_their_errors():
    found = pooled([0.1, 0.1, 0.1, 0.1], [0.02, 0.02, 0.02, 0.02])
    assert found.between == 0
    assert found.effect == pytest.approx(0.1)


def test_an_exact_effect_does_not_outweigh_all_others():
    found = pooled([0.0, 0.2, 0.4], [0.0, 0.1, 0.1])
    assert np.isfinite([found.effect, found.low, found.high]).all()
    assert pooled([0.0, 0.0], [0.0, 0.0]).effect == 0


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_unit_of_the_effects_changes_nothing(unit):
    effects, errors = np.array([0.0, 0.2, 0.4]), np.array([0.0, 0.1, 0.1])
    found, other = pooled(effects, errors), pooled(unit * effects, unit * errors)
    assert (other.effect, other.low) == pytest.approx((unit * found.effect, unit * found.low), rel=1e-6)


def test_two_data_sets_have_intervals_of_one_degree_of_freedom():
    found = pooled([0.1, 0.2], [0.1, 0.1], level=0.5)  # of Cauchy's distribution, 1 holds the middle half
    error = 0.1 / np.sqrt(2)
    assert (found.low, found.high) == pytest.approx((0.15 - error, 0.15 + error))
    assert (found.low_new, found.high_new) == pytest.approx((0.15 - error, 0.15 + error))


def test_one_data_set_has_no_interval():
    found = pooled([0.3], [0.1])
    assert found.effect == 0.3
    assert np.isnan([found.low, found.high, found.between, found.low_new, found.high_new]).all()
    assert Pooled.from_json(found.to_json()).datasets == 1


@pytest.mark.parametrize(("effects", "errors"), [([], []), ([0.1], [0.1, 0.2])])
def test_effects_without_errors_are_refused(effects, errors):
    with pytest.raises(ValueError, match="one of each per data set"):
        pooled(effects, errors)


def test_the_interval_holds_what_it_says_over_many_draws():
    draws = np.random.default_rng(0)
    inside = 0
    for _ in range(400):
        errors = draws.uniform(0.01, 0.05, 10)
        truth = 0.1 + 0.05 * draws.standard_normal(10)
        found = pooled(truth + errors * draws.standard_normal(10), errors)
        inside += found.low <= 0.1 <= found.high
    assert 0.91 <= inside / 400 <= 0.99


def test_intervals_are_students_t_of_the_level():
    # The effects differ by less than their errors of 0.03, so the error of the mean is 0.03 / sqrt(3).
    # With 2 degrees t is level * sqrt(2 / (1 - level^2)); with 1, for another data set, tan(level * pi / 2).
    found = pooled([0.1, 0.11, 0.12], [0.03] * 3, level=0.8)
    reach = 0.8 * np.sqrt(2 / 0.36) * 0.03 / np.sqrt(3)
    new = np.tan(0.4 * np.pi) * 0.03 / np.sqrt(3)
    assert found.between == 0
    assert (found.low, found.high) == pytest.approx((0.11 - reach, 0.11 + reach))
    assert (found.low_new, found.high_new) == pytest.approx((0.11 - new, 0.11 + new))
