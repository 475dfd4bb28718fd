"""Rows: what a function returned, by column, in the order of the rows it was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from normcast.errors import counted

KEPT = "which rows are kept"


@dataclass(frozen=True, eq=False)
class Rows:
    """What a function returned.

    columns: by name, each (rows, ...), in the order of the rows that it was given; by_index: whether some
    rows were left out, and the index told which.
    """

    columns: dict[str, np.ndarray]
    by_index: bool = False

    def differ(self, other: Rows, rows: np.ndarray) -> bool:
        """Whether any of these rows is another one in the other."""
        pairs = [(values, other.columns.get(name)) for name, values in self.columns.items()]
        return any(
            b is None or not pd.Series(a[rows].ravel()).equals(pd.Series(b[rows].ravel())) for a, b in pairs
        )


def rows_of(result: Any, given: Any, name: str, by_index: bool = False) -> Rows:
    """Return the rows of a result: an array, or a frame or series of pandas or polars.

    given: the frame that the function had; a pandas result is brought to its index, rows that were left out
    are missing. by_index: the function is known to keep it. Raises TypeError for anything else, ValueError
    for other rows than those given.
    """
    if isinstance(result, pd.Series):
        result = result.to_frame("result" if result.name is None else result.name)
    if isinstance(result, pd.DataFrame) and isinstance(given, pd.DataFrame):
        result, kept = brought(result, given.index, by_index)
        if not kept.all():
            return Rows({KEPT: kept, **columns_of(result)}, by_index=True)
    columns = columns_of(result, name)
    for values in columns.values():
        if len(values) != len(given):
            raise ValueError(
                f"canary: {name} returned {counted(len(values), 'row')} for {counted(len(given), 'row')}. "
                "Return the same rows in the same order (leave out dropna and reset_index); of a pandas "
                "frame some may be left out if the others keep their index."
            )
    refuse_reordered(columns, given, name)
    return Rows(columns)


def refuse_reordered(columns: dict[str, np.ndarray], given: Any, name: str) -> None:
    """Raise ValueError where a column holds the values that were given, but in another order."""
    for column, before in columns_of(given).items():
        now = columns.get(column)
        if now is None or now.dtype != before.dtype or before.dtype.kind in "biuf":
            continue
        old, new = pd.Series(before), pd.Series(now)
        if not old.equals(new) and old.sort_values(ignore_index=True).equals(
            new.sort_values(ignore_index=True)
        ):
            raise ValueError(
                f"canary: {name} returned the rows in another order, as {column} shows. Sort the table "
                "first, or return the rows in the order in which they were given."
            )


def brought(result: pd.DataFrame, index: pd.Index, by_index: bool) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a result in the order of an index, where it has labels of it alone, and which it has.

    A result of fewer rows that may have been counted anew cannot be brought anywhere, and stays as it is.
    """
    all_kept = np.ones(len(index), bool)
    if result.index.equals(index) or not (result.index.is_unique and index.is_unique):
        return result, all_kept
    counted_anew = not by_index and isinstance(result.index, pd.RangeIndex) and result.index.start == 0
    if counted_anew or not result.index.isin(index).all():
        return result, all_kept
    return result.reindex(index), np.asarray(index.isin(result.index))


def columns_of(result: Any, name: str = "") -> dict[str, np.ndarray]:
    """Return the columns of a frame, a series or an array."""
    if isinstance(result, np.ndarray) and result.ndim:
        flat = result.reshape(len(result), -1)
        return {f"column {number}": flat[:, number] for number in range(flat.shape[1])}
    if isinstance(result, pd.DataFrame):
        return {f"column {column!r}": plain(result.iloc[:, at]) for at, column in enumerate(result.columns)}
    try:
        table = nw.from_native(result, eager_only=True, allow_series=True)
    except TypeError as error:
        raise TypeError(
            f"canary: {name} returned {type(result).__name__}, but must return a frame, a series or an array "
            "with the rows it was given."
        ) from error
    table = table.to_frame() if isinstance(table, nw.Series) else table
    return {f"column {column!r}": table[column].to_numpy() for column in table.columns}


def plain(column: pd.Series) -> np.ndarray:
    """Return a column as an array; missing values of nullable numbers are NaN."""
    if pd.api.types.is_numeric_dtype(column.dtype) and pd.api.types.is_extension_array_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return column.to_numpy()
