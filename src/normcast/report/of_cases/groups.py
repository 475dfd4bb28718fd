"""The groups, each with its score, the worst first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.cases.evaluation import OURS, Evaluation
from normcast.errors import counted
from normcast.pages.drawing import inline_svg
from normcast.pages.page import Figure, Key, Section
from normcast.report.of_cases.charts import group_chart
from normcast.report.of_cases.reading import baselines, losses
from normcast.report.of_cases.values import CaseReport
from normcast.report.of_cases.words import score_text, short

MOST, LETTERS = 30, 17


@dataclass(frozen=True)
class GroupScore:
    """The score that decides, of one group: the network's and the best baseline's, NaN without one."""

    name: str
    cases: int
    ours: float
    theirs: float


def group_scores(evaluation: Evaluation) -> tuple[GroupScore, ...]:
    """Return the groups, the worst for the network first; none where cases have no groups."""
    if evaluation.groups is None:
        return ()
    ours, rivals = losses(evaluation), baselines(evaluation)[:1]
    theirs = losses(evaluation, rivals[0]) if rivals else np.full(len(ours), np.nan)
    names, place = np.unique(evaluation.groups, return_inverse=True)
    found = []
    for k, name in enumerate(names):
        own = place == k
        pair = float(ours[own].mean()), float(theirs[own].mean())
        mine, rival = (1 - pair[0], 1 - pair[1]) if evaluation.classes is not None else pair
        found.append((pair[0], GroupScore(str(name), int(own.sum()), mine, rival)))
    return tuple(group for _, group in sorted(found, key=lambda each: -each[0]))


def groups_section(report: CaseReport) -> Section | None:
    """A row per group, and how far the best and the worst are apart."""
    scores = group_scores(report.evaluation)
    if not scores:
        return None
    shown = scores[:MOST]
    by = 100 if report.classifies else 1
    title = f"{report.main}, %" if report.classifies else "MAE, in the unit of y"
    names = _labels(shown)
    rivals = baselines(report.evaluation)[:1]
    chart = group_chart(
        names,
        [by * each.ours for each in shown],
        [by * each.theirs for each in shown] if rivals else [],
        title,
    )
    keys = [Key(OURS, "ours", "dot")]
    keys += [Key(f"{name} (best baseline)", "tone-1", "hollow", path=RING) for name in rivals]
    return Section(
        "groups",
        "Group by group",
        text=(_text(report, scores),),
        legend=tuple(keys),
        figures=(Figure("Worst first, with the cases of each", inline_svg(chart, f"{title}, by group")),),
    )


RING = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0"


def _labels(groups: tuple[GroupScore, ...]) -> list[str]:
    """Return a label of each group's own, also where names are alike once they are cut."""
    cut = [f"{short(each.name, LETTERS)} ({each.cases})" for each in groups]
    return [f"{name} #{k}" if cut.count(name) > 1 else name for k, name in enumerate(cut, start=1)]


def _text(report: CaseReport, scores: tuple[GroupScore, ...]) -> str:
    worst, best = score_text(report.main, [scores[0].ours, scores[-1].ours])
    text = (
        f"The {report.main} of {counted(len(scores), 'group')}: from {worst} (group {short(scores[0].name)})"
        f" to {best} (group {short(scores[-1].name)}). Groups of few cases differ by chance as well."
    )
    if len(scores) > MOST:
        text += f" Drawn are the {MOST} worst; {len(scores) - MOST} more are not."
    return text
