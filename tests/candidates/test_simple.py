import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normcast.candidates import drift, seasonal_naive
from tests.scoring.places import OFFSETS, check_reads_only_its_own_past, two_series, windows_at


def test_seasonal_naive_repeats_the_last_season_however_far_the_horizon_reaches():
    y = np.arange(30.0)
    forecast = seasonal_naive(y, windows_at([20], input_size=10, h=8), season=3)
    assert forecast.tolist() == [[17, 18, 19, 17, 18, 19, 17, 18]]


def test_seasonal_naive_looks_behind_the_window_only_where_the_series_reaches():
    y = np.arange(70.0)
    windows = windows_at([33, 40], input_size=2, h=2, series=[1, 1])
    forecast = seasonal_naive(y, windows, season=7, offsets=OFFSETS)
    assert forecast.tolist() == [
        [32, 32],
        [33, 34],
    ]  # three rows behind: last value; ten rows behind: the season


def test_seasonal_naive_without_offsets_stays_inside_the_window():
    forecast = seasonal_naive(np.arange(30.0), windows_at([20], input_size=2, h=2), season=7)
    assert forecast.tolist() == [[19, 19]]


def test_drift_is_the_line_through_the_first_row_of_the_series_and_the_last_before_the_cutoff():
    y = two_series()
    forecast = drift(y, windows_at([50], input_size=5, h=3, series=[1]), OFFSETS)
    line = np.polynomial.Polynomial.fit([30, 49], [y[30], y[49]], deg=1)
    np.testing.assert_allclose(forecast[0], line(np.array([50, 51, 52])), rtol=1e-12)


def test_drift_of_a_single_row_is_flat():
    assert drift(np.array([3.0, 8.0]), windows_at([1], input_size=1, h=2), np.array([0, 2])).tolist() == [
        [3, 3]
    ]


def test_a_season_below_one_is_refused():
    with pytest.raises(ValueError, match="season 0"):
        seasonal_naive(np.arange(9.0), windows_at([4], 2, 1), season=0)


@given(cutoff=st.integers(31, 68), seed=st.integers(0, 2**16))
def test_nothing_at_or_after_the_cutoff_and_nothing_of_another_series_is_read(cutoff, seed):
    for read in (
        lambda values, windows: seasonal_naive(values, windows, 5, OFFSETS),
        lambda values, windows: drift(values, windows, OFFSETS),
    ):
        check_reads_only_its_own_past(read, cutoff, seed)
