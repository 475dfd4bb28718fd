"""Bands over epochs as SVG: drawn here and not by Vega, since a study may have eighty of them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from math import ceil, floor, isfinite

import numpy as np

from normcast.pages.drawing import DASHES
from normcast.report.of_study.words import nice_step

Band = tuple[np.ndarray, np.ndarray, np.ndarray]
Point = tuple[float, float]

WIDTH, HEIGHT = 360, 200
LEFT, RIGHT, TOP, BOTTOM = 40, 352, 8, 160
STRIDES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**6)


def draw_bands(bands: Sequence[tuple[Band, str]], limits: Point, label: str) -> str:
    """Draw (lower end, middle, upper end) by epoch, each with its tone, between these limits of the loss."""
    last = max(1, *(len(band[1]) - 1 for band, _ in bands))
    frame = _Frame(last, *limits)
    parts = [*frame.axes(), *(frame.area(band, tone) for band, tone in bands)]
    parts += [frame.line(band, tone) for band, tone in bands]
    head = f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="11">'
    return head + "".join(parts) + "</svg>"


class _Frame:
    """Places values in a drawing; what is above the top is drawn at the top."""

    def __init__(self, last: int, low: float, high: float) -> None:
        self.last = last
        self.step = nice_step(high - low, 4)
        self.low, self.high = floor(low / self.step) * self.step, ceil(high / self.step) * self.step

    def x(self, epoch: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * epoch / self.last, 1)

    def y(self, loss: float) -> float:
        share = (min(loss, self.high) - self.low) / (self.high - self.low)
        return round(BOTTOM - (BOTTOM - TOP) * share, 1)

    def axes(self) -> list[str]:
        found = []
        places = max(0, -floor(np.log10(self.step) + 1e-9))
        for k in range(round((self.high - self.low) / self.step) + 1):
            loss = self.low + k * self.step
            found.append(f'<path d="M{LEFT} {self.y(loss):g}H{RIGHT}" stroke="var(--grid)"/>')
            words = f"{loss:z.{places}f}".replace("-", "\N{MINUS SIGN}")
            found.append(_text(LEFT - 6, self.y(loss) + 4, words, "end"))
        stride = next(each for each in STRIDES if self.last / each <= 8)
        for epoch in range(0, self.last + 1, stride):
            found.append(_text(self.x(epoch), BOTTOM + 16, str(epoch), "middle"))
        return [*found, _text((LEFT + RIGHT) / 2, BOTTOM + 33, "epoch", "middle")]

    def area(self, band: Band, tone: str) -> str:
        pieces = []
        for run in _finite(list(zip(*band, strict=True))):
            up = " ".join(f"{self.x(epoch):g},{self.y(values[2]):g}" for epoch, values in run)
            down = " ".join(f"{self.x(epoch):g},{self.y(values[0]):g}" for epoch, values in reversed(run))
            pieces.append(f"M{up} {down}Z")
        path = "".join(pieces)
        return f'<path d="{path}" fill="var(--{tone})" opacity="0.2"/>' if path else ""

    def line(self, band: Band, tone: str) -> str:
        pieces = [
            "M" + " ".join(f"{self.x(epoch):g},{self.y(values[0]):g}" for epoch, values in run)
            for run in _finite([(value,) for value in band[1]])
        ]
        dash = f' stroke-dasharray="{DASHES[tone]}"' if DASHES.get(tone) else ""
        path = "".join(pieces)
        return f'<path d="{path}" fill="none" stroke="var(--{tone})" stroke-width="2"{dash}/>' if path else ""


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="var(--muted)">{words}</text>'


def _finite(rows: Sequence[tuple[float, ...]]) -> list[list[tuple[int, tuple[float, ...]]]]:
    """Return the stretches of epochs in which all values are finite.

    >>> _finite([(1.0,), (float("inf"),), (2.0,), (3.0,)])
    [[(0, (1.0,))], [(2, (2.0,)), (3, (3.0,))]]
    """
    runs = groupby(enumerate(rows), key=lambda row: all(map(isfinite, row[1])))
    return [list(run) for is_known, run in runs if is_known]
