"""Batch statistics beside the running ones that inference uses: in a layer, and per step of a recurrence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from normcast.check.rule import WARNING, Finding
from normcast.check.seen import remedies
from normcast.check.seen.place import Place
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


def apart(
    mean: np.ndarray, variance: np.ndarray, moving_mean: np.ndarray, moving_variance: np.ndarray
) -> Apart | None:
    """Return how far they lie apart; None where the running ones have never been moved from 0 and 1."""
    if (moving_mean == 0).all() and (moving_variance == 1).all():
        return None
    ratio = np.median((variance + EPSILON) / (moving_variance + EPSILON))
    shift = np.median(np.abs(mean - moving_mean) / np.sqrt(moving_variance + EPSILON))
    return Apart(float(ratio), float(shift))


def of_steps(seen: Recurrence, place: Place) -> Iterator[Finding]:
    """Yield where the batch statistics inside a recurrence are not those that inference uses, see
    `of_layer`; the steps that are furthest off are named.
    """
    for each in seen.statistics:
        found = apart(each.mean, each.variance, each.moving_mean, each.moving_variance)
        if found is not None and found.is_far:
            ratios = np.median((each.variance + EPSILON) / (each.moving_variance + EPSILON), axis=1)
            worst = int(np.argmax(np.abs(np.log(ratios))))
            where = f"batch norm of the {each.term} term"
            words = f"{where} {_words(found)}, {ratios[worst]:.2g} times at step {worst}"
            yield _finding(place, words, found, term=each.term, step=worst)


def of_layer(seen: Channels, place: Place) -> Iterator[Finding]:
    """Yield where the batch statistics of a batch normalization are not those that inference uses: variances
    2 times apart in the median of the channels, or means by one running deviation.

    2: 32 windows estimate a variance to 25 %, and dropout of 0.5 in front of a norm doubles it. Silent where
    the running statistics are still those of the start: nothing was trained.
    """
    found = _of_channels(seen)
    if found is not None and found.is_far:
        yield _finding(place, f"batch norm {_words(found)}", found)


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


def _finding(place: Place, words: str, found: Apart, **evidence: object) -> Finding:
    hint = "a lower momentum, longer training, data as in training, or layer normalization"
    fix = remedies.quicker(place.node)
    numbers = {"ratio": found.ratio, "shift": found.shift, **evidence}
    return place.finding(116, "batch-statistics-apart", WARNING, words, hint, fix, **numbers)
