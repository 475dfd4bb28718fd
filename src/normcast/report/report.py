"""Report: from a result to one self-contained HTML file; which page draws which kind of result."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from normcast.errors import unknown
from normcast.pages.html import html
from normcast.pages.written import written

if TYPE_CHECKING:
    from normcast.cases import Evaluation
    from normcast.forecasting import Forecaster
    from normcast.inspect import Inspection
    from normcast.report.of_cases.values import CaseReport
    from normcast.report.of_forecast.values import ForecastReport
    from normcast.report.of_study.values import StudyReport
    from normcast.study import StudyResult

    Reportable = (
        CaseReport | ForecastReport | StudyReport | Evaluation | Forecaster | Inspection | StudyResult
    )

# What can be reported on, and the package that knows how: its `values_of(result, **facts)` returns what a
# page prints, its `page_of(values)` the page. By name: to draw a forecast does not import the study, nor a
# study the forecaster.
PAGES = {
    "normcast.forecasting.forecaster.Forecaster": "normcast.report.of_forecast",
    "normcast.report.of_forecast.values.ForecastReport": "normcast.report.of_forecast",
    "normcast.study.result.StudyResult": "normcast.report.of_study",
    "normcast.report.of_study.values.StudyReport": "normcast.report.of_study",
    "normcast.cases.evaluation.Evaluation": "normcast.report.of_cases",
    "normcast.report.of_cases.values.CaseReport": "normcast.report.of_cases",
    "normcast.inspect.inspection.Inspection": "normcast.inspect.page",
    "normcast.inspect.page.values.InspectionReport": "normcast.inspect.page",
}


def write_report(result: Reportable, path: str | Path, **facts: Any) -> Path:
    """Write the report as one self-contained HTML file.

    The file is whole or not there: it is written beside its place and moved. Drawing takes a second or two,
    and trains nothing.

    Parameters
    ----------
    result : Forecaster, StudyResult, Evaluation, Inspection or their report values
        A forecaster that was fitted or back-tested, what a study measured (`StudyResult.read("study.db")` is
        enough), what `Regressor.evaluate` or `Classifier.evaluate` gave, what `inspect_model` saw, or the
        values of a report.
    path : str or Path
        Where it is written; it ends in .html.
    **facts : Any
        What only you know. For a forecaster, as in `forecast_report`: futr_df, source, command, seconds; for
        a study, as in `StudyReport`: source, store, command; for an evaluation, as in `CaseReport`: source,
        command, seconds, title; for an inspection, as in `InspectionReport`: source, given, command, python.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    ValueError
        If the path is no HTML name, or a study has too few trials.
    TypeError
        If there is no report of such a result.
    OSError
        If the path cannot be written.
    RuntimeError
        If a forecaster has done nothing yet.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import normcast
    >>> table = pd.DataFrame({"ds": range(60), "y": [step % 6 + step / 60 for step in range(60)]})
    >>> forecaster = normcast.Forecaster(h=2, input_size=6, season=6, level=(), model="seasonal_naive")
    >>> _ = forecaster.fit(table, progress=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(forecaster, Path(folder, "forecast.html")).name
    'forecast.html'
    """
    return written(path, lambda: render(result, **facts), where="write_report")


def render(result: Reportable, **facts: Any) -> str:
    """Return the report as HTML text; the same values give the same text.

    Parameters
    ----------
    result : Forecaster, StudyResult, Evaluation, Inspection or their report values
        What is reported on, as in `write_report`.
    **facts : Any
        What only you know, as in `write_report`.

    Returns
    -------
    str
        The page, with all that it needs in it.

    Raises
    ------
    ValueError
        If a study has too few trials.
    TypeError
        If there is no report of such a result.
    RuntimeError
        If a forecaster has done nothing yet.

    Examples
    --------
    >>> import pandas as pd
    >>> from normcast.report import ForecastReport
    >>> series = pd.DataFrame({"unique_id": ["y"], "rows": [3], "first": [0], "last": [2]})
    >>> history = pd.DataFrame({"unique_id": "y", "ds": [0, 1, 2], "y": [1.0, 2.0, 3.0]})
    >>> forecast = pd.DataFrame({"unique_id": ["y"], "ds": [3], "normcast": [4.0]})
    >>> values = ForecastReport("table", "y", "normcast", "naive", 1, "1", 1, (), series, history, forecast)
    >>> page = render(values)
    >>> page[:15], page == render(values)
    ('<!doctype html>', True)
    """
    pages = import_module(pages_of(result))
    return html(pages.page_of(pages.values_of(result, **facts)))


def pages_of(result: object) -> str:
    """Return the package that draws a result. Raises TypeError for what has no report.

    >>> pages_of(3)
    Traceback (most recent call last):
    TypeError: write_report: no result 'int'; results are Forecaster, ForecastReport, StudyResult,
    StudyReport, Evaluation, CaseReport, Inspection, InspectionReport.
    """
    for kind in type(result).__mro__:
        found = PAGES.get(f"{kind.__module__}.{kind.__qualname__}")
        if found is not None:
            return found
    names = [name.rpartition(".")[2] for name in PAGES]
    raise TypeError(unknown("result", type(result).__name__, names, where="write_report"))
