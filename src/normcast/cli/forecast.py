"""`normcast forecast`, `backtest`, `predict` and `demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, BadParameter, Option

from normcast.cli.app import app
from normcast.cli.options import (
    DATA,
    MODEL,
    OUTPUT,
    File,
    GuardFormulas,
    Quiet,
    Report,
    Save,
    arrays,
    columns,
    model,
    refuse_given,
    rolling,
    shared,
    table,
)

Out = Annotated[
    Path, Option("--out", "-o", help="Where forecasts go: .csv, .csv.gz or .parquet.", rich_help_panel=OUTPUT)
]
Future = Annotated[
    Path | None, Option(help="File with the futr_exog columns of the rows ahead.", rich_help_panel=OUTPUT)
]
Checkpoint = Annotated[
    Path | None,
    Option(help="Folder that an interrupted back-test or fit goes on from.", rich_help_panel=MODEL),
]


@app.command()
@shared(model, table, rolling)
def forecast(
    file: File,
    model: dict[str, Any],
    table: dict[str, Any],
    rolling: dict[str, Any],
    future: Future = None,
    out: Out = Path("forecast.csv"),
    report: Report = None,
    save: Save = None,
    checkpoint: Checkpoint = None,
    guard_formulas: GuardFormulas = False,
    quiet: Quiet = False,
) -> None:
    """Forecast a table, and score the model on its past next to baselines."""
    from normcast.cli.forecast_run import ForecastRun

    if rolling["n_windows"] < 0:
        raise BadParameter("--n-windows must be 0 or more.")
    run = ForecastRun.begin(
        file,
        model,
        table,
        quiet,
        tables=(out,),
        others=(save,),
        report=report,
        future=future,
        checkpoint=checkpoint,
    )
    if rolling["n_windows"]:
        run.backtest(rolling)
    run.fit()
    run.write_forecasts(out, guard_formulas)
    run.finish(forecasts=out, report=report, model=save)


@app.command()
@shared(model, table, rolling)
def backtest(
    file: File,
    model: dict[str, Any],
    table: dict[str, Any],
    rolling: dict[str, Any],
    out: Annotated[
        Path | None,
        Option("--out", "-o", help="Also write the forecasts of all cutoffs.", rich_help_panel=OUTPUT),
    ] = None,
    report: Report = None,
    checkpoint: Checkpoint = None,
    guard_formulas: GuardFormulas = False,
    quiet: Quiet = False,
) -> None:
    """Score the model on the past of a table, next to baselines."""
    from normcast.cli.forecast_run import ForecastRun

    if rolling["n_windows"] < 1:
        raise BadParameter("--n-windows must be at least 1 for a back-test.")
    run = ForecastRun.begin(file, model, table, quiet, tables=(out,), report=report, checkpoint=checkpoint)
    run.backtest(rolling)
    run.write_backtest(out, guard_formulas)
    run.finish(forecasts=out, report=report)


@app.command()
@shared(columns, arrays)
def predict(
    model: Annotated[Path, Argument(help="File that `--save` of forecast or fit wrote.", show_default=False)],
    file: Annotated[Path, Argument(help="A table to forecast, or cases as for fit.", show_default=False)],
    columns: dict[str, Any],
    arrays: dict[str, Any],
    future: Future = None,
    duplicates: Annotated[
        str | None, Option(help="Rows with the same stamp; default: as fitted.", rich_help_panel=DATA)
    ] = None,
    fill_gaps: Annotated[
        bool | None, Option(help="Insert absent stamps; default: as fitted.", rich_help_panel=DATA)
    ] = None,
    missing: Annotated[
        str | None, Option(help="Missing values; default: as fitted.", rich_help_panel=DATA)
    ] = None,
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

    policies = {"duplicates": duplicates, "fill_gaps": fill_gaps, "missing": missing}
    names = {**columns, **arrays}
    loaded = load(model)
    if isinstance(loaded, Forecaster):
        refuse_given(names, model, "forecasts a table as it was fitted")
        predict_rows(
            loaded, file, model, policies, future, out or Path("forecast.csv"), guard_formulas, quiet=quiet
        )
        return
    refuse_given({"future": future, **policies}, model, "tells of whole cases, not of the rows of a table")
    predict_cases(loaded, file, model, names, out or Path("predictions.csv"), guard_formulas, quiet=quiet)


@app.command()
def demo(out: Out = Path("forecast.csv"), report: Report = Path("report.html"), quiet: Quiet = False) -> None:
    """Forecast the shipped weather data, two weeks of daily highs."""
    from normcast.cli.forecast_run import ForecastRun
    from normcast.data.datasets import weather_path

    columns = {"id_col": ["location"], "time_col": "date", "target_col": ["temp_max"]}
    run = ForecastRun.begin(weather_path(), {"h": 14}, columns, quiet, tables=(out,), report=report)
    run.backtest({"n_windows": 3})
    run.fit()
    run.write_forecasts(out)
    run.finish(forecasts=out, report=report)
