"""One self-contained HTML page from saved values: no training, no network, no script."""

from normcast.report.html import render, write_report
from normcast.report.of_forecaster import forecast_report
from normcast.report.values import ForecastReport, LearningCurve, SplitPart

__all__ = ["ForecastReport", "LearningCurve", "SplitPart", "forecast_report", "render", "write_report"]
