"""Sight: how far back a network looks."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.inspect.inspected import Inspected
from normcast.inspect.pictures.axes import above, log_axis, step_axis
from normcast.inspect.pictures.canvas import panel, picture
from normcast.inspect.pictures.cells import WIDE, edges, gridded, heat_map, logarithmic
from normcast.inspect.pictures.order import said
from normcast.pages.charts import ChartSpec, layer_of, line_mark, mark_of
from normcast.probes import Sight


def sight(inspection: Inspected) -> Any:
    """Draw mean |dy/dx| at each step of each input: all channels together, and channel by channel."""
    found = inspection.seen.sight
    panels = [each for one in found for each in _panels(one, len(found))]
    if not panels:
        panels = [panel("no input has steps", [layer_of(mark_of("point", "muted"), {"x": []})], height=20)]
    outputs = len(found[0].outputs) if found else 0
    about = said(
        "derivative of the outputs with respect to each value of the input, its mean size over the cases",
        f"mean over {outputs} outputs" if outputs > 1 else "",
        *(_binned(one, len(found)) for one in found),
    )
    return picture(panels, f"{inspection.seen.model}: how far back it looks", about)


def _grid(one: Sight, inputs: int) -> Any:
    return gridded(one.slope, np.arange(one.slope.shape[1]), inputs)


def _binned(one: Sight, inputs: int) -> str:
    return _grid(one, inputs).words


def _panels(one: Sight, inputs: int) -> list[ChartSpec]:
    grid = _grid(one, inputs)
    whose = f"{one.input}: " if inputs > 1 else ""
    drawn = heat_map(grid, f"{whose}channel by channel", logarithmic([grid.values]), rows="channel")
    whole = line_panel(one.slope.sum(axis=1), f"{whose}all channels", "|dy/dx|", drawn["width"])
    return [whole] if one.slope.shape[1] == 1 else [whole, drawn]


def line_panel(values: np.ndarray, title: str, unit: str, width: int = WIDE) -> ChartSpec:
    """Return a panel with one line over steps on a log axis, filled below; (step,)."""
    starts = edges(len(values), 300)
    mean = np.add.reduceat(values.astype("float64"), starts[:-1]) / np.diff(starts)
    axes = {"x": step_axis(len(values)), "y": log_axis(mean, unit)}
    low = axes["y"]["scale"]["domain"][0]
    columns = {
        "x": ((starts[:-1] + starts[1:] - 1) / 2).tolist(),
        "y": above(mean, low),
    }
    area = layer_of(
        mark_of("area", "ours", opacity=0.2), {**columns, "y2": [low] * len(mean)}, **axes, y2={"field": "y2"}
    )
    dots = {"point": {"filled": True, "size": 30}} if len(mean) < 3 else {}
    line = layer_of(line_mark("ours", 2) | dots, columns, **axes)
    return panel(title, [area, line], width=width, height=130)
