"""Realistic report values without any network: a blend of baselines stands for the model."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from normcast.candidates import drift, fit_ridge, seasonal_naive
from normcast.report import ForecastReport, LearningCurve, SplitPart
from normcast.scoring import Conformal, as_quantiles, level_columns, quantiles_of, score, seasonal_error
from normcast.windows import Windows
from tests.scoring.places import windows_at

H, LENGTH, SEASON, LEVELS = 14, 56, 7, (80, 95)
CALIBRATION, HOLD = 40, 30


@cache
def weather(folder: Path, folds: int = 5) -> ForecastReport:
    """Two cities, daily maximum temperature."""
    table = pd.read_csv(folder / "seattle_newyork_weather_daily.csv.gz", parse_dates=["date"])
    table = table.sort_values(["location", "date"], kind="stable")
    names = table["location"].unique()
    return build(
        table["temp_max"].to_numpy(), table["date"].to_numpy().reshape(len(names), -1)[0], names, folds
    )


def many(count: int = 60, rows: int = 400, folds: int = 3) -> ForecastReport:
    """Many short synthetic series, of which some are constant."""
    rng = np.random.default_rng(0)
    days = np.arange(rows)
    waves = rng.uniform(0, 3, (count, 1)) * np.sin(2 * np.pi * days / 7 + rng.uniform(0, 6, (count, 1)))
    y = 20 + waves + 0.4 * np.cumsum(rng.normal(size=(count, rows)), axis=1)
    y[3] = 5.0
    stamps = np.datetime64("2020-01-01", "ns") + days.astype("timedelta64[D]")
    return build(y.ravel(), stamps, np.array([f"store {i:03d}" for i in range(count)]), folds)


def build(y, stamps, names, folds) -> ForecastReport:
    rows, offsets = len(stamps), np.arange(len(names) + 1) * len(stamps)
    cutoffs = [rows - H * (folds - k) for k in range(folds)]
    frames = [_fold(y, stamps, names, offsets, cutoff) for cutoff in cutoffs]
    ahead = _fold(np.append(y, np.zeros(H)), stamps, names, offsets, rows)
    backtest = pd.concat(frames, ignore_index=True)
    scales = backtest[["unique_id", "cutoff", "scale"]].drop_duplicates()
    backtest = backtest.drop(columns="scale")
    history = pd.DataFrame({"unique_id": np.repeat(names, rows), "ds": np.tile(stamps, len(names)), "y": y})
    series = pd.DataFrame(
        {"unique_id": names, "rows": rows, "first": pd.Timestamp(stamps[0]), "last": pd.Timestamp(stamps[-1])}
    )
    mine = ["unique_id", "ds", *level_columns("normcast", LEVELS)]
    return ForecastReport(
        source="weather.csv",
        target="temp_max",
        model="normcast",
        network="patch-lstm",
        h=H,
        freq="D",
        season=SEASON,
        levels=LEVELS,
        series=series,
        history=history,
        forecast=ahead[mine],
        backtest=backtest,
        scores=score(backtest, scales, LEVELS),
        curves=tuple(_curve(seed, f"fold {fold + 1}") for fold in range(folds) for seed in range(3)),
        split=tuple(
            part for k, cutoff in enumerate(cutoffs) for part in _parts(f"fold {k + 1}", stamps, cutoff)
        ),
        notes=(
            "Intervals are set on windows of all series together, in scaled units.",
            "The final fit uses all rows but the calibration windows.",
        ),
        settings={
            "h": H,
            "input_size": LENGTH,
            "season": SEASON,
            "level": LEVELS,
            "seeds": 3,
            "seed": 0,
            "refit": True,
        },
        versions={"normcast": "0.1.0", "keras": "3.15.1", "jax": "0.10.2", "Python": "3.11.2"},
        seconds={"back-test": 74.3, "final fit": 16.2},
        command="normcast forecast weather.csv --h 14 --id-col location --report report.html",
        python='model = Forecaster(h=14).fit(df, id_col="location")\nmodel.predict()',
    )


def _fold(y, stamps, names, offsets, cutoff) -> pd.DataFrame:
    """Every model's forecasts of one fold, each fitted on the rows before it."""
    count = len(names)
    edge = cutoff - H - CALIBRATION + 1
    train = _windows(offsets, LENGTH, edge - HOLD - H)
    valid = _windows(offsets, edge - HOLD, edge - H)
    calib = _windows(offsets, edge, cutoff - H + 1)
    test = _windows(offsets, cutoff, cutoff + 1)
    mean = np.array([y[offsets[s] : offsets[s] + edge].mean() for s in range(count)])
    spread = np.array([y[offsets[s] : offsets[s] + edge].std() or 1.0 for s in range(count)])
    scaled = y.copy()
    for s in range(count):
        scaled[offsets[s] : offsets[s + 1]] = (y[offsets[s] : offsets[s + 1]] - mean[s]) / spread[s]
    ridge = fit_ridge(scaled, train, valid)
    models = {
        "normcast": lambda w: 0.75 * ridge.predict(scaled, w) + 0.25 * _climate(scaled, w, offsets),
        "seasonal naive": lambda w: seasonal_naive(scaled, w, SEASON, offsets),
        "drift": lambda w: drift(scaled, w, offsets),
        "ridge": lambda w: ridge.predict(scaled, w),
    }
    quantiles = quantiles_of(LEVELS)
    following = stamps[-1] + np.arange(1, H + 1) * (stamps[1] - stamps[0])
    every_stamp = np.append(stamps, following)
    frame = {
        "unique_id": np.repeat(names, H),
        "ds": np.tile(every_stamp[cutoff : cutoff + H], count),
        "cutoff": every_stamp[cutoff - 1],
        "y": test.targets(y).ravel(),
        "scale": np.repeat(seasonal_error(y, test, offsets, SEASON), H),
    }
    for name, forecast in models.items():
        fitted = Conformal.fit(calib.targets(scaled), as_quantiles(forecast(calib), 5), quantiles, LEVELS)
        found = fitted.apply(as_quantiles(forecast(test), 5)) * spread[:, None, None] + mean[:, None, None]
        for i, column in enumerate(level_columns(name, LEVELS)):
            frame[column] = found[..., i].ravel()
    columns = [
        "unique_id",
        "ds",
        "cutoff",
        "y",
        "scale",
        *(c for m in models for c in [m, *level_columns(m, LEVELS)]),
    ]
    return pd.DataFrame(frame)[list(dict.fromkeys(columns))]


