"""Estimator: what Regressor and Classifier share: parameters in the manner of scikit-learn, fit, doors."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np

from normcast.cases import saved
from normcast.cases.evaluation import Evaluation, evaluated
from normcast.cases.fitted import Fitted
from normcast.cases.inputs import as_fitted, with_fitted_axes
from normcast.cases.learned import Learned, Lesson, learn
from normcast.cases.settings import Settings
from normcast.cases.subject import TaskName
from normcast.data import Cases
from normcast.data.case_input import cases_in
from normcast.engine.progress import Reports, reporting
from normcast.engine.trained import Recorded
from normcast.errors import listed, unknown
from normcast.sheet import Sheet, Shown, brief, call


class Estimator(Shown, Recorded):
    """Parameters, fit and save of `Regressor` and `Classifier`."""

    kind: ClassVar[TaskName]
    model: Any

    def __init__(self, **given: Any) -> None:
        for name, value in given.items():
            setattr(self, name, value)
        self.learned_: Learned | None = None
        self.fitted_: Fitted | None = None
        self.read_: keras.Model | None = None
        self.settings  # noqa: B018  (raises for what cannot be)

    @property
    def settings(self) -> Settings:
        """The parameters, checked."""
        return Settings(where=type(self).__name__, **self.get_params())

    # ---- parameters, as scikit-learn asks for them

    @classmethod
    def parameters(cls) -> list[str]:
        """Return the names of the parameters.

        Returns
        -------
        list of str
            The names, in the order of the class.
        """
        return [name for name in signature(cls).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, as scikit-learn asks for them.

        Parameters
        ----------
        deep : bool, default True
            The word of scikit-learn; it changes nothing here.

        Returns
        -------
        dict of str to Any
            The parameters as they were given.
        """
        return {name: getattr(self, name) for name in self.parameters()}

    def set_params(self, **given: Any) -> Self:
        """Change parameters; what was fitted stays until the next fit.

        Parameters
        ----------
        **given : Any
            New values by name.

        Returns
        -------
        Regressor or Classifier
            Itself.

        Raises
        ------
        ValueError
            If a parameter is not known, or a value cannot be; then nothing is changed.
        TypeError
            If the model is none.
        """
        for name in given:
            if name not in self.parameters():
                raise ValueError(unknown("parameter", name, self.parameters(), where=type(self).__name__))
        before = self.get_params()
        for name, value in given.items():
            setattr(self, name, value)
        try:
            self.settings  # noqa: B018  (raises for what cannot be)
        except (TypeError, ValueError):
            for name, value in before.items():
                setattr(self, name, value)
            raise
        return self

    def __sklearn_clone__(self) -> Self:
        """Return an estimator of these parameters that is not fitted; a keras model is shared."""
        return type(self)(**self.get_params())

    def __sklearn_is_fitted__(self) -> bool:
        """Say whether fit was called."""
        return self.fitted_ is not None

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of an estimator; only it calls this."""
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

        classifies = self.kind == "classify"
        return Tags(
            estimator_type="classifier" if classifies else "regressor",
            target_tags=TargetTags(required=True, multi_output=not classifies),
            classifier_tags=ClassifierTags(multi_label=True) if classifies else None,
            regressor_tags=None if classifies else RegressorTags(),
            input_tags=InputTags(two_d_array=True, three_d_array=True),
        )

    def __repr__(self) -> str:
        """Return the parameters that are not as they are by default."""
        return call(type(self).__name__, self._changed())

    def _changed(self) -> dict[str, Any]:
        """Return the parameters that are not as they are by default, networks by their name."""
        usual = {name: each.default for name, each in signature(type(self)).parameters.items()}
        return {
            name: getattr(value, "name", value)
            for name, value in self.get_params().items()
            if value is not usual[name] and value != usual[name]
        }

    def _sheet(self) -> Sheet:
        facts = {name: brief(value) for name, value in self._changed().items()}
        if self.fitted_ is None:
            return Sheet(type(self).__name__, ", not fitted: call fit(X, y)", facts)
        facts |= self.fitted_.describe()
        if self.learned_ is not None:
            facts |= {"network": self.learned_.subject.name, "fitted on": self.learned_.task.cases.extent}
        return Sheet(type(self).__name__, ", fitted", facts)

    # ---- what both do

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        groups: Any = None,
        times: Any = None,
        progress: Reports = True,
        record: int | None = None,
    ) -> Self:
        """Learn from cases.

        Parameters
        ----------
        X : array (cases, time, channels), list, dict or Cases
            The series of all cases. (cases, time) is one channel; a list has series (time, channels) of
            different lengths. Where a keras model has several inputs it is a dict by their names, of such
            arrays and of arrays (cases, columns). `Cases` hold y, groups and times as well.
        y : array (cases, ...), optional
            What is to be told of each case; see the class. It is missing only where X is `Cases`.
        groups : array (cases,), optional
            What must not be split between parts, such as the subject of each case.
        times : array (cases,), optional
            When each case was, as numbers or datetime64: held out are then the last.
        progress : bool or callable, default True
            True shows a line on the terminal or in the notebook, False none; a function is called with
            `engine.Progress`.
        record : int, optional
            How many training cases are looked at after each epoch, so that `flow_` tells what gradients and
            gates did; none by default. What is learned is the same, bit for bit.

        Returns
        -------
        Regressor or Classifier
            Itself, fitted.

        Raises
        ------
        ValueError
            If the cases cannot be learned from; the message has the place in them.
        RuntimeError
            If the model is a keras model that was loaded and is not compiled.
        """
        self._refuse_record(record)
        cases = self.cases_of(X, y, groups, times, type(self).__name__)
        self._refuse_untold()
        with reporting(progress) as report:
            lesson = Lesson.of(cases, self.told_of(cases), self.settings, record=record)
            self.learned_ = learn(lesson, report)
        self.fitted_ = self.learned_.fitted
        return self

    def told_of(self, cases: Cases) -> TaskName:
        """Return what is told of such cases.

        Parameters
        ----------
        cases : Cases
            The cases.

        Returns
        -------
        {"regress", "classify", "label"}
            Numbers, one class each, or labels of which several may hold.
        """
        return self.kind

    def _refuse_untold(self) -> None:
        """Raise RuntimeError for a keras model that a file kept without what it is to be trained with."""
        if self.model is self.read_ and not self.read_.compiled:
            raise RuntimeError(
                f"{type(self).__name__}: was loaded, and a file keeps no loss and no optimizer of a keras "
                "model. "
                "Compile the model again, as in estimator.model.compile('adam', 'mse'), or set another one."
            )

    def cases_of(self, X: Any, y: Any, groups: Any, times: Any, where: str) -> Cases:
        """Return checked cases, of which something is told.

        Parameters
        ----------
        X : array (cases, time, channels), list, dict or Cases
            The series, as in `fit`.
        y : array (cases, ...) or None
            What is told of each.
        groups : array (cases,) or None
            What must not be split.
        times : array (cases,) or None
            When each case was.
        where : str
            What messages call the place.

        Returns
        -------
        Cases
            The cases.

        Raises
        ------
        ValueError
            If y is missing, or X is `Cases` which hold already what is given beside them.
        """
        if not isinstance(X, Cases):
            if y is None:
                raise ValueError(f"{where}: y is missing; give what is to be learned of each case.")
            return Cases.of(X, y, groups, times, where=where)
        beside = {"y": y, "groups": groups, "times": times}
        twice = [name for name, each in beside.items() if each is not None]
        if twice:
            raise ValueError(
                f"{where}: X is Cases, which hold what is told of them, and {listed(twice)} is given beside "
                f"it. Leave it out, or change the cases: dataclasses.replace(cases, {twice[0]}=...)."
            )
        if not X.is_told:
            raise ValueError(f"{where}: X is Cases of which nothing is told; read them with their y.")
        return X

    def evaluate(
        self,
        X: Any,
        y: Any = None,
        *,
        groups: Any = None,
        times: Any = None,
        folds: int = 5,
        progress: Reports = True,
    ) -> Evaluation:
        """Train and score anew in folds, beside baselines in the same folds; the estimator stays as it is.

        Groups are never split. With times each fold is tested on later cases than it was trained on, and
        cases that share rows with them are left out. Else each fold has its share of each class, or of low
        and high numbers.

        Parameters
        ----------
        X : array (cases, time, channels), list, dict or Cases
            The series, as in `fit`.
        y : array (cases, ...), optional
            What came of each, as in `fit`.
        groups : array (cases,), optional
            What must not be split, as in `fit`.
        times : array (cases,), optional
            When each case was, as in `fit`.
        folds : int, default 5
            How many parts are tested; so often `seeds` networks are trained.
        progress : bool or callable, default True
            As in `fit`.

        Returns
        -------
        Evaluation
            What was told of every tested case, by network and baselines, with `scoreboard()`.

        Raises
        ------
        ValueError
            If the cases cannot be learned from, or not be split so often.
        """
        cases = self.cases_of(X, y, groups, times, f"{type(self).__name__}.evaluate")
        return evaluated(self.told_of(cases), self.settings, cases, folds, progress)

    def read(self, X: Any, method: str) -> Cases:
        """Return cases to tell of, in the form of those fitted.

        Parameters
        ----------
        X : array (cases, time, channels), list, dict or Cases
            The series, as in `fit`.
        method : str
            Who asks, for messages.

        Returns
        -------
        Cases
            The cases, in length and channels as those fitted.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        ValueError
            If the cases are of another form.
        """
        fitted, where = self.ready(method), f"{type(self).__name__}.{method}"
        X = with_fitted_axes(X, fitted, where)
        cases = X if isinstance(X, Cases) else Cases.of(X, np.zeros(cases_in(X)), where=where)
        return as_fitted(cases, fitted, where)

    def ready(self, method: str) -> Fitted:
        """Return what was fitted.

        Parameters
        ----------
        method : str
            Who asks, for the message.

        Returns
        -------
        Fitted
            What telling needs of what was learned.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        """
        if self.fitted_ is None:
            name = type(self).__name__
            raise RuntimeError(f"{name}: {method} was called before fit; call fit(X, y) first.")
        return self.fitted_

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to one file, which `normcast.load` reads.

        The file holds data alone, no code. It appears whole or not at all.

        Parameters
        ----------
        path : str or Path
            Where it is written; the usual ending is .normcast.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        OSError
            If the path cannot be written.
        """
        saved.write(saved.Kept(self.settings, self.ready("save")), path)


def estimator_of(kept: saved.Kept, kind: type[Estimator]) -> Estimator:
    """Return the estimator that is kept in a file."""
    settings = kept.settings
    estimator = kind(**{name: getattr(settings, name) for name in kind.parameters()})
    estimator.fitted_ = kept.fitted
    estimator.read_ = estimator.model if isinstance(estimator.model, keras.Model) else None
    return estimator
