"""Classes that were told: which is taken for which, and whether the probabilities are to be believed."""

from __future__ import annotations

import numpy as np

from normcast.cases.evaluation import OURS, Evaluation
from normcast.errors import counted
from normcast.pages.drawing import inline_svg
from normcast.pages.page import Cell, Figure, Section, Table
from normcast.pages.words import number
from normcast.report.of_cases.charts import reliability_chart
from normcast.report.of_cases.confusion import draw_confusion
from normcast.report.of_cases.coverage import binomial_interval
from normcast.report.of_cases.reliability import Reliability, reliability
from normcast.report.of_cases.values import CaseReport
from normcast.report.of_cases.words import share_text, short
from normcast.scoring import confusion

MOST_ROWS, MOST_COLUMNS, MOST_PAIRS = 40, 10, 15


def classes_section(report: CaseReport) -> Section | None:
    """Confusion, reliability and scores of each class."""
    evaluation = report.evaluation
    if evaluation.classes is None or evaluation.tells_labels:
        return None
    counts, found = counts_of(evaluation), reliability(evaluation)
    names = [short(name) for name in evaluation.classes]
    figures = (
        Figure(
            "Which class is taken for which",
            draw_confusion(counts, names, "Confusion of classes: rows came, columns were told"),
            "Rows: what came. Columns: what was told. Blue is right, orange wrong; the darker, the larger its"
            " share of the row.",
        ),
        Figure(
            "How sure, and how often right",
            inline_svg(reliability_chart(found.bins), "Share told rightly over the probability told"),
            reliability_note(found),
        ),
    )
    tables = (class_table(counts, names), matrix_or_pairs(counts, names))
    return Section(
        "classes",
        "What was told, and what came",
        text=(in_words(found, len(evaluation.tested)),),
        figures=figures,
        tables=tuple(table for table in tables if table.rows),
    )


def counts_of(evaluation: Evaluation) -> np.ndarray:
    """Return how many cases of each class (rows) were told to be of each (columns)."""
    assert evaluation.classes is not None
    told = evaluation.classes[evaluation.told[OURS].values.argmax(axis=1)]
    return confusion(evaluation.actual, told, evaluation.classes)


def in_words(found: Reliability, cases: int, what: str = "class") -> str:
    """Return what the probabilities are worth. what: was told, a "class" or a "label"."""
    error, count = number(100 * found.error, 1), len(found.bins)
    counts = "cases" if what == "class" else "labels of cases"
    over = f"on average over {count} bins of equally many {counts}" if count > 1 else f"over {cases} {counts}"
    whole = found.whole
    sure = f"{100 * whole.confidence:.0f} % sure and {100 * whole.accuracy:.0f} % right"
    lean = {1: "too sure", 0: "as sure as it is right, within the noise", -1: "not sure enough"}[whole.lean]
    return (
        f"The expected calibration error is {error} points: so far is the probability of the {what} told "
        f"from the share told rightly, {over}. {_outside(found)} On the whole the network is {lean}: {sure}."
    )


def _outside(found: Reliability) -> str:
    count = len(found.bins)
    if not found.outside:
        return "In every bin that is within the noise of its cases." if count > 1 else ""
    return (
        f"In {found.outside} of {count} that is more than the noise of their cases; chance alone makes one in"
        " 20."
    )


def reliability_note(found: Reliability) -> str:
    """Return how the drawing of reliability is to be read."""
    fewest = min(each.cases for each in found.bins)
    return (
        f"{counted(len(found.bins), 'bin')} of {fewest} cases or more, with 95 % binomial intervals."
        " Below the dashed line the network is too sure."
    )


def class_table(counts: np.ndarray, names: list[str]) -> Table:
    """Return recall and precision of each class, the worst recall first."""
    cases, told, hits = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    recall = hits / np.maximum(cases, 1)
    order = np.lexsort((-cases, recall))
    rows = []
    for k in order[:MOST_ROWS]:
        low, high = binomial_interval(float(hits[k]), int(cases[k])) if cases[k] else (0.0, 1.0)
        rows.append(
            (
                Cell(names[k], number=False),
                Cell(f"{cases[k]:,}"),
                Cell(share_text(hits[k], cases[k])),
                Cell(f"{100 * low:.0f} to {100 * high:.0f} %"),
                Cell(f"{told[k]:,}"),
                Cell(share_text(hits[k], told[k])),
            )
        )
    more = f", {MOST_ROWS} of {len(names)} classes" if len(names) > MOST_ROWS else ""
    caption = (
        f"Each class, the worst first{more}. Recall: share of its cases told rightly; precision: share of"
        " the cases told to be of it that are"
    )
    head = ("class", "cases", "recall", "95 % of recall", "told", "precision")
    return Table(caption, head, tuple(rows))


def matrix_or_pairs(counts: np.ndarray, names: list[str]) -> Table:
    """Return the whole confusion with shares of each row, or of many classes the most frequent mistakes."""
    cases = counts.sum(axis=1)
    if len(names) <= MOST_COLUMNS:
        rows = [
            (Cell(name, number=False), *(Cell(f"{n:,} ({share_text(n, total)})" if n else "0") for n in row))
            for name, row, total in zip(names, counts, cases, strict=True)
        ]
        caption = "Cases of each class (rows) by the class told (columns), with the share of the row"
        return Table(caption, ("came ↓ told →", *names), tuple(rows))
    wrong = counts * ~np.eye(len(names), dtype=bool)
    order = [divmod(int(k), len(names)) for k in np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]]
    rows = [
        (
            Cell(names[a], number=False),
            Cell(names[b], number=False),
            Cell(f"{wrong[a, b]:,}"),
            Cell(share_text(wrong[a, b], cases[a])),
        )
        for a, b in order
        if wrong[a, b]
    ]
    return Table("The most frequent mistakes", ("came", "told", "cases", "of the class"), tuple(rows))
