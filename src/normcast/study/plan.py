"""Plan: which trials a study runs, in which jobs, and what that will cost; known before it starts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from normcast.engine import ObservedLoss
from normcast.engine.seeding import kept, kept_values
from normcast.errors import counted, listed
from normcast.models.edits import Applied
from normcast.models.size import multiplications
from normcast.study.job import Job, training_to_json
from normcast.study.measures import Measures
from normcast.study.placement import BASELINE, Placement
from normcast.study.statistics import look_seeds
from normcast.study.trial import TrialKey
from normcast.tasks.cost import roughly, training_seconds
from normcast.tasks.subject import Subject

_log = logging.getLogger("normcast")
SECONDS_PER_PROGRAM = 4.0
USUAL_SHARE = 0.7  # of the epochs, before early stopping


@dataclass(frozen=True)
class Cell:
    """An arranged network of the plan: its placement, its graph as Keras' JSON, and its weights' number.

    kept: values of weights that are not drawn, as in `Job`.
    """

    placement: Placement
    model: str
    parameters: int
    work: float  # multiplications of one forward pass of one window
    kept: Mapping[int, np.ndarray] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Plan:
    """What will be trained: every cell with every seed on every fold. The first cell is the network as given.

    windows: in one epoch of one trial. measures: beside the scores of the task.
    """

    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    folds: int
    epochs: int
    windows: int
    design: str
    measures: Measures = field(default_factory=Measures)

    @classmethod
    def of(
        cls, subject: Subject, placements: Sequence[Placement], seeds: int, design: str = "one_at_a_time"
    ) -> Plan:
        """Arrange every network.

        Raises ValueError naming the placement whose edits do not fit, or take from a frozen layer what it
        learned.
        """
        given = Placement(BASELINE)
        cells = [_cell(each, subject.model) for each in (given, *placements)]
        training = subject.training
        windows = len(subject.task.fold(0).train)
        first = training.seed
        return cls(
            tuple(cells),
            tuple(range(first, first + seeds)),
            subject.task.folds,
            training.epochs,
            min(windows, training.epoch_windows or windows),
            design,
        )

    @property
    def runs(self) -> int:
        """How many networks are trained."""
        return len(self.cells) * len(self.seeds) * self.folds

    @property
    def keys(self) -> tuple[TrialKey, ...]:
        """All trials."""
        return tuple(
            TrialKey(cell.placement.name, fold, seed, self.epochs)
            for cell in self.cells
            for fold in range(self.folds)
            for seed in self.seeds
        )

    @property
    def round(self) -> dict[str, Any]:
        """What is trained, as plain values: how a store knows which trials of successive halving count."""
        names = [cell.placement.name for cell in self.cells]
        return {"placements": names, "seeds": list(self.seeds), "epochs": self.epochs}

    def missing(self, done: set[TrialKey]) -> list[TrialKey]:
        """Return the trials that are not done."""
        return [key for key in self.keys if key not in done]

    def seconds(self, processes: int, seeds: int | None = None) -> float:
        """Return about how long it takes with so many seeds, by default all; within a factor of three."""
        visited = self.windows * self.epochs * USUAL_SHARE * (seeds or len(self.seeds)) * self.folds
        trials = sum(training_seconds(cell.work, visited) for cell in self.cells)
        return (trials + SECONDS_PER_PROGRAM * len(self.cells)) / processes

    def jobs(self, subject: Subject, missing: Iterable[TrialKey], workers: int, block: int = 0) -> list[Job]:
        """Return the jobs for the trials that are missing.

        workers: the work is cut so that each has something to do; block: seeds that every placement trains
        before any goes on to the next ones, 0 for all.
        """
        left = set(missing)
        size = block or len(self.seeds)
        blocks = [self.seeds[i : i + size] for i in range(0, len(self.seeds), size)]
        parts = max(1, -(-2 * workers // (len(self.cells) * len(blocks)))) if workers > 1 else 1
        found = []
        for seeds in blocks:
            for cell in self.cells:
                name = cell.placement.name
                pairs = [
                    (fold, seed)
                    for fold in range(self.folds)
                    for seed in seeds
                    if TrialKey(name, fold, seed, self.epochs) in left
                ]
                for part in range(parts):
                    if pairs[part::parts]:
                        found.append(self._job(cell, subject, tuple(pairs[part::parts])))
        return found

    def _job(self, cell: Cell, subject: Subject, pairs: tuple[tuple[int, int], ...]) -> Job:
        training = replace(subject.training, epochs=self.epochs)
        own = cell.placement.of_training
        if "loss" in own and isinstance(training.loss, ObservedLoss):
            own["loss"] = ObservedLoss(own["loss"])
        training = replace(training, **{**own, "epochs": self.epochs})
        told = training_to_json(training)
        return Job(
            cell.placement.name,
            cell.model,
            cell.placement.scaling,
            told,
            pairs,
            {**subject.own, **self.measures.own},
            self.measures,
            cell.kept,
        )

    def describe(self, processes: int) -> str:
        """Return the plan in a sentence, with its cost: where looks may end it, at least and at most."""
        head = f"{self.design.replace('_', ' ').capitalize()}: the network as given and"
        placements, folds = counted(len(self.cells) - 1, "placement"), counted(self.folds, "fold")
        seeds, least, first = counted(len(self.seeds), "seed"), "", None
        if self.design == "decide":
            looks = look_seeds(len(self.seeds))
            first = self.seconds(processes, looks[0])
            each, least = "", ""
            if len(looks) > 1:
                each, least = "each of ", f"{len(self.cells) * looks[0] * self.folds:,} to "
            seeds = f"at most {seeds} (a look after {each}{listed(looks, most=len(looks))})"
        return (
            f"{head} {placements} x {seeds} x {folds} = {least}{self.runs:,} trainings of at most "
            f"{self.epochs} epochs on {self.windows:,} windows, in {len(self.cells)} programs; "
            f"{roughly(self.seconds(processes), processes, first)}."
        )


def _cell(placement: Placement, model: keras.Model) -> Cell:
    applied = placement.reported(model)
    if lost := unlearned(applied):
        raise ValueError(
            f"placement {placement.name!r}: {lost} is of a layer that does not train, and would be random. "
            "Let the layer train (trainable = True), or leave the placement out."
        )
    arranged = applied.model
    parameters, work = int(arranged.count_params()), multiplications(arranged)
    stay = {place: each for place, each in kept_values(arranged).items() if place in applied.carried}
    return Cell(placement, arranged.to_json(), parameters, work, stay)


def unlearned(applied: Applied) -> str:
    """Return a weight of a layer that does not train which would be drawn, as its path; "" for none.

    What was carried over was learned. What has one value throughout, as a new norm has, is not drawn.
    """
    stay, weights = kept_values(applied.model), applied.model.weights
    drawn = (place for place, value in stay.items() if place not in applied.carried and np.ptp(value) > 0)
    return next((weights[place].path for place in drawn), "")


def that_keep_frozen(model: keras.Model, placements: Sequence[Placement]) -> tuple[Placement, ...]:
    """Return the placements that leave frozen layers what they learned; the log says which are left out."""
    if not kept(model):
        return tuple(placements)
    lost = {each.name: unlearned(each.reported(model)) for each in placements}
    for name, weight in lost.items():
        if weight:
            _log.warning(
                "normcast: Study: placement %r is left out: %s is of a layer that does not train, and would "
                "be random.",
                name,
                weight,
            )
    return tuple(each for each in placements if not lost[each.name])
