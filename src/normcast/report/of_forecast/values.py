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

    Parameters
    ----------
    seed : int
        The seed of the run.
    fold : str
        The label of the fold, as in `SplitPart`.
    loss : tuple of float
        The training loss, one number per epoch.
    val_loss : tuple of float
        The validation loss; it may start one epoch earlier, with the initial weights.
    best_epoch : int
        The epoch whose weights were kept, 0 for the initial ones.

    Examples
    --------
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

    Parameters
    ----------
    fold : str
        The label of the fold: "fold 1", ..., or "final fit".
    part : {"train", "validation", "calibration", "test", "forecast"}
        What it was used for.
    first : pandas.Timestamp or int
        The stamp of its first row; the type of the series' stamps.
    last : pandas.Timestamp or int
        The stamp of its last row, which is included.

    Raises
    ------
    ValueError
        If there is no such part.

    Examples
    --------
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

    Parameters
    ----------
    source : str
        Where the data came from, as the user named it ("weather.csv").
    target : str
        The name of the forecast quantity.
    model : str
        The column of our forecasts.
    network : str
        What made them ("patch-lstm").
    h : int
        Steps ahead.
    freq : str
        The step between rows ("D").
    season : int
        Rows per season.
    levels : tuple of float
        Levels of the intervals, in percent.
    series : pandas.DataFrame
        One row per series: unique_id, rows, first, last (stamps).
    history : pandas.DataFrame
        Columns unique_id, ds, y: the observed rows that charts may show, the last few horizons and those
        before each cutoff.
    forecast : pandas.DataFrame or None, default None
        Columns unique_id, ds, that of the model, and its bounds as in "normcast-lo-80"; may have baselines'
        columns; None after a back-test alone.
    backtest : pandas.DataFrame or None, default None
        Columns unique_id, ds, cutoff, y, then those of every model; None without one.
    scores : Scores or None, default None
        Those of the back-test (`normcast.scoring.score`); None without one.
    curves : tuple of LearningCurve, default ()
        How networks were trained; empty where unknown.
    split : tuple of SplitPart, default ()
        What each stretch of time was used for; empty where unknown.
    made_of : str, default ""
        What the forecast is made of, in a sentence; "" where that is one model.
    notes : tuple of str, default ()
        Sentences on the data and the run, warnings first.
    settings : mapping of str to Any, default {}
        Name to value, printed as they are.
    versions : mapping of str to str, default {}
        Package to version, printed as they are.
    seconds : mapping of str to float, default {}
        Stage to duration ("training": 41.2).
    command : str, default ""
        The command that makes this report again.
    python : str, default ""
        The code that makes this report again.
    given : str, default ""
        What that code does not make itself, in a sentence.

    Raises
    ------
    ValueError
        If a column is missing, or one of backtest and scores.

    Examples
    --------
    >>> series = pd.DataFrame({"unique_id": ["y"], "rows": [3], "first": [0], "last": [2]})
    >>> history = pd.DataFrame({"unique_id": "y", "ds": [0, 1, 2], "y": [1.0, 2.0, 3.0]})
    >>> forecast = pd.DataFrame({"unique_id": ["y"], "ds": [3], "normcast": [4.0]})
    >>> values = ForecastReport("table", "y", "normcast", "naive", 1, "1", 1, (), series, history, forecast)
    >>> values.h, values.backtest is None
    (1, True)
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
