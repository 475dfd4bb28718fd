"""Rounds: the plans that a study runs one after the other; more than one for successive halving."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from normcast.study.designs import halving, survivors
from normcast.study.placement import BASELINE
from normcast.study.plan import Plan
from normcast.study.store import Store


@dataclass(frozen=True)
class Rounds:
    """The rounds of a plan: one, or for design "halving" several, each with fewer placements trained longer.

    metric: by which placements go on to the next round.
    """

    plan: Plan
    design: str
    metric: str

    def plans(self, store: Store) -> Iterator[Plan]:
        """Yield the plan of each round, once the trials of the one before are in the store."""
        if self.design != "halving":
            yield self.plan
            return
        rungs = halving(len(self.plan.cells), len(self.plan.seeds), self.plan.epochs).rungs
        cells = self.plan.cells
        for place, rung in enumerate(rungs):
            first = self.plan.seeds[0] + rung.first_seed
            seeds = tuple(range(first, first + rung.seeds))
            now = replace(self.plan, cells=cells, seeds=seeds, epochs=rung.epochs)
            store.note("rounds", [*store.facts.get("rounds", [])[:place], now.round])
            yield now
            if place + 1 < len(rungs):
                names = survivors(self._scores(now, store), BASELINE, rungs[place + 1].candidates)
                cells = tuple(cell for cell in cells if cell.placement.name in names)

    def _scores(self, plan: Plan, store: Store) -> dict[str, np.ndarray]:
        known = {trial.key: trial for trial in store.trials()}
        shape = (len(plan.seeds), plan.folds)
        scores = {cell.placement.name: np.full(shape, np.nan) for cell in plan.cells}
        for key in plan.keys:
            trial = known.get(key)
            if trial is not None and not trial.failed:
                scores[key.placement][plan.seeds.index(key.seed), key.fold] = trial.metrics[self.metric]
        return scores
