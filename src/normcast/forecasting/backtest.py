"""Backtest: forecasts from rolling origins, ours next to the baselines, and their scores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from normcast.candidates import FittedCandidate
from normcast.data import Panel
from normcast.engine import Progress, progress_bar
from normcast.errors import counted
from normcast.forecasting.combination import NETWORK, Combination
from normcast.forecasting.fitted import Fitted
from normcast.forecasting.learned import Learned, fold_before, intervals_like, learn
from normcast.forecasting.rolling import Rolling
from normcast.forecasting.settings import Settings
from normcast.scoring import Scores, level_columns, models_of, score, seasonal_error
from normcast.sheet import Sheet, Shown, Table
from normcast.tasks import ForecastFold
from normcast.windows.arrays import Arrays

MODEL = "normcast"
FoldReport = Callable[[int, Progress], None] | None


@dataclass(frozen=True, eq=False, repr=False)
class Backtest(Shown):
    """Forecasts from rolling origins with what they are judged by.

    Parameters
    ----------
    panel : Panel
        The series.
    frame : pandas.DataFrame
        The forecasts under standard names: unique_id, ds, cutoff (the last row seen), y, and a column for
        each model and interval bound, in the unit of the target.
    table : DataFrame
        The same rows in the user's frame type and names.
    scores : Scores
        How good they are, per series, cutoff and step, and over all; see `normcast.scoring.Scores`.
    folds : tuple of Learned
        What was learned at each cutoff where something was.
    seconds : float
        Wall time of all of it.

    Examples
    --------
    >>> import normcast
    >>> table = pd.DataFrame({"ds": range(60), "y": [step % 6 + step / 60 for step in range(60)]})
    >>> forecaster = normcast.Forecaster(h=2, input_size=6, season=6, level=(), model="seasonal_naive")
    >>> _ = forecaster.cross_validation(table, n_windows=2, progress=False)
    >>> forecaster.backtest_.scoreboard().columns.tolist()
    ['mase', 'mae', 'mse', 'rmse', 'smape']
    """

    panel: Panel
    frame: pd.DataFrame
    table: Any
    scores: Scores
    folds: tuple[Learned, ...]
    seconds: float

    def _sheet(self) -> Sheet:
        stamps = np.sort(self.frame["cutoff"].unique())
        first, *_, last = [self.panel.stamps.show(int(each)) for each in stamps.astype(np.int64)] * 2
        many = f"{counted(len(stamps), 'cutoff')} of {counted(self.panel.n_series, 'series')}"
        facts = {"cutoffs": first if first == last else f"{first} to {last}"}
        facts |= {"fits": str(len(self.folds)), "seconds": f"{self.seconds:.1f}"}
        return Sheet("Backtest", f" at {many}, best first", facts, table=Table.of_scores(self.scoreboard()))

    def scoreboard(self) -> pd.DataFrame:
        """Return the scores over all series and folds.

        Returns
        -------
        pandas.DataFrame
            One row per model and one column per metric, best MASE first, or best MAE where no MASE is known.
            Smaller is better, but of coverage, which should be near its level.
        """
        board = self.scores.overall.pivot(index="model", columns="metric", values="value")
        board = board[self.scores.overall["metric"].unique()]
        return board.sort_values("mase" if board["mase"].notna().any() else "mae")

    def standardized(self) -> pd.DataFrame:
        """Return the MSE and MAE of standardized values.

        Each series is standardized by the rows that the first fit trained on, as in published results on ETT
        and the like, whose scores are the mean over all series and windows.

        Returns
        -------
        pandas.DataFrame
            One row per model, least MSE first, columns mse and mae without unit. NaN where such a series
            never changed.
        """
        first = self.folds[0]
        trained = first.sizes.trained(first.rows, first.fitted.h)
        return standard_scores(self.panel, self.scores.folds, trained)


def standard_scores(panel: Panel, folds: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """Return MSE and MAE of values standardized by the first `rows` rows of each series: one row per model.

    folds: as `Scores` has them. The mean that standardizing takes off is in no error; the spread divides it.
    """
    own = [slice(first, first + n) for first, n in zip(panel.offsets[:-1], rows, strict=True)]
    spreads = pd.Series({s: panel.y[i][panel.observed[i]].std() for s, i in zip(panel.ids, own, strict=True)})
    spread = folds["unique_id"].map(spreads.where(spreads > 0))
    power = folds["metric"].map({"mse": 2, "mae": 1})
    scaled = folds.assign(value=folds["value"] / spread**power)[power.notna()]
    return scaled.pivot_table(index="model", columns="metric", values="value")[["mse", "mae"]].sort_values(
        "mse"
    )


def backtest(
    panel: Panel,
    settings: Settings,
    rolling: Rolling,
    *,
    progress: FoldReport = None,
    checkpoint: Path | None = None,
) -> Backtest:
    """Forecast a panel's past from its origins; `Forecaster.cross_validation` does so after reading a table.

    Each fit has its own scaling, ridge, fresh networks and corrections, from rows before the first of the
    origins that it serves.

    Parameters
    ----------
    panel : Panel
        The series.
    settings : Settings
        What forecasts, and how it is trained.
    rolling : Rolling
        The origins, and at which of them something is learned.
    progress : callable or None, default None
        Called with the number of the fit and `engine.Progress`.
    checkpoint : Path or None, default None
        A folder in which each fit keeps what it trained, so that the same call goes on from there.

    Returns
    -------
    Backtest
        The forecasts, their scores, and what was learned.

    Examples
    --------
    >>> table = pd.DataFrame({"ds": range(60), "y": [step % 6 + step / 60 for step in range(60)]})
    >>> settings = Settings(h=2, input_size=6, level=(), model="seasonal_naive")
    >>> backtest(Panel.from_frame(table, season=6), settings, Rolling(n_windows=2)).frame.shape[0]
    4
    """
    begun = time.perf_counter()
    arrays = laid_out(panel, settings)
    origins, held = rolling.origins(panel, settings.h), rolling.held(panel)
    every = rolling.every(len(origins))
    folds: list[Learned] = []
    pieces, parts = [], []
    for number, first in enumerate(range(0, len(origins), every)):
        served = origins[first : first + every]  # (origins, series) that this fit forecasts from
        file, listener = fold_file(checkpoint, number), told(progress, number)
        learned = learn(arrays, served[0], panel.season, settings, listener, file, keep=True, held=held)
        learned = with_candidates(learned, folds[-1].candidates) if folds else learned
        pieces.append(forecasts(learned, arrays, served))
        parts.append(scales(panel, learned.fold.scaled.arrays, served, settings.h))
        folds.append(learned.letting_go(partial(fold_again, panel, served[0], settings, held)))
        del learned  # what a fold holds of a long series need not lie beside the next fold's
    pieces, lacking = shared(pieces)
    frame, table = framed(panel, arrays, origins, pieces)
    scores = score(frame, pd.concat(parts, ignore_index=True), settings.level)
    scores = replace(scores, notes=(*scores.notes, *lacking))
    return Backtest(panel, frame, table, scores, tuple(folds), time.perf_counter() - begun)


def with_candidates(learned: Learned, before: dict[str, FittedCandidate]) -> Learned:
    """Return a fit with the candidates of the fit before that no longer apply, as they were fitted then."""
    kept = {name: each.final for name, each in before.items()}
    return replace(learned, candidates={**kept, **learned.candidates})


def shared(pieces: list[dict[str, np.ndarray]]) -> tuple[list[dict[str, np.ndarray]], list[str]]:
    """Return the columns that all fits have, and a note on each model that some lack."""
    names = [name for name in pieces[0] if all(name in piece for piece in pieces)]
    points = {name for piece in pieces for name in models_of(pd.DataFrame(columns=list(piece)))} - set(names)
    notes = [f"{name} has no column: it does not apply at every cutoff" for name in sorted(points)]
    return [{name: piece[name] for name in names} for piece in pieces], notes


def fold_file(folder: Path | None, number: int) -> Path | None:
    """Return where a fold keeps what it trained, if it does."""
    return None if folder is None else folder / f"fold-{number}.safetensors"


def laid_out(panel: Panel, settings: Settings) -> Arrays:
    """Return the columns of a panel with room for the horizon."""
    return Arrays.of(panel, settings.h, calendar=settings.calendar)


def fold_again(panel: Panel, rows: np.ndarray, settings: Settings, held: int | None) -> ForecastFold:
    """Return the fold that was learned from, made anew."""
    return fold_before(laid_out(panel, settings), rows, settings, held)


def told(progress: FoldReport, number: int) -> Callable[[Progress], None] | None:
    """Return a listener for one fold."""
    return None if progress is None else lambda each: progress(number, each)


@contextmanager
def reporting_folds(asked: FoldReport | bool, folds: int) -> Iterator[FoldReport]:
    """Give what is told of so many folds: a line for True, what was handed in, or nothing."""
    if not isinstance(asked, bool):
        yield asked
        return
    with progress_bar(quiet=not asked) as bar:
        yield lambda number, now: bar(now.among(number, folds))


def forecasts(learned: Learned, arrays: Arrays, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return every column of every model, each (windows, h), in the unit of the series.

    rows: before each cutoff, (series,) or (origins, series); the windows stand in this order.
    """
    scaled = learned.fitted.scaling.scaled(arrays)
    windows = arrays.last(rows, learned.sizes.input_size)
    quantiles = {MODEL: learned.fitted.forecast(scaled, windows)}
    if learned.fitted.weights and learned.fitted.combination.errors:
        quantiles[learned.network] = alone(learned, NETWORK).forecast(scaled, windows)
    named = learned.fitted.combination.only_tried  # which is the forecast itself
    others = [name for name in learned.candidates if name != named]
    quantiles |= {name: alone(learned, name).forecast(scaled, windows) for name in others}
    level = () if learned.fitted.intervals is None else learned.fitted.intervals.levels
    return {column: values for name in quantiles for column, values in columns(name, quantiles[name], level)}


