import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

from normcast.data import Columns, Panel, read_table
from tests.data.frames import daily, two

NAN = np.nan


def test_series_stand_one_after_another_in_order_of_appearance():
    panel = Panel.from_frame(
        two().sample(frac=1, random_state=3).sort_values("unique_id", ascending=False, kind="stable")
    )
    assert panel.ids == ("b", "a")
    assert panel.offsets.tolist() == [0, 8, 13]
    assert panel.y.tolist() == [*range(1, 9), 10, 20, 30, 40, 50]
    assert panel.series_of_row.tolist() == [0] * 8 + [1] * 5
    assert (panel.n_series, panel.lengths.tolist(), panel.freq, panel.season) == (2, [8, 5], "D", 7)


def test_pandas_and_polars_make_the_same_panel():
    table = two().assign(x=lambda t: t["y"] % 3 == 0, z=lambda t: (t["unique_id"] == "a") * 2)
    options = {"futr_exog": "x", "stat_exog": "z"}
    one, other = Panel.from_frame(table, **options), Panel.from_frame(pl.from_pandas(table), **options)
    for name in ("offsets", "time", "y", "observed", "hist", "futr", "stat"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert (one.ids, one.freq, one.notes) == (other.ids, other.freq, other.notes)
    assert (one.frame_type, other.frame_type) == ("pandas", "polars")


def test_the_input_is_not_touched():
    table = two().sample(frac=1, random_state=0)
    before = table.copy(deep=True)
    Panel.from_frame(table, missing="last", fill_gaps=True).y[:] = 0
    pd.testing.assert_frame_equal(table, before)


def test_several_id_columns_name_a_series_and_come_out_apart():
    table = (
        two().assign(shop=[1] * 8 + [2] * 5, unique_id="x", town="Rome").rename(columns={"unique_id": "kind"})
    )
    for frame in (table, pl.from_pandas(table)):
        panel = Panel.from_frame(frame, id_col=["town", "shop"], target_col="y")
        assert panel.ids == ("Rome/1", "Rome/2")
        out = panel.frame(np.array([1, 0]), panel.time[:2], {"normcast": np.array([1.0, 2.0])})
        assert type(out) is type(frame)
        assert list(out.columns) == ["town", "shop", "ds", "normcast"]
        assert list(out["shop"]) == [2, 1]
        assert out["shop"].dtype == frame["shop"].dtype


@pytest.mark.parametrize("dtype", ["category", "int64", "object", "string"])
def test_id_types_come_out_as_they_came_in(dtype):
    table = two()
    table["unique_id"] = table["unique_id"].map({"b": "2", "a": "1"}).astype(dtype)
    panel = Panel.from_frame(table)
    assert panel.ids == ("2", "1")
    out = panel.frame([1, 1, 0], panel.time[:3], {"f": np.zeros(3)})
    assert out["unique_id"].dtype == table["unique_id"].dtype
    assert [str(name) for name in out["unique_id"]] == ["1", "1", "2"]


def test_no_id_column_in_none_out():
    out = (panel := Panel.from_frame(daily())).frame(
        [0, 0], panel.stamps_after(2)[0], {"normcast": [1.0, 2.0]}
    )
    assert out.columns.tolist() == ["ds", "normcast"]
    assert out["ds"].tolist() == [pd.Timestamp("2024-01-11"), pd.Timestamp("2024-01-12")]


def test_each_column_of_a_wide_table_is_a_series():
    table = daily(5).assign(z=lambda t: t["y"] * 2, x=[1.0, 0.0, 1.0, 0.0, 1.0])
    panel = Panel.from_frame(table, target_col=["y", "z"], futr_exog="x")
    assert panel.ids == ("y", "z")
    assert panel.y.tolist() == [1, 2, 3, 4, 5, 2, 4, 6, 8, 10]
    assert panel.futr[:, 0].tolist() == [1, 0, 1, 0, 1] * 2
    out = panel.frame([1], panel.time[:1], {panel.columns.target_name: [7.0]})
    assert out.to_dict("list") == {"unique_id": ["z"], "ds": [pd.Timestamp("2024-01-01")], "y": [7.0]}


def test_booleans_are_numbers():
    assert Panel.from_frame(daily(4).assign(y=[True, False, False, True])).y.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("y", ["1.5", "2", "n/a", "3"], "target column 'y' is not numeric: row 3 holds 'n/a'"),
        ("y", ["1,5", "2,5", "3,5", "4,5"], "row 1 holds '1,5'. It looks like a decimal comma"),
        ("y", ["1", "2", "3", "4"], "row 1 holds '1'. The column is text"),
        ("x", ["a", "b", "a", "b"], "exogenous column 'x' is not numeric: row 1 holds 'a'"),
        ("y", pd.date_range("2020", periods=4), "target column 'y' holds times"),
    ],
)
def test_what_is_no_number_is_named(column, values, words):
    table = daily(4).assign(x=1.0)
    table[column] = values
    for frame in (table, pl.from_pandas(table)):
        with pytest.raises(ValueError, match=words):
            Panel.from_frame(frame, target_col="y", futr_exog="x")


