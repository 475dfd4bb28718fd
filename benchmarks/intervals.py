"""Intervals: do they hold as often as they say, in all and for each series, and how wide are they?

Synthetic panels of every kind, and public data with --data DIR. Five fits over the last third of the rows,
each followed by eight cutoffs; beside them the same networks with intervals that pool all series.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.table import Row
from normcast.data import Panel
from normcast.forecasting import Forecaster
from normcast.forecasting.learned import Learned, learn
from normcast.scoring import Conformal, SeriesIntervals
from normcast.scoring.series_scale import SeriesScale
from normcast.windows import cutoffs
from normcast.windows.arrays import Arrays

LEVELS = (80, 95)
FITS, CUTOFFS, ROWS, H = 5, 8, 1000, 7
NEAR, SHARE, WIDER = 3.0, 0.8, 1.1  # points, share of series within 10 points, widths


@dataclass(frozen=True, eq=False)
class Told:
    """Bounds (cutoffs, series, h, levels, 2) beside what came (cutoffs, series, h), of series that change."""

    bounds: np.ndarray
    actual: np.ndarray

    def inside(self) -> np.ndarray:
        """Percent inside by series and level; NaN where nothing was observed."""
        y = self.actual[..., None]
        hit = np.where(np.isnan(y), np.nan, (self.bounds[..., 0] <= y) & (y <= self.bounds[..., 1]))
        return 100 * np.nanmean(hit, axis=(0, 2))

    def width(self, scale: np.ndarray) -> np.ndarray:
        """Mean width by level, each series in units of its own change from one row to the next."""
        wide = (self.bounds[..., 1] - self.bounds[..., 0]).mean(axis=(0, 2))  # (series, levels)
        return (wide / scale[:, None]).mean(axis=0)


def run(rest: list[str]) -> list[Row]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks intervals")
    parser.add_argument("--data", type=Path, help="folder of the public data sets")
    parser.add_argument("--panels", default="", help="which of them; by default all")
    parser.add_argument("--seed", type=int, default=0, help="draws the synthetic panels anew")
    options = parser.parse_args(rest)
    panels = {**synthetic(options.seed), **(public(options.data) if options.data else {})}
    chosen = options.panels.split(",") if options.panels else panels
    return [row for name in chosen for row in measured(name, *panels[name])]


def measured(name: str, frame: pd.DataFrame, h: int) -> Iterator[Row]:
    """Yield the rows of one panel."""
    ours, pooled, scale = told(frame, h)
    near, widths = ours.inside(), (ours.width(scale), pooled.width(scale))
    for place, level in enumerate(LEVELS):
        cover, before = near[:, place], pooled.inside()[:, place]
        all_in = float(np.nanmean(cover))
        share = float((np.abs(cover - level) <= 10).mean())
        once = float((np.abs(before - level) <= 10).mean())
        yield Row(f"{name}: inside {level} %", round(all_in, 1), "%", f"pooled {np.nanmean(before):.1f}",
                  f"{level} +- {NEAR:g}", abs(all_in - level) <= NEAR)  # fmt: skip
        yield Row(f"{name}: series within 10 points of {level}", round(share, 2), "share",
                  f"pooled {once:.2f}; worst {cover[np.abs(cover - level).argmax()]:.0f} %",
                  f">= {SHARE}", share >= SHARE)  # fmt: skip
        if abs(float(np.nanmean(before)) - level) <= NEAR and once >= SHARE:
            ratio = float(widths[0][place] / widths[1][place])
            yield Row(f"{name}: width {level} beside pooled", round(ratio, 2), "x", "", f"<= {WIDER}",
                      ratio <= WIDER)  # fmt: skip


def told(frame: pd.DataFrame, h: int) -> tuple[Told, Told, np.ndarray]:
    """Return our intervals and pooled ones at all cutoffs, and how much each series changes in a row."""
    forecaster = Forecaster(h=h, seeds=1, epochs=12, level=LEVELS)
    panel = forecaster.panel(frame)
    arrays = Arrays.of(panel, h, calendar=forecaster.settings.calendar)
    each = max(1, min(CUTOFFS, int(0.35 * panel.lengths.min()) // (h * FITS)))
    origins = cutoffs(panel.lengths, h, FITS * each, h, ids=panel.ids)
    parts = [
        at_cutoffs(forecaster, arrays, panel, origins[i : i + each]) for i in range(0, len(origins), each)
    ]
    change = np.array([np.abs(np.diff(panel.y[a:b])).mean() for a, b in pairwise(panel.offsets)])
    actual, moving = truth(panel, origins, h), change > 0
    ours, pooled = (np.concatenate([part[place] for part in parts])[:, moving] for place in (0, 1))
    return Told(ours, actual[:, moving]), Told(pooled, actual[:, moving]), change[moving]


def at_cutoffs(
    forecaster: Forecaster, arrays: Arrays, panel: Panel, origins: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit at the first of these cutoffs, and return our bounds and pooled ones at all of them."""
    learned = learn(arrays, origins[0], panel.season, forecaster.settings)
    alike, moving = SeriesScale.one(panel.n_series, 5), (False,) * panel.n_series
    results = []
    for intervals in (learned.fitted.intervals, SeriesIntervals(pooled_conformal(learned), alike, moving)):
        fitted = replace(learned.fitted, intervals=intervals)
        scaled = fitted.scaling.scaled(arrays)
        outputs = [fitted.forecast(scaled, arrays.last(rows, learned.sizes.input_size)) for rows in origins]
        results.append(by_level(np.stack(outputs)))
    return results[0], results[1]


