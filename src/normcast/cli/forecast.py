"""`normcast forecast`, `backtest` and `demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import BadParameter, Option

from normcast.cli.app import app
from normcast.cli.kernels import begin_kernels
from normcast.cli.options import (
    MODEL,
    OUTPUT,
    File,
    Future,
    GuardFormulas,
    Quiet,
    Report,
    Save,
    model,
    shared,
    table,
)
from normcast.cli.rolling import rolling

Out = Annotated[
    Path, Option("--out", "-o", help="Where forecasts go: .csv, .csv.gz or .parquet.", rich_help_panel=OUTPUT)
]
Checkpoint = Annotated[
    Path | None,
    Option(help="Folder that an interrupted back-test or fit goes on from.", rich_help_panel=MODEL),
]


@app.command(short_help="Forecast a table, and score the model on its past.")
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
    begin_kernels(model.get("model"))
    from normcast.cli.forecast_run import ForecastRun

    if (rolling["n_windows"] or 0) < 0:
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
    if rolling["n_windows"] != 0:
        run.backtest(rolling)
    run.fit()
    run.write_forecasts(out, guard_formulas)
    run.finish(forecasts=out, report=report, model=save, guard_formulas=guard_formulas)


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
    begin_kernels(model.get("model"))
    from normcast.cli.forecast_run import ForecastRun

    if rolling["n_windows"] is not None and rolling["n_windows"] < 1:
        raise BadParameter("--n-windows must be at least 1 for a back-test.")
    run = ForecastRun.begin(file, model, table, quiet, tables=(out,), report=report, checkpoint=checkpoint)
    run.backtest(rolling)
    run.write_backtest(out, guard_formulas)
    run.finish(forecasts=out, report=report, guard_formulas=guard_formulas)


@app.command()
def demo(out: Out = Path("forecast.csv"), report: Report = Path("report.html"), quiet: Quiet = False) -> None:
    """Forecast the shipped weather data, two weeks of daily highs."""
    begin_kernels()
    from normcast.cli.forecast_run import ForecastRun
    from normcast.data.datasets import weather_path

    columns = {"id_col": ["location"], "time_col": "date", "target_col": ["temp_max"]}
    run = ForecastRun.begin(weather_path(), {"h": 14}, columns, quiet, tables=(out,), report=report)
    run.backtest({})
    run.fit()
    run.write_forecasts(out)
    run.finish(forecasts=out, report=report)
