"""An evaluation's sections, in the order a reader asks: is it good, of what, where is it wrong, how come."""

from __future__ import annotations

from pathlib import Path

from normcast.cases.evaluation import OURS
from normcast.errors import counted
from normcast.pages.page import Page
from normcast.report.of_cases.again import again_section, settings_section
from normcast.report.of_cases.classes import classes_section
from normcast.report.of_cases.data import data_section
from normcast.report.of_cases.groups import groups_section
from normcast.report.of_cases.hardest import hardest_section
from normcast.report.of_cases.labels import labels_section
from normcast.report.of_cases.learning import learning_section
from normcast.report.of_cases.numbers import numbers_section
from normcast.report.of_cases.reading import flat
from normcast.report.of_cases.scoreboard import scores_section
from normcast.report.of_cases.values import CaseReport
from normcast.report.of_cases.verdict import judge


def case_page(report: CaseReport) -> Page:
    """Compose the page of an evaluation; a section without values is left out."""
    sections = [
        data_section(report),
        scores_section(report),
        numbers_section(report),
        classes_section(report),
        labels_section(report),
        groups_section(report),
        hardest_section(report),
        learning_section(report),
        settings_section(report),
        again_section(report),
    ]
    kept = tuple(section for section in sections if section is not None)
    return Page(_title(report), OURS, _facts(report), judge(report), kept)


def _title(report: CaseReport) -> str:
    if report.title:
        return report.title
    told = "Classes" if report.classifies else "Numbers"
    told = "Labels" if report.evaluation.tells_labels else told
    where = f" of {Path(report.source).name}" if report.source else ""
    return f"{told} told of cases{where} by {report.evaluation.network}"


def _facts(report: CaseReport) -> str:
    evaluation, cases = report.evaluation, report.evaluation.cases
    outputs = flat(evaluation.actual).shape[1]
    told = (
        f"{len(evaluation.classes)} {'labels' if evaluation.tells_labels else 'classes'}"
        if evaluation.classes is not None
        else counted(outputs, "number") + " per case"
    )
    parts = [
        Path(report.source or "").name,
        f"{cases.n_cases:,} cases of {cases.steps:,} steps",
        counted(cases.channels, "channel"),
        told,
        f"{counted(len(evaluation.trained), 'fold')}, split by {evaluation.split}",
        f"network {evaluation.network}",
    ]
    return " · ".join(part for part in parts if part)
