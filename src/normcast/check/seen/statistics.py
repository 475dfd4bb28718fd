"""Batch statistics beside the running ones that inference uses: in a layer, and per step of a recurrence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from normcast.check.rule import WARNING, Found
from normcast.check.seen import remedies
from normcast.check.seen.place import Place
from normcast.check.symptom import symptom
from normcast.probes import Channels, Recurrence

APART, SHIFTED = 2.0, 1.0
EPSILON = 1e-5  # what is added to the variances before they divide, in the layers too


@dataclass(frozen=True, eq=False)
class Apart:
    """How far batch statistics lie from running ones: the median ratio of the variances over channels (and
    steps), and the median distance of the means in running deviations.
    """

    ratio: float
    shift: float

    @property
    def is_far(self) -> bool:
        """Whether inference computes something else than training did."""
        return not 1 / APART < self.ratio < APART or self.shift > SHIFTED

    @property
    def numbers(self) -> dict[str, Any]:
        """Both, by name."""
        return {"ratio": self.ratio, "shift": self.shift}


def apart(
    mean: np.ndarray, variance: np.ndarray, moving_mean: np.ndarray, moving_variance: np.ndarray
) -> Apart | None:
    """Return how far they lie apart; None where the running ones have never been moved from 0 and 1."""
    if (moving_mean == 0).all() and (moving_variance == 1).all():
        return None
    shift, ratio = shift_and_ratio(mean, variance, moving_mean, moving_variance)
    return Apart(float(np.median(ratio)), float(np.median(np.abs(shift))))


def shift_and_ratio(
    mean: np.ndarray, variance: np.ndarray, moving_mean: np.ndarray, moving_variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the shift of means in running standard deviations, and the ratio of variances, (..., channel).

    >>> shift, ratio = shift_and_ratio(np.array([5.0]), np.array([8.0]), np.array([1.0]), np.array([4.0]))
    >>> shift.round(3).tolist(), ratio.round(3).tolist()
    ([2.0], [2.0])
    """
    known = np.asarray(moving_variance, "float64") + EPSILON
    return (mean - moving_mean) / np.sqrt(known), (variance + EPSILON) / known


@symptom(
    116,
    "batch-statistics-apart",
    WARNING,
    hint="a lower momentum, longer training, data as in training, or layer normalization",
    remedy="a lower momentum",
    sources=[
        "Ioffe & Szegedy 2015, Batch Normalization, arXiv:1502.03167",
        "Ioffe 2017, Batch Renormalization, arXiv:1702.03275: small batches make the two differ",
        "Cooijmans et al. 2016, Recurrent Batch Normalization, arXiv:1603.09025: statistics step by step",
    ],
    exceptions=(
        "Silent where the running statistics are still those of the start, mean 0 and variance 1: "
        "nothing was trained."
    ),
    tried=(
        "healthy networks had 0.82 to 1.04 times the variance and at most 0.4 deviations, but for two "
        "norms of momentum 0.99 that had 0.47 and 0.02 times after 192 steps, which is true: they had "
        "not settled; a planted momentum of 0.999 made 0.1 of it"
    ),
)
def statistics_apart(seen: Channels | Recurrence, place: Place) -> Iterator[Found]:
    """The batch statistics of a batch normalization are not the running ones that inference uses.

    Inference then computes something else than training did, and errors grow that no loss of the training
    has shown. Inside a recurrence each step has statistics of its own, and the step that is furthest off is
    named.

    The bounds are variances 2 times apart in the median of the channels, since 32 windows estimate a variance
    to 25 %, or means apart by one running deviation.
    """
    if isinstance(seen, Recurrence):
        yield from _of_steps(seen, place)
        return
    found = _of_channels(seen)
    if found is not None and found.is_far:
        yield place.found(f"batch norm {_words(found)}", remedies.quicker(place.node), **found.numbers)


def _of_steps(seen: Recurrence, place: Place) -> Iterator[Found]:
    for each in seen.statistics:
        found = apart(each.mean, each.variance, each.moving_mean, each.moving_variance)
        if found is not None and found.is_far:
            _, ratio = shift_and_ratio(each.mean, each.variance, each.moving_mean, each.moving_variance)
            ratios = np.median(ratio, axis=1)
            worst = int(np.argmax(np.abs(np.log(ratios))))
            where = f"batch norm of the {each.term} term"
            words = f"{where} {_words(found)}, {ratios[worst]:.2g} times at step {worst}"
            numbers = {**found.numbers, "term": each.term, "step": worst}
            yield place.found(words, remedies.quicker(place.node), **numbers)


def is_unsettled(seen: Channels) -> bool:
    """Whether a batch normalization has no statistics of its own yet, or others than training has."""
    found = _of_channels(seen)
    return seen.moving_mean is not None and (found is None or found.is_far)


def has_unsettled_steps(seen: Recurrence) -> bool:
    """Whether a batch norm inside a recurrence has no statistics of its own yet, or others than training."""
    told = [(s.mean, s.variance, s.moving_mean, s.moving_variance) for s in seen.statistics]
    return any(found is None or found.is_far for found in (apart(*each) for each in told))


def _of_channels(seen: Channels) -> Apart | None:
    batch = seen.in_training
    if batch is None or seen.moving_mean is None or seen.moving_variance is None:
        return None
    return apart(batch.mean, batch.variance, seen.moving_mean, seen.moving_variance)


def _words(found: Apart) -> str:
    if not 1 / APART < found.ratio < APART:
        return f"has {found.ratio:.2g} times the variance in training that it has at inference"
    return f"has a mean in training that lies {found.shift:.1f} deviations from that at inference"
