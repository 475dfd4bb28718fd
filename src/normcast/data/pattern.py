"""Pattern: gaps that repeat every week are a calendar, and days that lack altogether are its holidays."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from normcast.data.rows import Rows
from normcast.data.stamps import DAY, Stamps
from normcast.data.step import Step
from normcast.data.week import MONDAY, WEEK, Week, is_slot
from normcast.errors import counted

LEAST_SHUT = 0.04  # of a week: an hour of each day
LEAST_FILLED, LEAST_OF_SLOT = 0.9, 0.5
MOST_CHANCE = 0.01  # slots that chance alone would leave empty
LEAST_EARLY = 2  # slots: one may be lost by chance
MOST_HOLIDAYS, LONGEST_HOLIDAY = 0.08, 7  # of the days that rows stand on; such days in a row


def found(stamps: np.ndarray, size: int) -> Week | None:
    """Return the slots of the week that rows stand on, where the others are always empty; else None.

    stamps: (N,) of all series, nanoseconds; size: of a slot. Of the slots of the week
    4 % or more have no row, though each came by twice; the others have one in nine of ten weeks over all, and
    in every second each, holidays aside. So few absent rows must be unlikely to leave a slot empty by chance:
    less than one slot in a hundred such tables.

    >>> days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-02-01")).astype("M8[ns]").view("i8")
    >>> found(days[np.is_busday(days.view("M8[ns]").astype("M8[D]"))], DAY).text
    'Mon-Fri'
    """
    if not is_slot(size):
        return None
    phase = 0 if size == DAY else int(stamps[0] % size)
    if size < DAY and np.any(stamps % size != phase):
        return None
    slot = np.unique(np.floor_divide(stamps - MONDAY, size))
    many = WEEK // size
    seen = np.bincount(slot % many, minlength=many)
    week = Week(size, (seen > 0).tobytes(), phase)
    passed = _passed(slot[0], slot[-1] + 1, many)
    is_shut = seen == 0
    if is_shut.mean() < LEAST_SHUT or passed[is_shut].min() < 2:
        return None
    for day in holidays_of(week, stamps, int(stamps.max())):
        first = (day * DAY - MONDAY) // size
        passed -= _passed(first, first + DAY // size, many)
    filled = seen[~is_shut] / passed[~is_shut]
    absent = 1 - seen.sum() / passed[~is_shut].sum()
    by_chance = many * absent ** passed[is_shut].min()
    regular = absent <= 1 - LEAST_FILLED and filled.min() >= LEAST_OF_SLOT and by_chance <= MOST_CHANCE
    return week if regular else None


def _passed(first: int, end: int, many: int) -> np.ndarray:
    """Return how often each of `many` slots of a week comes by from slot `first` to before `end`."""
    whole, rest = divmod(int(end - first), many)
    passed = np.full(many, whole)
    passed[(first + np.arange(rest)) % many] += 1
    return passed


def holidays_of(week: Week, stamps: np.ndarray, until: int, most: float = MOST_HOLIDAYS) -> tuple[int, ...]:
    """Return the days, since 1970, with open slots of which none has a row, if they are few; none if not.

    stamps: (N,) of all series; until: the last stamp to look before; most: share of the days that is few.
    More than seven such days in a row are a gap.
    """
    there = np.unique(np.floor_divide(stamps, DAY))
    days = np.arange(there[0], there[-1] + 1)
    days = days[np.any(week.by_day, axis=1)[(days - MONDAY // DAY) % 7]]
    absent = np.flatnonzero(~np.isin(days, there) & (days < until // DAY))
    runs = np.split(absent, np.flatnonzero(np.diff(absent) > 1) + 1)
    short = [int(days[at]) for run in runs if len(run) <= LONGEST_HOLIDAY for at in run]
    return tuple(short) if len(short) <= np.ceil(most * len(days)) else ()


def early_ends_of(week: Week, stamps: np.ndarray, until: int, most: float = MOST_HOLIDAYS) -> np.ndarray:
    """Return the steps without a row at the end of days that have rows before them, if such days are few.

    stamps: (N,) of all series; until: the last stamp to look before; most: share of the days that is few.
    A day that ends early lacks its last two slots at least, and nothing before them: else it has a gap.
    Days that are open all round the clock have no end.

    >>> week = Week.read("Mon-Fri/09:00-12:00", 3600 * 10**9)
    >>> every = week.stamp(np.arange(40), np.zeros(40, np.int64))
    >>> early_ends_of(week, np.delete(every, [18, 19]), int(every[-1]))
    array([18, 19])
    """
    if week.size == DAY or week.by_day.all(axis=1).any():
        return np.zeros(0, dtype=np.int64)
    there = np.unique(week.count(stamps)[0])
    steps = np.arange(there[0], week.count(np.array([until // DAY * DAY]))[0][0])
    is_there = np.isin(steps, there)
    days = np.floor_divide(week.stamp(steps, np.zeros_like(steps)), DAY)
    starts = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    many, lacking = np.diff(np.append(starts, len(days))), np.add.reduceat(~is_there, starts)
    last = np.maximum.reduceat(np.where(is_there, np.arange(len(steps)), -1), starts)
    behind = starts + many - 1 - last  # slots behind the last row
    is_early = (behind == lacking) & (lacking >= LEAST_EARLY) & (lacking < many)
    if not 0 < is_early.sum() <= np.ceil(most * len(starts)):
        return np.zeros(0, dtype=np.int64)
    return np.concatenate(
        [steps[at + 1 : at + 1 + n] for at, n in zip(last[is_early], behind[is_early], strict=True)]
    )


def standing_still(counts: np.ndarray, stamps: Stamps) -> np.ndarray:
    """Return counts in wall time, where the slots of a week stand still over a clock change, if it can be.

    They stay in UTC where the clock gives them back otherwise: in the hour that comes twice.
    """
    if stamps.zone is None or stamps.on_wall:
        return counts
    wall = stamps.to_wall(counts)
    return wall if np.array_equal(replace(stamps, on_wall=True).to_utc(wall), counts) else counts


def on_calendar(rows: Rows, week: Week, *, fitted: bool = False) -> tuple[Rows, np.ndarray, tuple[str, ...]]:
    """Return the rows counted as the slots of a week are, the steps that the table was shut on, and notes.

    Those are the steps of its holidays, and those behind the last row of a day that ended early. Days behind
    the last row that has a target are neither: what lies ahead must be as the week says.
    fitted: whether the calendar is that of a fitted table; then a few rows may hold any share of holidays.
    """
    wall = standing_still(rows.counted, rows.stamps)
    if wall is not rows.counted:
        rows = replace(rows, counted=wall, stamps=replace(rows.stamps, on_wall=True))
    has_target = np.isfinite(rows.values[:, 0])
    until = int(rows.counted[has_target].max()) if has_target.any() else int(rows.counted.min())
    most = 1.0 if fitted else MOST_HOLIDAYS
    days = holidays_of(week, rows.counted, until, most)
    early = early_ends_of(week, rows.counted, until, most)
    short = np.unique(np.floor_divide(week.stamp(early, np.zeros_like(early)), DAY)).tolist()
    shut = np.union1d(week.steps_of(days), early)
    whole = f"{counted(len(days), 'day')} of the calendar without a row, taken for holidays"
    part = (
        f"{counted(len(short), 'day')} of the calendar that ended early, {counted(len(early), 'step')} behind"
    )
    notes = [_left_out(what, days) for what, days in ((whole, days), (part, short)) if days]
    return rows, shut, tuple(notes)


def _left_out(what: str, days: Sequence[int]) -> str:
    which = ", ".join(str(np.datetime64(day, "D")) for day in days[:3]) + (", ..." if len(days) > 3 else "")
    return f"{what}: filled from one season before, left out of scores and training: {which}"


def told(step: Step, seasons: tuple[int, ...]) -> str:
    """Return what a step from slot to slot of a week means, for people.

    >>> told(Step.of(Week.read("Mon-Fri", DAY)), (5,))
    'rows stand on Monday to Friday: steps are business days, season 5'
    """
    if step.week is None:
        return ""
    name = str(step.name)
    what = "business days" if name == "B" else "these days" if step.size == DAY else "these times"
    words = f"rows stand on {step.week.words}: steps are {what}, season {' and '.join(map(str, seasons))}"
    return words if name == "B" else f"{words} ({name})"
