import numpy as np
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


@given(cutoff=st.integers(31, 68), seed=st.integers(0, 2**16))
def test_nothing_at_or_after_the_cutoff_and_nothing_of_another_series_is_read(cutoff, seed):
    check_reads_only_its_own_past(
        lambda values, windows: seasonal_error(values, windows, OFFSETS, 5), cutoff, seed
    )
