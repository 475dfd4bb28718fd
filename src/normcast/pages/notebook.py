"""Charts for notebooks: the same specifications as a page's, in colours of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from normcast.pages.charts import ChartSpec
from normcast.pages.drawing import TONES

# Outside of a page there is no theme to ask: one colour a tone, readable on white and on black.
COLOURS = {
    "ink": "#59636e",
    "muted": "#818b98",
    "grid": "#d1d9e0",
    "ours": "#0969da",
    "tone-1": "#bc4c00",
    "tone-2": "#1a7f37",
    "tone-3": "#8250df",
    "tone-4": "#9a6700",
}
WIDTH, HEIGHT, COLUMNS = 360, 200, 2


def notebook_chart(charts: Mapping[str, ChartSpec], title: str = "") -> Any:
    """Return an altair chart: these specifications by title, side by side, each with axes of its own.

    >>> from normcast.pages.charts import layer_of, mark_of
    >>> spec = {"layer": [layer_of(mark_of("line", "ours"), {"x": [1, 2], "y": [3, 4]})]}
    >>> type(notebook_chart({"a": spec})).__name__
    'ConcatChart'
    """
    import altair as alt

    named = {TONES[tone]: colour for tone, colour in COLOURS.items()}
    size = {"width": WIDTH, "height": HEIGHT}
    panels = [{"title": name, **size, **coloured(spec, named)} for name, spec in charts.items()]
    whole = {"concat": [without_data(panel) for panel in panels], "columns": min(COLUMNS, len(panels))}
    scales = {"resolve": {"scale": {"x": "independent", "y": "independent"}}}
    chart = alt.ConcatChart.from_dict({**whole, **scales, "title": title}, validate=False)
    # Rows go in as they are: read as part of the specification, each would become an object of its own.
    for drawn, panel in zip(chart.concat, panels, strict=True):
        for place, layer in enumerate(panel["layer"]):
            drawn.layer[place].data = alt.Data(values=layer["data"]["values"])
    return chart


def without_data(panel: ChartSpec) -> ChartSpec:
    """Return the specification of layers without their rows."""
    layers = [{name: value for name, value in layer.items() if name != "data"} for layer in panel["layer"]]
    return {**panel, "layer": layers}


def coloured(spec: Any, colours: Mapping[str, str]) -> Any:
    """Return a specification with the colours of its marks replaced.

    >>> coloured({"mark": {"color": "#040404"}}, {"#040404": "blue"})
    {'mark': {'color': 'blue'}}
    """
    layers = [coloured(layer, colours) for layer in spec.get("layer", ())]
    mark = {**spec.get("mark", {})}
    mark |= {"color": colours.get(mark["color"], mark["color"])} if "color" in mark else {}
    return {**spec, **({"layer": layers} if layers else {}), **({"mark": mark} if mark else {})}
