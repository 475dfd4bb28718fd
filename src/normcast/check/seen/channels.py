"""What a look shows of normalizations and convolutions, channel by channel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from normcast.check.rule import ADVICE, WARNING, Finding
from normcast.check.seen import remedies
from normcast.check.seen.place import Place
from normcast.check.seen.statistics import of_layer
from normcast.errors import listed
from normcast.models.graph.kinds import BATCH_NORM, CONV
from normcast.probes import Channels, Moments

SHIFT = 1.3
CONSTANT = 1e-6  # of the widest channel's range
HALF, MOST_NAMED = 0.5, 8


def of_channels(seen: Channels, place: Place, modes_agree: bool = True) -> Iterator[Finding]:
    """Yield what a normalization or a convolution shows. modes_agree: whether no batch norm in front of it
    makes of inference something else than of training.
    """
    if not all(np.isfinite(m.variance).all() for m in (seen.reads, seen.writes)):
        return
    if seen.kind in BATCH_NORM:
        if modes_agree:
            yield from variance_shift(seen, place)
        yield from of_layer(seen, place)
    if seen.kind in CONV:
        yield from dead_filters(seen, place)


def variance_shift(seen: Channels, place: Place) -> Iterator[Finding]:
    """What stands in front of a normalization has another variance in training than at inference: 1.3 times,
    more than a dropout of 0.2 makes of it (1.25). Silent behind a batch norm whose own statistics are apart.
    """
    if seen.in_training is None or seen.at_inference is None:
        return
    trained, inferred = variance(seen.in_training), variance(seen.at_inference)
    ratio = trained / max(inferred, 1e-12)
    if not 1 / SHIFT < ratio < SHIFT and inferred > 1e-12:
        words = f"the variance in front of it is {ratio:.2f} times as high in training as at inference"
        hint, fix = "move the dropout behind the normalization", remedies.dropout_behind(place.node)
        yield place.finding(107, "variance-shift", WARNING, words, hint, fix, ratio=ratio)


def variance(moments: Moments) -> float:
    """Return the variance of all values, over cases, steps and channels.

    >>> zero = np.zeros(2)
    >>> variance(Moments(mean=np.array([1.0, 3.0]), variance=zero, least=zero, most=zero))
    1.0
    """
    return float(np.mean(moments.variance) + np.var(moments.mean))


def dead_filters(seen: Channels, place: Place) -> Iterator[Finding]:
    """A filter of a convolution whose output does not move over all cases and steps, by a millionth of the
    widest filter's range: a warning from half of them on, else advice.

    A relu that is always 0 is the common reason. Silent where the input does not move either.
    """
    width = seen.writes.most - seen.writes.least
    if not (seen.reads.most > seen.reads.least).any():
        return
    dead = np.flatnonzero(width <= CONSTANT * width.max(initial=0))
    if len(dead):
        share = len(dead) / len(width)
        names = listed(dead.tolist(), MOST_NAMED)
        words = f"filter{'s' if len(dead) > 1 else ''} {names} of {len(width)} dead: the output never moves"
        hint, fix = "leaky relu, a smaller learning rate, or fewer filters", remedies.leaking(place.node)
        level = WARNING if share >= HALF else ADVICE
        yield place.finding(117, "dead-filters", level, words, hint, fix, filters=dead.tolist(), share=share)
