"""Calibration: what cases that a network had not seen say of its errors and its certainty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from normcast.cases.fitted import tempered
from normcast.scoring import (
    Conformal,
    as_quantiles,
    check_levels,
    quantiles_of,
    reachable_level,
    windows_needed,
)

LEVELS = (80.0, 95.0)
WIDEST = 3.0  # of the logarithm of a temperature, either way


def intervals(
    predicted: np.ndarray, residuals: np.ndarray, level: Sequence[float]
) -> dict[float, np.ndarray]:
    """Return an interval for each level, (cases, *target shape, 2), as wide as errors on unseen cases were.

    predicted: (cases, *target shape); residuals: (unseen cases, *target shape) in the same unit. Each output
    has its own width. Raises ValueError for a level that so many residuals cannot support.
    """
    levels = check_levels(level)
    flat, errors = predicted.reshape(len(predicted), -1), residuals.reshape(len(residuals), -1)
    quantiles = quantiles_of(levels)
    still = as_quantiles(np.zeros_like(errors), len(quantiles))
    fitted = Conformal.fit(errors, still, quantiles, levels)
    moved = fitted.apply(as_quantiles(flat, len(quantiles)))
    count = len(quantiles)
    shape = (*predicted.shape, 2)
    ends = {each: (place, count - 1 - place) for place, each in enumerate(sorted(levels, reverse=True))}
    return {each: moved[..., list(ends[each])].reshape(shape) for each in levels}


def refuse_level(level: Sequence[float], count: int, where: str) -> None:
    """Raise ValueError for a level that so many residuals do not support."""
    lacking = [each for each in check_levels(level) if windows_needed(each) > count]
    if lacking:
        raise ValueError(
            f"{where}: level {lacking[0]:g} needs {windows_needed(lacking[0])} cases to calibrate by, and "
            f"{count} were held out. The largest level they support is {reachable_level(count):g}; give more "
            "cases, or a lower level."
        )


def temperature_of(probabilities: np.ndarray, hot: np.ndarray) -> float:
    """Return the temperature with the least log loss on cases that were not trained on.

    probabilities: (cases, classes); hot: which class each case is of. The fewer cases there are, the nearer
    it stays to 1: its logarithm is taken to be normal about 0 before any is seen. 1 without cases.

    >>> sure = np.full((100, 2), (0.99, 0.01))
    >>> temperature_of(sure, np.arange(100)[:, None] % 4 // 3 == np.arange(2)) > 2  # a quarter is wrong
    True
    """
    if not len(hot):
        return 1.0

    def loss(logarithm: float) -> float:
        told = tempered(probabilities, float(np.exp(logarithm)))[hot]
        return float(-np.log(np.clip(told, 1e-12, 1)).sum() + logarithm**2 / 2)

    return float(np.exp(minimize_scalar(loss, bounds=(-WIDEST, WIDEST), method="bounded").x))
