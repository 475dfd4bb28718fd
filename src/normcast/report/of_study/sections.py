"""A study's sections, in the order a reader asks: what helps, where, how sure, at what price."""

from __future__ import annotations

from normcast.errors import counted
from normcast.pages.page import Page, Section
from normcast.report.of_study.again import again_section
from normcast.report.of_study.answer import judge_study
from normcast.report.of_study.curves import curves_section
from normcast.report.of_study.factors import factors_section
from normcast.report.of_study.forest import forest_section
from normcast.report.of_study.looks import looks_section
from normcast.report.of_study.method import method_section
from normcast.report.of_study.picture import network_section
from normcast.report.of_study.ranking import ranking_section
from normcast.report.of_study.rounds import rounds_section
from normcast.report.of_study.settings import ahead, settings_section
from normcast.report.of_study.tables import cost_section, scores_section
from normcast.report.of_study.values import StudyReport
from normcast.study import BASELINE
from normcast.study.words import seeds_words


def study_page(report: StudyReport) -> Page:
    """Compose the page of a study; a section without values is left out."""
    sections = [
        network_section(report),
        factors_section(report),
        forest_section(report),
        looks_section(report),
        scores_section(report),
        ranking_section(report),
        rounds_section(report),
        curves_section(report),
        cost_section(report),
        method_section(report),
        notes_section(report),
        settings_section(report),
        again_section(report),
    ]
    kept = tuple(section for section in sections if section is not None)
    return Page(_title(report), BASELINE, _facts(report), judge_study(report), kept)


def notes_section(report: StudyReport) -> Section | None:
    """What was padded, left out or filled in of the data."""
    notes = report.result.notes
    return Section("notes", "Notes on the data", bullets=notes) if notes else None


def _title(report: StudyReport) -> str:
    network = report.facts.get("network", "this network")
    where = report.facts.get("target") or report.source
    return f"Where normalization and dropout go in {network}{f', for {where}' if where else ''}"


def _facts(report: StudyReport) -> str:
    result, facts = report.result, report.facts
    parts = [report.source, ahead(report)]
    if not report.is_of_cases:
        parts += [f"{facts.get('series', '?')} series", f"{facts.get('rows', 0):,} rows"]
    parts += [
        counted(len(result.comparison.effects), "placement"),
        f"{seeds_words(map(len, result.seeds_of.values()))} × {counted(int(facts['folds']), 'fold')}",
        f"{len(result.trials):,} trainings",
    ]
    return " · ".join(each for each in parts if each)
