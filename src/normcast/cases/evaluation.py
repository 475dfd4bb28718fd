"""Evaluation: an estimator in folds without leaks, beside baselines in the same folds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from normcast.cases.baselines import candidates_of, told_by_candidate
from normcast.cases.calibration import LEVELS, intervals
from normcast.cases.learned import LEAST, Learned, Lesson, learn_each
from normcast.cases.settings import Settings
from normcast.cases.subject import Asked, TaskName
from normcast.data import Cases
from normcast.engine import Trained
from normcast.engine.compiled import compiled_metrics
from normcast.engine.progress import Reports, reporting
from normcast.errors import at_least_one
from normcast.scoring import (
    THRESHOLD,
    beside,
    class_scores,
    label_scores,
    measured,
    number_scores,
    score_interval,
    supported,
)
from normcast.sheet import Sheet, Shown, Table
from normcast.tasks import ClassHead, ClassifyTask, LabelTask, RegressTask
from normcast.tasks.holdout import Holdout
from normcast.tasks.parts import parts_once

OURS = "normcast"


@dataclass(frozen=True, eq=False)
class Told:
    """What one model told of the tested cases.

    Parameters
    ----------
    values : array (tested, ...)
        Numbers in the shape of the target, or probabilities (tested, classes), of labels each by itself.
    bounds : mapping of float to array (tested, ..., 2)
        Of numbers the lower and upper bound, by level in percent.
    """

    values: np.ndarray
    bounds: Mapping[float, np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Shown):
    """What was told of cases that were not trained on, by model, the network first.

    `Regressor.evaluate` and `Classifier.evaluate` return it; `print` shows the scores,
    `normcast.write_report` draws its page.

    Parameters
    ----------
    kind : {"regress", "classify", "label"}
        What was told: numbers, one class each, or labels of which several may hold.
    tested : array (tested,)
        The cases that were tested, by their number from 0.
    fold : array (tested,)
        The fold in which each was tested, from 0.
    actual : array (tested, ...)
        What came of each; of labels whether each holds.
    classes : array (classes,) or None
        The classes or labels; None of numbers.
    groups : array (tested,) or None
        The group of each tested case, if there are groups.
    split : {"groups", "time", "chance"}
        What keeps the folds apart.
    network : str
        The name of the network.
    told : mapping of str to Told
        What each model told, the network as "normcast" first: `values`, and of numbers the interval `bounds`
        by level.
    trained : tuple of tuple of Trained
        The networks of each fold, with their history.
    cases : Cases
        All cases that were given.
    settings : Settings
        The settings of the estimator.
    metrics : tuple, default ()
        The metrics that a keras model was compiled with.
    head : ClassHead or None, default None
        Of a classifier, what those metrics compare.

    Examples
    --------
    >>> cases = Cases.of(np.zeros((4, 3, 1)), y=np.arange(4.0))
    >>> told = {"normcast": Told(values=np.array([0.0, 1.0, 2.0, 4.0]), bounds={})}
    >>> evaluation = Evaluation("regress", tested=np.arange(4), fold=np.array([0, 0, 1, 1]), actual=cases.y,
    ...                         classes=None, groups=None, split="chance", network="lstm", told=told,
    ...                         trained=(), cases=cases, settings=Settings("Regressor"))
    >>> print(evaluation.scoreboard().round(2))
               MAE  RMSE   R2
    normcast  0.25   0.5  0.8
    """

    kind: str
    tested: np.ndarray
    fold: np.ndarray
    actual: np.ndarray
    classes: np.ndarray | None
    groups: np.ndarray | None
    split: str
    network: str
    told: Mapping[str, Told]
    trained: tuple[tuple[Trained, ...], ...]
    cases: Cases
    settings: Settings
    metrics: tuple[Any, ...] = ()
    head: ClassHead | None = None

    @property
    def tells_labels(self) -> bool:
        """Whether several labels may hold of a case, or none."""
        return self.kind == "label"

    def scores(self, model: str = OURS, cases: np.ndarray | None = None) -> dict[str, float]:
        """Return the scores of a model by name.

        Parameters
        ----------
        model : str, default "normcast"
            A name of `told`: the network, or a baseline.
        cases : array of int, optional
            Positions among the tested cases to score on; by default all.

        Returns
        -------
        dict of str to float
            The scores, as `normcast.scoring` defines them: of numbers in the unit of y.
        """
        told = self.told[model]
        some = slice(None) if cases is None else cases
        if self.tells_labels:
            return label_scores(self.actual[some], told.values[some])
        if self.classes is not None:
            return class_scores(self.actual[some], self.classes, told.values[some])
        bounds = {level: each[some] for level, each in told.bounds.items()}
        return number_scores(self.actual[some], told.values[some], bounds)

    def compiled(self, model: str = OURS) -> dict[str, float]:
        """Return what the metrics that the network was compiled with say of a model.

        Numbers are compared in the unit of the target; of classes, what the loss takes with what the network
        gives, probabilities or logits.

        Parameters
        ----------
        model : str, default "normcast"
            A name of `told`: the network, or a baseline.

        Returns
        -------
        dict of str to float
            The metrics by Keras' names, empty without any. A name that is a score's already is told as "name
            (compiled)".
        """
        if not self.metrics:
            return {}
        actual, told = outputs_of(self.actual), outputs_of(self.told[model].values)
        if self.head is not None and self.classes is not None:
            hot = actual if self.tells_labels else actual == self.classes
            actual, told = self.head.targets(hot), self.head.outputs(told)
        return beside(measured(self.metrics, actual, told), taken=self.scores(model))

    def interval(self, model: str = OURS, level: float = 95) -> dict[str, tuple[float, float]]:
        """Return a bootstrap interval of each score, over tested cases or groups of them drawn again.

        Parameters
        ----------
        model : str, default "normcast"
            A name of `told`: the network, or a baseline.
        level : float, default 95
            How sure the interval is, in percent.

        Returns
        -------
        dict of str to tuple of float
            The lower and upper bound of each score.
        """
        which = len(self.tested) if self.groups is None else self.groups
        return score_interval(lambda some: self.scores(model, some), which, level=level)

    def scoreboard(self) -> pd.DataFrame:
        """Return the scores of all models and the compiled metrics.

        Returns
        -------
        pandas.DataFrame
            A row for each model, the network first, a column for each score.
        """
        return pd.DataFrame({name: {**self.scores(name), **self.compiled(name)} for name in self.told}).T

    @property
    def table(self) -> pd.DataFrame:
        """What was told of each tested case: number, id, fold and group, what came, a column per model."""
        named = {} if self.cases.ids is None else {"id": self.cases.ids[self.tested]}
        columns: dict[str, Any] = {"case": self.tested, **named, "fold": self.fold}
        if self.groups is not None:
            columns["group"] = self.groups
        if self.classes is not None and self.tells_labels:
            told = {name: told_labels(each.values) for name, each in self.told.items()}
            told = {"actual": self.actual, **told}
            return pd.DataFrame({**columns, **of_each_label(told, self.classes)})
        if self.classes is not None:
            columns["actual"] = self.actual
            told = {name: self.classes[each.values.argmax(axis=1)] for name, each in self.told.items()}
            return pd.DataFrame({**columns, **told})
        flat = {"actual": self.actual, **{name: each.values for name, each in self.told.items()}}
        for name, values in flat.items():
            rows = values.reshape(len(values), -1)
            several = rows.shape[1] > 1
            columns |= {f"{name}-{i + 1}" if several else name: rows[:, i] for i in range(rows.shape[1])}
        return pd.DataFrame(columns)

    def _sheet(self) -> Sheet:
        counts = f"{len(self.tested)} cases in {self.fold.max() + 1} folds, split by {self.split}"
        return Sheet(
            "Evaluation", f" of {self.network!r}: {counts}", table=Table.of_scores(self.scoreboard())
        )


def told_labels(probabilities: np.ndarray) -> np.ndarray:
    """Return whether each label is told to hold, (cases, labels) of 0 and 1."""
    return (probabilities > THRESHOLD).astype(int)


def of_each_label(told: Mapping[str, np.ndarray], labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return columns "name-label" of what (cases, labels) hold, as 0 and 1.

    >>> of_each_label({"actual": np.array([[True, False]])}, np.array(["rain", "wind"]))
    {'actual-rain': array([1]), 'actual-wind': array([0])}
    """
    return {
        f"{name}-{label}": values[:, k].astype(int)
        for name, values in told.items()
        for k, label in enumerate(labels)
    }