def test_missing_marks_of_every_kind_are_missing():
    for values in (
        [1, None, 3, 4],
        pd.array([1, None, 3, 4], dtype="Int64"),
        [1.0, NAN, 3.0, 4.0],
        [True, None, 3, 4],
    ):
        with pytest.raises(ValueError, match=r"row 2 .*the value is missing"):
            Panel.from_frame(daily(4).assign(y=values))
    with pytest.raises(ValueError, match=r"row 2 .*the value is missing"):
        Panel.from_frame(pl.DataFrame({"ds": [1, 2, 3], "y": [1, None, 3]}))


def test_only_constant_series_stop():
    table = two()
    assert Panel.from_frame(table.assign(y=[*range(8), *[2] * 5])).notes[0] == (
        "1 of 2 series are constant, the first 'a'"
    )
    with pytest.raises(ValueError, match="all 2 series are constant"):
        Panel.from_frame(table.assign(y=[1] * 8 + [2] * 5))


@pytest.mark.parametrize(
    "frame", [[1, 2], {"y": [1]}, np.zeros(3), pd.Series([1.0]), pl.LazyFrame({"y": [1]}), None]
)
def test_what_is_no_table_is_refused(frame):
    with pytest.raises(TypeError, match="a pandas or polars DataFrame is needed, not"):
        Panel.from_frame(frame)


def test_an_empty_table_and_an_empty_id_are_refused():
    with pytest.raises(ValueError, match="has no rows; columns are ds, y"):
        Panel.from_frame(daily()[:0])
    table = two()
    table.loc[3, "unique_id"] = None
    with pytest.raises(ValueError, match="id column 'unique_id', row 4: the id is empty"):
        Panel.from_frame(table)


@pytest.mark.parametrize("season", [0, -1, 1.5, True, "7"])
def test_a_season_is_a_whole_number(season):
    with pytest.raises(ValueError, match=r"season: .* is not a whole number"):
        Panel.from_frame(daily(), season=season)


def test_static_values_are_one_per_series():
    table = two().assign(size=[3.0] * 8 + [4.0] * 5)
    assert Panel.from_frame(table, stat_exog="size").stat.tolist() == [[3.0], [4.0]]
    for value in (5.0, NAN):
        table.loc[10, "size"] = value
        with pytest.raises(ValueError, match="series 'a', static column 'size', row 11"):
            Panel.from_frame(table, stat_exog="size")


def test_a_head_is_the_panel_of_the_first_rows():
    table = two().assign(x=np.arange(13.0))
    head = Panel.from_frame(table, futr_exog="x").head(np.array([4, 5]))
    same = Panel.from_frame(table.drop(index=[4, 5, 6, 7]), futr_exog="x")
    for name in ("offsets", "time", "y", "observed", "futr"):
        assert np.array_equal(getattr(head, name), getattr(same, name)), name
    assert np.array_equal(head.stamps_after(3), same.stamps_after(3))
    with pytest.raises(ValueError, match="series 'a' has 5 rows, cannot keep 6"):
        Panel.from_frame(two()).head(6)


def test_a_head_forgets_the_rows_ahead_of_the_whole():
    table = daily(6).assign(y=[1, 2, 3, 4, 5, NAN], x=[0, 1, 2, 3, 4, 5])
    panel = Panel.from_frame(table, target_col="y", futr_exog="x")
    assert panel.futr_ahead.tolist() == [[[5.0]]]
    assert panel.head(3).futr_ahead.shape == (1, 0, 1)


def test_polars_need_not_be_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    panel = Panel.from_frame(two())
    assert len(panel.frame([0], panel.time[:1], {"f": [1.0]})) == 1


def test_a_later_table_is_read_with_the_columns_of_the_first():
    table = two().rename(columns={"y": "sales"}).assign(noise=1.0)
    first = Panel.from_frame(table, target_col="sales")
    later = table.assign(ds=table["ds"] + pd.Timedelta(days=30), sales=2.0)
    panel = Panel.from_frame(later, columns=first.columns, freq=first.freq)
    assert panel.columns == first.columns == Columns(("unique_id",), "ds", ("sales",))
    assert "constant" in panel.notes[0]
    assert Panel.from_frame(later[:1], columns=first.columns, freq="D").lengths.tolist() == [1]


