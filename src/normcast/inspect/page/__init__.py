"""The page of an inspection: what was seen as values, and from them the page.

It stands here, and not with the other reports, since an `Inspection` writes its own and may not know the
floor of the reports.
"""

from __future__ import annotations

from typing import Any

from normcast.inspect.inspected import Inspected
from normcast.inspect.page.values import InspectionReport
from normcast.pages.page import Page

__all__ = ["InspectionReport", "page_of", "values_of"]


def values_of(result: Inspected | InspectionReport, **facts: Any) -> InspectionReport:
    """Return what the page prints; facts: as in `InspectionReport`."""
    return result if isinstance(result, InspectionReport) else InspectionReport(result, **facts)


def page_of(values: InspectionReport) -> Page:
    """Compose the page."""
    from normcast.inspect.page.sections import inspection_page

    return inspection_page(values)
