"""Gaps that repeat every week are a calendar; other gaps are gaps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.data import Panel, calendar, future_rows
from normcast.data.week import DAY, Week

HALF_HOUR = 30 * 60 * 10**9
TRADING = "30min@Mon-Fri/09:30-15:30"


def table(stamps, **columns):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"ds": stamps, "y": rng.normal(size=len(stamps)).cumsum(), **columns})


def trading(start="2024-01-01", end="2024-06-28", zone=None):
    days = pd.bdate_range(start, end, tz=zone)
    hours = pd.timedelta_range("9h30min", "15h30min", freq="30min")
    return pd.DatetimeIndex([day.replace(tzinfo=None) + hour for day in days for hour in hours], tz=zone)


def on(*days, n=200):
    every = pd.date_range("2024-01-01", periods=n)
    return every[every.day_of_week.isin(days)]


def ahead(panel, h):
    return [str(each)[:16] for each in panel.stamps_after(h)[0]]


HOLIDAYS = pd.to_datetime(["2024-01-01", "2024-03-29", "2024-04-01", "2024-05-01", "2024-05-09"])


def test_business_days_with_holidays_count_rows_and_name_the_holidays():
    panel = Panel.from_frame(table(pd.bdate_range("2023-12-27", "2024-06-28").difference(HOLIDAYS)))
    assert (panel.freq, panel.season, panel.longer_seasons) == ("B", 5, ())
    assert "rows stand on Monday to Friday: steps are business days, season 5" in panel.notes
    assert (
        "5 days of the calendar without a row, taken for holidays: filled from one season before, left out "
        "of scores and training: 2024-01-01, 2024-03-29, 2024-04-01, ..."
    ) in panel.notes
    every = pd.bdate_range("2023-12-27", "2024-06-28")
    assert (panel.time == every.as_unit("ns").to_numpy()).all()
    assert panel.observed.tolist() == (~every.isin(HOLIDAYS)).tolist()
    good_friday = int(np.flatnonzero(every == "2024-03-29")[0])
    assert panel.y[good_friday] == panel.y[good_friday - 5]
    assert ahead(panel, 2) == ["2024-07-01T00:00", "2024-07-02T00:00"]


def test_monday_to_saturday_is_a_week_of_six_steps():
    panel = Panel.from_frame(table(on(0, 1, 2, 3, 4, 5)))
    assert (panel.freq, panel.season) == ("D@Mon-Sat", 6)
    assert ahead(panel, 8)[5:] == ["2024-07-25T00:00", "2024-07-26T00:00", "2024-07-27T00:00"]
    assert "2024-07-21T00:00" not in ahead(panel, 8)


def test_days_that_are_left_out_in_the_middle_of_the_week_are_a_week_too():
    assert Panel.from_frame(table(on(0, 1, 3, 4))).freq == "D@Mon-Tue,Thu-Fri"


def test_trading_hours_have_a_day_and_a_week_and_go_on_the_next_morning():
    days = trading()
    panel = Panel.from_frame(table(days[days.normalize() != "2024-05-01"]))
    assert (panel.freq, panel.season, panel.longer_seasons) == (TRADING, 13, (65,))
    assert panel.notes[0] == (
        "rows stand on Monday to Friday from 09:30 to 15:30: steps are these times, season 13 and 65 "
        f"({TRADING})"
    )
    assert "2024-05-01" in panel.notes[1]
    assert ahead(panel, 14)[::13] == ["2024-07-01T09:30", "2024-07-02T09:30"]


def test_shop_hours_of_every_day_are_a_calendar():
    hours = pd.date_range("2024-01-01", "2024-02-10 23:00", freq="h")
    panel = Panel.from_frame(table(hours[(hours.hour >= 9) & (hours.hour <= 20)]))
    assert (panel.freq, panel.season, panel.longer_seasons) == ("h@Mon-Sun/09:00-20:00", 12, (84,))
    assert ahead(panel, 1) == ["2024-02-11T09:00"]


def test_days_of_unlike_hours_have_the_season_of_a_week():
    hours = pd.date_range("2024-01-01", "2024-02-10 23:00", freq="h")
    day, hour = hours.day_of_week, hours.hour
    panel = Panel.from_frame(
        table(hours[(hour >= 9) & (((day < 5) & (hour < 18)) | ((day == 5) & (hour < 13)))])
    )
    assert (panel.freq, panel.season) == ("h@Mon-Fri/09:00-17:00+Sat/09:00-12:00", 49)
    assert ahead(panel, 1) == ["2024-02-12T09:00"]


def test_trading_hours_keep_their_wall_time_over_a_clock_change():
    stamps = trading(end="2024-03-08", zone="America/New_York")
    panel = Panel.from_frame(table(stamps))
    assert panel.freq == TRADING
    later = panel.write_stamps(panel.stamps_after(13)[0])
    assert str(later[0]) == "2024-03-11 09:30:00-04:00"
    assert str(later[12]) == "2024-03-11 15:30:00-04:00"
    over = trading(start="2024-02-01", end="2024-04-30", zone="America/New_York")
    assert Panel.from_frame(table(over)).freq == TRADING
    assert (panel.write_stamps(panel.time) == stamps).all()


def test_a_gap_within_the_calendar_is_a_gap_and_is_filled_as_one():
    stamps = trading().delete([200, 201])
    with pytest.raises(ValueError, match=r"2 stamps absent after .* at step '30min@Mon-Fri.*--fill-gaps"):
        Panel.from_frame(table(stamps))
    filled = Panel.from_frame(table(stamps), fill_gaps=True)
    assert (filled.time == trading().as_unit("ns").to_numpy()).all()


def test_days_that_end_early_are_not_observed_behind_their_last_row():
    every = trading()
    early = every.normalize().isin(pd.to_datetime(["2024-03-28", "2024-05-24"])) & (every.hour >= 13)
    panel = Panel.from_frame(table(every[~early]))
    assert (panel.freq, panel.season) == (TRADING, 13)
    assert (panel.time == every.as_unit("ns").to_numpy()).all()
    assert panel.observed.tolist() == (~early).tolist()
    np.testing.assert_array_equal(panel.y[early], panel.y[np.flatnonzero(early) - 13])
    assert (
        "2 days of the calendar that ended early, 12 steps behind: filled from one season before, left out "
        "of scores and training: 2024-03-28, 2024-05-24"
    ) in panel.notes


def test_a_last_row_that_is_lost_a_hole_and_many_short_days_are_gaps():
    every = trading()
    of_day = every.normalize() == "2024-03-28"
    hole = of_day & (every.hour == 11) | of_day & (every.hour >= 14)
    with pytest.raises(ValueError, match="1 stamp absent after 2024-03-28 15:00"):
        Panel.from_frame(table(every[~(of_day & (every.hour == 15) & (every.minute == 30))]))
    with pytest.raises(ValueError, match="2 stamps absent after 2024-03-28 10:30"):
        Panel.from_frame(table(every[~hole]))
    often = every.normalize().isin(every.normalize().unique()[3:75:5]) & (every.hour == 15)
    with pytest.raises(ValueError, match="2 stamps absent after"):
        Panel.from_frame(table(every[~often]), freq=TRADING)


@pytest.mark.parametrize("missing", ["error", "last", "seasonal", "zero", "mask"])
def test_a_gap_beside_holidays_is_filled_as_asked_and_the_holidays_are_not_observed(missing):
    every = trading()
    shut = every.normalize().isin(pd.to_datetime(["2024-01-15", "2024-02-20", "2024-05-01"]))
    given = every[~shut].delete([200, 201, 800])
    panel = Panel.from_frame(table(given), fill_gaps=True, missing=missing)
    assert (panel.time == every.as_unit("ns").to_numpy()).all()
    absent = ~every.isin(given)
    assert panel.observed.tolist() == (~(absent if missing == "mask" else shut)).tolist()
    assert any(note.startswith("3 stamps absent, inserted as missing") for note in panel.notes)
    assert any(note.startswith("3 missing values of 'y' were filled") for note in panel.notes)
    places = np.flatnonzero(shut)
    np.testing.assert_array_equal(panel.y[places], panel.y[places - 13])
    with pytest.raises(ValueError, match="3 stamps absent in all, in 2 gaps"):
        Panel.from_frame(table(given), missing=missing)


@pytest.mark.parametrize(("holes", "found"), [(7, True), (8, False)])
def test_a_hole_of_more_than_seven_days_is_a_gap(holes, found):
    stamps = table(pd.bdate_range("2022-01-03", periods=500).delete(range(100, 100 + holes)))
    if found:
        assert Panel.from_frame(stamps).freq == "B"
    else:
        with pytest.raises(ValueError, match=f"{holes} stamps absent after"):
            Panel.from_frame(stamps)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("freq", "n"), [("h", 600), ("D", 200), ("B", 200)])
def test_gaps_at_random_are_gaps(freq, n, seed):
    stamps = pd.date_range("2024-01-01", periods=n, freq=freq)
    keep = np.random.default_rng(seed).random(n) > 0.15
    keep[[0, -1]] = True
    with pytest.raises(ValueError, match=r"absent in all.*--fill-gaps"):
        Panel.from_frame(table(stamps[keep]))


def test_two_weeks_are_too_few_for_a_calendar_of_hours():
    with pytest.raises(ValueError, match="absent"):
        Panel.from_frame(table(trading(end="2024-01-12")))
    assert Panel.from_frame(table(trading(end="2024-01-12")), freq=TRADING).freq == TRADING
    assert Panel.from_frame(table(trading(end="2024-01-19"))).freq == TRADING


def hours(n_days, seed=0, share=1.0):
    """Hours from 09:00 to 17:00 of business days, of which a share is there."""
    stamps = pd.date_range("2024-01-01", periods=24 * n_days, freq="h")
    stamps = stamps[(stamps.day_of_week < 5) & (stamps.hour >= 9) & (stamps.hour < 18)]
    return stamps[np.random.default_rng(seed).random(len(stamps)) < share]


@pytest.mark.parametrize(("n_days", "share"), [(180, 0.8), (19, 0.92)])
def test_hours_with_too_many_gaps_for_so_few_weeks_are_no_calendar(n_days, share):
    with pytest.raises(ValueError, match="at step 'h';"):
        Panel.from_frame(table(hours(n_days, seed=2, share=share)))
    with pytest.raises(ValueError, match="at step 'h@Mon-Fri/09:00-17:00';"):
        Panel.from_frame(table(hours(180, share=0.92)))


def test_an_hour_that_is_there_now_and_then_makes_no_calendar():
    late = hours(180)
    late = late[(late.hour < 17) | (late.day_of_year % 3 == 0)]
    with pytest.raises(ValueError, match="at step 'h';"):
        Panel.from_frame(table(late))


def test_hours_that_changed_half_way_are_no_calendar():
    every = pd.date_range("2024-01-01", periods=24 * 60, freq="h")
    late = (every.hour >= 9) & (every.hour < np.where(np.arange(len(every)) < 900, 18, 21))
    with pytest.raises(ValueError, match="absent"):
        Panel.from_frame(table(every[late]))


def test_series_share_the_calendar_and_a_day_that_one_of_them_lacks_is_a_gap():
    days = pd.bdate_range("2024-01-01", "2024-06-28").difference(HOLIDAYS)
    both = pd.concat([table(days).assign(unique_id="a"), table(days[20:]).assign(unique_id="b")])
    panel = Panel.from_frame(both)
    assert panel.freq == "B"
    assert panel.lengths.tolist() == [len(days) + 4, len(days) - 16]  # with four holidays each
    with pytest.raises(ValueError, match=r"series 'b'.*1 stamp absent"):
        Panel.from_frame(both[(both["unique_id"] == "a") | (both["ds"] != "2024-04-10")])


def test_new_rows_of_a_named_calendar_have_holidays_of_their_own():
    short = pd.bdate_range("2024-12-16", "2025-01-10").difference(
        pd.to_datetime(["2024-12-25", "2025-01-01"])
    )
    panel = Panel.from_frame(table(short), freq="B")
    assert len(panel.time) == 20
    assert panel.observed.sum() == 18
    assert len(panel.notes) == 1


def test_a_holiday_ahead_needs_its_row_since_it_cannot_be_known():
    days = pd.bdate_range("2024-01-01", "2024-04-30")
    later = pd.bdate_range("2024-05-01", periods=5)
    panel = Panel.from_frame(table(days, x=1.0), futr_exog="x")
    assert future_rows(panel, pd.DataFrame({"ds": later, "x": 2.0}), 5).shape == (1, 5, 1)
    with pytest.raises(ValueError, match="has no row for 2024-05-02"):
        future_rows(panel, pd.DataFrame({"ds": later.delete(1), "x": 2.0}), 4)
    own = table(days.append(later.delete(1)), x=1.0)
    own.loc[len(days) :, "y"] = np.nan
    with pytest.raises(ValueError, match="1 stamp absent after 2024-05-01"):
        Panel.from_frame(own, futr_exog="x")


@given(
    st.sampled_from([DAY, 3600 * 10**9, HALF_HOUR, 10 * 60 * 10**9]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 20_000),
)
@settings(max_examples=60, deadline=None)
def test_any_week_counts_its_slots_and_reads_what_it_writes(size, seed, day):
    rng = np.random.default_rng(seed)
    mask = rng.random(7 * DAY // size) < 0.4
    mask[rng.integers(len(mask))] = True
    phase = 0 if size == DAY else int(rng.integers(size // 10**9)) * 10**9
    week = Week(size, mask.tobytes(), phase)
    assert Week.read(week.text, size).slots.tolist() == week.slots.tolist()
    grid = day * DAY + phase + size * np.arange(21 * DAY // size)
    is_open = week.count(grid)[1] < size
    days = (day + 3, day + 4, day + 10)
    assert week.steps_of(days).tolist() == week.count(grid[is_open & np.isin(grid // DAY, days)])[0].tolist()
    count, rest = week.count(grid[is_open])
    assert (np.diff(count) == 1).all()
    assert (week.stamp(count, rest) == grid[is_open]).all()


def test_business_days_count_as_numpy_does():
    days = np.arange(-4000, 20_000)
    count, rest = calendar.parse("B").count(days * DAY)
    np.testing.assert_array_equal(
        np.diff(count), np.diff(np.busday_count("1950-01-02", days.astype("M8[D]")))
    )
    np.testing.assert_array_equal(rest < DAY, np.is_busday(days.astype("M8[D]")))


@pytest.mark.parametrize(
    "freq",
    [
        "D@",
        "D@Mon-Xyz",
        "D@Mon/09:00",
        "h@Mon-Fri",
        "h@Mon/9:00",
        "h@Mon/09:00,10:30",
        "h@Mon/25:00",
        "W@Mon",
    ],
)
def test_a_week_that_cannot_be_read_is_answered_with_how_to_write_one(freq):
    with pytest.raises(ValueError, match=r"does not name a week\. Write days"):
        calendar.parse(freq)


@pytest.mark.parametrize(
    ("freq", "seasons"),
    [
        ("h", (24, 168)),
        ("30min", (48, 336)),
        ("5min", (288, 2016)),
        ("min", (1440, 10080)),
        ("10s", (1, 8640, 60480)),
        ("7min", (1,)),
        ("D", (7,)),
        ("5min@Mon-Fri/09:30-15:55", (78, 390)),
        ("s@Mon-Fri/09:30-15:59:59", (1, 23_400, 117_000)),
    ],
)
def test_fine_steps_have_a_day_and_a_week(freq, seasons):
    assert calendar.seasons_of(freq) == seasons


def test_several_seasons_may_be_named_from_the_main_one_up():
    hours = table(pd.date_range("2024-01-01", periods=100, freq="h"))
    panel = Panel.from_frame(hours, season=[12, 24])
    assert (panel.season, panel.longer_seasons) == (12, (24,))
    assert Panel.from_frame(hours, season=24).longer_seasons == ()
    with pytest.raises(ValueError, match=r"season: \[24, 12\] must rise"):
        Panel.from_frame(hours, season=[24, 12])