def test_rows_without_time_are_steps():
    panel = Panel.from_frame(pd.DataFrame({"demand": [3.0, 1.0, 2.0]}))
    assert (panel.freq, panel.season, panel.time.tolist()) == (1, 1, [1, 2, 3])
    assert "no time column" in panel.notes[0]
    assert panel.frame([0], panel.stamps_after(1)[0], {"f": [0.0]}).to_dict("list") == {"ds": [4], "f": [0.0]}


# The public data sets, with the facts their publishers state.


def load(folder, name, **options):
    return Panel.from_frame(read_table(folder / f"{name}.csv.gz"), where=name, **options)


def test_half_hours_with_a_zone(shared_data):
    panel = load(
        shared_data,
        "vic_electricity",
        time_col="Time",
        target_col="Demand",
        futr_exog=["Temperature", "Holiday"],
    )
    assert (panel.freq, panel.season, panel.lengths.tolist()) == ("30min", 48, [52608])
    assert set(panel.futr[:, 1]) == {0.0, 1.0}
    assert panel.write_stamps(panel.stamps_after(1)[0]).tolist() == ["2014-12-31T13:00:00Z"]


def test_months_written_short(shared_data):
    panel = load(shared_data, "airline_passengers")
    assert (panel.freq, panel.season, len(panel.y)) == ("MS", 12, 144)
    assert panel.write_stamps(panel.stamps_after(2)[0]).tolist() == ["1961-01", "1961-02"]


def test_quarters_of_304_series(shared_data):
    panel = load(shared_data, "australia_tourism", id_col=["Region", "State", "Purpose"])
    assert (panel.freq, panel.season, panel.n_series) == ("QS", 4, 304)
    assert set(panel.lengths) == {80}
    assert panel.ids[0] == "Adelaide/South Australia/Business"
    with pytest.raises(ValueError, match=r"24240 duplicate stamps in all.*--id-col"):
        load(shared_data, "australia_tourism")


def test_unsorted_hours_with_duplicates_and_gaps(shared_data):
    with pytest.raises(ValueError, match=r"\(2014-11-02 02:00:00\): the same stamp .*; 4 duplicate stamps"):
        load(shared_data, "pjm_AEP_hourly")
    with pytest.raises(
        ValueError, match=r"1 stamp absent after 2004-10-31 01:00:00.*27 stamps absent in all"
    ):
        load(shared_data, "pjm_AEP_hourly", duplicates="mean")
    panel = load(shared_data, "pjm_AEP_hourly", duplicates="mean", fill_gaps=True)
    assert len(panel.y) == 121273 - 4 + 27
    assert (np.diff(panel.time) == np.timedelta64(1, "h")).all()


def test_dates_written_as_integers_and_missing_weeks(shared_data):
    with pytest.raises(ValueError, match=r"row 7 \(1958-05-10\): the value is missing; 59 such"):
        load(shared_data, "co2_weekly_maunaloa")
    panel = load(shared_data, "co2_weekly_maunaloa", missing="mask")
    assert (panel.freq, panel.season, np.sum(~panel.observed)) == ("W-SAT", 52, 59)
    assert panel.write_stamps(panel.stamps_after(1)[0]).tolist() == [20020105]


def test_missing_values_at_the_start(shared_data):
    panel = load(
        shared_data, "beijing_pm25", time_col="No", target_col="pm2.5", missing="mask", hist_exog="TEMP"
    )
    assert len(panel.y) == 43824 - 24
    assert np.sum(~panel.observed) == 2067 - 24
    with pytest.raises(ValueError, match="exogenous column 'cbwd' is not numeric: row 1 holds 'NW'"):
        load(shared_data, "beijing_pm25", time_col="No", target_col="pm2.5", hist_exog="cbwd")


def test_leap_days_that_were_dropped(shared_data):
    with pytest.raises(ValueError, match=r"1 stamp absent after 1984-12-30.*2 stamps absent in all"):
        load(shared_data, "melbourne_min_temp_daily")
    assert len(load(shared_data, "melbourne_min_temp_daily", fill_gaps=True).y) == 3652


def test_a_wide_benchmark(shared_data):
    names = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]
    panel = load(shared_data, "ETTh1", target_col=names)
    assert (panel.ids, panel.freq, panel.season) == (tuple(names), "h", 24)
    with pytest.raises(ValueError, match="several numeric columns: HUFL"):
        load(shared_data, "ETTh1")


def test_holidays_known_ahead(shared_data):
    panel = load(shared_data, "m5_total_daily", target_col="sales", futr_exog=["Christmas", "Easter"])
    assert (panel.freq, panel.futr.shape) == ("D", (1913, 2))
