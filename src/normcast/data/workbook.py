"""Workbook: a sheet of an .xlsx file as CSV text, which is then read as any other."""

from __future__ import annotations

import csv
import datetime
import io
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from normcast.budgets import opened_zip, refuse_columns, refuse_expansion
from normcast.data.asking import Asking
from normcast.errors import first_line, listed, unknown

_asking = Asking[str | None]("sheet", None)
asked_for, asked = _asking.asked_for, _asking.asked  # a sheet of each workbook that is read: --sheet
_ROWS = 2**20  # of a sheet, at most: a number of a row may be any, and those before it are empty
_BYTES = 8  # of a cell, at least: a number or a pointer


def refuse_other(name: str, sheet: str, asked: str) -> None:
    """Raise ValueError for a sheet that is asked for of a file that has none. asked: what it is called."""
    if not name.lower().endswith(".xlsx"):
        raise ValueError(f"{name}: {asked} {sheet} is given, but only an .xlsx has sheets. Leave it out.")


def csv_text(raw: bytes, name: str, sheet: str | None = None) -> tuple[bytes, list[str]]:
    """Return a sheet of a workbook as CSV between commas, and notes; a date is written as 2024-01-31, with a
    time of day where any cell of its column has one.

    raw: the file; name: of it, for messages; sheet: None for that of `asked_for`, else the first.
    Raises ImportError without openpyxl, and ValueError for what is no workbook, has no such sheet, would
    unpack to more than its size allows, or of which the first sheet has no numbers, where it has others.
    """
    if raw[:4] != b"PK\x03\x04":
        old = " It may be an old .xls, or be locked by a password." if raw[:4] == b"\xd0\xcf\x11\xe0" else ""
        raise ValueError(f"{name}: is named .xlsx but is no Excel workbook.{old} Save it as .xlsx or as CSV.")
    try:
        import openpyxl
    except ImportError as error:
        raise ImportError(
            f'{name}: reading Excel needs openpyxl. Install it: pip install "normcast[xlsx]", or use CSV.'
        ) from error
    sheet = sheet or asked()
    try:
        with opened_zip(io.BytesIO(raw)):
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        known = [each.title for each in book.worksheets]
        chosen = book.worksheets[0] if sheet is None else book[sheet] if sheet in known else None
        rows = [] if chosen is None else _rows(chosen, len(raw))
    except Exception as error:  # whatever fails in the reader, is the file's
        told = first_line(error).rstrip(".")
        raise ValueError(f"{name}: is not a readable workbook: {told}. Save it again.") from error
    if chosen is None:
        raise ValueError(unknown("sheet", sheet, known, where=name))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_written(rows))
    return text.getvalue().encode(), _others(rows, known, name) if sheet is None else []


def _others(rows: list[Sequence[Any]], known: list[str], name: str) -> list[str]:
    """Return a note on the sheets that are not read; raise ValueError where the first has no numbers."""
    first, others = known[0], known[1:]
    if not others:
        return []
    cells = (str(value) for row in rows[1:] for value in row if not isinstance(value, datetime.date))
    if not any(any(sign.isdigit() for sign in cell) for cell in cells):
        raise ValueError(
            f"{name}: sheet {first!r}, the first, has no numbers; others are {listed(others)}. Name the one "
            f"to read: --sheet {shlex.quote(others[0])} (sheet=)."
        )
    return [f"sheet {first!r} is read, the first; others are {listed(others)} (--sheet, sheet=)"]


def _rows(sheet: Any, packed: int) -> list[Sequence[Any]]:
    """Return the cells of a sheet; raises ValueError once they are more than a file of that size may hold."""
    sheet.reset_dimensions()  # what it says of its size may be false
    rows: list[Sequence[Any]] = []
    cells = 0
    for row in sheet.iter_rows(values_only=True):
        if len(rows) == _ROWS:
            raise ValueError(f"it has a row beyond {_ROWS:,}, which no sheet has")
        cells += len(row) + 1
        refuse_columns(len(row))
        refuse_expansion(_BYTES * cells, packed)
        rows.append(row)
    return rows


def _written(rows: Sequence[Sequence[Any]]) -> Iterator[list[Any]]:
    """Yield rows of one width, dates of a column in one form."""
    width = max(map(len, rows), default=0)
    timed = [any(at < len(row) and _has_clock(row[at]) for row in rows) for at in range(width)]
    for row in rows:
        padded = [*row, *[None] * (width - len(row))]
        yield [_cell(value, clock) for value, clock in zip(padded, timed, strict=True)]


def _has_clock(value: Any) -> bool:
    return isinstance(value, datetime.datetime) and value.time() != datetime.time()


def _cell(value: Any, clock: bool) -> Any:
    """Return a cell as CSV has it.

    >>> day = datetime.datetime(2024, 1, 31)
    >>> _cell(day, False), _cell(day, True), _cell(7, True)
    ('2024-01-31', '2024-01-31 00:00:00', 7)
    """
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ") if clock else value.date().isoformat()
    return value
