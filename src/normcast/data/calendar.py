"""The calendar: steps between stamps, by name and as found in the data, and the seasons that go with them."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from normcast.data import jitter, pattern
from normcast.data.stamps import DAY, Stamps
from normcast.data.step import BUSINESS, DAY_NAMES, MONTH_NAMES, REST, UNITS, Step
from normcast.data.week import Week
from normcast.errors import closest

_OLD = {"H": "h", "T": "min", "S": "s", "L": "ms", "U": "us", "N": "ns", "A": "Y", "AS": "YS", "C": "B"}
_MONTHS = {"M": 1, "Q": 3, "Y": 12}
_WORDS = {
    "hourly": "h", "hour": "h", "daily": "D", "day": "D", "weekly": "W", "week": "W", "monthly": "ME",
    "month": "ME", "quarterly": "QE", "quarter": "QE", "yearly": "YE", "annual": "YE", "year": "YE",
    "minute": "min", "second": "s", "business": "B",
}  # fmt: skip
_KNOWN = (
    "h",
    "D",
    "B",
    "W",
    "MS",
    "ME",
    "QS",
    "QE",
    "YS",
    "YE",
    "min",
    "s",
    "30min",
    "15min",
    "10min",
    "W-MON",
    "D@Mon-Sat",
    "30min@Mon-Fri/09:30-15:30",
)
HALF_HOUR = 30 * UNITS["min"]
_CENTURY = "100 years"
LONGEST = {
    "integer": (2**53, f"{2**53:,}"),
    "fixed": (36_525 * DAY, _CENTURY),
    "month start": (1_200, _CENTURY),
    "month end": (1_200, _CENTURY),
}
"""The longest step of each kind, and how it is told: stamps are counted in nanoseconds, for 292 years."""


def season_of(freq: str | int) -> int:
    """Return the season that usually goes with a frequency, in steps; 1 where there is none.

    Steps of a minute to an hour have a day, where a whole number of them makes one.

    >>> season_of("D"), season_of("30min"), season_of("W-SUN"), season_of("MS"), season_of(1)
    (7, 48, 52, 12, 1)
    >>> season_of("5min"), season_of("min"), season_of("7min"), season_of("s"), season_of("6MS")
    (288, 1440, 1, 1, 2)
    """
    return seasons_of(freq)[0]


def seasons_of(freq: str | int) -> tuple[int, ...]:
    """Return the season of a frequency, and the longer ones behind it: a day and a week of finer steps.

    >>> seasons_of("h"), seasons_of("D"), seasons_of("D@Mon-Sat"), seasons_of("30min@Mon-Fri/09:30-15:30")
    ((24, 168), (7,), (6,), (13, 65))
    """
    step = parse(freq)
    if step.week:
        return step.week.seasons
    if step.kind == "fixed" and step.size < DAY and DAY % step.size == 0:
        day = DAY // step.size
        return (day, 7 * day) if UNITS["min"] <= step.size <= UNITS["h"] else (1, day, 7 * day)
    if step.kind in ("month start", "month end"):
        return (12 // step.size if 12 % step.size == 0 else 1,)
    usual = {"D": 7, "W": 52}
    return (usual.get(str(freq).split("-", maxsplit=1)[0], 1),)


def named_seasons(season: int | Sequence[int]) -> tuple[int, ...]:
    """Return a season and the longer ones behind it as they were given; raise ValueError for what is none.

    >>> named_seasons(24), named_seasons([24, 168])
    ((24,), (24, 168))
    """
    seasons = tuple(season) if isinstance(season, list | tuple) else (season,)
    for each in seasons:
        if isinstance(each, bool) or not isinstance(each, (int, np.integer)) or each < 1:
            raise ValueError(f"season: {each!r} is not a whole number of steps from 1 on.")
    if not seasons or list(seasons) != sorted(set(seasons)):
        raise ValueError(f"season: {list(seasons)} must rise from the main one up, as in [24, 168].")
    return tuple(int(each) for each in seasons)


def parse(freq: str | int, where: str = "freq") -> Step:
    """Return the step that a frequency names; pandas' names, old and new, with a week behind an @.

    Raises ValueError, with "did you mean", for a name that is none.

    >>> parse("30min").size // 60_000_000_000, parse("QS-OCT").name, parse("H").name, parse(1).name
    (30, 'QS', 'h', 1)
    """
    text = str(getattr(freq, "freqstr", freq)).strip()
    step = _parse_week(text, where) if "@" in text else _parse_plain(text, where)
    most, words = LONGEST.get(step.kind, LONGEST["fixed"])
    if step.size > most:
        raise ValueError(f"{where}: frequency {text!r} is a step of more than {words}.")
    return step


def _parse_plain(text: str, where: str) -> Step:
    hit = re.fullmatch(r"(\d*)([A-Za-z]*)(?:-([A-Z]{3}))?", text)
    if not hit or not (hit[1] or hit[2]) or (hit[1] and int(hit[1]) == 0):
        raise ValueError(_unknown(text, where))
    many, unit, anchor = int(hit[1] or 1), hit[2], hit[3]
    unit = _OLD.get(unit, unit)
    if not unit and not anchor:
        return Step("integer", many)
    if unit in UNITS and not anchor:
        return Step("fixed", many * UNITS[unit])
    if unit == "W" and anchor in (None, *DAY_NAMES):
        return Step("fixed", many * 7 * DAY, DAY_NAMES.index(anchor) if anchor and many == 1 else None)
    if unit == "B" and many == 1 and not anchor:
        return Step.of(BUSINESS)
    if unit[:1] in _MONTHS and unit[1:] in ("", "S", "E") and anchor in (None, *MONTH_NAMES):
        size = many * _MONTHS[unit[0]]
        phase = MONTH_NAMES.index(anchor) % size if anchor and unit[0] != "M" else None
        return Step("month start" if unit[1:] == "S" else "month end", size, phase, anywhere=not unit[1:])
    raise ValueError(_unknown(text, where))


def _parse_week(text: str, where: str) -> Step:
    name, _, week = text.partition("@")
    try:
        return Step.of(Week.read(week, parse(name).size))
    except ValueError:
        raise ValueError(
            f"{where}: frequency {text!r} does not name a week. Write days, and below a day the first and "
            "last stamp of each run: D@Mon-Sat, 30min@Mon-Fri/09:30-15:30, h@Mon-Fri/09:00-17:00+Sat/09:00."
        ) from None


def _unknown(text: str, where: str) -> str:
    guess = _WORDS.get(text.lower()) or closest(text, _KNOWN)
    hint = f" Did you mean {guess!r}?" if guess else ""
    return (
        f"{where}: no frequency {text!r}; frequencies are {', '.join(_KNOWN)}, with a number before "
        f"('2h', '3MS'), or a whole number for integer steps.{hint}"
    )


def resolve(step: Step, counted: np.ndarray) -> Step:
    """Return a step with what its name leaves open taken from the stamps: start or end of month, weekday."""
    if step.anywhere:
        at_end = not Step("month end", 1).misfits(Step("month end", 1).count(counted)[1]).any()
        step = replace(step, kind="month end" if at_end else "month start", anywhere=False)
    weeks = step.kind == "fixed" and step.size % (7 * DAY) == 0
    months = step.kind in ("month start", "month end") and step.size > 1
    if step.phase is not None or not len(counted) or not (weeks or months):
        return step
    _, rest = step.count(counted)
    unit = (rest // DAY) % 7 if weeks else rest // REST
    named = step.size == 7 * DAY if weeks else step.size in (3, 12)
    return replace(step, phase=int(unit[0])) if named and np.all(unit == unit[0]) else step


def infer(counted: np.ndarray, offsets: np.ndarray, stamps: Stamps, where: str) -> Step:
    """Return the step that most neighbouring stamps are apart.

    counted: (N,) sorted within each series. Raises ValueError if no series has two stamps.
    """
    inside = np.ones(len(counted), dtype=bool)
    inside[offsets[:-1]] = False
    gaps = np.diff(counted, prepend=counted[:1])[inside]
    gaps = gaps[gaps > 0]
    if not len(gaps):
        raise ValueError(
            f"{where}: no series has two different stamps, so the frequency cannot be told. "
            f"Name it: --freq (freq=), for example freq='D'."
        )
    usual = _most_common(gaps)
    if stamps.is_calendar:
        jitter.refuse(counted[inside], gaps, usual, where)
    if not stamps.is_calendar:
        return Step("integer", usual)
    if usual >= 28 * DAY and (step := _months(counted, inside)):
        return step
    if np.any(gaps != usual) and (week := pattern.found(pattern.standing_still(counted, stamps), usual)):
        return Step.of(week)
    if usual == DAY and _skips_weekends(counted, gaps):
        return Step.of(BUSINESS)
    return resolve(Step("fixed", usual), counted)


def _most_common(values: np.ndarray) -> int:
    unique, many = np.unique(values, return_counts=True)
    return int(unique[np.argmax(many)])


def _months(counted: np.ndarray, inside: np.ndarray) -> Step | None:
    """Return a step of whole months if every stamp stands at one day of the month or at its end."""
    for kind in ("month end", "month start"):
        month, rest = Step(kind, 1).count(counted)
        size = _most_common(np.diff(month, prepend=month[:1])[inside])
        if size > 0 and np.all(rest == rest[0]) and not Step(kind, 1).misfits(rest).any():
            return resolve(Step(kind, size), counted)
    return None


def _skips_weekends(counted: np.ndarray, gaps: np.ndarray) -> bool:
    return bool(np.any(gaps == 3 * DAY)) and bool(np.is_busday((counted // DAY).astype("M8[D]")).all())
