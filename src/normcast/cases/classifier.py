"""Classifier: classes or labels of whole series, by any network, with calibrated probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from normcast.artefact import Archive
from normcast.cases import saved
from normcast.cases.estimator import Estimator, estimator_of
from normcast.cases.evaluation import told_labels
from normcast.cases.inputs import with_fitted_axes
from normcast.cases.settings import AUTO
from normcast.cases.subject import TaskName, classified_as
from normcast.data import Cases
from normcast.errors import counted
from normcast.models.revival import Classes
from normcast.tasks.classify import labels_of
from normcast.tasks.label import rows_of


class Classifier(Estimator):
    """Tells the class of whole series: y holds a label for each case, of any type, or one-hot rows.

    Or labels of which several may hold of a case, or none: y is then (cases, labels) of 0 and 1, a frame of
    such columns, or a list of sets of names. Each label has a probability of its own, and is told where that
    is above 0.5.

    `seeds` networks are trained, each from its own start, and the mean of their probabilities is told. Each
    holds out an eighth of the cases to stop by and another eighth to calibrate the probabilities by; of a
    class with fewer than 3 cases none is held out.

    model: "auto", a preset's name (`normcast presets`), an `Architecture`, or a keras model from (batch,
    time, channels) to a number per class (softmax, or logits where its loss says so), or to one for the
    second of two classes (sigmoid); of labels, to a number each (sigmoid, or logits); a compiled one is
    trained as it was compiled. class_weight: "balanced", so that rare classes count as much as others, and a
    label where it holds as much as elsewhere; or a number for each class. calibrate: whether cases are held
    out to set the temperature of the probabilities (Guo et al. 2017, arXiv:1706.04599). The others: as
    in `Regressor`. Raises ValueError or TypeError for parameters that cannot be.

    >>> rng = np.random.default_rng(0)
    >>> y = np.array(["rest", "walk"])[np.arange(80) % 2]
    >>> X = rng.normal(size=(80, 12, 1)) + (y == "walk")[:, None, None]
    >>> classifier = Classifier("lstm", seeds=1, epochs=2).fit(X, y)
    >>> classifier.classes_.tolist(), classifier.predict_proba(X[:3]).shape
    (['rest', 'walk'], (3, 2))
    """

    kind: ClassVar[TaskName] = "classify"

    def __init__(
        self,
        model: Any = AUTO,
        *,
        seeds: int = 3,
        seed: int = 0,
        epochs: int | None = None,
        patience: int | str | None = AUTO,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        optimizer: Any = None,
        scaling: str = "standard",
        calibrate: bool | str = AUTO,
        class_weight: str | Mapping[Any, float] | None = None,
        units: int | None = None,
        filters: int | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        super().__init__(**given)

    @property
    def classes_(self) -> np.ndarray:
        """The classes, sorted, or the labels as y has them: the columns of `predict_proba`.

        Labels whose columns have no names are numbers from 0. Raises AttributeError before fit.
        """
        if self.fitted_ is None:
            raise AttributeError("Classifier: classes_ is known after fit; call fit(X, y) first.")
        return self.fitted_.labels

    def told_of(self, cases: Cases) -> TaskName:
        """Return what is told of such cases: classes, or labels of which several may hold."""
        return classified_as(cases, self.model)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, (cases, classes), in the order of `classes_`.

        Those of labels of which several may hold do not sum to one.

        X: as in `fit`. Raises RuntimeError before fit, ValueError for cases of another length or other
        channels than those fitted.
        """
        return self.ready("predict_proba").probabilities(self.read(X, "predict_proba"))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each case, (cases,); of labels 0 or 1 each, (cases, labels)."""
        probabilities = self.ready("predict").probabilities(self.read(X, "predict"))
        if self.ready("predict").tells_labels:
            return told_labels(probabilities)
        return self.classes_[probabilities.argmax(axis=1)]

    def score(self, X: Any, y: Any = None) -> float:
        """Return the accuracy, the share of cases told right; of labels, those of which every label is.

        Raises ValueError for a label that is unknown.
        """
        where = "Classifier.score"
        cases = self.cases_of(with_fitted_axes(X, self.ready("score"), where), y, None, None, where)
        if self.ready("score").tells_labels:
            return float((self.predict(cases) == rows_of(cases, self.classes_, where)).all(axis=1).mean())
        told, labels = self.predict(cases), labels_of(cases.y, where, cases.target_names)
        foreign = ~np.isin(labels, self.classes_)
        if foreign.any():
            first = int(np.flatnonzero(foreign)[0])
            raise ValueError(
                f"{where}: y has {counted(int(foreign.sum()), 'label')} that was not fitted, the first "
                f"{labels[first]!s} in case {first}; classes are {', '.join(map(str, self.classes_))}."
            )
        return float((told == labels).mean())


def read(archive: Archive, own: Classes | None = None) -> Estimator:
    """Return the classifier that is kept in a file; see `normcast.load`."""
    return estimator_of(saved.read(archive, own), Classifier)
