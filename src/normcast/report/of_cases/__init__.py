"""The report of an evaluation of cases: is the network better than simple baselines, where is it wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from normcast.pages.page import Page
from normcast.report.of_cases.values import CaseReport

if TYPE_CHECKING:
    from normcast.cases import Evaluation

__all__ = ["CaseReport", "page_of", "values_of"]


def values_of(result: Evaluation | CaseReport, **facts: Any) -> CaseReport:
    """Return what the page prints; facts: source, command, seconds and title, as in `CaseReport`."""
    return result if isinstance(result, CaseReport) else CaseReport(cast("Evaluation", result), **facts)


def page_of(values: CaseReport) -> Page:
    """Compose the page."""
    from normcast.report.of_cases.sections import case_page

    return case_page(values)
