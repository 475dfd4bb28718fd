"""`normcast fit`: numbers or classes of whole series, scored in folds next to baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import BadParameter, Option

from normcast.cli.app import app
from normcast.cli.kernels import begin_kernels
from normcast.cli.options import (
    BACKTEST,
    MODEL,
    OUTPUT,
    CaseFile,
    GuardFormulas,
    Quiet,
    Report,
    Save,
    arrays,
    columns,
    network,
    shared,
)


@app.command(short_help="Learn numbers or classes of whole series, and score them.")
@shared(columns, arrays, network)
def fit(
    file: CaseFile,
    columns: dict[str, Any],
    arrays: dict[str, Any],
    network: dict[str, Any],
    task: Annotated[
        str, Option(help="classify, regress, or auto: y says which.", rich_help_panel=MODEL)
    ] = "auto",
    folds: Annotated[
        int, Option(help="Parts that are tested in turn; 0 for none.", rich_help_panel=BACKTEST)
    ] = 5,
    out: Annotated[
        Path | None,
        Option("--out", "-o", help="Also write what was told of each tested case.", rich_help_panel=OUTPUT),
    ] = None,
    report: Report = None,
    save: Save = None,
    guard_formulas: GuardFormulas = False,
    quiet: Quiet = False,
) -> None:
    """Learn numbers or classes of whole series, and score the network in folds next to baselines."""
    begin_kernels()
    from normcast.cli.fit_run import FitRun

    if folds < 0:
        raise BadParameter("--folds must be 0 or more.")
    if not folds and (out or report):
        raise BadParameter(
            f"--{'out' if out else 'report'} shows what was told in folds; --folds 0 has none."
        )
    if network["class_weight"] not in (None, "balanced"):
        raise BadParameter(f"--class-weight is {network['class_weight']!r}, but must be balanced.")
    names = {**columns, **arrays}
    run = FitRun.begin(file, task, network, names, folds, quiet, out=out, report=report, save=save)
    if folds:
        run.evaluate(folds)
        run.write_table(out, guard_formulas)
    if run.is_asked_to_fit:
        run.fit()
    run.finish()
