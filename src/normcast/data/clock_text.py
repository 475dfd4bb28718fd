"""Times written as text: read strictly, and written again in the format they came in."""

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.api import guess_datetime_format

from normcast.data import day_order, offsets, period_text, text_form
from normcast.data.day_order import told_of

_ZONE = re.compile(r"(?<=\d)\s*(Z|[+-]\d\d:?\d\d)$")
_SHAPE = re.compile(r"\d.*[-/.: ]|\d{8}|[A-Za-z]{3,9}\W+\d")
_MIDNIGHT = re.compile(r"(?<!\d)24(:00(?::00(?:\.0+)?)?\s*(?:Z|[+-]\d\d:?\d\d)?)$")
_HALF = re.compile(r"(\s*)([AP]M)$", re.IGNORECASE)
_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")

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
)


def is_time(texts: list[str]) -> bool:
    """Whether most of the texts are times, each by itself.

    >>> is_time(["2020-01-01", "2020-01-02"]), is_time(["rain", "sun"]), is_time(["12", "13"])
    (True, False, False)
    """
    return 2 * sum(map(_is_one_time, texts)) > len(texts)


def _is_one_time(text: str) -> bool:
    if period_text.form_of(text):
        return True
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
    ends = np.array([_MIDNIGHT.search(str(text)) is not None for text in unique])
    if not ends.any():
        return _read(unique, codes, where, form, day_first, pd.Timedelta(0))
    starts = np.array([_MIDNIGHT.sub(r"00\1", str(text)) for text in unique], dtype=object)
    late = pd.to_timedelta(ends.astype(int), unit="D")
    index, form, told = _read(starts, codes, where, form, day_first, late)
    told = ", ".join(filter(None, (told, "stamps in which 24:00 is the start of the next day")))
    return index + late, form, told


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
        _refuse_mixed_zones(unique, codes, where)
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
    return index, text_form.exact(unique, index, form) or form, told


def _formats_of(text: str) -> list[str]:
    """Return the formats, other than ISO 8601, that a text may be in."""
    if period := period_text.form_of(text):
        return [period]
    guesses = [form for day_first in (False, True) if (form := _guess(text, day_first))]
    formats = dict.fromkeys([*guesses, *map(_swapped, guesses)] or _SHORT)
    return [form for form in formats if not re.match("%Y.%d", form)]  # nobody writes year-day-month


def _guess(text: str, day_first: bool = False) -> str | None:
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


def write(index: pd.DatetimeIndex, form: str) -> list[str]:
    """Return times as text in a format from `read`.

    >>> write(pd.DatetimeIndex(["1961-01-01"]), "%Y-%m")
    ['1961-01']
    """
    return (period_text if period_text.sort_of(form) else text_form).write(index, form)


def _parse(unique: np.ndarray, form: str) -> pd.DatetimeIndex | None:
    if period_text.sort_of(form):
        return period_text.parse(unique, form)
    try:
        return pd.DatetimeIndex(pd.to_datetime(unique, format=text_form.plain(form)))
    except (ValueError, TypeError, OverflowError):
        return None


def _refuse_mixed_zones(unique: np.ndarray, codes: np.ndarray, where: str) -> None:
    readable = pd.to_datetime(unique, format="ISO8601", errors="coerce", utc=True).notna()
    if not readable.all():
        return
    zones = [hit[1] if (hit := _ZONE.search(text)) and ":" in text else "no time zone" for text in unique]
    offsets = [zone.replace("Z", "+00:00").replace(":", "") for zone in zones]
    other = next((i for i, offset in enumerate(offsets) if offset != offsets[0]), None)
    if other is None:
        return
    raise ValueError(
        f"{where}, row {_row_of(other, codes)}: mixed time zones, {unique[other]!r} ({zones[other]}) "
        f"after {unique[0]!r} ({zones[0]}). Write all stamps in one zone, for example UTC."
    )


def _refuse_unreadable(unique: np.ndarray, codes: np.ndarray, formats: list[str], where: str) -> None:
    """Raise for the first text that the best of the formats cannot read."""
    readable = [_readable(unique, form) for form in ["ISO8601", *formats]]
    best = max(readable, key=np.sum)
    bad = int(np.argmin(best))
    raise ValueError(
        f"{where}, row {_row_of(bad, codes)}: {unique[bad]!r} is not a time stamp. "
        f"Write stamps as year-month-day hour:minute:second."
    )


def _readable(unique: np.ndarray, form: str) -> np.ndarray:
    if period_text.sort_of(form):
        return np.array([_parse(unique[i : i + 1], form) is not None for i in range(len(unique))])
    return np.asarray(pd.to_datetime(unique, format=form, errors="coerce", utc=True).notna())


def _row_of(code: int, codes: np.ndarray) -> int:
    return int(np.argmax(codes == code)) + 1


def _format_that_writes(unique: np.ndarray, index: pd.DatetimeIndex) -> str:
    """Return the format that writes the texts back exactly as they came, or the plain one."""
    sample = unique[:1000]
    zone = _ZONE.search(str(sample[0])) if index.tz is not None else None
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
