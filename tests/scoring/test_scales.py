import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normcast.scoring import seasonal_error
from tests.scoring.places import OFFSETS, check_reads_only_its_own_past, two_series, windows_at


def test_the_scale_is_the_mean_seasonal_step_of_the_rows_before_the_cutoff():
    y, season = two_series(), 4
    windows = windows_at([20, 45, 60], input_size=3, h=2, series=[0, 1, 1])
    slow = []
    for cutoff, series in zip([20, 45, 60], windows.series, strict=True):
        rows = y[OFFSETS[series] : cutoff]
        slow.append(np.mean([abs(rows[t] - rows[t - season]) for t in range(season, len(rows))]))
    np.testing.assert_allclose(seasonal_error(y, windows, OFFSETS, season), slow, rtol=1e-12)


def test_the_scale_leaves_out_pairs_that_were_not_observed():
    y = np.array([0.0, 1.0, 50.0, 3.0, 5.0])
    observed = np.array([True, True, False, True, True])
    assert seasonal_error(y, windows_at([5], 2, 1), np.array([0, 5]), 1, observed).tolist() == [1.5]


def test_the_scale_is_nan_where_the_history_has_no_season_and_zero_where_it_never_changes():
    windows = windows_at([3, 6], input_size=2, h=1)
    scales = seasonal_error(np.full(8, 7.0), windows, np.array([0, 8]), season=3)
    assert np.isnan(scales[0])
    assert scales[1] == 0


def test_the_scale_is_nan_where_no_pair_was_observed_and_begins_with_the_first_that_was():
    y, windows = np.array([0.0, 3.0, 7.0, 12.0]), windows_at([2, 3, 4], input_size=1, h=1)
    observed = np.array([False, True, True, True])
    scales = seasonal_error(y, windows, np.array([0, 4]), 1, observed)
    np.testing.assert_array_equal(scales, [np.nan, 4, 4.5])


def test_a_series_has_a_scale_from_the_row_behind_its_first_season():
    y, offsets = np.array([1.0, 2.0, 4.0, 5.0, 5.0]), np.array([0, 3, 5])
    windows = windows_at([2, 3, 5], input_size=1, h=1, series=[0, 0, 1])
    np.testing.assert_array_equal(seasonal_error(y, windows, offsets, season=2), [np.nan, 3, np.nan])


def test_a_season_is_a_number_of_rows():
    with pytest.raises(
        ValueError, match=r"^seasonal_error: season 0 is not a number of rows; give 1 or more\.$"
    ):
        seasonal_error(np.zeros(3), windows_at([2], 1, 1), np.array([0, 3]), season=0)


@given(cutoff=st.integers(31, 68), seed=st.integers(0, 2**16))
def test_nothing_at_or_after_the_cutoff_and_nothing_of_another_series_is_read(cutoff, seed):
    check_reads_only_its_own_past(
        lambda values, windows: seasonal_error(values, windows, OFFSETS, 5), cutoff, seed
    )
