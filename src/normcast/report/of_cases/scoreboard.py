"""The scoreboard: every model and score, the network's intervals, and the network against each baseline."""

from __future__ import annotations

from math import isfinite

from normcast.cases.evaluation import OURS, Evaluation
from normcast.pages.page import Cell, Section, Table
from normcast.report.of_cases.reading import baselines, units_in_words
from normcast.report.of_cases.values import CaseReport
from normcast.report.of_cases.verdict import Duel, compare, decimals_of
from normcast.report.of_cases.words import (
    CLASS_TERMS,
    COMPILED,
    LABEL_TERMS,
    NOISE,
    NUMBER_TERMS,
    change,
    distance,
    head,
    range_of_changes,
    score_text,
)
from normcast.scoring import score_interval

CELLS = 5e7
"""Probabilities or numbers that are looked at, at most, to draw the intervals."""
DRAWS = (100, 1000)


def scores_section(report: CaseReport) -> Section:
    """All models in one table, the network against each baseline in another, and what the numbers mean."""
    duels = compare(report.evaluation)
    tables = [scoreboard(report)]
    if duels:
        tables.append(duel_table(report, duels))
    terms: tuple[tuple[str, str], ...] = CLASS_TERMS if report.classifies else NUMBER_TERMS
    terms = LABEL_TERMS if report.evaluation.tells_labels else terms
    known = {head(name) for name in report.evaluation.scores()}
    shown = [(head(word), text) for word, text in terms if head(word) in known]
    shown += [pair for pair in terms if pair[0].startswith("inside") and any("inside" in k for k in known)]
    shown += [(head(name), COMPILED) for name in report.evaluation.compiled()]
    return Section("scores", "Scoreboard", tables=tuple(tables), terms=(*shown, NOISE))


def scoreboard(report: CaseReport) -> Table:
    """Return one row per model and one column per score, the network first with its interval below."""
    evaluation = report.evaluation
    models = [OURS, *baselines(evaluation)]
    scores = {model: {**evaluation.scores(model), **evaluation.compiled(model)} for model in models}
    ends = intervals(evaluation)
    unknown = float("nan"), float("nan")  # of compiled metrics, which take too long to draw a thousand times
    names = list(scores[OURS])
    columns = [
        _column(name, [scores[model].get(name, float("nan")) for model in models], ends.get(name, unknown))
        for name in names
    ]
    ours, between, *others = zip(*columns, strict=True)
    rows = [
        (Cell(OURS, number=False), *ours),
        (Cell("its 95 % interval", number=False), *between),
        *((Cell(model, number=False), *cells) for model, cells in zip(models[1:], others, strict=True)),
    ]
    caption = (
        f"Scores over all tested cases; the interval is over {units_in_words(evaluation)}. ★ is the best of "
        "its column, which may be chance."
    )
    return Table(caption, ("model", *map(head, names)), tuple(rows))


def intervals(evaluation: Evaluation) -> dict[str, tuple[float, float]]:
    """Return the network's bootstrap interval of each score; of many cases from fewer draws."""
    which = len(evaluation.tested) if evaluation.groups is None else evaluation.groups
    fewest, most = DRAWS
    draws = int(min(most, max(fewest, CELLS / evaluation.told[OURS].values.size)))
    return score_interval(lambda some: evaluation.scores(OURS, some), which, draws=draws)


def _column(name: str, values: list[float], ends: tuple[float, float]) -> list[Cell]:
    """Return the cells of a score: the network's, its interval, those of the baselines."""
    first, *texts = score_text(name, [*values, *ends])
    *others, low, high = texts
    known = [(distance(name, value), text) for value, text in zip(values, [first, *others], strict=True)
             if isfinite(value)]  # fmt: skip
    best = min(known, default=(0.0, ""))[1]  # who prints the same is as good
    between = f"{low.removesuffix(' %')} to {high}" if isfinite(ends[0]) else "–"
    cells = [Cell(text, best=bool(best) and text == best) for text in (first, *others)]
    return [cells[0], Cell(between), *cells[1:]]


def duel_table(report: CaseReport, duels: tuple[Duel, ...]) -> Table:
    """Return how far the network is from each baseline, and whether that may be chance."""
    words = {"better": "better than it", "worse": "worse than it", "open": "not told apart"}
    places = decimals_of(duels[0])
    rows = [
        (
            Cell(each.baseline, number=False),
            Cell(change(report.main, each.difference, places)),
            Cell(range_of_changes(report.main, each.low, each.high, places) if isfinite(each.low) else "–"),
            Cell(words[each.outcome], number=False),
        )
        for each in duels
    ]
    way = "more" if report.classifies else "less"
    columns = ("against", f"difference in {report.main}", "95 % interval of the difference", OURS)
    caption = f"{OURS} minus each baseline, over the same cases; {way} is better."
    return Table(caption, columns, tuple(rows))
