"""Forecast subject: the network and the table of a study, made to fit each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from normcast.data import Panel, read_table
from normcast.engine import ObservedLoss
from normcast.engine.compiled import compiled_training
from normcast.engine.losses import is_of_steps
from normcast.engine.losses import name_of as name_of_loss
from normcast.errors import at_least_one
from normcast.forecasting.learned import build
from normcast.forecasting.settings import Settings
from normcast.forecasting.settled import settle
from normcast.forecasting.support import sizes_of
from normcast.tasks import ForecastTask
from normcast.tasks.forecast import rows_tested
from normcast.tasks.subject import (
    NetworkLike,
    Subject,
    foreign_subject,
    name_of,
    preset_training,
    refuse_form,
)


def panel_of(data: Any, *, exog: dict[str, Any], freq: Any, season: Any, table: Any) -> Panel:
    """Return the panel of a frame or file, or the one that was given."""
    if isinstance(data, Panel):
        return data
    where = "table"
    if isinstance(data, str | Path):
        where, data = str(data), read_table(data, table.get("na_values"))
    return Panel.from_frame(data, freq=freq, season=season, **exog, **{"where": where, **table})


def forecast_subject(
    given: NetworkLike,
    panel: Panel,
    *,
    h: int | None,
    input_size: int | None,
    folds: int,
    scaling: str,
    short: str = "error",
) -> Subject:
    """Return what a study of forecasts measures; the first fold is planned as a forecaster's first cutoff is.

    Raises ValueError for a missing h, for a keras model that does not fit the table, and for series that are
    too short, unless short="skip".
    """
    foreign = given if isinstance(given, keras.Model) else None
    if foreign is not None:
        refuse_form(foreign, "Study")
        h, input_size = foreign.output_shape[-1], foreign.input_shape[1]
    if h is None:
        raise ValueError(
            "Study: h is missing; say how many rows to forecast, as in Study(..., h=14) or --h 14. A "
            "long table of whole cases needs --task classify or regress."
        )
    at_least_one("Study", "h", h)
    at_least_one("Study", "folds", folds)
    asked = Settings(h=h, input_size=input_size, model=given, level=(), minimum=None, short=short)
    settings, panel = settle(asked, panel, rows_tested(panel.lengths, h, folds))
    rows = panel.lengths - rows_tested(panel.lengths, h, folds)
    size = sizes_of(settings, panel, rows, None).input_size
    task = ForecastTask(panel, h, size, folds, scaling, settings.calendar, settings.pads)
    if foreign is not None:
        return foreign_subject(given, task, compiled_training(given, "Study"))
    model = build(settings, size, task.arrays, task.sizes.padded)
    return Subject(model, task, preset_training(given), name_of(given))


def observing(subject: Subject) -> Subject:
    """Return a subject that learns from what was observed, where some targets were not.

    They carry no loss, as in a forecaster. A loss that is not of single steps, such as a function of the
    user's, needs whole windows: then others train nothing, which the notes say.
    """
    task, training = subject.task, subject.training
    if not isinstance(task, ForecastTask) or not task.has_unobserved:
        return subject
    if training.by == "engine" and is_of_steps(training.loss):
        return replace(subject, training=replace(training, loss=ObservedLoss(training.loss)))
    told = (
        f"windows with a missing target train nothing: the loss {name_of_loss(training.loss)!r} may be of "
        "whole windows"
    )
    return replace(subject, task=replace(task, panel=task.panel.noting(told), whole=True))
