"""The ribbon: the network from left to right, with the norm of the gradient at each step of its layers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from normcast.errors import counted
from normcast.inspect.inspected import Inspected
from normcast.inspect.pictures.axes import above, log_axis, tooltip
from normcast.inspect.pictures.canvas import LETTER, panel, picture
from normcast.inspect.pictures.cells import edges
from normcast.inspect.pictures.order import said
from normcast.inspect.pictures.owners import owner_of
from normcast.pages.charts import TEXT, ChartSpec, layer_of, line_mark, mark_of
from normcast.probes import Look, Recurrence

STEPS = 200  # points of a line
SHOWN, ROW = 60, 10  # layers, the rest is counted; of a row
BROAD, NARROW, GAP = 1.0, 0.34, 0.12  # of a recurrent layer, of another, and between two
MARGIN = 0.03
PIXELS = 230  # of a recurrent layer
NARROWEST, BROADEST = 320, 900  # pixels of the plot
STROKES = {"h": "solid h", "c": "dashed c", "x": "dotted what goes back to the input x"}
LINES = {"h": ("ours", 2.2), "c": ("tone-1", 1.6), "x": ("tone-2", 1.4)}


@dataclass(frozen=True, eq=False)
class Band:
    """One layer of the ribbon: what it is, where it stands, and the norms of its gradients.

    norms: by state, and "x" for its input: (step,); weights: that of the gradient of all its weights, 0
    where none is trained.
    """

    name: str
    kind: str
    start: float
    width: float
    norms: dict[str, np.ndarray]
    weights: float


def ribbon(inspection: Inspected) -> Any:
    """Draw the network from left to right: for each recurrent layer the norm of the gradient over its steps.

    On one log axis, so that layers compare; a diamond is the norm of the gradient of a layer's weights.
    """
    bands = bands_of(inspection.seen)
    drawn = bands[:SHOWN]
    norms = [np.array([band.weights for band in drawn]), *(v for band in drawn for v in band.norms.values())]
    y = log_axis(np.concatenate(norms), "norm of the gradient")
    rows = np.array_split(np.arange(len(drawn)), max(1, -(-len(drawn) // ROW)))
    parts = [drawn[row[0] : row[-1] + 1] if len(row) else [] for row in rows]
    titles = ["input", *(f"… {part[0].name}" for part in parts[1:])]
    ends = [*(f"{part[-1].name} …" for part in parts[:-1]), "output"]
    about = _about(inspection, drawn, len(bands) - len(drawn), y["scale"]["domain"][0])
    panels = [_row(part, f"{a} → {b}", y) for part, a, b in zip(parts, titles, ends, strict=True)]
    return picture(panels, f"{inspection.seen.model}: gradients from left to right", about, columns=1)


def _row(bands: list[Band], title: str, y: ChartSpec) -> ChartSpec:
    """Return the panel of some layers beside each other."""
    bands = [replace(band, start=band.start - bands[0].start) for band in bands]
    end = bands[-1].start + bands[-1].width if bands else 1.0
    scale = {"domain": [-MARGIN, end + MARGIN], "nice": False, "zero": False}
    axes = {"x": {"field": "x", "type": "quantitative", "scale": scale, "axis": None}, "y": y}
    width = int(np.clip(PIXELS * (end + 2 * MARGIN), NARROWEST, BROADEST))
    names = _names(bands, axes, width / (end + 2 * MARGIN))
    layers = [*_frames(bands, axes), *_ribbons(bands, axes), *_diamonds(bands, axes), *names]
    return panel(title, layers, width=width, height=220)


def _about(inspection: Inspected, drawn: list[Band], left_out: int, low: float) -> str:
    shown = {name for band in drawn for name in band.norms}
    lines = ", ".join(words for name, words in STROKES.items() if name in shown)
    known = np.concatenate([np.zeros(1), *(norm for band in drawn for norm in band.norms.values())])
    ends = any((~(norm >= low)).any() for band in drawn for norm in band.norms.values())
    return said(
        f"gradient of {inspection.seen.objective}",
        lines if inspection.seen.recurrences else "no recurrent layer",
        "a diamond is the gradient of a layer's weights" if any(band.weights for band in drawn) else "",
        "over a layer go its steps, the oldest at the left" if inspection.seen.recurrences else "",
        "no gradient is finite" if not np.isfinite(known[1:]).any() and len(known) > 1 else "",
        f"{counted(left_out, 'more layer')} not drawn" if left_out else "",
        "no line where the gradient is below the axis, or masked" if ends else "",
    )


def bands_of(seen: Look) -> list[Band]:
    """Return the layers in the order of the network, as far as the order of its weights tells it."""
    owners = {name: each.layer for name, each in seen.recurrences.items()}
    owners |= {name: name for name in seen.channels}
    weights = weight_norms(seen, tuple(dict.fromkeys(owners.values())))
    where = {owner: place for place, owner in enumerate(weights)}
    owners |= {name: name for name in weights if name not in owners.values()}
    found, start = [], 0.0
    for name, owner in sorted(owners.items(), key=lambda pair: where.get(pair[1], len(where))):
        each = seen.recurrences.get(name)
        seen_as = each or seen.channels.get(name)
        norms = {} if each is None else norms_of(each)
        width = BROAD if norms else NARROW
        # Directions and cells of one layer share its weights: they stand at the first.
        norm = weights.pop(owner, 0.0)
        found.append(Band(name, seen_as.kind if seen_as else "", start, width, norms, norm))
        start += width + GAP
    return found


def weight_norms(seen: Look, layers: tuple[str, ...]) -> dict[str, float]:
    """Return the norm of the gradient of all trained weights of each layer, in the order of the network."""
    squares: dict[str, float] = {}
    for path, gradient in seen.gradients.items():
        name = owner_of(path.removeprefix(f"{seen.model}/"), layers)
        squares[name] = squares.get(name, 0.0) + float(np.sum(np.square(gradient, dtype="float64")))
    return {name: float(np.sqrt(square)) for name, square in squares.items()}


def norms_of(each: Recurrence) -> dict[str, np.ndarray]:
    """Return the norm of the gradient at each step: to the states, and to the input."""
    names = (*each.states, "x")
    return {name: each.gradients[name].norm for name in names if name in each.gradients}


def _frames(bands: list[Band], axes: dict[str, ChartSpec]) -> list[ChartSpec]:
    places = {"x": [band.start for band in bands], "x2": [band.start + band.width for band in bands]}
    low, high = axes["y"]["scale"]["domain"]
    box = mark_of("rect", "grid", opacity=0.28, cornerRadius=5)
    columns = {**places, "y": [low] * len(bands), "y2": [high] * len(bands)}
    ends = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    return [layer_of(box, columns, **axes, **ends)]


def _ribbons(bands: list[Band], axes: dict[str, ChartSpec]) -> list[ChartSpec]:
    layers = []
    low = axes["y"]["scale"]["domain"][0]
    for band in bands:
        for name, norm in reversed(band.norms.items()):
            tone, stroke = LINES.get(name, ("tone-3", 1.6))
            columns = _points(band, norm, low)
            if name == "h":
                area = {**columns, "y2": [low] * len(columns["x"])}
                layers.append(layer_of(mark_of("area", tone, opacity=0.22), area, **axes, y2={"field": "y2"}))
            told = tooltip({}, {"step": "step", "y": f"norm to {name}"})
            layers.append(layer_of(line_mark(tone, stroke), columns, **axes, tooltip=told))
    return layers


def _points(band: Band, norm: np.ndarray, low: float) -> dict[str, list[Any]]:
    """Return a line within its band; of many steps, the geometric mean of some beside each other.

    What is below the axis is left out.
    """
    starts = edges(len(norm), STEPS)
    known = np.isfinite(norm) & (norm > 0)
    count = np.add.reduceat(known.astype(float), starts[:-1])
    total = np.add.reduceat(np.log(np.where(known, norm, 1.0)), starts[:-1])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.exp(total / count)
    middle = (starts[:-1] + starts[1:] - 1) / 2
    x = band.start + band.width * (middle + 0.5) / len(norm)
    return {
        "x": x.round(5).tolist(),
        "y": above(mean, low),
        "step": middle.tolist(),
    }


def _diamonds(bands: list[Band], axes: dict[str, ChartSpec]) -> list[ChartSpec]:
    shown = [band for band in bands if band.weights]
    middle = [band.start + (0.5 if not band.norms else 0.06) * band.width for band in shown]
    columns: dict[str, list[Any]] = {
        "x": middle,
        "y": [band.weights for band in shown],
        "layer": [band.name for band in shown],
    }
    mark = mark_of("point", "ink", shape="diamond", size=70, strokeWidth=1.6, opacity=1)
    told = tooltip({"layer": "layer"}, {"y": "norm"})
    return [layer_of(mark, columns, **axes, tooltip=told)] if shown else []


def _names(bands: list[Band], axes: dict[str, ChartSpec], pixels: float) -> list[ChartSpec]:
    """Return the names above and below the bands, cut where they have no room."""
    low, high = axes["y"]["scale"]["domain"]
    layers = []
    for width in sorted({band.width for band in bands}):
        mine = [band for band in bands if band.width == width]
        middle, room = [band.start + width / 2 for band in mine], round(pixels * (width + 0.8 * GAP))
        for words, y, baseline, dy, tone in (
            ([band.name for band in mine], high, "bottom", -6, "ink"),
            ([_below(band, room) for band in mine], low, "top", 6, "muted"),
        ):
            mark = mark_of("text", tone, baseline=baseline, dy=dy, fontSize=11, limit=room)
            columns: dict[str, list[Any]] = {"x": middle, "y": [y] * len(mine), "text": words}
            layers.append(layer_of(mark, columns, **axes, text=TEXT))
    return layers


def _below(band: Band, room: int) -> str:
    """Return what kind of layer it is, and its steps where there is room for so many pixels."""
    kind = band.kind.replace("Normalization", "Norm")
    steps = len(next(iter(band.norms.values()))) if band.norms else 0
    words = f"{kind}, step 0 to {steps - 1}"
    return words if steps and LETTER * len(words) < room else kind
