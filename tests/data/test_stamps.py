import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from normcast.data import Panel


def panel_of(stamps, **options):
    values = np.arange(len(stamps)) ** 2.0
    return Panel.from_frame(pd.DataFrame({"ds": stamps, "y": values}), where="t.csv", **options)


def written(panel, h=2):
    return panel.frame(np.zeros(h, int), panel.stamps_after(h)[0], {})["ds"]


@pytest.mark.parametrize(
    ("texts", "freq", "after"),
    [
        (["1949-01", "1949-02", "1949-03"], "MS", ["1949-04", "1949-05"]),
        (["2024-01-01", "2024-01-02", "2024-01-03"], "D", ["2024-01-04", "2024-01-05"]),
        (["2024-01-01 00:00", "2024-01-01 00:30"], "30min", ["2024-01-01 01:00", "2024-01-01 01:30"]),
        (
            ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z"],
            "h",
            ["2024-01-01T02:00:00Z", "2024-01-01T03:00:00Z"],
        ),
        (
            ["2024-01-01T00:00:00+0530", "2024-01-01T01:00:00+0530"],
            "h",
            ["2024-01-01T02:00:00+0530", "2024-01-01T03:00:00+0530"],
        ),
        (["30/01/2024", "31/01/2024", "01/02/2024"], "D", ["02/02/2024", "03/02/2024"]),
        (["01/30/2024", "01/31/2024"], "D", ["02/01/2024", "02/02/2024"]),
        (["30.01.2024", "31.01.2024"], "D", ["01.02.2024", "02.02.2024"]),
        (["Jan 2020", "Feb 2020", "Mar 2020"], "MS", ["Apr 2020", "May 2020"]),
        (["13/01/20", "14/01/20"], "D", ["15/01/20", "16/01/20"]),
        (["1990", "1991"], "YS", ["1992", "1993"]),
        (["01/13/2020 11:00 AM", "01/13/2020 12:00 PM"], "h", ["01/13/2020 01:00 PM", "01/13/2020 02:00 PM"]),
        (["01/02/2024", "13/02/2024", "25/02/2024"], "12D", ["08/03/2024", "20/03/2024"]),
    ],
)
def test_text_comes_out_as_it_came_in(texts, freq, after):
    panel = panel_of(texts)
    assert panel.freq == freq
    assert written(panel).tolist() == after


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["2024-01-01", "2024-13-01"], r"t\.csv: time column 'ds', row 2: '2024-13-01' is not a time stamp"),
        (["2024-01-01", "2024-01-02", "soon"], "row 3: 'soon' is not a time stamp"),
        (["01/13/2024", "01/14/2024", "14/14/2024"], "row 3: '14/14/2024' is not"),
        (["2024-01-01", None], "row 2: the time stamp is empty"),
        (
            ["2024-01-01T00:00Z", "2024-01-01T01:00+01:00"],
            r"row 2: mixed time zones, .*\(\+01:00\) after .*\(Z\)",
        ),
        (["2024-01-01T00:00Z", "2024-01-01T01:00"], r"row 2: mixed time zones, .*no time zone"),
        (["01/02/2024", "01/03/2024"], "'01/02/2024' can be read as either day first or month first"),
        (["1400-01-01", "1400-01-02"], "row 1: '?1400-01-01.* is (outside the years|not a time stamp)"),
    ],
)
def test_the_first_bad_stamp_is_named(texts, words):
    with pytest.raises(ValueError, match=words):
        panel_of(texts, time_col="ds")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_pandas_times_keep_unit_and_zone(unit, zone):
    stamps = pd.date_range("2024-03-30", periods=48, freq="h", tz=zone).as_unit(unit)
    panel = panel_of(stamps[:-2])
    assert panel.freq == "h"
    pd.testing.assert_series_equal(pd.Series(written(panel)), pd.Series(stamps[-2:]), check_names=False)
    assert written(panel).dtype == stamps.dtype


def test_days_stay_days_over_a_clock_change():
    stamps = pd.date_range("2024-03-25", periods=10, freq="D", tz="Europe/Berlin")
    panel = panel_of(stamps[:-2])
    assert panel.freq == "D"
    assert written(panel).tolist() == stamps[-2:].tolist()


def test_hours_over_a_clock_change_are_regular_with_a_zone_only():
    stamps = pd.date_range("2024-10-26 22:00", periods=8, freq="h", tz="Europe/Berlin")
    assert panel_of(stamps).freq == "h"
    with pytest.raises(ValueError, match=r"row 6 \(2024-10-27 02:00:00\): the same stamp stands in row 5"):
        panel_of(stamps.tz_localize(None))


@pytest.mark.parametrize("dtype", ["int64", "int32", "Int64"])
def test_yyyymmdd_integers_are_dates_and_come_out_as_integers(dtype):
    panel = panel_of(pd.Series([20240227, 20240228, 20240229], dtype=dtype))
    assert panel.freq == "D"
    assert written(panel).tolist() == [20240301, 20240302]
    assert written(panel).dtype == dtype


