"""Intake: the way from a user's table to the arrays of a panel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from normcast.data import calendar, gaps, ids, pattern, repair
from normcast.data import stamps as stamps_of
from normcast.data.columns import Columns, choose
from normcast.data.markers import marker_notes
from normcast.data.outliers import outlier_notes
from normcast.data.rows import Rows, sort
from normcast.data.stamps import Stamps
from normcast.data.step import Step
from normcast.data.told import line_of_first_row, notes_of
from normcast.data.values import numbers


@dataclass(frozen=True)
class Policy:
    """What to do with a table that is not regular and complete."""

    freq: str | int | None
    season: int | Sequence[int] | None
    duplicates: str
    fill_gaps: bool
    missing: str
    may_be_constant: bool


def take(frame: Any, asked: Columns, policy: Policy, where: str) -> dict[str, Any]:
    """Return the fields of a panel; see `Panel.from_frame`."""
    repair.check_policy(policy.duplicates, policy.missing)
    table, frame_type = open_table(frame, where)
    read = notes_of(table.to_native())
    columns, notes = choose(table, asked, where)
    rows, id_values = _rows(table, columns, where)
    marks = marker_notes(rows.values, rows.names, rows.offsets)
    rows, merged = repair.merge_duplicates(rows, policy.duplicates)
    step = _step(rows, policy.freq)
    given = policy.season
    seasons = calendar.seasons_of(step.name) if given is None else calendar.named_seasons(given)
    season, *longer = seasons
    on_calendar: tuple[str, ...] = ()
    shut: np.ndarray | None = None
    if step.week:
        rows, shut, noted = pattern.on_calendar(rows, step.week, fitted=policy.may_be_constant)
        on_calendar = noted if policy.freq else (pattern.told(step, seasons), *noted)
    found = (*read, *notes, *marks, *merged, *on_calendar)
    rows, inserted = gaps.fill_gaps(rows, step, policy.fill_gaps, shut)
    rows, ahead = _split_ahead(rows, columns)
    unseen = gaps.inserted_on(rows, step, shut)
    rows, observed, filled = repair.fill_missing(rows, policy.missing, season, unseen)
    constant = _constant(rows, policy.may_be_constant)
    n_hist = len(columns.hist_exog)
    return {
        "columns": columns,
        "ids": rows.ids,
        "id_values": id_values,
        "offsets": rows.offsets,
        "time": rows.stamps.as_time(rows.counted),
        "y": np.ascontiguousarray(rows.values[:, 0]),
        "observed": observed,
        "hist": np.ascontiguousarray(rows.values[:, 1 : 1 + n_hist]),
        "futr": np.ascontiguousarray(rows.values[:, 1 + n_hist :]),
        "stat": _static(table, columns, rows, where),
        "futr_ahead": ahead,
        "freq": step.name,
        "season": season,
        "longer_seasons": tuple(longer),
        "frame_type": frame_type,
        "notes": (*found, *inserted, *filled, *constant, *outlier_notes(rows)),
        "stamps": rows.stamps,
    }


def open_table(frame: Any, where: str) -> tuple[nw.DataFrame, str]:
    """Return a table for reading, and its type; a pandas time index becomes a column.

    Raises TypeError for what is no pandas or polars DataFrame, ValueError for an empty one.
    """
    if isinstance(frame, pd.DataFrame):
        frame = _text_names(_with_index(frame), where)
    table = nw.from_native(frame, eager_only=True, pass_through=True)
    if not isinstance(table, nw.DataFrame) or not (
        table.implementation.is_pandas() or table.implementation.is_polars()
    ):
        raise TypeError(
            f"{where}: a pandas or polars DataFrame is needed, not "
            f"{type(frame).__module__}.{type(frame).__name__}. "
            "A file goes through read_table(), a lazy frame through .collect(), a Series through "
            ".to_frame()."
        )
    if not len(table):
        raise ValueError(f"{where}: the table has no rows; columns are {', '.join(table.columns)}.")
    return table, "polars" if table.implementation.is_polars() else "pandas"


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose index, where named or a time, is a column: people keep their stamps there."""
    if isinstance(frame.index, (pd.DatetimeIndex, pd.PeriodIndex)) and frame.index.name is None:
        frame = frame.rename_axis(index="ds")
    named = [name for name in frame.index.names if name is not None]
    return frame.reset_index() if named and not set(named) & set(frame.columns) else frame


