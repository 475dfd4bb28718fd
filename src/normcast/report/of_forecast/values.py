"""What a report is drawn from: saved values alone, so that it can be drawn again without training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from normcast.errors import unknown
from normcast.scoring import Scores

PARTS = ("train", "validation", "calibration", "test", "forecast")


@dataclass(frozen=True)
class LearningCurve:
    """The losses of one training run, epoch by epoch.

    seed: of the run. fold: the fold's label as in `SplitPart`. loss, val_loss: one number per epoch; val_loss
    may start one earlier, with the initial weights. best_epoch: the epoch whose weights were kept, 0 for the
    initial ones.

    >>> LearningCurve(seed=0, fold="fold 1", loss=(1.0, 0.5), val_loss=(1.1, 0.9), best_epoch=2).best_epoch
    2
    """

    seed: int
    fold: str
    loss: tuple[float, ...]
    val_loss: tuple[float, ...]
    best_epoch: int


@dataclass(frozen=True)
class SplitPart:
    """A stretch of time that one fold used for one thing.

    fold: "fold 1", ..., or "final fit". part: one of `PARTS`. first, last: stamps of its first and last row,
    both included; the type of the series' stamps (`pd.Timestamp` or int).

    >>> SplitPart("fold 1", "train", pd.Timestamp("2012-01-01"), pd.Timestamp("2015-06-30")).part
    'train'
    """

    fold: str
    part: str
    first: Any
    last: Any

    def __post_init__(self) -> None:
        if self.part not in PARTS:
            raise ValueError(unknown("part", self.part, PARTS, where="SplitPart"))


@dataclass(frozen=True, eq=False)
class ForecastReport:
    """All that the page of a forecast or a back-test prints; frames are pandas with the canonical columns.

    source: where the data came from, as the user named it ("weather.csv"). target: name of the forecast
    quantity. model: the column of our forecasts; network: what made them ("patch-lstm"). h: steps ahead;
    freq: the step between rows ("D"); season: rows per season; levels: percent. series: one row per series,
    `unique_id, rows, first, last` (stamps). history: `unique_id, ds, y`, the observed rows that charts may
    show: the last few horizons, and those before each cutoff. forecast: `unique_id, ds, <model>`, bounds
    `<model>-lo-<level>`, ...; may have baselines' columns; None after a back-test alone. backtest:
    `unique_id, ds, cutoff, y`, then the columns of every model; None without one. scores: of the back-test
    (`normcast.scoring.score`); None without one. curves, split: how it was trained; empty where unknown.
    made_of: what the forecast is made of, in a sentence; "" where that is one model. notes: sentences on the
    data and the run, warnings first. settings, versions: name to value, printed as they are; seconds: stage
    to duration ("training": 41.2). command, python: code that makes this report again; given: what the
    Python does not make itself, in a sentence.
    Raises ValueError if a column is missing.
    """

    source: str
    target: str
    model: str
    network: str
    h: int
    freq: str
    season: int
    levels: tuple[float, ...]
    series: pd.DataFrame
    history: pd.DataFrame
    forecast: pd.DataFrame | None = None
    backtest: pd.DataFrame | None = None
    scores: Scores | None = None
    curves: tuple[LearningCurve, ...] = ()
    split: tuple[SplitPart, ...] = ()
    made_of: str = ""
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    command: str = ""
    python: str = ""
    given: str = ""

    def __post_init__(self) -> None:
        needed = {
            "series": ["unique_id", "rows", "first", "last"],
            "history": ["unique_id", "ds", "y"],
            "forecast": ["unique_id", "ds", self.model],
            "backtest": ["unique_id", "ds", "cutoff", "y", self.model],
        }
        for name, columns in needed.items():
            frame = getattr(self, name)
            for column in columns if frame is not None else []:
                if column not in frame.columns:
                    where = f"ForecastReport: {name}"
                    raise ValueError(unknown("column", column, map(str, frame.columns), where=where))
        if (self.backtest is None) != (self.scores is None):
            raise ValueError("ForecastReport: backtest and scores belong together; give both or neither.")
