"""Week: the slots of a week that rows stand on, such as business days or trading hours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from normcast.data.stamps import DAY

SECOND, WEEK = 10**9, 7 * DAY
MONDAY = 4 * DAY  # 1970-01-05, where weeks are counted from
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SHORT = tuple(day[:3] for day in _DAYS)
_MOST = 168  # rows: a longer week is no main season, since a network reads several of them


def is_slot(size: int) -> bool:
    """Whether a step of so many nanoseconds divides days into slots."""
    return SECOND <= size <= DAY and DAY % size == 0


@dataclass(frozen=True)
class Week:
    """A week in slots, some of which rows stand on; those are the steps, one after another.

    size: nanoseconds of a slot, a whole part of a day; open: a byte for each slot from Monday 00:00 on, 1
    where rows stand; phase: nanoseconds from the start of a slot to its stamp, 0 for slots of a day.

    >>> week = Week.read("Mon-Fri/09:00-10:00,12:00", 3600 * 10**9)
    >>> week.text, week.seasons
    ('Mon-Fri/09:00-10:00,12:00', (3, 15))
    >>> week.count(np.array(["2024-01-05T12:00", "2024-01-08T09:00"], "M8[ns]").view("i8"))[0]
    array([42269, 42270])
    """

    size: int
    open: bytes
    phase: int = 0

    @classmethod
    def read(cls, text: str, size: int) -> Week:
        """Return the week that `text` writes; raise ValueError for what is none."""
        if not is_slot(size):
            raise ValueError(text)
        mask, phases = np.zeros((7, DAY // size), dtype=bool), set()
        for group in text.split("+"):
            days, slash, times = group.partition("/")
            if bool(slash) == (size == DAY):
                raise ValueError(text)
            for first, last in _times(times) if slash else [(0, 0)]:
                phases |= {first % size, last % size}
                mask[_days(days), first // size : last // size + 1] = True
        if len(phases) > 1 or not mask.any():
            raise ValueError(text)
        return cls(size, mask.tobytes(), phases.pop())

    @cached_property
    def slots(self) -> np.ndarray:
        """The open slots of a week, counted from Monday 00:00."""
        return np.flatnonzero(np.frombuffer(self.open, dtype=bool))

    @property
    def by_day(self) -> np.ndarray:
        """Which slots are open, (7, slots of a day)."""
        return np.frombuffer(self.open, dtype=bool).reshape(7, -1)

    @cached_property
    def _before(self) -> np.ndarray:
        """Open slots before each slot of the week."""
        mask = np.frombuffer(self.open, dtype=bool)
        return np.cumsum(mask) - mask

    def steps_of(self, days: Sequence[int]) -> np.ndarray:
        """Return the steps on these days since 1970, ascending as they are."""
        ends = [self.count(np.array([day, day + 1]) * DAY)[0] for day in days]
        return np.concatenate([np.zeros(0, np.int64), *(np.arange(*each) for each in ends)])

    def count(self, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which step each stamp is, and what is left: at least `size` where the slot is not open."""
        slot = np.floor_divide(counted - MONDAY, self.size)
        week = np.floor_divide(slot, len(self.open))
        at = slot - week * len(self.open)
        rest = counted - MONDAY - slot * self.size
        is_shut = ~np.frombuffer(self.open, dtype=bool)[at]
        return week * len(self.slots) + self._before[at], rest + is_shut * self.size

    def stamp(self, step: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """Return the stamps of steps: what `count` took apart."""
        week = np.floor_divide(step, len(self.slots))
        slot = week * len(self.open) + self.slots[step - week * len(self.slots)]
        return slot * self.size + MONDAY + rest

    @property
    def seasons(self) -> tuple[int, ...]:
        """Steps of a day and of a week, behind 1 where steps are below a minute.

        The week stands alone where days differ or have one step.
        """
        daily = self.by_day.sum(axis=1)
        daily, week = daily[daily > 0], int(daily.sum())
        day = int(np.bincount(daily).argmax())
        if day == 1 or len(daily) == 1 or (np.ptp(daily) > 0 and week <= _MOST):
            return (week,)
        return (day, week) if self.size >= 60 * SECOND else (1, day, week)

    def _groups(self) -> dict[tuple[tuple[int, int], ...], list[int]]:
        """Return the days that share their times, by these times: the first and last slot of each run."""
        groups: dict[tuple[tuple[int, int], ...], list[int]] = {}
        for day, mask in enumerate(self.by_day):
            if mask.any():
                edges = np.flatnonzero(np.diff(np.concatenate([[0], mask, [0]])))
                runs = zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)
                groups.setdefault(tuple(runs), []).append(day)
        return groups

    def _clock(self, slot: int) -> str:
        seconds = (slot * self.size + self.phase) // SECOND
        hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
        return f"{hours:02}:{minutes:02}" + (f":{rest:02}" if rest else "")

    def _written(self, names: Sequence[str], to: str, before: str) -> Iterable[str]:
        for runs, days in self._groups().items():
            text = ",".join(_span(names[a], names[b], to) for a, b in _runs(days))
            times = ",".join(_span(self._clock(a), self._clock(b), to) for a, b in runs)
            yield text if self.size == DAY else f"{text}{before}{times}"

    @property
    def text(self) -> str:
        """The week as a frequency writes it: days, and the first and last stamp of each of their runs."""
        return "+".join(self._written(_SHORT, "-", "/"))

    @property
    def words(self) -> str:
        """The week for people.

        >>> Week.read("Mon-Sat", DAY).words, Week.read("Sat-Sun/09:30-17:00", 1800 * 10**9).words
        ('Monday to Saturday', 'Saturday to Sunday from 09:30 to 17:00')
        """
        return " and ".join(self._written(_DAYS, " to ", " from ")).replace(",", ", ")


def _span(first: str, last: str, to: str) -> str:
    return first if first == last else f"{first}{to}{last}"


def _runs(days: list[int]) -> list[tuple[int, int]]:
    """Return the first and last of each run of days that follow one another."""
    breaks = [i for i, (a, b) in enumerate(pairwise(days), start=1) if b > a + 1]
    return [(part[0], part[-1]) for part in (days[a:b] for a, b in pairwise([0, *breaks, len(days)]))]


def _days(text: str) -> list[int]:
    spans = [[_SHORT.index(each) for each in span.split("-")] for span in text.split(",")]
    return [day for span in spans for day in range(span[0], span[-1] + 1)]


def _times(text: str) -> list[tuple[int, int]]:
    """Return the first and last stamp of each run, nanoseconds since midnight."""
    spans = [[_time(each) for each in span.split("-")] for span in text.split(",")]
    return [(span[0], span[-1]) for span in spans]


def _time(text: str) -> int:
    hit = re.fullmatch(r"(\d\d):([0-5]\d)(?::([0-5]\d))?", text)
    if not hit:
        raise ValueError(text)
    seconds = 3600 * int(hit[1]) + 60 * int(hit[2]) + int(hit[3] or 0)
    if seconds * SECOND >= DAY:
        raise ValueError(text)
    return seconds * SECOND
