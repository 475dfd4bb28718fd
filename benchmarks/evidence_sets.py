"""The public data sets that evidence is collected on: series to forecast, and cases of known classes."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from benchmarks.claims import INPUT_SIZE, NETWORKS, H
from normcast.study import Study


@dataclass(frozen=True)
class Series:
    """A series: its file, what it measures, its main season in rows, and how many of its newest rows count.

    Rows enough for the seasons that a part of them would not show; a training visits the same number of
    windows whatever it has.
    """

    file: str
    column: str
    words: str
    season: int
    rows: int = 8000
    task: str = "forecast"
    metric: str = "mase"
    reference: str = "seasonal naive"
    epochs: int = 60

    def opened(self, folder: Path) -> pd.DataFrame:
        """Return its newest rows, with a plain count as stamps."""
        values = pd.read_csv(folder / self.file)[self.column].astype(float).interpolate().to_numpy()
        newest = values[-self.rows :]
        return pd.DataFrame({"ds": np.arange(len(newest)), "y": newest})

    def model(self, network: str, data: pd.DataFrame) -> keras.Model:
        """Return a network as given."""
        return NETWORKS[network].build(INPUT_SIZE, 1, H)

    @property
    def asked(self) -> dict[str, Any]:
        """What its studies are asked for beside the recipe."""
        return {"season": self.season, "epoch_windows": 1024}

    def facts(self, study: Study) -> dict:
        """Return what the record tells of it."""
        rows = len(study.subject.task.panel.y)
        return {
            "words": f"{self.words}, {rows:,} rows",
            "season": self.season,
            "h": H,
            "input_size": INPUT_SIZE,
        }


@dataclass(frozen=True)
class Windows:
    """Cases of known classes: their file, and what they are."""

    file: str
    words: str
    task: str = "classify"
    metric: str = "log_loss"
    reference: str = "majority"
    epochs: int = 240  # of so few cases an epoch is a few steps

    def opened(self, folder: Path) -> tuple[np.ndarray, np.ndarray]:
        """Return its cases and their classes; zeros in front of those that are shorter."""
        with np.load(folder / self.file) as held:
            x = np.concatenate([held["X_train"], held["X_test"]])
            y = np.concatenate([held["y_train"], held["y_test"]])
        short = np.isnan(x).any(axis=2).sum(axis=1)
        return np.nan_to_num(
            np.stack([np.roll(each, n, axis=0) for each, n in zip(x, short, strict=True)])
        ), y

    def model(self, network: str, data: tuple[np.ndarray, np.ndarray]) -> keras.Model:
        """Return a network as given."""
        (_, steps, channels), classes = data[0].shape, len(np.unique(data[1]))
        return NETWORKS[network].with_head("softmax").build(steps, channels, classes)

    @property
    def asked(self) -> dict[str, Any]:
        """What its studies are asked for beside the recipe."""
        return {}

    def facts(self, study: Study) -> dict:
        """Return what the record tells of it."""
        cases = study.subject.task.cases
        words = f"{self.words}, {cases.n_cases:,} cases"
        return {
            "words": words,
            "season": None,
            "h": None,
            "input_size": int(study.subject.model.input_shape[1]),
        }


_READ = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
SETS: dict[str, Series | Windows] = {
    **{name: Series(**fields) for name, fields in _READ["series"].items()},
    **{name: Windows(**fields) for name, fields in _READ["windows"].items()},
}


def quick(each: Series | Windows) -> Series | Windows:
    """Return a data set as `--quick` trains on it, with fewer epochs."""
    return replace(each, epochs=each.epochs // 2)
