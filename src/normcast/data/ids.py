"""Ids: which series each row of a table belongs to."""

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from normcast.data.columns import Columns


def series_codes(
    table: nw.DataFrame, columns: Columns, where: str
) -> tuple[np.ndarray, tuple[str, ...], Any]:
    """Return the series of each row, the series' names, and the id columns, which there must be, by series.

    Series stand in the order in which they first appear; the last result has one row per series. Raises
    ValueError for an empty id, and for two series of one name.
    """
    (codes, firsts), *others = (_codes(table[name], where) for name in columns.ids)
    for own, _ in others:
        codes, _ = pd.factorize(codes * (own.max() + 1) + own)
    one = table.select(list(columns.ids))[first_rows(codes) if others else firsts]
    parts = [[str(value) for value in one[name].to_list()] for name in columns.ids]
    ids = tuple(parts[0] if len(parts) == 1 else map("/".join, zip(*parts, strict=True)))
    if len(set(ids)) < len(ids):
        twice = next(name for i, name in enumerate(ids) if name in ids[:i])
        raise ValueError(
            f"{where}: two series are both named {twice!r}. Rename one in {', '.join(columns.ids)}."
        )
    native = one.to_native()
    return codes, ids, native.reset_index(drop=True) if isinstance(native, pd.DataFrame) else native


def first_rows(codes: np.ndarray) -> np.ndarray:
    """Return where each code first stands; codes are numbered in order of appearance.

    >>> first_rows(np.array([0, 0, 1, 0, 2]))
    array([0, 2, 4])
    """
    begins = _beginnings(codes[1:] != codes[:-1])
    newest = np.maximum.accumulate(codes[begins])
    return begins[np.diff(newest, prepend=-1) > 0]


def _codes(column: nw.Series, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids of a column as numbers, in order of appearance, and where each first stands."""
    begins = _runs(column)
    heads = column if begins is None else column[begins]
    codes, _ = pd.factorize(heads.to_numpy() if heads.implementation.is_polars() else heads.to_native())
    if (codes < 0).any():
        at = int(np.argmax(codes < 0))
        row = at if begins is None else int(begins[at])
        raise ValueError(
            f"{where}: id column {column.name!r}, row {row + 1}: the id is empty. "
            f"Give every row an id (pandas reads the text NA as empty)."
        )
    firsts = first_rows(codes)
    if begins is None:
        return codes, firsts
    return np.repeat(codes, np.diff(begins, append=len(column))), begins[firsts]


def _runs(column: nw.Series) -> np.ndarray | None:
    """Return the rows whose id is not that of the row before; None where looking at these saves nothing.

    Rows of a series mostly stand together, and comparing neighbours costs far less than hashing every id.
    """
    native, rows = column.to_native(), len(column)
    if native.dtype == object or column.is_null().any():  # objects may compare in ways of their own
        return None
    if column.implementation.is_polars():
        changed = (native.slice(1) != native.slice(0, rows - 1)).to_numpy()
    else:
        changed = np.asarray(native.array[1:] != native.array[:-1], dtype=bool)
    begins = _beginnings(changed)
    return begins if 2 * len(begins) <= rows else None


def _beginnings(changed: np.ndarray) -> np.ndarray:
    """Return where runs begin, given for each row but the first whether it differs from the one before."""
    return np.append(0, np.flatnonzero(changed) + 1)