def _text_names(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    if frame.columns.has_duplicates:
        name = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(f"{where}: column name {name!r} stands twice. Rename one.")
    if all(isinstance(name, str) for name in frame.columns):
        return frame
    return frame.set_axis([str(name) for name in frame.columns], axis="columns")


def _rows(table: nw.DataFrame, columns: Columns, where: str) -> tuple[Rows, Any]:
    """Return the table's rows, sorted, and the id columns with one row per series."""
    n, line = len(table), line_of_first_row(table.to_native())
    codes, names, id_values = series_codes(table, columns, where)
    if columns.time is None:
        counted, stamps = row_steps(codes), Stamps("rows")
    else:
        counted, stamps = stamps_of.read(table[columns.time], where)
    exog = [
        numbers(table[name], where, "exogenous column", line)
        for name in (*columns.hist_exog, *columns.futr_exog)
    ]
    targets = [numbers(table[name], where, "target column", line) for name in columns.targets]
    row = np.arange(1, n + 1)
    if columns.is_wide:
        codes = np.repeat(np.arange(len(targets)), n)
        counted, row = np.tile(counted, len(targets)), np.tile(row, len(targets))
        exog = [np.tile(values, len(targets)) for values in exog]
    values = np.column_stack([np.concatenate(targets) if columns.is_wide else targets[0], *exog])
    order = sort(codes, counted)
    if order is not None:
        codes, counted, row, values = codes[order], counted[order], row[order], values[order]
    offsets = np.searchsorted(codes, np.arange(len(names) + 1))
    labels = (columns.target_name, *columns.hist_exog, *columns.futr_exog)
    return Rows(offsets, counted, row, values, labels, names, stamps, where), id_values


def row_steps(codes: np.ndarray) -> np.ndarray:
    """Return 1, 2, 3, ... within each series, in the order of the table."""
    order = np.argsort(codes, kind="stable")
    many = np.bincount(codes)
    steps = np.empty(len(codes), dtype=np.int64)
    steps[order] = np.arange(len(codes)) - np.repeat(np.cumsum(many) - many, many) + 1
    return steps


def series_codes(
    table: nw.DataFrame, columns: Columns, where: str
) -> tuple[np.ndarray, tuple[str, ...], Any]:
    """Return the series of each row, the series' names, and the id columns with one row per series.

    Series stand in the order in which they first appear. Raises ValueError for an empty id.
    """
    if columns.ids:
        return ids.series_codes(table, columns, where)
    wide = {"unique_id": list(columns.targets)} if columns.is_wide else {}
    frame_type = "polars" if table.implementation.is_polars() else "pandas"
    return np.zeros(len(table), dtype=np.int64), columns.targets, table_of(wide, frame_type)


def _step(rows: Rows, freq: str | int | None) -> Step:
    if freq is None:
        if rows.stamps.kind == "rows":
            return Step("integer", 1)
        return calendar.infer(rows.counted, rows.offsets, rows.stamps, rows.where)
    step = calendar.parse(freq, rows.where)
    if (step.kind == "integer") == rows.stamps.is_calendar:
        raise ValueError(
            f"{rows.where}: frequency {freq!r} does not go with stamps that are "
            f"{'times' if rows.stamps.is_calendar else 'whole numbers'}, such as {rows.show(0)}. "
            "Name "
            f"{'a pandas frequency such as D' if rows.stamps.is_calendar else 'a whole number'}, or none."
        )
    return calendar.resolve(step, rows.counted)


def _split_ahead(rows: Rows, columns: Columns) -> tuple[Rows, np.ndarray]:
    """Take the trailing rows with an empty target away as known-future rows, (S, k, n_futr)."""
    n_futr, n_series = len(columns.futr_exog), len(rows.ids)
    if not n_futr:
        return rows, np.empty((n_series, 0, 0))
    there = np.where(np.isnan(rows.values[:, 0]), -1, np.arange(len(rows.counted)))
    last = np.maximum.reduceat(there, rows.offsets[:-1])
    ahead = np.arange(len(rows.counted)) > np.maximum(last, -1)[rows.series]
    many = np.add.reduceat(ahead, rows.offsets[:-1], dtype=np.int64)
    if (last < rows.offsets[:-1]).any():
        s = int(np.argmax(last < rows.offsets[:-1]))
        raise ValueError(
            f"{rows.where}: series {rows.ids[s]!r} has no target value in any row. Leave it out."
        )
    if (many != many[0]).any():
        s = int(np.argmax(many != many[0]))
        raise ValueError(
            f"{rows.where}: series {rows.ids[s]!r} ends with {many[s]} rows without a target, "
            f"series {rows.ids[0]!r} with {many[0]}. Give every series the same known-future rows."
        )
    futr = rows.values[ahead][:, -n_futr:]
    bad = ~np.isfinite(futr)
    if bad.any():
        at, column = (int(i) for i in np.argwhere(bad)[0])
        place = rows.place(int(np.flatnonzero(ahead)[at]), len(rows.names) - n_futr + column)
        raise ValueError(f"{place}: a known-future value is missing. Give it, or take the row out.")
    return rows.take(~ahead), futr.reshape(n_series, -1, n_futr)


def _constant(rows: Rows, allowed: bool) -> tuple[str, ...]:
    """Return a note for constant series; raise ValueError if all are."""
    y, starts = rows.values[:, 0], rows.offsets[:-1]
    flat = np.minimum.reduceat(y, starts) == np.maximum.reduceat(y, starts)
    if not flat.any():
        return ()
    s = int(np.argmax(flat))
    if flat.all() and not allowed:
        what = "the series is" if len(flat) == 1 else f"all {len(flat)} series are"
        raise ValueError(
            f"{rows.where}: {what} constant ({rows.ids[s]!r} is {y[starts[s]]} in every row): "
            f"there is nothing to learn. Check the target column {rows.names[0]!r}."
        )
    return (f"{flat.sum()} of {len(flat)} series are constant, the first {rows.ids[s]!r}",)


def _static(table: nw.DataFrame, columns: Columns, rows: Rows, where: str) -> np.ndarray:
    """Return the static values, (S, n_stat); refuse what changes within a series or is missing."""
    n_series = len(rows.ids)
    if not columns.stat_exog:
        return np.empty((n_series, 0))
    values = np.column_stack([numbers(table[name], where, "static column") for name in columns.stat_exog])
    codes = (
        np.zeros(len(values), dtype=np.int64) if columns.is_wide else series_codes(table, columns, where)[0]
    )
    first = values[ids.first_rows(codes)]
    bad = ~(values == first[codes])  # NaN equals nothing, so a missing value is found too
    if bad.any() or not np.isfinite(first).all():
        at, column = (int(i) for i in np.argwhere(bad | ~np.isfinite(values))[0])
        raise ValueError(
            f"{where}: series {rows.ids[codes[at]]!r}, static column {columns.stat_exog[column]!r}, "
            f"row {at + 1}: "
            f"{values[at, column]} is missing or differs from {first[codes[at], column]} in the "
            "series' first row. "
            f"A static column holds one number per series."
        )
    return np.repeat(first, n_series, axis=0) if columns.is_wide else first


def table_of(cells: dict[str, Any], frame_type: str) -> Any:
    """Return columns as a table of the user's type."""
    if frame_type == "polars":
        import polars as pl

        return pl.DataFrame(cells)
    plain = {name: c.reset_index(drop=True) if isinstance(c, pd.Series) else c for name, c in cells.items()}
    return pd.DataFrame(plain)
