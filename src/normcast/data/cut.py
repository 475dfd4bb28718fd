"""Cut: a long table as windows of one size, each with what is told of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from normcast.data.cases import Cases
from normcast.data.columns import Columns, choose, names, require
from normcast.data.intake import open_table
from normcast.data.ordered import Ordered, channel_names, channel_values, refuse_missing, told_values
from normcast.data.table import read_table
from normcast.errors import at_least_one, listed, one_of


def cut_windows(
    frame: Any,
    size: int,
    step: int | None = None,
    *,
    target: str,
    id_col: str | Iterable[str] | None = None,
    time_col: str | None = None,
    channels: str | Iterable[str] | None = None,
    at: Literal["last", "majority"] = "last",
) -> Cases:
    """Cut a long table into cases: windows of so many rows of one series.

    Shorter series are left out, and noted.

    Parameters
    ----------
    frame : pandas.DataFrame or polars.DataFrame or path
        A long table, or the path of a file that `read_table` reads.
    size : int
        Rows of a window, at least 1.
    step : int or None, default None
        Rows from one window to the next; None is `size`, windows side by side.
    target : str
        The column that is told, a label or a number.
    id_col : str or several or None, default None
        Columns that name the series, as in `Panel.from_frame`; without any there is one series.
    time_col : str or None, default None
        The column of time stamps; found if None.
    channels : str or several or None, default None
        The columns of x; None is all of numbers but the target.
    at : {"last", "majority"}, default "last"
        Whether y is the target at the last row of a window, or the most frequent one in it, of equals the
        later.

    Returns
    -------
    Cases
        Its x is (cases, size, channels) and y (cases,); groups is the series of each window, None where there
        is one; times is that of the last row of each window, or its number in its series, from 1.

    Raises
    ------
    ValueError
        For columns that are not there, two rows of one series and time, values missing in a window, and where
        no series has `size` rows.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"load": [1.0, 2.0, 3.0, 4.0, 5.0], "state": list("aabbb")})
    >>> cases = cut_windows(frame, 2, target="state")
    >>> cases.x[:, :, 0].tolist(), cases.y.tolist(), cases.times.tolist()
    ([[1.0, 2.0], [3.0, 4.0]], ['a', 'b'], [2, 4])
    """
    for name, value in (("size", size), ("step", size if step is None else step)):
        at_least_one("cut_windows", name, value)
    one_of("cut_windows", "at", at, ("last", "majority"))
    where = str(frame) if isinstance(frame, (str, os.PathLike)) else "cut_windows"
    table, _ = open_table(read_table(frame) if isinstance(frame, (str, os.PathLike)) else frame, where)
    columns, notes = choose(table, Columns(ids=names(id_col), time=time_col, targets=(target,)), where)
    for name in names(channels):
        require(name, table.columns, where)
    rows = Ordered.of(table, columns, where)
    chosen = names(channels) or channel_names(table, columns.used, where)
    values = channel_values(table, chosen, rows, where)
    inside = _inside(rows, int(size), int(step or size), where)
    used = np.isin(np.arange(len(values)), inside)
    refuse_missing(values, chosen, rows, used, where)
    told = told_values(table, target, rows, where)
    ends = inside[:, -1]
    y = told[ends] if at == "last" else _majority(told[inside])
    series = np.searchsorted(rows.offsets, ends, side="right") - 1
    groups = rows.ids[series] if len(rows.names) > 1 else None
    cases = Cases.of(
        values.astype(np.float32)[inside], y, groups, rows.time[ends], layout="channels_last", where=where
    )
    more = (f"channels: {listed(chosen, 10)}", *_left_out(rows, int(size)))
    return replace(cases, notes=(*notes, *rows.notes, *cases.notes, *more))


def _inside(rows: Ordered, size: int, step: int, where: str) -> np.ndarray:
    """Return the rows of each window, (cases, size), none across two series."""
    begins = [
        np.arange(first, end - size + 1, step)
        for first, end in zip(rows.offsets[:-1], rows.offsets[1:], strict=True)
    ]
    starts = np.concatenate(begins)
    if not len(starts):
        raise ValueError(
            f"{where}: no series has {size} rows; the longest has {rows.lengths.max()}. Lower size to "
            "at most that."
        )
    return starts[:, None] + np.arange(size)  # (cases, size)


def _left_out(rows: Ordered, size: int) -> Iterator[str]:
    short = np.flatnonzero(rows.lengths < size)
    if len(short):
        shown = listed([repr(rows.names[at]) for at in short])
        yield f"{len(short)} series of fewer than {size} rows left out: {shown}"


def _majority(told: np.ndarray) -> np.ndarray:
    """Return the most frequent value of each row of (cases, size), of equals the later."""
    known, codes = np.unique(told, return_inverse=True)
    return known[[_most(each) for each in codes.reshape(told.shape)]]


def _most(codes: np.ndarray) -> int:
    often = np.bincount(codes)[codes]
    return int(codes[np.flatnonzero(often == often.max())[-1]])
