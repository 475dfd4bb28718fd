"""Accuracy from rolling origins: MASE, sCRPS, coverage and CPU seconds of every model on a data set."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import peers
from benchmarks.forecast_sets import ForecastSet
from normcast.forecasting import Backtest, Forecaster
from normcast.scoring import level_columns, quantiles_of

LEVEL = 80


def measured(one: ForecastSet, folder: Path, own: dict[str, Any], with_peers: bool = False) -> dict[str, Any]:
    """Back-test a set with the forecaster that `own` asks for; returns what the record keeps of it.

    with_peers: whether the classical peers stand beside it, on a set that is short.
    """
    forecaster = Forecaster(**{"h": one.h, "season": one.season, **own})
    frame = one.frame(folder)
    cpu, wall = time.process_time(), time.perf_counter()
    how = {"n_windows": one.n_windows, "step_size": one.step_size, "refit": one.refit}
    forecaster.cross_validation(frame, **how, **one.table, progress=False)
    seconds = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    done, settings = forecaster.backtest_, forecaster.settings
    assert done is not None
    shape = {"rows": int(done.panel.lengths.max()), "season": done.panel.season, "fits": len(done.folds),
             "origins": one.n_windows, "step_size": one.step_size}  # fmt: skip
    if with_peers and one.short:
        cpu = time.process_time()
        done = peers.beside(done, settings.h, settings.level)
        seconds["peers_cpu"] = time.process_time() - cpu
    rounded = {f"{each}_seconds": round(value, 1) for each, value in seconds.items()}
    return {
        **facts(forecaster),
        **shape,
        **rounded,
        "models": models(done, settings.level),
        "notes": list(done.scores.notes),
    }


def facts(forecaster: Forecaster) -> dict[str, int]:
    """Return what a back-tested forecaster was asked for, and what it read."""
    done, settings = forecaster.backtest_, forecaster.settings
    assert done is not None
    read = {"input_size": done.folds[0].sizes.input_size, "series": done.panel.n_series}
    return {"h": settings.h, "seeds": settings.seeds, **read}


def models(done: Backtest, level: tuple[float, ...]) -> dict[str, dict[str, float | None]]:
    """Return the scores of each model, best MASE first; None where there is no number."""
    board = done.scoreboard()
    return {
        str(name): {
            "mase": number(scores["mase"]),
            "scrps": number(scrps(done.frame, str(name), level)),
            f"coverage_{LEVEL}": number(scores.get(f"coverage-{LEVEL}"), 1),
        }
        for name, scores in board.iterrows()
    }


def scrps(frame: pd.DataFrame, model: str, level: tuple[float, ...]) -> float | None:
    """Return the mean weighted quantile loss over all quantiles there are; None without bounds.

    Of each series the sum of 2 * pinball loss over all origins and rows, by the sum of |y|, mean over the
    quantiles; then the mean over series, so that none counts more for its unit. Series of zeros are left out.

    >>> told = {"unique_id": "a", "y": [2.0, 4.0], "m-lo-80": [1.0, 3], "m": [2.0, 4], "m-hi-80": [3.0, 5]}
    >>> round(scrps(pd.DataFrame(told), "m", (80,)), 4)
    0.0444
    """
    names = level_columns(model, level)
    if not level or not set(names) <= set(frame.columns):
        return None
    seen = frame[frame["y"].notna()]
    error = seen[["y"]].to_numpy() - seen[list(names)].to_numpy()  # (rows, quantiles)
    quantiles = np.array(quantiles_of(level))
    loss = 2 * np.maximum(quantiles * error, (quantiles - 1) * error).mean(axis=1)
    sums = (
        pd.DataFrame({"loss": loss, "y": seen["y"].abs().to_numpy()})
        .groupby(seen["unique_id"].to_numpy())
        .sum()
    )
    moving = sums[sums["y"] > 0]
    return float((moving["loss"] / moving["y"]).mean())


def number(value: float | None, digits: int = 4) -> float | None:
    """Round for the record; None for what is no number."""
    return None if value is None or not np.isfinite(value) else round(float(value), digits)
