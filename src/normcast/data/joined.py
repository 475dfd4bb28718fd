"""Joined: a time that stands in several columns, such as Date and Time, year and month or week, as one."""

import re
from collections.abc import Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from normcast.data.columns import BETWEEN
from normcast.data.stamps import is_time_like
from normcast.data.wide_dates import MONTHS

_DATES = re.compile(r"(?:.*[\W_])?(date|datum|day|fecha|ds)(?:[\W_].*)?", re.I)
_TIMES = re.compile(r"(?:.*[\W_])?(time|zeit|hora|clock|uhrzeit)(?:[\W_].*)?", re.I)
_FIELDS = (
    (re.compile(r"year|yr|jahr", re.I), 1500, 2200),
    (re.compile(r"month|mon|mo|monat", re.I), 1, 12),
    (re.compile(r"day|tag|dom", re.I), 1, 31),
    (re.compile(r"hour|hr|stunde", re.I), 0, 24),  # 24 ends the day
)
_QUARTER, _WEEK = re.compile(r"quarter|qtr|quartal", re.I), re.compile(r"(iso_?)?week|kw|woche", re.I)
_PERIODS = ((_QUARTER, 1, 4), (_WEEK, 1, 53))  # beside a year alone
_CLOCK = re.compile(
    r"(?P<h>\d{1,2})(?:[:.](?P<m>\d\d)(?:[:.](?P<s>\d\d(?:\.\d+)?))?|h(?P<hm>\d\d)?)?\s*(?P<half>[AaPp])?\.?[Mm]?\.?"
)


