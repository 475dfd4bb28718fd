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
    model,
    rolling,
    shared,
    table,
)

Out = Annotated[
    Path, Option("--out", "-o", help="Where forecasts go: .csv, .csv.gz or .parquet.", rich_help_panel=OUTPUT)
]
Report = Annotated[Path | None, Option(help="Also write a report: one HTML file.", rich_help_panel=OUTPUT)]
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
    save: Annotated[
        Path | None, Option(help="Keep the fitted model in this file.", rich_help_panel=OUTPUT)
    ] = None,
    checkpoint: Checkpoint = None,
    guard_formulas: GuardFormulas = False,
    quiet: Quiet = False,
) -> None:
    """Forecast a table, and score the model on its past next to baselines."""
    from normcast.cli.forecast_run import ForecastRun

    if rolling["n_windows"] < 0:
        raise BadParameter("--n-windows must be 0 or more.")
    outputs = {"tables": (out,), "others": (report, save)}
    run = ForecastRun.begin(file, model, table, quiet, **outputs, future=future, checkpoint=checkpoint)
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
    run = ForecastRun.begin(file, model, table, quiet, tables=(out,), others=(report,), checkpoint=checkpoint)
    run.backtest(rolling)
    run.write_backtest(out, guard_formulas)
    run.finish(forecasts=out, report=report)


@app.command()
def predict(
    model: Annotated[Path, Argument(help="File that `normcast forecast --save` wrote.", show_default=False)],
    file: File,
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
    out: Out = Path("forecast.csv"),
    guard_formulas: GuardFormulas = False,
    quiet: Quiet = False,
) -> None:
    """Forecast new rows with a saved model, without training."""
    from normcast.cli.console import describe, say
    from normcast.cli.forecast_run import check_outputs
    from normcast.data import read_table, write_table
    from normcast.loading import load

    check_outputs((file, model, future), tables=(out,))
    ahead = None if future is None else read_table(future)
    given = {"duplicates": duplicates, "fill_gaps": fill_gaps, "missing": missing}
    policies = {name: value for name, value in given.items() if value is not None}
    forecaster = load(model)
    describe(forecaster.reread(file, **policies), quiet=quiet)
    write_table(forecaster.predict(file, futr_df=ahead, **policies), out, guard_formulas=guard_formulas)
    say(f"forecasts: {out}", quiet=quiet)


@app.command()
def demo(out: Out = Path("forecast.csv"), report: Report = Path("report.html"), quiet: Quiet = False) -> None:
    """Forecast the shipped weather data, two weeks of daily highs."""
    from normcast.cli.forecast_run import ForecastRun
    from normcast.data.datasets import weather_path

    columns = {"id_col": ["location"], "time_col": "date", "target_col": ["temp_max"]}
    run = ForecastRun.begin(weather_path(), {"h": 14}, columns, quiet, tables=(out,), others=(report,))
    run.backtest({"n_windows": 3})
    run.fit()
    run.write_forecasts(out)
    run.finish(forecasts=out, report=report)
