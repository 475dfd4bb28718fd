"""RegressTask: numbers told of whole series, in folds that keep their range even and groups together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from normcast.tasks.case_task import CaseTask, Pair
from normcast.tasks.task import Measured

STRATA = 20
"""Cases that lie together in the order of their targets, of which each part gets its share."""


@dataclass(frozen=True, eq=False)
class RegressTask(CaseTask):
    """Cases with numbers: y (cases,), (cases, outputs) or, for each step, (cases, time, outputs).

    scales_target: whether networks learn targets less their mean, over their spread in the training cases,
    per output; scores are in that spread in any case. scaling: as in `CaseTask`.
    Raises ValueError for targets that are no numbers or never change.
    """

    scales_target: bool = True

    def __post_init__(self) -> None:
        y = self.cases.y
        if y.dtype.kind not in "iufb":
            raise ValueError(
                f"{self.where}: y is of {y.dtype}, but a regression needs numbers. Make them such, as with "
                "y.astype(float)."
            )
        if (self.y == self.y[:1]).all():
            raise ValueError(f"{self.where}: y is the same for all cases; there is nothing to learn.")

    @cached_property
    def y(self) -> np.ndarray:
        """The targets, (cases, ..., outputs)."""
        return self.cases.y.astype(np.float64).reshape(len(self.cases.y), *(self.cases.y.shape[1:] or (1,)))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The root of the mean squared error decides, since the mean is what is told."""
        return ("rmse", "mae")

    @property
    def output_shape(self) -> tuple[int, ...]:
        """What a network must give for one case."""
        return self.y.shape[1:]

    @property
    def default_loss(self) -> None:
        """Whatever preset or user say."""
        return None

    @property
    def strata(self) -> np.ndarray:
        """Each part gets its share of low and high targets: cases that follow one another in their order."""
        level = self.y.reshape(len(self.y), -1).mean(axis=1)
        rank = np.empty(len(level), int)
        rank[np.argsort(level, kind="stable")] = np.arange(len(level))
        return rank // STRATA

    def scale(self, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and spread of each output in the training cases; a spread of 0 counts as 1."""
        y = self.y[train].reshape(-1, self.y.shape[-1])
        spread = y.std(axis=0)
        return y.mean(axis=0), np.where(spread > 0, spread, 1.0)

    def learned(self, train: np.ndarray) -> np.ndarray:
        """Return the targets as networks learn them."""
        mean, spread = self.scale(train)
        return (self.y - mean) / spread if self.scales_target else self.y

    def scored(self, places: dict[str, np.ndarray]) -> Callable[[np.ndarray, str], Measured]:
        """Return what takes outputs and the name of a part; errors are in the spread of training cases."""
        _, spread = self.scale(places["train"])
        targets = self.learned(places["train"])

        def scored(outputs: np.ndarray, part: str) -> Measured:
            errors = outputs.astype(np.float64) - targets[places[part]]
            errors = errors if self.scales_target else errors / spread
            return {"rmse": float(np.sqrt(np.mean(errors**2))), "mae": float(np.abs(errors).mean())}

        return scored

    def compared(self, places: dict[str, np.ndarray]) -> Callable[[np.ndarray, str], Pair]:
        """Return what takes outputs and the name of a part, and returns targets and outputs in their unit."""
        mean, spread = self.scale(places["train"]) if self.scales_target else (0.0, 1.0)
        return lambda outputs, part: (self.y[places[part]], outputs.astype(np.float64) * spread + mean)

    def as_outputs(self, values: np.ndarray, train: np.ndarray) -> np.ndarray:
        """Return numbers in their own unit as a network gives them; train: as in `learned`."""
        values = values.reshape(len(values), *self.output_shape)
        mean, spread = self.scale(train)
        return (values - mean) / spread if self.scales_target else values

    def describe(self) -> dict[str, Any]:
        """Return the facts of the cases and their cutting."""
        outputs = " x ".join(map(str, self.output_shape))
        told = {"task": "regress", "outputs": outputs, "target scaled": self.scales_target}
        return {**told, **self.facts(self.y)}
