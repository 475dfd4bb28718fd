"""From a report's values to one HTML file that opens anywhere, without network and without script."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from normcast.data import check_writable, write_whole
from normcast.forecasting import Forecaster
from normcast.report.of_forecaster import forecast_report
from normcast.report.sections import page_of
from normcast.report.values import ForecastReport


def write_report(result: ForecastReport | Forecaster, path: str | Path, **facts: Any) -> Path:
    """Write the report as one self-contained HTML file and return its path.

    result: a forecaster that was fitted or back-tested, or the values of a report; facts: for a forecaster,
    as in `forecast_report`: futr_df, source, command, seconds.
    The file is whole or not there: it is written beside its place and moved. Drawing takes a second or two.
    Raises ValueError for a path that is no HTML name, OSError for one that cannot be written, RuntimeError
    for a forecaster that has done nothing yet.
    """
    path = Path(path)
    if path.suffix.lower() not in {".html", ".htm"}:
        raise ValueError(
            f"write_report: {str(path)!r} does not end in .html; give a name such as report.html."
        )
    check_writable(path)  # before the seconds that drawing takes
    values = result if isinstance(result, ForecastReport) else forecast_report(result, **facts)
    write_whole(path, render(values))
    return path


def render(result: ForecastReport) -> str:
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
    # A percent sign stays on the line of its number.
    environment.filters["tied"] = lambda text: text.replace(" %", "\N{NO-BREAK SPACE}%")
    return environment.get_template("report.html.j2").render(page=page_of(result))
