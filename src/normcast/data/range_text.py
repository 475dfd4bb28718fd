"""Range text: cells of the start and the end of a step, as in "01.01.2020 00:00 - 01.01.2020 01:00"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

LONGEST = 200
"""Characters of a time or a range; what is longer is none, and is not searched."""

_BETWEEN = re.compile(r"\s+(?:-|–|—|to|until|bis|/)\s+|\s*(?:–|—|\.\.)\s*|/|-")
_CLOCK = re.compile(r"(\d\d?):(\d\d)(?::(\d\d))?")
_DAY = 86_400_000_000_000  # nanoseconds
_BEFORE = (0, 10**6, 10**9, 60 * 10**9, 3600 * 10**9, _DAY)  # the start of the next, that ends are written as
_LEAST_ALIKE = 0.9
_LOOK = 100


@dataclass(frozen=True)
class RangeForm:
    """How ranges are written: two forms, what stands between them, and how much later the end is.

    months and nanoseconds are added to a start, one after the other.

    >>> RangeForm.read(RangeForm("%Y-%m-%d", "/", "%Y-%m-%d", 1, -86_400_000_000_000).text).between
    '/'
    """

    start: str
    between: str
    end: str
    months: int
    nanoseconds: int

    @property
    def text(self) -> str:
        """The form as one text."""
        return f"{self.start}[{self.between}, {self.months} months, {self.nanoseconds} ns]{self.end}"

    @classmethod
    def read(cls, form: str) -> RangeForm | None:
        """Return the form that `text` is, None for a form of single times."""
        hit = re.fullmatch(r"(.*?)\[(.*), (\d+) months, (-?\d+) ns\](.*)", form)
        return hit and cls(hit[1], hit[2], hit[5], int(hit[3]), int(hit[4]))

    def ends(self, starts: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """Return the end of each range."""
        later = starts + pd.DateOffset(months=self.months) if self.months else starts
        return later + pd.Timedelta(self.nanoseconds, "ns")


@dataclass(frozen=True)
class Ranges:
    """Texts taken apart: where ranges start, the sign between, where they end."""

    starts: np.ndarray
    between: str
    ends: np.ndarray

    @property
    def are_clocks(self) -> bool:
        """Whether the ends are times of day alone."""
        return _CLOCK.fullmatch(str(self.ends[0])) is not None


def apart(texts: np.ndarray, is_time: Callable[[str], bool], is_known: bool = False) -> Ranges | None:
    """Return texts as starts and ends; None where the first is no range.

    is_known: whether the column is one of ranges, of which few could be times with an offset as well.
    A text that is not parted as the first is has an empty end.

    >>> apart(np.array(["2020-01-01/2020-01-07"]), lambda text: len(text) == 10).ends.tolist()
    ['2020-01-07']
    """
    first = str(texts[0])
    if len(first) > LONGEST:
        return None
    for count, hit in enumerate(_BETWEEN.finditer(first)):
        start, between, end = first[: hit.start()], hit[0], first[hit.end() :]
        if not is_time(start) or not (is_time(end) or _CLOCK.fullmatch(end)):
            continue
        many = sum(each[0] == between for each in list(_BETWEEN.finditer(first))[: count + 1])
        if between == "-" and not is_known and is_time(first) and not _ends_move(texts, many):
            return None  # the offset of a time zone
        pieces = [_parted(str(text), between, many) for text in texts]
        starts, ends = (np.array(column, dtype=object) for column in zip(*pieces, strict=True))
        return Ranges(starts, between, ends)
    return None


def _parted(text: str, between: str, many: int) -> tuple[str, str]:
    """Return what stands before and behind the sign that comes so many times."""
    parts = text.split(between)
    return between.join(parts[:many]), between.join(parts[many:])


def _ends_move(texts: np.ndarray, many: int) -> bool:
    return len({_parted(str(text), "-", many)[1] for text in texts[:_LOOK]}) > 2


def clock_ends(starts: pd.DatetimeIndex, ends: np.ndarray) -> pd.DatetimeIndex:
    """Return the first moment behind each start at which a clock shows the end; NaT for no time of day.

    >>> clock_ends(pd.DatetimeIndex(["2020-01-01 23:00"]), np.array(["24:00"]))[0]
    Timestamp('2020-01-02 00:00:00')
    """
    hits = [_CLOCK.fullmatch(str(end)) for end in ends]
    seconds = np.array([3600 * int(h[1]) + 60 * int(h[2]) + int(h[3] or 0) if h else -1 for h in hits])
    seconds = np.where(seconds > 86_400, -1, seconds)
    later = starts.normalize() + pd.to_timedelta(seconds, unit="s")
    later = later.where(later > starts, later + pd.Timedelta(1, "D"))
    return pd.DatetimeIndex(later.where(seconds >= 0))


def clock_form(ends: np.ndarray) -> str:
    """Return the form of ends that are times of day.

    >>> clock_form(np.array(["9:00", "10:00"])), clock_form(np.array(["09:00:00"]))
    ('%-H:%M', '%H:%M:%S')
    """
    short = any(str(end).index(":") == 1 for end in ends[:1000])
    return f"%{'-' * short}H:%M" + ":%S" * (str(ends[0]).count(":") == 2)


def length_of(starts: pd.DatetimeIndex, ends: pd.DatetimeIndex) -> tuple[int, int, np.ndarray] | None:
    """Return how much later ends are, in months and nanoseconds, and which are otherwise.

    None where no nine of ten are of one length.

    >>> days = pd.DatetimeIndex(["2020-01-01", "2020-02-01"])
    >>> length_of(days, pd.DatetimeIndex(["2020-01-31", "2020-02-29"]))[:2]
    (1, -86400000000000)
    """
    first, last = (index.as_unit("ns").asi8 for index in (starts, ends))
    apart = last - first
    lengths, many = np.unique(apart, return_counts=True)
    usual = int(lengths[np.argmax(many)])
    if many.max() < len(apart):
        for before in _BEFORE:
            months = _months_between(first, last + before)
            if months is not None:
                return months, -before, np.zeros(len(apart), dtype=bool)
    otherwise = apart != usual
    return (0, usual, otherwise) if usual >= 0 and otherwise.mean() <= 1 - _LEAST_ALIKE else None


def _months_between(first: np.ndarray, last: np.ndarray) -> int | None:
    """Return how many months all are apart, None where they are not."""
    from_, to = first.view("M8[ns]"), last.view("M8[ns]")
    months = to.astype("M8[M]") - from_.astype("M8[M]")
    rest = (to - to.astype("M8[M]")) - (from_ - from_.astype("M8[M]"))
    is_one = not rest.astype(np.int64).any() and np.all(months == months[0])
    return int(months[0].astype(int)) if is_one and months[0].astype(int) > 0 else None
