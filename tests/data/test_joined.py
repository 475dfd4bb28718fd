import numpy as np
import pandas as pd
import polars as pl
import pytest

from normcast.data import Panel
from normcast.data.joined import clock_of

HOURS = pd.date_range("2004-03-10 22:00", periods=6, freq="h")


def table_of(**columns):
    return pd.DataFrame({**columns, "v": np.arange(len(HOURS)) % 3 + 1.0})


TWO = {
    "18.00.00": {"Date": HOURS.strftime("%d/%m/%Y"), "Time": HOURS.strftime("%H.%M.%S")},
    "iso": {"date": HOURS.strftime("%Y-%m-%d"), "time": HOURS.strftime("%H:%M")},
    "hour": {"date": HOURS.strftime("%Y-%m-%d"), "hour": HOURS.hour},
    "18h": {"date": HOURS.strftime("%Y-%m-%d"), "time": HOURS.strftime("%Hh")},
    "6:00 PM": {"date": HOURS.strftime("%Y-%m-%d"), "time": HOURS.strftime("%I:%M %p")},
    "fields": {"year": HOURS.year, "month": HOURS.month, "day": HOURS.day, "hour": HOURS.hour},
}


@pytest.mark.parametrize("form", TWO)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_date_and_time_in_several_columns_are_joined_and_told(form, library):
    table = table_of(**TWO[form])
    frame = table if library == "pandas" else pl.DataFrame(table.to_dict("list"))
    panel = Panel.from_frame(frame, target_col="v")
    assert (panel.time == HOURS.to_numpy()).all()
    assert (panel.freq, panel.season, panel.columns.time) == ("h", 24, " + ".join(TWO[form]))
    assert "are joined as" in panel.notes[0]
    later = Panel.from_frame(frame[-1:], columns=Panel.from_parts(*panel.to_parts()).columns, freq="h")
    assert later.time[0] == HOURS[-1]
    ahead = panel.frame([0], panel.stamps_after(1)[0], {"f": [0.0]})
    assert "04:00" in ahead[panel.columns.time][0]


def test_year_and_month_are_a_month():
    months = pd.date_range("2020-11-01", periods=4, freq="MS")
    table = pd.DataFrame({"Year": months.year, "Month": months.month, "v": [1.0, 2.0, 4.0, 3.0]})
    panel = Panel.from_frame(table, target_col="v")
    assert (panel.freq, panel.season) == ("MS", 12)
    assert panel.write_stamps(panel.stamps_after(1)[0]).tolist() == ["2021-03"]


def test_a_time_column_that_is_named_is_not_joined():
    days = pd.date_range("2024-01-01", periods=6).strftime("%Y-%m-%d")
    panel = Panel.from_frame(table_of(date=days, time=["18:00"] * 6), time_col="date")
    assert (panel.columns.time, panel.freq) == ("date", "D")


def test_a_time_of_day_that_is_none_is_named_by_row():
    table = table_of(
        date=HOURS.strftime("%Y-%m-%d"), time=["22:00", "23:00", "24:10", "1:00", "2:00", "3:00"]
    )
    with pytest.raises(ValueError, match="row 3: '24:10' is not a time of day"):
        Panel.from_frame(table)


@pytest.mark.parametrize(
    ("text", "clock"),
    [("12:30 AM", "00:30"), ("12 PM", "12:00"), ("6pm", "18:00"), ("7h05", "07:05"), ("18.00.30", "18:00:30"),
     ("18:61", None), ("noon", None)],
)  # fmt: skip
def test_times_of_day_are_read(text, clock):
    assert clock_of(text) == clock


def test_a_date_that_stands_once_or_a_whole_stamp_is_not_joined():
    days = pd.date_range("2024-01-01", periods=6).strftime("%Y-%m-%d")
    panel = Panel.from_frame(table_of(date=days, hour=[5, 7, 3, 6, 1, 2]), target_col="v")
    assert (panel.columns.time, panel.freq) == ("date", "D")
    table = table_of(when=HOURS, year=HOURS.year, month=HOURS.month, hour=HOURS.hour)
    assert Panel.from_frame(table, target_col="v").columns.time == "when"
    shops = pd.concat([table_of(date=days, hour=1).assign(shop=shop) for shop in "ab"])
    assert Panel.from_frame(shops, target_col="v", id_col="shop").columns.time == "date"


@pytest.mark.parametrize(
    ("name", "values", "ahead", "freq"),
    [
        ("month", ["Nov", "Dec", "Jan", "Feb", "Mar"], "2021-04", "MS"),
        ("quarter", [3, 4, 1, 2, 3], "2021Q4", "QS"),
        ("Qtr", ["Q3", "Q4", "Q1", "Q2", "Q3"], "2021Q4", "QS"),
        ("week", [52, 53, 1, 2, 3], "2021-W04", "W-MON"),
    ],
)
@pytest.mark.parametrize("is_named", [False, True])
def test_a_year_and_its_month_quarter_or_week_need_no_other_flag(name, values, ahead, freq, is_named):
    table = pd.DataFrame(
        {"year": [2020, 2020, 2021, 2021, 2021], name: values, "v": [1.0, 2.0, 4.0, 3.0, 5.0]}
    )
    panel = Panel.from_frame(table, time_col=f"year + {name}" if is_named else None)
    assert panel.freq == freq
    assert panel.write_stamps(panel.stamps_after(1)[0]).tolist() == [ahead]


@pytest.mark.parametrize("part", ["hour", "time"])
def test_hours_that_end_at_24_go_on_over_the_end_of_the_day(part):
    hours = np.tile(np.arange(1, 25), 3)
    dates = np.repeat(pd.date_range("2023-12-31", periods=3).strftime("%d.%m.%Y"), 24)
    clocks = hours if part == "hour" else [f"{hour:02}:00" for hour in hours]
    panel = Panel.from_frame(pd.DataFrame({"date": dates, part: clocks, "v": np.sin(hours)}))
    assert (panel.freq, panel.lengths.tolist()) == ("h", [72])
    assert panel.time[23] == np.datetime64("2024-01-01T00:00")
    assert panel.write_stamps(panel.stamps_after(1)[0]).tolist() == ["03.01.2024 01:00"]
    assert any("24:00 is the start of the next day" in note for note in panel.notes)


def test_a_part_that_is_no_number_is_named_by_row():
    table = pd.DataFrame({"year": [2020] * 3, "month": ["Jan", "Feb", "Frost"], "v": [1.0, 2.0, 4.0]})
    with pytest.raises(ValueError, match="time column 'month', row 3: 'Frost' is no year, month"):
        Panel.from_frame(table, time_col="year + month")


def test_a_part_of_the_time_may_be_exogenous_too():
    table = table_of(**TWO["fields"])
    panel = Panel.from_frame(table, futr_exog=["hour", "month"])
    assert panel.columns.time == "year + month + day + hour"
    assert panel.columns.targets == ("v",)
    assert panel.futr[:, 0].tolist() == HOURS.hour.tolist()
