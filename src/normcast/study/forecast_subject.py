"""Forecast subject: the network and the table of a study, made to fit each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from normcast.data import Panel, read_table
from normcast.engine.compiled import compiled_training
from normcast.tasks import ForecastTask
from normcast.tasks.subject import (
    NetworkLike,
    Subject,
    architecture_of,
    foreign_subject,
    name_of,
    preset_training,
    refuse_form,
)


def panel_of(data: Any, *, exog: dict[str, Any], freq: Any, season: int | None, table: Any) -> Panel:
    """Return the panel of a frame or file, or the one that was given."""
    if isinstance(data, Panel):
        return data
    where = "table"
    if isinstance(data, str | Path):
        where, data = str(data), read_table(data, table.get("na_values"))
    return Panel.from_frame(data, freq=freq, season=season, **exog, **{"where": where, **table})


def forecast_subject(
    given: NetworkLike, panel: Panel, *, h: int | None, input_size: int | None, folds: int, scaling: str
) -> Subject:
    """Return what a study of forecasts measures.

    Raises ValueError for a missing h, and for a keras model that does not fit the table.
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
    architecture = None if foreign is not None else architecture_of(given)
    size = input_size or ForecastTask.fitting_input_size(panel, h, folds)
    calendar = architecture is not None and architecture.calendar
    task = ForecastTask(panel, h, size, folds, scaling, calendar)
    if architecture is None:
        return foreign_subject(given, task, compiled_training(given, "Study"))
    arrays = task.arrays
    model = architecture.build(
        size,
        1 + arrays.exog.shape[1],
        h,
        futr=arrays.n_futr + arrays.waves.shape[1],
        stat=arrays.stat.shape[1],
    )
    return Subject(model, task, preset_training(given), name_of(given))
