"""Case told: what a fitted estimator tells of cases, as a table and, where it is known what came, scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from normcast.cases import Classifier, Regressor
from normcast.cases.evaluation import OURS, Told, among, numbers_told, of_each_label, told_labels
from normcast.cli import console
from normcast.data import Cases
from normcast.errors import counted, listed
from normcast.scoring import class_scores, label_scores, number_scores, score_interval
from normcast.tasks.classify import labels_of
from normcast.tasks.label import rows_of


@dataclass(frozen=True, eq=False)
class Answers:
    """What was told of cases. classes: of a classifier, or its labels, else None; tells_labels: whether
    several of them may hold of a case."""

    cases: Cases
    told: Told
    classes: np.ndarray | None
    tells_labels: bool = False

    @classmethod
    def of(cls, estimator: Classifier | Regressor, cases: Cases) -> Answers:
        """Ask a fitted estimator; raises ValueError for cases of another length or other channels."""
        fitted, own = estimator.ready("predict"), estimator.read(cases, "predict")
        if fitted.classes is not None:
            return cls(cases, Told(fitted.probabilities(own), {}), fitted.labels, fitted.tells_labels)
        return cls(cases, numbers_told(fitted.numbers(own), fitted.residuals), None)

    @property
    def table(self) -> pd.DataFrame:
        """A row per case: its number, its id and group where there are any, what was told, and how sure."""
        named = {"id": self.cases.ids, "group": self.cases.groups}
        columns: dict[str, Any] = {"case": np.arange(self.cases.n_cases)}
        columns |= {name: each for name, each in named.items() if each is not None}
        values = self.told.values.reshape(self.cases.n_cases, -1)
        if self.classes is not None and self.tells_labels:
            told = of_each_label({OURS: told_labels(values)}, self.classes)
            sure = {f"{OURS}-p-{name}": values[:, i] for i, name in enumerate(self.classes)}
            return pd.DataFrame(columns | told | sure)
        if self.classes is not None:
            columns[OURS] = self.classes[values.argmax(axis=1)]
            return pd.DataFrame(
                columns | {f"{OURS}-p-{name}": values[:, i] for i, name in enumerate(self.classes)}
            )
        bounds = {level: each.reshape(*values.shape, 2) for level, each in self.told.bounds.items()}
        for i in range(values.shape[1]):
            name = f"{OURS}-{i + 1}" if values.shape[1] > 1 else OURS
            columns[name] = values[:, i]
            for level in sorted(bounds):
                columns[f"{name}-lo-{level:g}"], columns[f"{name}-hi-{level:g}"] = bounds[level][:, i].T
        return pd.DataFrame(columns)

    def show(self, title: str, *, quiet: bool) -> None:
        """Print the scores with their intervals; cases of a class that was not fitted count as wrong."""
        labels = self.labels(title)
        if labels is not None and self.classes is not None and not self.tells_labels:
            foreign = labels[~np.isin(labels, self.classes)]
            if len(foreign):
                many = f"{counted(len(foreign), 'case')} of classes that were not fitted"
                names = listed(np.unique(foreign).tolist())
                console.say(f"Note: {many} ({names}) count as told wrongly.", quiet=quiet)
        groups = self.cases.n_cases if self.cases.groups is None else self.cases.groups
        board = pd.DataFrame({OURS: self.scores(labels, np.arange(self.cases.n_cases))}).T
        console.scoreboard(board, title, score_interval(lambda some: self.scores(labels, some), groups))

    def labels(self, where: str) -> np.ndarray | None:
        """Return what came of a classifier's cases, (cases,), or which labels, (cases, labels); else None."""
        if self.classes is None:
            return None
        return (
            rows_of(self.cases, self.classes, where) if self.tells_labels else labels_of(self.cases.y, where)
        )

    def scores(self, labels: np.ndarray | None, some: np.ndarray) -> dict[str, float]:
        """Return the scores over some of the cases, by their places. labels: as `labels` returns them."""
        if labels is not None and self.tells_labels:
            return label_scores(labels[some], self.told.values[some])
        if labels is not None and self.classes is not None:
            every = np.union1d(self.classes, labels)
            return class_scores(labels[some], every, among(self.classes, self.told.values[some], every))
        bounds = {level: each[some] for level, each in self.told.bounds.items()}
        return number_scores(self.cases.y[some].astype(np.float64), self.told.values[some], bounds)


def like_fitted(estimator: Classifier | Regressor, cases: Cases) -> str:
    """Return why y is nothing that the estimator tells; "" if it is."""
    fitted = estimator.ready("score")
    if fitted.tells_labels:
        return unlike_labels(cases, fitted.labels)
    like = np.empty((0, *fitted.target_shape)) if fitted.classes is None else fitted.labels
    return unlike(cases.y, like, classifies=fitted.classes is not None)


def unlike_labels(cases: Cases, labels: np.ndarray) -> str:
    """Return why y is not of these labels, of which several may hold; "" if it is."""
    try:
        rows_of(cases, labels, "y")
    except ValueError as error:
        return str(error)
    return ""


def unlike(y: np.ndarray, learned: np.ndarray, *, classifies: bool) -> str:
    """Return why y is not of the kind that was learned; "" if it is. learned: y, or the classes.

    >>> unlike(np.array(["a"]), np.array([0, 1]), classifies=True)
    'y holds text, but what was learned is numbers.'
    """
    kinds = ["text" if each.dtype.kind in "US" else "numbers" for each in (y, learned)]
    if kinds[0] != kinds[1]:
        return f"y holds {kinds[0]}, but what was learned is {kinds[1]}."
    if classifies:
        try:
            labels_of(y, "y")
        except ValueError as error:
            return str(error)
    elif y.shape[1:] != learned.shape[1:]:
        return f"y is {y.shape[1:]} per case, but what was learned is {learned.shape[1:]}."
    return ""
