"""Offsets: texts of times whose offset from UTC changes with the clock, as 2024-03-31T03:00+02:00."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

ZONE = re.compile(r"(?<=\d)\s*(Z|[+-]\d\d:?\d\d)$")
_OFFSET = re.compile(r"(?<=[\d.])\s*([+-])(\d\d):?(\d\d)$")
_MOST_APART = 2 * 60  # minutes that a clock is put forward
_DAYS_BETWEEN = 25  # two changes: none is closer to the next in any country


def across_a_clock_change(texts: np.ndarray) -> tuple[pd.DatetimeIndex, np.ndarray, str, str] | None:
    """Return times of two offsets that a clock change explains, or None for any other texts.

    That is: the times, in UTC, or without a zone where all share one time of day, so that days stay days; the
    texts without their offsets; what ends a text that is written in their place; and what to tell. Which
    offset a later time has is not known from them.

    >>> hours = np.array(["2024-03-31T01:00+01:00", "2024-03-31T03:00+02:00"], dtype=object)
    >>> across_a_clock_change(hours)[0].tolist()
    [Timestamp('2024-03-31 00:00:00+0000', tz='UTC'), Timestamp('2024-03-31 01:00:00+0000', tz='UTC')]
    """
    hits = [_OFFSET.search(text) for text in texts]
    found = [hit for hit in hits if hit is not None]
    minutes = np.array([int(f"{hit[1]}1") * (60 * int(hit[2]) + int(hit[3])) for hit in found])
    if len(found) < len(hits) or len(np.unique(minutes)) != 2 or np.ptp(minutes) > _MOST_APART:
        return None
    bare = np.array([_OFFSET.sub("", text) for text in texts], dtype=object)
    wall = pd.DatetimeIndex(pd.to_datetime(bare, format="ISO8601", errors="coerce"))
    utc = wall - pd.to_timedelta(minutes, unit="min")
    if wall.hasnans or not _are_few(minutes, utc):
        return None
    names = " and ".join(dict.fromkeys("".join((hit[1], hit[2], ":", hit[3])) for hit in found))
    if wall.normalize().nunique() == len(wall) and len(np.unique(wall - wall.normalize())) == 1:
        return wall, bare, "", f"days of local time; offsets {names} change with the clock and are left out"
    return (
        utc.tz_localize("UTC"),
        bare,
        "+00:00",
        f"UTC, as which forecasts are written: offsets {names} change",
    )


def _are_few(minutes: np.ndarray, utc: pd.DatetimeIndex) -> bool:
    """Whether the offset changes as seldom as clocks do."""
    order = np.argsort(utc.asi8)
    changes = np.flatnonzero(np.diff(minutes[order]))
    return bool((np.diff(utc[order][changes]) >= pd.Timedelta(days=_DAYS_BETWEEN)).all())


def refuse_mixed(unique: np.ndarray, codes: np.ndarray, where: str) -> None:
    """Raise ValueError for the first text in another time zone than the first, where all are times.

    unique: distinct texts; codes: which of them stands in each row.
    """
    readable = pd.to_datetime(unique, format="ISO8601", errors="coerce", utc=True).notna()
    if not readable.all():
        return
    zones = [hit[1] if (hit := ZONE.search(text)) and ":" in text else "no time zone" for text in unique]
    ahead = [zone.replace("Z", "+00:00").replace(":", "") for zone in zones]
    other = next((i for i, offset in enumerate(ahead) if offset != ahead[0]), None)
    if other is None:
        return
    raise ValueError(
        f"{where}, row {int(np.argmax(codes == other)) + 1}: mixed time zones, {unique[other]!r} "
        f"({zones[other]}) after {unique[0]!r} ({zones[0]}). Write all stamps in one zone, for example UTC."
    )
