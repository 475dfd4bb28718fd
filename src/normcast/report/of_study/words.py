"""Scores and p values as a reader wants them, and the names of axes and metrics."""

from __future__ import annotations

from math import floor, isfinite, log10

from normcast.pages.words import number

AXIS_TITLES = {
    "norm": "Normalization between layers",
    "inside": "Normalization inside the recurrence",
    "dropout": "Dropout between layers",
    "recurrent-dropout": "Dropout inside the recurrence",
    "pooling": "Pooling before the recurrence",
    "squeeze-excite": "Squeeze-and-excite",
    "activation": "Activation and what goes with it",
    "input": "What the network is fed",
    "combined": "Combinations",
}
METRICS = {"mase": "MASE", "mae": "MAE", "rmse": "RMSE", "log_loss": "log loss", "error": "wrong cases"}


def metric_name(metric: str) -> str:
    """Return the name of a metric for people.

    >>> metric_name("mase"), metric_name("log_loss")
    ('MASE', 'log loss')
    """
    return METRICS.get(metric, metric.replace("_", " "))


def score(metric: str, value: float, places: int) -> str:
    """Write a score in its unit: a share of wrong cases in percent.

    >>> score("error", 0.125, 3), score("mase", 0.7125, 3)
    ('12.5 %', '0.713')
    """
    if metric == "error":
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


def nice_step(span: float, most: int) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that cuts a span into at most so many parts.

    >>> nice_step(0.37, 5), nice_step(0.02, 4)
    (0.1, 0.005)
    """
    rough = span / most
    power = 10.0 ** floor(log10(rough))
    return next(head * power for head in (1, 2, 5, 10) if head * power >= rough * (1 - 1e-9))
