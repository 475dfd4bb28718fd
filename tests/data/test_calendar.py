import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normcast.data import Panel, calendar
from normcast.data.stamps import Stamps
from tests.data.frames import daily

NAMES = [
    "h",
    "D",
    "30min",
    "15min",
    "10min",
    "s",
    "W-SAT",
    "W-MON",
    "MS",
    "ME",
    "QS",
    "QE",
    "QS-FEB",
    "QE-JAN",
    "YS",
    "YE",
    "YS-APR",
    "YE-JUN",
    "B",
    "2h",
    "6MS",
    "3D",
    "5ME",
]


def stamps_of(name, start="2019-03-03", n=40):
    return pd.date_range(start, periods=n, freq=name).as_unit("ns").asi8


@given(st.sampled_from(NAMES), st.dates(pd.Timestamp("1700-01-01").date(), pd.Timestamp("2100-01-01").date()))
@settings(max_examples=150, deadline=None)
def test_the_calendar_counts_as_pandas_does(name, start):
    stamps = stamps_of(name, start)
    step = calendar.infer(stamps, np.array([0, 40]), Stamps("datetime"), "t")
    if not (step.name == "D" and name == "B"):
        assert step.name == name
    count, rest = step.count(stamps)
    assert (np.diff(count) == 1).all()
    assert (rest == rest[0]).all()
    assert (step.stamp(count, rest) == stamps).all()
    assert not step.misfits(rest).any()
    assert (step.after(stamps[:1], 39)[0] == stamps[1:]).all()
    assert calendar.resolve(calendar.parse(name), stamps) == step


@pytest.mark.parametrize(
    ("given", "start", "name"),
    [
        ("H", "h", "h"),
        ("T", "min", "min"),
        ("60min", "h", "h"),
        ("24h", "D", "D"),
        ("7D", "W-SUN", "W-SUN"),
        ("W", "W-WED", "W-WED"),
        ("M", "ME", "ME"),
        ("M", "MS", "MS"),
        ("Q", "QE", "QE"),
        ("Q", "QS", "QS"),
        ("A", "YE", "YE"),
        ("Y", "YS-APR", "YS-APR"),
        ("QS-OCT", "QS", "QS"),
        ("12MS", "YS", "YS"),
    ],
)
def test_old_and_loose_names_are_settled_by_the_stamps(given, start, name):
    assert calendar.resolve(calendar.parse(given), stamps_of(start)).name == name


@pytest.mark.parametrize(
    ("name", "season"),
    [
        ("D", 7),
        ("h", 24),
        ("30min", 48),
        ("15min", 96),
        ("10min", 144),
        ("W-SUN", 52),
        ("MS", 12),
        ("ME", 12),
        ("QS", 4),
        ("QE-JAN", 4),
        ("B", 5),
        ("YS", 1),
        ("2h", 1),
        (3, 1),
    ],
)
def test_the_season_goes_with_the_frequency(name, season):
    assert calendar.season_of(name) == season


@pytest.mark.parametrize(
    ("freq", "guess"),
    [
        ("hourly", "'h'"),
        ("day", "'D'"),
        ("d", "'D'"),
        ("MSS", "'MS'"),
        ("0D", ""),
        ("", ""),
        ("fortnight", ""),
        ("W-XYZ", ""),
        ("2B", "'B'"),
    ],
)
def test_an_unknown_frequency_is_answered_with_a_known_one(freq, guess):
    with pytest.raises(ValueError, match=f"no frequency '{freq}'.*{guess}"):
        Panel.from_frame(daily(), freq=freq)


@pytest.mark.parametrize(
    ("freq", "words"),
    [
        ("h", r"series 'y', row 2 \(2024-01-02\): 24 steps 'h' after 2024-01-01.*contradicts the stamps"),
        ("2D", r"row 2 \(2024-01-02\): not a whole number of steps '2D'"),
        ("ME", r"row 1 \(2024-01-01\): not a whole number of steps 'ME'"),
        ("B", r"row 6 \(2024-01-06\): not a whole number of steps 'B'"),
        ("W-TUE", r"row 1 \(2024-01-01\): not a whole number"),
        (1, "frequency 1 does not go with stamps that are times, such as 2024-01-01"),
    ],
)
@pytest.mark.parametrize("fill", [False, True])
def test_a_frequency_against_the_stamps_is_refused(freq, words, fill):
    with pytest.raises(ValueError, match=words):
        Panel.from_frame(daily(), freq=freq, fill_gaps=fill)


@pytest.mark.parametrize("freq", ["303030D", "9" * 30, "99999999999h", "1201MS", "101YE"])
def test_a_step_that_no_two_stamps_can_be_apart_is_refused(freq):
    with pytest.raises(ValueError, match=rf"frequency '{freq}' is a step of more than (100 years|9,007,1)"):
        calendar.parse(freq)
    assert calendar.parse("36525D").kind == "fixed"
    assert calendar.parse("100YE").size == 1200


def test_pandas_offsets_and_digits_are_frequencies():
    assert Panel.from_frame(daily(), freq=pd.offsets.Day()).freq == "D"
    assert Panel.from_frame(pd.DataFrame({"ds": [2, 4, 6], "y": [1, 2, 4]}), freq="2").freq == 2


def test_a_month_counted_from_its_middle_stays_there():
    table = pd.DataFrame({"ds": pd.to_datetime(["2024-01-15", "2024-02-15", "2024-03-15"]), "y": [1, 2, 4]})
    panel = Panel.from_frame(table)
    assert panel.freq == "MS"
    assert str(panel.stamps_after(1)[0, 0])[:10] == "2024-04-15"


def test_business_days_need_a_weekend_to_be_seen():
    weeks = pd.DataFrame({"ds": pd.bdate_range("2024-01-01", periods=12), "y": np.arange(12.0)})
    assert Panel.from_frame(weeks).freq == "B"
    assert Panel.from_frame(weeks[:5]).freq == "D"


def test_one_row_tells_no_frequency():
    with pytest.raises(ValueError, match=r"frequency cannot be told. Name it: --freq"):
        Panel.from_frame(daily(1))


def test_series_of_unlike_frequency_are_refused():
    slow = pd.DataFrame(
        {"unique_id": "slow", "ds": pd.date_range("2024-01-01", periods=5, freq="W"), "y": range(5)}
    )
    table = pd.concat([daily(30).assign(unique_id="fast"), slow])
    with pytest.raises(ValueError, match=r"series 'slow'.*7 steps apart where others stand one step 'D'"):
        Panel.from_frame(table)


@pytest.mark.parametrize(("freq", "kept"), [("QS", "QS"), ("QS-JAN", "QS"), ("QS-OCT", "QS"), ("3MS", "QS")])
def test_an_anchor_is_held_against_the_months(freq, kept):
    quarters = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=5, freq="QS"), "y": [1, 2, 4, 8, 16]})
    assert Panel.from_frame(quarters, freq=freq).freq == kept
    with pytest.raises(ValueError, match=r"row 1 \(2024-01-01\): not a whole number of steps 'QS-FEB'"):
        Panel.from_frame(quarters, freq="QS-FEB")


def test_the_length_of_a_step_is_that_of_its_name_not_of_the_stamps_at_hand():
    lengths = [calendar.parse(name).length / 86_400e9 for name in ("6h", "B", "W-MON", "MS", "YE")]
    assert lengths == pytest.approx([0.25, 1, 7, 30.436875, 365.2425])
