"""Two inspections of one layer, one over the other: two models, or two epochs of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.inspect.inspected import Inspected, recurrence_of
from normcast.inspect.pictures.axes import above, log_axis, step_axis
from normcast.inspect.pictures.canvas import panel, picture
from normcast.inspect.pictures.cells import edges
from normcast.inspect.pictures.histograms import room_of, share_axis, shares, value_axis
from normcast.inspect.pictures.names import NAMES
from normcast.inspect.pictures.order import said
from normcast.pages.charts import ChartSpec, layer_of, line_mark, mark_of
from normcast.probes import Recurrence


def compared(one: Inspected, other: Inspected, layer: str, names: tuple[str, str] = ("one", "other")) -> Any:
    """Draw a recurrent layer of two inspections: gradients over steps, and how often gates had which value.

    Steps are counted back from the newest, so that windows of two lengths compare. names: of the two.
    """
    mine, theirs = recurrence_of(one, layer), recurrence_of(other, layer)
    shared = [name for name in (*mine.gates, *mine.states) if name in theirs.activations]
    flow = [_norms(mine, theirs, state) for state in mine.states if state in theirs.gradients]
    spread = [_shares(mine, theirs, name) for name in shared]
    missing = [name for name in (*mine.gates, *mine.states) if name not in shared]
    about = said(
        f"filled and solid: {names[0]}; dashed: {names[1]}",
        f"only in {names[0]}: {', '.join(missing)}" if missing else "",
    )
    return picture([*flow, *spread], f"{layer}: {names[0]} and {names[1]}", about)


def _norms(mine: Recurrence, theirs: Recurrence, state: str) -> ChartSpec:
    norms = [each.gradients[state].norm for each in (mine, theirs)]
    longest = max(map(len, norms))
    x = step_axis(longest, "steps before the newest")
    x = {**x, "scale": {**x["scale"], "reverse": True}}
    y = log_axis(np.concatenate(norms), "norm of the gradient")
    layers = []
    for tone, norm in zip(("ours", "tone-1"), norms, strict=True):
        starts = edges(len(norm), 200)
        back = norm[::-1].astype("float64")
        mean = np.add.reduceat(back, starts[:-1]) / np.diff(starts)
        data = {
            "x": ((starts[:-1] + starts[1:] - 1) / 2).tolist(),
            "y": above(mean, y["scale"]["domain"][0]),
        }
        dots = {"point": {"filled": True, "size": 30}} if len(mean) < 3 else {}
        layers.append(layer_of(line_mark(tone, 2) | dots, data, x=x, y=y))
    return panel(f"gradient to {NAMES.get(state, state)}", layers, height=130)


def _shares(mine: Recurrence, theirs: Recurrence, name: str) -> ChartSpec:
    values = [each.activations[name].values for each in (mine, theirs)]
    low, high = room_of(mine, name, *values)
    layers = []
    for tone, each in zip(("ours", "tone-1"), values, strict=True):
        share, borders = shares(each, low, high)
        heights = (100 * share).round(3).tolist()
        data = {"x": borders.tolist(), "y": [*heights, heights[-1]]}
        axes = {"x": value_axis(low, high), "y": share_axis()}
        if tone == "ours":
            layers.append(
                layer_of(mark_of("area", tone, opacity=0.2, interpolate="step-after"), data, **axes)
            )
        layers.append(layer_of({**line_mark(tone, 1.8), "interpolate": "step-after"}, data, **axes))
    return panel(NAMES.get(name, name), layers, height=110)
