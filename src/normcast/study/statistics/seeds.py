"""Seeds: what a number of seeds can decide, said before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass

from normcast.study.statistics.plain import Plain


@dataclass(frozen=True)
class SeedCheck(Plain):
    """What `n_seeds` can decide about `n_placements`; `print` shows the sentence.

    detectable: the smallest difference, in standard deviations over seeds of the paired difference, that
    is found with a power of 80 % at the strictest level of Holm's correction; infinite where no test
    exists. detectable_alone: the same for a single placement without correction.
    wilcoxon_floor: the smallest p that the signed-rank test can reach.
    can_decide: whether `detectable` is a difference that a study could meet.
    """

    n_seeds: int
    n_placements: int
    alpha: float
    can_decide: bool
    detectable: float
    detectable_alone: float
    wilcoxon_floor: float
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def enough_seeds(n_seeds: int, n_placements: int, alpha: float = 0.05) -> SeedCheck:
    """Say what a number of seeds can decide, before anything is trained."""
    raise NotImplementedError
