import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from normcast.scoring import (
    Conformal,
    as_quantiles,
    check_levels,
    level_columns,
    quantiles_of,
    reachable_level,
    windows_needed,
)

LEVELS = (80, 95)
QUANTILES = quantiles_of(LEVELS)


def wrong_quantiles(rng, n, h):
    """Targets, and quantile forecasts that are biased and much too narrow."""
    centre = rng.normal(size=(n, h))
    y = centre + rng.standard_t(3, size=(n, h)) * np.arange(1, h + 1)
    return y, centre[..., None] + 0.5 + np.linspace(-0.2, 0.2, 5)


@pytest.mark.parametrize("seed", range(3))
def test_intervals_cover_at_least_their_level_on_exchangeable_windows(seed):
    rng = np.random.default_rng(seed)
    fits, n_new, h = 400, 50, 3
    for n in (19, 20, 60):
        inside = np.zeros(len(LEVELS))
        for _ in range(fits):
            y, forecasts = wrong_quantiles(rng, n + n_new, h)
            fitted = Conformal.fit(y[:n], forecasts[:n], QUANTILES, LEVELS)
            corrected = fitted.apply(forecasts[n:])
            for i, (lower, upper) in enumerate([(1, 3), (0, 4)]):
                inside[i] += ((corrected[..., lower] <= y[n:]) & (y[n:] <= corrected[..., upper])).mean()
        # Windows that share a fit are dependent: count fits, whose shares vary less than windows would.
        least = binom.ppf(1e-4, fits, np.array(LEVELS) / 100) / fits
        assert (inside / fits >= least).all()


def test_the_correction_is_the_finite_sample_rank_of_the_misses():
    rng = np.random.default_rng(0)
    y, forecasts = wrong_quantiles(rng, 40, 2)
    fitted = Conformal.fit(y, forecasts, QUANTILES, LEVELS)
    misses = sorted(max(forecasts[i, 1, 1] - y[i, 1], y[i, 1] - forecasts[i, 1, 3]) for i in range(40))
    assert fitted.corrections[0, 1] == misses[33 - 1]  # ceil(41 * 0.80) = 33
    misses = sorted(max(forecasts[i, 1, 0] - y[i, 1], y[i, 1] - forecasts[i, 1, 4]) for i in range(40))
    assert fitted.corrections[1, 1] == misses[39 - 1]  # ceil(41 * 0.95) = 39


def test_too_wide_intervals_are_drawn_in():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(200, 1))
    wide = np.zeros((200, 1, 5)) + np.array([-90, -50, 0, 50, 90.0])
    corrected = Conformal.fit(y, wide, QUANTILES, LEVELS).apply(wide)[0, 0]
    assert 1 < corrected[3] < 1.6
    assert 1.6 < corrected[4] < 2.5


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**16), n=st.integers(19, 40))
def test_quantiles_never_cross_and_the_median_stays(seed, n):
    rng = np.random.default_rng(seed)
    y, forecasts = rng.normal(size=(n, 3)), rng.normal(size=(n, 3, 5))  # crossing in every way
    corrected = Conformal.fit(y, forecasts, QUANTILES, LEVELS).apply(forecasts)
    assert (np.diff(corrected, axis=-1) >= 0).all()
    np.testing.assert_array_equal(corrected[..., 2], forecasts[..., 2])


def test_a_point_forecast_gets_the_symmetric_interval_of_its_absolute_residuals():
    rng = np.random.default_rng(1)
    y, point = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
    corrected = Conformal.fit(y, as_quantiles(point, 5), QUANTILES, LEVELS).apply(as_quantiles(point, 5))
    half = np.sort(np.abs(y - point), axis=0)[25 - 1]  # ceil(31 * 0.80) = 25
    np.testing.assert_allclose(corrected[..., 1], point - half)
    np.testing.assert_allclose(corrected[..., 3], point + half)


def test_a_step_without_an_observed_value_counts_less_windows():
    y, point = np.arange(40.0).reshape(20, 2), np.zeros((20, 2))
    y[3, 1] = np.nan
    fitted = Conformal.fit(y, as_quantiles(point, 5), QUANTILES, LEVELS)
    assert fitted.n_windows == 19
    assert fitted.corrections[1].tolist() == [38, 39]  # the 20th of 20; the 19th of 19
    y[4, 1] = np.nan
    with pytest.raises(ValueError, match="95 needs 19 calibration windows, and there are 18"):
        Conformal.fit(y, as_quantiles(point, 5), QUANTILES, LEVELS)


@given(level=st.integers(1, 99) | st.sampled_from([99.5, 99.9, 1.5]))
def test_the_windows_needed_are_the_least_whose_rank_exists(level):
    n = windows_needed(level)
    assert (n + 1) * level / 100 <= n + 1e-9
    assert n == 1 or n * level / 100 > n - 1 + 1e-9
    assert windows_needed(reachable_level(n)) <= n


def test_a_level_beyond_the_calibration_windows_names_the_largest_reachable():
    y = np.zeros((12, 1))
    with pytest.raises(
        ValueError, match=r"95 needs 19 calibration windows, and there are 12.*level is 92\.3"
    ):
        Conformal.fit(y, as_quantiles(y, 5), QUANTILES, LEVELS)


def test_wrong_shapes_and_quantiles_are_refused():
    y = np.zeros((30, 1))
    with pytest.raises(ValueError, match=r"forecasts have shape \(30, 1, 3\)"):
        Conformal.fit(y, as_quantiles(y, 3), QUANTILES, LEVELS)
    with pytest.raises(ValueError, match=r"level 90 needs the quantile 0\.05"):
        Conformal.fit(y, as_quantiles(y, 5), QUANTILES, [90])


@pytest.mark.parametrize(
    "wrong", [(0.1, 0.9), (0.9, 0.5, 0.1), (0.1, 0.5, 0.5, 0.9), (0.0, 0.5, 0.9), (0.1, 0.5, 1.0)]
)
def test_quantiles_ascend_between_zero_and_one_and_have_the_median(wrong):
    y = np.zeros((30, 1))
    message = f"Conformal: quantiles {wrong} must ascend within (0, 1) and include 0.5."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Conformal.fit(y, as_quantiles(y, len(wrong)), wrong, [80])


def test_json_gives_back_the_same_corrections():
    y, forecasts = wrong_quantiles(np.random.default_rng(0), 40, 3)
    fitted = Conformal.fit(y, forecasts, QUANTILES, LEVELS)
    again = Conformal.from_json(fitted.to_json())
    assert (again.quantiles, again.levels, again.n_windows) == (QUANTILES, LEVELS, 40)
    np.testing.assert_array_equal(again.apply(forecasts), fitted.apply(forecasts))


def test_levels_are_percent_and_bound_by_their_quantiles():
    assert quantiles_of([95, 80]) == (0.025, 0.1, 0.5, 0.9, 0.975)
    assert quantiles_of([]) == (0.5,)
    assert level_columns("m", [99.5, 80]) == ["m-lo-99.5", "m-lo-80", "m", "m-hi-80", "m-hi-99.5"]


@pytest.mark.parametrize("wrong", [0, 0.0, 100, -5, 120, float("nan")])
def test_a_level_lies_between_one_and_100(wrong):
    with pytest.raises(ValueError, match=rf"^level: {wrong!r} is outside \[1, 100\)\.$"):
        check_levels([80, wrong])


def test_a_share_is_no_level():
    with pytest.raises(ValueError, match=r"level: 0.95 is outside .* Levels are percent: did you mean 95"):
        check_levels([0.95])
    assert check_levels([1]) == (1,)
