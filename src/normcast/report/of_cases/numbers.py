"""Numbers that were told: over what came, how far off, and what share the intervals held."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from normcast.cases.evaluation import OURS, Evaluation
from normcast.pages.drawing import inline_svg
from normcast.pages.page import Cell, Figure, Key, Section, Table
from normcast.pages.words import decimals, number
from normcast.report.of_cases.charts import residual_chart, truth_chart
from normcast.report.of_cases.coverage import Coverage, coverages
from normcast.report.of_cases.reading import MOST_OUTPUTS, baselines, bounds_of, flat, output_names
from normcast.report.of_cases.values import CaseReport
from normcast.report.of_cases.words import score_text
from normcast.scoring import number_scores

POINTS = 400  # of a chart, over all its numbers
SEVERAL = 200  # of each chart where there are several


def numbers_section(report: CaseReport) -> Section | None:
    """Scatter, residuals and coverage."""
    evaluation = report.evaluation
    if evaluation.classes is not None:
        return None
    outputs = flat(evaluation.actual).shape[1]
    levels = sorted(evaluation.told[OURS].bounds)
    legend = [
        Key("a tested case" if outputs <= MOST_OUTPUTS else "a number of a tested case", "ours", "dot"),
        Key("told exactly what came", "muted", dash="4 3"),
        *([Key(f"{levels[0]:g} % interval", "ours", opacity=0.4)] if levels else []),
    ]
    tables = [*([output_table(evaluation)] if 1 < outputs <= MOST_OUTPUTS else [])]
    if levels:
        tables.append(coverage_table(evaluation))
    return Section(
        "numbers",
        "What was told, and what came",
        text=(_text(evaluation),),
        legend=tuple(legend),
        figures=tuple(figures(evaluation)),
        tables=tuple(tables),
    )


def _text(evaluation: Evaluation) -> str:
    cases, outputs = flat(evaluation.actual).shape
    text = "Above the dashed line more was told than came."
    if outputs > MOST_OUTPUTS:
        text += f" The {outputs} numbers of each case are drawn together."
    drawn = len(drawn_of(evaluation, None if outputs > MOST_OUTPUTS else 0)[0])
    total = cases * (outputs if outputs > MOST_OUTPUTS else 1)
    what = "numbers" if outputs > MOST_OUTPUTS else "cases"
    return text if drawn == total else f"{text} Drawn are {drawn} of {total:,} {what}, chosen by chance."


def figures(evaluation: Evaluation) -> Iterator[Figure]:
    """Yield scatter and residuals of each number, or of all together where there are many."""
    names = output_names(evaluation)
    some = list(enumerate(names)) if len(names) <= MOST_OUTPUTS else [(None, "y")]
    for output, name in some:
        actual, told, bounds, texts = drawn_of(evaluation, output)
        over = truth_chart(actual, told, bounds, texts, name)
        rest = residual_chart(actual, told, texts, name)
        several = len(some) > 1
        label = f"What was told of {name}, over what came"
        yield Figure(
            f"{name}: told over what came" if several else "Told over what came", inline_svg(over, label)
        )
        label = f"Error of {name}, told minus what came, over what came"
        yield Figure(
            f"{name}: error over what came" if several else "Error over what came", inline_svg(rest, label)
        )


def drawn_of(
    evaluation: Evaluation, output: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, list[str]]:
    """Return what came, what was told, its narrowest interval or None, and words: of some cases, the same
    ones each time, of one number or of all."""
    actual, told = flat(evaluation.actual), flat(evaluation.told[OURS].values)
    levels = sorted(evaluation.told[OURS].bounds)
    bounds = bounds_of(evaluation, levels[0]) if levels else None
    columns = np.arange(actual.shape[1]) if output is None else np.array([output])
    places = np.arange(len(actual) * len(columns))
    most = SEVERAL if output is not None and actual.shape[1] > 1 else POINTS
    if len(places) > most:
        places = np.sort(np.random.default_rng(0).choice(len(places), most, replace=False))
    rows, where = places // len(columns), columns[places % len(columns)]
    came, said = actual[rows, where], told[rows, where]
    digits = decimals([*came, *said])
    texts = [
        f"case {evaluation.tested[row]}: told {number(a, digits)}, came {number(b, digits)}"
        for row, a, b in zip(rows, said, came, strict=True)
    ]
    return came, said, None if bounds is None else bounds[rows, where], texts


def output_table(evaluation: Evaluation) -> Table:
    """Return scores of each number apart, beside the best baseline's."""
    others = baselines(evaluation)[:1]
    models = [OURS, *others]
    rows = []
    for output, name in enumerate(output_names(evaluation)):
        actual = flat(evaluation.actual)[:, output]
        told = {model: flat(evaluation.told[model].values)[:, output] for model in models}
        scores = {model: number_scores(actual, told[model]) for model in models}
        cells = [
            Cell(text)
            for score in ("MAE", "R2")
            for text in score_text(score, [scores[model][score] for model in models])
        ]
        rows.append((Cell(name, number=False), *cells))
    head = ("number", *(f"{score} of {model}" for score in ("MAE", "R²") for model in models))
    return Table("Each number apart, beside the best baseline", head, tuple(rows))


def coverage_table(evaluation: Evaluation) -> Table:
    """Return what share each interval held, over all numbers and of each."""
    names = output_names(evaluation)
    rows = [_coverage_row("all" if len(names) > 1 else names[0], each) for each in coverages(evaluation)]
    for output, name in enumerate(names if 1 < len(names) <= MOST_OUTPUTS else []):
        rows += [_coverage_row(name, each) for each in coverages(evaluation, output)]
    caption = (
        "What share of what came each interval held; by chance, over cases, it may differ from its level"
    )
    head = ("number", "interval", "held", "95 % binomial interval", "verdict")
    return Table(caption, head, tuple(rows))


def _coverage_row(name: str, coverage: Coverage) -> tuple[Cell, ...]:
    low, high = (number(100 * end, 1) for end in (coverage.low, coverage.high))
    too = "too narrow" if 100 * coverage.share < coverage.level else "too wide"
    return (
        Cell(name, number=False),
        Cell(f"{coverage.level:g} %"),
        Cell(f"{number(100 * coverage.share, 1)} %"),
        Cell(f"{low} to {high} %"),
        Cell("within the noise of its level" if coverage.is_kept else too, number=False),
    )
