"""Settled: the levels and the series that the rows of a panel can support, before anything is learned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from normcast.data import Panel
from normcast.data.counts import note
from normcast.data.faults import Lack, SeriesFault, refusal
from normcast.errors import listed
from normcast.forecasting.settings import DefaultLevel, Settings
from normcast.scoring import reachable_level, supported, windows_needed
from normcast.tasks import Sizes
from normcast.tasks.forecast_fold import still
from normcast.tasks.sizes import calibration_room
from normcast.windows.split import refuse_short


@dataclass(frozen=True)
class Beyond:
    """What the first cutoff of a back-test cannot support, and a fit could.

    ids: series; notes: on all of it.
    """

    ids: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @classmethod
    def between(cls, panel: Panel, fewer: Panel) -> Beyond:
        """Return what the second panel lacks of the first."""
        notes = tuple(note for note in fewer.notes if note not in panel.notes)
        return cls(frozenset(panel.ids) - frozenset(fewer.ids), notes)

    def taken_off(self, panel: Panel) -> Panel:
        """Return the panel without these series, noting it; as it is where it has no other."""
        keep = np.array([name not in self.ids for name in panel.ids])
        return panel.only(keep).noting(*self.notes) if keep.any() else panel


def read_settled(settings: Settings, df: Any, **how: Any) -> Panel:
    """Return the panel of a table, as `Panel.from_frame` reads it, without series that are too short.

    Raises SeriesFault that names both those that are broken and those that are short, unless short="skip".
    """
    try:
        panel = Panel.from_frame(df, **how)
    except SeriesFault as fault:
        if fault.rest is not None:
            raise together(settings, fault) from None
        raise
    return settle(settings, panel)[1]


def together(settings: Settings, fault: SeriesFault) -> SeriesFault:
    """Return a refusal of broken series that names those too that are too short."""
    rest = fault.rest
    try:
        settle(settings, rest)
    except SeriesFault as short:
        lacks = (*fault.lacks, *short.lacks)
        return SeriesFault(refusal(fault.first, lacks, rest.n_series + len(fault.lacks)), lacks)
    except ValueError:  # whatever else there is, is told when these are mended
        pass
    return fault


def long_enough(panel: Panel, input_size: int) -> Panel:
    """Return new rows without series that are shorter than one window, unless all of them are."""
    short = panel.lengths < input_size
    if not short.any() or short.all():
        return panel
    lacks = [
        Lack(panel.ids[s], f"has {panel.lengths[s]} rows, and the network reads {input_size}")
        for s in np.flatnonzero(short)
    ]
    return panel.only(~short).without(SeriesFault("", lacks), panel.n_series, "skip")


def settle(settings: Settings, panel: Panel, behind: int = 0) -> tuple[Settings, Panel]:
    """Return settings and panel without the default levels and the short series that cannot be had.

    behind: rows of each series that lie behind the first cutoff. Levels that were asked for stay. What was
    left out is in the panel's notes. Raises SeriesFault for short series, unless short="skip".
    """
    rows = panel.lengths - behind
    settled, keep = kept(settings, panel, rows)
    lacks = lacking(settled, panel, rows, keep)
    if lacks:
        message = refused(settled, panel, rows, keep)
        panel = panel.only(keep).without(SeriesFault(message, lacks), panel.n_series, settings.short)
    return settled, panel.noting(*told(settings, settled, panel, behind))


def kept(settings: Settings, panel: Panel, rows: np.ndarray) -> tuple[Settings, np.ndarray]:
    """Return the settings with the levels that can be had, and which series are long enough for them, (S,).

    All series are kept where none is long enough: then the one that is too short is refused by name.
    """
    moving = ~still(panel, np.maximum(rows, 1))
    keep = np.ones(len(rows), dtype=bool)
    while True:
        now = with_levels(settings, rows[keep], int(moving[keep].sum()))
        short = keep & (rows < sizes_of(now, panel, rows[keep], int(moving[keep].sum())).rows_needed(now.h))
        if not short.any():
            return now, keep
        if (short == keep).all():
            return now, np.ones(len(rows), dtype=bool)
        keep = keep & ~short


def sizes_of(settings: Settings, panel: Panel, rows: np.ndarray, moving: int) -> Sizes:
    """Return the sizes that series of so many rows are given."""
    return Sizes.plan(rows, panel.season, settings.h, settings.level, settings.input_size, moving)


def with_levels(settings: Settings, rows: np.ndarray, moving: int) -> Settings:
    """Return the settings without the default levels that so many rows cannot support."""
    if not isinstance(settings.level, DefaultLevel):
        return settings
    if settings.foreign is not None and settings.has_quantile_heads:
        return settings  # its heads are of these levels
    most = calibration_room(rows, settings.h, max(1, moving), settings.input_size or 1)
    level = supported(settings.level, most)
    return settings if level == settings.level else replace(settings, level=level)


def lacking(settings: Settings, panel: Panel, rows: np.ndarray, keep: np.ndarray) -> list[Lack]:
    """Return what the series that are not kept lack."""
    need = sizes_of(settings, panel, rows[keep], moving_of(panel, rows, keep)).rows_needed(settings.h)
    return [
        Lack(panel.ids[s], f"has {panel.lengths[s]} rows{before(panel, rows, int(s))} and needs {need}")
        for s in np.flatnonzero(~keep)
    ]


def before(panel: Panel, rows: np.ndarray, s: int) -> str:
    """Return the words for the rows of a series that lie before the first cutoff."""
    return "" if rows[s] == panel.lengths[s] else f" ({max(int(rows[s]), 0)} before the first cutoff)"


def moving_of(panel: Panel, rows: np.ndarray, keep: np.ndarray) -> int:
    """Return how many of the series that are kept ever changed."""
    return int((~still(panel, np.maximum(rows, 1)))[keep].sum())


def refused(settings: Settings, panel: Panel, rows: np.ndarray, keep: np.ndarray) -> str:
    """Return the refusal of the shortest series, with what would fit."""
    sizes = sizes_of(settings, panel, rows[keep], moving_of(panel, rows, keep))
    try:
        refuse_short(
            np.maximum(rows, 0),
            panel.lengths,
            sizes.input_size,
            settings.h,
            sizes.n_valid,
            sizes.n_calib,
            panel.ids,
        )
    except ValueError as error:
        return str(error)
    return ""


def told(asked: Settings, settled: Settings, panel: Panel, behind: int) -> tuple[str, ...]:
    """Return what a reader must know of levels and of the lowest value."""
    values = panel.y[panel.observed]
    notes = note(values) if asked.minimum == "auto" else ()
    dropped = [each for each in asked.level if each not in settled.level]
    if not dropped:
        return notes
    rows = panel.lengths - behind
    moving = moving_of(panel, rows, np.ones(len(rows), dtype=bool))
    most = max(calibration_room(rows, asked.h, max(1, moving), asked.input_size or 1), 0)
    need = " and ".join(str(windows_needed(each)) for each in dropped)
    what = f"no interval of {listed([f'{each:g}' for each in dropped])} %"
    largest = f"; the largest level is {reachable_level(most):g} (--level)" if most else ""
    why = f"calibration needs {need} windows, and these rows give at most {most}"
    return (*notes, f"{what}, which is a default: {why}{largest}")
