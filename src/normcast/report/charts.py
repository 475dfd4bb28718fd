"""Charts as values: each takes frames with the canonical columns and returns a Vega-Lite specification.

A specification is a plain dict: `altair.Chart.from_dict` makes a chart of it, `inline_svg` draws it for the
page. Stamps are drawn as the clock on the wall showed them, whatever time zone this machine is in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import pandas as pd

from normcast.report.drawing import TONES, dash_of
from normcast.report.values import LearningCurve
from normcast.report.words import decimals, number, stamp

POINTS = 96  # above so many steps single points are neither seen nor met by a pointer
BAND = 0.2  # opacity of one band; narrower ones lie on the wider and look darker


STRIDES = [round(10**power * head) for power in range(8) for head in (1, 2, 5)]

Spec = dict[str, Any]


def forecast_chart(
    history: pd.DataFrame, forecast: pd.DataFrame, model: str, levels: Sequence[float]
) -> Spec:
    """Draw the last observed values of one series, its forecast, and the intervals as bands.

    history: `ds, y`; forecast: `ds, <model>, <model>-lo-<level>, ...`.
    """
    # The line starts at the last observed value, so that no gap opens between the two.
    last = history[["ds", "y"]].tail(1).rename(columns={"y": model})
    return {
        "layer": [
            *_bands(forecast, model, levels),
            _series(history, "y", "ink", width=1.4),
            _series(pd.concat([last, forecast[["ds", model]]]), model, "ours", width=2.2),
            *_hover(forecast, model),
        ]
    }


def fold_chart(
    history: pd.DataFrame, rows: pd.DataFrame, model: str, rivals: Mapping[str, str], levels: Sequence[float]
) -> Spec:
    """Draw one fold of one series: what was known, what then happened, and what was forecast.

    history: `ds, y` up to the cutoff; rows: `ds, y, <model>, ...` after it; rivals: other models, each with
    its tone.
    """
    actual = pd.concat([history[["ds", "y"]], rows[["ds", "y"]]])
    cutoff = {"x": _stamps(rows["cutoff"].head(1))}
    return {
        "layer": [
            *_bands(rows, model, levels),
            _layer(_mark("rule", "muted", strokeDash=[3, 3]), cutoff, x=_time_axis(rows["ds"])),
            _series(actual, "y", "ink", width=1.4),
            _series(rows, model, "ours", width=2.2),
            # Dashed, so on top: a rival that forecasts the same is seen all the same.
            *(_series(rows, name, tone, width=1.6) for name, tone in rivals.items()),
            *_hover(rows, model),
        ]
    }


def score_chart(
    table: pd.DataFrame, x: str, tones: Mapping[str, str], title: str, points: bool = False
) -> Spec:
    """Draw one line per model of a tidy score table, `<x>, model, value`, over steps or folds."""
    layers = []
    axes = {"x": _count_axis(table[x].max(), title), "y": _value_axis(zero=True)}
    for model, tone in tones.items():
        mine = table[table["model"] == model]
        xs, ys = mine[x].tolist(), mine["value"].tolist()
        texts = [f"{model}, {x} {a}: {number(b, decimals([b]))}" for a, b in zip(xs, ys, strict=True)]
        width = 2.4 if tone == "ours" else 1.6
        layers.append(_layer(_line(tone, width), {"x": xs, "y": ys}, **axes))
        if len(xs) <= POINTS:
            data = {"x": xs, "y": ys, "text": texts}
            layers.append(_layer(_targets(tone, points), data, **axes, description=TEXT))
    return {"layer": layers}


def coverage_chart(by_step: pd.DataFrame, levels: Sequence[float], rows_per_step: int) -> Spec:
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
        axes = {"x": _count_axis(max(xs), "step of the horizon"), "y": _percent_axis()}
        rule = _mark("rule", tone, strokeDash=[2, 3], opacity=0.8)
        layers.append(_layer(rule, {"y": [level]}, y=axes["y"]))
        layers.append(_layer(_mark("line", tone, strokeWidth=2), {"x": xs, "y": ys}, **axes))
        if len(xs) <= POINTS:
            data = {"x": xs, "y": ys, "text": texts}
            layers.append(_layer(_targets(tone), data, **axes, description=TEXT))
    return {"layer": layers}


def level_tones(count: int) -> list[str]:
    """Return the tones of so many interval levels, narrow to wide.

    >>> level_tones(2)
    ['tone-2', 'ours']
    """
    return [("tone-2", "ours", "tone-3", "tone-1")[place % 4] for place in range(count)]


def curve_chart(curves: Sequence[LearningCurve]) -> Spec:
    """Draw loss by epoch, two lines per seed: training faint, validation full; a dot is the best epoch."""
    layers = []
    axes = {"x": _count_axis(max(len(curve.loss) for curve in curves), "epoch"), "y": _value_axis()}
    for curve in curves:
        first = 1 - (len(curve.val_loss) - len(curve.loss))  # 0 where the initial weights were measured too
        for values, start, opacity in ((curve.loss, 1, 0.45), (curve.val_loss, first, 1.0)):
            mark = _mark("line", "ours", strokeWidth=1.6, opacity=opacity)
            epochs = list(range(start, start + len(values)))
            layers.append(_layer(mark, {"x": epochs, "y": list(values)}, **axes))
        layers += _best_epoch(curve, dict(enumerate(curve.val_loss, start=first)))
    return {"layer": layers}


def rivalry_chart(ours: pd.Series, theirs: pd.Series, names: tuple[str, str]) -> Spec:
    """Draw one dot per series: our score across, the baseline's up; above the diagonal ours is smaller."""
    texts = [f"{name}: {a:.3g} against {b:.3g}" for name, a, b in zip(ours.index, ours, theirs, strict=True)]
    top = float(max(ours.max(), theirs.max())) * 1.05
    scale, few = {"domain": [0, top], "nice": False}, {"tickCount": 5}
    axes = {
        "x": {"field": "x", "type": "quantitative", "title": names[0], "scale": scale, "axis": few},
        "y": {"field": "y", "type": "quantitative", "title": names[1], "scale": scale, "axis": few},
    }
    diagonal = _mark("line", "muted", strokeDash=[4, 3], strokeWidth=1)
    dots = _mark("point", "ours", filled=True, size=30, opacity=0.6)
    data = {"x": ours.tolist(), "y": theirs.tolist(), "text": texts}
    return {
        "layer": [
            _layer(diagonal, {"x": [0, top], "y": [0, top]}, **axes),
            _layer(dots, data, **axes, description=TEXT),
        ]
    }


