"""Zone text: the name of a time zone behind a time, as in "2020-01-01 00:00 CET" and "03:00 (CEST)"."""

from __future__ import annotations

import re
from datetime import timedelta, timezone

import numpy as np
import pandas as pd

HOURS = {
    "UTC": 0.0, "GMT": 0.0, "WET": 0.0, "WEST": 1.0, "BST": 1.0, "CET": 1.0, "CEST": 2.0, "MEZ": 1.0,
    "MESZ": 2.0, "EET": 2.0, "EEST": 3.0, "MSK": 3.0, "IST": 5.5, "SGT": 8.0, "HKT": 8.0, "AWST": 8.0,
    "JST": 9.0, "KST": 9.0, "ACST": 9.5, "ACDT": 10.5, "AEST": 10.0, "AEDT": 11.0, "NZST": 12.0, "NZDT": 13.0,
    "NST": -3.5, "NDT": -2.5, "AST": -4.0, "ADT": -3.0, "EST": -5.0, "EDT": -4.0, "CST": -6.0, "CDT": -5.0,
    "MST": -7.0, "MDT": -6.0, "PST": -8.0, "PDT": -7.0, "AKST": -9.0, "AKDT": -8.0, "HST": -10.0,
}  # fmt: skip
"""How far a zone is ahead of UTC."""

_OF_SEVERAL = ("AST", "BST", "CST", "IST")  # Atlantic and Arabia, Britain and Bangladesh, ...
_PLACES = {
    ("WET", "WEST"): "Europe/Lisbon",
    ("GMT", "BST"): "Europe/London",
    ("CET", "CEST"): "Europe/Berlin",
    ("MEZ", "MESZ"): "Europe/Berlin",
    ("EET", "EEST"): "Europe/Helsinki",
    ("ACST", "ACDT"): "Australia/Adelaide",
    ("AEST", "AEDT"): "Australia/Sydney",
    ("NZST", "NZDT"): "Pacific/Auckland",
    ("NST", "NDT"): "America/St_Johns",
    ("AST", "ADT"): "America/Halifax",
    ("EST", "EDT"): "America/New_York",
    ("CST", "CDT"): "America/Chicago",
    ("MST", "MDT"): "America/Denver",
    ("PST", "PDT"): "America/Los_Angeles",
    ("AKST", "AKDT"): "America/Anchorage",
}
"""A place whose clock has both names, of winter and of summer."""

_NAME = re.compile(r"(?<=[\dM])(\s*\(?)([A-Z]{3,4})(\)?)$")
_IN_FORM = re.compile(r"(\s*\(?)(%Z|\{\w+,\w+\}|" + "|".join(HOURS) + r")(\)?)$")


def bare(text: str) -> str:
    """Return a text without the name of a zone at its end.

    >>> bare("2020-01-01 00:00 (CET)"), bare("1 JAN")
    ('2020-01-01 00:00', '1 JAN')
    """
    hit = _NAME.search(text)
    return text[: hit.start()] if hit and hit[2] in HOURS else text


def bare_form(form: str) -> str:
    """Return a form without the name of a zone at its end.

    >>> bare_form("%Y-%m-%d %H:%M {CET,CEST}")
    '%Y-%m-%d %H:%M'
    """
    return _IN_FORM.sub("", form)


def names_of(texts: np.ndarray, codes: np.ndarray, where: str) -> list[str] | None:
    """Return the zone of each text, or None if the first has none.

    Raises ValueError where others have none, or one that no clock has beside the first.
    """
    if bare(str(texts[0])) == texts[0]:
        return None
    hits = [_NAME.search(str(text)) for text in texts]
    names = [hit[2] if hit and hit[2] in HOURS else "no time zone" for hit in hits]
    known = list(dict.fromkeys(names))
    if len(known) == 1 or (len(known) == 2 and _pair(known) in _PLACES):
        return names
    own = [_pair([known[0], each]) in _PLACES for each in known]
    other = known[own.index(False, 1)] if False in own[1:] else known[-1]
    at = names.index(other)
    raise ValueError(
        f"{where}, row {int(np.argmax(codes == at)) + 1}: mixed time zones, {texts[at]!r} ({other}) after "
        f"{texts[0]!r} ({names[0]}). Write all stamps in one zone, for example UTC."
    )


