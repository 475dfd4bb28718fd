"""ARFF files: the form of the UCR archive with one series a row, and that of the UEA archive with several."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from normcast.data.case_arrays import CaseArrays
from normcast.data.case_text import MISSING, Gathered, lines
from normcast.errors import counted

_ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(\S.*)", re.IGNORECASE)
_COUNTED = re.compile(r"(.*?)(\d{1,9})")
_NUMBERS = ("numeric", "real", "integer")
_QUOTES = "'\""


def read_arff(path: str | Path, needs_y: bool = True) -> CaseArrays:
    """Return the cases of an .arff file.

    A row is numbers and then the label, or a quoted text of dimensions with \\\\n between them and then the
    label. As an .arff has one length, values that are missing at the end of all dimensions of a case end it.

    Parameters
    ----------
    path : path
        The file.
    needs_y : bool, default True
        Whether it is an error that a label is missing: the header names none, or a row has ? in its place, or
        nothing; y is then left out.

    Returns
    -------
    CaseArrays
        Its parts are x, (cases, time, channels) float32, or a list of (time, channels) where lengths differ;
        and y, (cases,) labels as text, or numbers where the last attribute is numeric.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        With the line for any other value that is missing, a label that the header does not name, and rows or
        dimensions of different lengths.

    See Also
    --------
    Cases.read : The same, checked and held as cases.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "gait.arff"
    >>> head = "@attribute t0 real\\n@attribute t1 real\\n@attribute kind {rest,walk}\\n"
    >>> _ = file.write_text(head + "@data\\n0.5,1,walk\\n")
    >>> read_arff(file).parts["x"].tolist(), read_arff(file).parts["y"]
    ([[[0.5], [1.0]]], array(['walk'], dtype='<U4'))
    """
    where = str(path)
    numbered = lines(path, comment="%")
    names, types = _attributes(numbered, where)
    is_told = _is_told(names, types)
    if needs_y and not is_told:
        raise ValueError(
            f"{where}: nothing is told of the cases that could be learned: the last attribute, {names[-1]!r} "
            f"of type {types[-1]!r}, is of the series. Add one that is told of each case, such as "
            "'@attribute label {a,b}'."
        )
    steps = len(types) - is_told
    cases = Gathered(where, _classes(types[-1], where) if is_told else (), needs_y=needs_y)
    shorter = 0
    for number, line in numbered:
        values, label = _apart(line) if needs_y or _has_label(line, steps) else (line, MISSING[0])
        dimensions = _dimensions(values)
        if values[:1] not in tuple(_QUOTES) and len(dimensions[0]) != steps:
            raise ValueError(
                f"{where}, line {number}: has {counted(len(dimensions[0]), 'value')} before the label, but "
                f"the header has {counted(steps, 'attribute')} before the last."
            )
        ended = _ended(dimensions)
        shorter += len(ended[0]) < len(dimensions[0])
        cases.add(ended, label, number)
    ends = f"{counted(shorter, 'case')} with values missing at the end: taken as ending there"
    return cases.arrays((ends,) if shorter else ())


def _attributes(numbered: Iterator[tuple[int, str]], where: str) -> tuple[list[str], list[str]]:
    """Return name and type of each attribute; those within a relational one are not counted."""
    found: list[tuple[str, str]] = []
    is_inside = False
    for number, line in numbered:
        word = line.split(maxsplit=1)[0].lower()
        if word == "@data":
            return _checked(found, where)
        if word == "@attribute":
            hit = _ATTRIBUTE.match(line)
            if hit is None:
                raise ValueError(f"{where}, line {number}: {line[:40]!r} is not '@attribute name type'.")
            if not is_inside:
                found.append((hit.group(1).strip(_QUOTES), hit.group(2).strip()))
            is_inside = is_inside or found[-1][1].lower() == "relational"
        elif word == "@end":
            is_inside = False
        elif word != "@relation":
            raise ValueError(f"{where}, line {number}: {line[:40]!r} stands before @data, but is no header.")
    raise ValueError(f"{where}: has no line @data. It is cut off, or no .arff file.")


def _checked(found: list[tuple[str, str]], where: str) -> tuple[list[str], list[str]]:
    names, types = [name for name, _ in found], [kind for _, kind in found]
    if len(types) < 2 and [each.lower() for each in types] != ["relational"]:
        raise ValueError(
            f"{where}: has {counted(len(types), 'attribute')}, but needs the values of a series and, last, "
            "its label."
        )
    return names, types


def _is_told(names: list[str], types: list[str]) -> bool:
    """Whether the last attribute is told of a case: not one that goes on counting as those before it.

    >>> _is_told(["t1", "t2", "load"], ["real"] * 3), _is_told(["t1", "t2", "t3"], ["real"] * 3)
    (True, False)
    """
    if types[-1].lower() not in _NUMBERS:
        return types[-1].lower() != "relational"
    *_, before, last = (_COUNTED.fullmatch(name) for name in names)
    if before is None or last is None:
        return True
    return before[1] != last[1] or int(before[2]) + 1 != int(last[2])


def _has_label(line: str, steps: int) -> bool:
    """Whether a row has more than its values, all of them in one quoted text or one by one."""
    if line[0] in _QUOTES:
        return line.find(line[0], 1) < len(line) - 1
    return line.count(",") != steps - 1


def _classes(kind: str, where: str) -> frozenset[str] | None:
    """Return the labels that the type of the last attribute names, none for text, None for numbers."""
    if kind.lower() in _NUMBERS:
        return None
    if kind.lower() == "string":
        return frozenset()
    if not (kind.startswith("{") and kind.endswith("}")):
        raise ValueError(
            f"{where}: the last attribute is of type {kind[:40]!r}, but must be what is told of a case: "
            "{labels}, string or numeric."
        )
    quote = '"' if '"' in kind else "'"
    named = next(csv.reader([kind[1:-1]], quotechar=quote, skipinitialspace=True))
    return frozenset(each.strip() for each in named)


def _apart(line: str) -> tuple[str, str]:
    """Return the values of a row, and its label without quotes."""
    if line[-1] in _QUOTES and line.count(line[-1]) > 1:
        at = line.rindex(line[-1], 0, len(line) - 1)
        return line[:at].rstrip().removesuffix(",").rstrip(), line[at + 1 : -1]
    values, _, label = line.rpartition(",")
    return values.rstrip(), label.strip()


def _dimensions(values: str) -> list[list[str]]:
    r"""Return the fields of each dimension, which \n parts in a quoted text."""
    texts = values.strip(_QUOTES).split("\\n") if values[:1] in tuple(_QUOTES) else [values]
    while len(texts) > 1 and not texts[-1].strip():
        texts.pop()
    return [text.split(",") for text in texts]


def _ended(dimensions: list[list[str]]) -> list[list[str]]:
    """Return a case without the end at which each of its dimensions has no value."""
    lengths = {_length(fields) for fields in dimensions}
    length = lengths.pop()
    return dimensions if lengths or not length else [fields[:length] for fields in dimensions]


def _length(fields: list[str]) -> int:
    """Return the number of fields up to the last that has a value."""
    length = len(fields)
    while length and fields[length - 1].strip().lower() in MISSING:
        length -= 1
    return length