def find(table: nw.DataFrame, free: Sequence[str], ids: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that hold a date and a time of day, or year, month, day and hour, or a year and its
    quarter or week; () if none do.

    A date that no series has twice is a time by itself.
    """
    clocks = [name for name in free if _is_of_day(table[name])]
    dates = [name for name in free if clocks and _DATES.fullmatch(name) and _is_date(table[name])]
    for date in dates:
        beside = [name for name in clocks if name != date]
        if beside and _is_twice(table, (*ids, date)):
            return date, beside[0]
    fields = _fields(table, free)
    return () if fields and any(is_time_like(table[name]) for name in free) else fields


def _is_of_day(column: nw.Series) -> bool:
    return _is_hours(column) or (_TIMES.fullmatch(column.name) is not None and _is_clock(column))


def _is_twice(table: nw.DataFrame, names: Sequence[str]) -> bool:
    return bool(pd.DataFrame({name: table[name].to_list() for name in names}).duplicated().any())


def _fields(table: nw.DataFrame, free: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for called, least, most in _FIELDS:
        own = [name for name in free if called.fullmatch(name) and _within(table[name], least, most)]
        if not own:
            break
        found.append(own[0])
    if len(found) == 1:
        found += [
            name
            for called, least, most in _PERIODS
            for name in free
            if called.fullmatch(name) and _within(table[name], least, most)
        ][:1]
    return tuple(found) if len(found) > 1 else ()


def _within(column: nw.Series, least: int, most: int) -> bool:
    if column.is_null().any():
        return False
    if isinstance(column.dtype, nw.String):
        return all(_number(text) is not None for text in column.unique().to_list())
    if not column.dtype.is_integer():
        return False
    return least <= column.min() and column.max() <= most


def _number(text: str) -> int | None:
    """Return the number of a month that is named, or of a quarter such as Q1; None for any other text."""
    quarter = re.fullmatch(r"[Qq]([1-4])", text.strip())
    return int(quarter[1]) if quarter else MONTHS.get(text.strip().lower())


def _is_hours(column: nw.Series) -> bool:
    called, least, most = _FIELDS[3]
    is_number = column.dtype.is_integer()
    return is_number and called.fullmatch(column.name) is not None and _within(column, least, most)


def _is_date(column: nw.Series) -> bool:
    """Whether a column holds days without a time of day."""
    if isinstance(column.dtype, nw.Date):
        return True
    if isinstance(column.dtype, nw.Datetime):
        times = pd.DatetimeIndex(column.head(100).drop_nulls().to_list())
        return bool((times == times.normalize()).all())
    head = [str(value) for value in column.head(20).drop_nulls().to_list()]
    return bool(head) and all(re.fullmatch(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{8}", text) for text in head)


def _is_clock(column: nw.Series) -> bool:
    head = [str(value) for value in column.head(20).drop_nulls().to_list()]
    return bool(head) and all(re.search(r"[:.hHmM]", text) and _CLOCK.fullmatch(text) for text in head)


def named(time: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that the name of a joined one names, () where it is a column or they are not there.

    >>> named("date + hour", ["date", "hour"]), named("ds", ["ds"])
    (('date', 'hour'), ())
    """
    parts = tuple(time.split(BETWEEN))
    return parts if len(parts) > 1 and time not in columns and set(parts) <= set(columns) else ()


def join(table: nw.DataFrame, parts: Sequence[str], where: str) -> nw.DataFrame:
    """Return the table with one more column, named like its parts, that holds their texts as one time.

    Raises ValueError for a part that is none of a time, naming its row.
    """
    first, rest = table[parts[0]], parts[1:]
    if first.dtype.is_integer() and not _is_date(first):
        texts = _from_fields(parts[1], [_numbers(table[name], where) for name in parts])
    else:
        clock = table[rest[0]]
        texts = _texts(first) + " " + _clocks(clock, f"{where}: time column {clock.name!r}")
    name = BETWEEN.join(parts)
    column = nw.new_series(name, texts.tolist(), dtype=nw.String, backend=table.implementation)
    return table.with_columns(column)


def _texts(column: nw.Series) -> pd.Series:
    if isinstance(column.dtype, (nw.Date, nw.Datetime)):
        return pd.Series(pd.DatetimeIndex(column.to_list()).strftime("%Y-%m-%d"), dtype=object)
    return pd.Series([str(value) for value in column.to_list()], dtype=object)


def _numbers(column: nw.Series, where: str) -> list[int]:
    """Return the numbers of a column of years, months, quarters and so on."""
    values = column.to_list()
    read = [_number(value) if isinstance(value, str) else value for value in values]
    bad = next((row for row, each in enumerate(read) if each is None or each % 1), None)
    if bad is not None:
        raise ValueError(
            f"{where}: time column {column.name!r}, row {bad + 1}: {values[bad]!r} is no year, month, day or "
            f"the like. Write it as a whole number, or name the column of whole stamps: --time-col "
            f"(time_col=)."
        )
    return [int(each) for each in read if each is not None]


def _from_fields(second: str, columns: list[list[int]]) -> pd.Series:
    """Return year-month[-day[ hour:00]], or the year with its quarter or week, as text.

    second: what the column behind the year is called.

    >>> _from_fields("mon", [[2020], [1], [31], [5]])[0], _from_fields("quarter", [[2020], [4]])[0]
    ('2020-01-31 05:00', '2020Q4')
    """
    forms: tuple[str, ...] = ("{:04d}", "-{:02d}", "-{:02d}", " {:02d}:00")
    if _QUARTER.fullmatch(second):
        forms = ("{:04d}", "Q{}")
    elif _WEEK.fullmatch(second):
        forms = ("{:04d}", "-W{:02d}")
    rows = zip(*columns, strict=True)
    return pd.Series(["".join(form.format(v) for form, v in zip(forms, row, strict=False)) for row in rows])


def _clocks(column: nw.Series, where: str) -> pd.Series:
    """Return times of day as hour:minute[:second]."""
    texts = [f"{each:02d}h" if isinstance(each, int) else str(each) for each in column.to_list()]
    codes, unique = pd.factorize(np.asarray(texts, dtype=object))
    clocks = []
    for at, text in enumerate(unique):
        if (clock := clock_of(text.strip())) is None:
            row = int(np.argmax(codes == at)) + 1
            raise ValueError(
                f"{where}, row {row}: {text!r} is not a time of day. Write it as hour:minute:second, or name "
                f"the column of whole stamps: --time-col (time_col=)."
            )
        clocks.append(clock)
    longest = max(map(len, clocks), default=0)
    same = [clock if len(clock) >= min(longest, 8) else f"{clock}:00" for clock in clocks]
    return pd.Series(np.asarray(same, dtype=object)[codes])


def clock_of(text: str) -> str | None:
    """Return a time of day as hour:minute[:second]; None for a text that is none.

    >>> clock_of("18.00.00"), clock_of("18h"), clock_of("6:00 PM"), clock_of("24:00"), clock_of("25:00")
    ('18:00:00', '18:00', '18:00', '24:00', None)
    """
    hit = _CLOCK.fullmatch(text)
    if hit is None:
        return None
    hour, minute = int(hit["h"]), hit["m"] or hit["hm"] or "00"
    if hit["half"]:
        hour = hour % 12 + (12 if hit["half"] in "Pp" else 0)
    if hour > 24 or int(minute) > 59 or (hit["s"] and float(hit["s"]) >= 60):
        return None
    if hour == 24 and (int(minute) or float(hit["s"] or 0)):
        return None
    return f"{hour:02d}:{minute}" + (f":{hit['s']}" if hit["s"] else "")
