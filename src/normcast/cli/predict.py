"""`normcast predict`: new rows or new cases, with a model that was kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from normcast.cli.app import app
from normcast.cli.options import (
    DATA,
    OUTPUT,
    Future,
    GuardFormulas,
    Quiet,
    arrays,
    columns,
    refuse_given,
    shared,
)


def rows(
    duplicates: Annotated[
        str | None, Option(help="Rows with the same stamp; default: as fitted.", rich_help_panel=DATA)
    ] = None,
    fill_gaps: Annotated[
        bool | None, Option(help="Insert absent stamps; default: as fitted.", rich_help_panel=DATA)
    ] = None,
    missing: Annotated[
        str | None, Option(help="Missing values; default: as fitted.", rich_help_panel=DATA)
    ] = None,
    na_value: Annotated[
        list[str] | None,
        Option(help="Cell that means a missing value; default: as fitted.", rich_help_panel=DATA),
    ] = None,
    wide: Annotated[
        bool | None, Option(help="Column names are times; default: as fitted.", rich_help_panel=DATA)
    ] = None,
    short: Annotated[
        str | None,
        Option(help="Series too short or broken: error or skip; default: as fitted.", rich_help_panel=DATA),
    ] = None,
    dayfirst: Annotated[
        bool | None,
        Option(
            "--dayfirst/--monthfirst",
            help="03/04/2024 is in April, or in March; default: as fitted.",
            rich_help_panel=DATA,
        ),
    ] = None,
) -> None:
    """How new rows are read."""


@app.command(short_help="Forecast new rows, or tell of new cases, with a saved model.")
@shared(columns, arrays, rows)
def predict(
    model: Annotated[Path, Argument(help="File that `--save` of forecast or fit wrote.", show_default=False)],
    file: Annotated[Path, Argument(help="A table to forecast, or cases as for fit.", show_default=False)],
    columns: dict[str, Any],
    arrays: dict[str, Any],
    rows: dict[str, Any],
    future: Future = None,
    out: Annotated[
        Path | None,
        Option(
            "--out",
            "-o",
            help="The table: .csv, .csv.gz or .parquet. Default: forecast.csv, of cases predictions.csv.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    guard_formulas: GuardFormulas = False,
    quiet: Quiet = False,
) -> None:
    """Forecast new rows, or tell of new cases, with a saved model, without training."""
    from normcast.cli.predict_run import predict_cases, predict_rows
    from normcast.forecasting import Forecaster
    from normcast.loading import load

    names = {**columns, **arrays}
    loaded = load(model)
    if isinstance(loaded, Forecaster):
        refuse_given(names, model, "forecasts a table as it was fitted")
        predict_rows(
            loaded, file, model, rows, future, out or Path("forecast.csv"), guard_formulas, quiet=quiet
        )
        return
    refuse_given({"future": future, **rows}, model, "tells of whole cases, not of the rows of a table")
    predict_cases(loaded, file, model, names, out or Path("predictions.csv"), guard_formulas, quiet=quiet)
