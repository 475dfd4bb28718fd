"""M4 hourly: one run from the train file to the test file, scored as the competition did."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.forecast_sets import m4_hourly
from benchmarks.rolling_origins import LEVEL, facts, number, scrps
from normcast.forecasting import Forecaster
from normcast.scoring import models_of

H, SEASON, LONGER = 48, 24, 168
NAIVE2 = {"smape": 18.383, "mase": 2.395}  # hourly, of the competition's own table: what OWA divides by


def measured(folder: Path, own: dict[str, Any]) -> dict[str, Any]:
    """Forecast the test part of every series and score it; returns what the record keeps."""
    train, test = m4_hourly(folder), m4_hourly(folder, "test")
    return scored(train, test, {"h": H, "season": (SEASON, LONGER), **own})


def scored(train: pd.DataFrame, test: pd.DataFrame, own: dict[str, Any]) -> dict[str, Any]:
    """Return the scores of every model that learned from `train` alone."""
    cpu, wall = time.process_time(), time.perf_counter()
    forecaster = Forecaster(**own)
    # The only cutoff is the last row of `train`: nothing behind it is learned from.
    forecaster.cross_validation(pd.concat([train, test]), n_windows=1, progress=False)
    seconds = {"cpu_seconds": time.process_time() - cpu, "wall_seconds": time.perf_counter() - wall}
    done, level = forecaster.backtest_, forecaster.settings.level
    assert done is not None
    scales = train.groupby("unique_id")["y"].apply(seasonal_change)
    scores = {name: of_model(done.frame, name, scales, level) for name in models_of(done.frame)}
    best = dict(sorted(scores.items(), key=lambda each: each[1]["mase"]))
    rounded = {name: round(value, 1) for name, value in seconds.items()}
    return {**facts(forecaster), **rounded, "models": best}


def seasonal_change(y: pd.Series) -> float:
    """Return the mean change from one season to the next, which the competition's MASE divides by."""
    values = y.to_numpy()
    return float(np.abs(values[SEASON:] - values[:-SEASON]).mean())


def of_model(
    frame: pd.DataFrame, name: str, scales: pd.Series, level: tuple[float, ...]
) -> dict[str, float | None]:
    """Return sMAPE (0 to 200), MASE, OWA, sCRPS and coverage, each the mean over series."""
    error = (frame["y"] - frame[name]).abs()
    share = 200 * error / (frame["y"].abs() + frame[name].abs())
    each = pd.DataFrame({"smape": share, "mase": error}).groupby(frame["unique_id"]).mean()
    means = {"smape": each["smape"].mean(), "mase": (each["mase"] / scales).mean()}
    owa = float(np.mean([means[metric] / NAIVE2[metric] for metric in NAIVE2]))
    found = {**{metric: number(value) for metric, value in means.items()}, "owa": number(owa)}
    if LEVEL not in level:
        return found
    inside = frame["y"].between(frame[f"{name}-lo-{LEVEL}"], frame[f"{name}-hi-{LEVEL}"])
    return {
        **found,
        "scrps": number(scrps(frame, name, level)),
        "coverage_80": number(100 * inside.mean(), 1),
    }
