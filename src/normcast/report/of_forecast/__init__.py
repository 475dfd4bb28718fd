"""The report of a forecast or a back-test: is it good, what does it say, why believe it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from normcast.pages.page import Page
from normcast.report.of_forecast.values import ForecastReport

if TYPE_CHECKING:
    from normcast.forecasting import Forecaster

__all__ = ["ForecastReport", "page_of", "values_of"]


def values_of(result: Forecaster | ForecastReport, **facts: Any) -> ForecastReport:
    """Return what the page prints; facts: as in `forecast_report`."""
    if isinstance(result, ForecastReport):
        return result
    from normcast.report.of_forecast.reading import forecast_report

    return forecast_report(cast("Forecaster", result), **facts)


def page_of(values: ForecastReport) -> Page:
    """Compose the page."""
    from normcast.report.of_forecast.sections import forecast_page

    return forecast_page(values)
