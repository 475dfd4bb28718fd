"""Numbers, stamps and steps as a reader wants them."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, isfinite, log10
from typing import Any

import pandas as pd

from normcast.errors import counted

STEPS = {"D": "day", "B": "business day", "h": "hour", "H": "hour", "W": "week", "M": "month", "Q": "quarter"}
STEPS |= {"min": "minute", "s": "second", "Y": "year", "A": "year"}


def steps(count: int, freq: str) -> str:
    """Name a number of steps of a frequency.

    >>> steps(14, "D"), steps(1, "h"), steps(8, "QS-OCT"), steps(48, "30min"), steps(3, "1")
    ('14 days', '1 hour', '8 quarters', '48 steps of 30min', '3 steps')
    >>> steps(6, "D@Mon-Sat")
    '6 days (Mon-Sat)'
    """
    slot, _, week = freq.partition("@")
    if week:
        return f"{steps(count, slot)} ({week.replace('/', ' ')})"
    alias = freq.partition("-")[0]
    stem = alias.removesuffix("S").removesuffix("E") if alias not in STEPS else alias
    if stem in STEPS:
        return counted(count, STEPS[stem])
    plain = counted(count, "step")
    return plain if freq.isdigit() or not freq else f"{plain} of {freq}"


def stamp(value: Any) -> str:
    """Write a stamp without what it does not say: the hour of a daily row.

    >>> stamp(pd.Timestamp("2015-12-31")), stamp(pd.Timestamp("2015-12-31 06:30")), stamp(7)
    ('2015-12-31', '2015-12-31 06:30', '7')
    """
    if not isinstance(value, pd.Timestamp):
        return str(value)
    return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M}"


def decimals(values: Iterable[float], digits: int = 3) -> int:
    """Return how many decimals (0 to 6) show the typical of these numbers with so many digits.

    >>> decimals([0.712, 1.2]), decimals([1234.5, 99.0]), decimals([0.0012])
    (3, 1, 5)
    """
    sizes = sorted(abs(v) for v in values if isfinite(v) and v != 0)
    if not sizes:
        return 2
    return min(6, max(0, digits - 1 - floor(log10(sizes[(len(sizes) - 1) // 2]))))


def number(value: float, places: int) -> str:
    """Write a number with so many decimals; what is not a number is a dash.

    >>> number(1234.5678, 1), number(float("nan"), 2), number(-0.5, 2), number(-0.001, 2)
    ('1,234.6', '–', '−0.50', '0.00')
    """
    if not isfinite(value):
        return "–"
    return f"{value:z,.{places}f}".replace("-", "\N{MINUS SIGN}")  # z: no minus before zero


def duration(seconds: float) -> str:
    """Write a duration with the unit that suits it.

    >>> duration(0.4), duration(41.2), duration(312.0), duration(7300.0)
    ('0.4 s', '41 s', '5 min 12 s', '2 h 1 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
