"""How wrong numbers told of cases are, and how often their intervals hold what came."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Real

from normcast.scoring.quantiles import check_levels, level_quantiles


def number_scores(
    actual: Real[np.ndarray, "cases *numbers"],
    predicted: Float[np.ndarray, "cases *numbers"],
    intervals: Mapping[float, Float[np.ndarray, "cases *numbers 2"]] | None = None,
) -> dict[str, float]:
    """Return the scores of numbers told of cases, by name.

    - MAE, RMSE: over all cases and all their numbers, in the unit of the target; lower is better.
    - R2: 1 less the share of the spread among cases that is left over; 1 is perfect, 0 is as good as the mean
      of these cases. Each number of a case has a mean of its own and weighs as its variance; one that is the
      same in all cases is left out, and R2 is NaN where all are.
    - sCRPS: twice the mean pinball loss of median and bounds over the mean size of what came, as
      `scaled_crps` of a back-test; no unit, lower is better. NaN where all that came is zero; left out
      without intervals.
    - coverage-<level>: percent of numbers inside the interval, its bounds included; should be the level.

    Parameters
    ----------
    actual : array (cases, ...)
        What came, in the unit of the target.
    predicted : array (cases, ...)
        What was told, in that unit.
    intervals : mapping of float to array (cases, ..., 2) or None, default None
        By level in percent, the bounds, lower then upper, in that unit.

    Returns
    -------
    dict of str to float
        The scores by name.

    Raises
    ------
    ValueError
        For arrays that do not fit one another, for no cases, and for what is NaN or infinite.

    Notes
    -----
    Rangapuram et al. 2021 for the sCRPS, https://proceedings.mlr.press/v139/rangapuram21a.html.

    Examples
    --------
    >>> actual, predicted = np.array([1.0, 2.0, 6.0]), np.array([2.0, 2.0, 5.0])
    >>> around = np.stack([predicted - 0.5, predicted + 0.5], axis=-1)
    >>> scores = number_scores(actual, predicted, {80: around})
    >>> {name: round(score, 3) for name, score in scores.items()}
    {'MAE': 0.667, 'RMSE': 0.816, 'R2': 0.857, 'sCRPS': 0.17, 'coverage-80': 33.333}
    """
    intervals = intervals or {}
    _check(actual, predicted, intervals)
    error = predicted - actual
    scores = {
        "MAE": float(np.abs(error).mean()),
        "RMSE": float(np.sqrt(np.square(error).mean())),
        "R2": _r2(actual, error),
    }
    if intervals:
        scores["sCRPS"] = _scaled_crps(actual, predicted, intervals)
    for level in check_levels(list(intervals)):
        lower, upper = intervals[level][..., 0], intervals[level][..., 1]
        scores[f"coverage-{level:g}"] = 100 * float(((lower <= actual) & (actual <= upper)).mean())
    return scores


def _r2(actual: np.ndarray, error: np.ndarray) -> float:
    """Return the share of the spread that is explained, without numbers that are the same in all cases."""
    changes = (actual != actual[:1]).any(axis=0)
    if not changes.any():
        return float("nan")
    left = np.square(error).sum(axis=0)[changes]
    spread = np.square(actual - actual.mean(axis=0)).sum(axis=0)[changes]
    return 1 - float(left.sum() / spread.sum())


def _scaled_crps(actual: np.ndarray, predicted: np.ndarray, intervals: Mapping[float, np.ndarray]) -> float:
    size = float(np.abs(actual).mean())
    losses = [_pinball(actual, predicted, 0.5)]
    for level, bounds in intervals.items():
        for side, quantile in enumerate(level_quantiles(level)):
            losses.append(_pinball(actual, bounds[..., side], quantile))
    return 2 * float(np.mean(losses)) / size if size > 0 else float("nan")


def _pinball(actual: np.ndarray, predicted: np.ndarray, quantile: float) -> float:
    above = actual - predicted
    return float(np.maximum(quantile * above, (quantile - 1) * above).mean())


def _check(actual: np.ndarray, predicted: np.ndarray, intervals: Mapping[float, np.ndarray]) -> None:
    check_levels(list(intervals))
    if not actual.size:
        raise ValueError(f"number_scores: actual {actual.shape} holds no numbers; give at least one case.")
    given = {"actual": (actual, actual.shape), "predicted": (predicted, actual.shape)}
    for level, bounds in intervals.items():
        given[f"interval {level:g}"] = (bounds, (*actual.shape, 2))
    for name, (values, shape) in given.items():
        if values.shape != shape:
            raise ValueError(
                f"number_scores: {name} is {values.shape}, but actual {actual.shape} needs {shape}."
            )
        if not np.isfinite(values).all():
            wrong = np.argwhere(~np.isfinite(values))
            raise ValueError(
                f"number_scores: {name} has {len(wrong)} values that are NaN or infinite, the first in case "
                f"{wrong[0][0]}; leave out cases that were not observed, and score only finite predictions."
            )
