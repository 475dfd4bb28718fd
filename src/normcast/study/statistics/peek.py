"""Peek: the scores that one look sees, and what they say at the levels that it may spend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from normcast.plain import number
from normcast.study.statistics.effect import Effect
from normcast.study.statistics.failures import failure_tests
from normcast.study.statistics.interval import FEWEST_SEEDS, fieller
from normcast.study.statistics.measured import measured, unit_of
from normcast.study.statistics.power import POWER, detectable, equated, seen
from normcast.study.statistics.scores import RESOLUTION, by_seed
from normcast.study.statistics.spending import look_seeds, share
from normcast.study.statistics.verdict import Rules, judged

HOPE = 0.1  # a chance to be decided below which no more seeds are spent
TOGETHER = 2  # looks before which no placement can have been set aside


@dataclass(frozen=True, eq=False)
class Peek:
    """One look: the placements that had not stopped before it, over the seeds that all of them have.

    place: of the look, from 0. given: scores of the baseline, (seeds,), NaN where it failed; active: those of
    the placements. failed: where each placement failed, (seeds,), also of those that had stopped, as if they
    failed from then on where the baseline does. tests: placements that are corrected for. notes: on what was
    left out. most: seeds there may be at most, None where that is open.
    """

    place: int
    baseline: str
    given: np.ndarray
    active: dict[str, np.ndarray]
    failed: dict[str, np.ndarray]
    tests: int
    notes: tuple[str, ...]
    rules: Rules
    scale: float | None
    most: int | None = None

    @classmethod
    def first(
        cls,
        tables: Mapping[str, np.ndarray],
        baseline: str,
        rules: Rules,
        scale: float | None,
        most: int | None = None,
    ) -> Peek:
        """Return the first look. tables: name -> (seeds, folds), the same seeds for all.

        Placements whose scores are those of the baseline, bit by bit, are not corrected for: no luck is in
        them that could deceive.
        """
        active, notes = by_seed("decide", tables)
        given = active.pop(baseline)
        failed = {name: ~np.isfinite(each) for name, each in active.items()}
        tests = sum(not _is_same(each, given) for each in active.values())
        return cls(0, baseline, given, active, failed, max(1, tests), notes, rules, scale, most)

    def next(self, tables: Mapping[str, np.ndarray]) -> Peek:
        """Return the look after this one, at the placements of these tables."""
        active, notes = by_seed("decide", tables)
        given = active.pop(self.baseline)
        later = ~np.isfinite(given[len(self.given) :])
        failed = {
            name: ~np.isfinite(active[name]) if name in active else np.concatenate([each, later])
            for name, each in self.failed.items()
        }
        return replace(self, place=self.place + 1, given=given, active=active, failed=failed, notes=notes)

    @property
    def seeds(self) -> int:
        """How many seeds are looked at."""
        return len(self.given)

    @property
    def baseline_failed(self) -> int:
        """On how many of them the baseline did not finish."""
        return int((~np.isfinite(self.given)).sum())

    @property
    def part(self) -> float:
        """The share of alpha that each test of this look may spend."""
        return share(self.place) / self.tests

    @property
    def raw(self) -> list[Effect]:
        """What each placement's own scores say, without verdict."""
        unit = unit_of(self.baseline, self.given, self.scale)
        interval = partial(fieller, level=1 - (1 - self.rules.level) * self.part)
        return [
            measured(name, each, self.given, unit, self.rules, interval) for name, each in self.active.items()
        ]

    @cached_property
    def effects(self) -> list[Effect]:
        """What the look says of each placement; how many more seeds would decide is not in it."""
        failed = np.stack(list(self.failed.values()))
        spent = share(self.place)
        # Later, what was set aside could have failed since: who is corrected for must not depend on that.
        tests = None if self.place < TOGETHER else len(failed)
        ps = failure_tests(failed, ~np.isfinite(self.given), self.rules.alpha * spent, tests)
        failure_p = dict(zip(self.failed, ps / spent, strict=True))
        return [
            judged(self._corrected(each, failure_p[each.name]), self.rules, self.baseline_failed, _unplanned)
            for each in self.raw
        ]

    def _corrected(self, effect: Effect, failure_p: float) -> Effect:
        alpha, equivalence_p = self.rules.alpha, number(min(1.0, effect.equivalence_p / self.part))
        return replace(
            effect,
            holm_p=number(min(1.0, effect.p / self.part)),
            equivalence_p=equivalence_p,
            equivalence_holm_p=equivalence_p,
            failure_p=number(min(1.0, failure_p)),
            detectable=number(effect.spread * detectable(effect.paired, alpha * self.part)),
            detectable_alone=number(effect.spread * detectable(effect.paired, alpha)),
        )

    @cached_property
    def open(self) -> tuple[str, ...]:
        """The placements that more seeds are worth: undecided, and not hopeless within those there may be."""
        undecided = (each for each in self.effects if each.verdict == "undecided")
        return tuple(each.name for each in undecided if not self._is_hopeless(each))

    def _is_hopeless(self, effect: Effect) -> bool:
        """Return whether the looks up to the most seeds would hardly decide, in the better of two cases.

        Were the effect one standard error further from zero than it seems, or one nearer. Of the first look's
        few seeds nothing of the kind is said.
        """
        if self.most is None or self.place == 0 or effect.paired < FEWEST_SEEDS or effect.spread == 0:
            return False
        error = effect.spread / effect.paired**0.5
        far, near = abs(effect.effect) + error, max(0.0, abs(effect.effect) - error)
        chances = [
            max(self._power(each, effect.spread, seeds * effect.paired // effect.seeds, level))
            for seeds, level in self._later(self.most)
            for each in (far, near)
        ]
        return bool(chances) and max(chances) < HOPE

    def _later(self, most: int | None = None) -> list[tuple[int, float]]:
        """Return the seeds of each look after this one, and the level of its tests."""
        looks = enumerate(look_seeds(most))
        spent = self.rules.alpha / self.tests
        return [(seeds, spent * share(place)) for place, seeds in looks if seeds > self.seeds]

    def planned(self, effect: Effect) -> Effect:
        """Return an undecided effect of this look with how many more seeds would decide it."""
        return judged(effect, self.rules, self.baseline_failed, self.more_seeds)

    def more_seeds(self, effect: Effect) -> int | None:
        """Return how many further seeds the look needs that would decide, were the effect as it seems."""
        if effect.paired < FEWEST_SEEDS:
            return None
        for seeds, level in self._later():
            if self._would_decide(effect, seeds * effect.paired // effect.seeds, level):
                return seeds - self.seeds
        return None

    def _would_decide(self, effect: Effect, seeds: int, level: float) -> bool:
        if effect.spread == 0:
            return 2 * 0.5**seeds < level
        return max(self._power(abs(effect.effect), effect.spread, seeds, level)) >= POWER

    def _power(self, effect: float, spread: float, seeds: int, level: float) -> tuple[float, float]:
        """Return the chances that so many seeds show a true effect, and that they show it does not matter."""
        margin, size = self.rules.min_effect, effect / spread
        shown = seen(size, seeds, level)
        return shown, equated(size, seeds, margin / spread, level) if effect < margin else 0.0


def _is_same(placement: np.ndarray, given: np.ndarray) -> bool:
    differs = np.abs(placement - given) > RESOLUTION * np.abs(given)
    return bool(np.isfinite(placement - given).all() and not differs.any())


def _unplanned(_: Effect) -> None:
    return None
