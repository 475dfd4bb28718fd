"""The tables of the page of evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan

from benchmarks.evidence_effects import OnData
from benchmarks.evidence_pool import Answered, Studied
from benchmarks.evidence_raw import Raw
from normcast.check.conclusion import Figures, change
from normcast.pages.percent import interval, percent

FIGURES = ("on average", "on further data", "tau:", "smaller, larger", "p:", "conclusion")


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown; a head that ends in a colon is that of numbers, flush right."""
    rule = "|".join("--:" if head.endswith(":") else "---" for head in heads)
    lines = [f"| {' | '.join(head.rstrip(':') for head in heads)} |", f"|{rule}|"]
    return "\n".join([*lines, *(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)])


def overview_table(answers: Sequence[Answered]) -> str:
    """Return the table of all claims."""
    heads = ("claim", "network", *FIGURES)
    rows = []
    for answer in answers:
        name = f"{answer.claim.task}: [{answer.claim.words}](#{answer.claim.anchor})"
        if not answer.studied:
            rows.append((name, "", "", "", "", "", "", "not measured"))
        for each in answer.studied:
            rows.append((name, each.result.network, *figures_cells(each.result.figures), said(each)))
    return table(heads, rows)


def figures_table(studied: Sequence[Studied]) -> str:
    """Return what is pooled after the first epochs and at the end, the networks one below the other."""
    heads = ("network", "when", *FIGURES)
    rows = []
    for each in studied:
        name = each.result.network
        for epoch, figures in each.result.early.items():
            rows.append(
                (
                    name,
                    f"epoch {epoch}",
                    *figures_cells(figures),
                    figures.words,
                )
            )
        rows.append((name, "at the end", *figures_cells(each.result.figures), said(each)))
    return table(heads, rows)


def figures_cells(found: Figures | None) -> tuple[str, ...]:
    """Return mean, prediction interval, tau, sides and corrected p of figures, empty where there are none."""
    if found is None:
        return ("–",) * 5
    p = "–" if isnan(found.holm_p) else "< 0.001" if found.holm_p < 0.001 else f"{found.holm_p:.2g}"
    return (found.mean, found.new, found.spread, found.sides, p)


def said(studied: Studied) -> str:
    """Return the conclusion in words, and whether one data set decides it."""
    figures = studied.result.figures
    words = "not known" if figures is None else figures.words
    out = f"; {len(studied.result.left_out)} left out" if studied.result.left_out else ""
    return f"{words}{'; fragile' if studied.result.fragile else ''}{out}"


def data_table(studied: Studied) -> str:
    """Return the effects by data set with the scores behind them."""
    contrast = studied.contrast
    reference = next((each.reference for each in studied.effects), "baseline")
    heads = (
        "data set",
        "change:",
        "95 % interval:",
        "second arm:",
        "first arm:",
        f"{reference}:",
        "rates (second, first):",
    )
    arms = (
        f"First arm: {contrast.first}. Second arm: {contrast.second}. Network: {studied.result.network}.\n\n"
    )
    rows = [data_row(each) for each in studied.effects]
    return arms + table((*heads, "seeds:", "failed:", "left out"), rows)


def data_row(each: OnData) -> tuple[object, ...]:
    """Return the row of one data set; scores worse than the baseline's are marked."""
    end = each.end
    rates = f"{each.rates[1]:g}, {each.rates[0]:g}"
    scores = [score(value, each.baseline) for value in (each.second, each.first)]
    ends = interval(change(end.low), change(end.high))
    base = f"{each.baseline:.3g}"
    return (
        each.dataset,
        percent(change(end.effect)),
        ends,
        *scores,
        base,
        rates,
        end.seeds,
        each.failed,
        each.out,
    )


def score(value: float, baseline: float) -> str:
    """Write a score, marked where it is worse than the baseline's."""
    if isnan(value):
        return "–"
    return f"{value:.3g}" + (" (!)" if value > baseline else "")


def datasets_table(raw: Raw, task: str) -> str:
    """Return the data sets of a task with their baselines."""
    mine = {name: held for name, held in raw.datasets.items() if held.task == task}
    rows = []
    for name, held in mine.items():
        scores = ", ".join(f"{each} {value:.3g}" for each, value in held.baselines.items())
        rows.append((name, held.words, held.metric, scores))
    return table(("data set", "what it is", "error", "baselines"), rows)
