"""Fitted: what telling of a case needs of what was learned, and nothing else; this is what a file keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import keras
import numpy as np

from normcast.data import Cases
from normcast.data.case_input import ALONE
from normcast.engine import predict
from normcast.engine.network import Network
from normcast.errors import counted, listed
from normcast.models import Architecture
from normcast.tasks import CaseScaling, ClassHead, InputScaling
from normcast.tasks.case_task import case_inputs


@dataclass(frozen=True, eq=False)
class Member:
    """One network of the ensemble: its weights, in the order of `model.weights`, with its own scalings."""

    weights: list[np.ndarray]
    inputs: InputScaling
    targets: CaseScaling


@dataclass(frozen=True, eq=False)
class Fitted:
    """Networks with the scalings around them, and what calibrates them.

    steps, channels: of a case. target_shape: what is told of a case, () for a number. head, classes: of a
    classifier, else None. residuals: (cases, *target shape) errors on cases that a network had not seen, or
    None. temperature: what log probabilities are divided by; 1 leaves them. is_ragged:
    whether cases of fewer steps are filled up. architecture: what built the model, if it is ours. name: of
    the input that these steps and channels are of; beside: by name what each other input is of a case.
    recurrence: as in `Trained`.
    """

    model: keras.Model
    members: tuple[Member, ...]
    steps: int
    channels: int
    target_shape: tuple[int, ...] = ()
    head: ClassHead | None = None
    classes: np.ndarray | None = None
    residuals: np.ndarray | None = None
    temperature: float = 1.0
    is_ragged: bool = False
    architecture: Architecture | None = None
    name: str = ALONE
    beside: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    recurrence: str = ""

    @cached_property
    def network(self) -> Network:
        """The model as the engine runs it."""
        return Network(self.model)

    def describe(self) -> dict[str, str]:
        """Return what it is, in words."""
        beside = f", beside {', '.join(self.beside)}" if self.beside else ""
        case = f"{self.steps} steps x {counted(self.channels, 'channel')}{beside}"
        weights = f"{self.model.count_params():,}"
        told = {"networks": f"{len(self.members)}", "weights of each": weights, "reads": case}
        if self.classes is not None:
            calibrated = f"temperature {self.temperature:.3g}" if self.temperature != 1 else "not calibrated"
            names = listed([str(each) for each in self.classes], 10)
            what = "labels" if self.tells_labels else "classes"
            return {**told, what: f"{len(self.classes)}: {names}", "probabilities": calibrated}
        unseen = 0 if self.residuals is None else len(self.residuals)
        return {**told, "intervals": f"from {counted(unseen, 'unseen case')}" if unseen else "none"}

    @property
    def tells_labels(self) -> bool:
        """Whether several labels may hold of a case, or none."""
        return self.head is not None and self.head.is_of_labels

    @property
    def labels(self) -> np.ndarray:
        """The classes of a classifier, sorted, or the labels as y has them."""
        assert self.classes is not None
        return self.classes

    def outputs(self, member: Member, cases: Cases) -> np.ndarray:
        """Return what one network gives, in the unit of the targets, (cases, *output shape) float64."""
        inputs = case_inputs(member.inputs.apply(cases), np.arange(cases.n_cases))
        raw = predict(self.network, [member.weights], inputs)[0]
        return member.targets.undo(raw.astype(np.float64))

    def numbers(self, cases: Cases) -> np.ndarray:
        """Return the mean of the networks, (cases, *target shape)."""
        mean = np.mean([self.outputs(member, cases) for member in self.members], axis=0)
        return mean.reshape(len(mean), *self.target_shape)

    def probabilities(self, cases: Cases) -> np.ndarray:
        """Return the mean of the networks' calibrated probabilities, (cases, classes)."""
        told = [self.probabilities_of(member, cases) for member in self.members]
        return np.mean([self.tempered(each) for each in told], axis=0)

    def tempered(self, probabilities: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities, (cases, classes), of labels each by itself."""
        if not self.tells_labels:
            return tempered(probabilities, self.temperature)
        return tempered(as_pairs(probabilities), self.temperature)[:, 1].reshape(probabilities.shape)

    def probabilities_of(self, member: Member, cases: Cases) -> np.ndarray:
        """Return the probabilities that one network gives, not calibrated, (cases, classes)."""
        assert self.head is not None
        return self.head.probabilities(self.outputs(member, cases))


def as_pairs(probabilities: np.ndarray) -> np.ndarray:
    """Return probabilities of labels (cases, labels) as those of two classes, no and yes.

    Shape (cases x labels, 2), the labels of a case after one another.

    >>> as_pairs(np.array([[0.25, 1.0]]))
    array([[0.75, 0.25],
           [0.  , 1.  ]])
    """
    return np.stack([1 - probabilities, probabilities], axis=-1).reshape(-1, 2)


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities whose logarithms were divided by a temperature: above 1 they are less sure.

    Source: Guo et al. 2017, arXiv:1706.04599

    >>> tempered(np.array([[0.9, 0.1]]), 2.0).round(2)
    array([[0.75, 0.25]])
    """
    if temperature == 1:
        return probabilities
    logs = np.log(np.clip(probabilities, 1e-12, 1)) / temperature
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
