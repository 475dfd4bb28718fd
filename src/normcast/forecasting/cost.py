"""Cost: how long training will take, said before it starts."""

from __future__ import annotations

import os

from normcast.data import Panel
from normcast.forecasting.fold import build
from normcast.forecasting.settings import Settings
from normcast.forecasting.splits import Sizes
from normcast.models.size import multiplications
from normcast.windows.arrays import Arrays

FLOPS_PER_SECOND = 8e9  # of one core on small recurrent networks; measured, a few gigaflops either way
SECONDS_PER_FIT = 8  # compilation, the ridge, calibration
USUAL_SHARE = 0.5  # of the epochs, before early stopping


def estimate(panel: Panel, settings: Settings, fits: int) -> str:
    """Return a sentence on how long so many fits take on this machine, within a factor of about three."""
    sizes = Sizes.plan(panel.lengths, panel.season, settings)
    held_out = sizes.held_out(settings.h)
    windows = int((panel.lengths - held_out - sizes.input_size - settings.h + 1).clip(0).sum())
    model = build(settings, sizes.input_size, Arrays.of(panel.head(2), 1, calendar=settings.calendar))
    work = 6.0 * multiplications(model) * min(windows, settings.epoch_windows or windows)
    seconds = work * settings.epochs * USUAL_SHARE * settings.seeds / FLOPS_PER_SECOND + SECONDS_PER_FIT
    seconds *= fits
    how_long = f"{seconds / 60:.0f} minutes" if seconds > 90 else f"{max(10, round(seconds, -1)):.0f} seconds"
    return (
        f"{fits} x {settings.seeds} networks of {model.count_params():,} weights on {windows:,} windows of "
        f"{sizes.input_size} rows; about {how_long} on {os.cpu_count()} cores."
    )
