"""Wide dates: tables whose column names are times, a row for each series, as long tables."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from normcast.data.asking import Asking
from normcast.data.period_text import form_of
from normcast.data.told import keep, notes_of, reading_of
from normcast.errors import listed

TIME, VALUE = "time", "value"
LEAST = 3
"""Columns whose names are times make a table wide; two may be chance."""
MONTHS = {name.lower(): number for number in range(1, 13)
          for name in (calendar.month_abbr[number], calendar.month_name[number])}  # fmt: skip
_YEAR = re.compile(r"(1[5-9]|20|21)\d{2}")
_DATE = re.compile(
    rf"\d{{4}}([-/.]\d{{1,2}}){{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}|\d{{1,2}}/\d{{1,2}}/\d{{2}}|"
    rf"({'|'.join(MONTHS)})([- ]\d{{4}}|-\d{{2}})|{_YEAR.pattern}",
    re.IGNORECASE,
)
_asking = Asking[bool]("wide", False)
asked_for, asked = _asking.asked_for, _asking.asked  # whether files are wide: --wide


def dated(names: Sequence[str]) -> list[str]:
    """Return the names that are times, in their order; [] for fewer than three.

    >>> dated(["Product", "2018-01", "2018-02", "2018-03"]), dated(["2018", "y"])
    (['2018-01', '2018-02', '2018-03'], [])
    """
    found = [name for name in names if _DATE.fullmatch(name) or form_of(name) is not None]
    return found if len(found) >= LEAST else []


def hint(names: Sequence[str]) -> str:
    """Return what to do with such columns, "" where there are none."""
    found = dated(names)
    if not found:
        return ""
    return (
        f" The names {found[0]} to {found[-1]} are times: a row is a series then. Read it so with --wide "
        "(normcast.data.melted(table))."
    )


def melted(table: pd.DataFrame, where: str = "table") -> pd.DataFrame:
    """Return a wide table as a long one: its other columns, then "time" and "value".

    Wide is a table with a row for each series and a column for each time, or with a row for each year and a
    column for each month.

    Parameters
    ----------
    table : pandas.DataFrame
        The wide table.
    where : str, default "table"
        What messages call it.

    Returns
    -------
    pandas.DataFrame
        A row for each series and time.

    Raises
    ------
    ValueError
        For a table that is neither.

    Examples
    --------
    >>> wide = pd.DataFrame({"shop": ["a", "b"], "2024Q1": [1, 4], "2024Q2": [2, 5], "2024Q3": [3, 6]})
    >>> melted(wide)["time"].tolist()
    ['2024Q1', '2024Q2', '2024Q3', '2024Q1', '2024Q2', '2024Q3']
    """
    names = [str(name) for name in table.columns]
    table = table.set_axis(names, axis=1)
    times = dated(names)
    if times:
        others = [name for name in names if name not in times]
        _refuse_taken(others, where)
        long = table.reset_index().melt(["index", *others], times, TIME, VALUE)
        order = {name: place for place, name in enumerate(times)}
        long = long.sort_values(
            ["index", TIME], key=lambda c: c.map(order) if c.name == TIME else c, kind="stable"
        )
        if all(map(_YEAR.fullmatch, times)):
            long[TIME] = long[TIME].astype("int64")  # years are time as numbers
        return long.drop(columns="index").reset_index(drop=True).infer_objects()
    months = [name for name in names if name.lower() in MONTHS]
    years = [name for name in names if name not in months and _are_years(table[name])]
    if len(months) == 12 and len(years) == 1:
        return _grid(table, years[0], months, where)
    raise ValueError(
        f"{where}: --wide reads tables whose column names are times, or months beside a column of years; "
        f"columns are {listed(names, 12)}. Leave it out."
    )


def _grid(table: pd.DataFrame, year: str, months: list[str], where: str) -> pd.DataFrame:
    others = [name for name in table.columns if name not in (year, *months)]
    _refuse_taken(others, where)
    long = table.melt([year, *others], months, "month", VALUE)
    number = long["month"].str.lower().map(MONTHS)
    long[TIME] = [f"{y}-{m:02}" for y, m in zip(long[year].astype(int), number, strict=True)]
    long = long.dropna(subset=VALUE)  # months that have not come yet
    return long.sort_values([*others, TIME], kind="stable")[[*others, TIME, VALUE]].reset_index(drop=True)


def _are_years(values: pd.Series) -> bool:
    return bool(pd.api.types.is_integer_dtype(values) and values.between(1500, 2200).all())


def _refuse_taken(others: Sequence[str], where: str) -> None:
    taken = [name for name in (TIME, VALUE) if name in others]
    if taken:
        raise ValueError(
            f"{where}: has a column {taken[0]!r} of its own beside those whose names are times. Rename it."
        )


def as_asked(table: Any, where: str, usual: bool = False) -> Any:
    """Return a table that was read, long where wide ones are asked for, which is noted.

    usual: whether tables of its kind are wide; one that is long already stays so.
    """
    if not (asked() or (usual and TIME not in table.columns)):
        return table
    long = melted(table, where)
    first, last = long[TIME].iloc[0], long[TIME].iloc[-1]
    note = f"wide: {len(table)} rows became {len(long)}, columns {first} to {last} one time each"
    return keep(long.copy(), (*notes_of(table), note), None, replace(reading_of(table), wide=True))
