"""Case subject: the network and the cases of a study, made to fit each other; y decides what is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, TypeAlias

import keras
import numpy as np

from normcast.check.head import heads
from normcast.check.reading import read
from normcast.data import Cases
from normcast.engine import Training
from normcast.engine.compiled import compiled_training
from normcast.engine.losses import name_of as loss_name
from normcast.models import Architecture
from normcast.study.subject import (
    NetworkLike,
    Subject,
    architecture_of,
    foreign_subject,
    name_of,
    preset_training,
)
from normcast.tasks import ClassHead, ClassifyTask, RegressTask
from normcast.tasks.classify import is_hot, labels_of

TaskName: TypeAlias = Literal["classify", "regress"]
DIFFERENCES = tuple(
    getattr(keras.losses, name) for name in ("MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh")
)
UNBOUNDED = ("linear", "?")
PROBABLE = ("sigmoid", "softmax", "hard_sigmoid", "?")
MOST_CLASSES = 20
"""Different whole numbers that are taken for labels; more of them are a question."""


def cases_of(arrays: tuple[Any, ...]) -> Cases:
    """Return the cases of a tuple. Raises ValueError for what is not (X, y), with groups and times or not."""
    if not 2 <= len(arrays) <= 4:
        raise ValueError(
            f"Study: data is a tuple of {len(arrays)}; give (X, y), (X, y, groups) or (X, y, groups, times)."
        )
    return Cases.of(*arrays, where="Study")


def case_subject(
    given: NetworkLike, cases: Cases, *, folds: int, scaling: str, task: TaskName | None = None
) -> Subject:
    """Return what a study of cases measures.

    task: by default what y and the model say. Raises ValueError for targets that do not fit the task, and for
    a network that only forecasts.
    """
    name = task or told_by(cases, given)
    if isinstance(given, keras.Model):
        made = _classified if name == "classify" else _regressed
        return made(given, cases, folds, scaling)
    architecture = architecture_of(given)
    if architecture.skip or architecture.instance_norm:
        raise ValueError(
            f"Study: network {name_of(given)!r} adds its input's level to its output, which only a forecast "
            "can use. Choose another for cases, such as conv-lstm."
        )
    training = preset_training(given)
    if name == "classify":
        labels = ClassifyTask(cases, folds, scaling)
        training = replace(training, loss=labels.default_loss)
        model = built(architecture, "softmax", cases, len(labels.classes))
        return Subject(model, labels, training, name_of(given))
    numbers = RegressTask(cases, folds, scaling)
    if len(numbers.output_shape) > 1:
        raise ValueError(
            f"Study: y has an output for each step, {cases.y.shape}, which no preset gives. Give a keras "
            f"model that maps (batch, {cases.steps}, {cases.channels}) to (batch, {numbers.output_shape})."
        )
    model = built(architecture, "linear", cases, numbers.output_shape[0])
    return Subject(model, numbers, training, name_of(given))


def built(architecture: Architecture, head: str, cases: Cases, outputs: int) -> keras.Model:
    """Return the network for these cases."""
    return architecture.with_head(head).build(cases.steps, cases.channels, outputs)


def activation_of(model: keras.Model) -> str:
    """Return the activation that bounds what a model gives; "?" where that cannot be known.

    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> activation_of(net), activation_of(keras.Sequential([net, keras.layers.Softmax()]))
    ('linear', 'softmax')
    """
    found = heads(read(model))
    return found[0].activation if found else "?"


def _classified(model: keras.Model, cases: Cases, folds: int, scaling: str) -> Subject:
    training = compiled_training(model, "Study")
    has_loss = model.compiled and model.loss is not None
    head = class_head(model, training.loss if has_loss else None, len(np.unique(labels_of(cases.y))))
    task = ClassifyTask(cases, folds, scaling, head=head)
    training = training if has_loss else replace(training, loss=head.loss)
    return foreign_subject(model, task, training)


def class_head(model: keras.Model, loss: Any, classes: int) -> ClassHead:
    """Return what a model gives for so many classes.

    loss: what it is compiled with, or None; a head without activation then gives logits.
    Raises ValueError for a model that gives neither probabilities nor, as its loss says, logits.
    """
    kind: Literal["softmax", "sigmoid"] = (
        "sigmoid" if classes == 2 and model.output_shape[-1] == 1 else "softmax"
    )
    activation = activation_of(model)
    config = loss.get_config() if isinstance(loss, keras.losses.Loss) else {}
    is_logits = bool(config.get("from_logits", False)) if loss is not None else activation == "linear"
    if not is_logits and activation not in PROBABLE:
        raise ValueError(
            f"Study: model {model.name!r} gives no probabilities of classes: its last activation is "
            f"{activation!r}. End with {kind}, or compile with a cross-entropy of from_logits=True."
        )
    return ClassHead(kind, is_logits, kind == "softmax" and "sparse" in loss_name(loss))


def _regressed(model: keras.Model, cases: Cases, folds: int, scaling: str) -> Subject:
    shape, wanted = cases.y.shape[1:], tuple(model.output_shape[1:])
    if None not in wanted and shape != wanted and np.prod(shape) == np.prod(wanted):
        cases = replace(cases, y=cases.y.reshape(-1, *wanted))
    training = compiled_training(model, "Study")
    scales = activation_of(model) in UNBOUNDED and _is_of_differences(training)
    task = RegressTask(cases, folds, scaling, scales_target=scales)
    return foreign_subject(model, task, training)


def _is_of_differences(training: Training) -> bool:
    """Say whether a loss looks at differences alone, so that targets may be moved."""
    return isinstance(training.build_loss(), DIFFERENCES)


def told_by(cases: Cases, given: NetworkLike) -> TaskName:
    """Return what y, and where it holds whole numbers the model, say is told of each case.

    Raises ValueError where that is a question.
    """
    y = cases.y
    if y.dtype.kind not in "iuf" or is_hot(y):
        return "classify"
    if y.ndim > 2 or (y.ndim == 2 and y.shape[1] > 1) or not (y == np.rint(y)).all():
        return "regress"
    different = len(np.unique(y))
    if isinstance(given, keras.Model):
        return "classify" if _classifies(given, different) else "regress"
    if different > MOST_CLASSES:
        raise ValueError(
            f"Study: y holds {different} different whole numbers; say whether they are labels or quantities, "
            "task='classify' or task='regress'."
        )
    return "classify"


def _classifies(model: keras.Model, different: int) -> bool:
    """Say whether a model is one for so many classes: by its loss, else by its head."""
    units = model.output_shape[-1]
    if not model.compiled or model.loss is None:
        is_sigmoid = units == 1 and different == 2 and activation_of(model) not in UNBOUNDED
        return units == different > 1 or is_sigmoid
    name = loss_name(model.loss)
    return any(word in name for word in ("crossentropy", "cross_entropy", "focal", "hinge"))
