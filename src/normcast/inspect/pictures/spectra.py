"""Spectra of the recurrent kernels: eigenvalues on the complex plane, and singular values."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.inspect.inspected import Inspected, recurrence_of
from normcast.inspect.pictures.axes import brief, log_axis, rounded, tooltip
from normcast.inspect.pictures.canvas import panel, picture
from normcast.inspect.pictures.names import NAMES
from normcast.inspect.pictures.order import said
from normcast.pages.charts import ChartSpec, count_axis, layer_of, mark_of
from normcast.pages.drawing import TONES, dash_of
from normcast.probes import GateWeight

SIDE = 230
CIRCLE = np.linspace(0, 2 * np.pi, 73)
POINTS = 512
LINES = ("ours", "tone-1", "tone-2", "tone-3")


def spectra(inspection: Inspected, layer: str) -> Any:
    """Draw the eigenvalues of each gate's recurrent kernel with the unit circle, and its singular values.

    A product of many steps grows along eigenvalues outside of the circle and fades along those inside; the
    gates weaken that by what they let through.
    """
    seen = recurrence_of(inspection, layer)
    known = [each for each in square_weights(seen.weights) if len(each.eigenvalues)]
    if not known:
        empty = panel(
            "no square recurrent kernel", [layer_of(mark_of("point", "muted"), {"x": []})], height=20
        )
        return picture([empty], f"{layer}: spectra of the recurrent kernel")
    most = max(1.0, *(each.spectral_radius for each in known)) * 1.08
    planes = [_plane(each, most) for each in known]
    singular = [_singular(known)] if len(known[0].singular_values) > 1 else []
    about = said(
        "eigenvalues of each gate's part, and the unit circle",
        "singular values, the largest first" if singular else "",
    )
    return picture([*planes, *singular], f"{layer}: spectra of the recurrent kernel", about, columns=3)


def square_weights(weights: tuple[GateWeight, ...]) -> list[GateWeight]:
    """Return the recurrent kernel gate by gate; of a cell of the user's own, what is square."""
    named = [each for each in weights if each.weight == "recurrent"]
    return named or [each for each in weights if each.values.ndim == 2 and len(set(each.values.shape)) == 1]


def _plane(weight: GateWeight, most: float) -> ChartSpec:
    values = weight.eigenvalues[:POINTS]
    axes = {"x": _part("x", "real part", most), "y": _part("y", "imaginary part", most)}
    circle = {
        "x": np.cos(CIRCLE).round(4).tolist(),
        "y": np.sin(CIRCLE).round(4).tolist(),
        "at": CIRCLE.round(3).tolist(),
    }
    line = layer_of(mark_of("line", "muted", strokeWidth=1.2), circle, **axes, order={"field": "at"})
    told = tooltip({}, {"x": "real part", "y": "imaginary part"})
    layers = [line]
    for tone, which in (("ours", np.abs(values) <= 1), ("tone-1", np.abs(values) > 1)):
        dots = {"x": values.real[which].round(5).tolist(), "y": values.imag[which].round(5).tolist()}
        mark = mark_of("point", tone, filled=True, size=34 if len(values) <= 64 else 14, opacity=0.75)
        layers.append(layer_of(mark, dots, **axes, tooltip=told))
    name = NAMES.get(weight.gate, weight.gate) or weight.weight
    outside = int((np.abs(weight.eigenvalues) > 1).sum())
    about = f"radius {brief(weight.spectral_radius)}, {outside} of {len(weight.eigenvalues)} outside"
    return panel(name, layers, about, width=SIDE, height=SIDE)


def _part(field: str, title: str, most: float) -> ChartSpec:
    axis = {"tickCount": 5, "grid": True, "format": "~g"}
    scale = {"domain": [-most, most], "nice": False}
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, "axis": axis}


def _singular(known: list[GateWeight]) -> ChartSpec:
    """Return the panel of singular values: a line for each gate, its tone and its dash in the legend."""
    values = [each.singular_values for each in known]
    names = [each.gate or each.weight for each in known]
    ranks = list(range(1, len(values[0]) + 1))
    told: ChartSpec = {"field": "gate", "type": "nominal", "sort": None, "title": None}
    told |= {"legend": {"orient": "bottom-left"}}  # where no line is: they fall to the right
    tones = {**told, "scale": {"domain": names, "range": [TONES[tone] for tone in LINES][: len(names)]}}
    dashes = {
        **told,
        "scale": {"domain": names, "range": [dash_of(tone) or [1, 0] for tone in LINES][: len(names)]},
    }
    columns: dict[str, list[Any]] = {
        "x": ranks * len(known),
        "y": [rounded(v) if v > 0 else None for each in values for v in each],
        "gate": [name for name in names for _ in ranks],
    }
    axes = {"x": count_axis(len(ranks), "rank"), "y": log_axis(np.concatenate(values), "singular value")}
    line = layer_of({"type": "line", "strokeWidth": 2}, columns, **axes, color=tones, strokeDash=dashes)
    about = f"largest {brief(max(each[0] for each in values))}"
    return panel("singular values", [line], about, width=SIDE, height=SIDE)
