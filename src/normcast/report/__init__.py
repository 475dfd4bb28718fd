"""One self-contained HTML page from saved values: no training, no network, no script."""

from typing import TYPE_CHECKING, Any

from normcast.report.html import render, write_report
from normcast.report.study_values import StudyReport
from normcast.report.values import ForecastReport, LearningCurve, SplitPart

if TYPE_CHECKING:
    from normcast.report.of_forecaster import forecast_report

__all__ = [
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
        from normcast.report.of_forecaster import forecast_report

        return forecast_report
    raise AttributeError(f"module 'normcast.report' has no attribute {name!r}")
