"""Told: what reading a file noted, which travels with the table to the panel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

_NOTES, _LINE = "normcast notes", "normcast line of the first row"


def keep(table: pd.DataFrame, notes: Iterable[str], first_row: int | None) -> pd.DataFrame:
    """Return the table with the notes on reading it, and the line of its first row, if each row is a line."""
    notes = list(notes)
    if notes:
        table.attrs[_NOTES] = notes
    if first_row is not None:
        table.attrs[_LINE] = [first_row, len(table)]
    return table


def notes_of(frame: Any) -> tuple[str, ...]:
    """Return the notes of reading a table; none for one that `read_table` did not read.

    >>> notes_of(keep(pd.DataFrame({"y": [1]}), ["line 2 is passed over"], None))
    ('line 2 is passed over',)
    """
    return tuple(frame.attrs.get(_NOTES, ())) if isinstance(frame, pd.DataFrame) else ()


def line_of_first_row(frame: Any) -> int | None:
    """Return the line of the first row, None where rows were taken away or sorted since.

    >>> line_of_first_row(keep(pd.DataFrame({"y": [1, 2]}), [], 5))
    5
    """
    if not isinstance(frame, pd.DataFrame) or _LINE not in frame.attrs:
        return None
    line, rows = frame.attrs[_LINE]
    return line if frame.index.equals(pd.RangeIndex(rows)) else None
