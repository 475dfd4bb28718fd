"""Curves over the epochs of a training: its loss, the gates of a layer, and how far each weight moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from normcast.errors import counted
from normcast.inspect.pictures.axes import above, brief, log_axis, rounded, tooltip
from normcast.inspect.pictures.canvas import panel
from normcast.inspect.pictures.names import NAMES, SQUASHED
from normcast.inspect.pictures.owners import weights_of
from normcast.inspect.pictures.trained import ends, faintest
from normcast.pages.charts import ChartSpec, layer_of, line_mark, mark_of
from normcast.pages.drawing import TONES, dash_of
from normcast.pages.percent import size
from normcast.probes.flow import Flow

POINTS = 120  # epochs of a curve; of more, some at even distances
WIDEST = 30  # a loss that falls to less than one in so many is drawn on a log axis
SHARES = 40  # decades of what is left at an end, all that single precision holds
LAYERS = 12  # whose updates are drawn
LINES = ("ours", "tone-1", "tone-2", "tone-3", "tone-4")
GATE, CURVE = 90, 120  # pixels of height
KEY = {"orient": "bottom", "columns": 3, "labelLimit": 110, "columnPadding": 20, "symbolSize": 200}


def loss_panel(flow: Flow) -> ChartSpec:
    """Return the panel of the loss on the recorded cases."""
    at = _at(flow)
    loss = np.asarray(flow.loss, "float64")[at]
    known = loss[np.isfinite(loss)]
    if len(known) and known.min() > 0 and known.max() > WIDEST * known.min():
        y = log_axis(known, "loss")
        heights = above(loss, y["scale"]["domain"][0])
    else:
        y, heights = _from_zero(known), list(map(rounded, loss))
    x, columns = _epochs(flow), {"x": flow.epochs[at].tolist(), "y": heights}
    line = layer_of(line_mark("ours", 2) | _dots(at), columns, x=x, y=y, tooltip=_told("loss"))
    about = f"{brief(loss[0])} at epoch {flow.epochs[0]}, {brief(loss[-1])} at {flow.epochs[-1]}"
    return panel(flow.objective, [line, *_chosen(flow, x)], about, height=CURVE)


def gate_panels(flow: Flow, name: str) -> Iterator[ChartSpec]:
    """Yield a panel for each gate of a layer: its mean, and which shares of its values are shut and open."""
    at, x = _at(flow), _epochs(flow)
    gates = flow.gates.get(name, {})
    for gate in sorted(gates, key=list(NAMES).index):
        told = gates[gate]
        mean, shut, open_ = np.asarray(told, "float64")[at].T
        low, ends = (-1.0, ("at −1", "at 1")) if gate in SQUASHED else (0.0, ("shut", "open"))
        y = _between(low, 1.0)
        room = 1.0 - low
        layers = [
            _shade(flow, at, x, y, low, low + room * shut, ends[0], shut),
            _shade(flow, at, x, y, 1.0, 1.0 - room * open_, ends[1], open_),
            layer_of(
                line_mark("ours", 2) | _dots(at),
                {"x": flow.epochs[at].tolist(), "y": list(map(rounded, mean))},
                x=x,
                y=y,
                tooltip=_told("mean"),
            ),
            *_chosen(flow, x),
        ]
        about = f"at the end {size(shut[-1])} {ends[0]}, {size(open_[-1])} {ends[1]}"
        yield panel(f"{name}: {NAMES.get(gate, gate)}", layers, about, height=GATE)


def update_panels(flow: Flow) -> Iterator[ChartSpec]:
    """Yield a panel for each layer with weights: a line for each, its change in an epoch in percent."""
    layers = weights_of(flow)
    axis = log_axis(np.concatenate([100 * v for v in flow.updates.values()] or [np.ones(1)]), "change, %")
    for name, paths in list(layers.items())[:LAYERS]:
        about = f"{len(paths) - len(LINES)} more weights are not drawn" if len(paths) > len(LINES) else ""
        lines = {each: 100 * np.asarray(flow.updates[path], "float64") for path, each in paths.items()}
        yield _lines(flow, name, lines, axis, about)
    if len(layers) > LAYERS:
        rest = f"updates of {counted(len(layers) - LAYERS, 'more layer')} are not drawn"
        yield panel(rest, [layer_of(mark_of("point", "muted"), {"x": []})], height=20)


def share_panel(flow: Flow) -> ChartSpec:
    """Return the panel of what is left of the gradient at the fainter end of the window, layer by layer."""
    lines = {name: ends(flow.gradients[name]) for name in faintest(flow, len(LINES))}
    axis = log_axis(np.concatenate(list(lines.values())), "fainter end / other", most=SHARES)
    about = f"the faintest of {len(flow.gradients)} layers" if len(flow.gradients) > len(lines) else ""
    return _lines(flow, "gradient at the ends of the window", lines, axis, about)


def _lines(flow: Flow, title: str, lines: dict[str, np.ndarray], y: ChartSpec, about: str) -> ChartSpec:
    """Return a panel with lines by name, each with its tone and its dash in the legend."""
    at, x, names = _at(flow), _epochs(flow), list(lines)[: len(LINES)]
    told = {"field": "line", "type": "nominal", "sort": None, "title": None, "legend": KEY}
    tones = [TONES[tone] for tone in LINES][: len(names)]
    dashes = [dash_of(tone) or [1, 0] for tone in LINES][: len(names)]
    columns: dict[str, list[Any]] = {
        "x": flow.epochs[at].tolist() * len(names),
        "y": [v for name in names for v in above(lines[name][at], y["scale"]["domain"][0])],
        "line": [name for name in names for _ in at],
    }
    line = layer_of(
        {"type": "line", "strokeWidth": 1.8} | _dots(at),
        columns,
        x=x,
        y=y,
        color={**told, "scale": {"domain": names, "range": tones}},
        strokeDash={**told, "scale": {"domain": names, "range": dashes}},
        tooltip=tooltip({"line": "line"}, {"x": "epoch", "y": str(y["title"])}),
    )
    return panel(title, [line, *_chosen(flow, x)], about, height=CURVE)


def _at(flow: Flow) -> np.ndarray:
    """Return which epochs a curve has points at, the first and the last among them."""
    return np.unique(np.linspace(0, len(flow.epochs) - 1, min(POINTS, len(flow.epochs))).round().astype(int))


def _shade(
    flow: Flow,
    at: np.ndarray,
    x: ChartSpec,
    y: ChartSpec,
    foot: float,
    heights: np.ndarray,
    word: str,
    share: np.ndarray,
) -> ChartSpec:
    """Return an area that stands on an end of a gate's range, or hangs from it, as high as a share."""
    columns = {
        "x": flow.epochs[at].tolist(),
        "y": list(map(rounded, heights)),
        "y2": [foot] * len(at),
        "share": list(map(rounded, 100 * share)),
    }
    told = tooltip({}, {"x": "epoch", "share": f"{word}, %"})
    mark = mark_of("area", "tone-1", opacity=0.35)
    return layer_of(mark, columns, x=x, y=y, y2={"field": "y2"}, tooltip=told)


