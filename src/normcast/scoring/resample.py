"""How far scores may be chance: what they would be for other cases of the same kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Shaped

from normcast.errors import at_least_one
from normcast.scoring.quantiles import check_levels, level_quantiles


def score_interval(
    scorer: Callable[[np.ndarray], Mapping[str, float]],
    groups_or_n: Shaped[np.ndarray, "cases"] | int,
    draws: int = 1000,
    level: float = 95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Return the interval of each score over cases drawn with replacement (a bootstrap).

    The bounds are percentiles over the draws; a draw whose score is NaN is left out. Both are NaN where all
    are, and where a single case or group leaves nothing to draw from.

    Parameters
    ----------
    scorer : callable
        Takes places of cases, some of them repeated, and returns scores by name.
    groups_or_n : array (cases,) or int
        The number of cases; or the group of each, of which whole ones are drawn, since cases of a group are
        alike.
    draws : int, default 1000
        How often, at least 1.
    level : float, default 95
        Percent of the draws that the interval holds, in [1, 100).
    seed : int, default 0
        Of the draws.

    Returns
    -------
    dict of str to tuple of two float
        Lower and upper bound by the name of the score.

    Raises
    ------
    ValueError
        For no cases, fewer draws than 1, and a level outside [1, 100).

    Notes
    -----
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.

    Examples
    --------
    >>> errors = np.arange(100.0)
    >>> low, high = score_interval(lambda places: {"MAE": errors[places].mean()}, len(errors))["MAE"]
    >>> 40 < low < errors.mean() < high < 60
    True
    """
    at_least_one("score_interval", "draws", draws)
    (level,) = check_levels([level])
    draw, n_drawn = _drawing(groups_or_n, np.random.default_rng(seed))
    rows = [dict(scorer(draw())) for _ in range(draws)]
    quantiles = level_quantiles(level)
    scores = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return {
        name: _bounds(values if n_drawn > 1 else values[:0], quantiles) for name, values in scores.items()
    }


def _drawing(groups_or_n: np.ndarray | int, rng: np.random.Generator) -> tuple[Callable[[], np.ndarray], int]:
    """Return what draws the places of cases, and from how many cases or groups it does."""
    n = groups_or_n if isinstance(groups_or_n, int) else len(groups_or_n)
    if n < 1:
        raise ValueError("score_interval: there are no cases to draw from; give at least one.")
    if isinstance(groups_or_n, int):
        return lambda: rng.integers(n, size=n), n
    _, group, sizes = np.unique(groups_or_n, return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")  # the cases, group after group
    starts = np.cumsum(sizes) - sizes

    def draw() -> np.ndarray:
        chosen = rng.integers(len(sizes), size=len(sizes))
        lengths = sizes[chosen]
        behind = np.cumsum(lengths) - lengths  # where each chosen group begins among those drawn
        return order[np.arange(lengths.sum()) + np.repeat(starts[chosen] - behind, lengths)]

    return draw, len(sizes)


def _bounds(values: np.ndarray, quantiles: tuple[float, float]) -> tuple[float, float]:
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, quantiles)
    return float(low), float(high)
