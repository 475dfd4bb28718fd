"""The report of a study: where normalization and dropout go, on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from normcast.pages.page import Page
from normcast.report.of_study.values import StudyReport

if TYPE_CHECKING:
    from normcast.study import StudyResult

__all__ = ["StudyReport", "page_of", "values_of"]


def values_of(result: StudyResult | StudyReport, **facts: Any) -> StudyReport:
    """Return what the page prints; facts: source, store and command, as in `StudyReport`."""
    return result if isinstance(result, StudyReport) else StudyReport(cast("StudyResult", result), **facts)


def page_of(values: StudyReport) -> Page:
    """Compose the page."""
    from normcast.report.of_study.sections import study_page

    return study_page(values)
