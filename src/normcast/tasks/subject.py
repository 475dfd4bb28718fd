"""Subject: a network and the task it is measured on, made to fit each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import keras

from normcast import keras_seam
from normcast.engine import Training
from normcast.engine.compiled import compiled_metrics
from normcast.engine.identity import is_own
from normcast.engine.losses import plain_of
from normcast.engine.seeding import rebuilt
from normcast.errors import counted
from normcast.models import Architecture
from normcast.models.edits.apply import custom_classes
from normcast.models.presets import preset
from normcast.scoring import is_own_metric
from normcast.tasks.task import Task

NetworkLike: TypeAlias = "str | Architecture | keras.Model"


@dataclass(frozen=True, eq=False)
class Subject:
    """A network, the task it is measured on, and how it is trained. metrics: that it was compiled with."""

    model: keras.Model
    task: Task
    training: Training
    name: str
    metrics: tuple[Any, ...] = ()

    @cached_property
    def own(self) -> dict[str, Any]:
        """Classes and functions of the user's that the network and its training are made of, by name."""
        loss, optimizer = self.training.loss, type(self.training.optimizer)
        found = {name: each for name, each in custom_classes(self.model).items() if is_own(each)}
        found |= {optimizer.__name__: optimizer} if optimizer is not str and is_own(optimizer) else {}
        return found | ({plain_of(loss): loss} if is_own(loss) else {})


def foreign_subject(model: keras.Model, task: Task, training: Training, where: str = "Study") -> Subject:
    """Return a keras model with its task; raises ValueError, beginning with where, for one that does not fit.

    Where code of the user's is compiled in, which cannot be written down, the network stands for itself.
    """
    metrics = compiled_metrics(model)
    subject = Subject(checked(model, task, where), task, training, model.name, metrics)
    if any(map(is_own, (training.loss, training.optimizer))) or any(map(is_own_metric, metrics)):
        return replace(subject, model=rebuilt(model, seed=0))
    return subject


def refuse_form(model: keras.Model, where: str) -> None:
    """Raise ValueError for a model of several or named outputs, and for one that keeps a state over batches.

    >>> inputs = keras.Input((4, 1))
    >>> both = [keras.layers.LSTM(1, name=name)(inputs) for name in "ab"]
    >>> refuse_form(keras.Model(inputs, both, name="two"), "Study")
    Traceback (most recent call last):
    ValueError: Study: model 'two' has 2 outputs, but must give one tensor. Give one of them, as in
    keras.Model(model.inputs, model.outputs[0]), or join them with keras.layers.Concatenate.
    """
    outputs = getattr(model, "outputs", None) or ()
    is_named = keras_seam.is_functional(model) and isinstance(model.output, dict)
    if len(outputs) > 1 or is_named:
        named = " by name" if is_named else ""
        raise ValueError(
            f"{where}: model {model.name!r} has {counted(len(outputs), 'output')}{named}, but must give one "
            "tensor. Give one of them, as in keras.Model(model.inputs, model.outputs[0]), or join them with "
            "keras.layers.Concatenate."
        )
    for layer in keras_seam.all_layers(model):
        if getattr(layer, "stateful", False) is True:
            raise ValueError(
                f"{where}: layer {layer.name!r} of model {model.name!r} is stateful: it would "
                "go on from what it read of other cases, which are drawn in any order. Make it with "
                "stateful=False, and the keras.Input without batch_size."
            )


def checked(model: keras.Model, task: Task, where: str) -> keras.Model:
    """Return a keras model if it maps a window of the task to what the task wants."""
    given = task.input_shapes
    if not reads(model, given) or tuple(model.output_shape[1:]) != task.output_shape:
        shapes = {tensor.name: tuple(tensor.shape[1:]) for tensor in model.inputs}
        read, got = (list(each.values()) if len(each) == 1 else each for each in (shapes, given))
        raise ValueError(
            f"{where}: model {model.name!r} maps {read} to {tuple(model.output_shape[1:])}, but the data "
            f"gives {got} and asks for {task.output_shape} (without the batch axis)."
        )
    return model


def reads(model: keras.Model, given: Mapping[str, tuple[int, ...]]) -> bool:
    """Say whether a model reads what is given: shapes without the batch axis, by the names of its inputs.

    One input fits one that is given by any name.
    """
    names = list(given) if len(given) == len(model.inputs) == 1 else [each.name for each in model.inputs]
    return set(names) == set(given) and all(
        len(tensor.shape) == 1 + len(given[name])
        and all(axis in (None, wanted) for axis, wanted in zip(tensor.shape[1:], given[name], strict=True))
        for name, tensor in zip(names, model.inputs, strict=True)
    )


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
    return Training(
        optimizer=named.optimizer,
        learning_rate=named.learning_rate,
        loss=named.loss,
        ema_momentum=named.ema_momentum,
    )
