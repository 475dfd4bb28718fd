"""Settings: everything an estimator of cases was asked for, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from normcast.engine import Training
from normcast.errors import at_least_one, one_of
from normcast.models import Architecture, preset
from normcast.tasks.subject import NetworkLike, architecture_of
from normcast.windows.scaling import KINDS

AUTO = "auto"


STEPS = 3_000
"""So many steps a network trains at most where nobody says how many epochs."""


def usual_epochs(cases: int, batch_size: int) -> int:
    """Return the epochs that make about 3,000 steps, from 30 to 500.

    >>> usual_epochs(60, 32), usual_epochs(1_000, 32), usual_epochs(100_000, 32)
    (500, 93, 30)
    """
    return min(500, max(30, STEPS // -(-cases // batch_size)))


@dataclass(frozen=True)
class Settings:
    """What was asked for; see `Regressor` and `Classifier` for the meaning of each. where: the class."""

    where: str
    model: Any = AUTO
    seeds: int = 3
    seed: int = 0
    epochs: int | None = None
    patience: int | str | None = AUTO
    batch_size: int = 32
    learning_rate: float | None = None
    optimizer: Any = None
    scaling: str = "standard"
    calibrate: bool = True
    units: int | None = None
    filters: int | None = None
    class_weight: str | Mapping[Any, float] | None = None

    def __post_init__(self) -> None:
        for name in ("seeds", "batch_size"):
            at_least_one(self.where, name, getattr(self, name))
        for name in ("epochs", "patience", "units", "filters"):
            if getattr(self, name) not in (None, AUTO if name == "patience" else None):
                at_least_one(self.where, name, getattr(self, name))
        one_of(self.where, "scaling", self.scaling, KINDS)
        if not isinstance(self.model, str | Architecture | keras.Model):
            raise TypeError(
                f"{self.where}: model is {self.model!r}; give a preset's name, an Architecture or a keras "
                "model."
            )
        if isinstance(self.model, str) and self.model != AUTO:
            preset(self.model)
        if self.class_weight != "balanced" and not isinstance(self.class_weight, Mapping | None):
            raise ValueError(
                f"{self.where}: class_weight is {self.class_weight!r}, but must be 'balanced', a number for "
                "each class, as in {'rest': 1, 'walk': 2}, or None."
            )
        self._refuse_sizes()

    def _refuse_sizes(self) -> None:
        """Raise ValueError for sizes of a network that is not ours to size."""
        for name in ("units", "filters"):
            if getattr(self, name) is not None and isinstance(self.model, keras.Model):
                raise ValueError(
                    f"{self.where}: {name} is {getattr(self, name)}, but model {self.model.name!r} is a "
                    "keras "
                    "model, whose sizes are its own. Leave it out."
                )

    def named(self, automatic: str) -> NetworkLike:
        """Return the network that was asked for; automatic: the preset that "auto" means."""
        return automatic if isinstance(self.model, str) and self.model == AUTO else self.model

    def sized(self, network: NetworkLike) -> NetworkLike:
        """Return a network of ours in the sizes asked for."""
        if self.units is None and self.filters is None:
            return network
        return architecture_of(network).resized(units=self.units, filters=self.filters)

    def trained(self, training: Training, cases: int) -> Training:
        """Return a training with what was asked for. cases: how many there are, which chooses the epochs."""
        epochs = self.epochs or usual_epochs(cases, self.batch_size)
        patience = max(10, epochs // 5) if isinstance(self.patience, str) else self.patience
        given = {"optimizer": self.optimizer, "learning_rate": self.learning_rate}
        return replace(
            training,
            **{name: value for name, value in given.items() if value is not None},
            epochs=epochs,
            patience=patience,
            batch_size=self.batch_size,
            seed=self.seed,
        )

    def weights_of(self, classes: np.ndarray, counts: np.ndarray) -> np.ndarray | None:
        """Return how much a case of each class counts, (classes,), 1 in the mean over cases, or None.

        Raises ValueError for a class that is not weighed, or is not there.
        """
        if self.class_weight is None:
            return None
        if isinstance(self.class_weight, Mapping):
            given = {str(name): float(weight) for name, weight in self.class_weight.items()}
            names = [str(each) for each in classes]
            if set(given) != set(names) or min(given.values()) <= 0:
                raise ValueError(
                    f"{self.where}: class_weight names {', '.join(given)}, but must give each class a number "
                    f"above 0; classes are {', '.join(names)}."
                )
            weights = np.array([given[name] for name in names])
        else:
            weights = counts.sum() / (len(counts) * counts)
        return weights * counts.sum() / (weights * counts).sum()
