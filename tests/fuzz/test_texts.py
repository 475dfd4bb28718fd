"""Any text of a time, a number or a frequency is understood, or refused in words."""

import narwhals as nw
import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from normcast.data import calendar, stamps
from normcast.data.number_text import decide
from tests.fuzz.campaign import cases, judged

WORDS = (
    "2018 1980 80 20 01 1 12 31 53 5 0 W w KW Week Q q Quarter H h S M T FY Jan May March 24:00 00:00 01:00 "
    "9:30 Z +01:00 -05:00 CET CEST EST UTC CST ABC AM pm to bis"
)
PIECES = WORDS.split(" ")
SIGNS = [*" -/.,:'()[]{}%", " - ", "–", "T", ""]
TEXT = st.lists(st.sampled_from(PIECES) | st.sampled_from(SIGNS), min_size=1, max_size=9).map("".join)
STARTS = st.datetimes(pd.Timestamp("1970-01-01"), pd.Timestamp("2060-01-01"))
CLOCKS = st.sampled_from(
    ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y-%m-%d", "%d %B %Y", "%b %Y"]
)
BETWEEN = st.sampled_from([" - ", "/", " to ", "-", "–", " / ", ".."])
ENDS = st.sampled_from(["", "", " CET", " (CET)", " CEST", "Z", " UTC", "+01:00", " EST"])


@st.composite
def columns(draw):
    """Times of one form, a step apart, of which one may be spoiled."""
    form, end = draw(CLOCKS), draw(ENDS)
    step = draw(st.sampled_from(["h", "D", "W-MON", "MS", "15min", "QS"]))
    times = pd.date_range(
        draw(STARTS).replace(second=0, microsecond=0), periods=draw(st.integers(1, 9)), freq=step
    )
    texts = times.strftime(form)
    if draw(st.booleans()):
        texts = (
            texts
            + draw(BETWEEN)
            + (times + (times[1] - times[0] if len(times) > 1 else pd.Timedelta("1h"))).strftime(form)
        )
    texts = list(texts + end)
    if draw(st.integers(0, 2)) == 0:
        texts[draw(st.integers(0, len(texts) - 1))] = draw(TEXT)
    return texts


@cases(4)
@given(
    columns() | columns() | st.lists(TEXT, min_size=1, max_size=4) | TEXT.map(lambda text: [text]),
    st.sampled_from([None, True, False]),
)
def test_times(texts, day_first):
    with judged("time"):
        column = nw.from_native(pd.Series(texts, name="ds", dtype=object), series_only=True)
        counted, read = stamps.read(column, "table", day_first=day_first)
        again = nw.from_native(pd.Series(read.write(counted, "pandas"), name="ds"), series_only=True)
        assert np.array_equal(read.read_alike(again, "table"), counted) or not read.own_form
        assert all(map(read.show, counted))


@cases(2)
@given(st.lists(TEXT, min_size=1, max_size=4))
def test_likeness(texts):
    with judged("likeness"):
        stamps.is_time_like(nw.from_native(pd.Series(texts, name="ds", dtype=object), series_only=True))


NUMBER = st.lists(
    st.sampled_from(
        [
            "1",
            "12",
            "1,200",
            "1.200,5",
            "5",
            "kg",
            "g",
            "EUR",
            "US$",
            "$",
            "€",
            "%",
            "°C",
            "m³",
            "m3",
            "/",
            "(",
            ")",
        ]
    )
    | st.sampled_from([" ", "-", "+", "e", "E", ".", ",", "\N{MINUS SIGN}", "\xa0", "kr", "é", "٣", "²", ""]),
    max_size=6,
).map("".join)


@cases(1)
@given(st.lists(NUMBER, min_size=1, max_size=3), st.sampled_from(",;\t"))
def test_numbers(cells, separator):
    with judged("number"):
        way = decide(cells, separator)
        if way is not None:
            assert all(isinstance(way.number(cell), float) and way.told(cell) for cell in cells)


NAMES = "h D B W MS ME QS YS min s ns 30 2 0 -1 @ Mon Fri Sun Sat - / , + : 09:30 25:00 00:00 -OCT W-MON é"
FREQS = st.lists(st.sampled_from(NAMES.split(" ")), max_size=8).map("".join)


@cases(1)
@given(
    FREQS
    | st.text(max_size=8)
    | st.integers(-3, 10**6)
    | st.sampled_from(["D@Mon-Sat", "30min@Mon-Fri/09:30-15:30"])
)
def test_frequencies(freq):
    with judged("frequency"):
        step = calendar.parse(freq)
        assert calendar.parse(step.name).length == step.length
        assert calendar.seasons_of(step.name)
        assert step.after(np.array([86_400_000_000_000 * 19_000]), 3).shape == (1, 3)
