"""Rereading: new rows read as the table was that a forecaster was fitted on, unless told otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from normcast.data import Clock, Panel, read_table
from normcast.data.markers import Marks, as_texts


def reread(
    fitted: Panel,
    df: Any,
    *,
    na_values: Marks = None,
    wide: bool | None = None,
    day_first: bool | None = None,
    **policies: Any,
) -> Panel:
    """Return the panel of a frame, or of a file at a path, with columns and frequency of the fitted one.

    na_values, wide, day_first: in place of what the fitted panel's columns keep of its table; see
    `Forecaster.predict`. policies: as `Panel.from_frame` takes them.
    """
    marks = None if na_values is None else as_texts(na_values)
    columns = replace(fitted.columns, cells=fitted.columns.cells.told(marks, wide))
    where = "table"
    if isinstance(df, str | Path):
        where, df = str(df), read_table(df, na_values, like=columns.cells)
    return Panel.from_frame(
        df,
        columns=columns,
        time_col=Clock(day_first=day_first),
        na_values=na_values,
        freq=fitted.freq,
        season=fitted.season,
        **{"where": where, **policies},
    )


def read_future(fitted: Panel, path: Path, na_values: Marks = None) -> Any:
    """Return the table of known-future rows in a file, its cells read as those of the fitted table."""
    return read_table(path, na_values, like=replace(fitted.columns.cells, wide=False))
