"""Warm start: the ridge map as the first weights of a network's linear skip."""

from __future__ import annotations

import numpy as np

from normcast.candidates import Ridge
from normcast.forecasting.combination import widths
from normcast.models import Architecture


def warm_start(
    architecture: Architecture, ridge: Ridge, errors: np.ndarray, quantiles: tuple[float, ...]
) -> dict[str, np.ndarray]:
    """Return the first weights, by variable path, with which a network with a skip forecasts as the ridge.

    errors: (n, h) errors of the ridge, y minus forecast, in scaled units, NaN where nothing was observed;
    their quantiles start the widths of the intervals. A network without a skip, or that scales each window
    on its own, starts as drawn.
    """
    if not architecture.skip or architecture.instance_norm == "standard":
        return {}
    weights = ridge.weights.copy()
    if architecture.instance_norm is None:
        # The ridge reads windows less their last value and adds it back: one more path from that value.
        weights[-1] += 1.0 - weights.sum(axis=0)
    start = {"skip/kernel": weights / architecture.skip_scale, "skip/bias": ridge.intercept}
    if quantiles and architecture.head.zero_start:
        start["head/bias"] = widths(errors, quantiles).ravel()
    return start
