"""Counted: which seeds of which networks a study compares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from normcast.study.placement import BASELINE
from normcast.study.statistics import Looked, decide, look_seeds
from normcast.study.trial import Trial

FIRST_LOOK = look_seeds()[0]


@dataclass(frozen=True, eq=False)
class Counted:
    """The trials of a study by network, and the seeds that count of each.

    trials: those of one round; order: the networks, the one as given first; folds: how many a seed has to
    finish. first: the first seed of a study that decides as it goes, None for one of equally many seeds for
    all; most: seeds such a study may take. metric: the score that decides; min_effect: the smallest relative
    difference that matters.
    """

    trials: Sequence[Trial]
    order: tuple[str, ...]
    folds: int
    metric: str
    min_effect: float
    first: int | None = None
    most: int | None = None

    @cached_property
    def finished(self) -> dict[str, set[int]]:
        """The seeds that each network has finished on every fold; networks without a trial are left out."""
        done: dict[str, dict[int, int]] = {}
        for trial in self.trials:
            folds = done.setdefault(trial.placement, {})
            folds[trial.seed] = folds.get(trial.seed, 0) + 1
        return {
            name: {seed for seed, folds in done[name].items() if folds == self.folds}
            for name in self.order
            if name in done
        }

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The networks that have a finished seed."""
        return tuple(name for name, own in self.finished.items() if own)

    @cached_property
    def seeds(self) -> dict[str, tuple[int, ...]]:
        """The seeds that count of each of `names`: all share them, or each has those of its last look.

        In a study that decides none does until each of `names` has the first seed.
        """
        if not self.names:
            return {}
        if self.looked is None:
            finished = [self.finished[name] for name in self.names]
            shared = set.intersection(*finished) if self.first is None else set()
            return dict.fromkeys(self.names, tuple(sorted(shared)))
        rows = dict.fromkeys(self.names, self.looked.comparison.seeds)
        for look in self.looked.looks:
            rows |= dict.fromkeys(look.active, look.seeds)
        return {name: self._leading(count) for name, count in rows.items()}

    @cached_property
    def looked(self) -> Looked | None:
        """What the looks of a study that decides as it goes have said so far; None for others.

        Computed anew from the trials, look by look: it does not depend on who trained what when.
        """
        if self.first is None or len(self.names) < 2 or self.names[0] != BASELINE:
            return None
        given = self._rows(BASELINE)
        rows = {name: min(given, self._rows(name)) for name in self.names}
        if min(rows.values()) < FIRST_LOOK or len(self.names) < len(self.order):
            # Before the first look nothing is decided, and no placement is looked at without the others.
            rows = dict.fromkeys(self.names, min(FIRST_LOOK - 1, *rows.values()))
        if not all(rows.values()):
            return None
        seeds = {name: self._leading(count) for name, count in rows.items()}
        scores = values_of(self.trials, seeds, self.folds, lambda trial: trial.metrics[self.metric])
        return decide(scores, BASELINE, min_effect=self.min_effect, most=self.most)

    @property
    def looks(self) -> int:
        """How many looks there were."""
        return len(self.looked.looks) if self.looked else 0

    @property
    def wanted(self) -> tuple[tuple[str, ...], int]:
        """The placements that are still open, and how many seeds their next look needs; none: ((), 0)."""
        if self.looked is None or not self.looked.looks:
            return self.order[1:], FIRST_LOOK
        return self.looked.active, self.looked.seeds

    def _rows(self, name: str) -> int:
        """Return how many seeds a network has finished without a gap, from the first on."""
        own, count = self.finished.get(name, set()), 0
        while self.first is not None and self.first + count in own:
            count += 1
        return count

    def _leading(self, count: int) -> tuple[int, ...]:
        assert self.first is not None
        return tuple(range(self.first, self.first + count))

    def values(self, read: Any) -> dict[str, np.ndarray]:
        """Return read(trial) of each network as (own seeds, folds); NaN where a trial failed."""
        return values_of(self.trials, self.seeds, self.folds, read)


def values_of(
    trials: Iterable[Trial], seeds: Mapping[str, Sequence[int]], folds: int, read: Any
) -> dict[str, np.ndarray]:
    """Return read(trial) of each network as (seeds, folds), NaN where it failed. seeds: by network."""
    found = {name: np.full((len(own), folds), np.nan) for name, own in seeds.items()}
    places = {name: {seed: row for row, seed in enumerate(own)} for name, own in seeds.items()}
    for trial in trials:
        if trial.seed in places.get(trial.placement, ()) and not trial.failed:
            found[trial.placement][places[trial.placement][trial.seed], trial.fold] = read(trial)
    return found
