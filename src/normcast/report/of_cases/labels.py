"""Labels that were told, of which several may hold: how well each, and what their probabilities are worth."""

from __future__ import annotations

from math import isfinite

import numpy as np

from normcast.cases.evaluation import OURS, Evaluation
from normcast.pages.drawing import inline_svg
from normcast.pages.page import Cell, Figure, Key, Section, Table
from normcast.pages.words import number
from normcast.report.of_cases.charts import group_chart, reliability_chart
from normcast.report.of_cases.classes import in_words, reliability_note
from normcast.report.of_cases.coverage import binomial_interval
from normcast.report.of_cases.groups import RING
from normcast.report.of_cases.reading import baselines
from normcast.report.of_cases.reliability import reliability
from normcast.report.of_cases.values import CaseReport
from normcast.report.of_cases.words import share_text, short
from normcast.scoring import THRESHOLD, label_scores

MOST_ROWS, MOST_DRAWN, LETTERS = 60, 30, 17


def labels_section(report: CaseReport) -> Section | None:
    """A row per label, drawn beside the best baseline, and the reliability of all together."""
    evaluation = report.evaluation
    if evaluation.classes is None or not evaluation.tells_labels:
        return None
    found = reliability(evaluation)
    figures = (
        _by_label(evaluation),
        Figure(
            "How sure, and how often right",
            inline_svg(reliability_chart(found.bins), "Share told rightly over the probability told"),
            reliability_note(found) + " Labels of one case count as independent.",
        ),
    )
    rivals = baselines(evaluation)[:1]
    keys = [Key(OURS, "ours", "dot")]
    keys += [Key(f"{name} (best baseline)", "tone-1", "hollow", path=RING) for name in rivals]
    return Section(
        "labels",
        "What was told, and what came",
        text=(f"{_counts(evaluation)} {in_words(found, evaluation.actual.size, 'label')}",),
        legend=tuple(keys),
        figures=figures,
        tables=(label_table(evaluation),),
    )


def _counts(evaluation: Evaluation) -> str:
    told = (evaluation.told[OURS].values > THRESHOLD).sum(axis=1).mean()
    came = evaluation.actual.sum(axis=1)
    return (
        f"A case has {number(came.mean(), 2)} labels in the mean, from {came.min()} to {came.max()};"
        f" {number(float(told), 2)} were told. A label is told where its probability is above 50 %."
    )


def scores_of_each(evaluation: Evaluation, model: str) -> list[dict[str, float]]:
    """Return the scores of each label by itself, by name."""
    actual, values = evaluation.actual, evaluation.told[model].values
    return [label_scores(actual[:, [k]], values[:, [k]]) for k in range(actual.shape[1])]


def worst_first(evaluation: Evaluation) -> list[int]:
    """Return the places of the labels, the lowest F1 of the network first, those without one last."""
    scores = [each["macro F1"] for each in scores_of_each(evaluation, OURS)]
    return sorted(range(len(scores)), key=lambda k: scores[k] if isfinite(scores[k]) else 2.0)


def _by_label(evaluation: Evaluation) -> Figure:
    assert evaluation.classes is not None
    places = worst_first(evaluation)[:MOST_DRAWN]
    models = [OURS, *baselines(evaluation)[:1]]
    ours, *theirs = (
        [each[place]["macro F1"] for place in places]
        for each in (scores_of_each(evaluation, model) for model in models)
    )
    names = [short(evaluation.classes[place], LETTERS) for place in places]
    labels = [f"{name} #{k}" if names.count(name) > 1 else name for k, name in enumerate(names, start=1)]
    chart = group_chart(labels, _drawn(ours), _drawn(theirs[0]) if theirs else [], "F1")
    more = f", the {MOST_DRAWN} worst of {len(evaluation.classes)}" if places[MOST_DRAWN - 1 :] else ""
    return Figure(f"F1 of each label, the worst first{more}", inline_svg(chart, "F1, by label"))


def _drawn(scores: list[float]) -> list[float]:
    """Return scores to draw: a label that neither came nor was told has none, and stands at 0."""
    return [score if isfinite(score) else 0.0 for score in scores]


def label_table(evaluation: Evaluation) -> Table:
    """Return recall, precision and other scores of each label, the worst F1 first."""
    assert evaluation.classes is not None
    actual, told = evaluation.actual, evaluation.told[OURS].values > THRESHOLD
    scores = scores_of_each(evaluation, OURS)
    rows = []
    for k in worst_first(evaluation)[:MOST_ROWS]:
        cases, named = int(actual[:, k].sum()), int(told[:, k].sum())
        hits = int((actual[:, k] & told[:, k]).sum())
        low, high = binomial_interval(hits, cases) if cases else (0.0, 1.0)
        rows.append(
            (
                Cell(short(evaluation.classes[k]), number=False),
                Cell(f"{cases:,}"),
                Cell(f"{named:,}"),
                Cell(share_text(hits, cases)),
                Cell(f"{100 * low:.0f} to {100 * high:.0f} %"),
                Cell(share_text(hits, named)),
                Cell(number(scores[k]["macro F1"], 3)),
                Cell(number(scores[k]["ROC AUC"], 3)),
                Cell(share_text(float(np.mean(actual[:, k] == told[:, k])), 1)),
            )
        )
    more = f", {MOST_ROWS} of {len(scores)} labels" if len(scores) > MOST_ROWS else ""
    caption = (
        f"Each label, the worst first{more}. Recall: share of the cases with it that were told to have it;"
        " precision: share of the cases told to have it that do"
    )
    head = (
        "label",
        "cases",
        "told",
        "recall",
        "95 % of recall",
        "precision",
        "F1",
        "ROC AUC",
        "told rightly",
    )
    return Table(caption, head, tuple(rows))
