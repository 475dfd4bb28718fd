"""LabelTask: labels of whole series of which several may hold, in folds that keep each of them even."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from normcast.data import Cases
from normcast.errors import counted, listed
from normcast.scoring import SURE, THRESHOLD
from normcast.tasks.class_head import ClassHead
from normcast.tasks.classify import ClassifyTask
from normcast.tasks.task import Measured

ENOUGH = 8
"""Cases that a combination of labels must have to be dealt out by itself."""


@dataclass(frozen=True, eq=False)
class LabelTask(ClassifyTask):
    """Cases of which none, one or several labels hold: y is (cases, labels) of 0 and 1.

    head: what a network gives for a case. least: cases that each label must hold of, and must not hold of.
    scaling: as in `CaseTask`. Raises ValueError for other numbers, and for a label that nearly always or
    never holds.
    """

    head: ClassHead = field(default_factory=lambda: ClassHead("labels"))

    def __post_init__(self) -> None:
        refuse_others(self.cases.y, self.where)
        self.refuse_constant(np.arange(self.cases.n_cases), self.least, self.where)

    def refuse_constant(self, train: np.ndarray, least: int, where: str) -> None:
        """Raise ValueError for labels that hold, or do not hold, of fewer cases among these.

        train: positions of cases.
        """
        held, cases = self.hot[train].sum(axis=0), len(train)
        few = np.flatnonzero(np.minimum(held, cases - held) < least)
        if len(few):
            told = [f"label {self.classes[k]!s} {_how_often(int(held[k]), cases)}" for k in few]
            raise ValueError(
                f"{where}: of {counted(cases, 'case')} to learn from, {listed(told, 5)}; at least {least} "
                f"with each label and {least} without it are needed. Leave such labels out of y, or give "
                "more cases."
            )

    @cached_property
    def hot(self) -> np.ndarray:
        """Which labels hold of each case, (cases, labels) bool."""
        return self.cases.y == 1

    @property
    def actual(self) -> np.ndarray:
        """What came, as it is scored, (cases, labels) bool."""
        return self.hot

    @cached_property
    def classes(self) -> np.ndarray:
        """The names of the labels, in the order of the columns of y."""
        return labels_in(self.cases)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The log loss decides, since it sees more than the share of wrong labels."""
        return ("log_loss", "wrong_labels")

    @property
    def strata(self) -> np.ndarray:
        """Each part gets its share of each label."""
        return strata_of(self.hot)

    def scored(self, places: dict[str, np.ndarray]) -> Callable[[np.ndarray, str], Measured]:
        """Return what takes outputs and the name of a part, and returns log loss and share of wrong labels,
        each the mean over labels."""

        def scored(outputs: np.ndarray, part: str) -> Measured:
            sure, hot = self.head.probabilities(outputs.astype(np.float64)), self.hot[places[part]]
            right = np.where(hot, sure, 1 - sure)
            return {
                "log_loss": float(-np.log(np.clip(right, SURE, 1)).mean()),
                "wrong_labels": float(((sure > THRESHOLD) != hot).mean()),
            }

        return scored

    def describe(self) -> dict[str, Any]:
        """Return the facts of the cases and their cutting."""
        held = zip(self.classes, self.hot.sum(axis=0), strict=True)
        counts = {str(name): int(count) for name, count in held}
        told = {"task": "label", "labels": len(self.classes), "label counts": counts}
        return {**told, **self.facts(self.hot)}


def _how_often(held: int, cases: int) -> str:
    return "never holds" if not held else "always holds" if held == cases else f"holds in {held}"


def is_binary(y: np.ndarray) -> bool:
    """Say whether targets are rows of 0 and 1, (cases, labels) with two labels or more.

    >>> is_binary(np.array([[0, 1], [1, 0]])), is_binary(np.array([[0, 2]])), is_binary(np.array([0, 1]))
    (True, False, False)
    """
    return y.ndim == 2 and y.shape[1] > 1 and y.dtype.kind in "iufb" and bool(((y == 0) | (y == 1)).all())


def refuse_others(y: np.ndarray, where: str) -> None:
    """Raise ValueError for what is no (cases, labels) of 0 and 1, with the first other value."""
    if is_binary(y):
        return
    what = f"is {y.shape} of {y.dtype}"
    if y.ndim == 2 and y.shape[1] > 1 and y.dtype.kind in "iufb":
        case, label = (int(place) for place in np.argwhere((y != 0) & (y != 1))[0])
        what = f"holds {y[case, label]} in case {case}, label {label} (from 0)"
    raise ValueError(
        f"{where}: y {what}, but several labels per case need (cases, labels) of 0 and 1, with 2 labels at "
        "least."
    )


def labels_in(cases: Cases) -> np.ndarray:
    """Return the names of the columns of y, or their numbers from 0 where they have none, (labels,)."""
    return np.arange(cases.y.shape[1]) if cases.target_names is None else np.array(cases.target_names)


def rows_of(cases: Cases, labels: np.ndarray, where: str) -> np.ndarray:
    """Return which of the fitted labels hold of each case, (cases, labels) bool.

    Columns with names are found by them, whatever their order, and a name that is not there never holds.
    Raises ValueError for other labels than these, and for what is no rows of 0 and 1.

    >>> rows_of(Cases.of(np.zeros((2, 4)), [{"wind"}, set()]), np.array(["rain", "wind"]), "cases")
    array([[False,  True],
           [False, False]])
    """
    y, names = cases.y, cases.target_names
    if names is None and y.ndim == 1 and y.dtype.kind == "U":  # sets of one name each
        names = tuple(np.unique(y).tolist())
        y = y[:, None] == np.array(names)
    if names is None:
        refuse_others(y, where)
        if y.shape[1] != len(labels):
            raise ValueError(f"{where}: y has {y.shape[1]} labels, but {len(labels)} were fitted.")
        return y == 1
    foreign = [name for name in names if name not in labels.astype(str)]
    if foreign:
        raise ValueError(
            f"{where}: y has {listed(foreign)}, which was not fitted; labels are "
            f"{', '.join(map(str, labels))}."
        )
    rows = np.zeros((len(y), len(labels)), bool)
    rows[:, [labels.astype(str).tolist().index(name) for name in names]] = y == 1
    return rows


def strata_of(hot: np.ndarray) -> np.ndarray:
    """Return what each part gets its share of, (cases,): combinations of labels, those that are frequent.

    A case of a combination with fewer than 8 cases counts by the rarest of its labels, so that those are
    dealt out evenly. hot: (cases, labels) bool.

    >>> hot = np.repeat([[True, False], [False, False]], 8, axis=0)
    >>> strata_of(np.vstack([hot, [[True, True], [False, True]]])).tolist()[-4:]
    [0, 0, -2, -2]
    """
    which, counts = np.unique(hot, axis=0, return_inverse=True, return_counts=True)[1:]
    which = which.ravel()
    order = np.argsort(hot.sum(axis=0), kind="stable")
    rarest = np.where(hot.any(axis=1), order[hot[:, order].argmax(axis=1)], hot.shape[1])
    return np.where(counts[which] >= ENOUGH, which, -1 - rarest)