TEXT = {"field": "text", "type": "nominal"}


def _bands(frame: pd.DataFrame, model: str, levels: Sequence[float]) -> list[Spec]:
    axes = {"x": _time_axis(frame["ds"]), "y": _value_axis(), "y2": {"field": "y2"}}
    bands = []
    for level in sorted(levels, reverse=True):
        low, high = f"{model}-lo-{level:g}", f"{model}-hi-{level:g}"
        if low in frame.columns:
            data = {"x": _stamps(frame["ds"]), "y": frame[low].tolist(), "y2": frame[high].tolist()}
            bands.append(_layer(_mark("area", "ours", opacity=BAND), data, **axes))
    return bands


def _series(frame: pd.DataFrame, column: str, tone: str, width: float) -> Spec:
    data = {"x": _stamps(frame["ds"]), "y": frame[column].tolist()}
    return _layer(_line(tone, width), data, x=_time_axis(frame["ds"]), y=_value_axis())


def _hover(frame: pd.DataFrame, model: str) -> list[Spec]:
    if len(frame) > POINTS:
        return []
    places = decimals(frame[model])
    texts = [
        f"{stamp(ds)}: forecast {number(v, places)}" for ds, v in zip(frame["ds"], frame[model], strict=True)
    ]
    if "y" in frame.columns:
        texts = [f"{text}, actual {number(y, places)}" for text, y in zip(texts, frame["y"], strict=True)]
    data = {"x": _stamps(frame["ds"]), "y": frame[model].tolist(), "text": texts}
    axes = {"x": _time_axis(frame["ds"]), "y": _value_axis()}
    return [_layer(_targets("ours"), data, **axes, description=TEXT)]


def _best_epoch(curve: LearningCurve, known: Mapping[int, float]) -> list[Spec]:
    if curve.best_epoch not in known:
        return []
    loss = known[curve.best_epoch]
    text = (
        f"seed {curve.seed}: best epoch {curve.best_epoch}, validation loss {number(loss, decimals([loss]))}"
    )
    data: dict[str, list[Any]] = {"x": [curve.best_epoch], "y": [loss], "text": [text]}
    axes = {"x": {"field": "x", "type": "quantitative"}, "y": _value_axis()}
    return [_layer(_mark("point", "ink", filled=True, size=60, opacity=1), data, **axes, description=TEXT)]


def _layer(mark: Spec, columns: Mapping[str, list[Any]], **encoding: Spec) -> Spec:
    rows = [
        dict(zip(columns, map(_drawable, row), strict=True)) for row in zip(*columns.values(), strict=True)
    ]
    return {"mark": mark, "data": {"values": rows}, "encoding": encoding}


def _drawable(value: Any) -> Any:
    """Return a value that JSON knows: a loss that ran away to infinity is a gap in its line."""
    if value is None or isinstance(value, str | int):
        return value
    return float(value) if isfinite(value) else None


def _mark(kind: str, tone: str, **style: Any) -> Spec:
    return {"type": kind, "color": TONES[tone], **style}


def _line(tone: str, width: float) -> Spec:
    return _mark("line", tone, strokeWidth=width, strokeDash=dash_of(tone))


def _targets(tone: str, shown: bool = False) -> Spec:
    """Points that a pointer meets: their description becomes the browser's own tooltip."""
    return _mark("point", tone, filled=True, size=36 if shown else 140, opacity=1 if shown else 0)


def _stamps(ds: pd.Series) -> list[Any]:
    if not pd.api.types.is_datetime64_any_dtype(ds):
        return ds.tolist()
    return ds.dt.tz_localize(None).dt.strftime("%Y-%m-%dT%H:%M:%SZ").tolist()


def _time_axis(ds: pd.Series) -> Spec:
    if not pd.api.types.is_datetime64_any_dtype(ds):
        return {"field": "x", "type": "quantitative", "title": None, "scale": {"zero": False, "nice": False}}
    axis = {"tickCount": 4, "labelFlush": True}
    return {"field": "x", "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": axis}


def _value_axis(zero: bool = False) -> Spec:
    return {
        "field": "y",
        "type": "quantitative",
        "title": None,
        "scale": {"zero": zero},
        "axis": {"tickCount": 5},
    }


def _percent_axis() -> Spec:
    axis = {"labelExpr": "datum.label + ' %'", "tickCount": 5}
    return _value_axis() | {"scale": {"domain": [0, 100]}, "axis": axis}


def _count_axis(last: int, title: str) -> Spec:
    stride = next(s for s in STRIDES if last / s <= 8)
    ticks = [tick for tick in range(0, int(last) + 1, stride) if tick or stride > 1]
    axis = {"values": ticks, "format": "d"}
    scale = {"zero": False, "nice": False}
    return {"field": "x", "type": "quantitative", "title": title, "scale": scale, "axis": axis}
