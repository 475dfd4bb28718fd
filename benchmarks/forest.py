"""Forest plots as plain SVG: effects with their intervals, what they are pooled to, and on further data.

The axis is that of log ratios, written in percent. A plot is as wide as the screen of a phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import isnan, log
from textwrap import wrap

from benchmarks.evidence_effects import OnData, Paired
from benchmarks.evidence_pool import Answered, Studied
from normcast.check.conclusion import REGION, Conclusion, Figures, change
from normcast.pages.percent import exact, percent

ALL, LEFT, WIDTH, TOP, ROW = 400, 130, 200, 40, 22
EDGE = log(5)  # effects beyond five times the error, or a fifth, are drawn at the edge, with an arrow
GAP = 46  # pixels between the numbers of the axis
LETTERS = 60  # that a line holds
BAND = f"band: within ±{exact(REGION)}, called the same"
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4)
BELOW = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8)
STYLE = """
  .ground { fill: #ffffff } text { fill: #24292f; font: 13px system-ui, sans-serif }
  .axis { stroke: #8c959f } .grid { stroke: #d8dee4 } .quiet { fill: #57606a }
  .same { fill: #ddf4ff } .small { font-size: 12px }
  .better { fill: #0969da; stroke: #0969da } .worse { fill: #bc4c00; stroke: #bc4c00 }
  .open { fill: #57606a; stroke: #57606a } .out { fill: #ffffff; stroke: #8c959f }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #e6edf3 } .axis { stroke: #8b949e } .grid { stroke: #30363d }
    .quiet { fill: #9198a1 } .same { fill: #12304f }
    .better { fill: #58a6ff; stroke: #58a6ff } .worse { fill: #f0883e; stroke: #f0883e }
    .open { fill: #9198a1; stroke: #9198a1 } .out { fill: #0d1117; stroke: #7d8590 }
  }
"""


@dataclass(frozen=True)
class Scale:
    """The axis of log ratios: from low to high, across `width` pixels from `left` on."""

    low: float
    high: float
    left: int = LEFT
    width: int = WIDTH

    @classmethod
    def of(cls, values: Iterable[float], left: int = LEFT, width: int = WIDTH) -> Scale:
        """Return the axis that holds all values and the region of equivalence, as far as within `EDGE`."""
        ends = [value for value in values if not isnan(value)]
        region = log(1 + REGION)
        low, high = min([-region, *ends]), max([region, *ends])
        pad = 0.05 * (high - low)
        return cls(max(low - pad, -EDGE), min(high + pad, EDGE), left, width)

    def x(self, value: float) -> float:
        """Return the pixel of a log ratio, that of the nearer edge for one outside."""
        inside = min(max(value, self.low), self.high)
        return round(self.left + self.width * (inside - self.low) / (self.high - self.low), 1)

    def holds(self, value: float) -> bool:
        """Whether it is within the axis."""
        return self.low <= value <= self.high

    def ticks(self) -> list[float]:
        """Return round changes to write below the axis, as shares: 0, and others where there is room."""
        found = [0.0]
        for shares in (TICKS, [-share for share in BELOW]):
            last = self.x(0.0)
            for share in shares:
                place = log(1 + share)
                if self.holds(place) and abs(self.x(place) - last) >= GAP:
                    found.append(share)
                    last = self.x(place)
        return sorted(found)


def forest(studied: Studied) -> str:
    """Return the plot of a claim in one network; it follows the reader's light or dark scheme."""
    found = studied.result.figures
    pools = [found] if found and found.datasets > 1 else []
    inner = [value for each in studied.effects for value in (each.end.effect, each.end.low, each.end.high)]
    scale = Scale.of(
        [*inner, *(v for each in pools for v in (each.low, each.high, each.low_new, each.high_new))]
    )
    bottom = TOP + ROW * (len(studied.effects) + 2 * len(pools))
    lines = axis(scale, bottom)
    for row, each in enumerate(studied.effects):
        lines += whisker(each, scale, TOP + ROW * row + ROW // 2)
    for each in pools:
        y = bottom - 2 * ROW + ROW // 2
        lines += [
            text(LEFT - 8, y + 4, "on average", "", "end"),
            text(ALL - 2, y + 4, percent(change(each.effect)), "", "end"),
            diamond(each, scale, y),
            text(LEFT - 8, y + ROW + 4, "on further data", "", "end"),
            bracket(each, scale, y + ROW),
        ]
    why = "; ".join(dict.fromkeys(each.out for each in studied.effects if each.out))
    notes = [BAND, *([f"hollow: left out of the pool, {why}"] if why else [])]
    title = f"{studied.contrast.words}: {studied.result.sentence}"
    return svg(title, lines, bottom, notes)


def overview(answers: Sequence[Answered], title: str) -> str:
    """Return the plot of all claims: mean, its interval, and the prediction interval, a row each."""
    rows = [(name_of(each, studied), studied.result.figures) for each in answers for studied in each.studied]
    known = [found for _, found in rows if found is not None]
    values = [v for found in known for v in (found.low, found.high, found.low_new, found.high_new)]
    scale = Scale.of(values, 12, ALL - 24)
    heights = [18 * len(lines) + 26 for lines, _ in rows]
    bottom = TOP + sum(heights)
    parts, y = axis(scale, bottom), TOP
    for (words, found), height in zip(rows, heights, strict=True):
        parts += [text(2, y + 16 + 17 * i, line, "small") for i, line in enumerate(words)]
        middle = y + height - 14
        if found is None or found.datasets < 2:
            parts.append(text(scale.x(0.0), middle + 4, "not known", "quiet small", "middle"))
        else:
            parts += [bracket(found, scale, middle), diamond(found, scale, middle)]
        y += height
    return svg(title, parts, bottom, ["diamond: on average, with its interval; line: on further data", BAND])


def name_of(answer: Answered, studied: Studied) -> list[str]:
    """Return the words of a row of the overview, in lines."""
    size = f" ({studied.result.network})" if len(answer.studied) > 1 else ""
    return wrap(f"{answer.claim.task}: {answer.claim.words}{size}", LETTERS)


def svg(title: str, lines: Sequence[str], bottom: int, notes: Sequence[str]) -> str:
    """Return the file; notes: what stands below the axis."""
    told = [line for note in notes for line in wrap(note, LETTERS)]
    height = bottom + 36 + 17 * len(told)
    size = f'width="{ALL}" height="{height}" viewBox="0 0 {ALL} {height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            '<rect class="ground" width="100%" height="100%"/>',
            *lines,
            *(text(2, bottom + 44 + 17 * i, line, "quiet small") for i, line in enumerate(told)),
            "</svg>\n",
        ]
    )


def axis(scale: Scale, bottom: int) -> list[str]:
    """Return the region of equivalence, the grid with its numbers, and what either side means."""
    edge = log(1 + REGION)
    a, b = scale.x(-edge), scale.x(edge)
    band = (
        f'<rect class="same" x="{a}" y="{TOP - 6}" width="{round(b - a, 1)}" height="{bottom - TOP + 12}"/>'
    )
    left, right = scale.left, scale.left + scale.width
    lines = [band, text(left, 16, "smaller error", "quiet small")]
    lines.append(text(right, 16, "larger error", "quiet small", "end"))
    for share in scale.ticks():
        x, kind = scale.x(log(1 + share)), "axis" if share == 0 else "grid"
        lines.append(f'<line class="{kind}" x1="{x}" x2="{x}" y1="{TOP - 6}" y2="{bottom + 6}"/>')
        number = f"{100 * share:+g} %".replace("-", "−") if share else "0"
        lines.append(text(x, bottom + 22, number, "quiet small", "middle"))
    return lines


def whisker(each: OnData, scale: Scale, y: int) -> list[str]:
    """Return the row of one data set: name, interval, effect, number; hollow if it is not pooled."""
    end, kind = each.end, kind_of(each.end, each.out)
    name = text(LEFT - 8, y + 4, each.dataset, "small quiet" if each.out else "small", "end")
    if isnan(end.effect):
        return [name, text(scale.x(0.0), y + 4, "no training finished", "quiet small", "middle")]
    lines = [name, text(ALL - 2, y + 4, percent(change(end.effect)), "small", "end")]
    if not isnan(end.low):
        a, b = scale.x(end.low), scale.x(end.high)
        lines.append(f'<line class="{kind}" stroke-width="2" x1="{a}" x2="{b}" y1="{y}" y2="{y}"/>')
    x = scale.x(end.effect)
    if scale.holds(end.effect):
        return [*lines, f'<circle class="{kind}" cx="{x}" cy="{y}" r="4"/>']
    tip = 8 if end.effect > scale.high else -8
    return [*lines, f'<path class="{kind}" d="M{x - tip} {y - 5} L{x} {y} L{x - tip} {y + 5} z"/>']


def kind_of(end: Paired, out: str) -> str:
    """Return the class of a mark: the side that its interval is on."""
    if out:
        return "out"
    return "better" if end.high < 0 else "worse" if end.low > 0 else "open"


def diamond(found: Figures, scale: Scale, y: int) -> str:
    """Return the mean of all data sets with its interval."""
    a, x, b = (scale.x(value) for value in (found.low, found.effect, found.high))
    a, b = min(a, x - 3), max(b, x + 3)
    return f'<path class="{shade(found)}" d="M{a} {y} L{x} {y - 7} L{b} {y} L{x} {y + 7} z"/>'


def bracket(found: Figures, scale: Scale, y: int) -> str:
    """Return the prediction interval: a line with an end, or an arrow where it leaves the axis."""
    kind, parts = shade(found), []
    a, b = scale.x(found.low_new), scale.x(found.high_new)
    for x, value, way in ((a, found.low_new, 5), (b, found.high_new, -5)):
        end = (
            f"M{x} {y - 5} V{y + 5}"
            if scale.holds(value)
            else f"M{x + way} {y - 5} L{x} {y} L{x + way} {y + 5}"
        )
        parts.append(end)
    ends = " ".join(parts)
    return f'<path class="{kind}" style="fill: none" stroke-width="1.5" d="M{a} {y} H{b} {ends}"/>'


def shade(found: Figures) -> str:
    """Return the class of what was concluded."""
    said: Conclusion = found.conclusion
    return "better" if said.is_better else "worse" if said.is_worse else "open"


def text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    """Return a text element."""
    return f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'
