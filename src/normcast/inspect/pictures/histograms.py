"""Histograms of what the gates and states of a recurrent layer were, over kept cases, steps and units."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.inspect.inspected import Inspected, recurrence_of
from normcast.inspect.pictures.axes import tooltip
from normcast.inspect.pictures.canvas import panel, picture
from normcast.inspect.pictures.names import NAMES, SQUASHED
from normcast.inspect.pictures.order import said
from normcast.pages.charts import ChartSpec, layer_of, mark_of
from normcast.pages.percent import size
from normcast.probes import Recurrence

BINS = 40


def histograms(inspection: Inspected, layer: str) -> Any:
    """Draw how often each gate and state had which value, a panel for each.

    Over all units and steps of the cases that were kept. Of a gate, its panel says which share of all values
    is shut or open; those ends are drawn in another colour.
    """
    seen = recurrence_of(inspection, layer)
    panels = [_panel(inspection, seen, name) for name in (*seen.gates, *seen.states)]
    kept = len(seen.activations[seen.states[0]].values)
    about = said(
        f"all units and steps of {kept:,} of {inspection.seen.cases:,} cases",
        "share in %",
        "orange: the outermost values of a gate" if seen.gates else "",
    )
    return picture(panels, f"{layer}: values of gates and states", about)


def shares(values: np.ndarray, low: float, high: float, bins: int = BINS) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of the finite values in each bin, (bin,), and the edges, (bin + 1,).

    >>> shares(np.array([0.1, 0.2, 0.9, np.nan]), 0.0, 1.0, bins=2)[0].tolist()
    [0.6666666666666666, 0.3333333333333333]
    """
    known = values[np.isfinite(values)]
    count, borders = np.histogram(np.clip(known, low, high), bins=bins, range=(low, high))
    return count / max(len(known), 1), borders


def room_of(seen: Recurrence, name: str, *values: np.ndarray) -> tuple[float, float]:
    """Return between which values a gate or a state is drawn: 0 and 1, or as far on either side of 0."""
    if name in seen.gates and name not in SQUASHED:
        return 0.0, 1.0
    most = max((float(np.abs(each[np.isfinite(each)]).max(initial=0)) for each in values), default=0.0)
    return (-1.0, 1.0) if 0.5 < most <= 1 else (-(most or 1.0), most or 1.0)


def share_axis() -> ChartSpec:
    """Return the axis of shares in percent."""
    axis = {"tickCount": 3, "titlePadding": 8}
    return {"field": "y", "type": "quantitative", "title": "share, %", "axis": axis}


def value_axis(low: float, high: float) -> ChartSpec:
    """Return the axis of values between two."""
    axis = {"tickCount": 5, "format": ".2~g"}
    scale = {"domain": [low, high], "nice": False, "zero": False}
    return {"field": "x", "type": "quantitative", "title": "value", "scale": scale, "axis": axis}


def _panel(inspection: Inspected, seen: Recurrence, name: str) -> ChartSpec:
    values = seen.activations[name].values
    low, high = room_of(seen, name, values)
    share, borders = shares(values, low, high)
    axes = {"x": value_axis(low, high), "x2": {"field": "x2"}, "y": share_axis(), "y2": {"datum": 0}}
    told = tooltip({}, {"x": "from", "x2": "to", "y": "share, %"})
    columns = {"x": borders[:-1].tolist(), "x2": borders[1:].tolist(), "y": (100 * share).round(3).tolist()}
    about, ends = "", np.zeros(len(share), bool)
    if name in seen.gates:
        reading = inspection.readings[seen.name]
        low_words, high_words = ("at −1", "at 1") if name in SQUASHED else ("shut", "open")
        about = f"{size(reading.shut[name])} {low_words}, {size(reading.open[name])} {high_words}"
        ends[[0, -1]] = True
    layers = [
        layer_of(
            mark_of("bar", tone, binSpacing=1),
            {key: np.array(column)[which].tolist() for key, column in columns.items()},
            **axes,
            tooltip=told,
        )
        for tone, which in (("ours", ~ends), ("tone-1", ends))
        if which.any()
    ]
    return panel(NAMES.get(name, name), layers, about, height=110)