def columns(name: str, quantiles: np.ndarray, level: tuple[float, ...]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield a model's columns, the point forecast first: (name, (n, h))."""
    names = level_columns(name, level)
    order = sorted(range(len(names)), key=lambda i: names[i] != name)
    return ((names[i], quantiles[..., i]) for i in order)


def alone(learned: Learned, name: str) -> Fitted:
    """Return one part of what was learned, `NETWORK` or a candidate, as a forecast of its own.

    Its intervals come from the same calibration windows as ours.
    """
    fitted, many = learned.fitted, max(1, len(learned.fitted.quantiles))
    candidates = {} if name == NETWORK else {name: learned.candidates[name]}
    combination = Combination.alone(name, np.zeros((fitted.h, many)))
    one = replace(fitted, candidates=candidates, combination=combination)
    return replace(one, intervals=intervals_like(fitted, learned.fold, partial(one.raw, learned.fold.scaled)))


def framed(
    panel: Panel, arrays: Arrays, origins: np.ndarray, pieces: list[dict[str, np.ndarray]]
) -> tuple[pd.DataFrame, Any]:
    """Return the forecasts of all cutoffs as a pandas frame with standard names, and as the user's frame."""
    n_windows, n_series = origins.shape
    h = arrays.h
    series = np.tile(np.repeat(np.arange(n_series), h), n_windows)
    first = panel.offsets[:-1] + origins  # (n_windows, S): the first row after each cutoff
    rows = (first[..., None] + np.arange(h)).ravel()
    cutoff = np.repeat(panel.time[(first - 1).ravel()], h)
    values = {name: np.concatenate([piece[name].ravel() for piece in pieces]) for name in pieces[0]}
    y = np.where(panel.observed[rows], panel.y[rows], np.nan)
    keys = {"unique_id": np.array(panel.ids, dtype=object)[series], "ds": panel.time[rows], "cutoff": cutoff}
    frame = pd.DataFrame({**keys, "y": y, **values})
    named = {"cutoff": panel.write_stamps(cutoff), panel.columns.target_name: y, **values}
    table = panel.frame(series, panel.time[rows], named)
    return frame, table


def scales(panel: Panel, seen: Arrays, origins: np.ndarray, h: int) -> pd.DataFrame:
    """Return what MASE divides by, for each cutoff and series, from the rows before it.

    seen: the columns as those who forecast from these origins saw them, without outliers.
    """
    windows = replace(seen.last(origins, 1), h=h)
    scale = seasonal_error(seen.y, windows, seen.offsets, panel.season, seen.observed)
    cutoff = panel.time[(panel.offsets[:-1] + origins - 1).ravel()]
    names = np.array(panel.ids, dtype=object)[windows.series]
    return pd.DataFrame({"unique_id": names, "cutoff": cutoff, "scale": scale})
