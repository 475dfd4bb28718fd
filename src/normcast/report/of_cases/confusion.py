"""The confusion of classes as SVG: a square per pair, with its count, as dark as its share of the row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from normcast.report.of_cases.words import share_text, short

SIDE, LEFT, TOP, RIGHT = 230, 92, 70, 54
WRITTEN = 12  # classes whose counts are written in their squares
LETTERS = 13
FAINTEST, DARKEST = 0.08, 0.5  # so that what is written on it can be read


def draw_confusion(counts: np.ndarray, names: Sequence[str], label: str) -> str:
    """Draw counts (classes that came, classes that were told).

    >>> svg = draw_confusion(np.array([[3, 1], [0, 2]]), ["<b>", "c"], "Confusion")
    >>> "&lt;b&gt;" in svg, "<b>" in svg, "came &lt;b&gt;, told c: 1 of 4 cases (25 %)" in svg
    (True, False, True)
    """
    size = SIDE / len(names)
    parts = [*_labels(names, size), *_squares(counts, names, size)]
    frame = f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="var(--grid)"/>'
    view = f"0 0 {LEFT + SIDE + RIGHT} {TOP + SIDE + 8}"
    head = f'<svg role="img" aria-label="{escape(label)}" viewBox="{view}" font-size="11">'
    return head + "".join(parts) + frame + "</svg>"


def _squares(counts: np.ndarray, names: Sequence[str], size: float) -> Iterator[str]:
    totals = counts.sum(axis=1)
    for row, column in np.argwhere(counts):
        count, total = counts[row, column], totals[row]
        x, y = LEFT + column * size, TOP + row * size
        tone = "ours" if row == column else "tone-1"
        words = (
            f"came {short(names[row])}, told {short(names[column])}: {count:,} of {total:,} cases "
            f"({share_text(count, total)})"
        )
        shade = FAINTEST + (DARKEST - FAINTEST) * count / total
        yield (
            f'<g><title>{escape(words)}</title><rect x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" '
            f'height="{size:.1f}" fill="var(--{tone})" opacity="{shade:.2f}"/>'
        )
        if len(names) <= WRITTEN:
            yield (
                f'<text x="{x + size / 2:.1f}" y="{y + size / 2 + 4:.1f}" text-anchor="middle" '
                f'fill="var(--ink)">{count:,}</text>'
            )
        yield "</g>"


def _labels(names: Sequence[str], size: float) -> Iterator[str]:
    """Yield the names of rows and columns, those that have room."""
    stride = max(1, -int(-11 // size))
    for k in range(0, len(names), stride):
        middle, name = (k + 0.5) * size, escape(short(names[k], LETTERS))
        yield _text(LEFT - 6, TOP + middle + 4, name, "end")
        x, y = LEFT + middle + 3, TOP - 6
        yield _text(x, y, name, "start", f' transform="rotate(-40 {x:.1f} {y})"')


def _text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--muted)"{more}>{words}</text>'
