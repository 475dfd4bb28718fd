"""Effect: what one placement did to the score, and what may be said about it."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Literal

from normcast.plain import Plain

Verdict = Literal["better", "worse", "no difference", "undecided"]


@dataclass(frozen=True)
class Effect(Plain):
    """One placement against the baseline, paired by seed.

    Effects are relative to the baseline's mean score (or in units of `Comparison.scale` where one was given):
    -0.03 is a score 3 % lower, which for a loss is better. A value that is not defined is NaN.

    Parameters
    ----------
    name : str
        The placement.
    seeds : int
        How many seeds were tried.
    paired : int
        On how many of them both finished.
    failed : int
        Seeds on which this placement did not finish.
    score : float, default NaN
        Its mean score over the paired seeds.
    effect : float, default NaN
        The mean paired difference.
    low : float, default NaN
        The lower end of its interval, which is for this placement by itself, or by `decide` for all
        placements and looks together.
    high : float, default NaN
        The upper end of that interval.
    spread : float, default NaN
        The standard deviation over seeds of the paired difference.
    seeds_better : int, default 0
        On how many seeds it was better; those neither better nor worse are ties.
    seeds_worse : int, default 0
        On how many seeds it was worse.
    p : float, default NaN
        That of the paired t test, uncorrected.
    holm_p : float, default NaN
        The same corrected over all placements by Holm, or by `decide` over all placements and looks; it
        decides.
    wilcoxon_p : float, default NaN
        That of the signed-rank test, exact, uncorrected, shown beside.
    equivalence_p : float, default NaN
        The larger p of the two one-sided t tests at plus and minus `min_effect`, uncorrected, or by `decide`
        corrected as its verdict needs it.
    equivalence_holm_p : float, default NaN
        The same corrected, for the claim that all placements so called are equivalent.
    failure_p : float, default NaN
        That of the exact test of whether it fails more or less often than the baseline, corrected.
    detectable : float, default NaN
        The smallest effect that this many seeds would have seen with a power of 80 %, at the strictest level
        of Holm's correction.
    detectable_alone : float, default NaN
        The same with no correction.
    verdict : {"better", "worse", "no difference", "undecided"}, default "undecided"
        What may be said.
    sentence : str, default ""
        The same in words, with numbers.
    more_seeds : int or None, default None
        About how many further seeds would decide, where undecided and they can be estimated.

    Examples
    --------
    >>> print(Effect("layer norm", seeds=8, paired=8, failed=0, sentence="better: 3 % lower"))
    layer norm: better: 3 % lower
    """

    name: str
    seeds: int
    paired: int
    failed: int
    score: float = nan
    effect: float = nan
    low: float = nan
    high: float = nan
    spread: float = nan
    seeds_better: int = 0
    seeds_worse: int = 0
    p: float = nan
    holm_p: float = nan
    wilcoxon_p: float = nan
    equivalence_p: float = nan
    equivalence_holm_p: float = nan
    failure_p: float = nan
    detectable: float = nan
    detectable_alone: float = nan
    verdict: Verdict = "undecided"
    sentence: str = ""
    more_seeds: int | None = None

    @property
    def share_failed(self) -> float:
        """Share of the seeds on which the placement did not finish, in [0, 1]."""
        return self.failed / self.seeds

    @property
    def is_identical(self) -> bool:
        """Whether the scores are the same as the baseline's on all paired seeds."""
        return self.seeds_better == self.seeds_worse == 0 and self.p == 1

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence}"
