"""Channels: what a normalization or a convolution shows, as numbers and in words."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

import numpy as np

from normcast.check.seen.channels import variance
from normcast.check.seen.statistics import shift_and_ratio
from normcast.errors import counted
from normcast.inspect.inspected import Inspected
from normcast.inspect.words import figure, many
from normcast.probes import Channels


def dead(seen: Channels) -> tuple[int, ...]:
    """Return the channels that are written with one value always."""
    return tuple(map(int, np.flatnonzero(seen.writes.dead)))


def variance_ratio(seen: Channels) -> float:
    """Return how many times as large the variance in front of it is in training as at inference; NaN where
    it is not known.
    """
    if seen.in_training is None or seen.at_inference is None:
        return float("nan")
    still = variance(seen.at_inference)
    return variance(seen.in_training) / still if still > 0 else float("nan")


def running(seen: Channels) -> tuple[float, float]:
    """Return how far the mean of a channel is from the running one at most, in running deviations, and how
    many times as large the variance is in the median; NaN where there are no running ones.
    """
    if seen.moving_mean is None or seen.moving_variance is None:
        return float("nan"), float("nan")
    shift, ratio = shift_and_ratio(
        seen.reads.mean, seen.reads.variance, seen.moving_mean, seen.moving_variance
    )
    return float(np.max(np.abs(shift), initial=0)), float(np.median(ratio))


def sees(inspection: Inspected, name: str) -> str:
    """Say how many steps of the window a convolution sees; "" where that is not known.

    In "sees 7 of 24 steps" they are those that one step of its output depends on.
    """
    field, window = inspection.receptive_fields.get(name), inspection.seen.window
    return "" if field is None else f"sees {field:,} of {counted(window, 'step')}"


def clauses(seen: Channels) -> Iterator[str]:
    """Yield what there is to say of its values, each in a clause."""
    ratio = variance_ratio(seen)
    if isfinite(ratio) and figure(ratio) != "1":
        yield f"in front of it {figure(ratio)} times the variance in training that it has at inference"
    shift, spread = running(seen)
    if isfinite(shift):
        yield (
            f"these cases have means up to {figure(shift)} deviations from the running ones, and "
            f"{figure(spread)} times their variance"
        )
    gone = dead(seen)
    if gone:
        yield f"dead: {many(gone)} ({len(gone)} of {len(seen.writes.mean)})"


def told(inspection: Inspected, name: str) -> str:
    """Say in one sentence what a layer shows."""
    seen = inspection.seen.channels[name]
    about = f"{seen.kind}, {counted(len(seen.writes.mean), 'channel')}"
    field = sees(inspection, name)
    return "; ".join([about, *([field] if field else []), *clauses(seen)])
