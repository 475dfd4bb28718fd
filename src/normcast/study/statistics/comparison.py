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
    """What `compare` or `decide` found; `print` shows a line per placement.

    Parameters
    ----------
    baseline : str
        The name of the baseline.
    baseline_score : float
        Its mean score over seeds.
    baseline_failed : int
        Seeds that it did not finish.
    seeds : int
        How many seeds were compared.
    effects : tuple of Effect
        One per placement, in the order given. Of `decide` each is of the look that decided it, or of the
        last.
    min_effect : float
        The smallest effect that matters.
    alpha : float
        The level of the tests.
    level : float
        That of the intervals.
    lower_is_better : bool
        Whether a lower score is better.
    scale : float
        What effects are divided by, NaN where it is the baseline's mean score.
    notes : tuple of str, default ()
        Sentences on what was left out.
    looks : tuple of int, default ()
        The seeds at which `decide` looked, () for one comparison of all seeds; intervals and corrected p
        values then hold over all looks and placements.

    Examples
    --------
    >>> effect = Effect("layer norm", seeds=8, paired=8, failed=0, sentence="undecided")
    >>> found = Comparison("as given", 0.5, 0, 8, (effect,), 0.01, 0.05, 0.95, True, scale=float("nan"))
    >>> print(found)
    against as given (0.5), 8 seeds, 1 placement
    layer norm: undecided
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
        """Return the effect of one placement.

        Parameters
        ----------
        name : str
            The placement.

        Returns
        -------
        Effect
            What it did to the score.

        Raises
        ------
        KeyError
            If there is none of that name, with the names there are.
        """
        found = {effect.name: effect for effect in self.effects}
        if name not in found:
            raise KeyError(unknown("placement", name, found, where="Comparison"))
        return found[name]

    def named(self, verdict: Verdict) -> tuple[str, ...]:
        """Return the names of the placements with this verdict, the strongest effect first.

        Parameters
        ----------
        verdict : {"better", "worse", "no difference", "undecided"}
            What may be said of them.

        Returns
        -------
        tuple of str
            The names, () for none.
        """
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
