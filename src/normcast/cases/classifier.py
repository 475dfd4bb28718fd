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
    """Tell the class of whole series, or labels of which several may hold, with calibrated probabilities.

    As classes, y holds a label for each case, of any type, or one-hot rows. As labels of which several may
    hold of a case, or none, y is (cases, labels) of 0 and 1, a frame of such columns, or a list of sets of
    names; each label has a probability of its own, and is told where that is above 0.5.

    `seeds` networks are trained, each from its own start, and the mean of their probabilities is told. Each
    holds out an eighth of the cases to stop by and another eighth to calibrate the probabilities by; of a
    class with fewer than 3 cases none is held out.

    Parameters
    ----------
    model : str, Architecture or keras.Model, default "auto"
        What classifies: "auto" (the preset lstm-fcn of one channel, mlstm-fcn of several), a preset's name
        (`normcast presets`), an `Architecture`, or a keras model from (batch, time, channels) to a number per
        class (softmax, or logits where its loss says so), or to one for the second of two classes (sigmoid);
        of labels, to a number each (sigmoid, or logits). A compiled model is trained as it was compiled.
    seeds : int, default 3
        Networks to train.
    seed : int, default 0
        The seed of the first network; the next ones have seed + 1, seed + 2, ...
    epochs : int, optional
        Epochs of each network at most; by default as many as 3,000 steps take, from 30 to 300.
    patience : int, "auto" or None, default "auto"
        Epochs without a better validation loss before a network stops. "auto" is a fifth of all, and 10 at
        least; with fewer than 256 cases it is None: train to the end, and hold nothing out for it.
    batch_size : int, optional
        Cases in one step of training; by default 8 below 128 cases, 16 below 256, else 32, and 32 for a keras
        model.
    learning_rate : float, optional
        Step size of the optimizer; by default as the preset or the compiled model says.
    optimizer : str or keras.optimizers.Optimizer, optional
        A name of Keras such as "adamw", or an optimizer, which stands for its settings; by default as the
        preset or the compiled model says.
    scaling : {"standard", "robust", "none"}, default "standard"
        How each channel is scaled from the training cases: by mean and standard deviation, by median and
        quartiles, or not at all.
    calibrate : bool or "auto", default "auto"
        Whether cases are held out to set the temperature of the probabilities; "auto" does from 256 cases on.
    class_weight : "balanced" or mapping, optional
        "balanced" makes rare classes count as much as others, and a label where it holds as much as
        elsewhere; a mapping gives a number for each class, as in {"rest": 1, "walk": 2}. By default each case
        counts the same.
    units : int, optional
        Units of a preset's recurrent layers; by default its own.
    filters : int, optional
        Filters of a preset's first convolution; by default its own.

    Attributes
    ----------
    fitted_ : Fitted or None
        What telling needs of what was learned, and what a file keeps. None before `fit`.
    learned_ : Learned or None
        Everything that the last `fit` learned, `trained` networks with their history among it. None before
        `fit`, and in a classifier that was loaded.

    Raises
    ------
    ValueError
        If a parameter cannot be.
    TypeError
        If the model is none.

    See Also
    --------
    Regressor : Numbers of whole series.
    normcast.cut_windows : Cut a long table into cases.
    normcast.load : Read a classifier that was saved.

    Notes
    -----
    The temperature of the probabilities is that of Guo et al. 2017, arXiv:1706.04599.

    Examples
    --------
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

        Labels whose columns have no names are numbers from 0.

        Raises
        ------
        AttributeError
            If it was not fitted.
        """
        if self.fitted_ is None:
            raise AttributeError("Classifier: classes_ is known after fit; call fit(X, y) first.")
        return self.fitted_.labels

    def told_of(self, cases: Cases) -> TaskName:
        """Return what is told of such cases: classes, or labels of which several may hold.

        Parameters
        ----------
        cases : Cases
            The cases.

        Returns
        -------
        {"classify", "label"}
            What y and model say.
        """
        return classified_as(cases, self.model)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class or label.

        Parameters
        ----------
        X : array (cases, time, channels), list, dict or Cases
            The series, as in `fit`.

        Returns
        -------
        array (cases, classes)
            Probabilities in the order of `classes_`. Those of classes sum to one; those of labels of which
            several may hold do not.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        ValueError
            If the cases are of another length or have other channels than those fitted.
        """
        return self.ready("predict_proba").probabilities(self.read(X, "predict_proba"))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each case, or which labels hold.

        Parameters
        ----------
        X : array (cases, time, channels), list, dict or Cases
            The series, as in `fit`.

        Returns
        -------
        array (cases,) or array (cases, labels)
            A class of `classes_` for each case; of labels 0 or 1 each, 1 where the probability is above 0.5.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        ValueError
            If the cases are of another length or have other channels than those fitted.
        """
        probabilities = self.ready("predict").probabilities(self.read(X, "predict"))
        if self.ready("predict").tells_labels:
            return told_labels(probabilities)
        return self.classes_[probabilities.argmax(axis=1)]

    def score(self, X: Any, y: Any = None) -> float:
        """Return the accuracy: the share of cases told right.

        Parameters
        ----------
        X : array (cases, time, channels), list, dict or Cases
            The series, as in `fit`.
        y : array (cases, ...), optional
            What came of each, unless X is `Cases`.

        Returns
        -------
        float
            From 0 to 1; of labels, the share of cases of which every label is told right.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        ValueError
            If y has a label that was not fitted.
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
