"""ClassifyTask: classification of whole series, in folds that keep classes even and groups together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import keras
import numpy as np

from normcast.data.missing import refuse_mixed
from normcast.errors import counted
from normcast.scoring.of_classes import SURE
from normcast.tasks.case_task import CaseTask, Pair
from normcast.tasks.class_head import ClassHead
from normcast.tasks.task import Measured


@dataclass(frozen=True, eq=False)
class ClassifyTask(CaseTask):
    """Cases with a label each, cut into parts of which each fold tests one.

    head: what a network gives for a case. least: cases that each class must have. scaling: as in `CaseTask`.
    Raises ValueError for targets that are no classes, and for fewer cases of a class.
    """

    head: ClassHead = field(default_factory=ClassHead)
    least: int = 3

    def __post_init__(self) -> None:
        counts = self._counts[1]
        if len(self.classes) < 2 or counts.min() < self.least:
            rarest = self.classes[counts.argmin()]
            raise ValueError(
                f"{self.where}: y has {len(self.classes)} classes, the rarest, {rarest!s}, with "
                f"{counted(int(counts.min()), 'case')}; at least 2 classes with {self.least} cases each are "
                "needed."
            )

    @cached_property
    def labels(self) -> np.ndarray:
        """The label of each case, (cases,)."""
        return labels_of(self.cases.y, self.where, self.cases.target_names)

    @property
    def actual(self) -> np.ndarray:
        """What came, as it is scored, (cases, ...)."""
        return self.labels

    @cached_property
    def _counts(self) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(self.labels, return_counts=True)

    @property
    def classes(self) -> np.ndarray:
        """The labels there are, sorted."""
        return self._counts[0]

    @cached_property
    def hot(self) -> np.ndarray:
        """Which class each case is of, (cases, classes) bool."""
        return self.labels[:, None] == self.classes

    @property
    def metrics(self) -> tuple[str, ...]:
        """The log loss decides, since it sees more than the share of wrong cases."""
        return ("log_loss", "error")

    @property
    def output_shape(self) -> tuple[int, ...]:
        """What a network must give for one case: a number per class, or one for the second of two."""
        return (1,) if self.head.kind == "sigmoid" else (len(self.classes),)

    @property
    def default_loss(self) -> keras.losses.Loss:
        """Cross-entropy of what the head gives."""
        return self.head.loss

    @property
    def strata(self) -> np.ndarray:
        """Each part gets its share of each class."""
        return self.labels

    def learned(self, train: np.ndarray) -> np.ndarray:
        """Return the targets as the loss takes them, whatever trains."""
        return self.head.targets(self.hot)

    def scored(self, places: dict[str, np.ndarray]) -> Callable[[np.ndarray, str], Measured]:
        """Return what takes outputs and the name of a part, and returns log loss and share of wrong cases."""

        def scored(outputs: np.ndarray, part: str) -> Measured:
            sure = self.head.probabilities(outputs.astype(np.float64))
            hot = self.hot[places[part]]
            wrong = self.classes[sure.argmax(-1)] != self.labels[places[part]]
            return {
                "log_loss": float(-np.log(np.clip(sure, SURE, 1)[hot]).mean()),
                "error": float(wrong.mean()),
            }

        return scored

    def compared(self, places: dict[str, np.ndarray]) -> Callable[[np.ndarray, str], Pair]:
        """Return what takes outputs and the name of a part, and returns what the loss takes with outputs."""
        return lambda outputs, part: (self.head.targets(self.hot[places[part]]), outputs)

    def as_outputs(self, values: np.ndarray, train: np.ndarray) -> np.ndarray:
        """Return probabilities (cases, classes) as a network gives them; train: as in `learned`."""
        return self.head.outputs(values)

    def describe(self) -> dict[str, Any]:
        """Return the facts of the cases and their cutting."""
        counts = {str(name): int(count) for name, count in zip(*self._counts, strict=True)}
        told = {"task": "classify", "classes": len(self.classes), "class counts": counts}
        return {**told, **self.facts(self.hot)}


def is_hot(y: np.ndarray) -> bool:
    """Say whether targets are one-hot rows: (cases, classes) with a single one in each.

    >>> is_hot(np.array([[0, 1], [1, 0]])), is_hot(np.array([[1, 1], [1, 0]])), is_hot(np.array([0, 1]))
    (True, False, False)
    """
    rows = y.ndim == 2 and y.shape[1] > 1
    return bool(rows and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all())


def labels_of(y: np.ndarray, where: str = "Study", names: tuple[str, ...] | None = None) -> np.ndarray:
    """Return targets as labels, (cases,); one-hot rows count as the name of the column of their one.

    names: of the columns; without any they count as its position, from 0.
    Dates and bytes become text. Raises ValueError, which begins with where, for more than one number per
    case, for quantities, and for types that have no order.

    >>> labels_of(np.array([[0, 1], [1, 0]])), labels_of(np.array([[2.0], [0.0]]))
    (array([1, 0]), array([2., 0.]))
    >>> labels_of(np.array([0.5, 0.7, 0.1]), where="a.npz")
    Traceback (most recent call last):
    ValueError: a.npz: y (3,) of float64 holds quantities, no class labels; those are whole numbers or text.
    """
    if is_hot(y) and names is not None:
        return np.array(names)[y.argmax(axis=1)]
    labels = y.argmax(axis=1) if is_hot(y) else y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if labels.ndim != 1:
        raise ValueError(
            f"{where}: y {y.shape} holds no class labels: a label per case, one-hot rows, or rows of 0 "
            "and 1 for several labels are needed."
        )
    if labels.dtype.kind == "f" and not (labels == np.rint(labels)).all():
        raise ValueError(
            f"{where}: y {y.shape} of {y.dtype} holds quantities, no class labels; those are whole "
            "numbers or text."
        )
    refuse_mixed(labels, "y", where)
    return as_text(labels) if labels.dtype.kind in "mMS" else labels


def as_text(labels: np.ndarray) -> np.ndarray:
    """Return labels that are dates or bytes as text, as a file keeps them.

    >>> as_text(np.array([b"rest"])), as_text(np.array(["2024-02-29"], "datetime64[D]"))
    (array(['rest'], dtype='<U4'), array(['2024-02-29'], dtype='<U28'))
    """
    return np.char.decode(labels, "utf-8") if labels.dtype.kind == "S" else labels.astype(str)
