"""Over training: the gradient at each step as ridge lines over epochs, with a slider that needs no server."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from normcast.inspect.pictures.axes import above, brief, log_axis, step_axis
from normcast.inspect.pictures.canvas import panel, picture
from normcast.inspect.pictures.cells import edges
from normcast.inspect.pictures.order import said
from normcast.pages.charts import ChartSpec, layer_of, line_mark, mark_of

RIDGES, POINTS = 20, 90  # lines of a panel; points of a line, shared by the layers
SHOWN = 6  # layers; the rest is counted
ROW = 14  # pixels between two ridges
OVERLAP = 2.2  # rows that the highest ridge reaches over


class Recorded(Protocol):
    """A `Flow`, as pictures see it: what was recorded at some epochs of a training."""

    @property
    def epochs(self) -> np.ndarray:
        """Which epochs, (epoch,)."""

    @property
    def gradients(self) -> dict[str, np.ndarray]:
        """By recurrent layer, the norm of dL/dh at each step: (epoch, step)."""


def epochs(flow: Recorded) -> Any:
    """Draw the norm of the gradient at each step over training, a ridge for each epoch.

    The slider chooses the epoch that is drawn at the right, beside the first; without a script, as in a
    page, it is the last one.
    """
    chosen = chosen_epochs(len(flow.epochs))
    numbers = [int(flow.epochs[k]) for k in chosen]
    panels, shown = [], list(flow.gradients.items())[:SHOWN]
    for name, norms in shown:
        table = _binned(np.asarray(norms, "float64")[chosen], POINTS // len(shown))
        panels += [_ridges(name, table, numbers, norms.shape[1]), _one(name, table, numbers, norms.shape[1])]
    if not panels:
        panels = [
            panel(
                "no recurrent layer was recorded", [layer_of(mark_of("point", "muted"), {"x": []})], height=20
            )
        ]
        return picture(panels, "Gradients over training")
    about = said(
        "norm of the gradient to the output h of each step, log scale",
        "a ridge is an epoch, the newest in front",
        f"{len(chosen)} of {len(flow.epochs)} epochs" if len(chosen) < len(flow.epochs) else "",
        f"{len(flow.gradients) - SHOWN} more layers not drawn" if len(flow.gradients) > SHOWN else "",
    )
    return picture(panels, "Gradients over training", about, params=[slider(numbers)])


def over_training(flow: Recorded) -> str:
    """Return one sentence on how the gradient at the far end of the window changed over training."""
    ways = []
    for name, norms in flow.gradients.items():
        ends = norms[[0, -1]][:, [0, -1]].astype("float64")
        with np.errstate(divide="ignore", invalid="ignore"):
            first, last = ends.min(axis=1) / ends.max(axis=1)
        ways.append(f"in {name} {brief(first)} at epoch {flow.epochs[0]}, {brief(last)} at {flow.epochs[-1]}")
    if not ways:
        return "No recurrent layer was recorded."
    return (
        "Normally the gradient at one end of the window is not far below that at the other; its share is "
        f"{'; '.join(ways)}."
    )


def chosen_epochs(count: int, most: int = RIDGES) -> list[int]:
    """Return which epochs are drawn: all, or at even distances back from the last.

    >>> chosen_epochs(3), chosen_epochs(41, most=5)
    ([0, 1, 2], [4, 13, 22, 31, 40])
    """
    stride = max(1, -(-count // most))
    return list(range(count - 1, -1, -stride))[::-1]


def slider(numbers: list[int]) -> ChartSpec:
    """Return the parameter of the chosen epoch, bound to an input of the browser's own."""
    gaps = set(np.diff(numbers).tolist())
    if len(gaps) > 1:
        bind: ChartSpec = {"input": "select", "options": numbers, "name": "epoch "}
    else:
        step = gaps.pop() if gaps else 1
        bind = {
            "input": "range",
            "min": numbers[0],
            "max": max(numbers[-1], numbers[0]),
            "step": step,
            "name": "epoch ",
        }
    return {"name": "epoch", "value": numbers[-1], "bind": bind}


def _binned(norms: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the points of the lines are, and the geometric mean of the norms there."""
    starts = edges(norms.shape[1], most)
    known = np.isfinite(norms) & (norms > 0)
    count = np.add.reduceat(known.astype(float), starts[:-1], axis=1)
    total = np.add.reduceat(np.log(np.where(known, norms, 1.0)), starts[:-1], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.exp(total / count)
    return (starts[:-1] + starts[1:] - 1) / 2, mean


def _ridges(name: str, table: tuple[np.ndarray, np.ndarray], numbers: list[int], steps: int) -> ChartSpec:
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
    about = f"height of a ridge: {brief(low)} to {brief(high)}"
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


def _one(name: str, table: tuple[np.ndarray, np.ndarray], numbers: list[int], steps: int) -> ChartSpec:
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