def _epochs(flow: Flow) -> ChartSpec:
    first, last = int(flow.epochs[0]), int(flow.epochs[-1])
    room = 0.5 if first == last else 0
    scale = {"domain": [first - room, last + room], "nice": False, "zero": False}
    axis = {"tickCount": 6, "tickMinStep": 1, "format": "d"}
    return {"field": "x", "type": "quantitative", "title": "epoch", "scale": scale, "axis": axis}


def _between(low: float, high: float) -> ChartSpec:
    axis = {"values": [low, (low + high) / 2, high], "format": "~g", "titlePadding": 8}
    scale = {"domain": [low, high], "nice": False, "zero": False}
    return {"field": "y", "type": "quantitative", "title": "value", "scale": scale, "axis": axis}


def _from_zero(known: np.ndarray) -> ChartSpec:
    high = max(float(known.max(initial=0)), 1e-12)
    axis = {"tickCount": 4, "format": "~g", "titlePadding": 8}
    scale = {"domain": [min(0.0, float(known.min(initial=0))), high]}
    return {"field": "y", "type": "quantitative", "title": "loss", "scale": scale, "axis": axis}


def _chosen(flow: Flow, x: ChartSpec) -> list[ChartSpec]:
    """Return the rule at the epoch that the slider chooses."""
    rule = mark_of("rule", "muted", strokeDash=[1, 3], strokeWidth=1.4)
    each = layer_of(rule, {"x": flow.epochs.tolist()}, x=x)
    return [{**each, "transform": [{"filter": "datum.x == epoch"}]}]


def _dots(at: np.ndarray) -> dict[str, Any]:
    return {"point": {"filled": True, "size": 30}} if len(at) < 3 else {}


def _told(value: str) -> Any:
    return tooltip({}, {"x": "epoch", "y": value})
