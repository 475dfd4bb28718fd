"""The long-horizon protocol: one training, then every window of the test part, on the standardized scale.

ETTh: 8,640 rows to train, 2,880 to validate and 2,880 to test; ETTm four times as many; any other file 70, 10
and 20 %. Each column behind the stamps is a series. No window of the test part is left out: published rows
that dropped the last batch are not the same numbers.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.rolling_origins import facts, number
from normcast.data import Panel
from normcast.forecasting import Forecaster
from normcast.forecasting.backtest import MODEL, alone
from normcast.forecasting.combination import NETWORK
from normcast.forecasting.learned import Learned
from normcast.windows.arrays import Arrays

FILES = {"weather": "weather_jena_autoformer", "exchange": "exchange_rate", "illness": "national_illness"}
USUAL = (96, 192, 336, 720)
HORIZONS = dict.fromkeys(("ETTh1", "ETTm1", *FILES), USUAL) | {"illness": (24, 36, 48, 60)}
HOURS = (8640, 2880, 2880)  # of ETT: twelve months of thirty days, four, and four
VALUES = 2_000_000  # at once


@dataclass(frozen=True)
class Borders:
    """The rows before which training, validation and test end."""

    train: int
    valid: int
    test: int

    @classmethod
    def of(cls, name: str, rows: int) -> "Borders":
        """Return the usual ones.

        >>> Borders.of("ETTh1", 17420), Borders.of("exchange", 7588)
        (Borders(train=8640, valid=11520, test=14400), Borders(train=5311, valid=6071, test=7588))
        """
        if name.startswith("ETT"):
            each = np.cumsum(HOURS) * (4 if name.startswith("ETTm") else 1)
            return cls(*(int(end) for end in each))
        return cls(int(rows * 0.7), rows - int(rows * 0.2), rows)


def table(name: str, folder: Path) -> pd.DataFrame:
    """Return a file of the folder, or of any path, as ds and one column per series, its rows a step apart.

    Rows of the protocol are counted: where a file repeats or skips a stamp, all get those of a steady clock.
    """
    found = (path for path in (Path(name), folder / f"{FILES.get(name, name)}.csv.gz") if path.is_file())
    frame = pd.read_csv(next(found, folder / f"{name}.csv"))
    stamps = pd.to_datetime(frame.pop(frame.columns[0]))
    steady = pd.date_range(stamps.iloc[0], periods=len(stamps), freq=stamps.diff().median())
    frame.insert(0, "ds", steady)
    return frame


def measured(name: str, folder: Path, own: dict[str, Any]) -> dict[str, Any]:
    """Learn once and score every test window of one horizon, `own["h"]`; returns what the record keeps."""
    cpu, wall = time.process_time(), time.perf_counter()
    frame = table(name, folder)
    return scored(frame, Borders.of(Path(name).name, len(frame)), own) | {
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "wall_seconds": round(time.perf_counter() - wall, 1),
    }


def scored(frame: pd.DataFrame, borders: Borders, own: dict[str, Any]) -> dict[str, Any]:
    """Return MSE and MAE of every model over all windows behind `borders.valid`."""
    forecaster = Forecaster(**own)
    columns = [*frame.columns.drop("ds")]
    ends = {"train_end": borders.train, "valid_end": borders.valid}
    forecaster.cross_validation(
        frame.head(borders.test), time_col="ds", target_col=columns, **ends, n_windows=1, progress=False
    )
    done, h = forecaster.backtest_, forecaster.settings.h
    assert done is not None
    (learned,) = done.folds
    arrays = Arrays.of(done.panel, h, calendar=forecaster.settings.calendar)
    sums: dict[str, np.ndarray] = {}
    windows = borders.test - borders.valid - h + 1
    for origins in chunks(borders.valid, windows, done.panel.n_series, h):
        actual = truth(done.panel, origins, h)
        told = points(learned, arrays, origins) | {"repeat": repeated(done.panel, origins)}
        for model, values in told.items():
            error = actual - values.reshape(*origins.shape, -1)
            error /= spread(done.panel, borders.train)[:, None]
            both = np.array([np.square(error).sum(), np.abs(error).sum()])
            sums[model] = sums.get(model, 0) + both
    count = windows * done.panel.n_series * h
    board = {name: {"mse": number(s / count), "mae": number(a / count)} for name, (s, a) in sums.items()}
    models = dict(sorted(board.items(), key=lambda each: each[1]["mse"]))
    return {**facts(forecaster), "windows": windows, "rows": borders.test, "models": models}


def chunks(valid: int, windows: int, series: int, h: int) -> Iterator[np.ndarray]:
    """Yield the rows before each origin, (origins, series), so many at once that memory holds them."""
    each = max(1, VALUES // (series * h))
    for first in range(0, windows, each):
        rows = np.arange(first, min(first + each, windows)) + valid
        yield np.repeat(rows[:, None], series, axis=1)


def points(learned: Learned, arrays: Arrays, origins: np.ndarray) -> dict[str, np.ndarray]:
    """Return the point forecasts of every model, (origins * series, h), in the unit of the series."""
    # Correcting intervals leaves the median where it is, so that none are made here.
    bare = replace(learned, fitted=replace(learned.fitted, intervals=None))
    scaled = bare.fitted.scaling.scaled(arrays)
    windows = arrays.last(origins, bare.sizes.input_size)
    told = {MODEL: bare.fitted.forecast(scaled, windows)}
    if bare.fitted.weights and bare.fitted.combination.errors:
        told[bare.network] = alone(bare, NETWORK).forecast(scaled, windows)
    told |= {name: alone(bare, name).forecast(scaled, windows) for name in bare.candidates}
    return {name: values[..., values.shape[-1] // 2] for name, values in told.items()}


def truth(panel: Panel, origins: np.ndarray, h: int) -> np.ndarray:
    """Return what came at each origin, (origins, series, h)."""
    return panel.y[(panel.offsets[:-1] + origins)[..., None] + np.arange(h)]


def repeated(panel: Panel, origins: np.ndarray) -> np.ndarray:
    """Return the last value before each origin, (origins, series, 1): what the protocol is checked by."""
    return panel.y[panel.offsets[:-1] + origins - 1][..., None]


def spread(panel: Panel, rows: int) -> np.ndarray:
    """Return the standard deviation of the train rows of each series, (series,)."""
    return np.array([panel.y[first : first + rows].std() for first in panel.offsets[:-1]])