def _windows(offsets, low, high) -> Windows:
    """The windows of every series whose targets begin in its rows low, ..., high - 1."""
    count = len(offsets) - 1
    cutoffs = np.concatenate([offsets[series] + np.arange(low, high) for series in range(count)])
    return windows_at(cutoffs, LENGTH, H, np.repeat(np.arange(count), high - low))


def _climate(scaled, windows, offsets) -> np.ndarray:
    """The mean of the same weeks in the years before, or of the whole past."""
    found = np.zeros((len(windows.start), windows.h))
    for i, (start, series) in enumerate(zip(windows.start, windows.series, strict=True)):
        cutoff = start + windows.input_size
        for step in range(windows.h):
            years = [
                cutoff + step - 365 * k for k in (1, 2, 3) if cutoff + step - 365 * k - 10 >= offsets[series]
            ]
            past = [scaled[row - 10 : min(row + 10, cutoff)].mean() for row in years]
            found[i, step] = np.mean(past) if past else scaled[offsets[series] : cutoff].mean()
    return found


def _curve(seed: int, fold: str) -> LearningCurve:
    rng = np.random.default_rng(seed * 100 + int(fold[-1]))
    epochs = 24 + 3 * seed
    loss = 0.5 * np.exp(-np.arange(1, epochs + 1) / 8) + 0.31 + 0.004 * rng.normal(size=epochs)
    val = (
        0.45 * np.exp(-np.arange(epochs + 1) / 6)
        + 0.36
        + 0.003 * np.arange(epochs + 1)
        + 0.006 * rng.normal(size=epochs + 1)
    )
    return LearningCurve(seed, fold, tuple(loss), tuple(val), int(np.argmin(val)))


def _parts(fold, stamps, cutoff) -> list[SplitPart]:
    edge, hold = cutoff - H - CALIBRATION + 1, HOLD
    spans = {
        "train": (0, edge - hold - 1),
        "validation": (edge - hold, edge - 1),
        "calibration": (edge, cutoff - 1),
        "test": (cutoff, cutoff + H - 1),
    }
    return [
        SplitPart(fold, part, pd.Timestamp(stamps[a]), pd.Timestamp(stamps[b]))
        for part, (a, b) in spans.items()
    ]
