"""Cost: how long the fits of a forecaster will take, said before they start."""

from __future__ import annotations

from normcast.data import Panel
from normcast.forecasting.learned import build
from normcast.forecasting.settings import Settings
from normcast.machine import cores
from normcast.models.size import multiplications
from normcast.tasks import Sizes
from normcast.tasks.cost import COMPILING, SECONDS_PER_FIT, roughly, training_seconds
from normcast.windows.arrays import Arrays
from normcast.windows.windows import count_windows

USUAL_SHARE = 0.5  # of the epochs, before early stopping


def estimate(panel: Panel, settings: Settings, fits: int) -> str:
    """Return a sentence on how long so many fits take on this machine, within a factor of about three.

    Parameters
    ----------
    panel : Panel
        The series.
    settings : Settings
        What is trained.
    fits : int
        How often it is: 1 for `fit`, the number of cutoffs for a back-test that learns at each.

    Returns
    -------
    str
        What is trained, on how many windows, and about how long that takes.

    Examples
    --------
    >>> import pandas as pd
    >>> panel = Panel.from_frame(pd.DataFrame({"ds": range(60), "y": range(60)}))
    >>> estimate(panel, Settings(h=2, model="seasonal_naive"), fits=3)
    '3 x seasonal_naive, without a network; about ...'
    """
    h = settings.h
    if settings.candidate is not None:
        return (
            f"{fits} x {settings.candidate}, without a network; {roughly(fits * SECONDS_PER_FIT, cores())}."
        )
    asked = panel.season, h, settings.level, settings.input_size
    sizes = Sizes.plan(panel.lengths, *asked, pads=settings.pads, judge=settings.judge)
    train = panel.lengths - sizes.held_out(h) * sizes.holds_out(panel.lengths, h)
    windows = int(count_windows(train - (sizes.least or sizes.input_size), h).sum())
    arrays = Arrays.of(panel.head(2), 1, calendar=settings.calendar)
    model = build(settings, sizes.input_size, arrays, sizes.padded)
    visited = min(windows, settings.epoch_windows or windows) * settings.epochs * USUAL_SHARE
    seconds = training_seconds(multiplications(model), visited) * settings.seeds + SECONDS_PER_FIT
    whole = fits * seconds + COMPILING
    return (
        f"{fits} x {settings.seeds} networks of {model.count_params():,} weights on {windows:,} windows of "
        f"{sizes.input_size} rows; {roughly(whole, cores())}."
    )
