"""A forest plot as plain SVG: one effect per data set with its interval, and all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, isnan, log10

from normcast.check.evidence import Claim, Range
from normcast.pages.percent import percent

ROW, TOP, LEFT, WIDTH, RIGHT = 24, 34, 170, 360, 210
EDGE = 1.0  # effects beyond +-100 % are drawn at the edge, with an arrow
STYLE = """
  .ground { fill: #ffffff } text { fill: #24292f; font: 13px system-ui, sans-serif }
  .axis { stroke: #8c959f } .grid { stroke: #d8dee4 } .quiet { fill: #57606a }
  .better { fill: #0969da; stroke: #0969da } .worse { fill: #bc4c00; stroke: #bc4c00 }
  .open { fill: #57606a; stroke: #57606a }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #e6edf3 } .axis { stroke: #8b949e } .grid { stroke: #30363d }
    .quiet { fill: #9198a1 } .better { fill: #58a6ff; stroke: #58a6ff }
    .worse { fill: #f0883e; stroke: #f0883e } .open { fill: #9198a1; stroke: #9198a1 }
  }
"""


@dataclass(frozen=True)
class Scale:
    """The axis of effects: from low to high, across `WIDTH` pixels."""

    low: float
    high: float

    @classmethod
    def of(cls, ranges: Sequence[Range]) -> "Scale":
        """Return the axis that holds all ranges and zero, as far as they lie within `EDGE`."""
        ends = [v for r in ranges for v in (r.effect, r.low, r.high) if not isnan(v)]
        low, high = min([0.0, *ends]), max([0.0, *ends])
        pad = 0.05 * (high - low) or 0.01
        return cls(max(low - pad, -EDGE), min(high + pad, EDGE))

    def x(self, value: float) -> float:
        """Return the pixel of an effect, that of the nearer edge for one outside."""
        inside = min(max(value, self.low), self.high)
        return round(LEFT + WIDTH * (inside - self.low) / (self.high - self.low), 1)

    def ticks(self) -> list[float]:
        """Return round effects to write below the axis, at most 7."""
        span = self.high - self.low
        power = 10.0 ** floor(log10(span))
        step = next(s * power for s in (0.1, 0.2, 0.5, 1, 2, 5) if span / (s * power) <= 6)
        first, last = ceil(self.low / step), floor(self.high / step)
        return [round(i * step, 12) for i in range(first, last + 1)]


def forest(claim: Claim) -> str:
    """Return the plot of a claim as the text of an SVG file; it follows the reader's light or dark scheme."""
    pooled = [claim.pooled] if claim.pooled else []
    scale = Scale.of([each.range for each in claim.effects] + pooled)
    bottom = TOP + ROW * (len(claim.effects) + len(pooled))
    size = f'width="{LEFT + WIDTH + RIGHT}" height="{bottom + 44}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>',
        f"<title>{escape(claim.words)}: {escape(claim.sentence)}</title>",
        f"<style>{STYLE}</style>",
        '<rect class="ground" width="100%" height="100%"/>',
        *axis(scale, bottom),
    ]
    for row, each in enumerate(claim.effects):
        kind = each.verdict if each.verdict in ("better", "worse") else "open"
        lines += whisker(each.dataset, each.range, scale, TOP + ROW * row + ROW // 2, kind)
    for each in pooled:
        lines += diamond(each, scale, bottom - ROW // 2)
    return "\n".join([*lines, "</svg>"]) + "\n"


def axis(scale: Scale, bottom: int) -> list[str]:
    """Return the line at zero, the grid and its numbers, and what either side means."""
    lines = [text(LEFT, 18, "smaller error", "quiet"), text(LEFT + WIDTH, 18, "larger error", "quiet", "end")]
    for tick in scale.ticks():
        x, kind = scale.x(tick), "axis" if tick == 0 else "grid"
        lines.append(f'<line class="{kind}" x1="{x}" x2="{x}" y1="{TOP - 6}" y2="{bottom + 6}"/>')
        lines.append(text(x, bottom + 22, f"{100 * tick:+g} %" if tick else "0", "quiet", "middle"))
    return lines


def whisker(name: str, found: Range, scale: Scale, y: int, kind: str) -> list[str]:
    """Return the row of one data set: name, interval, effect, numbers."""
    lines = [text(LEFT - 12, y + 4, name, "", "end"), numbers(found, y)]
    if isnan(found.effect):
        return lines
    if not isnan(found.low):
        a, b = scale.x(found.low), scale.x(found.high)
        lines.append(f'<line class="{kind}" stroke-width="2" x1="{a}" x2="{b}" y1="{y}" y2="{y}"/>')
    x = scale.x(found.effect)
    if scale.low <= found.effect <= scale.high:
        return [*lines, f'<circle class="{kind}" cx="{x}" cy="{y}" r="4"/>']
    tip = 8 if found.effect > scale.high else -8
    return [*lines, f'<path class="{kind}" d="M{x - tip} {y - 5} L{x} {y} L{x - tip} {y + 5} z"/>']


def diamond(found: Range, scale: Scale, y: int) -> list[str]:
    """Return the row of all data sets together."""
    x = scale.x(found.effect)
    a, b = (x - 5, x + 5) if isnan(found.low) else (scale.x(found.low), scale.x(found.high))
    kind = "open" if not found.is_clear else "better" if found.effect < 0 else "worse"
    shape = f'<path class="{kind}" d="M{a} {y} L{x} {y - 7} L{b} {y} L{x} {y + 7} z"/>'
    return [text(LEFT - 12, y + 4, "all together", "", "end"), numbers(found, y), shape]


def numbers(found: Range, y: int) -> str:
    """Return the effect and its interval in figures."""
    words = "no training finished" if isnan(found.effect) else str(found)
    return text(LEFT + WIDTH + 14, y + 4, words if len(words) < 34 else percent(found.effect), "")


def text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    """Return a text element."""
    return f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'
