"""Bounds: what no series comes near is an outlier; what series do by themselves is none."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.data import Panel
from normcast.data.bounds import Bounds
from tests.data.frames import daily

N = 400
ROWS = np.arange(N)
DRAWS = np.random.default_rng(0)
NOISE = DRAWS.normal(size=N)
WEEKLY = 10 + 2 * np.sin(2 * np.pi * ROWS / 7) + 0.3 * NOISE
RARE = np.where(DRAWS.random(N) < 0.04, DRAWS.integers(1, 30, N), 0).astype(float)

HONEST = {
    "trend": 0.01 * ROWS**2 + NOISE,
    "growth": np.exp(ROWS / 20),
    "level shift": np.where(ROWS < 300, 10.0, 5000.0) + 0.01 * NOISE,
    "late level shift": np.where(ROWS < N - 6, 10.0, 5000.0) + 0.01 * NOISE,
    "mostly zero": RARE,
    "one sale": np.where(ROWS == 200, 500.0, 0.0),
    "two sales": np.where(ROWS == 200, 500.0, np.where(ROWS == 300, 7.0, 0.0)),
    "constant": np.full(N, 7.0),
    "a price that changes": np.where(ROWS < N - 3, 1.0, 400.0),
    "a flag": (ROWS == 17).astype(float),
    "log-normal": np.exp(2 * NOISE),
    "t of 2": DRAWS.standard_t(2, N),
    "random walk": NOISE.cumsum(),
    "five times the usual": np.where(ROWS == 50, 5.0, 1.0) * WEEKLY,
    "short": np.array([1.0, 2.0, 1.0, 900.0, 2.0]),
    "one row": np.array([3.0]),
}


def outliers(y, learned_from=None):
    """The rows of one series that are outliers."""
    rows = np.array([learned_from or len(y)])
    offsets = np.array([0, len(y)])
    bounds = Bounds.fit(y[:, None], offsets, rows)
    return np.flatnonzero(bounds.outliers(y[:, None], offsets)).tolist()


@pytest.mark.parametrize("kind", HONEST)
def test_what_a_series_does_by_itself_is_no_outlier(kind):
    assert outliers(HONEST[kind]) == []


@pytest.mark.parametrize("at", [[0], [1], [200], [N - 1], [0, 90, 91, 200, N - 1]])
@pytest.mark.parametrize("value", [1e4, -1e4, 1e12, -1e12, 1.7e308])
@pytest.mark.parametrize("kind", ["weekly", "random walk", "mostly zero"])
def test_what_it_never_comes_near_is_one(kind, value, at):
    y = {"weekly": WEEKLY, **HONEST}[kind].copy()
    y[at] = value
    assert outliers(y) == at


def test_outliers_of_several_sizes_do_not_hide_one_another():
    y = WEEKLY.copy()
    y[[10, 20, 30]] = 1e4, -1e12, 1e300
    assert outliers(y) == [10, 20, 30]


def test_a_constant_series_is_measured_by_its_own_size():
    y = np.full(N, 7.0)
    y[90] = 1e12
    assert outliers(y) == [90]


def test_series_and_columns_have_bounds_of_their_own():
    values = np.column_stack([np.r_[WEEKLY, 1e6 * WEEKLY, WEEKLY[:50]], np.r_[NOISE, NOISE, NOISE[:50]]])
    values[[5, N + 5], [0, 1]] = 1e6
    offsets = np.array([0, N, 2 * N, 2 * N + 50])
    bounds = Bounds.fit(values, offsets, np.diff(offsets))
    assert np.argwhere(bounds.outliers(values, offsets)).tolist() == [[5, 0], [N + 5, 1]]
    assert Bounds.from_json(bounds.to_json()).to_json() == bounds.to_json()


def test_another_value_stands_for_an_outlier():
    y = WEEKLY.copy()
    y[[0, 1, 3, 100, 107]] = 1e12
    offsets = np.array([0, N])
    bounds = Bounds.fit(y[:, None], offsets, np.array([N]))
    clean = bounds.cleaned(y[:, None], offsets, season=7)[:, 0]
    middle = bounds.centre[0, 0]
    assert clean[[0, 1, 3, 100, 107]].tolist() == [middle, middle, y[2], y[93], y[93]]
    kept = np.delete(ROWS, [0, 1, 3, 100, 107])
    np.testing.assert_array_equal(clean[kept], y[kept])
    assert y[100] == 1e12


def test_a_value_that_stays_is_a_new_level():
    y = np.r_[WEEKLY, WEEKLY + 1e6]
    assert outliers(y, learned_from=N) == [N, N + 1, N + 2, N + 3, N + 4]
    bounds = Bounds.fit(y[:, None], np.array([0, 2 * N]), np.array([N]))
    moved = y[N : N + 3, None]  # so few that each would be an outlier behind others
    assert not bounds.outliers(moved, np.array([0, 3])).any()


SOME = st.sampled_from([1e5, -1e9, 50.0, 10.0])


@given(st.integers(20, 60), st.lists(SOME, min_size=60, max_size=60))
@settings(max_examples=100, deadline=None)
def test_rows_behind_change_nothing_of_those_before(rows, future):
    now, offsets = WEEKLY[:60].copy(), np.array([0, 60])
    now[[3, 17, 30, 31, 32]] = 1e7
    later = np.r_[now[:rows], future[rows:]]
    ways = [Bounds.fit(each[:, None], offsets, np.array([20])) for each in (now, later)]
    assert ways[0].to_json() == ways[1].to_json()
    clean = [ways[0].cleaned(each[:, None], offsets, season=7)[:rows] for each in (now, later)]
    np.testing.assert_array_equal(*clean)


def test_the_panel_names_its_outliers_and_keeps_them():
    table = daily(60, x=WEEKLY[:60]).assign(y=WEEKLY[:60])
    table.loc[[4, 20], "y"] = 1e12, -9999
    table.loc[30, "x"] = 1e4
    panel = Panel.from_frame(table, hist_exog="x")
    assert panel.notes[-2:] == (
        "2 outliers of 'y', more than 50 times as far from the median as the rest of the series: 1e+12 in "
        "series 'y' (2024-01-05) and -9999 in series 'y' (2024-01-21); training and inputs take the value "
        "one season before instead, scores the value as it is",
        "1 outlier of 'x', more than 50 times as far from the median as the rest of the series: 10000 in "
        "series 'y' (2024-01-31); training and inputs take the value one season before instead, scores the "
        "value as it is",
    )
    np.testing.assert_array_equal(panel.y, table["y"])
    np.testing.assert_array_equal(panel.hist[:, 0], table["x"])


def test_no_outlier_is_named_in_the_weather():
    import normcast

    roles = {"id_col": "location", "time_col": "date", "target_col": "temp_max"}
    panel = Panel.from_frame(
        normcast.datasets.weather(), **roles, hist_exog=["precipitation", "temp_min", "wind"]
    )
    assert not [note for note in panel.notes if "outlier" in note]


def test_many_outliers_are_counted():
    y = np.tile(WEEKLY, 2)
    y[::100] = 1e9
    note = Panel.from_frame(pd.DataFrame({"y": y})).notes[-1]
    assert note.startswith("8 outliers of 'y'")
    assert "and 3 more" in note
