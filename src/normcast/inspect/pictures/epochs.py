"""Over training: loss, gradients, gates and updates over epochs, with a slider that needs no server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from normcast.errors import unknown
from normcast.inspect.pictures.canvas import panel, picture
from normcast.inspect.pictures.curves import gate_panels, loss_panel, share_panel, update_panels
from normcast.inspect.pictures.order import said
from normcast.inspect.pictures.ridges import binned, chosen_line, ridges
from normcast.inspect.pictures.trained import faintest
from normcast.pages.charts import ChartSpec, layer_of, mark_of
from normcast.probes.flow import Flow

RIDGES, POINTS = 20, 90  # lines of a panel; points of a line, shared by the layers
SHOWN = 6  # layers; the rest is counted
TITLES = {
    "loss": "Loss over training",
    "gradients": "Gradients over training",
    "gates": "Gates over training",
    "updates": "Updates over training",
}


def epochs(flow: Flow, what: str = "") -> Any:
    """Draw what gradients, gates, weights and the loss did over a training.

    what: "loss", "gradients", "gates" or "updates" alone; all of them by default. The slider chooses the
    epoch that is drawn beside the first, and marked in the curves; without a script, as in a page, it is the
    last one. Raises ValueError for another word.
    """
    if what and what not in TITLES:
        raise ValueError(unknown("part of a training", what, TITLES, where="epochs"))
    title = TITLES.get(what, "Over training")
    if not len(flow.epochs):
        return picture([_nothing("no epoch was recorded")], title)
    parts = (what,) if what else tuple(TITLES)
    shown = faintest(flow, SHOWN)
    panels = [each for part in parts for each in _panels(flow, part, shown)]
    about = said(*(words for part in parts for words in _about(flow, part, shown)))
    numbers = [int(flow.epochs[k]) for k in chosen_epochs(len(flow.epochs))]
    if not panels:
        return picture([_nothing(f"no {what or 'layer'} recorded")], title)
    return picture(panels, title, about, params=[slider(numbers)])


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


def _panels(flow: Flow, part: str, shown: list[str]) -> Iterator[ChartSpec]:
    if part == "loss":
        yield loss_panel(flow)
        if flow.gradients:
            yield share_panel(flow)
    elif part == "updates":
        yield from update_panels(flow)
    elif part == "gates":
        for name in shown:
            yield from gate_panels(flow, name)
    else:
        for name in shown:
            yield from _gradients(flow, name, POINTS // len(shown))


def _gradients(flow: Flow, name: str, points: int) -> Iterator[ChartSpec]:
    chosen = chosen_epochs(len(flow.epochs))
    numbers, norms = [int(flow.epochs[k]) for k in chosen], flow.gradients[name]
    table = binned(np.asarray(norms, "float64")[chosen], points)
    yield ridges(name, table, numbers, norms.shape[1])
    yield chosen_line(name, table, numbers, norms.shape[1])


def _about(flow: Flow, part: str, shown: list[str]) -> Iterator[str]:
    """Say what the marks of a part are, and what was left out."""
    if part == "loss":
        yield "dotted upright: the epoch chosen"
    if part == "gradients" and shown:
        drawn = len(chosen_epochs(len(flow.epochs)))
        yield "norm of the gradient to the output h of each step, log scale"
        yield "a ridge is an epoch, the newest in front"
        yield f"{drawn} of {len(flow.epochs)} epochs" if drawn < len(flow.epochs) else ""
    if part == "gates" and any(flow.gates.get(name) for name in shown):
        yield "line: mean of a gate; shaded from below: share of its values that is shut, from above: open"
    if part == "updates" and flow.updates:
        yield "change of a weight in an epoch, in percent of its size, log scale"
    left = len(flow.gradients) - len(shown)
    if part in ("gradients", "gates") and left:
        yield (
            f"of {len(flow.gradients)} recurrent layers the {len(shown)} with the least gradient at one end"
        )


def _nothing(words: str) -> ChartSpec:
    return panel(words, [layer_of(mark_of("point", "muted"), {"x": []})], height=20)
