"""Time columns of many forms: understood, told, and written back as they came; or refused by name."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from normcast.data import Panel, calendar
from normcast.data.clock import Clock

QUARTERS = pd.period_range("2019Q3", periods=8, freq="Q")
MONTHS = pd.period_range("2019-11", periods=8, freq="M")
WEEKS = [f"{year}-W{week:02d}" for year, week in ((2020, 51), (2020, 52), (2020, 53), (2021, 1), (2021, 2))]
SECONDS = 1_704_067_200 + 3600 * np.arange(8)
DAYS, HOURS = pd.date_range("2023-12-08", periods=40), pd.date_range("2023-12-31", periods=30, freq="h")
HALF_DAYS = [f"01/13/2020 {hour:02d}:00 {half}" for half in ("AM", "PM") for hour in (12, *range(1, 12))]
WEEKLY = pd.date_range("2018-12-17", periods=6, freq="W-MON")
LATE = [
    f"{day.isocalendar().year}-W{day.isocalendar().week}"
    for day in pd.date_range("2018-01-01", periods=12, freq="7D")
]
HALVES = [(year, half) for year in (1979, 1980, 1981) for half in (1, 2)]
BERLIN = pd.date_range("2020-10-24 20:00", periods=12, freq="h", tz="Europe/Berlin")
NEW_YORK = pd.date_range("2020-03-07 20:00", periods=12, freq="h", tz="America/New_York")


def ranges(starts, length, form, between, end_form=None):
    return [f"{start:{form}}{between}{start + pd.Timedelta(length):{end_form or form}}" for start in starts]


FORMS = {
    "2019Q3": (QUARTERS.strftime("%YQ%q"), "QS", 4),
    "2019-Q3": (QUARTERS.strftime("%Y-Q%q"), "QS", 4),
    "2019 q3": (QUARTERS.strftime("%Y q%q"), "QS", 4),
    "Q3 2019": (QUARTERS.strftime("Q%q %Y"), "QS", 4),
    "3Q2019": (QUARTERS.strftime("%qQ%Y"), "QS", 4),
    "2019-11": (MONTHS.strftime("%Y-%m"), "MS", 12),
    "2019M11": (MONTHS.strftime("%YM%m"), "MS", 12),
    "Nov 2019": (MONTHS.strftime("%b %Y"), "MS", 12),
    "ISO week": (WEEKS, "W-MON", 52),
    "week of one digit": (LATE, "W-MON", 52),
    "W05 2020": ([f"W{text[6:]} {text[:4]}" for text in WEEKS], "W-MON", 52),
    "KW 5/20": ([f"KW {text[6:]}/{text[2:4]}" for text in WEEKS], "W-MON", 52),
    "Week 5, 2020": ([f"Week {text[6:]}, {text[:4]}" for text in WEEKS], "W-MON", 52),
    "day of an ISO week": ([f"{day:%G-W%V-%u}" for day in DAYS], "D", 7),
    "Q3-19": (QUARTERS.strftime("Q%q-%y"), "QS", 4),
    "Q3'19": (QUARTERS.strftime("Q%q'%y"), "QS", 4),
    "3Q19": (QUARTERS.strftime("%qQ%y"), "QS", 4),
    "19Q3": (QUARTERS.strftime("%yQ%q"), "QS", 4),
    "2019T3": (QUARTERS.strftime("%YT%q"), "QS", 4),
    "2019 Quarter 3": (QUARTERS.strftime("%Y Quarter %q"), "QS", 4),
    "FY2019 Q3": (QUARTERS.strftime("FY%Y Q%q"), "QS", 4),
    "Q3 FY19": (QUARTERS.strftime("Q%q FY%y"), "QS", 4),
    "FY19": ([f"FY{year}" for year in range(14, 21)], "YS", 1),
    "1980H1": ([f"{year}H{half}" for year, half in HALVES], "6MS", 2),
    "H1 1980": ([f"H{half} {year}" for year, half in HALVES], "6MS", 2),
    "1980-S1": ([f"{year}-S{half}" for year, half in HALVES], "6MS", 2),
    "1H80": ([f"{half}H{year % 100}" for year, half in HALVES], "6MS", 2),
    "2019M1": ([f"{month.year}M{month.month}" for month in MONTHS], "MS", 12),
    "2019-Nov": (MONTHS.strftime("%Y-%b"), "MS", 12),
    "range of a week": (ranges(WEEKLY, "6D", "%Y-%m-%d", " - "), "W-MON", 52),
    "range of ISO 8601": (ranges(WEEKLY, "7D", "%Y-%m-%d", "/"), "W-MON", 52),
    "range in words": (ranges(WEEKLY, "6D", "%d.%m.%Y", " to "), "W-MON", 52),
    "range of a month": (
        [f"{each.start_time:%Y-%m-%d} – {each.end_time:%Y-%m-%d}" for each in MONTHS],
        "MS",
        12,
    ),
    "range of an hour": (ranges(HOURS, "1h", "%d.%m.%Y %H:%M", " - "), "h", 24),
    "range of an hour by its clock": (ranges(HOURS, "1h", "%d.%m.%Y %H:%M", "-", "%H:%M"), "h", 24),
    "range of an hour (CET)": (ranges(HOURS, "1h", "%d.%m.%Y %H:%M", " - ", "%d.%m.%Y %H:%M (CET)"), "h", 24),
    "CET": (HOURS.strftime("%Y-%m-%d %H:%M CET"), "h", 24),
    "GMT": (HOURS.strftime("%a, %d %b %Y %H:%M:%S GMT"), "h", 24),
    "CST": (HOURS.strftime("%m/%d/%Y %H:%M CST"), "h", 24),
    "PM EST": (HOURS.strftime("%m/%d/%Y %I:%M %p EST"), "h", 24),
    "CEST and CET": (BERLIN.strftime("%d.%m.%Y %H:%M (%Z)"), "h", 24),
    "MESZ and MEZ": ([f"{t:%Y-%m-%d %H:%M} {'MESZ' if t.dst() else 'MEZ'}" for t in BERLIN], "h", 24),
    "EST and EDT": (NEW_YORK.strftime("%m/%d/%Y %H:%M %Z"), "h", 24),
    "epoch seconds": (SECONDS, "h", 24),
    "epoch milliseconds": (SECONDS * 1000, "h", 24),
    "yyyymmddhh": (np.array([2023123122, 2023123123, 2024010100, 2024010101, 2024010102]), "h", 24),
    "yyyymm": (MONTHS.strftime("%Y%m").astype(int), "MS", 12),
    "yyyyww": ([202051, 202052, 202053, 202101, 202102], "W-MON", 52),
    "yyyyddd": ([2023363, 2023364, 2023365, 2024001, 2024002], "D", 7),
    "Excel days": (45_000 + np.arange(6), "D", 7),
    "Excel hours": ((45_000 * 24 + np.arange(6)) / 24, "h", 24),
    "AM and PM": (HALF_DAYS, "h", 24),
    "1/9/24": ([f"{day.month}/{day.day}/{day:%y}" for day in DAYS], "D", 7),
    "9.1.2024": ([f"{day.day}.{day.month}.{day.year}" for day in DAYS], "D", 7),
    "2024-1-9": ([f"{day.year}-{day.month}-{day.day}" for day in DAYS], "D", 7),
    "2024/1/9 8:00": ([f"{hour.year}/{hour.month}/{hour.day} {hour.hour}:00" for hour in HOURS], "h", 24),
    "01/09/2024 8:00 pm": (
        [f"{hour:%m/%d/%Y} {(hour.hour - 1) % 12 + 1}:00 {f'{hour:%p}'.lower()}" for hour in HOURS],
        "h",
        24,
    ),
    "2024-01-09T08:00:00.000Z": (HOURS.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "h", 24),
}


def table_of(stamps, name="date"):
    return pd.DataFrame({name: list(stamps), "y": np.arange(len(stamps)) % 3 + 1.0})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_form_is_understood_found_and_written_back(form, library):
    stamps, freq, season = FORMS[form]
    whole = table_of(stamps)
    frame = whole if library == "pandas" else pl.DataFrame(whole.to_dict("list"))
    panel = Panel.from_frame(frame[:-2])
    assert (panel.columns.time, panel.freq, panel.season) == ("date", freq, season)
    ahead = list(panel.write_stamps(panel.stamps_after(2)[0]))
    assert np.allclose(ahead, stamps[-2:]) if "Excel" in form else ahead == list(stamps[-2:])
    again = Panel.from_parts(*json_and_back(panel))
    assert list(again.write_stamps(again.stamps_after(2)[0])) == ahead
    later = Panel.from_frame(frame[-2:], columns=again.columns, freq=panel.freq, season=season)
    assert later.time[-1] == panel.stamps_after(2)[0, -1]


def json_and_back(panel):
    values, arrays = panel.to_parts()
    return json.loads(json.dumps(values)), arrays


def test_what_was_understood_is_told_with_its_first_and_last_stamp():
    assert "time read as quarters: 2019Q3 to 2021Q2" in Panel.from_frame(table_of(FORMS["2019Q3"][0])).notes
    told = Panel.from_frame(table_of(SECONDS)).notes
    assert "time read as seconds since 1970: 2024-01-01 to 2024-01-01 07:00:00" in told


@pytest.mark.parametrize("decimals", [5, 6, 10])
def test_excel_hours_of_few_decimals_are_whole_hours(decimals):
    table = table_of(np.round((45_000 * 24 + np.arange(48)) / 24, decimals))
    panel = Panel.from_frame(table)
    assert (panel.freq, panel.time[1]) == ("h", np.datetime64("2023-03-15T01:00"))


def test_numbers_of_months_go_on_over_the_end_of_a_year_and_have_no_gap():
    within = table_of(range(202401, 202413), "month")
    assert Panel.from_frame(within, time_col="month").stamps_after(1)[0, 0] == np.datetime64("2025-01-01")
    told = Panel.from_frame(table_of(MONTHS.strftime("%Y%m").astype(int))).notes
    assert "time read as months, year first: 2019-11-01 to 2020-06-01" in told


@pytest.mark.parametrize("steps", [range(202095, 202111), range(202001, 202601, 100), range(202001, 202011)])
def test_a_count_that_could_be_months_stays_a_count(steps):
    assert Panel.from_frame(table_of(steps, "shot"), time_col="shot").freq in (1, 100)


def test_a_quarter_that_is_none_is_named():
    with pytest.raises(ValueError, match="row 3: '2020Q5' is not a time stamp"):
        Panel.from_frame(table_of(["2020Q1", "2020Q2", "2020Q5"]), time_col="date")


def test_a_column_of_years_is_the_time_where_it_is_called_so():
    table = table_of(range(1650, 1680), "Year").rename(columns={"y": "value"})
    panel = Panel.from_frame(table, target_col="value")
    assert (panel.columns.time, panel.freq, panel.stamps_after(1)[0, 0]) == ("Year", 1, 1680)
    assert "time read as years, one after another: 1650 to 1679" in panel.notes
    with pytest.raises(ValueError, match=r"'price' \(it begins with 1650\) might be it"):
        Panel.from_frame(table.rename(columns={"Year": "price"}), target_col="value")


@pytest.mark.parametrize(
    ("stamps", "words"),
    [
        (
            ["week one", "week two", "week three"],
            "'when' .it begins with 'week one'. might be it.*--time-col",
        ),
        ([3.5, 4.5, 7.0], "'when' .it begins with 3.5. might be it.*--time-col none"),
    ],
)
def test_rows_are_counted_only_where_no_other_column_may_be_the_time(stamps, words):
    table = table_of(stamps, "when")
    with pytest.raises(ValueError, match=words):
        Panel.from_frame(table, target_col="y")
    for asked in ({"time_col": "none"}, {"freq": 1}):
        panel = Panel.from_frame(table, target_col="y", **asked)
        assert (panel.columns.time, panel.time.tolist()) == (None, [1, 2, 3])
        later = Panel.from_frame(table, columns=panel.columns, freq=1)
        assert later.columns.time is None


def test_a_plain_counter_is_the_time():
    panel = Panel.from_frame(table_of(range(1, 6), "t").rename(columns={"y": "v"}), target_col="v")
    assert (panel.columns.time, panel.freq) == ("t", 1)


def test_a_measured_number_is_no_epoch():
    table = table_of([1_704_067_200, 1_700_000_000, 1_704_067_200], "phone")
    with pytest.raises(ValueError, match="several numeric columns"):
        Panel.from_frame(table.rename(columns={"y": "v"}))


def monthly(dates):
    return table_of([f"{day:%d/%m/%Y}" for day in dates])


def test_the_one_reading_with_a_regular_step_settles_day_and_month():
    table = monthly(pd.date_range("2019-12-01", periods=14, freq="MS") + pd.Timedelta(days=4))
    panel = Panel.from_frame(table)
    assert panel.freq == "MS"
    assert any("day first: the only reading with a regular step" in note for note in panel.notes)
    alone = Panel.from_frame(table_of(["05/03/2021"]), columns=panel.columns, freq="MS")
    assert str(alone.time[0])[:10] == "2021-03-05"


def test_two_regular_readings_are_named_and_a_flag_settles_them():
    table = monthly([pd.Timestamp(2020, month, 1) for month in (2, 3, 4, 5)])
    with pytest.raises(
        ValueError, match=r"1 February 2020 \(day first\).*both give.*--dayfirst or --monthfirst"
    ):
        Panel.from_frame(table)
    by_day = Panel.from_frame(table, time_col=Clock(day_first=True))
    by_month = Panel.from_frame(table, time_col=Clock("date", day_first=False))
    assert (by_day.freq, by_month.freq) == ("MS", "D")
    assert by_day.write_stamps(by_day.stamps_after(1)[0]).tolist() == ["01/06/2020"]
    assert Panel.from_frame(table, columns=by_month.columns).freq == "D"


@pytest.mark.parametrize(
    ("freq", "season"), [("min", 1440), ("5min", 288), ("10min", 144), ("20min", 72), ("s", 1)]
)
def test_a_step_of_minutes_has_the_season_of_a_day_and_says_so(freq, season):
    assert calendar.season_of(freq) == season
    table = table_of(pd.date_range("2024-01-01", periods=2 * season + 2, freq=freq))
    panel = Panel.from_frame(table)
    assert panel.season == season
    assert any("--season" in note for note in panel.notes)
    assert not any("--season" in note for note in Panel.from_frame(table, season=7).notes)


def test_a_series_of_less_than_two_days_has_no_season_of_a_day():
    panel = Panel.from_frame(table_of(pd.date_range("2024-01-01", periods=100, freq="5min")))
    assert panel.season == 1
    assert any("a day has 288 steps of 5min, but the longest series 100" in note for note in panel.notes)


def test_years_that_stand_twice_are_named_before_any_text():
    table = pd.DataFrame({"land": ["x"] * 3 + ["z"] * 3, "Year": [1950, 1951, 1952] * 2, "v": range(6)})
    with pytest.raises(ValueError, match=r"--time-col 'Year'"):
        Panel.from_frame(table, target_col="v")
    assert Panel.from_frame(table, target_col="v", id_col="land").columns.time == "Year"


def test_ranges_of_several_lengths_are_refused_and_few_odd_ones_told():
    days = ranges(pd.date_range("2024-01-01", periods=30), "1D", "%Y-%m-%d", " - ")
    odd = [*days[:29], "2024-01-30 - 2024-02-05"]
    notes = Panel.from_frame(table_of(odd)).notes
    assert any("1 of another length, the first '2024-01-30 - 2024-02-05'" in note for note in notes)
    with pytest.raises(
        ValueError, match=r"'2024-01-01 - 2024-01-02' to .* are ranges of different lengths.*--freq"
    ):
        Panel.from_frame(table_of([*days[:3], "2024-01-04 - 2024-02-05"]))
    with pytest.raises(ValueError, match="row 4: '2024-01-04' is no range as '2024-01-01 - 2024-01-02' is"):
        Panel.from_frame(table_of([*days[:3], "2024-01-04"]), time_col="date")


def test_an_offset_is_no_range_and_a_range_no_offset():
    days = pd.date_range("2024-01-01", periods=5)
    offset = Panel.from_frame(table_of(days.strftime("%Y-%m-%d 00:00-05:00")))
    assert offset.stamps.zone is not None
    hours = Panel.from_frame(table_of(ranges(HOURS, "1h", "%Y-%m-%d %H:%M", "-", "%H:%M")))
    assert (hours.stamps.zone, hours.freq) == (None, "h")


def test_two_zones_that_no_clock_has_are_named_with_their_row():
    table = table_of(["2024-01-01 00:00 CET", "2024-01-01 01:00 CET", "2024-01-01 02:00 UTC"])
    with pytest.raises(
        ValueError, match=r"row 3: mixed time zones, '2024-01-01 02:00 UTC' \(UTC\) after .*CET"
    ):
        Panel.from_frame(table)


def test_an_hour_that_comes_twice_is_two_and_a_missing_one_is_a_gap():
    hours = pd.date_range("2020-10-24 20:00", periods=40, freq="h", tz="Europe/Berlin")
    texts = list(hours.strftime("%Y-%m-%d %H:%M %Z"))
    panel = Panel.from_frame(table_of(texts))
    assert list(panel.write_stamps(panel.time)) == texts
    with pytest.raises(ValueError, match=r"1 stamp absent after 2020-10-25 01:00:00\+02:00"):
        Panel.from_frame(table_of([*texts[:6], *texts[7:]]))


def test_names_that_do_not_go_with_their_clock_are_counted_in_utc():
    panel = Panel.from_frame(
        table_of([f"2020-01-01 0{at}" for at in ("0:00 CEST", "1:00 CEST", "2:00 CEST", "2:00 CET")])
    )
    assert list(panel.write_stamps(panel.stamps_after(1)[0])) == ["2020-01-01 02:00+00:00"]


@pytest.mark.parametrize("month", ["März", "mars", "enero"])
def test_a_month_in_another_language_is_answered_with_numbers(month):
    with pytest.raises(ValueError, match="Months by name are read in English only: write them as numbers"):
        Panel.from_frame(table_of([f"{month} {year}" for year in range(2015, 2020)]))
