"""Ridges: the gradient at each step as a line for each epoch, and the chosen epoch beside the first."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.inspect.pictures.axes import above, log_axis, power_name, step_axis
from normcast.inspect.pictures.canvas import panel
from normcast.inspect.pictures.cells import edges
from normcast.pages.charts import ChartSpec, layer_of, line_mark, mark_of

ROW = 14  # pixels between two ridges
OVERLAP = 2.2  # rows that the highest ridge reaches over
Table = tuple[np.ndarray, np.ndarray]
"""Where the points of the lines are, and the norms there: (point,) and (epoch, point)."""


def binned(norms: np.ndarray, most: int) -> Table:
    """Return where the points of the lines are, and the geometric mean of the norms there."""
    starts = edges(norms.shape[1], most)
    known = np.isfinite(norms) & (norms > 0)
    count = np.add.reduceat(known.astype(float), starts[:-1], axis=1)
    total = np.add.reduceat(np.log(np.where(known, norms, 1.0)), starts[:-1], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.exp(total / count)
    return (starts[:-1] + starts[1:] - 1) / 2, mean


def ridges(name: str, table: Table, numbers: list[int], steps: int) -> ChartSpec:
    """Return the panel of a layer with a ridge for each epoch; numbers: the epochs."""
    at, norms = table
    low, high = log_axis(norms, "")["scale"]["domain"]
    level = (np.log10(np.clip(np.where(np.isfinite(norms), norms, low), low, high)) - np.log10(low)) / (
        np.log10(high) - np.log10(low)
    )
    x, count = step_axis(steps), len(numbers)
    y = _rows(numbers)
    layers = []
    for row in range(count):
        base = count - 1 - row  # the first at the back
        top = [round(base + OVERLAP * each, 4) for each in level[row]]
        chosen = f"epoch == {numbers[row]}"
        columns: dict[str, list[Any]] = {"x": at.tolist(), "y": top, "y2": [float(base)] * len(at)}
        fill, line = mark_of("area", "ours"), mark_of("line", "ours")
        layers.append(layer_of(fill, columns, x=x, y=y, y2={"field": "y2"}, opacity=_lit(chosen, 0.4, 0.06)))
        rest = {"strokeWidth": _lit(chosen, 2.6, 1.1), "opacity": _lit(chosen, 1, 0.75)}
        layers.append(layer_of(line, {"x": columns["x"], "y": top}, x=x, y=y, **rest))
    about = f"height of a ridge: {power_name(low)} to {power_name(high)}"
    return panel(name, layers, about, height=max(120, ROW * count + 40))


def _lit(test: str, value: float, other: float) -> ChartSpec:
    return {"condition": {"test": test, "value": value}, "value": other}


def _rows(numbers: list[int]) -> ChartSpec:
    count = len(numbers)
    stride = max(1, -(-count // 10))
    values = list(range(0, count, stride))
    names = ",".join(str(number) for number in reversed(numbers))
    axis = {
        "values": values,
        "labelExpr": f"[{names}][datum.value]",
        "grid": False,
        "ticks": False,
        "domain": False,
    }
    scale = {"domain": [-0.3, count - 1 + OVERLAP], "nice": False, "zero": False}
    return {"field": "y", "type": "quantitative", "title": "epoch", "scale": scale, "axis": axis}


def chosen_line(name: str, table: Table, numbers: list[int], steps: int) -> ChartSpec:
    """Return the panel of a layer with the norms at the epoch that is chosen, and at the first."""
    at, norms = table
    x, y = step_axis(steps), log_axis(norms, "norm of the gradient")
    first = {"x": at.tolist(), "y": above(norms[0], y["scale"]["domain"][0])}
    layers = [layer_of(line_mark("tone-1", 1.6), first, x=x, y=y)]
    every: dict[str, list[Any]] = {
        "x": at.tolist() * len(numbers),
        "y": [v for row in norms for v in above(row, y["scale"]["domain"][0])],
    }
    every["epoch"] = [number for number in numbers for _ in at]
    chosen = layer_of(line_mark("ours", 2.4), every, x=x, y=y)
    layers.append({**chosen, "transform": [{"filter": "datum.epoch == epoch"}]})
    return panel(
        f"{name}: the epoch chosen",
        layers,
        f"dashed: epoch {numbers[0]}",
        height=max(120, ROW * len(numbers) + 40),
    )
