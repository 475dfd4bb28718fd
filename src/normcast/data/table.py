"""Tables: a file of rows as a pandas DataFrame, or an error that names the file."""

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from normcast.budgets import most_unpacked, refuse_columns, refuse_expansion
from normcast.data.cells import as_text_if_usual, empty_notes, may_have_thousands, read_cells, unclear_notes
from normcast.data.layout import Layout
from normcast.data.markers import Marks, as_texts, marked_missing
from normcast.data.reading import AS_IT_IS, Reading
from normcast.data.told import keep
from normcast.data.wide_dates import as_asked
from normcast.data.workbook import csv_text, refuse_other
from normcast.errors import closest, counted, first_line

ENDINGS = (".csv", ".csv.gz", ".txt", ".txt.gz", ".tsv", ".tsv.gz", ".rdb", ".parquet", ".xlsx")
_MAGIC = {b"\x1f\x8b": "gzip", b"PAR1": "Parquet", b"PK\x03\x04": "a zip or Excel file", b"\x89HDF": "HDF5"}
MOST_NAME = 10_000  # characters of the name of a column
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")


def read_table(
    path: str | os.PathLike[str],
    na_values: Marks = None,
    *,
    sheet: str | None = None,
    like: Reading = AS_IT_IS,
) -> pd.DataFrame:
    """Read a table from text (.csv, .txt, .tsv, .rdb, also .gz), .parquet or .xlsx.

    Text is UTF-8 with a header, separated by comma, semicolon, tab or, without these, bars. Lines above the
    table, lines that start with #, the row of types of an .rdb, and empty rows and columns at the end are
    passed over. A column whose cells are all numbers is read as such, also with decimal commas, thousands,
    "%" or the sign of a currency; "-", "--" and "?" among them are missing. Times stay text, for `Panel` to
    read. What was passed over or read in such a way is told by the notes of the panel.

    Parameters
    ----------
    path : path
        The file; its ending says the form.
    na_values : str or float or several or None, default None
        What else stands for a missing value, such as -9999.
    sheet : str or None, default None
        Of an .xlsx, by default the first; its cells are read as those of a text are.
    like : Reading, default as it is
        How tables of its kind are read, where the cells leave it open; what is asked for goes before it.

    Returns
    -------
    pandas.DataFrame
        The table.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If there is no such file, with others there that are called alike.
    ImportError
        If Parquet needs pyarrow, or .xlsx openpyxl.
    ValueError
        For a file that is empty, is not what its ending says, cannot be decoded, or has uneven rows or equal
        column names.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "sales.csv"
    >>> _ = file.write_text("# shop 7\\nday;sales\\n2024-01-01;1.234,5\\n2024-01-02;?\\n")
    >>> read_table(file)["sales"].tolist()
    [1234.5, nan]
    """
    file = Path(path)
    name = str(path)
    _refuse_absent(file, name)
    ending = next((ending for ending in ENDINGS if file.name.lower().endswith(ending)), None)
    if ending is None:
        raise ValueError(
            f"{name}: the ending is not one of {', '.join(ENDINGS)}. Name the file for what it is."
        )
    if sheet is not None:
        refuse_other(name, sheet, "sheet")
    raw = file.read_bytes()
    if not raw:
        raise ValueError(f"{name}: the file is empty.")
    marks = as_texts(na_values)
    usual = () if marks or na_values is not None else like.na_values
    like = Reading(tuple(dict.fromkeys((*marks, *usual))), like.wide, like.decimal)
    if ending == ".parquet":
        table, notes = marked_missing(_read_parquet(raw, name), marks, usual)
        return as_asked(keep(table, notes, None, replace(like, wide=False)), name, like.wide)
    text = _decompress(raw, name) if ending.endswith(".gz") else raw
    text, sheets = csv_text(raw, name, sheet) if ending == ".xlsx" else (text, [])
    return as_asked(_read_csv(text, name, marks, like, sheets), name, like.wide)


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
        raise ValueError(f"{name}: is named .gz but is not gzip. Name it without .gz if it is plain text.")
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
        _refuse_broken_texts(table)
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


def _refuse_broken_texts(table: pd.DataFrame) -> None:
    """Raise pyarrow.ArrowInvalid for texts that are no UTF-8, which would fail where they are first read."""
    import pyarrow

    for place, kind in enumerate(table.dtypes):
        if isinstance(kind, pd.StringDtype):
            pyarrow.array(table.iloc[:, place]).validate(full=True)


