"""Marks: the shape and the tone of each verdict, the same in every drawing of a study."""

from __future__ import annotations

from normcast.pages.page import Key

WORDS = {
    "better": "better: lower error, beyond luck",
    "worse": "worse: higher error, beyond luck",
    "no difference": "no difference that matters",
    "undecided": "undecided: could be luck",
}
# Told apart by shape as well as by colour; a triangle points where the error goes.
MARKS = {
    "better": Key("better", "yes", "shape", path="M-6 -4.5H6L0 6Z"),
    "worse": Key("worse", "no", "shape", path="M-6 4.5H6L0 -6Z"),
    "no difference": Key("no difference", "ours", "shape", path="M-4.5 -4.5H4.5V4.5H-4.5Z"),
    "undecided": Key(
        "undecided", "muted", "hollow", path="M-4.5 0A4.5 4.5 0 1 1 4.5 0A4.5 4.5 0 1 1 -4.5 0Z"
    ),
}


def svg_mark(verdict: str, x: float, y: float, size: float = 1.0) -> str:
    """Draw the mark of a verdict at a place of a drawing.

    >>> svg_mark("undecided", 5, 7).startswith('<path d="M-4.5 0A')
    True
    """
    key = MARKS[verdict]
    fill = "card" if key.kind == "hollow" else key.tone
    place = f'transform="translate({x:g} {y:g}) scale({size:g})"'
    return (
        f'<path d="{key.path}" {place} fill="var(--{fill})" stroke="var(--{key.tone})" stroke-width="1.8"/>'
    )
