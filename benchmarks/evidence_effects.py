"""What a claim did on each data set: the log ratio of its second arm's score to its first's, by seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan, nan

import numpy as np
from scipy.stats import t

from benchmarks.evidence_raw import Arm, Contrast, DataSet, Raw
from normcast.check.conclusion import REGION
from normcast.study.statistics.interval import FEWEST_SEEDS

RESOLUTION = REGION / 10
"""No data set is taken for known more exactly: else one on which two ways did the same to the last bit would
outweigh all others, and the likelihood of the variance between data sets have no maximum."""


@dataclass(frozen=True)
class Paired:
    """The mean log ratio over seeds on which both arms finished, with its standard error."""

    effect: float = nan
    error: float = nan
    seeds: int = 0

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval over seeds."""
        return self.effect - self.reach

    @property
    def high(self) -> float:
        """The upper end."""
        return self.effect + self.reach

    @property
    def reach(self) -> float:
        """Half the width of the interval: t with one degree of freedom less than seeds."""
        return float(t.ppf(0.975, self.seeds - 1)) * self.error if self.seeds > 1 else nan

    @property
    def pooled_error(self) -> float:
        """The standard error for a pool, at least `RESOLUTION`: a few seeds that agree do not know all."""
        return max(self.error, RESOLUTION) if not isnan(self.error) else nan


@dataclass(frozen=True)
class OnData:
    """A claim on one data set.

    end: at the final scores; early: by epoch, at the best validation loss so far; first, second: mean scores
    of the arms; baseline: the score of `reference`; rates: the learning rates that were chosen; failed:
    trainings of either arm that did not finish; out: why it is left out of the pool, "" if it is not.
    """

    dataset: str
    end: Paired
    early: Mapping[int, Paired] = field(default_factory=dict)
    first: float = nan
    second: float = nan
    baseline: float = nan
    reference: str = ""
    rates: tuple[float, float] = (nan, nan)
    failed: int = 0
    out: str = ""


def on_data(raw: Raw, claim: Contrast, name: str, network: str) -> OnData:
    """Return a claim on one data set, for which both arms were trained."""
    held = raw.datasets[name]
    first, second = (raw.arms[name, network, arm] for arm in (claim.first, claim.second))
    end = paired(first.scores, second.scores)
    early = {
        epoch: paired(first.early[..., i], second.early[..., i])
        for i, epoch in enumerate(raw.recipe["early"])
    }
    scores = (_mean(first), _mean(second))
    return OnData(
        name,
        end,
        early,
        *scores,
        baseline=held.baselines[held.reference],
        reference=held.reference,
        rates=(first.rate, second.rate),
        failed=int(np.isnan(first.scores).sum() + np.isnan(second.scores).sum()),
        out=_why_out(claim, held, scores, end),
    )


def paired(first: np.ndarray, second: np.ndarray) -> Paired:
    """Return the mean log ratio of the second arm's scores to the first's, (seeds, folds) each.

    Folds share their seed's luck, so each seed is one number: the mean over its folds. A seed without all
    its folds did not finish, and one whose mean is not above 0 has no logarithm.

    >>> paired(np.ones((4, 2)), np.full((4, 2), np.e))
    Paired(effect=1.0, error=0.0, seeds=4)
    """
    means = first.mean(axis=1), second.mean(axis=1)
    good = np.isfinite(means).all(axis=0) & (np.nan_to_num(means) > 0).all(axis=0)
    ratio = np.log(means[1][good]) - np.log(means[0][good])
    n = len(ratio)
    error = float(ratio.std(ddof=1) / np.sqrt(n)) if n > 1 else nan
    return Paired(float(ratio.mean()) if n else nan, error, n)


def seed_spread(raw: Raw) -> float:
    """Return how much another seed moves the error of one training: the median over arms, in log ratios."""
    logs = [np.log(arm.scores.mean(axis=1)) for arm in raw.arms.values()]
    finished = [each[np.isfinite(each)] for each in logs]
    return float(np.median([each.std(ddof=1) for each in finished if len(each) > 1]))


def _mean(arm: Arm) -> float:
    seeds = arm.scores.mean(axis=1)
    return float(np.nanmean(seeds)) if np.isfinite(seeds).any() else nan


def _why_out(claim: Contrast, held: DataSet, scores: tuple[float, float], end: Paired) -> str:
    if end.seeds < FEWEST_SEEDS:
        return f"only {end.seeds} seeds on which both finished"
    bad = [
        arm
        for arm, score in zip(("the second arm", "the first arm"), scores[::-1], strict=True)
        if isnan(score) or score > held.baselines[held.reference]
    ]
    if not bad:
        return ""
    return f"{'both arms are' if len(bad) == 2 else bad[0] + ' is'} worse than {held.reference}"
