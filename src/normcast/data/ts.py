"""TS files: the text format of the UCR and UEA archives, with a header of @ lines, read line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from normcast.data.case_arrays import CaseArrays
from normcast.data.case_text import MISSING, Gathered, lines

TOLD = ("@classlabel", "@targetlabel")
"""Words of the header that say whether something is told of each case."""


def read_ts(path: str | Path, needs_y: bool = True) -> CaseArrays:
    """Return the cases of a .ts file.

    A row is the values of each dimension with commas, dimensions and the label with colons between them.

    Parameters
    ----------
    path : path
        The file.
    needs_y : bool, default True
        Whether it is an error that a label is missing: the header says that there are none, or a row has "?"
        in its place, or nothing.

    Returns
    -------
    CaseArrays
        Its parts are x, (cases, time, channels) float32, or a list of (time, channels) where lengths differ;
        and y, where each case has a label: (cases,) as text, or numbers where the header says @targetlabel
        true.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        With the line for a value that is missing, rows with time stamps, a label that the header does not
        name, and dimensions that do not go together.

    See Also
    --------
    Cases.read : The same, checked and held as cases.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "gait.ts"
    >>> _ = file.write_text("@classLabel true rest walk\\n@data\\n1,2,3:4,5,6:walk\\n")
    >>> read_ts(file).parts["x"].shape, read_ts(file).parts["y"]
    ((1, 3, 2), array(['walk'], dtype='<U4'))
    """
    where = str(path)
    numbered = lines(path, comment="#")
    header = _header(numbered, where)
    is_told = needs_y or any(_is_true(header, word) for word in TOLD)
    channels = _channels(header)
    cases = Gathered(where, _classes(header, where) if is_told else (), channels, needs_y)
    for number, line in numbered:
        place = f"{where}, line {number}"
        has_label = is_told and (needs_y or line.count(":") + 1 != channels)
        text, label = _apart(line, place) if has_label else (line, MISSING[0])
        _refuse_stamps("(" in text, place)
        cases.add([each.split(",") for each in text.split(":")], label, number)
    return cases.arrays(tuple(_notes(header, {len(each) for each in cases.series})))


def _apart(line: str, place: str) -> tuple[str, str]:
    """Return the dimensions of a row, and its label."""
    text, _, label = line.rpartition(":")
    if not text:
        raise ValueError(
            f"{place}: there is no colon between values and label. A row is '1,2,3:4,5,6:label', with a "
            "colon after each dimension."
        )
    return text, label


def _header(numbered: Iterator[tuple[int, str]], where: str) -> dict[str, str]:
    """Return what each @ line says, by its word in lower case; the line after @data is the next."""
    header: dict[str, str] = {}
    for number, line in numbered:
        word, _, rest = line.replace("\t", " ").partition(" ")
        if not word.startswith("@"):
            raise ValueError(
                f"{where}, line {number}: {line[:40]!r} stands before @data, but is no line of the header, "
                "such as '@classLabel true a b'."
            )
        if word.lower() == "@data":
            _refuse_stamps(_is_true(header, "@timestamps"), f"{where}, @timeStamps true")
            return header
        header[word.lower()] = rest.strip()
    raise ValueError(f"{where}: has no line @data. It is cut off, or no .ts file.")


def _refuse_stamps(has_stamps: bool, place: str) -> None:
    if has_stamps:
        raise ValueError(
            f"{place}: values with time stamps, (t,v),(t,v), are not read. Bring the series to even steps, "
            "and write the values alone."
        )


def _is_true(header: Mapping[str, str], word: str) -> bool:
    return header.get(word, "").lower().split()[:1] == ["true"]


def _classes(header: Mapping[str, str], where: str) -> frozenset[str] | None:
    """Return the labels that the header names, none where it names none, None where numbers are told."""
    if _is_true(header, "@classlabel"):
        return frozenset(header["@classlabel"].split()[1:])
    if _is_true(header, "@targetlabel"):
        return None
    raise ValueError(
        f"{where}: the header says neither '@classLabel true' nor '@targetlabel true', so nothing is told of "
        "the cases that could be learned."
    )


def _channels(header: Mapping[str, str]) -> int | None:
    if _is_true(header, "@univariate"):
        return 1
    return _whole(header.get("@dimensions", header.get("@dimension", "")))


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _notes(header: Mapping[str, str], lengths: set[int]) -> Iterator[str]:
    told = _whole(header.get("@serieslength", ""))
    if told and len(lengths) == 1 and told not in lengths:
        yield f"@seriesLength says {told}, but series have {min(lengths)} steps"
    if len(lengths) > 1 and _is_true(header, "@equallength"):
        yield f"@equalLength is true, but series have {min(lengths)} to {max(lengths)} steps"
