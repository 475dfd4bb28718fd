"""Subject: the network and the data of a study, made to fit each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np

from normcast.data import Panel, read_table
from normcast.engine import Training
from normcast.engine.compiled import compiled_training
from normcast.engine.identity import is_own
from normcast.engine.losses import plain_of
from normcast.engine.seeding import rebuilt
from normcast.models import Architecture
from normcast.models.edits.apply import custom_classes
from normcast.models.presets import preset
from normcast.tasks import ForecastTask, Task

NetworkLike: TypeAlias = "str | Architecture | keras.Model"


@dataclass(frozen=True, eq=False)
class Subject:
    """A network, the task it is measured on, and how it is trained."""

    model: keras.Model
    task: Task
    training: Training
    name: str

    @cached_property
    def own(self) -> dict[str, Any]:
        """Classes and functions of the user's that the network and its training are made of, by name."""
        loss, optimizer = self.training.loss, type(self.training.optimizer)
        found = {name: each for name, each in custom_classes(self.model).items() if is_own(each)}
        found |= {optimizer.__name__: optimizer} if optimizer is not str and is_own(optimizer) else {}
        return found | ({plain_of(loss): loss} if is_own(loss) else {})


def panel_of(data: Any, *, exog: dict[str, Any], freq: Any, season: int | None, table: Any) -> Panel:
    """Return the panel of a frame or file, or the one that was given."""
    if isinstance(data, Panel):
        return data
    where = "table"
    if isinstance(data, str | Path):
        where, data = str(data), read_table(data)
    return Panel.from_frame(data, freq=freq, season=season, **exog, **{"where": where, **table})


def forecast_subject(
    given: NetworkLike, panel: Panel, *, h: int | None, input_size: int | None, folds: int, scaling: str
) -> Subject:
    """Return what a study of forecasts measures.

    Raises ValueError for a missing h, and for a keras model that does not fit the table.
    """
    foreign = given if isinstance(given, keras.Model) else None
    if foreign is not None:
        h, input_size = foreign.output_shape[-1], foreign.input_shape[1]
    if h is None:
        raise ValueError("Study: h is missing; say how many rows to forecast, as in Study(..., h=14).")
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


def foreign_subject(model: keras.Model, task: Task, training: Training) -> Subject:
    """Return what a study of a keras model measures; raises ValueError for one that does not fit the task.

    Where code of the user's is compiled in, which cannot be written down, the network stands for itself.
    """
    subject = Subject(checked(model, task), task, training, model.name)
    if any(map(is_own, (training.loss, training.optimizer))):
        return replace(subject, model=rebuilt(model, seed=0))
    return subject


def checked(model: keras.Model, task: Task) -> keras.Model:
    """Return a keras model if it maps a window of the task to what the task wants."""
    batch = task.fold(0).train.at(np.array([0]))[0]
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    wanted = [value.shape[1:] for value in batch.values()]
    fits = len(shapes) == len(wanted) == 1 and all(
        a in (None, b) for a, b in zip(shapes[0], wanted[0], strict=False)
    )
    if not fits or len(shapes[0]) != len(wanted[0]) or tuple(model.output_shape[1:]) != task.output_shape:
        raise ValueError(
            f"Study: model {model.name!r} maps {shapes} to {tuple(model.output_shape[1:])}, but the data "
            f"gives {wanted} and asks for {task.output_shape} (without the batch axis)."
        )
    return model


def architecture_of(given: NetworkLike) -> Architecture:
    """Return the architecture that was named or given."""
    return preset(given).architecture if isinstance(given, str) else given


def name_of(given: NetworkLike) -> str:
    """Return the name of the network, for people."""
    return given if isinstance(given, str) else "given architecture"


def preset_training(given: NetworkLike) -> Training:
    """Return how a preset is trained; an architecture of the user's trains as most do."""
    if not isinstance(given, str):
        return Training(optimizer="adam")
    named = preset(given)
    return Training(optimizer=named.optimizer, learning_rate=named.learning_rate, loss=named.loss)
