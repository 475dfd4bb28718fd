"""Output: tables written whole, in the form that the file's ending names."""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path
from typing import Any

import narwhals as nw

from normcast.files import write_whole

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


def write_table(frame: Any, path: str | Path) -> None:
    """Write a pandas or polars frame as CSV, gzipped CSV or Parquet: the whole file or none.

    Raises ValueError for another ending, ImportError if Parquet needs an extra, OSError where it cannot be
    written.
    """
    check_ending(path)
    table = nw.from_native(frame, eager_only=True)
    if str(path).lower().endswith(".parquet"):
        write_whole(path, parquet_bytes(table))
        return
    content = table.write_csv().encode()
    # A fixed time inside the archive, so that the same table makes the same bytes.
    write_whole(path, gzip.compress(content, mtime=0) if str(path).lower().endswith(".gz") else content)


def parquet_bytes(table: nw.DataFrame[Any]) -> bytes:
    """Return a table as Parquet."""
    target = BytesIO()
    try:
        table.write_parquet(target)
    except ImportError as error:
        raise ImportError('Parquet needs an extra: pip install "normcast[parquet]"') from error
    return target.getvalue()
