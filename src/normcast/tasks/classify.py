"""ClassifyTask: classification of whole series, in folds that keep classes even and groups together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np

from normcast.data import Cases
from normcast.engine import Batches, Field
from normcast.tasks.task import Fold, Measured, digest, thinned

FEWEST_PARTS = 5
MOST_SEEN = 1024
SURE = 1e-7  # no probability is taken for smaller, so that one sure mistake does not cost infinity


@dataclass(frozen=True, eq=False)
class ClassifyTask:
    """Cases with a label each, cut into parts of which each fold tests one.

    scaling: "standard" per channel, from the training cases; "target only" leaves the inputs as they are.
    Raises ValueError for targets that are no classes, and for fewer than 3 cases of a class.
    """

    cases: Cases
    folds: int = 2
    scaling: str = "standard"

    def __post_init__(self) -> None:
        least = min(np.unique(self.labels, return_counts=True)[1])
        if len(self.classes) < 2 or least < 3:
            raise ValueError(
                f"Study: y has {len(self.classes)} classes, the rarest with {least} cases; at least 2 "
                "classes with 3 cases each are needed."
            )

    @cached_property
    def labels(self) -> np.ndarray:
        """The label of each case, (cases,)."""
        return labels_of(self.cases.y)

    @cached_property
    def classes(self) -> np.ndarray:
        """The labels there are, sorted."""
        return np.unique(self.labels)

    @cached_property
    def hot(self) -> np.ndarray:
        """Which class each case is of, (cases, classes) bool."""
        return self.labels[:, None] == self.classes

    @property
    def groups(self) -> np.ndarray | None:
        """What must not be split, (cases,), or None."""
        return self.cases.groups

    @property
    def metrics(self) -> tuple[str, ...]:
        """The log loss decides, since it sees more than the share of wrong cases."""
        return ("log_loss", "error")

    @property
    def output_shape(self) -> tuple[int, ...]:
        """What a network must give for one case: a probability per class."""
        return (len(self.classes),)

    @property
    def default_loss(self) -> keras.losses.Loss:
        """Cross-entropy of probabilities."""
        return keras.losses.CategoricalCrossentropy()

    @cached_property
    def part_of_case(self) -> np.ndarray:
        """The part each case belongs to, (cases,)."""
        parts = max(FEWEST_PARTS, self.folds)
        draws = np.random.default_rng(0)
        if self.groups is not None:
            return grouped_parts(self.groups, parts)
        part = np.zeros(self.cases.n_cases, int)
        turn = 0
        for label in self.classes:
            mine = draws.permutation(np.flatnonzero(self.labels == label))
            part[mine] = (turn + np.arange(len(mine))) % parts
            turn += len(mine)
        return part

    def fold(self, number: int, scaling: str | None = None) -> Fold:
        """Return a fold: one part is tested, the next one chooses the epoch, the others train."""
        parts = self.part_of_case.max() + 1
        test, valid = self.part_of_case == number % parts, self.part_of_case == (number + 1) % parts
        train = np.flatnonzero(~test & ~valid)
        places = {"train": train, "valid": np.flatnonzero(valid), "test": np.flatnonzero(test)}
        x = self.cases.x
        if (scaling or self.scaling) == "standard":
            mean, spread = x[train].mean((0, 1)), x[train].std((0, 1))
            x = (x - mean) / np.where(spread > 0, spread, 1)
        places["seen"] = train[thinned(len(train), MOST_SEEN)]
        batches = {name: self._batches(x, place) for name, place in places.items()}
        return Fold(**batches, scored=self._scored(places), held=places.__getitem__)

    def _batches(self, x: np.ndarray, place: np.ndarray) -> Batches:
        steps = x.shape[1]
        rows = np.ascontiguousarray(x.reshape(-1, x.shape[2]), dtype=np.float32)
        hot = self.hot.astype(np.float32)
        index = place.astype(np.int32)
        return Batches({"past": Field(rows, 0, steps)}, Field(hot, by="series"), index * steps, index)

    def _scored(self, places: dict[str, np.ndarray]) -> Callable[[np.ndarray, str], Measured]:
        def scored(outputs: np.ndarray, part: str) -> Measured:
            hot = self.hot[places[part]]
            sure = np.clip(outputs.astype(np.float64), SURE, 1)[hot]
            wrong = self.classes[outputs.argmax(-1)] != self.labels[places[part]]
            return {"log_loss": float(-np.log(sure).mean()), "error": float(wrong.mean())}

        return scored

    def describe(self) -> dict[str, Any]:
        """Return the facts of the cases and their cutting."""
        cases, steps, channels = self.cases.x.shape
        return {
            "task": "classify",
            "cases": cases,
            "steps": steps,
            "channels": channels,
            "classes": len(self.classes),
            "folds": self.folds,
            "scaling": self.scaling,
            "data": digest(self.cases.x, self.part_of_case, self.hot),
        }


def labels_of(y: np.ndarray, where: str = "Study") -> np.ndarray:
    """Return targets as labels, (cases,); one-hot rows count as the position of their one.

    Raises ValueError, which begins with where, for more than one number per case and for quantities.

    >>> labels_of(np.array([[0, 1], [1, 0]])), labels_of(np.array([[2.0], [0.0]]))
    (array([1, 0]), array([2., 0.]))
    >>> labels_of(np.array([0.5, 0.7, 0.1]), where="a.npz")
    Traceback (most recent call last):
    ValueError: a.npz: y (3,) of float64 holds quantities, no class labels; those are whole numbers or text.
    """
    hot = y.ndim == 2 and y.shape[1] > 1 and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all()
    labels = y.argmax(axis=1) if hot else y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if labels.ndim != 1:
        raise ValueError(
            f"{where}: y {y.shape} holds no class labels: a label per case, or one-hot rows, are needed."
        )
    if labels.dtype.kind == "f" and not (labels == np.rint(labels)).all():
        raise ValueError(
            f"{where}: y {y.shape} of {y.dtype} holds quantities, no class labels; those are whole "
            "numbers or text."
        )
    return labels


def grouped_parts(groups: np.ndarray, parts: int) -> np.ndarray:
    """Return the part of each case, no group in two, the largest groups first into the emptiest part.

    Raises ValueError for fewer than three groups.
    """
    names, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < 3:
        raise ValueError(f"Study: there are {len(names)} groups; train, validation and test need 3.")
    filled = np.zeros(min(parts, len(names)), int)
    part = np.zeros(len(names), int)
    for group in np.argsort(-counts, kind="stable"):
        part[group] = np.argmin(filled)
        filled[part[group]] += counts[group]
    return part[which]
