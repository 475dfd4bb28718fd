"""Settings: everything an estimator of cases was asked for, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from normcast.cases.choice import Choice
from normcast.engine import Training
from normcast.engine.compiled import with_optimizer
from normcast.errors import at_least_one, one_of
from normcast.models import Architecture, preset
from normcast.tasks.subject import NetworkLike, architecture_of
from normcast.windows.scaling import KINDS

AUTO = "auto"


STEPS = 3_000
"""So many steps a network trains where nobody says how many epochs, of few cases."""
FEW = 256
"""Fewer cases leave too few to stop by: an eighth of them says less than the end of a falling rate."""


def usual_batch(cases: int) -> int:
    """Return the batch size for so many cases: 32, smaller where an epoch would have a step or two.

    >>> usual_batch(40), usual_batch(150), usual_batch(5_000)
    (8, 16, 32)
    """
    return 8 if cases < FEW // 2 else 16 if cases < FEW else 32


def usual_epochs(cases: int, batch_size: int) -> int:
    """Return the epochs that make about 3,000 steps, from 30 to 300.

    >>> usual_epochs(60, 8), usual_epochs(1_000, 32), usual_epochs(100_000, 32)
    (300, 93, 30)
    """
    return min(300, max(30, STEPS // -(-cases // batch_size)))


@dataclass(frozen=True)
class Settings:
    """What was asked for; see `Regressor` and `Classifier` for the meaning of each. where: the class."""

    where: str
    model: Any = AUTO
    seeds: int = 3
    seed: int = 0
    epochs: int | None = None
    patience: int | str | None = AUTO
    batch_size: int | None = None
    learning_rate: float | None = None
    optimizer: Any = None
    scaling: str = "standard"
    calibrate: bool | str = AUTO
    units: int | None = None
    filters: int | None = None
    class_weight: str | Mapping[Any, float] | None = None

    def __post_init__(self) -> None:
        at_least_one(self.where, "seeds", self.seeds)
        for name in ("batch_size", "epochs", "patience", "units", "filters"):
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

    @property
    def is_own(self) -> bool:
        """Whether the network is a keras model of the user's."""
        return isinstance(self.model, keras.Model)

    def settled(self, cases: int, choice: Choice) -> Settings:
        """Return the settings for so many cases, nothing left open; choice: what "auto" means for them."""
        batch_size = self.batch_size or (32 if self.is_own else usual_batch(cases))  # 32 as Keras' own fit
        epochs = self.epochs or usual_epochs(cases, batch_size)
        patience = (
            (max(10, epochs // 5) if cases >= FEW else None) if self.patience == AUTO else self.patience
        )
        # Of a classifier a few cases more to train on are worth more than a temperature that few cases say.
        calibrate = self.where == "Regressor" or cases >= FEW if self.calibrate == AUTO else self.calibrate
        settled = replace(self, batch_size=batch_size, epochs=epochs, patience=patience, calibrate=calibrate)
        if self.is_own or self.model != AUTO:
            return settled
        units, filters = self.units or choice.units, self.filters or choice.filters
        return replace(settled, model=choice.preset, units=units, filters=filters)

    @property
    def network(self) -> NetworkLike:
        """The network in the sizes asked for."""
        if self.units is None and self.filters is None:
            return self.model
        return architecture_of(self.model).resized(units=self.units, filters=self.filters)

    def trained(self, training: Training) -> Training:
        """Return a training with what was asked for; the settings are settled.

        Where no validation stops a network of ours, its learning rate falls to 0.
        """
        if self.optimizer is not None:
            training = with_optimizer(training, self.optimizer, self.where)
        falls = self.patience is None and not self.is_own
        settled: Any = {"epochs": self.epochs, "patience": self.patience, "batch_size": self.batch_size}
        if self.learning_rate is not None:
            settled["learning_rate"] = self.learning_rate
        return replace(
            training,
            **settled,
            seed=self.seed,
            schedule="cosine" if falls else training.schedule,
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

    def label_weights_of(self, hot: np.ndarray) -> np.ndarray | None:
        """Return how much each label counts where it does not hold and where it does, (labels, 2), or None.

        hot: (cases, labels) bool. Raises ValueError for weights by name.
        """
        if self.class_weight is None:
            return None
        if isinstance(self.class_weight, Mapping):
            raise ValueError(
                f"{self.where}: class_weight gives numbers to {', '.join(map(str, self.class_weight))}, but "
                "several labels may hold of a case. Give 'balanced', so that a label counts as much where it "
                "holds as where it does not, or None."
            )
        counts = np.stack([(~hot).sum(axis=0), hot.sum(axis=0)], axis=1)
        return len(hot) / (2 * counts)
