"""One self-contained HTML page from saved values: no training, no network, no script."""

from typing import TYPE_CHECKING, Any

from normcast.report.of_cases.values import CaseReport
from normcast.report.of_forecast.values import ForecastReport, LearningCurve, SplitPart
from normcast.report.of_study.values import StudyReport
from normcast.report.report import render, write_report

if TYPE_CHECKING:
    from normcast.report.of_forecast.reading import forecast_report

__all__ = [
    "CaseReport",
    "ForecastReport",
    "LearningCurve",
    "SplitPart",
    "StudyReport",
    "forecast_report",
    "render",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name == "forecast_report":  # it brings the forecaster along, which a study's report does not need
        from normcast.report.of_forecast.reading import forecast_report

        return forecast_report
    raise AttributeError(f"module 'normcast.report' has no attribute {name!r}")
