"""Settled: the levels and the series that the rows of a panel can support, before anything is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from normcast.data import Panel
from normcast.data.counts import note
from normcast.data.faults import Lack, SeriesFault, refusal
from normcast.errors import counted, listed
from normcast.forecasting.settings import DefaultLevel, Settings
from normcast.forecasting.support import calibration_windows, moving_in, sizes_of
from normcast.scoring import reachable_level, supported, windows_needed
from normcast.tasks import Sizes
from normcast.tasks.forecast_fold import split_before
from normcast.tasks.sizes import calibration_room, of_full_length
from normcast.windows.split import refuse_short, refuse_windowless


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


def long_enough(panel: Panel, need: int) -> Panel:
    """Return new rows without series of fewer rows than are needed, unless all of them have fewer."""
    short = panel.lengths < need
    if not short.any() or short.all():
        return panel
    lacks = [
        Lack(panel.ids[s], f"has {panel.lengths[s]} rows, and the network reads {need}")
        for s in np.flatnonzero(short)
    ]
    return panel.only(~short).without(SeriesFault("", lacks), panel.n_series, "skip")


def settle(
    settings: Settings, panel: Panel, behind: int | np.ndarray = 0, held: int | None = None
) -> tuple[Settings, Panel]:
    """Return settings and panel without the default levels and the short series that cannot be had.

    behind: rows of each series that lie behind the first cutoff; held: as `Sizes.plan` takes it. Levels that
    were asked for stay. What was left out is in the panel's notes. Raises SeriesFault for short series,
    unless short="skip".
    """
    rows = panel.lengths - behind
    settled = with_full_levels(settings, panel, rows, held)
    sizes = sizes_of(settled, panel, rows, held)
    keep = rows >= sizes.rows_to_train(settled.h)
    if keep.any() and not keep.all():  # where none is long enough, the shortest is refused by name later
        fault = SeriesFault(refused(sizes, settled.h, panel, rows), lacking(sizes, settled.h, panel, rows))
        panel, rows = panel.only(keep).without(fault, panel.n_series, settings.short), rows[keep]
    panel = panel.noting(*told(settings, settled, panel, rows, held))
    return observed_levels(settled, panel, rows, held) if keep.any() else (settled, panel)


def full_length(settings: Settings, panel: Panel, rows: np.ndarray, held: int | None) -> np.ndarray:
    """Return which series are long enough for the levels and sizes that they alone are given, (S,)."""
    moving = moving_in(panel, rows)

    def planned(some: np.ndarray) -> Sizes:
        count = int(moving[some].sum())
        asked = settings.h, with_levels(settings, rows[some], count, held).level, settings.input_size
        return Sizes.of_typical(rows[some], panel.season, *asked, count, held, judge=settings.judge)

    return of_full_length(rows, settings.h, planned)


def with_full_levels(settings: Settings, panel: Panel, rows: np.ndarray, held: int | None) -> Settings:
    """Return the settings with the levels that the series of full length can support."""
    full = full_length(settings, panel, rows, held)
    return with_levels(settings, rows[full], int(moving_in(panel, rows)[full].sum()), held)


def with_levels(settings: Settings, rows: np.ndarray, moving: int, held: int | None) -> Settings:
    """Return the settings without the default levels that so many rows cannot support."""
    if not isinstance(settings.level, DefaultLevel) or has_own_heads(settings):
        return settings
    most = calibration_room(rows, settings.h, max(1, moving), settings.input_size or 1, held)
    level = supported(settings.level, most)
    return settings if level == settings.level else replace(settings, level=DefaultLevel(level))


def observed_levels(
    settings: Settings, panel: Panel, rows: np.ndarray, held: int | None
) -> tuple[Settings, Panel]:
    """Return settings and panel without the default levels for which too few targets were observed.

    rows: of each series before the first cutoff, (S,); held: as `Sizes.plan` takes it. Raises ValueError for
    a level that was asked for.
    """
    if panel.observed.all():
        return settings, panel
    is_default = isinstance(settings.level, DefaultLevel) and not has_own_heads(settings)
    while True:  # fewer levels may need fewer calibration windows, which are others
        most = calibration_windows(sizes_of(settings, panel, rows, held), panel, rows, settings.h)
        level = supported(settings.level, most)
        if level == settings.level:
            return settings, panel
        dropped = [each for each in settings.level if each not in level]
        if not is_default:
            lower = f"Lower the level to at most {reachable_level(most):g}, or choose" if most else "Choose"
            raise ValueError(
                f"level: {dropped[0]:g} needs {windows_needed(dropped[0])} calibration windows, and at the "
                f"step observed least there are {most}. {lower} another missing policy (--missing, missing=)."
            )
        panel = panel.noting(lost(dropped, most, "at the step observed least there are"))
        settings = replace(settings, level=DefaultLevel(level))


def refuse_unobserved(settings: Settings, panel: Panel, origins: np.ndarray, held: int | None) -> None:
    """Raise ValueError, naming the cutoff, where too little was observed for what is learned at a later one.

    origins: rows of each series before each cutoff at which something is learned, (fits, S). A later cutoff
    changes no level of an earlier one, whose forecasts would then depend on rows behind it.
    """
    if panel.observed.all():
        return
    fixed = replace(settings, level=tuple(settings.level))
    for rows in origins:
        try:
            observed_levels(fixed, panel, rows, held)
            split_before(panel, rows, sizes_of(settings, panel, rows, held), settings.h)
        except ValueError as error:
            last = int(panel.time[panel.offsets[0] + rows[0] - 1].astype(np.int64))
            raise ValueError(f"cutoff {panel.stamps.show(last)}: {error}") from None


def has_own_heads(settings: Settings) -> bool:
    """Whether a network was given whose heads are of the levels, all of which it needs."""
    return settings.foreign is not None and settings.has_quantile_heads


def lacking(sizes: Sizes, h: int, panel: Panel, rows: np.ndarray) -> list[Lack]:
    """Return what the series lack that are too short."""
    need = sizes.rows_to_train(h)
    return [
        Lack(panel.ids[s], f"has {panel.lengths[s]} rows{before(panel, rows, int(s))} and needs {need}")
        for s in np.flatnonzero(rows < need)
    ]


def before(panel: Panel, rows: np.ndarray, s: int) -> str:
    """Return the words for the rows of a series that lie before the first cutoff."""
    return "" if rows[s] == panel.lengths[s] else f" ({max(int(rows[s]), 0)} before the first cutoff)"


def refused(sizes: Sizes, h: int, panel: Panel, rows: np.ndarray) -> str:
    """Return the refusal of the shortest series, with what would fit."""
    rows = np.maximum(rows, 0)
    held = sizes.n_valid, sizes.n_calib
    try:
        if sizes.least is None:
            refuse_short(rows, panel.lengths, sizes.input_size, h, *held, panel.ids)
        else:
            refuse_windowless(rows, sizes.least, h, panel.ids)
    except ValueError as error:
        return str(error)
    return ""


def told(
    asked: Settings, settled: Settings, panel: Panel, rows: np.ndarray, held: int | None
) -> tuple[str, ...]:
    """Return what a reader must know of short series, of levels and of the lowest value.

    rows: before the first cutoff.
    """
    values = panel.y[panel.observed]
    notes = padded(settled, panel, rows, held) + (note(values) if asked.minimum == "auto" else ())
    dropped = [each for each in asked.level if each not in settled.level]
    if not dropped:
        return notes
    full = full_length(asked, panel, rows, held)
    count = max(1, int(moving_in(panel, rows)[full].sum()))
    most = max(calibration_room(rows[full], asked.h, count, asked.input_size or 1, held), 0)
    return (*notes, lost(dropped, most, "these rows give at most"))


def lost(dropped: Sequence[float], most: int, given: str) -> str:
    """Return the note on default levels that so many calibration windows cannot support."""
    need = " and ".join(str(windows_needed(each)) for each in dropped)
    what = f"no interval of {listed([f'{each:g}' for each in dropped])} %"
    largest = f"; the largest level is {reachable_level(most):g} (--level)" if most else ""
    return f"{what}, which is a default: calibration needs {need} windows, and {given} {most}{largest}"


def padded(settings: Settings, panel: Panel, rows: np.ndarray, held: int | None) -> tuple[str, ...]:
    """Return the note on series whose windows are padded, if there are any."""
    sizes = sizes_of(settings, panel, rows, held)
    if not sizes.padded:
        return ()
    need, many = sizes.rows_needed(settings.h), counted(panel.n_series, "series")
    when = "" if (rows == panel.lengths).all() else " before the first cutoff"
    alone = int((~sizes.holds_out(rows, settings.h)).sum())
    usual = ": their intervals are the usual ones" if settings.level else ""
    rest = f"; {alone} without room to hold out only train{usual}" if alone else ""
    return (
        f"{int((rows < need).sum())} of {many} have fewer than {need} rows{when}: their windows, of "
        f"{sizes.input_size} rows to read, are padded on the left under a mask{rest}",
    )