def outputs_of(values: np.ndarray) -> np.ndarray:
    """Return one value per case, (cases,), as a network gives it, (cases, 1); others as they are."""
    return values[:, None] if values.ndim == 1 else values


def evaluated(kind: TaskName, settings: Settings, cases: Cases, folds: int, progress: Reports) -> Evaluation:
    """Return the evaluation of an estimator of these settings; see `Estimator.evaluate`."""
    at_least_one(f"{settings.where}.evaluate", "folds", folds)
    asked = Asked(folds, settings.scaling, where=f"{settings.where}.evaluate")
    task = asked.task(cases, kind)
    parts = parts_once(cases, task.strata, folds, task.where)
    if isinstance(task, LabelTask):
        for number in range(folds):
            train = parts.tested(number)[0]
            task.refuse_constant(train, LEAST, f"{task.where}: fold {number + 1} of {folds}")
    parted = [parts.tested(number) for number in range(folds)]
    lessons = (Lesson.of(cases.at(train), kind, settings, parts.embargo) for train, _ in parted)
    told, learned_in = [], []
    with reporting(progress) as report:
        for (train, test), learned in zip(parted, learn_each(lessons, folds, report), strict=True):
            told.append(dict(models_of(learned, task, train, test)))
            learned_in.append(learned)
    return joined(kind, task, [test for _, test in parted], told, learned_in)


