"""Vega-Lite charts as inline SVG that takes its colours and its font from the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Any

WIDTH, HEIGHT = 360, 210  # of a drawing among three or more in a row, and of all on a narrow screen
ROOMY = {1: (1080, 320), 2: (530, 260)}  # width and height where so few share a row
# Stand-ins for the page's colours: each becomes a CSS variable, so that light and dark may differ.
TONES = {
    "ink": "#010101",
    "muted": "#020202",
    "grid": "#030303",
    "ours": "#040404",
    "tone-1": "#050505",
    "tone-2": "#060606",
    "tone-3": "#070707",
    "tone-4": "#080808",
}
DASHES = {"ours": "", "tone-1": "7 2", "tone-2": "2 2", "tone-3": "7 2 2 2", "tone-4": "1 3"}
AXIS = {
    "labelColor": TONES["muted"],
    "titleColor": TONES["muted"],
    "gridColor": TONES["grid"],
    "domainColor": TONES["grid"],
    "tickColor": TONES["grid"],
    "labelFontSize": 11,
    "titleFontSize": 11,
    "titleFontWeight": "normal",
    "labelOverlap": True,
    "labelSeparation": 12,
}
FRAME = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "autosize": {"type": "fit", "contains": "padding"},
    "config": {"view": {"stroke": None}, "axis": AXIS, "axisX": {"grid": False}},
}


def tones_of(model: str, models: list[str]) -> dict[str, str]:
    """Give each model its tone: ours for the model, the others in their order.

    >>> tones_of("normcast", ["normcast", "drift", "ridge"])
    {'normcast': 'ours', 'drift': 'tone-1', 'ridge': 'tone-2'}
    """
    others = [name for name in models if name != model]
    return {model: "ours"} | {name: f"tone-{1 + i % 4}" for i, name in enumerate(others)}


def dash_of(tone: str) -> list[int]:
    """Return the dash of a tone as Vega wants it, so that no line is told by its colour alone.

    >>> dash_of("tone-1"), dash_of("ours")
    ([7, 2], [])
    """
    return [int(part) for part in DASHES.get(tone, "").split()]


def inline_svg(chart: Mapping[str, Any], label: str, size: tuple[int, int] = (WIDTH, HEIGHT)) -> str:
    """Draw a chart as SVG for the page: it scales with its column, its points have tooltips.

    size: width and height in pixels before it is scaled, by which its letters are large or small beside it.
    """
    width, height = size
    svg = str(_converter().vegalite_to_svg({**FRAME, "width": width, "height": height, **chart}))
    svg = re.sub(r'<path aria-label="([^"]*)"([^>]*)/>', r"<path\2><title>\1</title></path>", svg)
    for attribute in (
        "aria-[a-z]+",
        "role",
        "class",
        "pointer-events",
        "font-family",
        "xmlns:xlink",
        "version",
    ):
        svg = re.sub(rf' {attribute}="[^"]*"', "", svg)
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d)\d+", r"\1", path[0]), svg)  # a tenth of a pixel
    for tone, colour in TONES.items():
        svg = svg.replace(f'"{colour}"', f'"var(--{tone})"')
    svg = re.sub(r'<svg ([^>]*?)width="\d+" height="\d+" ', r"<svg \1", svg)
    svg = re.sub(r'<rect width="\d+" height="\d+" fill="white"/>', "", svg, count=1)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)


@cache
def _converter() -> Any:
    import vl_convert  # a second that `import normcast.report` does not pay

    return vl_convert
