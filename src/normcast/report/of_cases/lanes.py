"""A case as SVG: a lane per channel over one axis of steps, each channel in its own unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from normcast.pages.words import decimals, number

WIDTH, LEFT, RIGHT, LANE, FOOT = 360, 54, 352, 54, 30
MOST_STEPS = 300  # of a line: of more, the lowest and the highest of each stretch are drawn


def draw_lanes(values: np.ndarray, names: Sequence[str], label: str) -> str:
    """Draw channels (steps, channels) below one another, with the range of each.

    >>> svg = draw_lanes(np.array([[1.0], [3.0], [2.0]]), ["channel 0"], "Case 7")
    >>> "channel 0" in svg, "3.00" in svg
    (True, True)
    """
    height = LANE * len(names) + FOOT
    parts = [
        part for k, name in enumerate(names) for part in _lane(values[:, k].astype(float), name, LANE * k)
    ]
    head = f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH} {height}" font-size="11">'
    return head + "".join([*parts, *_axis(len(values), LANE * len(names))]) + "</svg>"


def _lane(values: np.ndarray, name: str, top: float) -> Iterator[str]:
    low, high = float(values.min()), float(values.max())
    above, below = top + 17, top + LANE - 6
    span = high - low
    places = decimals([max(abs(low), abs(high))])
    steps, shown = thinned(values)
    last = max(1, len(values) - 1)
    xs = LEFT + (RIGHT - LEFT) * steps / last
    ys = below - (below - above) * ((shown - low) / span if span else np.full(len(shown), 0.5))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    yield f'<path d="M{LEFT} {below:g}H{RIGHT}" stroke="var(--grid)"/>'
    yield _text(LEFT, top + 11, escape(name), "start")
    ends = [(high, above + 4), (low, below + 2)] if span else [(low, (above + below) / 2 + 4)]
    for value, y in ends:
        yield _text(LEFT - 5, y, number(value, places), "end")
    yield f'<path d="M{line}" fill="none" stroke="var(--ours)" stroke-width="1.3" stroke-linejoin="round"/>'


def thinned(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and values that are drawn: all, or the extremes of each of many stretches.

    >>> steps, shown = thinned(np.sin(np.arange(5000.0)))
    >>> len(steps) <= 2 * MOST_STEPS, float(shown.max()) == float(np.sin(np.arange(5000.0)).max())
    (True, True)
    """
    if len(values) <= 2 * MOST_STEPS:
        return np.arange(len(values)), values
    parts = np.array_split(np.arange(len(values)), MOST_STEPS)
    ends = {int(part[find(values[part])]) for part in parts for find in (np.argmin, np.argmax)}
    steps = np.array(sorted(ends))
    return steps, values[steps]


def _axis(count: int, bottom: float) -> Iterator[str]:
    for step in sorted({1, (count + 1) // 2, count}):
        x = LEFT + (RIGHT - LEFT) * (step - 1) / max(1, count - 1)
        yield _text(
            x, bottom + 10, f"{step:,}", "middle" if 1 < step < count else "end" if step > 1 else "start"
        )
    yield _text((LEFT + RIGHT) / 2, bottom + 25, "step", "middle")


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--muted)">{words}</text>'
