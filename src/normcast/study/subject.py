"""Subject: the network and the data of a study, made to fit each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np

from normcast.data import Cases, Panel, read_table
from normcast.engine import Training
from normcast.engine.training import LOSSES, OPTIMIZERS
from normcast.models import Architecture
from normcast.models.presets import preset
from normcast.tasks import ClassifyTask, ForecastTask, Task

NetworkLike: TypeAlias = "str | Architecture | keras.Model"


@dataclass(frozen=True, eq=False)
class Subject:
    """A network, the task it is measured on, and how it is trained."""

    model: keras.Model
    task: Task
    training: Training
    name: str


def panel_of(data: Any, *, exog: dict[str, Any], freq: Any, season: int | None, table: Any) -> Panel:
    """Return the panel of a frame or file, or the one that was given."""
    if isinstance(data, Panel):
        return data
    where = "table"
    if isinstance(data, str | Path):
        where, data = str(data), read_table(data)
    return Panel.from_frame(data, freq=freq, season=season, **exog, **{"where": where, **table})


def cases_of(arrays: tuple[Any, ...]) -> Cases:
    """Return the cases of a tuple. Raises ValueError for what is not (X, y), with groups and times or not."""
    if not 2 <= len(arrays) <= 4:
        raise ValueError(
            f"Study: data is a tuple of {len(arrays)}; give (X, y), (X, y, groups) or (X, y, groups, times)."
        )
    return Cases.of(*arrays, where="Study")


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
        return Subject(checked(given, task), task, compiled_training(given), given.name)  # type: ignore[union-attr]
    arrays = task.arrays
    model = architecture.build(
        size,
        1 + arrays.exog.shape[1],
        h,
        futr=arrays.n_futr + arrays.waves.shape[1],
        stat=arrays.stat.shape[1],
    )
    return Subject(model, task, preset_training(given), name_of(given))


def case_subject(given: NetworkLike, cases: Cases, *, folds: int, scaling: str) -> Subject:
    """Return what a study of a classification measures.

    Raises ValueError for targets that are no classes, and for a network that only forecasts.
    """
    task = ClassifyTask(cases, folds, scaling)
    training = compiled_training(given) if isinstance(given, keras.Model) else preset_training(given)
    training = replace(training, loss=task.default_loss)
    if isinstance(given, keras.Model):
        return Subject(checked(given, task), task, training, given.name)
    architecture = architecture_of(given)
    if architecture.skip or architecture.instance_norm:
        raise ValueError(
            f"Study: network {name_of(given)!r} adds its input's level to its output, which only a forecast "
            "can use. Choose another for classification, such as conv-lstm."
        )
    model = architecture.with_head("softmax").build(cases.steps, cases.channels, len(task.classes))
    return Subject(model, task, training, name_of(given))


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


def compiled_training(model: keras.Model) -> Training:
    """Return optimizer, learning rate and loss that a model was compiled with, as far as there are such."""
    training = Training(optimizer="adam")
    optimizer = getattr(model, "optimizer", None)
    name = type(optimizer).__name__.lower()
    if name in OPTIMIZERS:
        rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))  # type: ignore[union-attr]
        training = replace(training, optimizer=name, learning_rate=rate)
    loss = getattr(model, "loss", None)
    known = {"mean_squared_error": "mse", "mean_absolute_error": "mae"}
    loss = known.get(loss, loss) if isinstance(loss, str) else loss
    if isinstance(loss, keras.losses.Loss) or loss in LOSSES:
        training = replace(training, loss=loss)
    return training
