"""CaseTask: what tasks on cases share: parts, scaled inputs, batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from normcast.data import Cases
from normcast.engine import Batches, Field
from normcast.tasks.case_scaling import InputScaling
from normcast.tasks.parts import Parts, parts_of
from normcast.tasks.task import RAW_INPUTS, Fold, Measured, digest, thinned

MOST_SEEN = 1024
SPLITS = {"groups": "no group in two parts", "time": "later cases are tested", "chance": "by chance"}
Pair = tuple[np.ndarray, np.ndarray]  # of targets and outputs


@dataclass(frozen=True, eq=False)
class CaseTask:
    """Cases with what is to be told of each, cut into parts of which each fold tests one.

    scaling: of each channel, from the training cases: "standard", "robust" or "none"; "target only" leaves
    the inputs as they are. where: what messages begin with. codes: inputs that are never scaled, since their
    whole numbers name something.
    """

    cases: Cases
    folds: int = 2
    scaling: str = "standard"
    where: str = "Study"
    codes: tuple[str, ...] = ()

    @property
    def groups(self) -> np.ndarray | None:
        """What must not be split, (cases,), or None."""
        return self.cases.groups

    @cached_property
    def parts(self) -> Parts:
        """The part of each case."""
        return parts_of(self.cases, self.strata, self.folds, self.where)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """What a network must give for one case."""
        raise NotImplementedError

    @property
    def split(self) -> str:
        """How cases are split: "groups", "time" or "chance"."""
        by_time = "chance" if self.cases.times is None else "time"
        return by_time if self.cases.groups is None else "groups"

    @property
    def strata(self) -> np.ndarray:
        """What each part gets its share of, (cases,)."""
        raise NotImplementedError

    def learned(self, train: np.ndarray) -> np.ndarray:
        """Return the targets as a network learns them from these cases, (cases, *output shape)."""
        raise NotImplementedError

    def scored(self, places: dict[str, np.ndarray]) -> Callable[[np.ndarray, str], Measured]:
        """Return what takes outputs and the name of a part, and returns the metrics."""
        raise NotImplementedError

    def compared(self, places: dict[str, np.ndarray]) -> Callable[[np.ndarray, str], Pair]:
        """Return what takes outputs and the name of a part, and returns what compiled metrics compare."""
        raise NotImplementedError

    @property
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """What a network reads of one case."""
        return {name: x.shape[1:] for name, x in self.cases.inputs.items()}

    def fold(self, number: int, scaling: str | None = None) -> Fold:
        """Return a fold: one part is tested, the next one chooses the epoch, others train."""
        return self.fold_of(self.parts.places(number), scaling)

    def scaling_of(self, train: np.ndarray, scaling: str | None = None) -> InputScaling:
        """Return the scaling of the inputs that these cases teach."""
        kind = scaling or self.scaling
        return InputScaling.fit(self.cases.at(train), "none" if kind == RAW_INPUTS else kind, self.codes)

    def fold_of(self, places: dict[str, np.ndarray], scaling: str | None = None) -> Fold:
        """Return the fold of these cases: positions of "train", "valid" and "test", each ascending."""
        train = places["train"]
        inputs = self.scaling_of(train, scaling).apply(self.cases)
        places = {**places, "seen": train[thinned(len(train), MOST_SEEN)]}
        targets = np.ascontiguousarray(self.learned(train), dtype=np.float32)
        batches = {name: case_batches(inputs, targets, place) for name, place in places.items()}
        return Fold(
            **batches,
            scored=self.scored(places),
            compared=self.compared(places),
            held=places.__getitem__,
        )

    def facts(self, *targets: np.ndarray) -> dict[str, Any]:
        """Return the facts of the cases and their cutting."""
        cases, steps, channels = self.cases.x.shape
        codes = {"codes": list(self.codes)} if self.codes else {}
        beside = {"inputs": {n: list(shape) for n, shape in self.input_shapes.items()}}
        groups = {} if self.groups is None else {"groups": len(np.unique(self.groups))}
        parts = [self.parts.places(number) for number in range(self.folds)]
        return (
            {
                "cases": cases,
                **groups,
                "steps": steps,
                "channels": channels,
                "folds": self.folds,
                "split": self.split,
                "parts": [[len(each[name]) for name in ("train", "valid", "test")] for each in parts],
                "scaling": self.scaling,
                "data": digest(*self.cases.inputs.values(), self.parts.of_case, *targets),
            }
            | (beside if self.cases.beside else {})
            | codes
        )


def case_batches(inputs: Mapping[str, np.ndarray], targets: np.ndarray, place: np.ndarray) -> Batches:
    """Return the cases at these places with their targets, each a window that no other shares a row with."""
    return replace(case_inputs(inputs, place), target=Field(targets, by="series"))


def case_inputs(inputs: Mapping[str, np.ndarray], place: np.ndarray) -> Batches:
    """Return the cases at these places, to be told of; inputs: of all cases by name, first a series."""
    (name, x), *others = inputs.items()
    steps, index = x.shape[1], place.astype(np.int32)
    rows = np.ascontiguousarray(x.reshape(-1, x.shape[2]), dtype=np.float32)
    beside = {other: Field(each, by="series") for other, each in others}
    return Batches({name: Field(rows, 0, steps), **beside}, None, index * steps, index)
