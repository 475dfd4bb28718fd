"""Times written as text: read strictly, and written again in the format they came in."""

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.api import guess_datetime_format

from normcast.data import day_order, offsets, period_text, range_text, text_form, zone_text
from normcast.data.day_order import told_of
from normcast.data.range_text import RangeForm, Ranges

_SHAPE = re.compile(r"\d.*[-/.: ]|\d{8}|[A-Za-z]{3,9}\W+\d")
_MIDNIGHT = re.compile(r"(?<!\d)24(:00(?::00(?:\.0+)?)?\s*(?:Z|[+-]\d\d:?\d\d)?)$")
_HALF = re.compile(r"(\s*)([AP]M)$", re.IGNORECASE)
_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")

_WORD_MONTH = re.compile(
    r"(\d{1,2}\.?[-/\s]\s*(de )?)?[^\W\d_]{3,10}\.?,?[-/\s](de )?(\d{1,2}, )?\d{4}( .*)?"
    r"|\d{4}[-/\s][^\W\d_]{3,10}\.?([-/\s]\d{1,2})?"
)

# Formats that pandas does not guess, tried one after another.
_SHORT = (
    "%b %Y",
    "%B %Y",
    "%b-%Y",
    "%b-%y",
    "%m/%Y",
    "%m-%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%b-%y",
    "%Y-%b",
    "%Y %b",
    "%Y %B",
    "%G-W%V-%u",
)


def is_time(texts: list[str]) -> bool:
    """Whether most of the texts are times, each by itself.

    >>> is_time(["2020-01-01", "2020-01-02"]), is_time(["rain", "sun"]), is_time(["12", "13"])
    (True, False, False)
    """
    return 2 * sum(map(_is_one_time, texts)) > len(texts)


def _is_one_time(text: str) -> bool:
    if len(text) > range_text.LONGEST:
        return False
    text = zone_text.bare(text)
    if period_text.form_of(text):
        return True
    if range_text.apart(np.array([text], dtype=object), _is_single_time):
        return True
    return _is_single_time(text)


def _is_single_time(text: str) -> bool:
    if not _SHAPE.search(text):
        return False
    one = np.array([text], dtype=object)
    return any(_parse(one, form) is not None for form in ("ISO8601", *_formats_of(text)))


def read(
    unique: np.ndarray, codes: np.ndarray, where: str, form: str = "", day_first: bool | None = None
) -> tuple[pd.DatetimeIndex, str, str]:
    """Return the distinct texts as times, the format that writes them, and what to tell of the reading.

    unique: (u,) distinct texts; codes: (N,) which of them stands in each row, to name the row of a bad one;
    form: tried first; day_first: settles which of two numbers is the day, else a regular step does.
    Raises ValueError for a text that is no time, mixed time zones, and days that cannot be told from months.
    """
    if (zones := zone_text.names_of(unique, codes, where)) is None:
        return _read_ranges(unique, codes, where, form, day_first, pd.Timedelta(0))
    bare = np.array([zone_text.bare(str(text)) for text in unique], dtype=object)
    late = -zone_text.ahead(zones)
    wall, form, told = _read_ranges(bare, codes, where, zone_text.bare_form(form), day_first, late)
    index, suffix, zone = zone_text.placed(wall, zones, str(unique[0]))
    return index, form + suffix, ", ".join(filter(None, (told, zone)))


def _read_ranges(
    unique: np.ndarray, codes: np.ndarray, where: str, form: str, day_first: bool | None, late: Any
) -> tuple[pd.DatetimeIndex, str, str]:
    """Read texts as `_read` does, of ranges the start."""
    known = RangeForm.read(form)
    ranges = range_text.apart(unique, _is_single_time, known is not None)
    if ranges is None:
        return _read_days(unique, codes, where, form, day_first, late)
    if not ranges.ends.all():
        _refuse(
            unique, int(np.argmin(ranges.ends.astype(bool))), codes, where, f"no range as {unique[0]!r} is"
        )
    start_form = known.start if known else ""
    starts, form, told = _read_days(ranges.starts, codes, where, start_form, day_first, late)
    ends, end_form = _read_ends(ranges, starts, codes, where, form)
    length = range_text.length_of(starts, ends)
    if length is None:
        raise ValueError(
            f"{where}: {unique[0]!r} to {unique[-1]!r} are ranges of different lengths, or end before they "
            "start. Write the start of each alone, and name the step with --freq (freq=) if it is not even."
        )
    months, nanoseconds, otherwise = length
    words = "ranges, of which the start is the stamp"
    if otherwise.any():
        words += f" ({otherwise.sum()} of another length, the first {unique[np.argmax(otherwise)]!r})"
    written = RangeForm(form, ranges.between, end_form, months, nanoseconds)
    return starts, written.text, ", ".join(filter(None, (told, words)))


