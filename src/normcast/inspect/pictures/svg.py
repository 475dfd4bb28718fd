"""A panel as SVG for a page: small, sharp between its cells, and with names that no other drawing has."""

from __future__ import annotations

import re
from hashlib import blake2s

from normcast.pages.charts import ChartSpec
from normcast.pages.drawing import inline_svg

CELL = re.compile(r'<path d="([^"]+)" fill="(rgba?\([^"]+\))"/>')
CELLS = re.compile(rf"(?:{CELL.pattern}){{2,}}")
LEVELS = 6  # of 255 that no eye tells apart in a cell


def drawn(panel: ChartSpec, label: str) -> str:
    """Return a panel as inline SVG.

    Cells of one colour become one path, which a browser draws without seams.
    """
    layers = [{**layer, "mark": _whole(layer["mark"])} for layer in panel["layer"]]
    svg = CELLS.sub(lambda run: _by_colour(run[0]), inline_svg({**panel, "layer": layers}, label))
    return _named(svg)


def _named(svg: str) -> str:
    """Give what is named in a drawing names of its own, the same for the same drawing."""
    names = list(dict.fromkeys(re.findall(r'id="([^"]+)"', svg)))
    for place, name in enumerate(names):
        svg = re.sub(rf'(id="|url\(#){name}(?=[")])', rf"\g<1>named-{place}", svg)
    own = blake2s(svg.encode(), digest_size=5).hexdigest()
    return svg.replace("named-", f"p{own}-")


def _whole(mark: ChartSpec) -> ChartSpec:
    """Return the mark of cells that touch but do not reach under each other."""
    return {name: value for name, value in mark.items() if name not in ("x2Offset", "y2Offset")}


def _by_colour(run: str) -> str:
    outlines: dict[str, list[str]] = {}
    for outline, colour in CELL.findall(run):
        outlines.setdefault(_level(colour), []).append(_snapped(outline))
    paths = (f'<path d="{"".join(each)}" fill="{colour}"/>' for colour, each in outlines.items())
    return f'<g shape-rendering="crispEdges">{"".join(paths)}</g>'


def _snapped(outline: str) -> str:
    """Return the outline of a cell on whole pixels, where it was meant to be: 2.9 is what is left of 2.99.

    >>> _snapped("M122.9,10h2.9v9.9h-2.9Z")
    'M123,10h3v10h-3Z'
    """
    return re.sub(r"\d+\.\d+", lambda found: str(round(float(found[0]))), outline)


def _level(colour: str) -> str:
    """Return the nearest of some levels of a colour.

    >>> _level("rgb(31, 155, 138)"), _level("rgba(24, 116, 205, 0.523)")
    ('rgb(30,156,138)', 'rgba(24,116,205,.52)')
    """
    *parts, last = re.findall(r"[\d.]+", colour)
    if colour.startswith("rgba"):
        return f"rgba({','.join(parts)},{float(last):.2f})".replace(",0.", ",.")
    return f"rgb({','.join(str(min(255, LEVELS * round(float(part) / LEVELS))) for part in (*parts, last))})"
