import numpy as np
import pandas as pd
import polars as pl
import pytest

from normcast.data import Panel, future_rows
from tests.data.frames import daily, two

NAN = np.nan


def with_exog(table):
    return table.assign(x=np.arange(len(table)) % 4 / 4)


def ahead(panel_table, h, stretch=0):
    """The h rows after each series, with values that tell series and step."""
    parts = []
    for code, (name, part) in enumerate(panel_table.groupby("unique_id", sort=False)):
        days = pd.date_range(part["ds"].max() + pd.Timedelta(days=1), periods=h + stretch)
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "x": 100 * code + np.arange(h + stretch)}))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_future_rows_are_found_whatever_their_order(kind):
    table = with_exog(two())
    other = ahead(table, 5).assign(unique_id="unknown")
    future = pd.concat([ahead(table, 3, stretch=2), other, other]).sample(frac=1, random_state=1)
    rows = future_rows(Panel.from_frame(table, futr_exog="x"), kind(future), 3)
    assert rows[:, :, 0].tolist() == [[0, 1, 2], [100, 101, 102]]


def test_the_first_stamp_that_is_not_covered_is_named():
    table = with_exog(two())
    panel = Panel.from_frame(table, futr_exog="x")
    future = ahead(table, 3)
    with pytest.raises(
        ValueError, match=r"series 'a' has no row for 2024-01-07, step 2 of 3; 1 rows are absent"
    ):
        future_rows(panel, future.drop(index=4), 3)
    with pytest.raises(ValueError, match="series 'b' has no row for 2024-01-12, step 4 of 4"):
        future_rows(panel, future, 4)


def test_bad_future_rows_are_named():
    table = with_exog(two())
    panel = Panel.from_frame(table, futr_exog="x")
    future = ahead(table, 3)
    with pytest.raises(ValueError, match=r"series 'a', column 'x', row 6: the value is nan"):
        future_rows(panel, future.assign(x=[1, 2, 3, 4, 5, NAN]), 3)
    with pytest.raises(ValueError, match=r"series 'a', row 7 \(2024-01-06\): the same stamp"):
        future_rows(panel, pd.concat([future, future.iloc[[3]]]), 3)
    with pytest.raises(ValueError, match=r"no column 'x'; columns are unique_id, ds, xx. Did you mean 'xx'"):
        future_rows(panel, future.rename(columns={"x": "xx"}), 3)
    with pytest.raises(ValueError, match="in time zone UTC, but the panel's is without a time zone"):
        future_rows(panel, future.assign(ds=future["ds"].dt.tz_localize("UTC")), 3)


def test_trailing_rows_without_a_target_are_the_future():
    table = with_exog(two())
    future = ahead(table, 3).assign(y=NAN)
    panel = Panel.from_frame(pd.concat([table, future]), futr_exog="x")
    assert panel.lengths.tolist() == [8, 5]
    assert panel.futr_ahead[:, :, 0].tolist() == [[0, 1, 2], [100, 101, 102]]
    assert np.array_equal(future_rows(panel, None, 2), panel.futr_ahead[:, :2])
    assert np.array_equal(future_rows(panel, future, 3), panel.futr_ahead)
    with pytest.raises(ValueError, match="4 future rows of x are needed, but the table has 3"):
        future_rows(panel, None, 4)


def test_uneven_or_missing_future_rows_in_the_table_are_refused():
    table = with_exog(two())
    future = ahead(table, 3).assign(y=NAN)
    with pytest.raises(ValueError, match="series 'a' ends with 2 rows without a target, series 'b' with 3"):
        Panel.from_frame(pd.concat([table, future[:-1]]), futr_exog="x")
    with pytest.raises(ValueError, match=r"series 'a', column 'x', row 19 .*known-future value is missing"):
        Panel.from_frame(pd.concat([table, future.assign(x=[*range(5), NAN])]), futr_exog="x")


def test_an_empty_target_before_the_last_one_is_missing_not_future():
    table = daily(6).assign(y=[1, 2, NAN, 4, 5, NAN], x=1.0)
    with pytest.raises(ValueError, match=r"row 3 \(2024-01-03\): the value is missing; 1 such"):
        Panel.from_frame(table, futr_exog="x")
    panel = Panel.from_frame(table, futr_exog="x", missing="last")
    assert panel.y.tolist() == [1, 2, 2, 4, 5]
    assert panel.futr_ahead.shape == (1, 1, 1)


def test_trailing_rows_without_exogenous_columns_are_missing_values():
    with pytest.raises(ValueError, match=r"column 'y', row 10 .*missing"):
        Panel.from_frame(daily().assign(y=[*range(9), NAN]))


def test_no_exogenous_columns_need_no_future():
    assert future_rows(Panel.from_frame(daily()), None, 5).shape == (1, 5, 0)


def test_one_future_serves_every_column_of_a_wide_table():
    table = daily(5).assign(z=lambda t: t["y"] ** 2, x=[1, 0, 1, 0, 1])
    future = pd.DataFrame({"ds": pd.date_range("2024-01-06", periods=2), "x": [5.0, 6.0]})
    rows = future_rows(Panel.from_frame(table, target_col=["y", "z"], futr_exog="x"), future, 2)
    assert rows[:, :, 0].tolist() == [[5, 6], [5, 6]]


def test_zoned_text_futures_are_matched():
    stamps = pd.date_range("2024-03-30", periods=50, freq="h", tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
    table = pd.DataFrame({"ds": stamps, "y": np.arange(50.0), "x": np.arange(50.0)})
    panel = Panel.from_frame(table[:48], target_col="y", futr_exog="x")
    assert future_rows(panel, table[["ds", "x"]], 2)[0, :, 0].tolist() == [48, 49]


def test_futures_of_a_table_without_time_follow_in_order():
    panel = Panel.from_frame(pd.DataFrame({"y": [1.0, 3.0, 2.0], "x": [0, 1, 0]}), futr_exog="x")
    assert future_rows(panel, pd.DataFrame({"x": [7, 8, 9]}), 2)[0, :, 0].tolist() == [7, 8]


@pytest.mark.parametrize(("freq", "h"), [("h", 1), ("D", 3)])
def test_zoned_futures_are_matched_however_few(freq, h):
    stamps = pd.date_range("2024-03-29", periods=60, freq=freq, tz="Europe/Berlin")
    table = pd.DataFrame({"ds": stamps, "y": np.arange(60.0), "x": np.arange(60.0)})
    panel = Panel.from_frame(table[:40], futr_exog="x")
    future = table[40 : 40 + h][["ds", "x"]]
    assert future_rows(panel, future, h)[0, :, 0].tolist() == list(range(40, 40 + h))
    elsewhere = future.assign(ds=future["ds"].dt.tz_convert("Asia/Tokyo"))
    assert np.array_equal(future_rows(panel, elsewhere, h), future_rows(panel, future, h))


def test_a_future_whose_time_stands_in_two_columns_is_joined_as_the_table_is():
    stamps = pd.date_range("2024-01-01", periods=24 * 3, freq="h")
    table = pd.DataFrame(
        {"date": stamps.strftime("%d.%m.%Y"), "hour": stamps.hour + 1, "y": np.sin(range(72))}
    )
    table["warm"] = np.arange(72.0)
    panel = Panel.from_frame(table[:-4], futr_exog="warm")
    assert future_rows(panel, table.drop(columns="y")[-4:], 4).tolist() == [[[68.0], [69.0], [70.0], [71.0]]]
