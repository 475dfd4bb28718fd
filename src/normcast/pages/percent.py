"""Percent: shares and relative changes in words, the same in sentences, tables, pages and rules."""

from __future__ import annotations

from math import isfinite

MINUS = "\N{MINUS SIGN}"
LARGEST = 10
"""The change, as a share, beyond which the end of an interval is not told: eleven times as much."""


def exact(share: float) -> str:
    """Write a share that was chosen, as it is.

    >>> exact(0.95), exact(0.0025)
    ('95 %', '0.25 %')
    """
    return f"{100 * share:.6g} %"


def percent(share: float) -> str:
    """Write a change in percent, with its sign; a small one with the digits it needs, none as a dash.

    >>> percent(-0.1044), percent(0.00012), percent(0.0), percent(12.5), percent(float("nan"))
    ('−10.4 %', '+0.01 %', '0.0 %', '+1,250.0 %', '–')
    """
    if not isfinite(share):
        return "–"
    if 5e-5 <= abs(share) < 1e-3:
        return f"{100 * share:+.2f} %".replace("-", MINUS)
    return "0.0 %" if abs(share) < 5e-4 else f"{100 * share:+,.1f} %".replace("-", MINUS)


def whole(share: float) -> str:
    """Write a share where tenths of a percent say nothing.

    >>> whole(0.104), whole(2 / 3)
    ('10 %', '67 %')
    """
    return f"{100 * share:.0f} %"


def size(share: float) -> str:
    """Write the size of a change without its sign.

    >>> size(-0.1044), size(0.0004), size(0.00001)
    ('10.4 %', '0.04 %', 'less than 0.01 %')
    """
    if 0 < abs(share) < 5e-5:
        return "less than 0.01 %"
    return percent(abs(share)).lstrip("+")


def between(near: float, far: float) -> str:
    """Write from which size to which.

    >>> between(0.019, 0.042)
    '1.9 to 4.2 %'
    """
    return interval(abs(near), abs(far)).replace("+", "")


def interval(low: float, high: float) -> str:
    """Write an interval of changes; a dash where it is not defined. Above `LARGEST` no figure says more.

    >>> interval(-0.142, -0.081), interval(-0.5, 40), interval(float("nan"), 0.1)
    ('−14.2 to −8.1 %', '−50.0 to over +1,000 %', '–')
    """
    if not (isfinite(low) and isfinite(high)):
        return "–"
    if low > LARGEST:
        return f"over +{100 * LARGEST:,} %"
    places = max(_places(low), _places(high))
    ends = [_end(each, places) for each in (low, high)]
    return " to ".join(ends) + " %"


def _end(share: float, places: int) -> str:
    if share > LARGEST:
        return f"over +{100 * LARGEST:,}"
    told = f"{100 * share:+z,.{places}f}".replace("-", MINUS)
    return "0" if told in ("+0." + "0" * places, "+0") else told


def _places(share: float) -> int:
    return 2 if 0 < abs(share) < 1e-3 else 1
