"""What `python -m benchmarks scale` runs: commands on files of three sizes each, and what makes the files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

H, ROWS = 6, 60  # months of a short series
BLOCK = 100  # layers of a nested network


@dataclass(frozen=True)
class Growth:
    """A command at three sizes. each: what a size counts; gigabytes, megabytes: bars, peak and report."""

    name: str
    each: str
    sizes: tuple[int, ...]
    command: Callable[[int], Sequence[str]]
    files: Callable[[int, Path], None]
    quick: int
    gigabytes: float | None = None
    megabytes: float | None = None


def series(rows: int, folder: Path) -> None:
    """Write one hourly series with days, weeks and noise."""
    hour, draw = np.arange(rows), np.random.default_rng(0)
    y = 10 + 3 * np.sin(2 * np.pi * hour / 24) + np.sin(2 * np.pi * hour / 168) + draw.normal(0, 1, rows)
    stamps = pd.date_range("1800-01-01", periods=rows, freq="h")
    pd.DataFrame({"ds": stamps, "y": y.round(3)}).to_csv(folder / "table.csv", index=False)


def short_series(many: int, folder: Path) -> None:
    """Write so many series of 60 months with a season each."""
    month, draw = np.tile(np.arange(ROWS), many), np.random.default_rng(0)
    level, phase = np.repeat(draw.normal(100, 20, many), ROWS), np.repeat(draw.uniform(0, 12, many), ROWS)
    y = level + 10 * np.sin(2 * np.pi * (month + phase) / 12) + draw.normal(0, 3, many * ROWS)
    stamps = np.tile(pd.date_range("2019-01-01", periods=ROWS, freq="MS"), many)
    ids = np.repeat(np.arange(many), ROWS)
    pd.DataFrame({"unique_id": ids, "ds": stamps, "y": y.round(3)}).to_csv(folder / "table.csv", index=False)


def model_and_rows(many: int, folder: Path) -> None:
    """Save a forecaster of 50 short series, and write others to forecast."""
    from normcast import Forecaster

    short_series(50, folder)
    Forecaster(h=H, seeds=1, epochs=2).fit(folder / "table.csv", progress=False).save(folder / "m.normcast")
    short_series(many, folder)


def deep(layers: int, folder: Path) -> None:
    """Save a network of so many layers: convolution, batch norm, ReLU and dropout in turn, in nested blocks.

    Keras calls itself once for each layer of a chain, and stops below a thousand.
    """
    import keras
    from keras import layers as of

    makes = (
        lambda: of.Conv1D(4, 3, padding="same", use_bias=False),
        of.BatchNormalization,
        of.ReLU,
        lambda: of.Dropout(0.1),
    )
    many, size = max(1, layers // BLOCK), min(layers, BLOCK)
    blocks = [keras.Sequential([makes[place % 4]() for place in range(size)]) for _ in range(many)]
    network = keras.Sequential([keras.Input((24, 4)), *blocks, of.Flatten(), of.Dense(1)])
    network.compile("adam", "mse")
    network.save(folder / "model.keras")


def parquet(many: int, folder: Path) -> None:
    """Write series of 1,000 rows as Parquet."""
    from benchmarks.memory import write

    write(folder / "panel.parquet", many)


def streamed() -> None:
    """Train one epoch on windows that are read from Parquet as they are needed."""
    from benchmarks.memory import child

    child("parquet", "panel.parquet")


def studied(trials: str) -> None:
    """Train so many trials of a tiny network for one epoch, and write their report."""
    import keras

    import normcast

    draw = np.random.default_rng(0)
    x = draw.standard_normal((48, 4, 1), dtype="float32")
    head = [keras.layers.Flatten(), keras.layers.Dense(1)]
    network = keras.Sequential([keras.Input((4, 1)), keras.layers.Conv1D(2, 2), *head])
    asked = {"axes": ["norm"], "design": "one_at_a_time", "epochs": 1}
    study = partial(normcast.Study, network, (x, x.mean(axis=(1, 2))), **asked)
    seeds = 2 * int(trials) // len(study(seeds=2).plan.keys)
    result = study(seeds=max(2, seeds), store="study.db").run(processes=1, progress=False)
    normcast.write_report(result, "report.html")


def no_files(size: int, folder: Path) -> None:
    """Make nothing: the job makes what it needs."""


def typed(*words: str) -> Callable[[int], Sequence[str]]:
    """Return a command that is the same at all sizes."""
    return lambda size: words


def called(function: str, size: int) -> Sequence[str]:
    """Return the command that calls a function here with the size."""
    return ["call", "benchmarks.scale_jobs", function, str(size)]


REPORT = ("--report", "report.html")
JOBS = (
    Growth(
        "forecast of one series", "row", (20_000, 200_000, 2_000_000),
        typed("forecast", "table.csv", "--h", "24", *REPORT), series, 3_000, gigabytes=1.5,
    ),
    Growth(
        "forecast of series of 60 rows", "series", (200, 2_000, 20_000),
        typed("forecast", "table.csv", "--h", str(H), *REPORT), short_series, 4, gigabytes=1.6, megabytes=5,
    ),
    Growth(
        "training on series of 1,000 rows, streamed", "series", (1_000, 10_000, 100_000),
        typed("call", "benchmarks.scale_jobs", "streamed"), parquet, 300, gigabytes=1.6,
    ),
    Growth(
        "forecasts from a saved model", "series", (1_000, 10_000, 100_000),
        typed("predict", "m.normcast", "table.csv"), model_and_rows, 20,
    ),
    Growth(
        "study with its report", "trial", (10, 100, 1_000), partial(called, "studied"), no_files, 20,
        megabytes=5,
    ),
    Growth(
        "check of a network", "layer", (20, 200, 2_000),
        typed("check", "model.keras", "--fail-on", "never"), deep, 20,
    ),
)  # fmt: skip
