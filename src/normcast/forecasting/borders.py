"""Borders: how many rows of each series stand before a place in time, which is a stamp or a count of rows."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from normcast.data import Panel
from normcast.data.faults import Lack, SeriesFault
from normcast.data.stamps import Stamps
from normcast.data.whole_times import KINDS
from normcast.errors import at_least_one

DOOR = "cross_validation"


def rows_to(panel: Panel, end: Any, name: str) -> np.ndarray:
    """Return the rows of each series up to a stamp, and with it: (series,); too many where it ends before.

    end: a stamp as the time column has it; or a whole number, which counts rows unless the column holds whole
    numbers itself. name: of the border, for messages.
    Raises ValueError for what is no stamp like the panel's, and for one between two stamps of a series.

    >>> panel = Panel.from_frame(pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=9), "y": range(9)}))
    >>> rows_to(panel, "2024-01-03", "train_end"), rows_to(panel, 4, "valid_end")
    (array([3]), array([4]))
    """
    if is_count(panel.stamps, end):
        at_least_one(DOOR, name, end)
        return np.full(panel.n_series, int(end))
    stamp = counted_as(panel, end, name)
    rows = np.zeros(panel.n_series, dtype=np.int64)
    for s, (first, behind) in enumerate(zip(panel.offsets[:-1], panel.offsets[1:], strict=True)):
        own = panel.time[first:behind].view(np.int64)
        rows[s] = np.searchsorted(own, stamp, side="right") + (stamp > own[-1])
        if own[0] < stamp < own[-1] and own[rows[s] - 1] != stamp:
            before, after = (panel.stamps.show(int(own[rows[s] + step])) for step in (-1, 0))
            raise ValueError(
                f"{DOOR}: {name} {end} is no stamp of series {panel.ids[s]!r}, which has {before} and then "
                f"{after}. Give one of them, or a count of rows."
            )
    return rows


def is_count(stamps: Stamps, end: Any) -> bool:
    """Whether a border counts rows, and is no stamp."""
    whole = isinstance(end, Integral) and not isinstance(end, bool)
    return whole and stamps.kind not in ("integer", *KINDS)


def counted_as(panel: Panel, end: Any, name: str) -> int:
    """Return a stamp as the panel counts it. Raises ValueError for what is none, or one of another sort."""
    column = nw.from_native(pd.Series([end], name=panel.columns.time_name), series_only=True)
    return int(panel.stamps.read_alike(column, f"{DOOR}: {name} {end}")[0])


def with_borders(panel: Panel, train_end: Any, valid_end: Any, h: int, short: str) -> Panel:
    """Return the panel without series that have no room for these borders and h rows behind; see `rows_to`.

    train_end: None where it was not given. Raises SeriesFault for such series unless short="skip", and
    ValueError for borders in the wrong order, and for series that differ in how many rows lie between.
    """
    valid = rows_to(panel, valid_end, "valid_end")
    train = None if train_end is None else rows_to(panel, train_end, "train_end")
    lacks = {s: lack(panel, s, train, valid, h) for s in range(panel.n_series)}
    fewer = {s: words for s, words in lacks.items() if words}
    keep = np.array([s not in fewer for s in range(panel.n_series)])
    if train is not None:
        check_between(panel, train, valid, keep, train_end, valid_end)
    if not fewer:
        return panel
    first = next(iter(fewer))
    borders = f"valid_end {valid_end}" + ("" if train is None else f", train_end {train_end}")
    message = f"{DOOR}: {borders}: series {panel.ids[first]!r} {fewer[first]}. Choose others, or a smaller h."
    if not keep.any():
        raise ValueError(message)
    fault = SeriesFault(message, [Lack(panel.ids[s], words) for s, words in fewer.items()])
    return panel.only(keep).without(fault, panel.n_series, short)


def lack(panel: Panel, s: int, train: np.ndarray | None, valid: np.ndarray, h: int) -> str:
    """Return what a series lacks for these borders, in words; nothing if it has room."""
    rows, stamps = int(panel.lengths[s]), panel.time[[panel.offsets[s], panel.offsets[s + 1] - 1]]
    first, last = (panel.stamps.show(int(each)) for each in stamps.view(np.int64))
    extent = f"has {rows} rows, {first} to {last}"
    if valid[s] > rows - h:
        return f"{extent}, and not h={h} behind valid_end"
    if valid[s] < 1 or (train is not None and train[s] < 1):
        return f"{extent}, and none up to {'valid_end' if valid[s] < 1 else 'train_end'}"
    return ""


def check_between(
    panel: Panel, train: np.ndarray, valid: np.ndarray, keep: np.ndarray, train_end: Any, valid_end: Any
) -> None:
    """Raise ValueError unless train_end is before valid_end, as many rows in each series that is kept."""
    between = valid - train
    for s in np.flatnonzero(keep & (between < 1)):
        raise ValueError(
            f"{DOOR}: train_end {train_end} (row {train[s]} of series {panel.ids[s]!r}) does not stand "
            f"before valid_end {valid_end} (row {valid[s]}). The rows between them stop the training "
            "early and calibrate intervals; origins begin behind valid_end."
        )
    kept = np.flatnonzero(keep)
    for s in kept[between[kept] != between[kept[:1]]]:
        raise ValueError(
            f"{DOOR}: from train_end to valid_end series {panel.ids[kept[0]]!r} has {between[kept[0]]} rows, "
            f"and {panel.ids[s]!r} has {between[s]}. Give both borders as stamps, or both as counts of rows."
        )
