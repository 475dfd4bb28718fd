"""Looks: how the intervals of a study that decides as it goes shrank, and which look decided what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, isfinite

from normcast.errors import counted, listed
from normcast.pages.page import Cell, Figure, Key, Section, Table
from normcast.pages.percent import exact
from normcast.report.of_study.marks import MARKS, WORDS, svg_mark
from normcast.report.of_study.reading import best_first
from normcast.report.of_study.values import StudyReport
from normcast.report.of_study.words import nice_step
from normcast.study.statistics import Effect, Look

WIDTH, HEIGHT = 360, 150
LEFT, RIGHT, TOP, BOTTOM = 52, 344, 10, 116
HARDEST = 6  # placements that are shown, the others folded
ROOM = 1.3  # times the last effect of a placement are in its panel at least
USUAL = 0.8  # of all ends of intervals lie within the axis at least; the rest is cut off, with an arrow


def looks_section(report: StudyReport) -> Section | None:
    """One panel for each placement, best first; None for a study that did not look as it went."""
    looks = report.result.looks
    if not looks:
        return None
    effects = best_first(report.result.comparison.effects)
    figures = {each.name: _figure(report, each) for each in effects}
    hardest = {each.name for each in sorted(effects, key=lambda each: -each.seeds)[:HARDEST]}
    others = tuple(figure for name, figure in figures.items() if name not in hardest)
    legend = tuple(Key(WORDS[name], key.tone, key.kind, path=key.path) for name, key in MARKS.items())
    return Section(
        "looks",
        "How it was decided",
        text=(_text(report),),
        legend=legend,
        tables=(looks_table(looks),),
        figures=tuple(figures[each.name] for each in effects if each.name in hardest),
        more=others,
        more_title=f"The other {counted(len(others), 'placement')}" if others else "",
    )


def _figure(report: StudyReport, effect: Effect) -> Figure:
    looks, margin = report.result.looks, report.result.min_effect
    aside = {name for look in looks for name in look.aside}
    said = "set aside" if effect.name in aside else effect.verdict
    note = f"{said} after {counted(effect.seeds, 'seed')}"
    return Figure(effect.name, draw_looks(effect.name, looks, margin), note)


def _text(report: StudyReport) -> str:
    looks, margin = report.result.looks, report.result.min_effect
    seeds = listed([look.seeds for look in looks], most=len(looks))
    band = f" The grey band is ± {exact(margin)}: what lies in it does not matter." if margin else ""
    return (
        f"The study looked at its placements after {seeds} seeds. Each bar is what was known then: the "
        "interval in which the change of the error lies, made wide enough to hold over all looks and "
        f"placements together.{band} The mark stands at the look that decided; the placement trained no "
        f"further. A hollow one: it was left open{_aside(looks)}. Those that took the most seeds are "
        "shown, best first."
    )


def _aside(looks: Sequence[Look]) -> str:
    """Return why placements were set aside, where some were."""
    if not any(look.aside for look in looks):
        return ""
    return (
        ", by the last look, or set aside before since the seeds that the study may take would hardly have "
        "decided it"
    )


def looks_table(looks: Sequence[Look]) -> Table:
    """What each look decided."""
    rows = tuple(
        (
            Cell(str(look.seeds)),
            Cell(str(len(look.active))),
            *(Cell(str(_decided(look, verdict))) for verdict in ("better", "worse", "no difference")),
            Cell(str(len(look.aside))),
            Cell(str(len(look.active) - len(look.decided) - len(look.aside))),
        )
        for look in looks
    )
    head = ("seeds", "placements looked at", "better", "worse", "no difference", "set aside", "still open")
    return Table("What each look decided", head, rows, narrow=True)


def _decided(look: Look, verdict: str) -> int:
    return sum(each == verdict for each in look.decided.values())


def reach_of(looks: Sequence[Look], min_effect: float) -> float:
    """Return how far the axis of all panels goes to either side of zero."""
    ends = [abs(end) for look in looks for each in look.effects.values() for end in each if isfinite(end)]
    usual = sorted(ends)[min(len(ends) - 1, int(USUAL * len(ends)))] if ends else 0.0
    return max(usual, 2 * min_effect) or 0.01


def draw_looks(name: str, looks: Sequence[Look], min_effect: float) -> str:
    """Draw the intervals of one placement, look by look; all are on one axis that can be."""
    known = [abs(look.effects[name][0]) for look in looks if name in look.effects]
    high = max([reach_of(looks, min_effect), *(ROOM * each for each in known[-1:] if isfinite(each))])
    verdicts: Mapping[str, str] = {}
    for look in looks:
        verdicts = {**verdicts, **look.decided}
    verdict = verdicts.get(name, "undecided")
    label = f"Intervals of {name} by look: {verdict}"
    parts = [*_axes(looks, high, min_effect)]
    for place, look in enumerate(looks):
        if name in look.effects:
            last = name in look.decided or name in look.aside or place == len(looks) - 1
            parts += _bar(_x(place, len(looks)), look.effects[name], high, verdict if last else "")
    head = f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="11">'
    return head + "".join(parts) + "</svg>"


def _x(place: int, looks: int) -> float:
    return round(LEFT + (RIGHT - LEFT) * (place + 0.5) / looks, 1)


def _y(effect: float, high: float) -> float:
    kept = min(max(effect, -high), high)
    return round((TOP + BOTTOM) / 2 - (BOTTOM - TOP) / 2 * kept / high, 1)


def _axes(looks: Sequence[Look], high: float, min_effect: float) -> list[str]:
    band = _y(min_effect, high), _y(-min_effect, high)
    found = [
        f'<rect x="{LEFT}" y="{band[0]:g}" width="{RIGHT - LEFT}" height="{band[1] - band[0]:g}" '
        'fill="var(--muted)" opacity="0.15"/>'
    ]
    step = nice_step(2 * high, 6)
    for k in range(ceil(-high / step), floor(high / step) + 1):
        stroke = "ink" if k == 0 else "grid"
        found.append(f'<path d="M{LEFT} {_y(k * step, high):g}H{RIGHT}" stroke="var(--{stroke})"/>')
        words = f"{100 * k * step:+.4g} %".replace("-", "\N{MINUS SIGN}") if k else "0 %"
        found.append(_words(LEFT - 6, _y(k * step, high) + 4, words, "end"))
    found += [
        _words(_x(place, len(looks)), BOTTOM + 15, str(look.seeds), "middle")
        for place, look in enumerate(looks)
    ]
    return [*found, _words((LEFT + RIGHT) / 2, BOTTOM + 30, "seeds", "middle")]


def _bar(x: float, effect: tuple[float, float, float], high: float, verdict: str) -> list[str]:
    """Draw what one look knew; an interval that goes beyond the axis ends in an arrow."""
    middle, low, top = effect
    if not isfinite(middle):
        return []
    tone = MARKS[verdict].tone if verdict else "muted"
    found = []
    if isfinite(low) and isfinite(top):
        ends = _y(low, high), _y(top, high)
        line = f"M{x:g} {ends[0]:g}V{ends[1]:g}"
        found.append(f'<path d="{line}" stroke="var(--{tone})" stroke-width="2.4" fill="none"/>')
        for beyond, y, turn in ((top > high, ends[1], 1), (low < -high, ends[0], -1)):
            if beyond:
                tip = f"M{x - 4:g} {y + 5 * turn:g}L{x:g} {y:g}L{x + 4:g} {y + 5 * turn:g}"
                found.append(f'<path d="{tip}" stroke="var(--{tone})" stroke-width="1.8" fill="none"/>')
    if abs(middle) > high:  # it would stand where it is not
        return found
    if verdict:
        return [*found, svg_mark(verdict, x, _y(middle, high))]
    return [*found, f'<circle cx="{x:g}" cy="{_y(middle, high):g}" r="2.6" fill="var(--{tone})"/>']


def _words(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="var(--muted)">{words}</text>'
