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
    """Tells numbers of whole series: of each case (time, channels) one, several, or some at each step.

    Channels are standardized from the training cases, and so are the targets where loss and head allow it.
    `seeds` networks are trained, each from its own start, and their mean is told. Each holds out an eighth of
    the cases to stop by and another eighth to calibrate the intervals by; others each, so that all cases
    train the ensemble.

    model: "auto", a preset's name (`normcast presets`), an `Architecture`, or a keras model from (batch,
    time, channels) to what y holds for a case; a compiled one is trained as it was compiled. seeds: networks,
    from `seed` on. epochs: by default as many as 3,000 steps take, from 30 to 300; patience: epochs without a
    better validation loss before a network stops, by default a fifth of all; None trains to the end and holds
    nothing out for it. batch_size, learning_rate, optimizer: training, by default as the preset or the
    compiled model says. scaling: "standard", "robust" or "none" of the inputs. calibrate: whether cases are
    held out for intervals. units, filters: sizes of a preset's recurrent layers and its first convolution.
    Raises ValueError or TypeError for parameters that cannot be.

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
        """Return what is told of each case, in the shape that y had: (cases,), (cases, outputs), ...

        X: as in `fit`. Raises RuntimeError before fit, ValueError for cases of another length or other
        channels than those fitted.
        """
        return self.ready("predict").numbers(self.read(X, "predict"))

    def predict_interval(self, X: Any, level: Sequence[float] | None = None) -> dict[float, np.ndarray]:
        """Return for each level (percent) the lower and upper bound of each number, (cases, ..., 2).

        level: by default 80 and 95, as far as the cases that were held out support them. A level asked for
        that they do not support raises ValueError. As wide as the errors were on cases that a network had
        not seen (split conformal, Vovk et al. 2005, over the networks): a new case that is like them is
        covered with about that probability; the mean of the networks errs less than one, so more often than
        less. Raises RuntimeError where nothing was held out (calibrate=False).
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
        """Return R2 of the predictions: 1 is perfect, 0 as good as the mean of y."""
        where = "Regressor.score"
        cases = self.cases_of(with_fitted_axes(X, self.ready("score"), where), y, None, None, where)
        return number_scores(cases.y, self.predict(cases))["R2"]


def read(archive: Archive, own: Classes | None = None) -> Estimator:
    """Return the regressor that is kept in a file; see `normcast.load`."""
    return estimator_of(saved.read(archive, own), Regressor)
