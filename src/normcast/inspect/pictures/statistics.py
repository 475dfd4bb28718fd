"""Batch statistics beside those that inference uses: per step inside a recurrence, per channel outside."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.check.seen.statistics import shift_and_ratio
from normcast.inspect.inspected import Inspected, channels_of
from normcast.inspect.pictures.axes import DECADES, rounded, step_axis, ticks
from normcast.inspect.pictures.canvas import panel, picture
from normcast.inspect.pictures.cells import edges, means
from normcast.inspect.pictures.order import said
from normcast.pages.charts import ChartSpec, layer_of, line_mark, mark_of
from normcast.probes import StepStatistics

CALM = 0.1  # what the axis shows at least on either side of what is usual


def statistics(inspection: Inspected, layer: str) -> Any:
    """Draw how far the statistics of these cases are from the running ones.

    Two panels for each normalized term: the shift of the mean, in running standard deviations, and the ratio
    of the variances; per step of a recurrence, with a band over the units, or per channel.
    """
    seen, found = inspection.seen.recurrences.get(layer), shifts_and_ratios(inspection, layer)
    if seen is not None:
        panels = [
            each for one, pair in zip(seen.statistics, found, strict=True) for each in _over_steps(one, *pair)
        ]
        what = "line: median of the units; band: 10 to 90 % of them"
    else:
        panels = [
            each
            for shift, ratio in found
            for each in (
                _channel_dots(shift, "shift of the mean", "running sd", 0.0),
                _channel_dots(ratio, "ratio of variances", "batch / running", 1.0),
            )
        ]
        what = "a dot is a channel"
    about = said("batch against running statistics", what)
    if not panels:
        panels = [panel("no running statistics", [layer_of(mark_of("point", "muted"), {"x": []})], height=20)]
        about = ""
    return picture(panels, f"{layer}: statistics of normalization", about)


def shifts_and_ratios(inspection: Inspected, layer: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the shift of means and the ratio of variances of each normalized term of a recurrence, or of a
    batch normalization; empty for others.
    """
    seen = inspection.seen.recurrences.get(layer)
    if seen is not None:
        return [
            shift_and_ratio(each.mean, each.variance, each.moving_mean, each.moving_variance)
            for each in seen.statistics
        ]
    one = channels_of(inspection, layer)
    if one.moving_mean is None or one.moving_variance is None:
        return []
    batch = one.in_training or one.reads
    return [shift_and_ratio(batch.mean, batch.variance, one.moving_mean, one.moving_variance)]


def _over_steps(one: StepStatistics, shift: np.ndarray, ratio: np.ndarray) -> list[ChartSpec]:
    return [
        _band(shift, f"{one.term}: shift of the mean", "running sd", 0.0),
        _band(ratio, f"{one.term}: ratio of variances", "batch / running", 1.0),
    ]


def _band(values: np.ndarray, title: str, unit: str, usual: float) -> ChartSpec:
    columns = edges(len(values), 200)
    low, middle, high = (
        means(np.percentile(values, q, axis=1)[None], np.array([0, 1]), columns)[0] for q in (10, 50, 90)
    )
    x, y = step_axis(len(values)), _value(np.concatenate([low, high, [usual]]), unit, usual)
    at = ((columns[:-1] + columns[1:] - 1) / 2).tolist()
    band = {"x": at, "y": list(map(rounded, low)), "y2": list(map(rounded, high))}
    layers = [
        layer_of(mark_of("area", "ours", opacity=0.22), band, x=x, y=y, y2={"field": "y2"}),
        layer_of(line_mark("ours", 2) | _dots(at), {"x": at, "y": list(map(rounded, middle))}, x=x, y=y),
        _usual(usual, y),
    ]
    return panel(title, layers, height=130)


def _dots(at: list[Any]) -> dict[str, Any]:
    return {"point": {"filled": True, "size": 30}} if len(at) < 3 else {}


def _usual(usual: float, y: ChartSpec) -> ChartSpec:
    return layer_of(mark_of("rule", "ink", strokeDash=[4, 3], strokeWidth=1.2), {"y": [usual]}, y=y)


def _value(values: np.ndarray, title: str, usual: float) -> ChartSpec:
    known = values[np.isfinite(values)]
    positive = known[known > 0]
    if usual == 1.0 and len(positive) and positive.max() / positive.min() > 8:
        low, high = 10.0 ** np.floor(np.log10(positive.min())), 10.0 ** np.ceil(np.log10(positive.max()))
        low = max(low, high / 10.0**DECADES)
        scale = {"type": "log", "domain": [low, high], "clamp": True}
        axis = {**ticks(low, high), "titlePadding": 8}
    else:
        low, high = (float(f(known, initial=usual)) for f in (np.min, np.max))
        scale = {"domain": [min(low, usual - CALM), max(high, usual + CALM)], "zero": False}
        axis = {"tickCount": 5, "format": "~g", "titlePadding": 8}
    return {"field": "y", "type": "quantitative", "title": title, "scale": scale, "axis": axis}


def _channel_dots(values: np.ndarray, title: str, unit: str, usual: float) -> ChartSpec:
    columns = edges(len(values), 256)
    mean = means(np.asarray(values, "float64")[None], np.array([0, 1]), columns)[0]
    x, y = step_axis(len(values), "channel"), _value(np.append(mean, usual), unit, usual)
    at = ((columns[:-1] + columns[1:] - 1) / 2).tolist()
    dots = layer_of(
        mark_of("point", "ours", filled=True, size=36, opacity=0.8),
        {"x": at, "y": list(map(rounded, mean))},
        x=x,
        y=y,
    )
    return panel(title, [_usual(usual, y), dots], height=130)
