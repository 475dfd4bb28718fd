"""Output: tables written whole, in the form that the file's ending names."""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path
from typing import Any

import narwhals as nw

from normcast.files import write_whole

FORMULA = ("=", "+", "-", "@")
"""What a cell begins with, perhaps after blanks, that a spreadsheet takes for a formula."""

ENDINGS = (".csv", ".csv.gz", ".parquet")


def check_ending(path: str | Path) -> None:
    """Raise ValueError unless `write_table` knows the form that a file's ending names.

    >>> check_ending("forecast.xlsx")
    Traceback (most recent call last):
    ValueError: forecast.xlsx: tables are written as .csv, .csv.gz, .parquet; give the file one of these
    endings.
    """
    if not str(path).lower().endswith(ENDINGS):
        raise ValueError(
            f"{path}: tables are written as {', '.join(ENDINGS)}; give the file one of these endings."
        )


def write_table(frame: Any, path: str | Path, *, guard_formulas: bool = False) -> None:
    """Write a pandas or polars frame as CSV, gzipped CSV or Parquet: the whole file or none.

    guard_formulas: put an apostrophe before each text in a CSV that a spreadsheet would run as a formula, as
    names of series may be, and write each text in one line; numbers stay numbers.
    Raises ValueError for another ending, ImportError if Parquet needs an extra, OSError where it cannot be
    written.
    """
    check_ending(path)
    table = nw.from_native(frame, eager_only=True)
    if str(path).lower().endswith(".parquet"):
        write_whole(path, parquet_bytes(table))
        return
    content = (_guarded(table) if guard_formulas else table).write_csv().encode()
    # A fixed time inside the archive, so that the same table makes the same bytes.
    write_whole(path, gzip.compress(content, mtime=0) if str(path).lower().endswith(".gz") else content)


def _guarded(table: nw.DataFrame[Any]) -> nw.DataFrame[Any]:
    """Return a table no text of which, names of columns included, begins as a formula."""
    texts = [name for name, kind in table.schema.items() if kind in (nw.String, nw.Object, nw.Categorical)]
    safe = [
        nw.new_series(name, [_text(v) for v in table[name].to_list()], backend=table.implementation)
        for name in texts
    ]
    return table.with_columns(*safe).rename({name: _text(name) for name in table.columns})


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    line = " ".join(value.splitlines())  # some readers begin a new row at each end of a line
    return f"'{line}" if line.lstrip().startswith(FORMULA) else line


def parquet_bytes(table: nw.DataFrame[Any]) -> bytes:
    """Return a table as Parquet."""
    target = BytesIO()
    try:
        table.write_parquet(target)
    except ImportError as error:
        raise ImportError('Parquet needs an extra: pip install "normcast[parquet]"') from error
    return target.getvalue()