def pooled_conformal(learned: Learned) -> Conformal:
    """Return corrections that take all series of the calibration windows for alike."""
    fitted, fold = learned.fitted, learned.fold
    # The maps as they were at each time: the last ones have learned from these windows.
    then = {name: learned.candidates[name] for name in fitted.candidates}
    fitted = replace(fitted, candidates=then)
    outputs = fitted.raw(fold.scaled, fold.split.calib)
    return Conformal.fit(fold.truth("calib"), outputs, fitted.quantiles, LEVELS)


def by_level(outputs: np.ndarray) -> np.ndarray:
    """Return the bounds of each level, (..., levels, 2), of ascending quantiles (..., Q)."""
    return np.stack([outputs[..., [1, 3]], outputs[..., [0, 4]]], axis=-2)


def truth(panel: Panel, origins: np.ndarray, h: int) -> np.ndarray:
    """Return what came at each cutoff, (cutoffs, series, h), NaN where nothing was observed."""
    rows = (panel.offsets[:-1] + origins)[..., None] + np.arange(h)
    return np.where(panel.observed[rows], panel.y[rows], np.nan)


def framed(columns: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return series as a long frame of days."""
    parts = [
        pd.DataFrame({"unique_id": name, "ds": pd.date_range("2020-01-01", periods=len(y)), "y": y})
        for name, y in columns.items()
    ]
    return pd.concat(parts, ignore_index=True)


def synthetic(seed: int = 0) -> dict[str, tuple[pd.DataFrame, int]]:
    """Return twenty panels: what is beside what, and how errors differ."""
    draws, time = np.random.default_rng(seed), np.arange(ROWS)
    week = np.sin(2 * np.pi * time / 7)

    def noisy(size: float = 1.0, n: int = ROWS) -> np.ndarray:
        return 10 + week[:n] + size * draws.normal(size=n)

    def smooth() -> np.ndarray:
        return 50 + 5 * np.sin(2 * np.pi * time / draws.uniform(20, 60)) + 0.02 * draws.normal(size=ROWS)

    def walk(size: float = 1.0) -> np.ndarray:
        return 100 + size * np.cumsum(draws.normal(size=ROWS))

    def growing() -> np.ndarray:
        return 20 + week + (0.3 + time / 500) * draws.normal(size=ROWS)

    def swinging() -> np.ndarray:
        return 20 + (0.3 + (time // 7 % 8 == 0)) * draws.normal(size=ROWS)

    def shifted() -> np.ndarray:
        return noisy(0.5) + 5 * (time > draws.integers(200, 500))

    def count() -> np.ndarray:
        return draws.poisson(draws.uniform(0.3, 3), ROWS).astype(float)

    def heavy() -> np.ndarray:
        return 30 + week + draws.standard_t(3, ROWS)

    kinds = {
        "noisy beside constants": [noisy, *[lambda: np.full(ROWS, 5.0)] * 4],
        "noisy beside smooth": [noisy, *[smooth] * 4],
        "noisy": [noisy] * 5,
        "smooth": [smooth] * 5,
        "two sizes": [lambda: noisy(0.2)] * 3 + [lambda: noisy(3)] * 3,
        "ten sizes": [lambda s=s: noisy(s) for s in np.geomspace(0.1, 10, 10)],
        "walks": [walk] * 5,
        "walks and noise": [walk] * 3 + [noisy] * 3,
        "walks of many sizes": [lambda s=s: walk(s) for s in np.geomspace(0.01, 1, 6)],
        "noise that grows": [growing] * 5,
        "noise that grows, beside steady": [growing] * 3 + [noisy] * 3,
        "noise that swings": [swinging] * 5,
        "level shifts": [shifted] * 5,
        "level shifts beside steady": [shifted] * 2 + [noisy] * 4,
        "counts": [count] * 8,
        "counts beside noise": [count] * 4 + [noisy] * 4,
        "heavy tails": [heavy] * 5,
        "heavy tails beside smooth": [heavy] * 2 + [smooth] * 4,
        "one series": [noisy],
        "mixed lengths": [lambda n=n: noisy(1, n) for n in (500, 600, 800, 1000, 1000)],
    }
    return {
        name: (framed({f"s{i}": make() for i, make in enumerate(makers)}), H)
        for name, makers in kinds.items()
    }


def public(folder: Path) -> dict[str, tuple[pd.DataFrame, int]]:
    """Return the public panels, the hourly ones cut to their last 3,000 rows, M4 to twenty series."""
    tourism = pd.read_csv(folder / "australia_tourism.csv.gz")
    tourism["unique_id"] = tourism[["Region", "State", "Purpose"]].agg("/".join, axis=1)
    tourism["ds"] = pd.to_datetime(tourism["date_time"])
    vic = pd.read_csv(folder / "vic_electricity.csv.gz")["Demand"].to_numpy(float)
    pjm = {name: pd.read_csv(folder / f"pjm_{name}_hourly.csv.gz") for name in ("AEP", "COMED")}
    mega = {name: each.sort_values("Datetime").iloc[:, 1].to_numpy(float) for name, each in pjm.items()}
    beijing = pd.read_csv(folder / "beijing_pm25.csv.gz")["pm2.5"].interpolate().bfill().to_numpy(float)
    m4 = pd.read_csv(folder / "m4_hourly_train.csv.gz", index_col=0).iloc[::20]
    return {
        "tourism": (tourism.rename(columns={"Trips": "y"})[["unique_id", "ds", "y"]], 4),
        "vic": (hourly({"vic": vic}, "30min"), 48),
        "m4 hourly": (hourly({str(name): row.dropna().to_numpy(float) for name, row in m4.iterrows()}), 24),
        "pjm": (hourly(mega), 24),
        "beijing": (hourly({"pm2.5": beijing}), 24),
    }


def hourly(columns: dict[str, np.ndarray], freq: str = "h") -> pd.DataFrame:
    """Return the last 3,000 rows of series as a long frame."""
    parts = []
    for name, y in columns.items():
        last = y[-3000:]
        stamps = pd.date_range("2020-01-01", periods=len(last), freq=freq)
        parts.append(pd.DataFrame({"unique_id": name, "ds": stamps, "y": last}))
    return pd.concat(parts, ignore_index=True)
