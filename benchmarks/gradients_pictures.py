"""The pictures of docs/gradients.md, in one column that a narrow screen holds."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.gradients_record import Runs
from normcast.inspect import Flow
from normcast.inspect.pictures import epochs
from normcast.inspect.pictures.axes import log_axis, rounded, step_axis
from normcast.inspect.pictures.canvas import LEGEND, panel, picture
from normcast.pages.charts import ChartSpec, count_axis, layer_of, mark_of
from normcast.pages.drawing import TONES, dash_of

Series = dict[str, np.ndarray]  # by name (seed, point)
LINES = ("ours", "tone-1", "tone-2", "tone-3")
WIDTH = 290
BAND = "line: median of the seeds; band: all of them"


def lines(
    title: str, series: Series, x: tuple[list[float], ChartSpec], y: ChartSpec, **more: Any
) -> ChartSpec:
    """Return a panel with a line and a band for each name: the median of the seeds, and their range.

    x: where the points are, and the axis.
    """
    at, across = x
    low, high = y["scale"]["domain"]
    drawn: dict[str, list[Any]] = {"x": [], "y": [], "name": []}
    bands = []
    for tone, (name, values) in zip(LINES, series.items(), strict=False):
        whole = np.where(np.isfinite(values), values, high)  # what ran away leaves the picture at its top
        least, half, most = (
            [rounded(each) for each in f(np.clip(whole, low, high), axis=0)]
            for f in (np.min, np.median, np.max)
        )
        band = {"x": at, "y": least, "y2": most}
        bands.append(layer_of(mark_of("area", tone, opacity=0.16), band, x=across, y=y, y2={"field": "y2"}))
        for kept, more_of_it in zip(drawn.values(), (at, half, [name] * len(at)), strict=True):
            kept.extend(more_of_it)
    line = layer_of({"type": "line", "strokeWidth": 2}, drawn, x=across, y=y, **told_apart(list(series)))
    return panel(title, [*bands, line], width=WIDTH, **{"height": 150, **more})


def told_apart(names: list[str]) -> ChartSpec:
    """Return by which colours and dashes lines are told apart, with their names above the panel."""
    tones, longest = LINES[: len(names)], max(map(len, names))
    columns = 1 if longest > 20 else 2 if longest > 14 else 3
    legend = {**LEGEND, "orient": "top", "symbolSize": 400, "labelFontSize": 11, "title": None}
    shared: ChartSpec = {"field": "name", "type": "nominal", "sort": names, "legend": legend}
    legend |= {
        "columns": columns,
        "symbolType": "stroke",
        "symbolStrokeWidth": 2,
        "labelLimit": 240,
        "columnPadding": 18,
    }
    colour = {"domain": names, "range": [TONES[tone] for tone in tones]}
    dash = {"domain": names, "range": [dash_of(tone) or [1, 0] for tone in tones]}
    return {"color": {**shared, "scale": colour}, "strokeDash": {**shared, "scale": dash}}


def linear(low: float, high: float, title: str) -> ChartSpec:
    scale = {"domain": [low, high], "clamp": True, "nice": False}
    axis = {"tickCount": 5, "titlePadding": 8}
    return {"field": "y", "type": "quantitative", "title": title, "scale": scale, "axis": axis}


def powers(values: Sequence[np.ndarray], title: str) -> ChartSpec:
    return log_axis(np.concatenate([each.ravel() for each in values]), title, most=14)


def over_steps(title: str, record: dict[str, Any], series: dict[str, tuple[str, str, str, str]]) -> ChartSpec:
    """Return a panel of |dL/dh| at each step beside that of the last.

    series: by name the task, the network, "start" or "end", and the mode.
    """
    norms = {
        label: Runs.of(record, task, name).values(*path) for label, (task, name, *path) in series.items()
    }
    beside = {label: each / each[:, -1:] for label, each in norms.items()}
    setting = record["setting"]
    at = list(range(0, setting["window"], setting["every"]))
    x = (at, step_axis(setting["window"], "day of the window"))
    return lines(title, beside, x, powers(list(beside.values()), "|dL/dh|, last day = 1"))


def over_epochs(title: str, series: Series, y: ChartSpec, **more: Any) -> ChartSpec:
    count = next(iter(series.values())).shape[1]
    return lines(title, series, (list(range(1, count + 1)), count_axis(count, "epoch")), y, **more)


def held_out(record: dict[str, Any], task: str, names: dict[str, str], most: float) -> ChartSpec:
    series = {label: Runs.of(record, task, name).values("held_out") for label, name in names.items()}
    return over_epochs("loss of the held-out year", series, linear(0, most, "mean squared error"))


def activation(record: dict[str, Any]) -> Any:
    tasks = {name: ("tomorrow", name, "end", "training") for name in ("tanh", "relu")}
    share = {name: Runs.of(record, "tomorrow", name).values("share") for name in tasks}
    panels = [
        over_steps("gradient at each step, trained", record, tasks),
        over_epochs("first day's gradient beside the last's", share, powers(list(share.values()), "share")),
        held_out(record, "tomorrow", {name: name for name in tasks}, 1.2),
    ]
    return picture(panels, "relu against tanh", BAND, columns=1)


def ridges(record: dict[str, Any]) -> Any:
    """Draw the gradients of seed 0 over training, as `normcast.inspect.pictures.epochs` does."""
    found = {
        name: np.array(Runs.of(record, "tomorrow", name).runs[0]["ridges"], "float64")
        for name in ("tanh", "relu")
    }
    count = record["setting"]["epochs"]
    chart = epochs(Flow(np.arange(1, count + 1), found, {}, {}, np.zeros(count)), "gradients")
    chart.concat = chart.concat[::2]  # without the panels that a slider needs
    chart.columns = 1
    chart.title["subtitle"] = ["|dL/dh| at each step, log scale", "a ridge is an epoch, the newest in front"]
    return chart


def norm(record: dict[str, Any]) -> Any:
    names = ("plain", "forget bias 5", "batch norm")
    panels = [
        over_steps(title, record, {name: ("far", name, when, "training") for name in names})
        for title, when in (("gradient at each step, fresh", "start"), ("the same, trained", "end"))
    ]
    panels.append(held_out(record, "far", {name: name for name in names}, 1.2))
    return picture(panels, "What was the wind 100 days ago?", BAND, columns=1)


def dropout(record: dict[str, Any]) -> Any:
    names = {"none": "tanh", "0.25": "recurrent dropout"}
    steps = {
        "none": ("tomorrow", "tanh", "end", "inference"),
        "0.25, training mode": ("tomorrow", "recurrent dropout", "end", "training"),
        "0.25, inference": ("tomorrow", "recurrent dropout", "end", "inference"),
    }
    panels = [
        over_steps("gradient at each step, trained", record, steps),
        held_out(record, "tomorrow", names, 0.5),
    ]
    return picture(panels, "Recurrent dropout", BAND, columns=1)


def statistics(record: dict[str, Any]) -> Any:
    slow, quick = (Runs.of(record, "tomorrow", name) for name in ("momentum 0.99", "tanh"))
    losses = {
        "batch statistics": slow.values("statistics", "batch"),
        "running, momentum 0.99": slow.values("statistics", "running"),
        "running, momentum 0.9": quick.values("statistics", "running"),
    }
    ratios = {
        "momentum 0.99": slow.values("statistics", "ratio"),
        "momentum 0.9": quick.values("statistics", "ratio"),
    }
    panels = [
        over_epochs("loss of the same windows", losses, linear(0, 0.8, "mean squared error")),
        over_epochs("variance: batch / running", ratios, powers(list(ratios.values()), "ratio")),
    ]
    return picture(panels, "Batch or running statistics", BAND, columns=1)


PICTURES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "activation": activation,
    "ridges": ridges,
    "norm": norm,
    "dropout": dropout,
    "statistics": statistics,
}
