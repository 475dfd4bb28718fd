"""Support: sizes with as many calibration windows, of those that were observed, as the levels need."""

from __future__ import annotations

from functools import partial

import numpy as np

from normcast.data import Panel
from normcast.forecasting.settings import Settings
from normcast.tasks import Sizes
from normcast.tasks.forecast_fold import still
from normcast.tasks.sizes import needed
from normcast.windows import Cuts, parted
from normcast.windows.arrays import Arrays


def sizes_of(settings: Settings, data: Panel | Arrays, rows: np.ndarray, held: int | None) -> Sizes:
    """Return the sizes for series of so many rows, (S,).

    Where targets were not observed, more windows calibrate until the levels have those they need, as far as
    no series becomes too short by that. held: as `Sizes.plan` takes it.
    """
    h, moving = settings.h, moving_in(data, rows)
    asked = data.season, h, settings.level, settings.input_size
    plan = partial(Sizes.plan, rows, *asked, moving, settings.pads, held)
    sizes = plan()
    if held is not None or is_whole(data, rows):
        return sizes
    while (lack := needed(settings.level) - calibration_windows(sizes, data, rows, h)) > 0:
        more = plan(n_calib=sizes.n_calib + -(-lack // max(1, int(moving.sum()))))
        if ((rows < more.rows_needed(h)) != (rows < sizes.rows_needed(h))).any():
            break
        sizes = more
    return sizes


def moving_in(data: Panel | Arrays, rows: np.ndarray) -> np.ndarray:
    """Return which series ever changed in their first rows, (S,)."""
    return ~still(data, np.maximum(rows, 1))


def is_whole(data: Panel | Arrays, rows: np.ndarray) -> bool:
    """Whether all was observed in the first rows of each series."""
    begin = data.offsets[:-1]
    return all(data.observed[first : first + n].all() for first, n in zip(begin, rows, strict=True))


def calibration_windows(sizes: Sizes, data: Panel | Arrays, rows: np.ndarray, h: int) -> int:
    """Return in how many calibration windows a step was observed, at the step at which it was least often.

    rows: before the cutoff; series that never changed before it take no part, as in `SeriesIntervals`.
    """
    out, moving = sizes.holds_out(rows, h), moving_in(data, rows)
    cuts = Cuts.before(rows, np.diff(data.offsets), h, sizes.n_valid * out, sizes.n_calib * out)
    windows = parted(data.offsets, cuts, sizes.input_size, h, data.observed, sizes.least).calib
    if moving.any():
        windows = windows[moving[windows.series]]
    return int(windows.targets(data.observed).sum(axis=0).min())
