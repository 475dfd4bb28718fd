"""Charts as values: each takes frames with the canonical columns and returns a Vega-Lite specification.

A specification is a plain dict: `notebook_chart` makes an altair chart of it, `inline_svg` an SVG for a page.
Stamps are drawn as the clock on the wall showed them, whatever time zone this machine is in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from normcast.pages.drawing import TONES, dash_of
from normcast.pages.words import decimals, number, stamp

POINTS = 96  # above so many steps single points are neither seen nor met by a pointer
BAND = 0.2  # opacity of one band; narrower ones lie on the wider and look darker
STRIDES = [round(10**power * head) for power in range(8) for head in (1, 2, 5)]
TEXT = {"field": "text", "type": "nominal"}

ChartSpec = dict[str, Any]


def forecast_chart(
    history: pd.DataFrame, forecast: pd.DataFrame, model: str, levels: Sequence[float]
) -> ChartSpec:
    """Draw the last observed values of one series, its forecast, and the intervals as bands.

    history: `ds, y`; forecast: `ds, <model>, <model>-lo-<level>, ...`.
    """
    # The line starts at the last observed value, so that no gap opens between the two.
    last = history[["ds", "y"]].dropna().tail(1).rename(columns={"y": model})
    return {
        "layer": [
            *band_layers(forecast, model, levels),
            line_layer(history, "y", "ink", width=1.4),
            line_layer(pd.concat([last, forecast[["ds", model]]]), model, "ours", width=2.2),
            *hover_layers(forecast, model),
        ]
    }


def layer_of(mark: ChartSpec, columns: Mapping[str, list[Any]], **encoding: ChartSpec) -> ChartSpec:
    """Return a mark with its data, given by columns, and how they are drawn."""
    rows = [
        dict(zip(columns, map(drawable, row), strict=True)) for row in zip(*columns.values(), strict=True)
    ]
    return {"mark": mark, "data": {"values": rows}, "encoding": encoding}


def drawable(value: Any) -> Any:
    """Return a value that JSON knows: a loss that ran away to infinity is a gap in its line."""
    if value is None or isinstance(value, str | int):
        return value
    return float(value) if isfinite(value) else None


def mark_of(kind: str, tone: str, **style: Any) -> ChartSpec:
    """Return a mark in a tone of the page."""
    return {"type": kind, "color": TONES[tone], **style}


def line_mark(tone: str, width: float) -> ChartSpec:
    """Return a line with the dash of its tone."""
    return mark_of("line", tone, strokeWidth=width, strokeDash=dash_of(tone))


def target_mark(tone: str, shown: bool = False) -> ChartSpec:
    """Return points that a pointer meets: their description becomes the browser's own tooltip."""
    return mark_of("point", tone, filled=True, size=36 if shown else 140, opacity=1 if shown else 0)


def stamps(ds: pd.Series) -> list[Any]:
    """Return stamps as Vega reads them: times to the millisecond, drawn as they are written; or integers."""
    if not pd.api.types.is_datetime64_any_dtype(ds):
        return ds.tolist()
    return [f"{text}Z" for text in np.datetime_as_string(ds.dt.tz_localize(None).to_numpy(), unit="ms")]


def time_axis(ds: pd.Series) -> ChartSpec:
    """Return the axis of these stamps."""
    if not pd.api.types.is_datetime64_any_dtype(ds):
        return {"field": "x", "type": "quantitative", "title": None, "scale": {"zero": False, "nice": False}}
    axis = {"tickCount": {"expr": "ceil(width / 90)"}, "labelFlush": True}
    return {"field": "x", "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": axis}


def value_axis(zero: bool = False) -> ChartSpec:
    """Return the axis of values; zero: whether it must show zero."""
    return {
        "field": "y",
        "type": "quantitative",
        "title": None,
        "scale": {"zero": zero},
        "axis": {"tickCount": 5},
    }


def percent_axis() -> ChartSpec:
    """Return an axis from 0 to 100 %."""
    axis = {"labelExpr": "datum.label + ' %'", "tickCount": 5}
    return value_axis() | {"scale": {"domain": [0, 100]}, "axis": axis}


def count_axis(last: int, title: str) -> ChartSpec:
    """Return an axis of whole numbers up to the last."""
    stride = next(s for s in STRIDES if last / s <= 8)
    ticks = [tick for tick in range(0, int(last) + 1, stride) if tick or stride > 1]
    axis = {"values": ticks, "format": "d"}
    scale = {"zero": False, "nice": False}
    return {"field": "x", "type": "quantitative", "title": title, "scale": scale, "axis": axis}


def line_layer(frame: pd.DataFrame, column: str, tone: str, width: float) -> ChartSpec:
    """Return a column over time as a line; a value that is missing is a gap in it."""
    data = {"x": stamps(frame["ds"]), "y": frame[column].tolist()}
    return layer_of(line_mark(tone, width), data, x=time_axis(frame["ds"]), y=value_axis())


def band_layers(frame: pd.DataFrame, model: str, levels: Sequence[float]) -> list[ChartSpec]:
    """Return the intervals of a forecast as bands, wide ones first; frame: `ds, <model>-lo-<level>, ...`."""
    axes = {"x": time_axis(frame["ds"]), "y": value_axis(), "y2": {"field": "y2"}}
    bands = []
    for level in sorted(levels, reverse=True):
        low, high = f"{model}-lo-{level:g}", f"{model}-hi-{level:g}"
        if low in frame.columns:
            data = {"x": stamps(frame["ds"]), "y": frame[low].tolist(), "y2": frame[high].tolist()}
            bands.append(layer_of(mark_of("area", "ours", opacity=BAND), data, **axes))
    return bands


def hover_layers(frame: pd.DataFrame, model: str) -> list[ChartSpec]:
    """Return what a pointer finds on a forecast: stamp, forecast, and what happened, if the frame knows."""
    if len(frame) > POINTS:
        return []
    places = decimals(frame[model])
    texts = [
        f"{stamp(ds)}: forecast {number(v, places)}" for ds, v in zip(frame["ds"], frame[model], strict=True)
    ]
    if "y" in frame.columns:
        texts = [f"{text}, actual {number(y, places)}" for text, y in zip(texts, frame["y"], strict=True)]
    data = {"x": stamps(frame["ds"]), "y": frame[model].tolist(), "text": texts}
    axes = {"x": time_axis(frame["ds"]), "y": value_axis()}
    return [layer_of(target_mark("ours"), data, **axes, description=TEXT)]
