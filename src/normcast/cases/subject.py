"""Case subject: a network and cases, made to fit each other; y decides what is told of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import keras
import numpy as np

from normcast.cases.head import CLASSIFYING, activation_of, class_head, label_head, tells_labels
from normcast.cases.inputs import codes_of, refuse_codes_among_others, refuse_other_names
from normcast.data import Cases
from normcast.engine import Training
from normcast.engine.compiled import compiled_training
from normcast.engine.losses import name_of as loss_name
from normcast.errors import listed
from normcast.models import Architecture
from normcast.tasks import ClassHead, ClassifyTask, LabelTask, RegressTask
from normcast.tasks.classify import is_hot, labels_of
from normcast.tasks.subject import (
    NetworkLike,
    Subject,
    architecture_of,
    foreign_subject,
    name_of,
    preset_training,
    refuse_form,
)
from normcast.tasks.task import RAW_INPUTS

TaskName: TypeAlias = Literal["classify", "label", "regress"]
DIFFERENCES = tuple(
    getattr(keras.losses, name) for name in ("MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh")
)
UNBOUNDED = ("linear", "?")
ACTIVATIONS: dict[TaskName, str] = {"classify": "softmax", "label": "sigmoid", "regress": "linear"}
"""Of the head of a network of ours."""
UNSCALED = ("none", RAW_INPUTS)
"""Scalings that leave the inputs as they are."""
MOST_CLASSES = 20
"""Different whole numbers that are taken for labels; more of them are a question."""


@dataclass(frozen=True)
class Asked:
    """How cases are to be told of. folds, scaling: as in `CaseTask`; least: cases that a class must have;
    where: what messages begin with; training: of a network of ours, by default as its preset says; codes: as
    in `CaseTask`."""

    folds: int = 2
    scaling: str = "standard"
    least: int = 3
    where: str = "Study"
    training: Training | None = None
    codes: tuple[str, ...] = ()

    def classes(self, cases: Cases, head: ClassHead | None = None) -> ClassifyTask:
        """Return the task of telling classes."""
        common = (self.folds, self.scaling, self.where, self.codes)
        return ClassifyTask(cases, *common, head=head or ClassHead(), least=self.least)

    def labels(self, cases: Cases, head: ClassHead | None = None) -> LabelTask:
        """Return the task of telling labels, of which several may hold."""
        common = (self.folds, self.scaling, self.where, self.codes)
        return LabelTask(cases, *common, head=head or ClassHead("labels"), least=self.least)

    def numbers(self, cases: Cases, scales_target: bool = True) -> RegressTask:
        """Return the task of telling numbers."""
        common = (self.folds, self.scaling, self.where, self.codes)
        return RegressTask(cases, *common, scales_target=scales_target)

    def task(self, cases: Cases, name: TaskName) -> ClassifyTask | RegressTask:
        """Return the task of that name."""
        if name == "regress":
            return self.numbers(cases)
        return self.labels(cases) if name == "label" else self.classes(cases)


def cases_of(arrays: tuple[Any, ...]) -> Cases:
    """Return the cases of a tuple. Raises ValueError for what is not (X, y), with groups and times or not."""
    if not 2 <= len(arrays) <= 4:
        raise ValueError(
            f"Study: data is a tuple of {len(arrays)}; give (X, y), (X, y, groups) or (X, y, groups, times)."
        )
    return Cases.of(*arrays, where="Study")


def case_subject(given: NetworkLike, cases: Cases, asked: Asked, task: TaskName | None = None) -> Subject:
    """Return network and task, made for each other.

    task: by default what y and the model say. Raises ValueError for targets that do not fit the task, and for
    a network that only forecasts.
    """
    if isinstance(given, keras.Model):
        refuse_subclass(given, cases, asked.where)
        refuse_form(given, asked.where)
        refuse_other_names(cases, given, asked.where)
        if asked.scaling not in UNSCALED:
            refuse_codes_among_others(given, asked.where)
        asked = replace(asked, codes=codes_of(cases, given))
    elif cases.beside:
        raise ValueError(
            f"{asked.where}: X has {len(cases.inputs)} inputs, {listed(list(cases.inputs), 10)}, but presets "
            "and architectures read one series. Give one of them, or a keras model with an Input of each "
            "name."
        )
    name = task or told_by(cases, given, asked.where)
    name = classified_as(cases, given) if name == "classify" else name
    if isinstance(given, keras.Model):
        return OF_MODEL[name](given, cases, asked)
    architecture = architecture_of(given)
    if architecture.skip or architecture.instance_norm:
        raise ValueError(
            f"{asked.where}: network {name_of(given)!r} adds its input's level to its output, which only a "
            "forecast "
            "can use. Choose another for cases, such as conv-lstm."
        )
    training = asked.training or preset_training(given)
    told = asked.task(cases, name)
    if isinstance(told, ClassifyTask):
        training = replace(training, loss=told.default_loss)
        model = built(of_ours(given, name), cases, len(told.classes))
        return Subject(model, told, training, name_of(given))
    if len(told.output_shape) > 1:
        raise ValueError(
            f"{asked.where}: y has an output for each step, {cases.y.shape}, which no preset gives. Give a "
            "keras "
            f"model that maps (batch, {cases.steps}, {cases.channels}) to (batch, {told.output_shape})."
        )
    model = built(of_ours(given, name), cases, told.output_shape[0])
    return Subject(model, told, training, name_of(given))


def refuse_subclass(model: keras.Model, cases: Cases, where: str) -> None:
    """Raise ValueError for a model whose inputs and outputs nobody can read."""
    if not getattr(model, "inputs", None):
        shape = (cases.steps, cases.channels)
        raise ValueError(
            f"{where}: model {model.name!r} of class {type(model).__name__} has no inputs that can be read. "
            f"Give it some: inputs = keras.Input({shape}); keras.Model(inputs, model(inputs)); its class "
            "then "
            "needs a get_config."
        )


def of_ours(given: str | Architecture, task: TaskName) -> Architecture:
    """Return a network of ours with the head for a task."""
    return architecture_of(given).with_head(ACTIVATIONS[task])


def built(architecture: Architecture, cases: Cases, outputs: int) -> keras.Model:
    """Return the network for these cases."""
    return architecture.build(cases.steps, cases.channels, outputs)


def _classified(model: keras.Model, cases: Cases, asked: Asked) -> Subject:
    training = compiled_training(model, asked.where)
    has_loss = model.compiled and model.loss is not None
    classes = len(np.unique(labels_of(cases.y, asked.where, cases.target_names)))
    head = class_head(model, training.loss if has_loss else None, classes, asked.where)
    training = training if has_loss else replace(training, loss=head.loss)
    return foreign_subject(model, asked.classes(cases, head), training, asked.where)


def _labelled(model: keras.Model, cases: Cases, asked: Asked) -> Subject:
    training = compiled_training(model, asked.where)
    has_loss = model.compiled and model.loss is not None
    head = label_head(model, training.loss if has_loss else None, asked.where)
    training = training if has_loss else replace(training, loss=head.loss)
    return foreign_subject(model, asked.labels(cases, head), training, asked.where)


def _regressed(model: keras.Model, cases: Cases, asked: Asked) -> Subject:
    shape, wanted = cases.y.shape[1:], tuple(model.output_shape[1:])
    if None not in wanted and shape != wanted and np.prod(shape) == np.prod(wanted):
        cases = replace(cases, y=cases.y.reshape(-1, *wanted))
    training = compiled_training(model, asked.where)
    scales = activation_of(model) in UNBOUNDED and _is_of_differences(training)
    return foreign_subject(model, asked.numbers(cases, scales), training, asked.where)


def _is_of_differences(training: Training) -> bool:
    """Say whether a loss looks at differences alone, so that targets may be moved."""
    return isinstance(training.build_loss(), DIFFERENCES)


def told_by(cases: Cases, given: NetworkLike, where: str = "Study") -> TaskName:
    """Return what y, and where it holds whole numbers the model, say is told of each case.

    Raises ValueError where that is a question.
    """
    y = cases.y
    if classified_as(cases, given) == "label":
        return "label"
    if y.dtype.kind not in "iuf" or is_hot(y):
        return "classify"
    if y.ndim > 2 or (y.ndim == 2 and y.shape[1] > 1) or not (y == np.rint(y)).all():
        return "regress"
    different = len(np.unique(y))
    if isinstance(given, keras.Model):
        return "classify" if _classifies(given, different) else "regress"
    if different > MOST_CLASSES:
        raise ValueError(
            f"{where}: y holds {different} different whole numbers; say whether they are labels or "
            "quantities, "
            "task='classify' or task='regress'."
        )
    return "classify"


def classified_as(cases: Cases, given: Any) -> TaskName:
    """Return what cases are told that are to be classified: a class each, or labels of which several hold."""
    return "label" if tells_labels(cases.y, given if isinstance(given, keras.Model) else None) else "classify"


def _classifies(model: keras.Model, different: int) -> bool:
    """Say whether a model is one for so many classes: by its loss, else by its head."""
    units = model.output_shape[-1]
    if not model.compiled or model.loss is None:
        is_sigmoid = units == 1 and different == 2 and activation_of(model) not in UNBOUNDED
        return units == different > 1 or is_sigmoid
    name = loss_name(model.loss)
    return any(word in name for word in CLASSIFYING)


OF_MODEL = {"classify": _classified, "label": _labelled, "regress": _regressed}
