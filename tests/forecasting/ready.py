"""Forecasters that are ready to predict without training: networks as drawn, scaling as fitted."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from normcast import Forecaster
from normcast.engine import train  # noqa: F401  (Keras on JAX)
from normcast.forecasting.combination import NETWORK, Combination
from normcast.forecasting.fitted import Fitted
from normcast.forecasting.learned import build
from normcast.models import Architecture, Conv, Recurrent
from normcast.scoring import Conformal, SeriesIntervals
from normcast.scoring.series_scale import SeriesScale
from normcast.windows.arrays import Arrays
from normcast.windows.table_scaling import TableScaling

SMALL = Architecture(conv=(Conv(filters=3),), recurrent=(Recurrent(units=4, norm="batch"),), skip=True)
H, INPUT_SIZE = 2, 4


def table(stamps=None, n=12, ids=("a", "b"), seed=0, **columns) -> pd.DataFrame:
    """Two short series, long form; columns: more of them, each a function of the row number."""
    rng = np.random.default_rng(seed)
    stamps = pd.date_range("2024-01-01", periods=n) if stamps is None else stamps
    parts = [pd.DataFrame({"unique_id": i, "ds": stamps, "y": rng.normal(size=n).cumsum()}) for i in ids]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(**{name: rng.normal(size=len(frame)) for name in columns})


def ready(frame, model=SMALL, settings=None, input_size=INPUT_SIZE, **columns) -> Forecaster:
    """A forecaster as after fit, of two untrained networks."""
    forecaster = Forecaster(h=H, model=model, level=(50,), seeds=2, **(settings or {}))
    panel = forecaster.panel(frame, **columns)
    asked = forecaster.settings
    arrays = Arrays.of(panel, H, calendar=asked.calendar)
    network = build(asked, input_size, arrays) if isinstance(model, str | Architecture) else model
    rng = np.random.default_rng(1)
    forecaster.panel_ = panel
    forecaster.fitted_ = Fitted(
        ids=panel.ids,
        model=network,
        weights=tuple(
            [rng.uniform(0.1, 0.9, w.shape).astype("float32") for w in network.get_weights()]
            for _ in range(2)
        ),
        candidates={},
        combination=Combination.alone(NETWORK, np.zeros((H, max(1, len(asked.quantiles))))),
        scaling=TableScaling.fit(arrays, panel.lengths, asked.scaling),
        quantiles=asked.quantiles,
        intervals=SeriesIntervals(
            Conformal(asked.quantiles, asked.level, rng.normal(size=(1, H)), 9),
            SeriesScale(rng.uniform(0.5, 2, panel.n_series), rng.uniform(0.5, 2, (panel.n_series, 1))),
            (False,) * panel.n_series,
        ),
        input_size=input_size,
        h=H,
        minimum=None if asked.minimum == "auto" else asked.minimum,
        calendar=asked.calendar,
    )
    return forecaster


def equal(one: Any, other: Any) -> bool:
    """Whether two frames are the same to the last bit and type."""
    if isinstance(one, pl.DataFrame):
        return one.schema == other.schema and one.equals(other)
    return list(one.dtypes) == list(other.dtypes) and one.equals(other)


def saved(forecaster: Forecaster, folder: Path) -> Path:
    """Save the forecaster in the folder."""
    path = folder / "model.normcast"
    forecaster.save(path)
    return path
