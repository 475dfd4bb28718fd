"""Reliability: whether a network that is 80 % sure is right in 80 of 100 cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.cases.evaluation import OURS, Evaluation
from normcast.report.of_cases.coverage import binomial_interval
from normcast.report.of_cases.reading import losses
from normcast.scoring import THRESHOLD

MOST_BINS, FEWEST_CASES = 10, 5


@dataclass(frozen=True)
class Bin:
    """Cases told with about the same probability.

    confidence: mean probability of the class told; accuracy: share told rightly; low, high: its 95 % binomial
    interval.
    """

    confidence: float
    accuracy: float
    cases: int
    low: float
    high: float

    @property
    def lean(self) -> int:
        """1 where the network is too sure, -1 where it is not sure enough, 0 within the noise.

        >>> Bin(0.9, accuracy=0.5, cases=40, low=0.34, high=0.66).lean
        1
        """
        return (self.confidence > self.high) - (self.confidence < self.low)


@dataclass(frozen=True)
class Reliability:
    """Bins of equally many cases, the least sure first.

    whole: all cases as one bin; error: the expected calibration error, the mean distance of confidence and
    accuracy over cases.
    Source: Guo et al. 2017, arXiv:1706.04599, with bins of equal counts.
    """

    bins: tuple[Bin, ...]
    whole: Bin
    error: float

    @property
    def outside(self) -> int:
        """How many bins are off by more than the noise of their cases."""
        return sum(each.lean != 0 for each in self.bins)


def reliability(evaluation: Evaluation) -> Reliability:
    """Return the network's reliability in 10 bins, or fewer so that each has at least 5 cases.

    Of labels of which several may hold each is one case: whether it holds was told with its probability, or
    with one less that.
    """
    values = evaluation.told[OURS].values
    if evaluation.tells_labels:
        sure = np.maximum(values, 1 - values).ravel()
        right = ((values > THRESHOLD) == evaluation.actual).ravel()
    else:
        sure, right = values.max(axis=1), 1 - losses(evaluation)
    count = max(1, min(MOST_BINS, len(sure) // FEWEST_CASES))
    parts = np.array_split(np.argsort(sure, kind="stable"), count)
    bins = tuple(_bin(sure[part], right[part]) for part in parts)
    gaps = [each.cases * abs(each.confidence - each.accuracy) for each in bins]
    return Reliability(bins, _bin(sure, right), sum(gaps) / len(sure))


def _bin(sure: np.ndarray, right: np.ndarray) -> Bin:
    ends = binomial_interval(float(right.sum()), len(right))
    return Bin(float(sure.mean()), float(right.mean()), len(right), *ends)
