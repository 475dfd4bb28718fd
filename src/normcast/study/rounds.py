"""Rounds: the plans that a study runs one after the other, where it does not train all of it in one go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from normcast.study.counted import Counted, values_of
from normcast.study.designs import halving, survivors
from normcast.study.placement import BASELINE
from normcast.study.plan import Plan
from normcast.study.store import Store
from normcast.study.trial import Trial

MOST = "max_seeds"  # the fact that tells how many seeds a study that decides may take


@dataclass(frozen=True)
class Rounds:
    """The rounds of a plan: one; for design "decide" one for each look, with more seeds for the placements
    that are still open; for "halving" several, each with fewer placements trained longer.

    metric: by which placements go on to the next round; min_effect: the smallest effect that matters.
    """

    plan: Plan
    design: str
    metric: str
    min_effect: float

    def plans(self, store: Store) -> Iterator[Plan]:
        """Yield the plan of each round, once the trials of the one before are in the store."""
        if self.design == "decide":
            yield from self._looks(store)
        elif self.design == "halving":
            yield from self._rungs(store)
        else:
            yield self.plan

    def _looks(self, store: Store) -> Iterator[Plan]:
        """Yield what each look needs. What was decided is computed from the trials of the store each time.

        The store keeps the most seeds that were ever asked for: by them it is judged what is worth more. A
        larger number counts once what was set aside for the smaller one has as many looks: until then the
        looks there were stand.
        """
        plan = self.plan
        held = int(store.facts.get(MOST, 0))
        most = max(len(plan.seeds), held)
        while True:
            trials = store.trials()
            counted = self._counted(trials, most)
            if not held or (held < most and counted.looks >= self._counted(trials, held).looks):
                store.note(MOST, most)
                held = most
            active, seeds = counted.wanted
            if not active or not 0 < seeds <= len(plan.seeds):
                return
            cells = tuple(cell for cell in plan.cells if cell.placement.name in (BASELINE, *active))
            yield replace(plan, cells=cells, seeds=plan.seeds[:seeds])

    def _counted(self, trials: Sequence[Trial], most: int) -> Counted:
        order = tuple(cell.placement.name for cell in self.plan.cells)
        first = self.plan.seeds[0]
        return Counted(trials, order, self.plan.folds, self.metric, self.min_effect, first, most)

    def _rungs(self, store: Store) -> Iterator[Plan]:
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
        mine = set(plan.keys)
        trials = [trial for trial in store.trials() if trial.key in mine]
        seeds = {cell.placement.name: plan.seeds for cell in plan.cells}
        return values_of(trials, seeds, plan.folds, lambda trial: trial.metrics[self.metric])