def _with_rows(table: pd.DataFrame, name: str) -> pd.DataFrame:
    if not len(table):
        raise ValueError(
            f"{name}: has a header but no rows; columns are {', '.join(map(str, table.columns))}."
        )
    return table


def _read_csv(raw: bytes, name: str, marks: Marks, like: Reading, above: Sequence[str] = ()) -> pd.DataFrame:
    """Return a text as a table. above: the first notes on it."""
    found = Layout.find(_as_text(raw, name), name)
    with _reading(name, "CSV"):
        refuse_columns(len(found.header))
        longest = max(map(len, found.header), default=0)
        if longest > MOST_NAME:
            raise ValueError(f"a column has a name of {longest:,} characters, more than {MOST_NAME:,}")
    _refuse_twice(found.header, name)
    with _reading(name, "CSV"):
        table, decimal = _parsed(found)
        table, ends = _without_empty_ends(table)
        table = as_text_if_usual(table, found.raw, found.separator, decimal, like.decimal)
        table, marked = marked_missing(table, marks, like.na_values)
        table, cells, signs = read_cells(table, found.separator, like.decimal)
        empty = empty_notes(found.raw, table, found.separator)
        unclear = unclear_notes(found.raw, table, found.separator, decimal, cells)
        told = [note for notes in cells.values() for note in notes]
    notes = (*above, *found.notes, *ends, *marked, *told, *empty, *unclear)
    reading = Reading(like.na_values, False, like.decimal or _sign_of(table, cells, decimal, signs))
    return keep(_with_rows(table, name), notes, found.first_row, reading)


def _sign_of(table: pd.DataFrame, read: Iterable[str], decimal: str, signs: set[str]) -> str:
    """Return the one decimal sign that is clear from the columns of a table, or "".

    read: columns whose signs are known; decimal: that of the others.
    """
    others = table.select_dtypes("float").drop(columns=[*read], errors="ignore")
    if any((others[name] % 1 > 0).any() and not may_have_thousands(others[name]) for name in others):
        signs = signs | {decimal}
    return next(iter(signs)) if len(signs) == 1 else ""


def _parsed(found: Layout) -> tuple[pd.DataFrame, str]:
    """Return the table, and the decimal sign that reads more of its columns as numbers."""
    table = _parsed_with(found, ".")
    if found.separator != "," and _has_decimal_commas(table):
        other = _parsed_with(found, ",")
        if not _numbers(table) - _numbers(other):
            return other, ","
    return table, "."


def _parsed_with(found: Layout, decimal: str) -> pd.DataFrame:
    # Fields beyond the header are left out by naming those that are not.
    columns = range(len(found.header)) if found.is_longer else None
    return pd.read_csv(
        io.BytesIO(found.raw),
        sep=found.separator,
        decimal=decimal,
        index_col=False,
        usecols=columns,
        low_memory=False,
    )


def _has_decimal_commas(table: pd.DataFrame) -> bool:
    text = table.drop(columns=[*_numbers(table)]).head(100).to_numpy().ravel()
    return any(isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value) for value in text)


def _numbers(table: pd.DataFrame) -> set[str]:
    return set(table.select_dtypes("number").columns)


def _without_empty_ends(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Pass over rows at the end that hold nothing, and columns at the end without name and values."""
    columns = len(table.columns)
    while (
        columns
        and str(table.columns[columns - 1]).startswith("Unnamed: ")
        and table.iloc[:, columns - 1].isna().all()
    ):
        columns -= 1
    rows = len(table)
    if rows and table.iloc[-1].isna().all():
        filled = np.flatnonzero(table.notna().any(axis=1))
        rows = int(filled[-1]) + 1 if len(filled) else 0
    gone = ((len(table) - rows, "empty row"), (len(table.columns) - columns, "empty column"))
    notes = [f"{counted(many, what)} at the end passed over" for many, what in gone if many]
    return (table.iloc[:rows, :columns].copy() if notes else table), notes


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


def _refuse_twice(header: Sequence[str], name: str) -> None:
    first: dict[str, int] = {}
    for i, column in enumerate(header):
        if column and first.setdefault(column, i) < i:
            raise ValueError(
                f"{name}: column name {column!r} stands twice, at columns {first[column] + 1} and {i + 1}. "
                f"Rename one."
            )
