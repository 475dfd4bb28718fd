"""What the report of a forecaster prints, taken from what it learned and forecast."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from normcast import forms
from normcast.data import Panel
from normcast.forecasting import Backtest, Forecaster
from normcast.forecasting.frames import forecast_frame, history_frame
from normcast.forecasting.learned import Learned
from normcast.machine import PACKAGES, versions
from normcast.report.of_forecast.again import Files, given_of, named, python_of
from normcast.report.of_forecast.settings import settings_of
from normcast.report.of_forecast.values import ForecastReport, LearningCurve, SplitPart

SHOWN_HORIZONS = 6  # of history, before the forecast and before each cutoff


def forecast_report(
    forecaster: Forecaster,
    *,
    futr_df: Any = None,
    source: str = "table",
    files: Files | None = None,
    command: str = "",
    seconds: float | None = None,
) -> ForecastReport:
    """Return what the page prints of a fitted or back-tested forecaster.

    Parameters
    ----------
    forecaster : Forecaster
        It was fitted, back-tested, or both.
    futr_df : DataFrame, optional
        Known-future rows, as in `Forecaster.predict`.
    source : str, default "table"
        The name of the data, or the path of their file, which the Python on the page then reads.
    files : Files, optional
        What else was read and written, for that Python.
    command : str, default ""
        The command line that made it.
    seconds : float, optional
        Wall time of the whole.

    Returns
    -------
    ForecastReport
        The values of the page, for `write_report` or `render`.

    Raises
    ------
    RuntimeError
        If there is neither a fit nor a back-test.

    Examples
    --------
    >>> import normcast
    >>> table = pd.DataFrame({"ds": range(60), "y": [step % 6 + step / 60 for step in range(60)]})
    >>> forecaster = normcast.Forecaster(h=2, input_size=6, season=6, level=(), model="seasonal_naive")
    >>> _ = forecaster.fit(table, progress=False)
    >>> values = forecast_report(forecaster, source="weekly sales")
    >>> values.network, values.source, len(values.forecast)
    ('seasonal_naive', 'weekly sales', 2)
    """
    scored, settings, names = forecaster.backtest_, forecaster.settings, numbered(forecaster)
    panel, files = panel_of(forecaster), files or Files(named(source))
    return ForecastReport(
        source=Path(source).name if files.table else source,
        target=panel.columns.target_name,
        model="normcast",
        network=settings.network_name,
        h=settings.h,
        freq=str(panel.freq),
        season=panel.season,
        levels=tuple(settings.level),
        series=series_of(panel),
        history=history_of(panel, scored, settings.h),
        forecast=None if forecaster.fitted_ is None else forecast_of(forecaster, futr_df),
        backtest=None if scored is None else scored.frame,
        scores=None if scored is None else scored.scores,
        curves=tuple(curve for name, learned in names for curve in curves_of(name, learned)),
        split=tuple(part for name, learned in names for part in split_of(name, learned, panel)),
        made_of=made_of(forecaster),
        notes=notes_of(forecaster),
        settings=settings_of(forecaster, panel, names[-1][1] if names else None),
        versions={**versions((*PACKAGES, "pandas")), **forms.told(recurrences_of(forecaster))},
        seconds=seconds_of(scored, seconds),
        command=command,
        python=python_of(forecaster, files, futr_df is not None),
        given=given_of(forecaster, files, futr_df is not None),
    )


def panel_of(forecaster: Forecaster) -> Panel:
    """Return the series that were fitted, or else back-tested."""
    if forecaster.panel_ is not None:
        return forecaster.panel_
    if forecaster.backtest_ is None:
        raise RuntimeError("write_report: the forecaster was neither fitted nor back-tested; call fit(df).")
    return forecaster.backtest_.panel


def forecast_of(forecaster: Forecaster, futr_df: Any) -> pd.DataFrame:
    """Return the forecast with standard names."""
    panel, values = forecaster.ahead(futr_df=futr_df)
    return forecast_frame(panel, forecaster.settings.h, values)


def numbered(forecaster: Forecaster) -> list[tuple[str, Learned]]:
    """Return every fold with its name."""
    scored = forecaster.backtest_
    folds = [] if scored is None else [(f"fold {n}", each) for n, each in enumerate(scored.folds, start=1)]
    return folds + ([("final fit", forecaster.learned_)] if forecaster.learned_ is not None else [])


def recurrences_of(forecaster: Forecaster) -> list[str]:
    """Return in which form the recurrences of every fold were computed, and those of what forecasts."""
    fitted = [] if forecaster.fitted_ is None else [forecaster.fitted_.recurrence]
    return [each.recurrence for _, learned in numbered(forecaster) for each in learned.trained] + fitted


def series_of(panel: Panel) -> pd.DataFrame:
    """Return one row per series: its name, rows, first and last stamp."""
    return pd.DataFrame(
        {
            "unique_id": panel.ids,
            "rows": panel.lengths,
            "first": pd.Series(panel.time[panel.offsets[:-1]]),
            "last": pd.Series(panel.time[panel.offsets[1:] - 1]),
        }
    )


def history_of(panel: Panel, scored: Backtest | None, h: int) -> pd.DataFrame:
    """Return the observed rows that charts may show: some horizons before the first cutoff and after."""
    behind = 0
    if scored is not None:
        behind = max(int((scored.panel.lengths - fold.rows).max()) for fold in scored.folds)
    rows = history_frame(panel, SHOWN_HORIZONS * h + behind)
    return rows[rows["y"].notna()].reset_index(drop=True)


def curves_of(name: str, learned: Learned) -> Iterator[LearningCurve]:
    """Yield the learning curve of each network of a fold."""
    for trained in learned.trained:
        loss, val_loss = (tuple(trained.history[key]) for key in ("loss", "val_loss"))
        yield LearningCurve(trained.seed, name, loss, val_loss, trained.best_epoch)


def split_of(name: str, learned: Learned, panel: Panel) -> Iterator[SplitPart]:
    """Yield the stretches of time of a fold, as the longest series has them."""
    series = int(np.argmax(panel.lengths))
    first, rows, h = int(panel.offsets[series]), int(learned.rows[series]), learned.fitted.h
    time = pd.Series(panel.time).iloc
    calib = rows - (learned.sizes.n_calib + h - 1 if learned.sizes.n_calib else 0)
    valid = calib - (learned.sizes.n_valid + h - 1)
    stretches = [("train", 0, valid), ("validation", valid, calib), ("calibration", calib, rows)]
    for part, begin, end in stretches:
        if end > begin:
            yield SplitPart(name, part, time[first + begin], time[first + end - 1])
    if rows < panel.lengths[series]:
        yield SplitPart(name, "test", time[first + rows], time[first + rows + h - 1])
    else:
        ahead = pd.Series(panel.stamps_after(h)[series]).iloc
        yield SplitPart(name, "forecast", ahead[0], ahead[-1])


def notes_of(forecaster: Forecaster) -> tuple[str, ...]:
    """Return what a reader must know, warnings first."""
    panel, scored, settings = panel_of(forecaster), forecaster.backtest_, forecaster.settings
    failed = [
        f"{name}, seed {each.seed}: {each.status}."
        for name, learned in numbered(forecaster)
        for each in learned.trained
        if each.failed
    ]
    notes = [*failed, *panel.notes, *(() if scored is None else scored.scores.notes)]
    if settings.level and panel.n_series > 1:
        notes.append("Interval corrections are learned from all series together, each in its own scale.")
    if settings.level and forecaster.learned_ is not None and forecaster.learned_.trained:
        notes.append(
            "Networks were fitted on all rows but those of the calibration windows at the end, which set the "
            "width of the intervals."
        )
    for name, learned in numbered(forecaster):
        notes += [f"{name}: {note}." for note in learned.notes]
        if forecaster.settings.combines and learned is not forecaster.learned_:
            notes.append(f"{name}: {told(learned)}")
    return tuple(notes)


def told(learned: Learned) -> str:
    """Return what the forecast of a fit is made of, and what it would be without networks, in a sentence."""
    own = learned.fitted.combination
    return f"The forecast is {own.describe()}{own.remark()}."


def made_of(forecaster: Forecaster) -> str:
    """Return what the forecast is made of, where it is a combination."""
    learned = forecaster.learned_
    if learned is None or not forecaster.settings.combines:
        return ""
    return f"{told(learned)} Held-out rows chose these parts (see how the rows were split)."


def seconds_of(scored: Backtest | None, seconds: float | None) -> dict[str, float]:
    """Return the wall time of each stage that is known."""
    stages = {} if scored is None else {"back-test": scored.seconds}
    rest = {} if seconds is None else {"reading, final fit, forecast": seconds - sum(stages.values())}
    return {**stages, **rest}
