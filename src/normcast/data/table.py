"""Tables: a file of rows as a pandas DataFrame, or an error that names the file."""

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from normcast.budgets import most_unpacked, refuse_columns, refuse_expansion
from normcast.errors import closest, first_line

ENDINGS = (".csv", ".csv.gz", ".parquet")
_MAGIC = {b"\x1f\x8b": "gzip", b"PAR1": "Parquet", b"PK\x03\x04": "a zip or Excel file", b"\x89HDF": "HDF5"}
_NEWLINE, _QUOTE = 10, 34
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a .csv, .csv.gz or .parquet file.

    CSV: UTF-8 text with a header; separated by comma, semicolon or tab; where not by commas, numbers may have
    decimal commas. Times stay text, for Panel to read.
    Raises FileNotFoundError, IsADirectoryError, ImportError (Parquet without pyarrow), or ValueError for a
    file that is empty, is not what its ending says, cannot be decoded, or has uneven rows or equal column
    names.
    """
    file = Path(path)
    name = str(path)
    _refuse_absent(file, name)
    ending = next((ending for ending in ENDINGS if file.name.lower().endswith(ending)), None)
    if ending is None:
        raise ValueError(
            f"{name}: the ending is not one of {', '.join(ENDINGS)}. Name the file for what it is."
        )
    raw = file.read_bytes()
    if not raw:
        raise ValueError(f"{name}: the file is empty.")
    if ending == ".parquet":
        return _read_parquet(raw, name)
    return _read_csv(_decompress(raw, name) if ending == ".csv.gz" else raw, name)


def _refuse_absent(file: Path, name: str) -> None:
    if file.is_dir():
        raise IsADirectoryError(f"{name}: is a folder, not a file. Name a file in it.")
    if file.exists():
        return
    siblings = [other.name for other in file.parent.iterdir()] if file.parent.is_dir() else []
    guess = closest(file.name, siblings)
    hint = f" Did you mean {str(file.with_name(guess))!r}?" if guess else ""
    raise FileNotFoundError(f"{name}: there is no such file.{hint}")


def _decompress(raw: bytes, name: str) -> bytes:
    if raw[:2] != b"\x1f\x8b":
        raise ValueError(f"{name}: is named .gz but is not gzip. Name it .csv if it is plain text.")
    try:
        with gzip.open(io.BytesIO(raw)) as packed:
            text = packed.read(most_unpacked(len(raw)) + 1)
        refuse_expansion(len(text), len(raw))
        return text
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ValueError(
            f"{name}: the gzip data is damaged or cut off ({error}). Fetch the file again."
        ) from error


@contextmanager
def _reading(name: str, kind: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever fails in the reader, is the file's
        told = first_line(error).rstrip(".")
        raise ValueError(f"{name}: is not readable {kind}: {told}. Write the file again.") from error


def _read_parquet(raw: bytes, name: str) -> pd.DataFrame:
    if raw[:4] != b"PAR1" or raw[-4:] != b"PAR1":
        raise ValueError(f"{name}: is named .parquet but is not Parquet, or is cut off.")
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'{name}: reading Parquet needs pyarrow. Install it: pip install "normcast[parquet]", or use CSV.'
        ) from error
    with _reading(name, "Parquet"):
        _refuse_large_parquet(raw)
        table = pd.read_parquet(io.BytesIO(raw), engine="pyarrow")
    return _with_rows(table, name)


def _refuse_large_parquet(raw: bytes) -> None:
    from pyarrow.parquet import read_metadata

    found = read_metadata(io.BytesIO(raw))
    refuse_columns(found.num_columns)
    refuse_expansion(8 * found.num_rows * found.num_columns, len(raw))  # a number or a pointer each
    groups = [found.row_group(i) for i in range(found.num_row_groups)]
    refuse_expansion(sum(group.total_byte_size for group in groups), len(raw))
    if sum(group.num_rows for group in groups) != found.num_rows:
        raise ValueError("the numbers of rows in it contradict each other")


def _with_rows(table: pd.DataFrame, name: str) -> pd.DataFrame:
    if not len(table):
        raise ValueError(
            f"{name}: has a header but no rows; columns are {', '.join(map(str, table.columns))}."
        )
    return table


def _read_csv(raw: bytes, name: str) -> pd.DataFrame:
    raw = _as_text(raw, name)
    separator = _separator(raw)
    _refuse_ragged(raw, separator, name)
    with _reading(name, "CSV"):
        header = _header(raw, separator)
        refuse_columns(len(header))
    _refuse_twice(header, name)
    with _reading(name, "CSV"):
        table = _parsed(raw, separator, ".")
        if separator != "," and _has_decimal_commas(table):
            other = _parsed(raw, separator, ",")
            table = table if _numbers(table) - _numbers(other) else other
    return _with_rows(table, name)


def _has_decimal_commas(table: pd.DataFrame) -> bool:
    text = table.drop(columns=[*_numbers(table)]).head(100).to_numpy().ravel()
    return any(isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value) for value in text)


def _parsed(raw: bytes, separator: str, decimal: str) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(raw), sep=separator, decimal=decimal, index_col=False, low_memory=False)


def _numbers(table: pd.DataFrame) -> set[str]:
    return set(table.select_dtypes("number").columns)


def _as_text(raw: bytes, name: str) -> bytes:
    """Return CSV bytes as UTF-8 without a mark and with plain line ends; refuse what is no text."""
    for magic, what in _MAGIC.items():
        if raw.startswith(magic):
            raise ValueError(
                f"{name}: is {what}, not the CSV text its ending says. Rename it or save it as CSV."
            )
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError(f"{name}: is UTF-16 text (byte 0). Save it as UTF-8.")
    if b"\0" in raw:
        raise ValueError(f"{name}: is binary, not CSV text: there is a zero byte at byte {raw.index(0)}.")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name}: is not UTF-8 text: byte {error.start} is {raw[error.start : error.start + 1]!r}. "
            f"Save it as UTF-8 (it may be Latin-1 or Windows-1252)."
        ) from error
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not raw.strip():
        raise ValueError(f"{name}: the file is empty.")
    return raw


def _first_line(raw: bytes) -> str:
    return next(line for line in raw.split(b"\n") if line.strip()).decode()


def _separator(raw: bytes) -> str:
    """Return the one of comma, semicolon and tab that the header holds most of."""
    header = _first_line(raw[: raw.find(b"\n", 100_000) + 1 or len(raw)])
    return max(",;\t", key=header.count)


def _header(raw: bytes, separator: str) -> list[str]:
    return next(csv.reader([_first_line(raw)], delimiter=separator))


def _refuse_twice(header: list[str], name: str) -> None:
    first: dict[str, int] = {}
    for i, column in enumerate(header):
        if column and first.setdefault(column, i) < i:
            raise ValueError(
                f"{name}: column name {column!r} stands twice, at columns {first[column] + 1} and {i + 1}. "
                f"Rename one."
            )


def _refuse_ragged(raw: bytes, separator: str, name: str) -> None:
    """Raise for the first line that has more or fewer fields than the header."""
    data = np.frombuffer(raw if raw.endswith(b"\n") else raw + b"\n", dtype=np.uint8)
    # The parity of the quotes so far tells text inside quotes; uint8 may overflow, its parity does not.
    outside = (np.cumsum(data == _QUOTE, dtype=np.uint8) & 1) == 0
    if not outside[-1]:
        opened = int(np.flatnonzero(data == _QUOTE)[-1])
        line = int(np.count_nonzero(data[:opened] == _NEWLINE)) + 1
        raise ValueError(f"{name}: a quote is opened and never closed, the last one on line {line}.")
    ends = np.flatnonzero((data == _NEWLINE) & outside)
    separators = np.flatnonzero((data == ord(separator)) & outside)
    fields = np.bincount(np.searchsorted(ends, separators), minlength=len(ends)) + 1
    lengths = np.diff(ends, prepend=-1) - 1
    blank = lengths == 0
    expected = fields[np.argmin(blank)]
    ragged = (fields != expected) & ~blank
    if ragged.any():
        at = int(np.argmax(ragged))
        line = int(np.count_nonzero(data[: ends[at] - lengths[at]] == _NEWLINE)) + 1
        raise ValueError(
            f"{name}: line {line} has {fields[at]} fields, the header has {expected}; "
            f"{ragged.sum()} such lines. "
            f"Bring every line to {expected} fields (separator {separator!r})."
        )