def _read_ends(
    ranges: Ranges, starts: pd.DatetimeIndex, codes: np.ndarray, where: str, form: str
) -> tuple[pd.DatetimeIndex, str]:
    if not ranges.are_clocks:
        ends, end_form, _ = _read_days(ranges.ends, codes, where, form, None, pd.Timedelta(0))
        return ends, end_form
    ends = range_text.clock_ends(starts, ranges.ends)
    if ends.hasnans:
        _refuse(ranges.ends, int(np.argmax(ends.isna())), codes, where, "no time of day")
    return ends, range_text.clock_form(ranges.ends)


def _read_days(
    unique: np.ndarray, codes: np.ndarray, where: str, form: str, day_first: bool | None, late: Any
) -> tuple[pd.DatetimeIndex, str, str]:
    """Read texts as `_read` does, 24:00 as the start of the next day."""
    ends = np.array([_MIDNIGHT.search(str(text)) is not None for text in unique])
    if not ends.any():
        return _read(unique, codes, where, form, day_first, late)
    starts = np.array([_MIDNIGHT.sub(r"00\1", str(text)) for text in unique], dtype=object)
    day = pd.to_timedelta(ends.astype(int), unit="D")
    index, form, told = _read(starts, codes, where, form, day_first, day + late)
    told = ", ".join(filter(None, (told, "stamps in which 24:00 is the start of the next day")))
    return index + day, form, told


def _read(
    unique: np.ndarray, codes: np.ndarray, where: str, form: str, day_first: bool | None, late: Any
) -> tuple[pd.DatetimeIndex, str, str]:
    """Read texts as `read` does. late: how much later than its text each time is, when steps are compared."""
    if form and (known := _parse(unique, form)) is not None:
        return known, form, told_of(form)
    index = _parse(unique, "ISO8601")
    if index is None or index.tz is not None:  # before pandas 3, a text without a zone passed for UTC
        if (changed := offsets.across_a_clock_change(unique)) is not None:
            times, bare, end, told = changed
            local = pd.DatetimeIndex(pd.to_datetime(bare, format="ISO8601"))
            return times, _format_that_writes(bare, local) + end, told
        offsets.refuse_mixed(unique, codes, where)
    if index is not None:
        return index, _format_that_writes(unique, index), ""
    formats = _formats_of(str(unique[0]))
    parsed = [(index, form) for form in formats if (index := _parse(unique, form)) is not None]
    if not parsed:
        _refuse_unreadable(unique, codes, formats, where)
    if all(index.equals(parsed[0][0]) for index, _ in parsed):
        index, form = parsed[0]
        told = told_of(form)
    else:
        shifted = [(index + late, form) for index, form in parsed]
        index, form, told = day_order.settled(shifted, unique, day_first, where)
        index = index - late
    if period_text.sort_of(form):
        return index, period_text.exact(unique, index, form), told
    return index, text_form.exact(unique, index, form) or form, told


def _formats_of(text: str) -> list[str]:
    """Return the formats, other than ISO 8601, that a text may be in."""
    if period := period_text.form_of(text):
        return [period]
    guesses = [form for day_first in (False, True) if (form := _guess(text, day_first))]
    formats = dict.fromkeys([*guesses, *map(_swapped, guesses)] or _SHORT)
    return [form for form in formats if not re.match("%Y.%d", form)]  # nobody writes year-day-month


def _guess(text: str, day_first: bool = False) -> str | None:
    if len(text) > range_text.LONGEST:
        return None
    if half := _HALF.search(text):  # pandas guesses no half days, nor numbers of one digit
        whole = _guess(re.sub(r"\b(\d)(?=[:/.])", r"0\1", text[: half.start()]), day_first)
        return whole and whole.replace("%H", "%I") + f"{half[1]}%p"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pandas tells that a day above 12 settles the order
        return guess_datetime_format(text, dayfirst=day_first)


