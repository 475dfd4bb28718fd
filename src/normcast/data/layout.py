"""Layout: where in a text the table stands, what surrounds it, and what separates its fields."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

import numpy as np

from normcast.data.lines import Lines
from normcast.errors import counted

SEPARATORS = ",;\t"
BAR = "|"  # separates fields where none of the others stands
_LEADING = re.compile(rb"\A(?:[ \t]*\n|#[^\n]*(?:\n|\Z))+")
_VALUE = re.compile(r"\s*[-+$€£]?\d[\d.,:/\-T ]*%?\s*")
_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b.*")
_NUMBER = re.compile(r"\s*[-+]?\d+(?:[.,]\d+)?\s*")
_TYPE = re.compile(r"\d+[sdn]", re.IGNORECASE)  # of the RDB format, 15s: text of 15 signs
_HEAD_BYTES, _HEAD_LINES = 64_000, 200


@dataclass(frozen=True)
class Layout:
    """A text of which only header and rows are left; all else is an empty line.

    raw: the text; separator: between fields; header: the names; is_longer: whether lines have empty fields
    beyond the header; first_row: the line of the first row, if the others follow it line by line, else None;
    notes: what was passed over.
    """

    raw: bytes
    separator: str
    header: tuple[str, ...]
    is_longer: bool
    first_row: int | None
    notes: tuple[str, ...]

    @classmethod
    def find(cls, raw: bytes, name: str) -> Layout:
        """Find the table in a text; raises ValueError for the first line that does not go with the header."""
        raw, comments = _without_comments_above(raw)
        separator = separator_of(raw)
        lines = Lines.of(raw, separator, name)
        if comments or (b"\n#" in raw and lines.ragged()[lines.starts_with("#")].any()):
            lines, more = _without_comments(lines, separator, name, bool(comments))
            comments += more
        notes = [f"{counted(comments, 'line')} starting with # passed over"] if comments else []
        lines, separator, above = _without_preamble(lines, separator, name)
        lines, types = _without_types(lines, separator, name)
        lines, beyond = _within_header(lines, separator, name)
        header = tuple(_fields(lines.text(lines.header), separator))
        _refuse_no_names(header, lines, separator, name)
        text = lines.data.tobytes()
        return cls(
            text, separator, header, bool(beyond), lines.first_row(), (*notes, *above, *types, *beyond)
        )


def separator_of(raw: bytes) -> str:
    """Return the one of comma, semicolon and tab that the first line holds most of, not counting its end; a
    bar where it has none of them."""
    head = raw[: raw.find(b"\n", 100_000) + 1 or len(raw)]
    line = next((line for line in head.split(b"\n") if line.strip()), b"")
    text = line.decode()
    trimmed = text.rstrip(f" {SEPARATORS}")
    if BAR in text and not any(sign in text for sign in SEPARATORS):
        return BAR
    return max(SEPARATORS, key=(trimmed if any(sign in trimmed for sign in SEPARATORS) else text).count)


def _refuse_no_names(header: tuple[str, ...], lines: Lines, separator: str, name: str) -> None:
    """Raise ValueError for a first line that is a row as the next one is, and for fields between spaces."""
    below = np.flatnonzero(~lines.blank[: lines.header + 1000])[1:2]
    if not len(below):
        return
    row = _fields(lines.text(int(below[0])), separator)
    pairs = list(zip(header, row, strict=False))
    if all(any(kind.fullmatch(a) and kind.fullmatch(b) for a, b in pairs) for kind in (_DATE, _NUMBER)):
        raise ValueError(
            f"{name}: line {lines.number(lines.header)} holds values ({', '.join(header[:3])}), not the "
            "names of columns. Write a line of names above it, such as date,value."
        )
    words = [line.split() for line in (header[0], row[0])] if len(pairs) == 1 else []
    if words and len(words[0]) == len(words[1]) > 1 and _NUMBER.fullmatch(words[1][-1]):
        raise ValueError(
            f"{name}: {header[0]!r} is one column, for spaces separate no fields. Write commas, semicolons, "
            "tabs or bars (|) between them."
        )


def _fields(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=separator), [])
    except csv.Error:  # a cell of more than 128 KB
        return line.split(separator)


def _without_comments_above(raw: bytes) -> tuple[bytes, int]:
    """Leave the lines that start with # above the table empty, unless the last of them is its header."""
    found = _LEADING.match(raw)
    above = found.group().split(b"\n") if found else []
    comments = [i for i, line in enumerate(above) if line.startswith(b"#")]
    if not found or not comments:
        return raw, 0
    below = raw[found.end() : raw.find(b"\n", found.end()) + 1 or len(raw)]
    if not below.strip() or _is_header(above[comments[-1]].decode(), below.decode().strip("\n")):
        comments.pop()
    for i in comments:
        above[i] = b""
    return b"\n".join(above) + raw[found.end() :], len(comments)


def _is_header(line: str, below: str) -> bool:
    separator = max(SEPARATORS, key=below.count)
    names, values = _fields(line, separator), _fields(below, separator)
    return len(names) == len(values) > 1 and _names(names, values)