def test_other_integers_are_steps():
    panel = panel_of([10, 20, 30], time_col="ds")
    assert (panel.freq, panel.season, panel.time.dtype) == (10, 1, np.int64)
    assert written(panel).tolist() == [40, 50]
    with pytest.raises(ValueError, match=r"row 3 \(25\): not a whole number of steps 10"):
        panel_of([10, 20, 25, 35, 45], time_col="ds")


def test_python_dates_and_periods_come_out_as_such():
    days = [datetime.date(2024, 1, day) for day in (1, 2, 3)]
    assert written(panel_of(days)).tolist() == [datetime.date(2024, 1, 4), datetime.date(2024, 1, 5)]
    months = pd.period_range("2024-01", periods=5, freq="M")
    assert written(panel_of(months[:3])).tolist() == months[3:].tolist()


def test_polars_types_come_out_as_they_came_in():
    days = pl.date_range(datetime.date(2024, 1, 1), datetime.date(2024, 1, 5), eager=True)
    zoned = pl.datetime_range(
        datetime.datetime(2024, 3, 31),
        datetime.datetime(2024, 3, 31, 4),
        "1h",
        time_zone="Europe/Berlin",
        eager=True,
    )
    for stamps in (
        days,
        zoned,
        days.cast(pl.Datetime("ms")),
        days.cast(pl.String),
        pl.Series([1, 2, 3, 4], dtype=pl.Int16),
    ):
        table = pl.DataFrame({"ds": stamps, "y": np.arange(len(stamps)) + 1.0})
        panel = Panel.from_frame(table[:-2])
        out = written(panel)
        assert isinstance(out, pl.Series)
        assert out.dtype == stamps.dtype
        assert out.to_list() == stamps[-2:].to_list()


def test_a_time_index_is_the_time_column():
    table = pd.DataFrame({"y": [1.0, 2.0, 4.0]}, index=pd.date_range("2024-01-01", periods=3))
    assert Panel.from_frame(table).columns.time == "ds"
    assert Panel.from_frame(table.rename_axis("day")).columns.time == "day"


def test_numbers_that_are_no_time_are_refused():
    with pytest.raises(ValueError, match="must hold dates, times or whole numbers"):
        panel_of([1.5, 2.5], time_col="ds")


def test_half_seconds_are_not_lost():
    out = written(panel_of(["2020-01-01 00:00:00.0", "2020-01-01 00:00:00.5"]))
    assert pd.to_datetime(out).tolist() == [
        pd.Timestamp("2020-01-01 00:00:01"),
        pd.Timestamp("2020-01-01 00:00:01.5"),
    ]


def test_python_times_of_two_zones_are_refused_by_row():
    berlin, utc = (pd.Timestamp("2024-01-01", tz=zone) for zone in ("Europe/Berlin", "UTC"))
    with pytest.raises(ValueError, match="row 3: mixed time zones, UTC after Europe/Berlin"):
        panel_of(pd.Series([berlin, berlin, utc], dtype=object))
    with pytest.raises(ValueError, match="row 2: 5 is not a time stamp"):
        panel_of(pd.Series([datetime.date(2024, 1, 1), 5], dtype=object), time_col="ds")


def test_utc_may_be_written_in_two_ways():
    panel = panel_of(["2024-01-01T00:00Z", "2024-01-01T01:00+00:00", "2024-01-01T02:00Z"])
    assert panel.freq == "h"


def local(start, periods, freq):
    """Stamps of Paris as text, and their times."""
    times = pd.date_range(start, periods=periods, freq=freq, tz="Europe/Paris")
    return [time.isoformat() for time in times], times


@pytest.mark.parametrize("start", ["2024-03-30 20:00", "2024-10-26 20:00"])
def test_hours_across_a_clock_change_are_regular_and_written_in_utc(start):
    texts, times = local(start, 30, "h")
    panel = Panel.from_frame(pd.DataFrame({"ds": texts, "y": np.arange(30.0)}))
    assert (panel.freq, panel.lengths.tolist()) == ("h", [30])
    assert (pd.DatetimeIndex(panel.time, tz="UTC") == times).all()
    after = pd.Timestamp(panel.write_stamps(panel.stamps_after(1).ravel())[0])
    assert after == times[-1] + pd.Timedelta(hours=1)
    assert after.utcoffset() == pd.Timedelta(0)
    assert any("time read as UTC, as which forecasts are written" in note for note in panel.notes)


def test_days_across_a_clock_change_stay_days_without_an_offset():
    texts, _ = local("2024-03-28", 8, "D")
    panel = Panel.from_frame(pd.DataFrame({"ds": texts, "y": np.arange(8.0)}))
    assert panel.freq == "D"
    assert list(panel.write_stamps(panel.stamps_after(1).ravel())) == ["2024-04-05T00:00:00"]
    assert any("offsets +01:00 and +02:00 change with the clock" in note for note in panel.notes)


def test_offsets_that_change_more_often_than_a_clock_are_refused():
    texts = [f"2024-03-01T{hour:02}:00+0{1 + hour % 2}:00" for hour in range(8)]
    with pytest.raises(ValueError, match="mixed time zones"):
        Panel.from_frame(pd.DataFrame({"ds": texts, "y": np.arange(8.0)}))
