"""What a look shows of normalizations and convolutions, channel by channel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from normcast.check.examples import L, chain
from normcast.check.rule import ADVICE, WARNING, Finding, Found
from normcast.check.seen import remedies
from normcast.check.seen.place import Place, named
from normcast.check.seen.statistics import statistics_apart
from normcast.check.symptom import symptom
from normcast.models.graph.kinds import BATCH_NORM, CONV
from normcast.probes import Channels, Moments

SHIFT = 1.3
HALF = 0.5


def of_channels(seen: Channels, place: Place, by_noise: bool = True) -> Iterator[Finding]:
    """Yield what a normalization or a convolution shows. by_noise: whether noise in front of it, and no batch
    norm there, makes of inference something else than of training.
    """
    if not all(np.isfinite(m.variance).all() for m in (seen.reads, seen.writes)):
        return
    if seen.kind in BATCH_NORM:
        if by_noise:
            yield from variance_shift(seen, place)
        yield from statistics_apart(seen, place)
    if seen.kind in CONV:
        yield from dead_filters(seen, place)


@symptom(
    107,
    "variance-shift",
    WARNING,
    hint="move the dropout behind the normalization",
    remedy="the dropout behind the normalization",
    twins=["dropout-before-bn"],
    sources=[
        "Li et al. 2019, Understanding the Disharmony between Dropout and Batch Normalization, "
        "arXiv:1801.05134"
    ],
    exceptions=(
        "Silent where the graph has no noise in front, behind a batch norm whose own statistics are apart "
        "(batch-statistics-apart says that), and where values are not finite."
    ),
    tried=(
        "healthy networks whose norms had settled had 0.98 to 1.0; a planted dropout of 0.3 made 1.44 of it, "
        "one of 0.5 made 2.3"
    ),
    bad=[chain((12, 2), L.Conv1D(16, 3), L.Dropout(0.5), L.BatchNormalization(), L.LSTM(4), L.Dense(1))],
    good=[chain((12, 2), L.Conv1D(16, 3), L.BatchNormalization(), L.Dropout(0.5), L.LSTM(4), L.Dense(1))],
)
def variance_shift(seen: Channels, place: Place) -> Iterator[Found]:
    """What a batch normalization reads has another variance in training than at inference.

    Dropout in front of it scales what it lets through, so the moving variance is learned from values that
    vary more than those that are divided by it later.

    The bound is 1.3 times as much, or less than 1/1.3: above the 1.25 that a dropout of 0.2 makes of it.
    """
    if seen.in_training is None or seen.at_inference is None:
        return
    trained, inferred = variance(seen.in_training), variance(seen.at_inference)
    ratio = trained / max(inferred, 1e-12)
    if not 1 / SHIFT < ratio < SHIFT and inferred > 1e-12:
        words = f"the variance in front of it is {ratio:.2f} times as high in training as at inference"
        yield place.found(words, remedies.dropout_behind(place.node), ratio=ratio)


def variance(moments: Moments) -> float:
    """Return the variance of all values, over cases, steps and channels.

    >>> zero = np.zeros(2)
    >>> variance(Moments(mean=np.array([1.0, 3.0]), variance=zero, least=zero, most=zero))
    1.0
    """
    return float(np.mean(moments.variance) + np.var(moments.mean))


@symptom(
    117,
    "dead-filters",
    ADVICE,
    hint="leaky relu, a smaller learning rate, or fewer filters",
    remedy="leaky relu in place of relu",
    twins=["dead-relu-units"],
    sources=["Lu et al. 2019, Dying ReLU and Initialization, arXiv:1903.06733"],
    exceptions="Silent where the input does not move either, and where values are not finite.",
    tried=(
        "up to an eighth of a layer's relu filters were dead in healthy networks, also in fresh ones, "
        "which is told as advice; with half of them shut it is a warning"
    ),
    bad=[chain((12, 2), L.Conv1D(8, 3, activation="relu", kernel_initializer="zeros"), L.LSTM(4))],
    good=[chain((12, 2), L.Conv1D(8, 3, activation="leaky_relu"), L.LSTM(4))],
)
def dead_filters(seen: Channels, place: Place) -> Iterator[Found]:
    """The output of a filter of a convolution never moves, over all cases and steps.

    A relu that is always 0 is the common reason. Such a filter costs what the others cost, says nothing to
    what reads it, and gets no gradient that could bring it back.

    The bound is a millionth of the widest filter's range, which is rounding. Some dead filters are common, so
    this is advice, and a warning from half of them on.
    """
    if not (seen.reads.most > seen.reads.least).any():
        return
    dead, count = np.flatnonzero(seen.writes.dead), len(seen.writes.dead)
    if len(dead):
        share = len(dead) / count
        words = f"{named('filter', dead.tolist())} of {count} dead: the output never moves"
        fix, level = remedies.leaking(place.node), WARNING if share >= HALF else ADVICE
        yield place.found(words, fix, level, filters=dead.tolist(), share=share)
