"""The canvas of a picture: panels become an Altair chart, and a chart becomes SVG for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from normcast.inspect.pictures.svg import drawn
from normcast.pages.charts import ChartSpec
from normcast.pages.drawing import AXIS, TONES
from normcast.pages.notebook import COLOURS
from normcast.pages.page import Figure

# Where no page gives colours: text and lines that can be read on white as well as on black.
NEUTRAL = COLOURS | {"ink": "#6a7581", "grid": "rgba(128, 139, 150, 0.3)"}
WIDE = 300  # pixels of a panel's plot
COLUMN = 420  # of a plot in a column of a page
LETTER = 5.6  # pixels of a letter of a subtitle
HEADS = {
    "anchor": "start",
    "frame": "group",
    "color": TONES["ink"],
    "subtitleColor": TONES["muted"],
    "fontSize": 12,
    "subtitleFontSize": 11,
    "fontWeight": 600,
    "offset": 6,
    "subtitlePadding": 3,
}
LEGEND = {
    "labelColor": TONES["muted"],
    "titleColor": TONES["muted"],
    "labelFontSize": 10,
    "titleFontSize": 10,
    "titleFontWeight": "normal",
    "gradientThickness": 8,
    "gradientStrokeWidth": 0,
    "offset": 8,
}
CONFIG = {
    "view": {"stroke": None},
    "axis": {**AXIS, "labelLimit": 120},
    "axisX": {"grid": False},
    # A label that stands over the top would push its title up, and titles in a row would stand uneven.
    "axisY": {"labelFlush": True, "labelSeparation": 2},
    "title": HEADS,
    "legend": LEGEND,
    "concat": {"spacing": 24},
    "background": "transparent",
}


def panel(title: str, layers: Sequence[ChartSpec], about: str = "", **more: Any) -> ChartSpec:
    """Return a panel: its title, in one line below it what it shows, and its layers with their data."""
    head = {"text": title} | ({"subtitle": lines(about, more.get("width", WIDE))} if about else {})
    return {"title": head, "width": WIDE, "height": 150, **more, "layer": list(layers)}


def picture(panels: Sequence[ChartSpec], title: str, about: str = "", columns: int = 2, **more: Any) -> Any:
    """Return an Altair chart of panels side by side, so many in a row; about: its subtitle.

    >>> from normcast.pages.charts import layer_of, mark_of
    >>> dots = layer_of(mark_of("point", "ours"), {"x": [1, 2], "y": [3, 4]})
    >>> picture([panel("a", [dots])], "A picture").to_dict()["title"]["text"]
    'A picture'
    """
    import altair as alt

    panels = [_toned(each, {TONES[tone]: colour for tone, colour in NEUTRAL.items()}) for each in panels]
    room = sum(each["width"] + 60 for each in panels[:columns])
    head = {"text": title, "fontSize": 15, "offset": 14} | (
        {"subtitle": lines(about, room), "subtitleFontSize": 12} if about else {}
    )
    config = _toned(CONFIG, {TONES[tone]: colour for tone, colour in NEUTRAL.items()})
    resolved = {"scale": dict.fromkeys(("x", "y", "color", "strokeDash"), "independent")}
    rest = {
        "columns": min(columns, len(panels)),
        "resolve": resolved,
        "title": head,
        "config": config,
        **more,
    }
    chart = alt.ConcatChart.from_dict({"concat": [], **rest}, validate=False)
    # Panels go in as they are: read as part of the specification, each mark and axis would become an object
    # of its own, which takes seconds.
    parts: list[Any] = [alt.LayerSpec(**each) for each in panels]
    chart.concat = parts
    return chart


def figures(chart: Any) -> tuple[Figure, ...]:
    """Return each panel of a chart as a figure of a page, which lays them out by its own width.

    The SVG takes its colours and its font from the page. A panel that is broader than a column is wide.
    """
    whole = _toned(chart.to_dict(validate=False), {colour: TONES[tone] for tone, colour in NEUTRAL.items()})
    shared: dict[str, Any] = {name: whole[name] for name in ("config", "params") if name in whole}
    shared["config"]["aria"] = False
    found = []
    for each in whole["concat"]:
        head = each.pop("title")
        label = f"{whole['title']['text']}: {head['text']}"
        spec = {**shared, **each, "autosize": {"type": "pad"}}
        note = " ".join(head.get("subtitle", ()))
        found.append(Figure(head["text"], drawn(spec, label), note, wide=each["width"] > COLUMN))
    return tuple(found)


def lines(words: str, width: float) -> list[str]:
    """Return words in lines that fit into so many pixels."""
    return wrap(words, max(20, int(width / LETTER))) or [""]


def _toned(spec: Any, colours: Mapping[str, str]) -> Any:
    """Return a specification with its colours replaced, its rows as they are."""
    if isinstance(spec, str):
        return colours.get(spec, spec)
    if isinstance(spec, dict):
        return {key: value if key == "data" else _toned(value, colours) for key, value in spec.items()}
    return [_toned(each, colours) for each in spec] if isinstance(spec, list) else spec
