"""Alike: a frame read as its panel's columns say, or as is asked: marks that mean missing, wide tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import narwhals as nw
import pandas as pd

from normcast.data.cells import read_cells
from normcast.data.columns import Columns
from normcast.data.intake import open_table
from normcast.data.markers import Marks, as_texts, marked_missing
from normcast.data.told import reading_of
from normcast.data.wide_dates import as_asked


def read_alike(
    frame: Any, columns: Columns, marks: Marks, where: str
) -> tuple[Any, Columns, tuple[str, ...]]:
    """Return a frame with marked values missing, its columns with how it was read, and notes.

    marks: what is asked for, or None for what the columns keep of a fitted table; those that its file was
    read with are not sought again. A wide frame becomes long where the fitted one was wide. A column of text
    of which numbers are left becomes numbers.
    """
    done, wanted = reading_of(frame), columns.cells
    if marks is not None:
        wanted = wanted.told(as_texts(marks), None)
    kept = replace(columns, cells=done.then(wanted))
    if wanted.wide and not done.wide and isinstance(frame, pd.DataFrame):
        frame = as_asked(frame, where, usual=True)
    left = tuple(mark for mark in wanted.na_values if mark not in done.na_values)
    if not left:
        return frame, kept, ()
    table, frame_type = open_table(frame, where)
    plain = _plain(table) if frame_type == "polars" else table.to_native()
    marked, notes = marked_missing(plain, () if marks is None else left, left)
    changed = [name for name in plain.columns if marked[name].isna().sum() > plain[name].isna().sum()]
    numbers, told, _ = read_cells(marked[changed].copy(), ",")
    notes += [note for each in told.values() for note in each]
    if frame_type == "polars":
        return (
            table.with_columns(*(_column(numbers[name], table) for name in changed)).to_native(),
            kept,
            (*notes,),
        )
    return marked.assign(**{name: numbers[name] for name in changed}), kept, (*notes,)


def _plain(table: nw.DataFrame) -> pd.DataFrame:
    """Return the columns of numbers and text of a polars frame."""
    names = [
        name for name in table.columns if table[name].dtype.is_numeric() or table[name].dtype == nw.String
    ]
    return pd.DataFrame({name: table[name].to_list() for name in names})


def _column(values: pd.Series, table: nw.DataFrame) -> nw.Series:
    cells = [None if pd.isna(each) else each for each in values]
    return nw.new_series(str(values.name), cells, backend=table.implementation)
