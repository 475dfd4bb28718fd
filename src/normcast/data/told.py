"""Told: what reading a file noted, which travels with the table to the panel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from normcast.data.reading import AS_IT_IS, Reading

_NOTES, _LINE, _READING = "normcast notes", "normcast line of the first row", "normcast reading"


def keep(
    table: pd.DataFrame, notes: Iterable[str], first_row: int | None, reading: Reading = AS_IT_IS
) -> pd.DataFrame:
    """Return the table with the notes on reading it, the line of its first row, if each row is a line, and
    how it was read."""
    notes = list(notes)
    if reading != AS_IT_IS:
        table.attrs[_READING] = reading.to_dict()
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


def reading_of(frame: Any) -> Reading:
    """Return how a table was read; as it is for one that `read_table` did not read.

    >>> reading_of(keep(pd.DataFrame({"y": [1]}), [], None, Reading(("-9",)))).na_values
    ('-9',)
    """
    kept = frame.attrs.get(_READING) if isinstance(frame, pd.DataFrame) else None
    return AS_IT_IS if kept is None else Reading.from_dict(kept)


def line_of_first_row(frame: Any) -> int | None:
    """Return the line of the first row, None where rows were taken away or sorted since.

    >>> line_of_first_row(keep(pd.DataFrame({"y": [1, 2]}), [], 5))
    5
    """
    if not isinstance(frame, pd.DataFrame) or _LINE not in frame.attrs:
        return None
    line, rows = frame.attrs[_LINE]
    return line if frame.index.equals(pd.RangeIndex(rows)) else None
