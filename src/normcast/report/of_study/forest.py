"""The forest plot: every placement's effect and interval on one axis, with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, isfinite

from normcast.errors import counted
from normcast.pages.page import Forest, ForestRow, Key, Section
from normcast.pages.percent import percent, size
from normcast.pages.words import decimals
from normcast.report.of_study.marks import MARKS, WORDS
from normcast.report.of_study.reading import by_axis
from normcast.report.of_study.tables import evidence_table
from normcast.report.of_study.values import StudyReport
from normcast.report.of_study.words import nice_step
from normcast.study.answer import interval_words
from normcast.study.statistics import Effect
from normcast.study.words import metric_name, p_value, score, seeds_words

LONGEST = 2.0  # times the reach of nine in ten ends of intervals: what is longer is cut, with an arrow
MARGIN = 0.04  # of the width, left free at both sides
UNCORRECTED = (
    "A verdict is not read off the bar. It takes a test that is corrected for how many placements were "
    "tried, so a bar may miss the line and still be undecided: among many placements some look good by luck."
)


def forest_section(report: StudyReport) -> Section:
    """Every placement against the network as given."""
    result = report.result
    margin = size(result.min_effect)
    together = ", over all looks and placements together" if result.looks else ""
    text = (
        f"How much the {'log loss' if report.classifies else 'error'} changes against the network as given. "
        "Left of the line is better. The mark is the mean, the bar its 95 % interval: where the truth may "
        f"well be{together}. The grey band is ± {margin}: what lies in it does not matter.",
        *(() if result.looks else (UNCORRECTED,)),
    )
    legend = tuple(Key(WORDS[name], key.tone, key.kind, path=key.path) for name, key in MARKS.items())
    return Section(
        "effects",
        "Every placement",
        text=text,
        legend=legend,
        forest=forest_of(report),
        tables=(evidence_table(report),),
        folded="The tests in numbers",
    )


def forest_of(report: StudyReport) -> Forest:
    """Return the plot's rows and axis."""
    result = report.result
    effects = result.comparison.effects
    low, high = domain(effects, result.min_effect)

    def at(effect: float) -> float:
        return round(100 * (effect - low) / (high - low), 2)

    extra = _scores(report)
    groups = tuple(
        (title, tuple(_row(each, at, extra[each.name]) for each in mine)) for title, mine in by_axis(result)
    )
    step = nice_step(high - low, 5)
    ticks = [k * step for k in range(ceil(low / step), floor(high / step) + 1)]
    head = ("change", "95 % interval", "corrected p", *_score_heads(report))
    return Forest(
        f"Change of the {metric_name(result.metric)} against the network as given, best first in each group, "
        f"{seeds_words(map(len, result.seeds_of.values()))}",
        head,
        groups,
        tuple((at(tick), _tick(tick)) for tick in ticks),
        at(0.0),
        (at(-result.min_effect), at(result.min_effect)),
    )


def _tick(share: float) -> str:
    words = f"{100 * share:+.4g} %" if abs(share) > 1e-12 else "0 %"
    return words.replace("-", "\N{MINUS SIGN}")


def domain(effects: Sequence[Effect], min_effect: float) -> tuple[float, float]:
    """Return the ends of the axis: all intervals are in it but those that are far longer than most.

    >>> domain([], 0.01)
    (-0.0324, 0.0324)
    """
    ends = [abs(end) for each in effects for end in _ends(each)]
    usual = sorted(ends)[9 * len(ends) // 10] if ends else 0.0
    most = max(LONGEST * usual, 3 * min_effect) or 0.01
    lows = [max(end, -most) for each in effects for end in _ends(each)]
    low = min([-3 * min_effect, *lows]) if min_effect or lows else -most
    high = max([3 * min_effect, *(min(each, most) for e in effects for each in _ends(e))]) or most
    room = MARGIN * (high - low)
    return low - room, high + room


def _ends(effect: Effect) -> list[float]:
    return [end for end in (effect.low, effect.effect, effect.high) if isfinite(end)]


def _row(effect: Effect, at: Callable[[float], float], scores: tuple[str, ...]) -> ForestRow:
    cells = (percent(effect.effect), interval_words(effect), _p(effect), *scores)
    mark, ends = MARKS[effect.verdict], _ends(effect)
    if not ends:
        failed = f"finished on none of {counted(effect.seeds, 'seed')}" if effect.failed else "not measured"
        return ForestRow(effect.name, mark, cells, str(effect), text=failed)
    low, high = at(min(ends)), at(max(ends))
    beyond = ("left",) * (low < 0) + ("right",) * (high > 100)
    low, high = min(max(low, 0.5), 99.5), max(min(high, 99.5), 0.5)
    return ForestRow(
        effect.name,
        mark,
        cells,
        str(effect),
        at=min(max(at(effect.effect), 1.5), 98.5),
        low=low,
        high=high,
        beyond=beyond,
    )


def _p(effect: Effect) -> str:
    """The p that decides: where too few finished for a test of scores, that of failing more often."""
    if effect.verdict == "worse" and not isfinite(effect.holm_p):
        return f"{p_value(effect.failure_p)} (failing)"
    return p_value(effect.holm_p)


def _score_heads(report: StudyReport) -> tuple[str, ...]:
    names = [report.result.metric, *([report.wrong[0]] if _has_error(report) else [])]
    return tuple(metric_name(name) for name in names)


def _has_error(report: StudyReport) -> bool:
    return report.classifies and report.wrong[0] in report.result.metrics


def _scores(report: StudyReport) -> dict[str, tuple[str, ...]]:
    """Return the scores beside each effect: of the metric that decides, and for classes the wrong cases."""
    result = report.result
    main = result.mean_scores(result.metric)
    places = decimals(main.values())
    wrong = result.mean_scores(report.wrong[0]) if _has_error(report) else {}
    return {
        name: (
            score(result.metric, value, places),
            *([score(report.wrong[0], wrong[name], 1)] if wrong else []),
        )
        for name, value in main.items()
    }
