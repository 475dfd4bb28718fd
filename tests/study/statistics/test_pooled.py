"""The mean over data sets is that of the published example, and grows unsure where data sets disagree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from normcast.study.statistics import Pooled, leave_one_out, pooled

# Thirteen trials of the BCG vaccine (Colditz et al. 1994): cases and others, vaccinated and not.
BCG = [
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232),
    (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
]  # fmt: skip
# Nine trials of diuretics (Collins et al. 1985): cases of pre-eclampsia and women, treated and not.
DIURETICS = [
    (14, 131, 14, 136), (21, 385, 17, 134), (14, 57, 24, 48), (6, 38, 18, 40), (12, 1011, 35, 760),
    (138, 1370, 175, 1336), (15, 506, 20, 524), (6, 108, 2, 103), (65, 153, 40, 102),
]  # fmt: skip
samples = st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), min_size=2, max_size=8).map(
    lambda rows: np.array(rows).T
)


def risk_ratios():
    a, b, c, d = np.array(BCG, float).T
    return np.log((a / (a + b)) / (c / (c + d))), np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def odds_ratios(table):
    a, b, c, d = np.array(table, float).T
    return np.log(a * d / (b * c)), np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def test_the_published_examples_come_out():
    # Viechtbauer 2010, doi:10.18637/jss.v036.i03, section 4: log relative risks of the BCG trials.
    found = pooled(*risk_ratios())
    assert found.between**2 == pytest.approx(0.3132, abs=5e-5)
    assert found.effect == pytest.approx(-0.7145, abs=5e-5)
    assert (found.between_low**2, found.between_high**2) == pytest.approx((0.1197, 1.1115), abs=5e-5)
    # Their log odds ratios, in metafor's own test after van Houwelingen et al. 2002, doi:10.1002/sim.1040.
    found = pooled(*odds_ratios(BCG))
    assert (found.between_low**2, found.between_high**2) == pytest.approx((0.130, 1.181), abs=5e-4)
    # Viechtbauer 2007, doi:10.1002/sim.2514, table II: nine trials of diuretics (Collins et al. 1985).
    found = pooled(*odds_ratios([(a, n - a, c, m - c) for a, n, c, m in DIURETICS]))
    assert found.between**2 == pytest.approx(0.301, abs=5e-4)
    assert (found.between_low**2, found.between_high**2) == pytest.approx((0.072, 2.203), abs=5e-4)


def test_where_effects_spread_the_error_is_that_of_weighted_least_squares():
    ratio, error = risk_ratios()
    found = pooled(ratio, error)
    weights = 1 / np.sqrt(error**2 + found.between**2)
    (mean,), ((variance,),) = np.polyfit(np.zeros(13), ratio, 0, w=weights, cov=True)
    assert found.effect == pytest.approx(mean)
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 12, mean, variance**0.5))
    assert found.p == pytest.approx(2 * stats.t.cdf(-abs(mean) / variance**0.5, 12))
    new = (found.between**2 + variance) ** 0.5
    assert (found.low_new, found.high_new) == pytest.approx(stats.t.interval(0.95, 11, mean, new))
    assert found.datasets == 13


def test_the_variance_between_is_where_the_restricted_likelihood_is_highest():
    ratio, error = risk_ratios()

    def deviance(between):  # of the contrasts with the first trial, in which no mean is left
        contrasts = np.diff(np.eye(13), axis=0)
        cov = contrasts @ np.diag(error**2 + between) @ contrasts.T
        return -stats.multivariate_normal(np.zeros(12), cov).logpdf(contrasts @ ratio)

    best = optimize.minimize_scalar(deviance, bounds=(0, 3), method="bounded", options={"xatol": 1e-9}).x
    assert pooled(ratio, error).between ** 2 == pytest.approx(best, rel=1e-4)


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
    assert np.isnan([found.low, found.high, found.p, found.between, found.low_new, found.between_high]).all()
    assert Pooled.from_json(found.to_json()).datasets == 1


@pytest.mark.parametrize(("effects", "errors"), [([], []), ([0.1], [0.1, 0.2])])
def test_effects_without_errors_are_refused(effects, errors):
    with pytest.raises(ValueError, match="one of each per data set"):
        pooled(effects, errors)


def numbers(found):
    return np.array([getattr(found, name) for name in ("effect", "low", "high", "low_new", "high_new")])


@settings(max_examples=40, deadline=None)
@given(samples, st.floats(0.1, 10), st.floats(-5, 5))
def test_scale_shift_and_order_of_the_effects_go_through(sample, scale, shift):
    effects, errors = sample
    found = pooled(effects, errors)
    other = pooled(scale * effects[::-1] + shift, scale * errors[::-1])
    unit = scale * (1 + np.abs(effects).max() + errors.max()) + abs(shift)
    np.testing.assert_allclose(numbers(other), scale * numbers(found) + shift, atol=1e-4 * unit, rtol=1e-4)
    mirrored = pooled(-effects, errors)
    assert mirrored.effect == pytest.approx(-found.effect, abs=1e-9)
    assert mirrored.p == pytest.approx(found.p, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(samples)
def test_the_mean_lies_among_the_effects_and_intervals_hold_what_they_are_of(sample):
    effects, errors = sample
    found = pooled(effects, errors)
    assert effects.min() - 1e-9 <= found.effect <= effects.max() + 1e-9
    assert found.low_new <= found.low <= found.effect <= found.high <= found.high_new
    assert found.between_low <= found.between_high
    assert (found.p < 0.05) == (not found.low <= 0 <= found.high)
    fixed = 1 / np.sqrt(np.sum(1 / (errors**2 + found.between**2)))
    assert found.high - found.effect >= stats.t.ppf(0.975, len(effects) - 1) * fixed * (1 - 1e-9)


@pytest.mark.parametrize("between", [0.0, 0.05])
def test_the_intervals_hold_what_they_say_over_many_draws(between):
    draws = np.random.default_rng(0)
    held = []
    for _ in range(400):
        errors = draws.uniform(0.01, 0.05, 10)
        truth = 0.1 + between * draws.standard_normal(11)
        found = pooled(truth[:10] + errors * draws.standard_normal(10), errors)
        held.append(
            (
                found.low <= 0.1 <= found.high,
                found.low_new <= truth[10] <= found.high_new,
                found.between_low <= between <= found.between_high,
            )
        )
    mean, new, spread = np.mean(held, axis=0)
    # Without variance between data sets the floor and the estimate of it make the intervals wider than asked.
    assert 0.93 <= mean <= (0.98 if between else 1)
    assert 0.93 <= new <= (0.98 if between else 1)
    assert 0.93 <= spread <= 0.98  # 400 draws at 95 %: two standard errors are 0.02


def test_each_data_set_is_left_out_in_turn():
    effects, errors = [0.0, 0.1, 0.5], [0.1, 0.1, 0.1]
    assert leave_one_out(effects, errors)[2] == pooled(effects[:2], errors[:2])
    assert leave_one_out([0.1], [0.1]) == ()


@pytest.mark.parametrize(("effects", "errors"), [([np.nan, 0.1], [0.1, 0.1]), ([0.1, 0.2], [0.1, -0.1])])
def test_effects_that_were_not_measured_are_refused(effects, errors):
    with pytest.raises(ValueError, match="must be a finite number"):
        pooled(effects, errors)


def test_intervals_are_students_t_of_the_level():
    # The effects differ by less than their errors of 0.03, so the error of the mean is 0.03 / sqrt(3).
    # With 2 degrees t is level * sqrt(2 / (1 - level^2)); with 1, for another data set, tan(level * pi / 2).
    found = pooled([0.1, 0.11, 0.12], [0.03] * 3, level=0.8)
    reach = 0.8 * np.sqrt(2 / 0.36) * 0.03 / np.sqrt(3)
    new = np.tan(0.4 * np.pi) * 0.03 / np.sqrt(3)
    assert found.between == 0
    assert (found.low, found.high) == pytest.approx((0.11 - reach, 0.11 + reach))
    assert (found.low_new, found.high_new) == pytest.approx((0.11 - new, 0.11 + new))