def _pair(names: list[str]) -> tuple[str, str]:
    """Return the names of winter and of summer."""
    return min(names, key=_ahead), max(names, key=_ahead)


def _ahead(name: str) -> float:
    return HOURS.get(name, 0.0)


def ahead(names: list[str]) -> pd.TimedeltaIndex:
    """Return how far each zone is ahead of UTC.

    >>> ahead(["CET"])[0]
    Timedelta('0 days 01:00:00')
    """
    return pd.to_timedelta([HOURS[name] for name in names], unit="h")


def placed(wall: pd.DatetimeIndex, names: list[str], text: str) -> tuple[pd.DatetimeIndex, str, str]:
    """Return the times of a clock in its zone, what writes the names behind a time, and what to tell.

    Two names are those of one place where its clock changes at these times; else times become UTC. One that
    several zones share alone stays a part of the text. text: one of those that were read.

    >>> wall = pd.DatetimeIndex(["2020-10-25 02:00", "2020-10-25 02:00"])
    >>> times, suffix, _ = placed(wall, ["CEST", "CET"], "25.10.2020 02:00 (CET)")
    >>> (times[1] - times[0]).total_seconds(), suffix
    (3600.0, ' ({CET,CEST})')
    """
    hit = _NAME.search(text)
    before, after = (hit[1], hit[3]) if hit else (" ", "")
    known = _pair(list(dict.fromkeys(names)))
    if wall.tz is not None:  # each text has its offset beside the name
        return wall, f"{before}{known[0]}{after}" if known[0] == known[1] else "", ""
    if known[0] == known[1]:
        return _in_one(wall, known[0], f"{before}{known[0]}{after}")
    utc = (wall - ahead(names)).tz_localize("UTC")
    place = _PLACES[known]
    local = utc.tz_convert(place)
    if (local.tz_localize(None) == wall).all():
        return (
            local,
            f"{before}{{{','.join(known)}}}{after}",
            f"{' and '.join(known)}, as clocks in {place} change",
        )
    return utc, "+00:00", f"UTC, as which forecasts are written: {' and '.join(known)} change"


def _in_one(wall: pd.DatetimeIndex, name: str, suffix: str) -> tuple[pd.DatetimeIndex, str, str]:
    if name in _OF_SEVERAL:
        return wall, suffix, f"times of {name}, a name of several zones"
    if not HOURS[name]:
        return wall.tz_localize("UTC"), suffix, ""
    offset = timezone(timedelta(hours=HOURS[name]))
    return wall.tz_localize(offset), suffix, f"{name}, {offset} in summer and winter"


def changing(form: str) -> tuple[str, str]:
    """Return a form apart from the names of a zone that change with the clock, "" where it has none.

    >>> changing("%H:%M ({CET,CEST})"), changing("%H:%M CET")
    (('%H:%M', ' ({CET,CEST})'), ('%H:%M CET', ''))
    """
    hit = _IN_FORM.search(form)
    return (form[: hit.start()], hit[0]) if hit and hit[2].startswith("{") else (form, "")


def write(index: pd.DatetimeIndex, suffix: str) -> list[str]:
    """Return what stands behind each time.

    >>> write(pd.DatetimeIndex(["2020-01-01", "2020-07-01"], tz="Europe/Paris"), " {CET,CEST}")
    [' CET', ' CEST']
    """
    before, winter, summer, after = re.split(r"\{(\w+),(\w+)\}", suffix)
    ahead = index.tz_localize(None) - index.tz_convert("UTC").tz_localize(None)
    is_summer = ahead > pd.Timedelta(hours=HOURS[winter])
    return [f"{before}{summer if each else winter}{after}" for each in is_summer]
