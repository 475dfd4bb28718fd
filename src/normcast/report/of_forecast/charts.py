"""The charts of a forecast's report, from frames with the canonical columns, as Vega-Lite specifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from normcast.pages.charts import (
    POINTS,
    TEXT,
    ChartSpec,
    band_layers,
    count_axis,
    hover_layers,
    layer_of,
    line_layer,
    line_mark,
    mark_of,
    percent_axis,
    stamps,
    target_mark,
    time_axis,
    value_axis,
)
from normcast.pages.words import decimals, number
from normcast.report.of_forecast.values import LearningCurve


def fold_chart(
    history: pd.DataFrame, rows: pd.DataFrame, model: str, rivals: Mapping[str, str], levels: Sequence[float]
) -> ChartSpec:
    """Draw one fold of one series: what was known, what then happened, and what was forecast.

    history: `ds, y` up to the cutoff; rows: `ds, y, <model>, ...` after it; rivals: other models, each with
    its tone.
    """
    actual = pd.concat([history[["ds", "y"]], rows[["ds", "y"]]])
    cutoff = {"x": stamps(rows["cutoff"].head(1))}
    return {
        "layer": [
            *band_layers(rows, model, levels),
            layer_of(mark_of("rule", "muted", strokeDash=[3, 3]), cutoff, x=time_axis(rows["ds"])),
            line_layer(actual, "y", "ink", width=1.4),
            line_layer(rows, model, "ours", width=2.2),
            # Dashed, so on top: a rival that forecasts the same is seen all the same.
            *(line_layer(rows, name, tone, width=1.6) for name, tone in rivals.items()),
            *hover_layers(rows, model),
        ]
    }


def score_chart(
    table: pd.DataFrame, x: str, tones: Mapping[str, str], title: str, points: bool = False
) -> ChartSpec:
    """Draw one line per model of a tidy score table, `<x>, model, value`, over steps or folds."""
    layers = []
    axes = {"x": count_axis(table[x].max(), title), "y": value_axis(zero=True)}
    for model, tone in tones.items():
        mine = table[table["model"] == model]
        xs, ys = mine[x].tolist(), mine["value"].tolist()
        texts = [f"{model}, {x} {a}: {number(b, decimals([b]))}" for a, b in zip(xs, ys, strict=True)]
        width = 2.4 if tone == "ours" else 1.6
        layers.append(layer_of(line_mark(tone, width), {"x": xs, "y": ys}, **axes))
        if len(xs) <= POINTS:
            data = {"x": xs, "y": ys, "text": texts}
            layers.append(layer_of(target_mark(tone, points), data, **axes, description=TEXT))
    return {"layer": layers}


def coverage_chart(by_step: pd.DataFrame, levels: Sequence[float], rows_per_step: int) -> ChartSpec:
    """Draw the share of values inside each interval, step by step; dotted is the level it should have.

    by_step: `step, metric, value` of one model, with metrics `coverage-<level>` in percent.
    """
    layers = []
    for level, tone in zip(levels, level_tones(len(levels)), strict=True):
        table = by_step[by_step["metric"] == f"coverage-{level:g}"]
        xs, ys = table["step"].tolist(), table["value"].tolist()
        texts = [
            f"step {step}: {share:.0f} % of {rows_per_step} values inside the {level:g} % interval"
            for step, share in zip(xs, ys, strict=True)
        ]
        axes = {"x": count_axis(max(xs), "step of the horizon"), "y": percent_axis()}
        rule = mark_of("rule", tone, strokeDash=[2, 3], opacity=0.8)
        layers.append(layer_of(rule, {"y": [level]}, y=axes["y"]))
        layers.append(layer_of(mark_of("line", tone, strokeWidth=2), {"x": xs, "y": ys}, **axes))
        if len(xs) <= POINTS:
            data = {"x": xs, "y": ys, "text": texts}
            layers.append(layer_of(target_mark(tone), data, **axes, description=TEXT))
    return {"layer": layers}


def level_tones(count: int) -> list[str]:
    """Return the tones of so many interval levels, narrow to wide.

    >>> level_tones(2)
    ['tone-2', 'ours']
    """
    return [("tone-2", "ours", "tone-3", "tone-1")[place % 4] for place in range(count)]


def curve_chart(curves: Sequence[LearningCurve]) -> ChartSpec:
    """Draw loss by epoch, two lines per seed: training faint, validation full; a dot is the best epoch."""
    layers = []
    axes = {"x": count_axis(max(len(curve.loss) for curve in curves), "epoch"), "y": value_axis()}
    for curve in curves:
        first = 1 - (len(curve.val_loss) - len(curve.loss))  # 0 where the initial weights were measured too
        for values, start, opacity in ((curve.loss, 1, 0.45), (curve.val_loss, first, 1.0)):
            mark = mark_of("line", "ours", strokeWidth=1.6, opacity=opacity)
            epochs = list(range(start, start + len(values)))
            layers.append(layer_of(mark, {"x": epochs, "y": list(values)}, **axes))
        layers += _best_epoch(curve, dict(enumerate(curve.val_loss, start=first)))
    return {"layer": layers}


def rivalry_chart(ours: pd.Series, theirs: pd.Series, names: tuple[str, str]) -> ChartSpec:
    """Draw one dot per series: our score across, the baseline's up; above the diagonal ours is smaller."""
    texts = [f"{name}: {a:.3g} against {b:.3g}" for name, a, b in zip(ours.index, ours, theirs, strict=True)]
    top = float(max(ours.max(), theirs.max())) * 1.05
    scale, few = {"domain": [0, top], "nice": False}, {"tickCount": 5}
    axes = {
        "x": {"field": "x", "type": "quantitative", "title": names[0], "scale": scale, "axis": few},
        "y": {"field": "y", "type": "quantitative", "title": names[1], "scale": scale, "axis": few},
    }
    diagonal = mark_of("line", "muted", strokeDash=[4, 3], strokeWidth=1)
    dots = mark_of("point", "ours", filled=True, size=30, opacity=0.6)
    data = {"x": ours.tolist(), "y": theirs.tolist(), "text": texts}
    return {
        "layer": [
            layer_of(diagonal, {"x": [0, top], "y": [0, top]}, **axes),
            layer_of(dots, data, **axes, description=TEXT),
        ]
    }


def _best_epoch(curve: LearningCurve, known: Mapping[int, float]) -> list[ChartSpec]:
    if curve.best_epoch not in known:
        return []
    loss = known[curve.best_epoch]
    text = (
        f"seed {curve.seed}: best epoch {curve.best_epoch}, validation loss {number(loss, decimals([loss]))}"
    )
    data: dict[str, list[Any]] = {"x": [curve.best_epoch], "y": [loss], "text": [text]}
    axes = {"x": {"field": "x", "type": "quantitative"}, "y": value_axis()}
    return [
        layer_of(mark_of("point", "ink", filled=True, size=60, opacity=1), data, **axes, description=TEXT)
    ]
