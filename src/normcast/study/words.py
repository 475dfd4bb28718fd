"""The names of metrics, scores, p values and numbers of seeds as a reader wants them."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from normcast.errors import counted
from normcast.pages.words import number

METRICS = {"mase": "MASE", "mae": "MAE", "rmse": "RMSE", "log_loss": "log loss", "error": "wrong cases"}


def metric_name(metric: str) -> str:
    """Return the name of a metric for people.

    >>> metric_name("mase"), metric_name("log_loss")
    ('MASE', 'log loss')
    """
    return METRICS.get(metric, metric.replace("_", " "))


def score(metric: str, value: float, places: int) -> str:
    """Write a score in its unit: a share of wrong cases, or labels, in percent.

    >>> score("error", 0.125, 3), score("mase", 0.7125, 3)
    ('12.5 %', '0.713')
    """
    if metric in ("error", "wrong_labels"):
        return f"{number(100 * value, 1)} %" if isfinite(value) else number(value, 1)
    return number(value, places)


def p_value(p: float) -> str:
    """Write a p value.

    >>> p_value(0.00012), p_value(0.0493), p_value(float("nan"))
    ('< 0.001', '0.049', '–')
    """
    if not isfinite(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def seeds_words(seeds: Iterable[int]) -> str:
    """Return how many seeds networks have, of each so many.

    >>> seeds_words([8, 8]), seeds_words([12, 5, 8])
    ('8 seeds', '5 to 12 seeds')
    """
    known = sorted(seeds)
    most = counted(known[-1], "seed")
    return most if known[0] == known[-1] else f"{known[0]} to {most}"
