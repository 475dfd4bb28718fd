"""What was evaluated: the cases, their classes or numbers, the folds and how they were split."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from normcast.cases.evaluation import Evaluation
from normcast.errors import counted
from normcast.pages.page import Cell, Section, Table
from normcast.pages.words import decimals, number
from normcast.report.of_cases.reading import MOST_OUTPUTS, flat, losses, output_names
from normcast.report.of_cases.values import CaseReport
from normcast.report.of_cases.words import score_text, share_text, short
from normcast.report.of_forecast.tables import pairs_table

MOST_ROWS = 30
SPLITS = {
    "groups": "Groups were never split: each was tested by networks that saw none of its cases.",
    "time": "Each fold was tested on later cases than it was trained on.",
    "chance": "Cases were split by chance, each fold with its share of each class or label, or of low and"
    " high numbers.",
}


def data_section(report: CaseReport) -> Section:
    """What was told, of how many cases, in which folds; and the notes on the data."""
    evaluation = report.evaluation
    tables = [pairs_table("Cases", ("fact", "value"), list(_facts(report)))]
    tables.append(_class_table(evaluation) if report.classifies else _output_table(evaluation))
    tables.append(_fold_table(report))
    text = f"{SPLITS[evaluation.split]} Baselines learned and were tested in the same folds."
    rest = evaluation.cases.n_cases - len(evaluation.tested)
    if rest:
        text += f" {counted(rest, 'case')} {'was' if rest == 1 else 'were'} never tested, only learned from."
    return Section("data", "What was evaluated", text=(text,), bullets=notes(report), tables=tuple(tables))


def _facts(report: CaseReport) -> Iterator[tuple[str, str]]:
    evaluation, cases = report.evaluation, report.evaluation.cases
    if report.source:
        yield "source", report.source
    yield "cases", f"{cases.n_cases:,}"
    yield "of them tested", f"{len(evaluation.tested):,}"
    yield "steps", _steps(cases.lengths, cases.steps)
    yield "channels", f"{cases.channels:,}"
    if evaluation.classes is not None:
        yield "labels" if evaluation.tells_labels else "classes", f"{len(evaluation.classes):,}"
    else:
        yield "numbers per case", f"{flat(evaluation.actual).shape[1]:,}"
    if cases.groups is not None:
        yield "groups", f"{len(np.unique(cases.groups)):,}"
    yield "folds", f"{len(evaluation.trained)}, split by {evaluation.split}"
    yield "networks", f"{evaluation.network}, {counted(len(evaluation.trained[0]), 'seed')} per fold"


def _steps(lengths: np.ndarray | None, steps: int) -> str:
    if lengths is None or lengths.min() == lengths.max():
        return f"{steps:,}"
    return f"{lengths.min():,} to {lengths.max():,}"


def _class_table(evaluation: Evaluation) -> Table:
    """Return the classes, or labels, with their tested cases, the most frequent first."""
    what = "label" if evaluation.tells_labels else "class"
    if evaluation.classes is not None and evaluation.tells_labels:
        names, counts = evaluation.classes, evaluation.actual.sum(axis=0)
    else:
        names, counts = np.unique(evaluation.actual, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rows = [
        (
            Cell(short(names[k]), number=False),
            Cell(f"{counts[k]:,}"),
            Cell(share_text(counts[k], len(evaluation.tested))),
        )
        for k in order[:MOST_ROWS]
    ]
    more = f", {MOST_ROWS} of {len(names)}" if len(names) > MOST_ROWS else ""
    caption = f"{'Labels' if evaluation.tells_labels else 'Classes'} of the tested cases{more}"
    return Table(caption, (what, "cases", "share"), tuple(rows), narrow=True)


def _output_table(evaluation: Evaluation) -> Table:
    """Return the range of each number of the tested cases."""
    values, names = flat(evaluation.actual), output_names(evaluation)
    columns = list(zip(names, values.T, strict=True))
    if len(names) > MOST_OUTPUTS:
        columns = [(f"all {len(names)}", values.ravel())]
    rows = []
    for name, column in columns:
        ends = [float(column.min()), float(np.median(column)), float(column.max())]
        places = decimals(ends)
        rows.append((Cell(name, number=False), *(Cell(number(end, places)) for end in ends)))
    return Table(
        "Numbers of the tested cases", ("what", "smallest", "median", "largest"), tuple(rows), narrow=True
    )


def _fold_table(report: CaseReport) -> Table:
    evaluation = report.evaluation
    loss, folds = losses(evaluation), np.unique(evaluation.fold)
    means = [float(loss[evaluation.fold == fold].mean()) for fold in folds]
    scores = score_text(report.main, [1 - mean if report.classifies else mean for mean in means])
    rows = []
    for fold, score in list(zip(folds, scores, strict=True))[:MOST_ROWS]:
        own = evaluation.fold == fold
        groups = () if evaluation.groups is None else (Cell(f"{len(np.unique(evaluation.groups[own])):,}"),)
        rows.append((Cell(f"fold {fold + 1}", number=False), Cell(f"{own.sum():,}"), *groups, Cell(score)))
    head = ("fold", "tested cases", *(("groups",) if evaluation.groups is not None else ()))
    caption = f"Folds, and the network's {report.main} in each"
    return Table(caption, (*head, report.main), tuple(rows), narrow=True)


def notes(report: CaseReport) -> tuple[str, ...]:
    """Return what a reader must know of the data and the training, warnings first."""
    evaluation = report.evaluation
    failed = [
        f"fold {number}, seed {each.seed}: {each.status}"
        for number, networks in enumerate(evaluation.trained, start=1)
        for each in networks
        if each.failed
    ]
    return (*failed, *_of_spreads(evaluation), *evaluation.cases.notes)


def _of_spreads(evaluation: Evaluation) -> Iterator[str]:
    """Yield a warning where one number of a case outweighs the others in scores over all of them."""
    if evaluation.classes is not None:
        return
    spreads = flat(evaluation.actual).std(axis=0)
    if len(spreads) > 1 and spreads.max() > 3 * spreads.min():
        largest = output_names(evaluation)[int(spreads.argmax())]
        yield (
            f"The numbers of a case differ in spread, and {largest} has the largest: scores over all numbers "
            "say most of that one, the verdict too."
        )
