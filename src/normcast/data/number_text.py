"""Number text: cells such as "9,104", "1.234,5", "$ 5", "45%" or "12 kg", decided for a column from all."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SIGNS = "$€£¥"
_CELL = re.compile(
    rf"([-+]?)\s*([{SIGNS}]?)\s*([-+]?)(\d[\d.,]*|[.,]\d+)((?:[eE][-+]?\d+)?)\s*([{SIGNS}]?)\s*(%?)"
)
_POINT = re.compile(r"([1-9]\d{0,2}(,\d{3})+|\d+)(\.\d*)?|\.\d+")
_COMMA = re.compile(r"([1-9]\d{0,2}(\.\d{3})+|\d+)(,\d*)?|,\d+")
_GAP = re.compile(r"(?<=\d)[ '\u2019\u00a0\u202f](?=\d{3}(?:\D|$))")
_UNIT = re.compile(r"(.*\d[.,]?)(?:\s+([^\W\d_]{1,12}(?:[/²³][^\W\d_]{0,12})?)|\s*(°[CFK]?|µ[^\W\d_]{1,4}))")
_OF_TIME = {"am", "pm", "h", "uhr", *map(str.lower, (*calendar.month_name, *calendar.month_abbr))}
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class NumberText:
    """How the cells of a column write numbers.

    decimal: "." or ","; thousands: the sign between thousands, "" for none; is_clear: whether a cell says so,
    rather than each of them could be read either way; sign: of a currency, "%", or another unit.
    """

    decimal: str
    thousands: str
    is_clear: bool
    sign: str = ""

    def number(self, cell: str) -> float:
        """Return the number that a cell of the column holds.

        >>> NumberText(",", ".", True).number("-1.234,5")
        -1234.5
        """
        parts = _parts(cell)
        if parts is None:
            raise ValueError(cell)
        minus, body, power, _ = parts
        other = "," if self.decimal == "." else "."
        return float(minus + body.replace(other, "").replace(self.decimal, ".") + power)

    def told(self, example: str) -> str:
        """Say how the cells are read, with one of them."""
        words = []
        if self.thousands:
            words.append(f"{self.thousands!r} separates thousands")
        elif self.decimal == ",":
            words.append("a decimal comma")
        elif not self.is_clear:
            words.append("a decimal point")
        if self.sign:
            words.append(f"{self.sign!r} is left out")
        if not self.is_clear:
            words.append("though each cell could have thousands instead")
        return f"{', '.join(words)}: {example!r} is read as {self.number(example):.12g}"


def is_like_a_number(cell: str) -> bool:
    """Return whether a cell may be a number in some country.

    >>> is_like_a_number("1.234,5"), is_like_a_number("2024-01-01"), is_like_a_number("18.00.00")
    (True, False, False)
    """
    parts = _parts(cell)
    return parts is not None and bool(_POINT.fullmatch(parts[1]) or _COMMA.fullmatch(parts[1]))


def decide(cells: Iterable[str], separator: str, usual: str = "") -> NumberText | None:
    """Return how all these cells write numbers, or None if no one way reads them all.

    separator: of the file's fields; where that is the comma, "9,104" is 9104, else it is 9.104 unless
    another cell of the column says otherwise. usual: the decimal sign of tables of its kind, which then
    decides.

    >>> decide(["9,104", "12"], ",").thousands, decide(["9.104", "1.234.567"], ";").thousands
    (',', '.')
    >>> decide(["1 200 kg", "3.5 kg"], ",").sign, decide(["12 kg", "3 g"], ","), decide(["12 kg", "3"], ",")
    ('kg', None, None)
    >>> decide(["9.104"], ";", usual=",").number("9.104")
    9104.0
    """
    parts = [_parts(cell) for cell in cells]
    known = [each for each in parts if each is not None]
    if not known or len(known) < len(parts):
        return None
    signs = {sign for *_, sign in known}
    if len(signs - {""}) > 1 or (len(signs) > 1 and not signs & set(SIGNS)):
        return None
    found = _convention([body for _, body, _, _ in known], separator, usual)
    if found is None:
        return None
    return NumberText(*found, sign="".join(signs))


def _convention(bodies: Sequence[str], separator: str, usual: str) -> tuple[str, str, bool] | None:
    """Return decimal sign, thousands sign, and whether a cell says so."""
    point, comma = (all(map(each.fullmatch, bodies)) for each in (_POINT, _COMMA))
    points, commas = (any(sign in body for body in bodies) for sign in ".,")
    if point and comma:
        if points and commas:
            return None  # 9,104 and 9.104: one of them has thousands, and nothing says which
        if usual and (points or commas):
            sign = "." if points else ","
            return usual, "" if sign == usual else sign, True
        if commas:
            return (".", ",", True) if separator == "," else (",", "", False)
        return ".", "", not points
    if point:
        return ".", "," if commas else "", True
    return (",", "." if points else "", True) if comma else None


def unit_of(cell: str) -> str | None:
    """Return the unit of a cell that holds a number, "" for none; None where it holds no number.

    >>> unit_of("12 kg"), unit_of("$5"), unit_of("7"), unit_of("6 PM"), unit_of("1A")
    ('kg', '$', '', None, None)
    """
    parts = _parts(cell)
    return None if parts is None else parts[3]


def _parts(cell: str) -> tuple[str, str, str, str] | None:
    """Return sign, digits, power and the unit of a cell; None for no number."""
    number, unit = _apart(cell.strip())
    found = _CELL.fullmatch(_GAP.sub("", number.replace(_MINUS, "-")))
    if found is None:
        return None
    outer, before, inner, body, power, behind, percent = found.groups()
    signs = before + behind + percent
    if len(signs) + bool(unit) > 1 or (outer and inner):
        return None
    return outer + inner, body, power, signs + unit


def _apart(cell: str) -> tuple[str, str]:
    """Return a number and the unit of letters behind it, after a space; a time of day or month is none."""
    found = _UNIT.fullmatch(cell)
    if found is None:
        return cell, ""
    number, word, sign = found.groups()
    return (cell, "") if word and word.lower() in _OF_TIME else (number, word or sign)
