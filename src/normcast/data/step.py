"""Step: from one stamp to the next, as numbers to count with."""

from dataclasses import dataclass

import numpy as np

from normcast.data.stamps import DAY
from normcast.data.week import Week

UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "D": DAY}
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAY_NAMES = ("THU", "FRI", "SAT", "SUN", "MON", "TUE", "WED")  # 1970-01-01 was a Thursday
BUSINESS = Week.read("Mon-Fri", DAY)
_MEAN_MONTH = 365.2425 / 12 * DAY
REST = 32 * DAY  # more than any time within a month


@dataclass(frozen=True)
class Step:
    """One step of time.

    kind: "integer", "fixed", "month start", "month end" or "week"; size: steps, nanoseconds or months.
    phase: weekday (of "fixed", days since Thursday) or month within the step that stamps stand at, or None.
    anywhere: a name such as "M" that leaves open whether stamps stand at the start or the end.
    week: the slots that are steps, of kind "week".

    >>> step = Step("month start", 3)
    >>> count, rest = step.count(np.array(["2020-01-01", "2020-04-01"], "M8[ns]").view("i8"))
    >>> np.diff(count), rest[0] == rest[1]
    (array([1]), np.True_)
    """

    kind: str
    size: int
    phase: int | None = None
    anywhere: bool = False
    week: Week | None = None

    @classmethod
    def of(cls, week: Week) -> "Step":
        """Return the step from one open slot of a week to the next."""
        return cls("week", week.size, week=week)

    def count(self, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which step each stamp is in, and what is left; stamps of one series share what is left."""
        if self.week:
            return self.week.count(counted)
        if self.kind in ("integer", "fixed"):
            step = np.floor_divide(counted, self.size)
            return step, counted - step * self.size
        days = np.floor_divide(counted, DAY)
        months = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
        step = np.floor_divide(months, self.size)
        return step, (months - step * self.size) * REST + counted - self._base(months)

    def stamp(self, step: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """Return the stamps of steps: what `count` took apart."""
        if self.week:
            return self.week.stamp(step, rest)
        if self.kind in ("integer", "fixed"):
            return step * self.size + rest
        month = np.floor_divide(rest, REST)
        return self._base(step * self.size + month) + rest - month * REST

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
        """Return where what is left fits no series: a slot that is not open, or not the end of its month."""
        if self.kind == "week":
            return rest >= self.size
        if self.kind in ("integer", "fixed"):
            return np.zeros(rest.shape, dtype=bool) if self.phase is None else rest // DAY != self.phase
        off = (rest % REST < 31 * DAY) if self.kind == "month end" else np.zeros(rest.shape, dtype=bool)
        return off if self.phase is None else off | (rest // REST != self.phase)

    @property
    def length(self) -> float:
        """The usual time from one stamp to the next: nanoseconds, or integer steps."""
        return float(self.size) if self.kind in ("integer", "fixed", "week") else self.size * _MEAN_MONTH

    @property
    def name(self) -> str | int:
        """The pandas name of the step, with the week behind an @ where it has one, or the integer."""
        if self.kind == "integer":
            return self.size
        if self.week:
            return "B" if self.week.open == BUSINESS.open else f"{self._fixed_name()}@{self.week.text}"
        if self.kind == "fixed":
            return self._fixed_name()
        end = "E" if self.kind == "month end" else "S"
        letter = {1: "M", 3: "Q", 12: "Y"}.get(self.size)
        if letter is None or (self.size > 1 and self.phase is None):
            return f"{self.size if self.size > 1 else ''}M{end}"
        usual = self.size - 1 if end == "E" else 0
        phase = self.phase if self.phase is not None else usual
        return f"{letter}{end}" + ("" if phase == usual else f"-{MONTH_NAMES[phase]}")

    def _fixed_name(self) -> str:
        if self.size % (7 * DAY) == 0 and self.phase is not None:
            weeks = self.size // (7 * DAY)
            return f"{weeks if weeks > 1 else ''}W-{DAY_NAMES[self.phase % 7]}"
        unit = next(unit for unit in reversed(UNITS) if self.size % UNITS[unit] == 0)
        many = self.size // UNITS[unit]
        return f"{many if many > 1 else ''}{unit}"
