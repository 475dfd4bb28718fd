"""From a report's values to one HTML file that opens anywhere, without network and without script."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from normcast.files import check_writable, write_whole
from normcast.report.page import Page
from normcast.report.study_values import StudyReport
from normcast.report.values import ForecastReport

if TYPE_CHECKING:
    from normcast.forecasting import Forecaster
    from normcast.study import StudyResult

    Reportable = ForecastReport | StudyReport | Forecaster | StudyResult


def write_report(result: Reportable, path: str | Path, **facts: Any) -> Path:
    """Write the report as one self-contained HTML file and return its path.

    result: a forecaster that was fitted or back-tested, what a study measured (`StudyResult.read("study.db")`
    is enough), or the values of a report; facts: for a forecaster, as in `forecast_report`: futr_df, source,
    command, seconds; for a study, as in `StudyReport`: source, store, command.
    The file is whole or not there: it is written beside its place and moved. Drawing takes a second or two.
    Raises ValueError for a path that is no HTML name and for a study with too few trials, OSError for a path
    that cannot be written, RuntimeError for a forecaster that has done nothing yet.
    """
    path = Path(path)
    if path.suffix.lower() not in {".html", ".htm"}:
        raise ValueError(
            f"write_report: {str(path)!r} does not end in .html; give a name such as report.html."
        )
    check_writable(path)  # before the seconds that drawing takes
    write_whole(path, render(values_of(result, **facts)))
    return path


def values_of(result: Reportable, **facts: Any) -> ForecastReport | StudyReport:
    """Return the values that a page is drawn from."""
    if isinstance(result, ForecastReport | StudyReport):
        return result
    # Whoever holds a study's result has imported study; a forecast does not pay for it, nor a study for that.
    study = sys.modules.get("normcast.study")
    if study is not None and isinstance(result, study.StudyResult):
        return StudyReport(result, **facts)
    from normcast.report.of_forecaster import forecast_report

    return forecast_report(cast("Forecaster", result), **facts)


def page_of(values: ForecastReport | StudyReport) -> Page:
    """Compose the page of a report."""
    if isinstance(values, StudyReport):
        from normcast.report.of_study import study_page

        return study_page(values)
    from normcast.report import sections

    return sections.page_of(values)


def render(result: ForecastReport | StudyReport) -> str:
    """Return the report as HTML text; the same values give the same text."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    def load(name: str) -> str:
        return files("normcast.report").joinpath("templates", name).read_text(encoding="utf-8")

    environment = Environment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["tied"] = tied
    return environment.get_template("report.html.j2").render(page=page_of(result))


def tied(text: str) -> str:
    """Keep on one line what is read as one: a percent sign and its number, a p and its value.

    >>> tied("4 %, p < 0.001") == "4\\N{NO-BREAK SPACE}%, p\\N{NO-BREAK SPACE}<\\N{NO-BREAK SPACE}0.001"
    True
    """
    space = "\N{NO-BREAK SPACE}"
    for loose in (" %", "p < ", "p = ", "± "):
        text = text.replace(loose, loose.replace(" ", space))
    return text