def _swapped(form: str) -> str:
    """Return a format with day and month exchanged, where they stand side by side at its start.

    >>> _swapped("%m/%d/%Y")
    '%d/%m/%Y'
    """
    swap = {"%m": "%d", "%d": "%m"}
    return re.sub("%[md]", lambda hit: swap[hit[0]], form) if re.match("%[md].%[md]", form) else form


def is_open(form: str) -> bool:
    """Whether a few texts in a format from `read` could be read otherwise, so that it must be known.

    >>> is_open("%d/%m/%Y"), is_open("%Y-%m-%d")
    (True, False)
    """
    return bool(told_of(form)) or RangeForm.read(form) is not None


def write(index: pd.DatetimeIndex, form: str) -> list[str]:
    """Return times as text in a format from `read`.

    >>> write(pd.DatetimeIndex(["1961-01-01"]), "%Y-%m")
    ['1961-01']
    """
    form, suffix = zone_text.changing(form)
    if ranges := RangeForm.read(form):
        parts = [
            write(index, ranges.start),
            len(index) * [ranges.between],
            write(ranges.ends(index), ranges.end),
        ]
        texts = list(map("".join, zip(*parts, strict=True)))
    else:
        texts = (period_text if period_text.sort_of(form) else text_form).write(index, form)
    return list(map("".join, zip(texts, zone_text.write(index, suffix), strict=True))) if suffix else texts


def _parse(unique: np.ndarray, form: str) -> pd.DatetimeIndex | None:
    if period_text.sort_of(form):
        return period_text.parse(unique, form)
    try:
        return pd.DatetimeIndex(pd.to_datetime(unique, format=text_form.plain(form)))
    except (ValueError, TypeError, OverflowError, re.error):  # a guess may have a field twice
        return None


def _refuse_unreadable(unique: np.ndarray, codes: np.ndarray, formats: list[str], where: str) -> None:
    """Raise for the first text that the best of the formats cannot read."""
    readable = [_readable(unique, form) for form in ["ISO8601", *formats]]
    best = max(readable, key=np.sum)
    bad = int(np.argmin(best))
    _refuse(unique, bad, codes, where, "not a time stamp")


def _refuse(texts: np.ndarray, bad: int, codes: np.ndarray, where: str, what: str) -> None:
    raise ValueError(
        f"{where}, row {_row_of(bad, codes)}: {texts[bad]!r} is {what}. "
        f"Write stamps as year-month-day hour:minute:second.{words_hint(str(texts[bad]))}"
    )


def words_hint(text: str) -> str:
    """Return what to do with a date whose month is a word that is not English; "" for any other text.

    >>> words_hint("12 mars 2024"), words_hint("2024-03-12")
    (' Months by name are read in English only: write them as numbers, as in 2024-03.', '')
    """
    is_one = _WORD_MONTH.fullmatch(text) and not _is_single_time(text)
    return " Months by name are read in English only: write them as numbers, as in 2024-03." if is_one else ""


def _readable(unique: np.ndarray, form: str) -> np.ndarray:
    if period_text.sort_of(form):
        return np.array([_parse(unique[i : i + 1], form) is not None for i in range(len(unique))])
    try:
        return np.asarray(pd.to_datetime(unique, format=form, errors="coerce", utc=True).notna())
    except re.error:
        return np.zeros(len(unique), dtype=bool)


def _row_of(code: int, codes: np.ndarray) -> int:
    return int(np.argmax(codes == code)) + 1


def _format_that_writes(unique: np.ndarray, index: pd.DatetimeIndex) -> str:
    """Return the format that writes the texts back exactly as they came, or the plain one."""
    sample = unique[:1000]
    zone = offsets.ZONE.search(str(sample[0])) if index.tz is not None else None
    suffix = zone[0] if zone else ""
    text = str(sample[0]).removesuffix(suffix)
    guess = _guess(text)
    for form in (*_FORMATS, "%Y%m%d", *((guess,) if guess else ())):
        if (index[:1000].strftime(form + suffix) == sample).all():
            return form + suffix
    if (like := text_form.like(text)) and (form := text_form.exact(sample, index, like + suffix)):
        return form
    fraction = ".%f" if (index.microsecond != 0).any() else ""
    return f"%Y-%m-%d %H:%M:%S{fraction}" + ("%z" if index.tz is not None else "")
