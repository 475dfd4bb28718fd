"""The tables of a study's report."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import pandas as pd

from normcast.pages.page import Cell, Section, Table
from normcast.pages.percent import percent, size
from normcast.pages.words import decimals, number
from normcast.report.of_study.reading import best_first
from normcast.report.of_study.values import StudyReport
from normcast.study import BASELINE
from normcast.study.statistics import Effect
from normcast.study.statistics.failures import MOST_FAILED
from normcast.study.words import metric_name, p_value, score

MANY_SECONDS = 10.0


def evidence_table(report: StudyReport) -> Table:
    """What every test said, with nothing left out."""
    effects = best_first(report.result.comparison.effects)
    looks = report.result.looks
    at = {name: f"look {k}" for k, look in enumerate(looks, 1) for name in look.decided}
    last = "decided after" if looks else "could be found"
    head = (
        "placement", "seeds better : worse", "p", "corrected p", "Wilcoxon p", "equivalence p",
        "spread of the change", last, "more seeds", "verdict",
    )  # fmt: skip
    rows = tuple(
        (
            Cell(each.name, number=False),
            Cell(f"{each.seeds_better} : {each.seeds_worse}"),
            *(Cell(p_value(p)) for p in (each.p, each.holm_p, each.wilcoxon_p, each.equivalence_p)),
            Cell(_size(each.spread)),
            Cell(f"{each.seeds} ({at.get(each.name, 'open')})" if looks else _size(each.detectable)),
            Cell("" if each.verdict != "undecided" else _more(each)),
            Cell(each.verdict, number=False),
        )
        for each in effects
    )
    return Table("The tests behind the verdicts, best placement first", head, rows)


def _size(share: float) -> str:
    return size(share) if isfinite(share) else "–"


def _more(effect: Effect) -> str:
    if effect.more_seeds is None:
        return "–" if effect.share_failed > MOST_FAILED else "> 1,000"
    return f"{effect.more_seeds:,}"


def scores_section(report: StudyReport) -> Section:
    """What each network scores, not against another, and beside it what costs next to nothing."""
    unit = (
        "Errors are in standard deviations of the training targets: 1 is about that of always telling the "
        "mean. "
        if report.facts.get("task") == "regress"
        else ""
    )
    learned = (
        "Baselines learned from what the networks trained on and chose their epoch by, in the same folds, "
        "and are scored on the same test; they have no seeds, and so no interval."
        if report.result.baselines
        else "This store keeps no baselines; the same study run again goes on from it and adds them."
    )
    return Section(
        "scores", "Scores, beside baselines", (f"{unit}{learned}",), tables=(scores_table(report),)
    )


def scores_table(report: StudyReport) -> Table:
    """The mean of every metric, the network as given first."""
    result = report.result
    metrics = result.metrics
    means = {metric: result.mean_scores(metric) for metric in metrics}
    places = {metric: decimals(means[metric].values()) for metric in metrics}
    best = {
        metric: min((v for v in means[metric].values() if isfinite(v)), default=0.0) for metric in metrics
    }
    rows = tuple(
        (
            Cell(name, number=False),
            *(Cell(score(m, means[m][name], places[m]), best=means[m][name] == best[m]) for m in metrics),
        )
        for name in (*names_in_order(report), *result.baselines)
    )
    head = ("network or baseline", *(metric_name(metric) for metric in metrics))
    return Table(
        f"Scores on the test {'cases' if report.is_of_cases else 'windows'}, mean over seeds and folds. ★ is "
        "the lowest of its column.",
        head,
        rows,
    )


def names_in_order(report: StudyReport) -> list[str]:
    """Return the network as given, then the placements, best first."""
    return [BASELINE, *(each.name for each in best_first(report.result.comparison.effects))]


def cost_section(report: StudyReport) -> Section:
    """How each network trains: how fast, how steadily, at what price."""
    metric = metric_name(report.result.metric)
    text = (
        "The same error may come faster, steadier or cheaper. These columns describe what was seen; they "
        "are not tested.",
    )
    terms = (
        (
            "epochs to its loss",
            "The epoch in which the middle training first had a validation loss as low as the network as "
            "given typically ever had (the median of its best losses, in the same fold). A dash: half of "
            "the trainings never got there.",
        ),
        ("failed", "Share of the trainings that gave no finite score."),
        (
            "spread",
            f"Standard deviation of the {metric} from seed to seed: how much the random start alone changes.",
        ),
        (
            "gap",
            f"{metric} on the test windows minus that on windows it was trained on. Larger is more "
            "overfitting; it may be negative where the test data are easier, so compare it between rows.",
        ),
        ("CPU", "CPU seconds of one training with scoring, the median, compilation left out."),
    )
    return Section("cost", "Stability and cost", text=text, tables=(cost_table(report),), terms=terms)


def cost_table(report: StudyReport) -> Table:
    """One row per network, the one as given first."""
    table = report.result.stability().set_index("placement").loc[names_in_order(report)]
    rows = tuple(zip(*(_column(table, name) for name in COLUMNS), strict=True))
    head = ("network", *COLUMNS.values())
    named = tuple((Cell(str(name), number=False), *row) for name, row in zip(table.index, rows, strict=True))
    return Table("How they train, best placement first", head, named)


COLUMNS = {
    "epochs_to_baseline": "epochs to its loss",
    "diverged": "failed",
    "spread": "spread over seeds",
    "gap": "gap, test minus trained on",
    "seconds": "CPU seconds",
    "parameters": "weights",
}


def _column(table: pd.DataFrame, name: str) -> list[Cell]:
    values = [float(each) for each in table[name]]
    places = decimals(values)
    if name == "epochs_to_baseline":
        return [
            Cell(number(each, 0 if each == int(each) else 1) if isfinite(each) else "–") for each in values
        ]
    if name == "diverged":
        return [Cell(percent(each).lstrip("+").replace(".0 %", " %")) for each in values]
    if name == "parameters":
        return [Cell(f"{int(each):,}") for each in values]
    if name == "seconds":
        return [Cell(number(each, 0 if max(values) >= MANY_SECONDS * 10 else 1)) for each in values]
    return [Cell(_signed(each, places) if name == "gap" else number(each, places)) for each in values]


def _signed(value: float, places: int) -> str:
    words = number(value, places)
    return f"+{words}" if isfinite(value) and value > 0 and words.strip("0.,") else words


def pairs(caption: str, head: tuple[str, str], found: Sequence[tuple[str, object]]) -> Table:
    """Two columns of text, without the pairs that say nothing."""
    rows = tuple(
        (Cell(name, number=False), Cell(str(value), number=False))
        for name, value in found
        if value not in ("", None)
    )
    return Table(caption, head, rows, narrow=True)
