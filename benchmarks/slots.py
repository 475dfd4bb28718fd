"""The picture of a network with its slots: what was measured in each, coloured by what it did to the error.

Drawn from the record that ships, once from left to right for a screen, once from top to bottom for a phone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from benchmarks.forest import STYLE, text
from normcast.check.conclusion import Conclusion, Figures, change
from normcast.check.evidence import TASKS, Evidence
from normcast.pages.percent import percent

COLUMN, GAP, CHIP, CELL, HEAD, MARGIN = 238, 12, 24, 57, 52, 4
BOX = 30
LOOK = (
    STYLE
    + """
  .layer { fill: #eaeef2; stroke: #8c959f } .slot { fill: none; stroke: #8c959f; stroke-dasharray: 3 3 }
  .name { font-weight: 600 } .cell { stroke: none }
  .blue { fill: #b6e3ff } .red { fill: #ffd0a8 } .same { fill: #dafbe1 } .grey { fill: #eaeef2 }
  @media (prefers-color-scheme: dark) {
    .layer { fill: #21262d; stroke: #7d8590 } .slot { stroke: #7d8590 }
    .blue { fill: #0c4a7d } .red { fill: #7a3500 } .same { fill: #164a26 } .grey { fill: #30363d }
  }
"""
)
KINDS = {
    "blue": "smaller error",
    "red": "larger error",
    "same": "nothing on average",
    "grey": "differs, or not known",
}


@dataclass(frozen=True)
class Slot:
    """A place in the network: the layer it follows or lies in, and what was tried there, claim by label."""

    words: str
    layer: str
    tried: dict[str, str]


SLOTS = (
    Slot("in front", "input", {"batch norm": "input-batch-norm", "instance norm": "instance-norm"}),
    Slot(
        "behind Conv1D",
        "Conv1D",
        {
            "batch norm": "convolution-batch-norm",
            "layer norm": "convolution-layer-norm",
            "spatial dropout": "spatial-dropout",
            "squeeze-excite": "squeeze-excite",
            "average pooling": "average-pooling",
        },
    ),
    Slot(
        "inside the LSTM",
        "LSTM",
        {
            "batch norm": "recurrent-batch-norm",
            "layer norm": "recurrent-layer-norm",
            "input dropout": "input-dropout",
            "recurrent dropout": "recurrent-dropout",
            "zoneout": "zoneout",
        },
    ),
    Slot(
        "behind the LSTM",
        "Dense",
        {
            "batch norm": "output-batch-norm",
            "layer norm": "output-layer-norm",
            "dropout": "output-dropout",
        },
    ),
)


def figures(evidence: Evidence, name: str, task: str) -> Figures | None:
    """Return what the first network says of a claim; None where it was not measured."""
    found = [each for each in evidence.claims if each.name == name and each.task == task and each.results]
    return found[0].results[0].figures if found else None


def kind(found: Figures | None) -> str:
    """Return the colour of a conclusion."""
    said: Conclusion = found.conclusion if found else Conclusion.NOT_KNOWN
    if said.is_better or said.is_worse:
        return "blue" if said.is_better else "red"
    return "same" if said.is_nothing else "grey"


def cell(evidence: Evidence, name: str, task: str, x: float, y: float) -> list[str]:
    """Return the coloured cell of one claim and task, with its mean change."""
    found = figures(evidence, name, task)
    words = percent(change(found.effect)) if found else "–"
    box = f'<rect class="cell {kind(found)}" x="{x}" y="{y}" width="{CELL - 3}" height="{CHIP - 5}" rx="3"/>'
    return [box, text(x + (CELL - 3) / 2, y + 14, words, "small", "middle")]


def column(evidence: Evidence, slot: Slot, x: float, y: float) -> list[str]:
    """Return a slot: its name, and a row for each thing that was tried in it."""
    lines = [text(x + 6, y + 16, slot.words, "quiet small")]
    heads = ("forecast", "classes")
    for place, head in enumerate(heads):
        lines.append(
            text(x + COLUMN - CELL * (2 - place) + CELL / 2 - 4, y + 16, head, "quiet small", "middle")
        )
    for row, (label, name) in enumerate(slot.tried.items()):
        top = y + 24 + CHIP * row
        lines.append(text(x + 6, top + 14, label, "small"))
        for place, task in enumerate(TASKS):
            lines += cell(evidence, name, task, x + COLUMN - CELL * (2 - place) - 2, top)
    height = 24 + CHIP * len(slot.tried) + 4
    frame = f'<rect class="slot" x="{x}" y="{y}" width="{COLUMN}" height="{height}" rx="5"/>'
    return [frame, *lines]


def box(words: str, x: float, y: float, width: float) -> list[str]:
    """Return a layer."""
    rect = f'<rect class="layer" x="{x}" y="{y}" width="{width}" height="{BOX}" rx="5"/>'
    return [rect, text(x + width / 2, y + 20, words, "name", "middle")]


def arrow(points: str) -> str:
    """Return a line through points with a tip at its end, which points right or down."""
    return f'<path class="axis" style="fill: none" d="{points}"/>'


def legend(x: float, y: float, width: float) -> tuple[list[str], float]:
    """Return what the colours mean, in as many lines as the width needs, and where it ends."""
    lines, at = [], x
    for each, words in KINDS.items():
        needed = 26 + 7 * len(words)
        if at + needed > x + width:
            at, y = x, y + 22
        lines.append(f'<rect class="{each}" x="{at}" y="{y}" width="14" height="14" rx="3"/>')
        lines.append(text(at + 20, y + 12, words, "quiet small"))
        at += needed + 10
    return lines, y + 22


def wide(evidence: Evidence) -> str:
    """Return the picture for a screen: the network from left to right, each slot below its place."""
    width = 4 * COLUMN + 3 * GAP + 2 * MARGIN
    lines, layers = [], ("input", "Conv1D", "LSTM", "Dense")
    for place, (slot, layer) in enumerate(zip(SLOTS, layers, strict=True)):
        x = MARGIN + place * (COLUMN + GAP)
        lines += box(layer, x + 48, 8, COLUMN - 96)
        if place:
            lines.append(arrow(f"M{x - GAP - 48} 23 H{x + 46} m-6 -4 l6 4 l-6 4"))
        lines += column(evidence, slot, x, HEAD)
    rows = max(len(slot.tried) for slot in SLOTS)
    told, end = legend(MARGIN, HEAD + 24 + CHIP * rows + 16, width)
    return svg(evidence, [*lines, *told], width, end)


def tall(evidence: Evidence) -> str:
    """Return the picture for a phone: the network from top to bottom."""
    width, y, lines = COLUMN + 96 + 2 * MARGIN, float(MARGIN), []
    for slot, layer in zip(SLOTS, ("input", "Conv1D", "LSTM", "Dense"), strict=True):
        height = 28 + CHIP * len(slot.tried)
        lines += box(layer, MARGIN, y, 80)
        if slot is not SLOTS[-1]:
            lines.append(arrow(f"M{MARGIN + 40} {y + BOX} V{y + height + 10} m-4 -6 l4 6 l4 -6"))
        lines += column(evidence, slot, MARGIN + 96, y)
        y += height + GAP
    told, end = legend(MARGIN, y + 4, width)
    return svg(evidence, [*lines, *told], width, end)


def svg(evidence: Evidence, lines: list[str], width: float, height: float) -> str:
    """Return the file, with what it says in words for who cannot see it."""
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>',
            f"<title>{escape(' '.join(sentences(evidence)))}</title>",
            f"<style>{LOOK}</style>",
            *lines,
            "</svg>\n",
        ]
    )


def sentences(evidence: Evidence) -> Iterator[str]:
    """Yield what was found in each slot."""
    for slot in SLOTS:
        for label, name in slot.tried.items():
            for task, words in TASKS.items():
                found = figures(evidence, name, task)
                if found:
                    yield f"{label} {slot.words}, {words.lower()}: {found.mean}, {found.conclusion}."


def pictures(evidence: Evidence) -> dict[str, str]:
    """Return both pictures by the name of their file."""
    return {"slots.svg": wide(evidence), "slots-tall.svg": tall(evidence)}
