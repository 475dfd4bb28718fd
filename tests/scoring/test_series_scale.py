"""Intervals of each series: as wide as its own errors, and all alike where they are alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.scoring import Block, Conformal, SeriesIntervals, quantiles_of
from normcast.scoring.series_scale import SeriesScale

LEVELS = (80, 95)
QUANTILES = quantiles_of(LEVELS)
HEADS = np.array([-2.0, -1.3, 0, 1.3, 2.0])
H = 3


def block(sizes, windows, seed, heads=1.0):
    """Errors of each series as large as its size, and heads as wide for all, or for each as its own."""
    rng = np.random.default_rng(seed)
    series = np.repeat(np.arange(len(sizes)), windows)
    errors = rng.normal(size=(len(series), H)) * np.asarray(sizes)[series][:, None]
    centre = rng.normal(size=(len(series), H))
    wide = np.broadcast_to(heads, len(sizes))[series]
    time = np.tile(np.arange(-windows, 0), len(sizes))
    return Block(centre + errors, centre[..., None] + HEADS * wide[:, None, None], series, time)


def fitted(sizes, windows=60, heads=1.0, still=None):
    still = np.zeros(len(sizes), dtype=bool) if still is None else still
    return SeriesIntervals.fit(
        block(sizes, windows, 0, heads), block(sizes, windows, 1, heads), QUANTILES, LEVELS, still
    )


def inside(intervals, sizes, heads=1.0, level=80):
    new = block(sizes, 400, 2, heads)
    told = intervals.apply(new.forecasts, new.series)
    low, high = {80: (1, 3), 95: (0, 4)}[level]
    hit = (told[..., low] <= new.y) & (new.y <= told[..., high])
    return np.array([100 * hit[new.series == place].mean() for place in range(len(sizes))])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "sizes", [[1, 0.01, 0.01, 0.01, 0.01], [5, 5, 0.1], [0.1, 0.3, 1, 3, 10]], ids=["noisy", "two", "many"]
)
def test_each_series_is_covered_beside_others_of_any_size(sizes, level):
    assert (abs(inside(fitted(sizes), sizes, level=level) - level) < 10).all()


def test_heads_that_are_as_wide_for_all_are_brought_to_each_series():
    sizes, heads = [1, 0.1, 0.1], [0.5, 0.5, 0.5]
    assert (abs(inside(fitted(sizes, heads=heads), sizes, heads) - 80) < 10).all()


def test_pooled_corrections_would_not_cover_them():
    """What there was before: the quiet series set the width."""
    sizes = [1, 0.01, 0.01, 0.01, 0.01]
    calib, new = block(sizes, 60, 1, 0.1), block(sizes, 400, 2, 0.1)
    told = Conformal.fit(calib.y, calib.forecasts, QUANTILES, LEVELS).apply(new.forecasts)
    noisy = new.series == 0
    assert ((told[..., 1] <= new.y) & (new.y <= told[..., 3]))[noisy].mean() < 0.4


def test_series_that_are_alike_share_one_scale():
    scale = fitted([1.0] * 6).scale
    np.testing.assert_allclose(scale.error, 1, atol=0.1)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), size=st.sampled_from([1e-3, 1.0, 1e4]))
def test_one_series_has_the_corrections_it_would_have_alone(seed, size):
    valid, calib = block([size], 30, seed), block([size], 30, seed + 1)
    told = SeriesIntervals.fit(valid, calib, QUANTILES, LEVELS, np.array([False]))
    plain = Conformal.fit(calib.y, calib.forecasts, QUANTILES, LEVELS)
    np.testing.assert_allclose(
        told.apply(calib.forecasts, calib.series), plain.apply(calib.forecasts), rtol=1e-9, atol=1e-9 * size
    )


def test_the_unit_of_a_panel_changes_nothing_but_the_unit():
    one, thousand = fitted([1, 3, 9]), fitted([1000, 3000, 9000], heads=1000)
    np.testing.assert_allclose(one.scale.error, thousand.scale.error, rtol=0.2)


def test_quantiles_never_cross_and_the_median_stays():
    intervals, new = fitted([1, 0.1, 5]), block([1, 0.1, 5], 50, 3)
    told = intervals.apply(new.forecasts, new.series)
    assert (np.diff(told, axis=-1) >= 0).all()
    np.testing.assert_array_equal(told[..., 2], new.forecasts[..., 2])


def test_a_series_that_never_changed_takes_no_part():
    sizes, still = [1, 1, 0], np.array([False, False, True])
    moving = fitted([1, 1])
    beside = fitted(sizes, still=still)
    assert beside.still == (False, False, True)
    assert beside.conformal.n_windows == moving.conformal.n_windows == 120
    assert (abs(inside(beside, [1, 1]) - 80) < 10).all()


def test_a_panel_that_never_changed_has_corrections_all_the_same():
    assert fitted([0, 0], still=np.array([True, True])).still == (True, True)


def test_what_was_not_observed_counts_for_nothing():
    valid, calib = block([1, 5], 60, 0), block([1, 5], 60, 1)
    valid.y[::3] = np.nan
    valid.y[1, 0] = np.nan
    told = SeriesIntervals.fit(valid, calib, QUANTILES, LEVELS, np.zeros(2, dtype=bool))
    assert np.isfinite(told.scale.error).all()
    assert 3 < told.scale.error[1] / told.scale.error[0] < 7


def test_a_series_without_errors_does_not_get_no_width_for_ever():
    scale = SeriesScale.fit(
        np.array([[0.0], [1.0], [2.0]] * 9), np.zeros((27, 1, 5)), np.arange(27) % 3, n_series=3
    )
    assert scale.error[0] == 1  # as usual
    assert (scale.error > 0).all()


def test_scales_follow_their_ids():
    told = fitted([1, 10], still=np.array([False, False]))
    turned = told.matched(("a", "b"), ("new", "b", "a"))
    np.testing.assert_array_equal(turned.scale.error, [1, *told.scale.error[::-1]])
    np.testing.assert_array_equal(turned.scale.width[1:], told.scale.width[::-1])
    assert turned.still == (False, False, False)


def test_json_gives_back_the_same_intervals():
    told, new = fitted([1, 10]), block([1, 10], 5, 9)
    again = SeriesIntervals.from_json(told.to_json())
    np.testing.assert_array_equal(
        again.apply(new.forecasts, new.series), told.apply(new.forecasts, new.series)
    )