def _names(line: list[str], below: list[str]) -> bool:
    """Return whether a line names what the line below it holds: text over a number or a time."""
    pairs = list(zip(line, below, strict=False))
    return any(
        name.strip() and not _VALUE.fullmatch(name) and _VALUE.fullmatch(value) for name, value in pairs
    )


def _without_comments(lines: Lines, separator: str, name: str, all_of_them: bool) -> tuple[Lines, int]:
    """Leave lines that start with # empty: all, or those that have not the fields of the header."""
    places = lines.starts_with("#")
    if not all_of_them:
        places = places[lines.ragged()[places]]
    places = places[places != lines.header]
    if not len(places):
        return lines, 0
    return Lines.of(lines.without(places), separator, name), len(places)


def _without_preamble(lines: Lines, separator: str, name: str) -> tuple[Lines, str, tuple[str, ...]]:
    """Leave the lines above the table empty, where the first line is not its header."""
    first = _fields(lines.text(lines.header), separator)
    if len(first) > 1 and not lines.ragged().any() and all(cell.strip() for cell in first[1:]):
        return lines, separator, ()
    text = lines.data.tobytes()
    found = _start(text[:_HEAD_BYTES].decode(errors="ignore").split("\n")[:_HEAD_LINES])
    if found is None:
        return lines, separator, ()
    start, separator = found
    head = text.split(b"\n", start)
    if not any(line.strip() for line in head[:-1]):
        return lines, separator, ()
    said = next(line for line in head if line.strip()).decode().strip(f" {SEPARATORS}")
    note = (
        f"the table starts at line {start + 1}; what stands above it, from {said[:40]!r} on, is passed over"
    )
    return Lines.of(b"\n" * start + head[-1], separator, name), separator, (note,)


def _start(head: list[str]) -> tuple[int, str] | None:
    """Return the place of the header in the first lines of a text, and the separator below it."""
    places = [i for i, line in enumerate(head[:-1]) if line.strip()]
    found = []
    for separator in SEPARATORS:
        rows = [_fields(head[i], separator) for i in places]
        start = _even_from(rows)
        if start is not None:
            found.append((start, -len(rows[-1]), separator))
    if not found:
        return None
    start, _, separator = min(found)
    return places[start], separator


def _even_from(rows: list[list[str]]) -> int | None:
    """Return the first row that names all columns of the rows below, which are of one width."""
    width = len(rows[-1]) if rows else 0
    if width < 2:
        return None
    uneven = [i for i, row in enumerate(rows) if len(row) != width]
    first = uneven[-1] + 1 if uneven else 0
    for i in range(first, len(rows) - 1):
        if all(cell.strip() for cell in rows[i][1:]) and _names(rows[i], rows[i + 1]):
            return i
        if sum(bool(_VALUE.fullmatch(cell)) for cell in rows[i]) > width // 2:
            return None  # rows have begun
    return None


def _without_types(lines: Lines, separator: str, name: str) -> tuple[Lines, tuple[str, ...]]:
    """Leave the row of types that the RDB format has below its header empty."""
    places = np.flatnonzero(~lines.blank[:1000])[1:3].tolist()
    if len(places) < 2 or lines.width < 2:
        return lines, ()
    types, row = (_fields(lines.text(at), separator) for at in places)
    if not all(map(_TYPE.fullmatch, types)) or all(map(_TYPE.fullmatch, row)):
        return lines, ()
    note = f"line {lines.number(places[0])}, a row of column types ({' '.join(types)[:40]}), is passed over"
    return Lines.of(lines.without(np.array(places[:1])), separator, name), (note,)


def _within_header(lines: Lines, separator: str, name: str) -> tuple[Lines, tuple[str, ...]]:
    """Pass over empty fields beyond the header; refuse all else that does not go with it."""
    if not lines.ragged().any():
        return lines, ()
    trimmed = _with_trimmed_header(lines, separator, name)
    wrong = (trimmed.fields < trimmed.width) | ~trimmed.empty_beyond(trimmed.width)
    if not (wrong & ~trimmed.blank).any():
        many = int(trimmed.fields.max()) - trimmed.width
        return trimmed, (f"{counted(many, 'empty column')} at the end of lines passed over",)
    ragged = lines.ragged()
    at = int(np.argmax(ragged))
    raise ValueError(
        f"{name}: line {lines.number(at)} has {lines.fields[at]} fields, the header has {lines.width}; "
        f"{ragged.sum()} such lines. "
        f"Bring every line to {lines.width} fields (separator {separator!r})."
    )


def _with_trimmed_header(lines: Lines, separator: str, name: str) -> Lines:
    line = lines.text(lines.header)
    trimmed = line.rstrip(f" {SEPARATORS}")
    if trimmed == line or not trimmed:
        return lines
    end = int(lines.ends[lines.header])
    raw = lines.data.tobytes()
    return Lines.of(
        raw[: end - int(lines.lengths[lines.header])] + trimmed.encode() + raw[end:], separator, name
    )
