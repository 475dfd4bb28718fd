"""The axes and the words for numbers that all pictures share."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, log10
from typing import Any

import numpy as np

from normcast.pages.charts import ChartSpec, count_axis
from normcast.pages.percent import MINUS

DECADES = 8  # below the largest value that a log axis still shows
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def step_axis(steps: int, title: str = "step", end: int = 0) -> ChartSpec:
    """Return the axis of steps, half a step of room at both ends; end: where a last bin would be whole."""
    axis = count_axis(max(steps - 1, 1), title)
    ticks = [tick for tick in (0, *axis["axis"]["values"]) if tick < steps]
    scale = {"domain": [-0.5, max(steps, end) - 0.5], "nice": False, "zero": False}
    return {
        **axis,
        "scale": scale,
        "axis": {**axis["axis"], "values": sorted(set(ticks)), "labelFlush": True},
    }


def above(values: Any, low: float) -> list[float | None]:
    """Return the heights of a line on a log axis: a gap where a value is below its end, or not a number.

    >>> above([0.5, 0.001, float("nan")], 0.01)
    [0.5, None, None]
    """
    return [float(f"{value:.4g}") if value >= low else None for value in values]


def log_axis(values: Any, title: str, most: int = DECADES) -> ChartSpec:
    """Return a log axis of what is above zero, over so many decades at most."""
    low, high = ends(values, most)
    scale = {"type": "log", "domain": [low, high], "clamp": True, "nice": False}
    axis = {**ticks(low, high), "titlePadding": 8}
    return {"field": "y", "type": "quantitative", "title": title, "scale": scale, "axis": axis}


def tooltip(words: Mapping[str, str], numbers: Mapping[str, str]) -> Any:
    """Return what a pointer is told of a mark: the titles of its fields.

    >>> tooltip({"gate": "gate"}, {"y": "share, %"})[1]
    {'field': 'y', 'type': 'quantitative', 'title': 'share, %', 'format': '.3~g'}
    """
    return [
        *({"field": field, "type": "nominal", "title": title} for field, title in words.items()),
        *(
            {"field": field, "type": "quantitative", "title": title, "format": ".3~g"}
            for field, title in numbers.items()
        ),
    ]


def ends(values: Any, most: int = DECADES) -> tuple[float, float]:
    """Return the powers of ten around all that is finite and above zero.

    >>> ends([0.02, 3.0, 0.0, float("inf")]), ends([0.0])
    ((0.01, 10.0), (0.1, 1.0))
    """
    known = np.asarray(values, "float64").ravel()
    known = known[np.isfinite(known) & (known > 0)]
    if not len(known):
        return 0.1, 1.0
    high = int(np.ceil(np.log10(known.max()) - 1e-9))
    low = max(int(np.floor(np.log10(known.min()) + 1e-9)), high - most)
    return 10.0 ** min(low, high - 1), 10.0**high


def ticks(low: float, high: float) -> ChartSpec:
    """Return where a log axis or a scale of colours has its ticks between two powers of ten, and their
    labels.

    >>> ticks(1e-4, 0.01)["values"], ticks(1e-4, 0.01)["labelExpr"][:22]
    ([0.0001, 0.001, 0.01], "['10⁻⁴','10⁻³','0.01']")
    >>> ticks(0.1, 1.0)["values"]
    [0.1, 0.2, 0.5, 1.0]
    """
    values = decades(low, high)
    if len(values) < 3:
        values = [float(f"{head * power:.0e}") for power in values[:-1] for head in (1, 2, 5)] + values[-1:]
        return {"values": values, "labelExpr": _looked_up(values, "indexof({}, datum.value)")}
    first, stride = round(log10(low)), round(log10(values[1] / values[0]))
    place = f"round((log(datum.value)/LN10 - {first}) / {stride})".replace("- -", "+ ")
    return {"values": values, "labelExpr": _looked_up(values, place)}


def _looked_up(values: list[float], place: str) -> str:
    """Return the expression that finds the label of a tick among all."""
    names = ",".join(f"'{power_name(value)}'" for value in values)
    return f"[{names}][{place.format(values)}]"


def power_name(value: float) -> str:
    """Return the label of a tick: a number from 0.01 to 100, else a power of ten.

    >>> power_name(0.01), power_name(1e-7), power_name(5e3), power_name(20.0)
    ('0.01', '10⁻⁷', '5·10³', '20')
    """
    if 0.01 <= value <= 100:
        return f"{value:g}"
    head, power = f"{value:.0e}".split("e")
    return f"{'' if head == '1' else f'{head}·'}10{str(int(power)).translate(RAISED)}"


def decades(low: float, high: float) -> list[float]:
    """Return the powers of ten between two of them, five or so.

    >>> decades(1e-4, 1.0)
    [0.0001, 0.001, 0.01, 0.1, 1.0]
    """
    first, last = round(log10(low)), round(log10(high))
    stride = max(1, -(-(last - first) // 5))
    return [10.0**power for power in range(first, last + 1, stride)]


def brief(value: float) -> str:
    """Write a number in words of a sentence: two digits, powers of ten where it is very small or large.

    >>> brief(0.0312), brief(9.98e-7), brief(1.0), brief(float("inf")), brief(12345.0)
    ('0.031', '1.0 × 10⁻⁶', '1', 'infinite', '1.2 × 10⁴')
    """
    if not isfinite(value):
        return "infinite" if value == float("inf") else "not a number"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        words = f"{value:.2g}" if abs(value) < 100 else f"{value:,.0f}"
    else:
        head, power = f"{value:.1e}".split("e")
        words = f"{head} × 10{str(int(power)).translate(RAISED)}"
    return words.replace("-", MINUS)


def rounded(value: float) -> float | None:
    """Return a value with the four digits that a mark needs; None where it is not finite."""
    return float(f"{value:.4g}") if isfinite(value) else None
