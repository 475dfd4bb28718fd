"""Origins in bulk: the usual protocol on ETTh1, 8,640 rows to train, 2,880 to validate, 2,880 to test.

One network, trained once; then all 2,785 windows of the test part with four models, their intervals and
scores, of the oil temperature alone and of all seven columns as series. MSE and MAE are those of standardized
values.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.table import Row, at_most
from normcast.forecasting import Backtest, Forecaster

TRAIN, VALID, TEST, H = 8640, 11_520, 14_400, 96
SECONDS = 60.0
TABLES = {"OT": ["OT"], "all columns": ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]}


def run(rest: list[str]) -> list[Row]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks origins")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data sets")
    parser.add_argument("--input-size", type=int, default=336)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args(rest)
    frame = pd.read_csv(options.data / "ETTh1.csv.gz").head(TEST)
    own = {"input_size": options.input_size, "epochs": options.epochs}
    return [row for name in TABLES for row in measured(name, frame, own)]


def measured(name: str, frame: pd.DataFrame, own: dict[str, Any]) -> list[Row]:
    """Back-test from every origin of the test part."""
    scored, training, rest = timed(frame, TABLES[name], own)
    asked = f"{name}, input {own['input_size']}"
    windows = f"{len(scored.frame) // H:,} windows"
    rows = [
        Row(f"{asked}: training, at most {own['epochs']} epochs, wall", round(training, 1), "s"),
        at_most(f"{asked}: {windows}, all but the training, wall", rest, SECONDS, "s"),
    ]
    for model, scores in scored.standardized().iterrows():
        rows += [
            Row(f"{asked}: {model}, {each.upper()}", round(scores[each], 3), "") for each in scores.index
        ]
    return rows


def timed(frame: pd.DataFrame, columns: list[str], own: dict[str, Any]) -> tuple[Backtest, float, float]:
    """Back-test all windows of the test part; returns it, and the seconds of training and of the rest."""
    forecaster = Forecaster(h=H, seeds=1, minimum=None, **own)
    epochs: list[float] = []
    began = time.perf_counter()
    forecaster.cross_validation(
        frame,
        time_col="date",
        target_col=columns,
        train_end=TRAIN,
        valid_end=VALID,
        step_size=1,
        refit=False,
        progress=lambda *_: epochs.append(time.perf_counter()),
    )
    training = epochs[-1] - epochs[0]
    assert forecaster.backtest_ is not None
    return forecaster.backtest_, training, time.perf_counter() - began - training
