"""The calendar: steps between stamps, by name, as numbers to count with, and as found in the data."""

import re
from dataclasses import dataclass, replace

import numpy as np

from normcast.data import jitter
from normcast.data.stamps import DAY, Stamps
from normcast.errors import closest

_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "D": DAY}
_OLD = {"H": "h", "T": "min", "S": "s", "L": "ms", "U": "us", "N": "ns", "A": "Y", "AS": "YS", "C": "B"}
_MONTHS = {"M": 1, "Q": 3, "Y": 12}
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAY_NAMES = ("THU", "FRI", "SAT", "SUN", "MON", "TUE", "WED")  # 1970-01-01 was a Thursday
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
)
_SEASONS = {"D": 7, "B": 5}
HALF_HOUR = 30 * _UNITS["min"]
_MEAN_MONTH = 365.2425 / 12 * DAY
_REST = 32 * DAY  # more than any time within a month


@dataclass(frozen=True)
class Step:
    """One step of time.

    kind: "integer", "fixed", "month start", "month end" or "business"; size: steps, nanoseconds or months.
    phase: weekday (of "fixed", days since Thursday) or month within the step that stamps stand at, or None.
    anywhere: a name such as "M" that leaves open whether stamps stand at the start or the end.

    >>> step = Step("month start", 3)
    >>> count, rest = step.count(np.array(["2020-01-01", "2020-04-01"], "M8[ns]").view("i8"))
    >>> np.diff(count), rest[0] == rest[1]
    (array([1]), np.True_)
    """

    kind: str
    size: int
    phase: int | None = None
    anywhere: bool = False

    def count(self, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which step each stamp is in, and what is left; stamps of one series share what is left."""
        if self.kind in ("integer", "fixed"):
            step = np.floor_divide(counted, self.size)
            return step, counted - step * self.size
        days = np.floor_divide(counted, DAY)
        if self.kind == "business":
            dates = days.astype("M8[D]")
            weekend = ~np.is_busday(dates)
            return np.busday_count(np.datetime64(0, "D"), dates), counted - days * DAY + weekend * DAY
        months = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
        step = np.floor_divide(months, self.size)
        return step, (months - step * self.size) * _REST + counted - self._base(months)

    def stamp(self, step: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """Return the stamps of steps: what `count` took apart."""
        if self.kind in ("integer", "fixed"):
            return step * self.size + rest
        if self.kind == "business":
            days = np.busday_offset(np.datetime64(0, "D"), step, roll="forward")
            return days.astype(np.int64) * DAY + rest
        month = np.floor_divide(rest, _REST)
        return self._base(step * self.size + month) + rest - month * _REST

    def _base(self, months: np.ndarray) -> np.ndarray:
        """Return where to count from in months since 1970: their first day, or 31 days before the last."""
        if self.kind == "month end":
            return ((months + 1).astype("M8[M]").astype("M8[D]").astype(np.int64) - 32) * DAY
        return months.astype("M8[M]").astype("M8[D]").astype(np.int64) * DAY

    def after(self, last: np.ndarray, h: int) -> np.ndarray:
        """Return the h stamps after each of `last` (S,), as (S, h)."""
        step, rest = self.count(last)
        ahead = step[:, None] + np.arange(1, h + 1)  # (S, h)
        return self.stamp(ahead, np.broadcast_to(rest[:, None], ahead.shape))

    def misfits(self, rest: np.ndarray) -> np.ndarray:
        """Return where what is left fits no series: a weekend, or not the end of its month."""
        if self.kind == "business":
            return rest >= DAY
        if self.kind in ("integer", "fixed"):
            return np.zeros(rest.shape, dtype=bool) if self.phase is None else rest // DAY != self.phase
        off = (rest % _REST < 31 * DAY) if self.kind == "month end" else np.zeros(rest.shape, dtype=bool)
        return off if self.phase is None else off | (rest // _REST != self.phase)

    @property
    def length(self) -> float:
        """The usual time from one stamp to the next: nanoseconds, or integer steps."""
        if self.kind in ("integer", "fixed"):
            return float(self.size)
        return float(DAY) if self.kind == "business" else self.size * _MEAN_MONTH

    @property
    def name(self) -> str | int:
        """The pandas name of the step, or the integer."""
        if self.kind == "integer":
            return self.size
        if self.kind == "business":
            return "B"
        if self.kind == "fixed":
            return self._fixed_name()
        end = "E" if self.kind == "month end" else "S"
        letter = {1: "M", 3: "Q", 12: "Y"}.get(self.size)
        if letter is None or (self.size > 1 and self.phase is None):
            return f"{self.size if self.size > 1 else ''}M{end}"
        usual = self.size - 1 if end == "E" else 0
        phase = self.phase if self.phase is not None else usual
        return f"{letter}{end}" + ("" if phase == usual else f"-{_MONTH_NAMES[phase]}")

    def _fixed_name(self) -> str:
        if self.size % (7 * DAY) == 0 and self.phase is not None:
            weeks = self.size // (7 * DAY)
            return f"{weeks if weeks > 1 else ''}W-{_DAY_NAMES[self.phase % 7]}"
        unit = next(unit for unit in reversed(_UNITS) if self.size % _UNITS[unit] == 0)
        many = self.size // _UNITS[unit]
        return f"{many if many > 1 else ''}{unit}"


def season_of(freq: str | int) -> int:
    """Return the season that usually goes with a frequency, in steps; 1 where there is none.

    Steps of a minute to an hour have a day, where a whole number of them makes one.

    >>> season_of("D"), season_of("30min"), season_of("W-SUN"), season_of("MS"), season_of(1)
    (7, 48, 52, 12, 1)
    >>> season_of("5min"), season_of("min"), season_of("7min"), season_of("s")
    (288, 1440, 1, 1)
    """
    name = str(freq)
    if name in _SEASONS:
        return _SEASONS[name]
    step = parse(freq)
    if step.kind == "fixed" and _UNITS["min"] <= step.size <= _UNITS["h"]:
        return DAY // step.size if DAY % step.size == 0 else 1
    return {"W": 52, "MS": 12, "ME": 12, "QS": 4, "QE": 4}.get(name.split("-", maxsplit=1)[0], 1)


def parse(freq: str | int, where: str = "freq") -> Step:
    """Return the step that a frequency names; pandas' names, old and new.

    Raises ValueError, with "did you mean", for a name that is none.

    >>> parse("30min").size // 60_000_000_000, parse("QS-OCT").name, parse("H").name, parse(1).name
    (30, 'QS', 'h', 1)
    """
    text = str(getattr(freq, "freqstr", freq)).strip()
    hit = re.fullmatch(r"(\d*)([A-Za-z]*)(?:-([A-Z]{3}))?", text)
    if not hit or not (hit[1] or hit[2]) or (hit[1] and int(hit[1]) == 0):
        raise ValueError(_unknown(text, where))
    many, unit, anchor = int(hit[1] or 1), hit[2], hit[3]
    unit = _OLD.get(unit, unit)
    if not unit and not anchor:
        return Step("integer", many)
    if unit in _UNITS and not anchor:
        return Step("fixed", many * _UNITS[unit])
    if unit == "W" and anchor in (None, *_DAY_NAMES):
        return Step("fixed", many * 7 * DAY, _DAY_NAMES.index(anchor) if anchor and many == 1 else None)
    if unit == "B" and many == 1 and not anchor:
        return Step("business", 1)
    if unit[:1] in _MONTHS and unit[1:] in ("", "S", "E") and anchor in (None, *_MONTH_NAMES):
        size = many * _MONTHS[unit[0]]
        phase = _MONTH_NAMES.index(anchor) % size if anchor and unit[0] != "M" else None
        return Step("month start" if unit[1:] == "S" else "month end", size, phase, anywhere=not unit[1:])
    raise ValueError(_unknown(text, where))


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
    unit = (rest // DAY) % 7 if weeks else rest // _REST
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
    if usual == DAY and _skips_weekends(counted, gaps):
        return Step("business", 1)
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
