"""What `normcast predict` does with each kind of model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from normcast.cases import Classifier, Regressor
from normcast.cli import console
from normcast.cli.case_input import parts_in
from normcast.cli.case_told import Answers, like_fitted
from normcast.cli.forecast_run import check_outputs
from normcast.data import write_table
from normcast.errors import counted
from normcast.forecasting import Forecaster
from normcast.forecasting.rereading import read_future


def predict_rows(
    forecaster: Forecaster,
    file: Path,
    model: Path,
    policies: Mapping[str, Any],
    future: Path | None,
    out: Path,
    guard_formulas: bool,
    *,
    quiet: bool,
) -> None:
    """Forecast the rows after the end of a table, and write them."""
    check_outputs((file, model, future), tables=(out,))
    words = {"na_value": "na_values", "dayfirst": "day_first"}
    given = {words.get(name, name): value for name, value in policies.items() if value not in (None, [])}
    panel = forecaster.reread(file, **given)
    ahead = None if future is None else read_future(panel, future, given.get("na_values"))
    console.describe(panel, quiet=quiet)
    write_table(forecaster.predict(file, futr_df=ahead, **given), out, guard_formulas=guard_formulas)
    console.say(f"forecasts: {out}", quiet=quiet)


def predict_cases(
    estimator: Classifier | Regressor,
    file: Path,
    model: Path,
    options: Mapping[str, Any],
    out: Path,
    guard_formulas: bool,
    *,
    quiet: bool,
) -> None:
    """Tell of each case in a file and write it; where the file has y, say how good that is."""
    check_outputs((file, model), tables=(out,))
    parts = parts_in(file, options, needs_y=False)
    cases = parts["train"]
    console.describe_cases(cases, quiet=quiet)
    if "test" in parts:
        console.say("Note: told is the train part alone; --x, or its own file, names the other.", quiet=quiet)
    answers = Answers.of(estimator, cases)
    write_table(answers.table, out, guard_formulas=guard_formulas)
    why_not = like_fitted(estimator, cases)
    if cases.is_told and why_not:
        console.say(f"Note: not scored: {why_not}", quiet=quiet)
    elif cases.is_told:
        answers.show(f"On the {counted(cases.n_cases, 'case')} of {file.name}", quiet=quiet)
    console.say(f"predictions: {out}", quiet=quiet)
