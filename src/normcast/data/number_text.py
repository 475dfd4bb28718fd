"""Number text: cells as "9,104", "1.234,5", "$ 5", "(1,200)" or "12 kg", decided for a column from all."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SIGNS = "$¢£¤¥฿" + "".join(map(chr, range(0x20A0, 0x20C1)))
_CODES = frozenset(  # save those that are words: ALL, CUP, PEN, TOP
    """
    AED AFN AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
    CAD CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
    GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT
    LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
    NZD OMR PAB PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
    STN SVC SYP SZL THB TJS TMT TND TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF
    XPF YER ZAR ZMW ZWL
    kr kr. Fr Fr. Rs Rs. Rp RM zł Kč Ft
    """.split()  # noqa: SIM905
)
"""Currencies by ISO 4217, and how some are written at home; no other words stand before a number."""

_LETTERS, _SQUARE = r"[^\W\d_]{1,12}", r"(?:[²³]|(?<=m)\^?[23]|(?<=ft)\^?[23])?"
_WORD = rf"{_LETTERS}{_SQUARE}(?:/{_LETTERS}{_SQUARE}|/)?\.?"
_BEHIND = rf"\s+{_WORD}|\s*(?:[{SIGNS}%‰]|°[CFK]?|(?=[^\W\d_][^\W\d_/²³]|[^\W\d_][/²³]){_WORD})"
_CELL = re.compile(
    rf"([-+]?)\s*([A-Z]{{0,2}}[{SIGNS}]|[^\W\d_]{{2,3}}\.?)?\s*([-+]?)"
    rf"(\d[\d.,]*|[.,]\d+)((?:[eE][-+]?\d+)?)({_BEHIND})?"
)
_BRACKETS = re.compile(r"([^\d()]{0,4})\(([^()]*\d[^()]*)\)\s*(%?)")
_POINT = re.compile(r"([1-9]\d{0,2}(,\d{3})+|\d+)(\.\d*)?|\.\d+")
_COMMA = re.compile(r"([1-9]\d{0,2}(\.\d{3})+|\d+)(,\d*)?|,\d+")
_GAP = re.compile(r"(?<=\d)[ '\u2019\u00a0\u202f](?=\d{3}(?:\D|$))")
_NO_UNIT = {"am", "pm", "h", "uhr", "st", "nd", "rd", "th"}
_NO_UNIT |= {name.lower() for name in (*calendar.month_name[1:], *calendar.month_abbr[1:])}
_LONGEST = 400  # characters of a number: a float has 309 digits before its point
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class NumberText:
    """How the cells of a column write numbers.

    decimal: "." or ","; thousands: the sign between thousands, "" for none; is_clear: whether a cell says so,
    rather than each of them could be read either way; sign: of a currency, "%", or another unit;
    has_brackets: whether some cells are negative as in bookkeeping, "(1,200)".
    """

    decimal: str
    thousands: str
    is_clear: bool
    sign: str = ""
    has_brackets: bool = False

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
            words.append(f"values are in {self.sign!r}")
        if self.has_brackets:
            words.append("brackets are a minus")
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
    cells = list(cells)
    parts = [_parts(cell) for cell in cells]
    known = [each for each in parts if each is not None]
    if not known or len(known) < len(parts):
        return None
    signs = {sign for *_, sign in known}
    if len(signs - {""}) > 1 or (len(signs) > 1 and not any(map(_is_currency, signs))):
        return None
    found = _convention([body for _, body, _, _ in known], separator, usual)
    if found is None:
        return None
    return NumberText(*found, sign="".join(signs), has_brackets=any("(" in cell for cell in cells))


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

    >>> unit_of("12kg"), unit_of("EUR 5"), unit_of("7"), unit_of("6 PM"), unit_of("1A"), unit_of("store 1")
    ('kg', 'EUR', '', None, None, None)
    """
    parts = _parts(cell)
    return None if parts is None else parts[3]


def _parts(cell: str) -> tuple[str, str, str, str] | None:
    """Return sign, digits, power and the unit of a cell; None for no number."""
    cell = cell.strip().replace(_MINUS, "-")
    if len(cell) > _LONGEST:
        return None
    if booked := _BRACKETS.fullmatch(cell):
        parts = _parts("".join(booked.groups()))
        return None if parts is None or parts[0] else ("-", *parts[1:])
    found = _CELL.fullmatch(_GAP.sub("", cell))
    if found is None:
        return None
    outer, before, inner, body, power, behind = (each or "" for each in found.groups())
    behind = behind.strip()
    if (before and behind) or (outer and inner) or (before and not _is_currency(before)):
        return None
    return None if behind.lower().rstrip(".") in _NO_UNIT else (outer + inner, body, power, before + behind)


def _is_currency(unit: str) -> bool:
    return unit in _CODES or any(sign in unit for sign in SIGNS)