def models_of(
    learned: Learned, task: ClassifyTask | RegressTask, train: np.ndarray, test: np.ndarray
) -> Iterator[tuple[str, Told]]:
    """Yield what network and baselines tell of the tested cases.

    train, test: positions in the task's cases.
    """
    fitted, unseen = learned.fitted, task.cases.at(test)
    held = [Holdout(*(train[each] for each in hold.places.values())) for hold in learned.held]
    if isinstance(task, ClassifyTask):
        told = fitted.probabilities(unseen)
        told = told if fitted.tells_labels else among(fitted.labels, told, task.classes)
        yield OURS, Told(told, {})
        for each in candidates_of(task):
            yield each.name, Told(told_by_candidate(each, task, train, test), {})
        return
    yield OURS, numbers_told(fitted.numbers(unseen), fitted.residuals)
    y = task.cases.y.astype(np.float64)
    for each in candidates_of(task):
        errors = [
            y[hold.calib]
            - told_by_candidate(each, task, np.concatenate([hold.train, hold.valid]), hold.calib)
            for hold in held
            if len(hold.calib)
        ]
        values = told_by_candidate(each, task, train, test)
        yield each.name, numbers_told(values, np.concatenate(errors) if errors else None)


def numbers_told(values: np.ndarray, residuals: np.ndarray | None) -> Told:
    """Return numbers with the intervals that errors on unseen cases support."""
    if residuals is None:
        return Told(values, {})
    return Told(values, intervals(values, residuals, supported(LEVELS, len(residuals))))


def among(own: np.ndarray, probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return probabilities of own classes as those of all, zero where a class was not trained on."""
    told = np.zeros((len(probabilities), len(classes)))
    told[:, np.searchsorted(classes, own)] = probabilities
    return told


def joined(
    kind: TaskName,
    task: ClassifyTask | RegressTask,
    parts: Sequence[np.ndarray],
    told: Sequence[Mapping[str, Told]],
    learned: Sequence[Learned],
) -> Evaluation:
    """Return the folds as one evaluation."""
    tested, cases, settings = np.concatenate(parts), task.cases, learned[0].settings
    return Evaluation(
        kind=kind,
        tested=tested,
        fold=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        actual=task.actual[tested] if isinstance(task, ClassifyTask) else cases.y[tested].astype(np.float64),
        classes=task.classes if isinstance(task, ClassifyTask) else None,
        groups=None if cases.groups is None else cases.groups[tested],
        split=task.split,
        network=learned[0].subject.name,
        told={name: one_of_folds([each[name] for each in told], len(tested)) for name in told[0]},
        trained=tuple(each.trained for each in learned),
        cases=cases,
        settings=settings,
        metrics=compiled_metrics(settings.model) if settings.is_own else (),
        head=learned[0].fitted.head,
    )


def one_of_folds(told: Sequence[Told], tested: int) -> Told:
    """Return what a model told in all folds; a level that some fold did not support is left out."""
    levels = [level for level in told[0].bounds if all(level in each.bounds for each in told)]
    bounds = {level: np.concatenate([each.bounds[level] for each in told]) for level in levels}
    return Told(
        np.concatenate([each.values for each in told]).reshape(tested, *told[0].values.shape[1:]), bounds
    )
