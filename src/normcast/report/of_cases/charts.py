"""The charts of an evaluation's report, as Vega-Lite specifications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from normcast.pages.charts import TEXT, ChartSpec, count_axis, layer_of, line_mark, mark_of
from normcast.pages.words import decimals, number
from normcast.report.of_cases.reliability import Bin

Columns = dict[str, list[Any]]

THIN = 150  # points of a line: more are not seen
TALLEST = 1.5  # times the usual range: an early loss that is far above is cut off
ROW = 24  # pixels of a group


def quantity(field: str, title: str, domain: tuple[float, float] | None = None) -> ChartSpec:
    """Return an axis of numbers with its title, over a domain or what there is."""
    scale: ChartSpec = {"zero": False} if domain is None else {"domain": list(domain), "nice": False}
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": scale,
        "axis": {"tickCount": 5, "titlePadding": 10},
    }


def truth_chart(
    actual: np.ndarray, told: np.ndarray, bounds: np.ndarray | None, texts: Sequence[str], name: str
) -> ChartSpec:
    """Draw what was told over what came, (cases,), with the diagonal and, (cases, 2), intervals as bars."""
    domain = _room(np.concatenate([actual, told]))
    axes = {
        "x": quantity("x", f"{name}: what came", domain),
        "y": quantity("y", f"{name}: what was told", domain),
    }
    diagonal = mark_of("line", "muted", strokeDash=[4, 3], strokeWidth=1)
    layers = [layer_of(diagonal, {"x": list(domain), "y": list(domain)}, **axes)]
    if bounds is not None:
        low, high = np.clip(bounds, *domain).T
        data = {"x": actual.tolist(), "y": low.tolist(), "y2": high.tolist()}
        bar = mark_of("rule", "ours", opacity=0.25)
        layers.append(layer_of(bar, data, **axes, y2={"field": "y2"}))
    points: Columns = {"x": actual.tolist(), "y": told.tolist(), "text": list(texts)}
    return {"layer": [*layers, layer_of(_dots(), points, **axes, description=TEXT)]}


def residual_chart(actual: np.ndarray, told: np.ndarray, texts: Sequence[str], name: str) -> ChartSpec:
    """Draw what was told minus what came, over what came, (cases,)."""
    domain, error = _room(actual), told - actual
    axes = {"x": quantity("x", f"{name}: what came", domain), "y": quantity("y", "told minus what came")}
    zero = mark_of("line", "muted", strokeDash=[4, 3], strokeWidth=1)
    points: Columns = {"x": actual.tolist(), "y": error.tolist(), "text": list(texts)}
    return {
        "layer": [
            layer_of(zero, {"x": list(domain), "y": [0, 0]}, **axes),
            layer_of(_dots(), points, **axes, description=TEXT),
        ]
    }


def _dots() -> ChartSpec:
    return mark_of("point", "ours", filled=True, size=22, opacity=0.6)


def _room(values: np.ndarray) -> tuple[float, float]:
    """Return the ends of an axis with a little room at both."""
    low, high = float(values.min()), float(values.max())
    room = 0.04 * (high - low) or 0.5
    return low - room, high + room


def reliability_chart(bins: Sequence[Bin]) -> ChartSpec:
    """Draw the share told rightly over how sure the network was, with binomial intervals."""
    axes = {
        "x": quantity("x", "probability of what was told, %", (0, 100)),
        "y": quantity("y", "told rightly, %", (0, 100)),
    }
    x = [100 * each.confidence for each in bins]
    ends = {"y": [100 * each.low for each in bins], "y2": [100 * each.high for each in bins]}
    texts = [
        f"{each.cases} cases, {100 * each.confidence:.0f} % sure: {100 * each.accuracy:.0f} % told rightly"
        for each in bins
    ]
    diagonal = mark_of("line", "muted", strokeDash=[4, 3], strokeWidth=1)
    bars = mark_of("rule", "ours", strokeWidth=1.4, opacity=0.6)
    dots = mark_of("point", "ours", filled=True, size=50, opacity=1)
    data: Columns = {"x": x, "y": [100 * each.accuracy for each in bins], "text": texts}
    return {
        "layer": [
            layer_of(diagonal, {"x": [0, 100], "y": [0, 100]}, **axes),
            layer_of(bars, {"x": x, **ends}, **axes, y2={"field": "y2"}),
            layer_of(dots, data, **axes, description=TEXT),
        ]
    }


def group_chart(
    names: Sequence[str], ours: Sequence[float], theirs: Sequence[float], title: str
) -> ChartSpec:
    """Draw a row per group: the network's score as a dot, the baseline's as a ring."""
    axis = {"labelLimit": 190, "labelOverlap": False, "grid": True, "domain": False, "ticks": False}
    rows = {"field": "group", "type": "nominal", "sort": None, "title": None, "axis": axis}
    places = decimals([*ours, *theirs])
    layers = []
    for values, mark, who in (
        (theirs, mark_of("point", "tone-1", filled=False, size=55, strokeWidth=1.8, opacity=1), "baseline"),
        (ours, mark_of("point", "ours", filled=True, size=55, opacity=1), "normcast"),
    ):
        texts = [f"{name}: {who} {number(v, places)}" for name, v in zip(names, values, strict=True)]
        data: Columns = {"x": list(values), "group": list(names), "text": texts}
        layers.append(layer_of(mark, data, x=quantity("x", title), y=rows, description=TEXT))
    return {"layer": layers, "height": ROW * len(names) + 50}


def loss_chart(curves: Sequence[tuple[Sequence[float], Sequence[float], int]]) -> ChartSpec:
    """Draw (training loss, validation loss, best epoch) of some networks by epoch, as thin lines.

    Validation begins at epoch 0, the initial weights. What is far above the usual is drawn at the top.
    """
    losses = [loss for mine, valid, _ in curves for loss in (*mine, *valid)]
    y = quantity("y", "loss")
    limits = limits_of(losses, [loss for mine, valid, _ in curves for loss in (*mine[1:], *valid[2:])])
    if limits is not None:
        y = quantity("y", "loss", limits)
    top = limits[1] if limits else float("inf")
    last = max(len(mine) for mine, *_ in curves)
    layers = []
    for mine, valid, best in curves:
        for values, first, mark in (
            (mine, 1, {**line_mark("tone-1", 1), "opacity": 0.8}),
            (valid, 0, {**line_mark("ours", 1), "opacity": 0.9}),
        ):
            epochs = _thinned(len(values), best - first)
            data: Columns = {"x": [first + k for k in epochs], "y": [min(values[k], top) for k in epochs]}
            layers.append(layer_of(mark, data, x=count_axis(last, "epoch"), y=y))
    points = [(best, valid[best]) for _, valid, best in curves if best < len(valid) and valid[best] <= top]
    marks: Columns = {"x": [x for x, _ in points], "y": [y for _, y in points]}
    dots = mark_of("point", "ink", filled=True, size=30, opacity=1)
    return {"layer": [*layers, layer_of(dots, marks, x=count_axis(last, "epoch"), y=y)]}


def limits_of(losses: Sequence[float], late: Sequence[float]) -> tuple[float, float] | None:
    """Return the ends of the axis where early losses are far above the usual ones, else None.

    >>> limits_of([9.0, 1.0, 0.5], [1.0, 0.5]), limits_of([1.1, 1.0, 0.5], [1.0, 0.5]) is None
    ((0.5, 1.2275), True)
    """
    known = np.array([loss for loss in losses if np.isfinite(loss)])
    usual = np.array([loss for loss in late if np.isfinite(loss)])
    if not len(known) or not len(usual):
        return None
    low, high = float(known.min()), float(np.percentile(usual, 97))
    top = low + TALLEST * (high - low)
    return (low, round(top, 10)) if low < top < known.max() else None


def _thinned(count: int, keep: int) -> list[int]:
    """Return places of a line that are drawn: all, or some of many, with the first, the last and one more."""
    if count <= THIN:
        return list(range(count))
    some = {round(k) for k in np.linspace(0, count - 1, THIN)}
    return sorted(some | {keep} if 0 <= keep < count else some)
