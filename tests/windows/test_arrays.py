import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normcast.data.panel import Panel
from normcast.windows import Scaler, Windows, waves
from normcast.windows.arrays import Arrays, Scaled, with_room
from normcast.windows.waves import DAY

NAN = np.nan


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=5),
    st.integers(0, 3),
    st.sampled_from([(), (0,), (2,)]),
)
def test_room_stands_behind_each_series_and_values_stay_in_order(lengths, h, rest):
    rows = sum(lengths)
    values = np.arange(rows * int(np.prod(rest))).reshape(rows, *rest)
    got = with_room(values, np.array(lengths), h, -1)
    expected = [
        np.concatenate([part, np.full((h, *rest), -1)]) for part in np.split(values, np.cumsum(lengths)[:-1])
    ]
    np.testing.assert_array_equal(got, np.concatenate(expected))
    assert got.dtype == values.dtype


def panel(**roles):
    """Two daily series, of three rows and of two."""
    frame = pd.DataFrame(
        {
            "unique_id": ["a", "a", "a", "b", "b"],
            "ds": pd.to_datetime(["2024-03-01", "2024-03-02", "2024-03-03", "2024-05-01", "2024-05-02"]),
            "y": [1.0, NAN, 3.0, 4.0, 6.0],
            "load": [11.0, 12.0, 13.0, 14.0, 15.0],
            "price": [21.0, 22.0, 23.0, 24.0, 25.0],
            "size": [7.0, 7.0, 7.0, 9.0, 9.0],
        }
    )
    return Panel.from_frame(frame, freq="D", id_col="unique_id", missing="mask", season=5, **roles)


ROLES = {"hist_exog": "load", "futr_exog": "price", "stat_exog": "size"}
AHEAD = np.array([[[31.0], [32.0]], [[33.0], [34.0]]])


@pytest.mark.parametrize(
    ("ahead", "prices"), [(None, [[NAN, NAN], [NAN, NAN]]), (AHEAD, [[31, 32], [33, 34]])]
)
def test_a_panel_is_laid_out_with_the_horizon_behind_each_series(ahead, prices):
    arrays = Arrays.of(panel(**ROLES), 2, ahead)
    assert (arrays.ids, arrays.n_futr, arrays.h, arrays.season) == (("a", "b"), 1, 2, 5)
    assert (arrays.offsets.tolist(), arrays.rows.tolist()) == ([0, 5, 9], [3, 2])
    np.testing.assert_array_equal(arrays.y, [1, 1, 3, NAN, NAN, 4, 6, NAN, NAN])
    assert np.flatnonzero(arrays.observed).tolist() == [0, 2, 5, 6]
    np.testing.assert_array_equal(arrays.exog[:, 0], [11, 12, 13, NAN, NAN, 14, 15, NAN, NAN])
    np.testing.assert_array_equal(arrays.exog[:, 1], [21, 22, 23, *prices[0], 24, 25, *prices[1]])
    assert arrays.stat.tolist() == [[7], [9]]
    assert (arrays.waves.shape, arrays.waves.dtype) == ((9, 0), np.float32)


def test_known_future_rows_of_no_column_fill_nothing():
    arrays = Arrays.of(panel(hist_exog="load"), 2, np.zeros((2, 2, 0)))
    np.testing.assert_array_equal(arrays.exog[:, 0], [11, 12, 13, NAN, NAN, 14, 15, NAN, NAN])
    assert arrays.n_futr == 0


def test_the_calendar_goes_on_behind_the_last_row_of_each_series():
    arrays = Arrays.of(panel(), 2, calendar=True)
    days = [
        np.arange("2024-03-01", "2024-03-06", dtype="M8[D]"),
        np.arange("2024-05-01", "2024-05-05", dtype="M8[D]"),
    ]
    np.testing.assert_array_equal(arrays.waves, waves(np.concatenate(days).astype("M8[ns]"), step=DAY))


def test_the_last_windows_begin_to_forecast_behind_the_rows_that_are_used():
    windows = Arrays.of(panel(), 2).last(np.array([3, 1]), input_size=1)
    assert windows.cutoff.tolist() == [3, 6]
    assert (windows.start.tolist(), windows.series.tolist()) == ([2, 5], [0, 1])
    assert (windows.input_size, windows.h, windows.series.dtype) == (1, 2, np.int32)


def scaled(n_futr, n_waves, n_stat):
    """Six rows of two series, of which each column counts from another number."""
    rows = np.arange(6)
    past = np.column_stack([rows, 10 + rows, 20 + rows]).astype("float32")
    seen = np.column_stack([100 + rows, 200 + rows]).astype("float32")[:, :n_waves]
    stat = np.array([[7], [9]], "float32")[:, :n_stat]
    y, offsets, lengths = rows.astype(float), np.array([0, 3, 6]), np.array([3, 3])
    arrays = Arrays(
        ("a", "b"), offsets, lengths, y, y > -1, past[:, 1:] * 1.0, n_futr, seen, stat * 1.0, 1, 1
    )
    return Scaled(y, past, stat, Scaler(np.zeros((2, 1)), np.ones((2, 1))), arrays)


@pytest.mark.parametrize(
    ("sizes", "future"),
    [
        ((1, 0, 0), [[[22]], [[25]]]),
        ((0, 2, 1), [[[102, 202]], [[105, 205]]]),
        ((2, 1, 0), [[[12, 22, 102]], [[15, 25, 105]]]),
        ((0, 0, 1), None),
        ((0, 0, 0), None),
    ],
)
def test_a_network_reads_the_past_what_is_known_ahead_and_each_series_statics(sizes, future):
    windows = Windows(np.array([0, 3]), np.array([0, 1], np.int32), input_size=2, h=1)
    batches = scaled(*sizes).batches(windows)
    inputs, target = batches.at(np.arange(2))
    expected = {"past": [[[0, 10, 20], [1, 11, 21]], [[3, 13, 23], [4, 14, 24]]]}
    expected |= {"future": future} if future else {}
    expected |= {"static": [[7], [9]]} if sizes[2] else {}
    assert {name: each.tolist() for name, each in inputs.items()} == expected
    assert target.tolist() == [[2], [5]]
    assert batches.target.values.flags.c_contiguous
    assert (batches.start.dtype, batches.series.dtype) == (np.int32, np.int32)


def test_parts_share_the_array_that_their_targets_are_read_from():
    windows = Windows(np.array([0, 3]), np.array([0, 1], np.int32), input_size=2, h=1)
    own = scaled(0, 0, 0)
    assert own.batches(windows[:1]).target.values is own.batches(windows[1:]).target.values
