"""Comparison: every placement against one baseline, as saved values."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import ClassVar, get_args

from normcast.errors import counted, unknown
from normcast.plain import Plain
from normcast.study.statistics.effect import Effect, Verdict


@dataclass(frozen=True)
class Comparison(Plain):
    """What `compare` found; `print` shows a line per placement.

    baseline: its name; baseline_score: its mean over seeds; baseline_failed: seeds it did not finish.
    effects: one per placement, in the order given. min_effect: the smallest effect that matters;
    alpha: the level of the tests; level: that of the intervals. scale: what effects are divided by, NaN
    where it is the baseline's mean score. notes: sentences on what was left out. looks: the seeds at which
    `decide` looked, () for one comparison of all seeds; each effect is then of the look that decided it, or
    of the last, its interval and corrected p values hold over all looks and placements.
    """

    baseline: str
    baseline_score: float
    baseline_failed: int
    seeds: int
    effects: tuple[Effect, ...]
    min_effect: float
    alpha: float
    level: float
    lower_is_better: bool
    scale: float
    notes: tuple[str, ...] = ()
    looks: tuple[int, ...] = ()

    added: ClassVar[tuple[str, ...]] = ("looks",)

    def of(self, name: str) -> Effect:
        """Return the effect of one placement. Raises KeyError, with the names there are."""
        found = {effect.name: effect for effect in self.effects}
        if name not in found:
            raise KeyError(unknown("placement", name, found, where="Comparison"))
        return found[name]

    def named(self, verdict: Verdict) -> tuple[str, ...]:
        """Return the names of the placements with this verdict, the strongest effect first."""
        those = [effect for effect in self.effects if effect.verdict == verdict]
        return tuple(each.name for each in sorted(those, key=_strength, reverse=True))

    def __str__(self) -> str:
        """Return a table, the strongest effects first within each verdict."""
        lines = [
            f"against {self.baseline} ({self.baseline_score:.4g}), {counted(self.seeds, 'seed')}, "
            f"{counted(len(self.effects), 'placement')}"
        ]
        for verdict in get_args(Verdict):
            lines += [str(self.of(name)) for name in self.named(verdict)]
        return "\n".join([*lines, *self.notes])


def _strength(effect: Effect) -> float:
    return 0.0 if isnan(effect.effect) else abs(effect.effect)
