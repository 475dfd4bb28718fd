"""Regressor: numbers of whole series, by any network, with intervals that were calibrated on unseen cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from normcast.artefact import Archive
from normcast.cases import saved
from normcast.cases.calibration import LEVELS, intervals, refuse_level
from normcast.cases.estimator import Estimator, estimator_of
from normcast.cases.inputs import with_fitted_axes
from normcast.cases.settings import AUTO
from normcast.cases.subject import TaskName
from normcast.models.revival import Classes
from normcast.scoring import number_scores, supported


class Regressor(Estimator):
    """Tell numbers of whole series: of each case (time, channels) one, several, or some at each step.

    Channels are standardized from the training cases, and so are the targets where loss and head allow it.
    `seeds` networks are trained, each from its own start, and their mean is told. Each holds out an eighth of
    the cases to stop by and another eighth to calibrate the intervals by; others each, so that all cases
    train the ensemble. y is (cases,), (cases, outputs), or with a keras model that gives them (cases, time,
    outputs).

    Parameters
    ----------
    model : str, Architecture or keras.Model, default "auto"
        What tells the numbers: "auto" (the preset conv-lstm), a preset's name (`normcast presets`), an
        `Architecture`, or a keras model from (batch, time, channels) to what y holds for a case. A compiled
        model is trained as it was compiled.
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
        Whether cases are held out for intervals; "auto" does. With False there is no `predict_interval`.
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
        `fit`, and in a regressor that was loaded.

    Raises
    ------
    ValueError
        If a parameter cannot be.
    TypeError
        If the model is none.

    See Also
    --------
    Classifier : Classes and labels of whole series.
    normcast.cut_windows : Cut a long table into cases.
    normcast.load : Read a regressor that was saved.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 12, 1))
    >>> y = X[:, -1, 0]
    >>> regressor = Regressor("lstm", seeds=1, epochs=2).fit(X, y)
    >>> regressor.predict(X[:3]).shape, regressor.predict_interval(X[:3], level=[50])[50].shape
    ((3,), (3, 2))
    """

    kind: ClassVar[TaskName] = "regress"

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
        units: int | None = None,
        filters: int | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        super().__init__(**given)

    def predict(self, X: Any) -> np.ndarray:
        """Return what is told of each case.

        Parameters
        ----------
        X : array (cases, time, channels), list, dict or Cases
            The series, as in `fit`.

        Returns
        -------
        array (cases,), (cases, outputs) or (cases, time, outputs)
            Numbers in the shape and unit that y had.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        ValueError
            If the cases are of another length or have other channels than those fitted.
        """
        return self.ready("predict").numbers(self.read(X, "predict"))

    def predict_interval(self, X: Any, level: Sequence[float] | None = None) -> dict[float, np.ndarray]:
        """Return intervals around what is told of each case, calibrated on cases that trained nothing.

        Parameters
        ----------
        X : array (cases, time, channels), list, dict or Cases
            The series, as in `fit`.
        level : sequence of float, optional
            Levels in percent; by default 80 and 95, as far as the cases that were held out support them.

        Returns
        -------
        dict of float to array (cases, ..., 2)
            For each level the lower and upper bound of each number, in the unit of y.

        Raises
        ------
        RuntimeError
            If it was not fitted, or nothing was held out (calibrate=False).
        ValueError
            If a level was asked for that the cases held out do not support.

        Notes
        -----
        As wide as the errors were on cases that a network had not seen (split conformal, Vovk et al. 2005,
        over the networks): a new case that is like them is covered with about that probability; the mean of
        the networks errs less than one, so more often than less.
        """
        residuals = self._residuals("predict_interval")
        if level is None:
            level = supported(LEVELS, len(residuals))
        refuse_level(level, len(residuals), "Regressor.predict_interval")
        return intervals(self.predict(X), residuals, level)

    def _residuals(self, method: str) -> np.ndarray:
        residuals = self.ready(method).residuals
        if residuals is None:
            raise RuntimeError(
                "Regressor: no cases were held out to calibrate intervals by; fit with calibrate=True."
            )
        return residuals

    def score(self, X: Any, y: Any = None) -> float:
        """Return R2 of what is told: 1 is perfect, 0 as good as the mean of y.

        Parameters
        ----------
        X : array (cases, time, channels), list, dict or Cases
            The series, as in `fit`.
        y : array (cases, ...), optional
            What came of each, unless X is `Cases`.

        Returns
        -------
        float
            At most 1, without unit; below 0 is worse than the mean of y.

        Raises
        ------
        RuntimeError
            If it was not fitted.
        """
        where = "Regressor.score"
        cases = self.cases_of(with_fitted_axes(X, self.ready("score"), where), y, None, None, where)
        return number_scores(cases.y, self.predict(cases))["R2"]


def read(archive: Archive, own: Classes | None = None) -> Estimator:
    """Return the regressor that is kept in a file; see `normcast.load`."""
    return estimator_of(saved.read(archive, own), Regressor)
