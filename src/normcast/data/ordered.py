"""Ordered: the rows of a long table, one series after another, each in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np

from normcast.data import stamps as stamps_of
from normcast.data.case_text import LONGEST_LABEL
from normcast.data.columns import Columns
from normcast.data.intake import row_steps, series_codes
from normcast.data.rows import sort
from normcast.data.stamps import Stamps
from normcast.data.values import numbers
from normcast.errors import counted as count


@dataclass(frozen=True, eq=False)
class Ordered:
    """Rows of a table by series and time.

    row: (N,) the rows of the table from 0, in this order; offsets: (S+1,) where each series begins; ids: (S,)
    the series, as the column has them; names: (S,) the same as text; time: (N,) datetime64, whole numbers or
    floats, or the steps 1, 2, 3, ... of each series; notes: what was sorted.
    """

    row: np.ndarray
    offsets: np.ndarray
    ids: np.ndarray
    names: tuple[str, ...]
    time: np.ndarray
    notes: tuple[str, ...]

    @classmethod
    def of(cls, table: nw.DataFrame, columns: Columns, where: str) -> Ordered:
        """Sort a table's rows by columns.ids, one series where there is none, and columns.time.

        Raises ValueError for an empty id or stamp, and for two rows of one series and stamp.
        """
        codes, names, one_row_each = series_codes(table, columns, where)
        names = names if columns.ids else ("",)
        counted, stamps = _time(table, columns.time, codes, where)
        order = sort(codes, counted)
        row = np.arange(len(codes)) if order is None else order
        _refuse_twice(codes[row], counted[row], row, (names, stamps), where)
        ids = np.array(names)
        if len(columns.ids) == 1:  # as the column has them
            ids = _values(nw.from_native(one_row_each, eager_only=True)[columns.ids[0]], where)
        offsets = np.searchsorted(codes[row], np.arange(len(names) + 1))
        time = stamps.as_time(counted[row]) if stamps else counted[row]
        return cls(row, offsets, ids, names, time, _sorted_notes(codes, counted))

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each series, (S,)."""
        return np.diff(self.offsets)

    def place(self, at: int) -> str:
        """Name a row for a message by its series and its place in the table."""
        name = self.names[int(np.searchsorted(self.offsets, at, side="right")) - 1]
        return f"series {name!r}, row {self.row[at] + 1}" if name else f"row {self.row[at] + 1}"


def _time(
    table: nw.DataFrame, name: str | None, codes: np.ndarray, where: str
) -> tuple[np.ndarray, Stamps | None]:
    """Return when each row was, and how it was written; None for floats, such as seconds."""
    if name is None:
        return row_steps(codes), Stamps("rows")
    if not table[name].dtype.is_float():
        return stamps_of.read(table[name], where)
    values = numbers(table[name], where, "time column")
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values))) + 1
        raise ValueError(f"{where}: time column {name!r}, row {row}: the time stamp is empty.")
    return values, None


def _refuse_twice(
    codes: np.ndarray,
    counted: np.ndarray,
    row: np.ndarray,
    shown: tuple[tuple[str, ...], Stamps | None],
    where: str,
) -> None:
    """Raise ValueError for the first two rows of one series and stamp; shown: how both are written."""
    twice = (np.diff(codes) == 0) & (np.diff(counted) == 0)
    if twice.any():
        at, (names, stamps) = int(np.argmax(twice)), shown
        stamp = stamps.show(counted[at]) if stamps else f"{counted[at]:g}"
        series = f"series {names[codes[at]]!r}" if names[codes[at]] else "the series"
        raise ValueError(
            f"{where}: {series} has two rows at {stamp} (rows {row[at] + 1} and {row[at + 1] + 1}). "
            "Drop one, or name the id column that tells series apart."
        )


def _sorted_notes(codes: np.ndarray, counted: np.ndarray) -> tuple[str, ...]:
    by_series = np.argsort(codes, kind="stable")
    back = (np.diff(codes[by_series]) == 0) & (np.diff(counted[by_series]) < 0)
    many = len(np.unique(codes[by_series][1:][back]))
    return (f"rows of {many} series were not in the order of time: sorted",) if many else ()


def channel_names(table: nw.DataFrame, used: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the columns of numbers that play no other part; raises ValueError for none."""
    found = tuple(
        name
        for name in table.columns
        if name not in used
        and not name.startswith("Unnamed: ")
        and (table[name].dtype.is_numeric() or isinstance(table[name].dtype, nw.Boolean))
    )
    if not found:
        raise ValueError(
            f"{where}: no column of numbers is left for the channels; columns are "
            f"{', '.join(table.columns)}, of which {', '.join(used)} play another part."
        )
    return found


def channel_values(table: nw.DataFrame, names: Sequence[str], rows: Ordered, where: str) -> np.ndarray:
    """Return columns as (N, channels) float64 in the order of the rows; missing values are NaN."""
    return np.column_stack([numbers(table[name], where, "channel")[rows.row] for name in names])


def refuse_missing(
    values: np.ndarray, names: Sequence[str], rows: Ordered, used: np.ndarray, where: str
) -> None:
    """Raise ValueError for the first value that is no finite number in rows that are used, (N,) bool."""
    bad = ~np.isfinite(values) & used[:, None]
    if bad.any():
        at, column = (int(place) for place in np.argwhere(bad)[0])
        raise ValueError(
            f"{where}: {rows.place(at)}: column {names[column]!r} holds {values[at, column]} "
            f"({count(int(bad.sum()), 'such value')} in all). Fill it, or leave the rows out."
        )


def told_values(table: nw.DataFrame, name: str, rows: Ordered, where: str) -> np.ndarray:
    """Return what a column tells of each row, (N,) text or numbers, in the order of the rows.

    Raises ValueError for an empty cell, and for text too long to be a label.
    """
    column = table[name]
    empty = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
    if empty.any():
        row = int(np.argmax(empty.to_numpy())) + 1
        raise ValueError(f"{where}: column {name!r}, row {row} is empty. Fill it, or leave the row out.")
    return _values(column, where)[rows.row]


def _values(column: nw.Series, where: str) -> np.ndarray:
    values = column.to_list()
    longest = max((len(each) for each in values if isinstance(each, str)), default=0)
    if longest > LONGEST_LABEL:  # an array of text holds each as long as the longest
        raise ValueError(
            f"{where}: column {column.name!r} holds text of {longest:,} characters, but names and labels "
            f"have at most {LONGEST_LABEL:,}. Shorten it, or name another column."
        )
    array = np.asarray(values)
    return array.astype(str) if array.dtype == object else array
