"""Settings as a page prints them: what was used, and beside it where nobody had asked for it."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import numpy as np

from normcast.data import Clock, Panel
from normcast.forecasting import Backtest, Forecaster
from normcast.forecasting.learned import Learned, training_of
from normcast.forecasting.settings import POLICIES
from normcast.models import Architecture
from normcast.sheet import differing


def settings_of(forecaster: Forecaster, panel: Panel, learned: Learned | None) -> dict[str, Any]:
    """Return the settings by name, as they were used; learned: the last that was.

    What was left open is printed as it was settled, and says so.
    """
    settings = {each.name: getattr(forecaster.asked, each.name) for each in fields(forecaster.asked)}
    settings |= {"model": _model(forecaster), "level": _levels(forecaster)}
    for name, used in _used(forecaster, panel, learned).items():
        if settings[name] is None or settings[name] == "auto":
            settings[name] = used
    if forecaster.asked.minimum is None:
        settings["minimum"] = None
    return {**_columns(forecaster, panel), **settings, **_rolled(forecaster)}


def _used(forecaster: Forecaster, panel: Panel, learned: Learned | None) -> dict[str, str]:
    """Return what is used of what may be left open, and how it came to be."""
    used = {"freq": f"{panel.freq} (found)", "season": f"{panel.season} (from the step of the stamps)"}
    if learned is not None:
        training, minimum = training_of(forecaster.settings), learned.fitted.minimum
        used["input_size"] = f"{learned.sizes.input_size} (whole seasons, as far as the rows allow)"
        if learned.trained:
            used["learning_rate"] = f"{training.learning_rate} (as the network says)"
            used["optimizer"] = f"{training.optimizer} (as the network says)"
        seen = "for counts and for amounts that are often 0"
        used["minimum"] = "none (auto)" if minimum is None else f"{minimum:g} (auto, {seen})"
    return used


def _model(forecaster: Forecaster) -> Any:
    model = forecaster.asked.model
    if isinstance(model, str):
        return model
    return asdict(model) if isinstance(model, Architecture) else model.name


def _levels(forecaster: Forecaster) -> Any:
    used, asked = forecaster.settings.level, forecaster.asked.level
    gone = [f"{each:g}" for each in asked if each not in used]
    kept = ", ".join(f"{each:g}" for each in used) or "none"
    return f"{kept} (not {', '.join(gone)}: too few rows to calibrate it)" if gone else kept


def _columns(forecaster: Forecaster, panel: Panel) -> dict[str, Any]:
    """Return which columns were read, and how the table was, where that was said."""
    own = panel.columns
    columns = {"id columns": own.ids, "time column": own.time or "none: rows are counted"}
    columns["target column"] = own.targets
    calls = list(forecaster.calls_.values())
    given = calls[-1].table if calls else forecaster.policies_
    policies = {name: given[name] for name in POLICIES if given.get(name)}
    clock = given.get("time_col")
    if isinstance(clock, Clock):
        policies |= {name: value for name, value in differing(clock).items() if name != "column"}
    return {**columns, **policies}


def _rolled(forecaster: Forecaster) -> dict[str, Any]:
    """Return where the back-test stood: as it was asked for, and the rows between its cutoffs."""
    scored, made = forecaster.backtest_, forecaster.calls_.get("cross_validation")
    if scored is None:
        return {}
    asked, rows = made.arguments if made else {}, _between(scored)
    settled: dict[str, Any] = {"n_windows": scored.frame["cutoff"].nunique()}
    if rows:
        spread = "" if "step_size" in asked else " (spread over the last tenth of the rows)"
        settled["step_size"] = f"{rows}{spread}"
    return {f"back-test: {name}": value for name, value in {**asked, **settled}.items()}


def _between(scored: Backtest) -> int:
    """Return the rows between two cutoffs, 0 for a single one."""
    stamps = np.sort(scored.frame["cutoff"].unique())[:2].astype(np.int64)
    if len(stamps) < 2:
        return 0
    time = scored.panel.time[: scored.panel.offsets[1]].view(np.int64)
    first, second = np.searchsorted(time, stamps)
    return int(second - first)
