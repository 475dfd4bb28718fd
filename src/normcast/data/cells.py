"""Cells: the careful look at columns of text that hold numbers as people write them."""

from __future__ import annotations

import io
from collections.abc import Collection

import numpy as np
import pandas as pd

from normcast.data.number_text import NumberText, decide, is_like_a_number
from normcast.errors import counted, listed

MISSING = ("-", "--", "?", "N/A", "n/a", "null")
"""Cells of a column of numbers that say there is none."""

WORDS = ("N/A", "n/a", "NA", "#N/A", "NULL", "null", "NaN", "nan", "None")
"""Words for it that pandas reads as missing by itself, without a word."""

_LOOK = 200


def read_cells(
    table: pd.DataFrame, separator: str, usual: str = ""
) -> tuple[pd.DataFrame, dict[str, list[str]], set[str]]:
    """Return the table with its columns of number text as numbers, notes on each of these columns, and the
    decimal signs that are clear from one. usual: as in `decide`."""
    notes, signs = {}, set()
    for name in table.columns:
        column = table[name]
        if column.dtype.kind not in "OU" and not isinstance(column.dtype, pd.StringDtype):
            continue
        if _may_be_numbers(column) and (found := _numbers(column, separator, usual)):
            table[name], told, sign = found
            notes[name] = [f"column {name!r}: {each}" for each in told]
            signs.add(sign)
    return table, notes, signs - {""}


def as_text_if_usual(
    table: pd.DataFrame, raw: bytes, separator: str, decimal: str, usual: str
) -> pd.DataFrame:
    """Return the table with those columns as text that the usual decimal sign may read otherwise.

    decimal: the sign that they were read with; usual: that of tables of its kind, or "".
    """
    if usual in ("", decimal):
        return table
    for name in table.columns:
        if may_have_thousands(table[name]):
            text = pd.Series(_text(raw, table, name, separator)[: len(table)].to_numpy(), dtype=object)
            table[name] = text.where(table[name].notna().to_numpy(), None)
    return table


def _may_be_numbers(column: pd.Series) -> bool:
    """Return whether half the cells of a sample look like numbers."""
    step = max(1, len(column) // _LOOK)
    cells = [each.strip() for each in pd.concat([column[:_LOOK], column[::step]]) if isinstance(each, str)]
    said = [cell for cell in cells if cell not in MISSING]
    return 2 * sum(map(is_like_a_number, said)) >= len(said)


def _numbers(column: pd.Series, separator: str, usual: str) -> tuple[np.ndarray, list[str], str] | None:
    """Return a column as float64, how it was read, and its decimal sign if a cell says it; None if not every
    cell is a number or missing."""
    codes, firsts = pd.factorize(column, use_na_sentinel=True)
    if not all(isinstance(each, str) for each in firsts):
        return None
    cells = [each.strip() for each in firsts]
    absent = np.array([cell in MISSING for cell in cells], dtype=bool)
    text = [cell for cell in cells if cell not in MISSING]
    way = decide(text, separator, usual)
    if way is None:
        return None
    is_clear = way.is_clear and any(sign in cell for cell in text for sign in ".,")
    values = np.array([np.nan if cell in MISSING else way.number(cell) for cell in cells])
    many = np.bincount(codes[codes >= 0], minlength=len(cells))
    told = [f"{listed(_counts(cells, absent, many), 6)} read as missing"] if absent.any() else []
    if way.thousands or way.sign or way.has_brackets or way.decimal == "," or not way.is_clear:
        told.append(way.told(_example(text, way)))
    return _with_nan(values, codes), told, way.decimal if is_clear else ""


def _counts(cells: list[str], absent: np.ndarray, many: np.ndarray) -> list[str]:
    counts: dict[str, int] = {}
    for at in np.flatnonzero(absent):
        counts[cells[at]] = counts.get(cells[at], 0) + int(many[at])
    return [f"{counted(count, 'cell')} {cell!r}" for cell, count in counts.items()]


def _example(cells: list[str], way: NumberText) -> str:
    """Return the first cell that shows what is said of the way."""
    signs = way.thousands or (way.decimal if way.decimal == "," or not way.is_clear else "") or way.sign
    signs = signs or "(" * way.has_brackets
    return next((cell for cell in cells if signs in cell), cells[0])


def _with_nan(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the value of each code, NaN for -1; whole numbers stay whole where none is missing."""
    taken = np.where(codes >= 0, values[codes], np.nan)
    whole = np.isfinite(taken).all() and (taken == np.floor(taken)).all() and np.abs(taken).max() < 2**53
    return taken.astype(np.int64) if whole else taken


def empty_notes(raw: bytes, table: pd.DataFrame, separator: str) -> list[str]:
    """Count the words for a missing value, such as N/A, in columns of numbers, where pandas takes them."""
    names = [name for name in table.columns if table[name].dtype.kind == "f" and table[name].hasnans]
    if not names or not any(word.encode() in raw for word in WORDS):
        return []
    notes = []
    for name in names:
        cells = _text(raw, table, name, separator)[: len(table)].str.strip()
        counts = cells[cells.isin(WORDS)].value_counts(sort=False)
        if len(counts):
            said = [f"{counted(many, 'cell')} {word!r}" for word, many in counts.items()]
            notes.append(f"column {name!r}: {listed(said, 6)} read as missing")
    return notes


def unclear_notes(
    raw: bytes, table: pd.DataFrame, separator: str, decimal: str, told: Collection[str]
) -> list[str]:
    """Name the columns that were read with a decimal sign, though each cell could have thousands.

    told: columns of which that is said already. Where fields stand between commas, a point in a number is the
    usual thing, and nothing is said.
    """
    if separator == ",":
        return []
    notes = []
    for name in table.columns:
        if name in told or not may_have_thousands(table[name]):
            continue
        for rows in (_LOOK, None):  # most columns are told by their head
            way = _unclear(_text(raw, table, name, separator, rows), separator, decimal)
            if way is None:
                break
        else:
            notes.append(f"column {name!r}: {way}")
    return notes


def _text(raw: bytes, table: pd.DataFrame, name: str, separator: str, rows: int | None = None) -> pd.Series:
    """Return the cells of a column as they stand in the text; an empty one is ""."""
    return pd.read_csv(
        io.BytesIO(raw),
        sep=separator,
        usecols=[table.columns.get_loc(name)],
        index_col=False,
        dtype=str,
        keep_default_na=False,
        nrows=rows,
    ).iloc[:, 0]


def _unclear(column: pd.Series, separator: str, decimal: str) -> str | None:
    """Return how the text of a column was read, if each cell could be read with thousands too."""
    cells = [cell for each in column.unique() if (cell := each.strip()) and cell not in WORDS]
    way = decide(cells, separator)
    if way is None or way.is_clear or way.decimal != decimal:
        return None
    return way.told(_example(cells, way))


def may_have_thousands(column: pd.Series) -> bool:
    """Return whether every value may have been written as 9.104."""
    if column.dtype.kind != "f":
        return False
    return all(map(_are_thousandths, (column[:1000].to_numpy(), column.to_numpy())))


def _are_thousandths(values: np.ndarray) -> bool:
    sizes = np.abs(values[np.isfinite(values)])
    if not len(sizes) or (sizes < 1).any() or (sizes >= 1000).any():
        return False
    return bool(np.abs(sizes * 1000 - np.round(sizes * 1000)).max() < 1e-6)
