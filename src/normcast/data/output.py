"""Output: tables written whole, in the form that the file's ending names."""

from __future__ import annotations

import csv
import gzip
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd

from normcast.files import write_whole

FORMULA = ("=", "+", "-", "@")
"""What a cell begins with, perhaps after blanks, that a spreadsheet takes for a formula."""

ENDINGS = (".csv", ".csv.gz", ".parquet")


def check_ending(path: str | Path) -> None:
    """Raise ValueError unless `write_table` knows the form that a file's ending names.

    Parameters
    ----------
    path : path
        The file to be written: .csv, .csv.gz or .parquet.

    Raises
    ------
    ValueError
        For another ending, with those there are.

    Examples
    --------
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

    Parameters
    ----------
    frame : pandas.DataFrame or polars.DataFrame
        The table.
    path : path
        The file; its ending says the form. One that is there is replaced.
    guard_formulas : bool, default False
        Whether an apostrophe is put before each text in a CSV that a spreadsheet would run as a formula, as
        names of series may be, and each text written in one line; numbers stay numbers.

    Raises
    ------
    ValueError
        For another ending.
    ImportError
        If Parquet needs an extra.
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "forecast.csv"
    >>> write_table(pd.DataFrame({"unique_id": ["=1+1"], "normcast": [2.5]}), file, guard_formulas=True)
    >>> print(file.read_text().strip())
    "unique_id","normcast"
    "'=1+1",2.5
    """
    check_ending(path)
    table = nw.from_native(frame, eager_only=True)
    if str(path).lower().endswith(".parquet"):
        write_whole(path, parquet_bytes(table))
        return
    content = (_guarded(table) if guard_formulas else table.write_csv()).encode()
    # A fixed time inside the archive, so that the same table makes the same bytes.
    write_whole(path, gzip.compress(content, mtime=0) if str(path).lower().endswith(".gz") else content)


def _guarded(table: nw.DataFrame[Any]) -> str:
    """Return a table as CSV in which no text, names of columns included, begins as a formula.

    Texts are quoted, so that a reader who takes another sign for the separator makes no cell of a part.
    """
    target = StringIO()
    rows = csv.writer(target, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    rows.writerow([_text(name) for name in table.columns])
    rows.writerows([_text(value) for value in row] for row in table.iter_rows())
    return target.getvalue()


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        return "" if pd.isna(value) else value
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
