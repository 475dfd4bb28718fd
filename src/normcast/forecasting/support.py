"""Support: sizes with as many calibration windows, of those that were observed, as the levels need."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from normcast.data import Panel
from normcast.forecasting.settings import Settings
from normcast.tasks import Sizes
from normcast.tasks.forecast_fold import still
from normcast.tasks.sizes import needed
from normcast.windows import Cuts, sliding
from normcast.windows.arrays import Arrays


def sizes_of(settings: Settings, data: Panel | Arrays, rows: np.ndarray, held: int | None) -> Sizes:
    """Return the sizes for series of so many rows, (S,).

    Where targets were not observed, more windows calibrate until the levels have those they need, as far as
    no series becomes too short by that. held: as `Sizes.plan` takes it.
    """
    h, moving = settings.h, moving_in(data, rows)
    asked = data.season, h, settings.level, settings.input_size
    plan = partial(Sizes.plan, rows, *asked, moving, settings.pads, held, judge=settings.judge)
    sizes = plan()
    if held is not None or is_whole(data, rows):
        return sizes
    need, short = needed(settings.level), rows < sizes.rows_needed(h)

    def fits(some: Sizes) -> bool:
        return some.n_calib <= rows.max() and np.array_equal(rows < some.rows_needed(h), short)

    def stops(n_calib: int) -> bool:
        more = plan(n_calib=n_calib)
        return not fits(more) or calibration_windows(more, data, rows, h) >= need

    lack = need - calibration_windows(sizes, data, rows, h)
    if lack <= 0:
        return sizes
    end = first_where(stops, sizes.n_calib, -(-lack // max(1, int(moving.sum()))))
    return more if fits(more := plan(n_calib=end)) else plan(n_calib=end - 1)


def first_where(holds: Callable[[int], bool], low: int, step: int) -> int:
    """Return the first number above `low` from which a claim holds, searched in steps that double.

    >>> first_where(lambda number: number >= 41, low=3, step=2)
    41
    """
    while not holds(low + step):
        low, step = low + step, 2 * step
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def moving_in(data: Panel | Arrays, rows: np.ndarray) -> np.ndarray:
    """Return which series ever changed in their first rows, (S,)."""
    return ~still(data, np.maximum(rows, 1))


def is_whole(data: Panel | Arrays, rows: np.ndarray) -> bool:
    """Whether all was observed in the first rows of each series."""
    begin = data.offsets[:-1]
    return all(
        data.observed[first : first + n].all() for first, n in zip(begin, np.maximum(rows, 0), strict=True)
    )


def calibration_windows(sizes: Sizes, data: Panel | Arrays, rows: np.ndarray, h: int) -> int:
    """Return in how many calibration windows a step was observed, at the step at which it was least often.

    rows: before the cutoff; series that never changed before it take no part, as in `SeriesIntervals`.
    """
    out, moving = sizes.holds_out(rows, h), moving_in(data, rows)
    cuts = Cuts.before(rows, np.diff(data.offsets), h, sizes.n_valid * out, sizes.n_calib * out)
    read, least = sizes.input_size, sizes.least
    windows = sliding(data.offsets, cuts.calib, cuts.test, read, h, observed=data.observed, least=least)
    if moving.any():
        windows = windows[moving[windows.series]]
    return int(windows.targets(data.observed).sum(axis=0).min())
