"""What a forecaster learned and forecast at a cutoff, as things that must not change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from normcast.data import Panel
from normcast.forecasting.learned import Learned
from normcast.leakage.watch import Watched


def learned_things(learned: Learned, panel: Panel, prefix: str) -> dict[str, Watched]:
    """Return sizes, windows, scaled rows, scaling, weights, losses and interval corrections.

    panel: the table as it is, which tells where a value stands.
    """
    columns = (panel.columns.target_name, *panel.columns.hist_exog, *panel.columns.futr_exog)
    sizes = learned.sizes
    found = {
        "sizes": Watched(np.array([sizes.input_size, sizes.n_valid, sizes.n_calib, *learned.rows]), item),
        **combination(learned),
        **statistics(learned.fold.scaling, "scaling", panel),
        "scaled rows": scaled_rows(learned, panel, columns),
        "windows": windows(learned),
        **weights(learned),
    }
    intervals = learned.fitted.intervals
    if intervals is not None:
        found["interval corrections"] = Watched(intervals.conformal.corrections, item)
        found["interval scales"] = Watched(
            np.column_stack([intervals.scale.error, intervals.scale.width]), item
        )
    return {prefix + name: each for name, each in found.items()}


def combination(learned: Learned) -> dict[str, Watched]:
    """Return the weights of a combination with what it was chosen by, and the candidates in it."""
    own = learned.fitted.combination
    found = {
        "weights of the combination": Watched(np.vstack([own.shares.usual, own.shares.own]), item),
        "errors that chose them": Watched(np.array(list(own.errors.values())), part(own.errors)),
        "widths of the candidates": Watched(np.append(own.widths.ravel(), own.spread), item),
    }
    for name, each in learned.fitted.candidates.items():
        for of, values in vars(each).items():
            found[f"{of} of {name}"] = Watched(np.asarray(values, dtype=np.float64), item)
    return found


def part(by_name: Mapping[str, float]) -> Callable[[int], str]:
    """Return what says which part of a forecast a value is of."""
    names = list(by_name)
    return lambda at: names[at]


def item(at: int) -> str:
    """Say where a value without a place stands."""
    return f"value {at + 1}"


def statistics(value: Any, name: str, panel: Panel) -> dict[str, Watched]:
    """Return all arrays in a value made of dataclasses, such as a scaling, each by its name in it."""
    if isinstance(value, np.ndarray):
        return {name: Watched(value, by_series(value, panel))}
    if not is_dataclass(value):
        return {}
    found: dict[str, Watched] = {}
    for each in fields(value):
        found |= statistics(getattr(value, each.name), f"{name}.{each.name}", panel)
    return found


def by_series(values: np.ndarray, panel: Panel) -> Callable[[int], str]:
    """Return what says of which series and column a statistic (series, columns) is."""
    if not values.ndim or len(values) != panel.n_series:
        return item
    many = values[:1].size
    return lambda at: f"series {panel.ids[at // many]!r}, column {at % many + 1}"


def scaled_rows(learned: Learned, panel: Panel, columns: tuple[str, ...]) -> Watched:
    """Return the rows before the cutoff as the network reads them, (rows, channels)."""
    rows, arrays = learned.rows, learned.fold.arrays
    series = np.repeat(np.arange(len(rows)), rows)
    place = np.arange(rows.sum()) - np.repeat(np.cumsum(rows) - rows, rows)
    past = learned.fold.scaled.past[arrays.offsets[series] + place]

    def where(at: int) -> str:
        row, channel = divmod(at, past.shape[1])
        return f"{stamp(panel, int(series[row]), int(place[row]))}, column {columns[channel]!r}"

    return Watched(past, where)


def stamp(panel: Panel, series: int, place: int) -> str:
    """Say which row of a series stands at a place, from 0."""
    time = panel.time.view(np.int64)[panel.offsets[series] + place]
    return f"series {panel.ids[series]!r}, {panel.stamps.show(int(time))}"


def windows(learned: Learned) -> Watched:
    """Return where the windows of training, validation and calibration begin in their series."""
    parts = (learned.fold.split.train, learned.fold.split.valid, learned.fold.split.calib)
    series = np.concatenate([part.series for part in parts])
    start = np.concatenate([part.start for part in parts]) - learned.fold.arrays.offsets[series]
    return Watched(np.column_stack([series, start]), item)


def weights(learned: Learned) -> dict[str, Watched]:
    """Return weights and losses of each seed."""
    model = learned.fitted.model
    names = [] if model is None else [variable.path for variable in model.weights]
    found = {}
    for each in learned.trained:
        for name, values in zip(names, each.weights, strict=True):
            found[f"weights {name} of seed {each.seed}"] = Watched(np.asarray(values), item)
        for name in ("loss", "val_loss"):
            found[f"{name} of seed {each.seed}"] = Watched(np.array(each.history[name]), epoch)
    for number, own in enumerate(learned.fitted.weights):
        flat = np.concatenate([np.ravel(values) for values in own])
        found[f"weights that forecast, network {number + 1}"] = Watched(flat, item)
    return found


def epoch(at: int) -> str:
    """Say which epoch a loss is of."""
    return f"epoch {at}"


def forecast_things(
    blocks: Mapping[str, np.ndarray], panel: Panel, rows: np.ndarray, prefix: str
) -> dict[str, Watched]:
    """Return forecasts (series, h) by column, made after the first `rows` rows of each series."""

    def placed(h: int) -> Callable[[int], str]:
        return lambda at: stamp(panel, at // h, int(rows[at // h]) + at % h)

    return {
        f"{prefix}forecast {name}": Watched(values, placed(values.shape[1]))
        for name, values in blocks.items()
    }


def scored_things(scores: pd.DataFrame, piece: pd.DataFrame, prefix: str) -> dict[str, Watched]:
    """Return the scores of one cutoff, per model. piece: its rows of the back-test's frame."""
    keys: Any = piece[["unique_id", "cutoff"]].drop_duplicates()
    own = keys.merge(scores, on=["unique_id", "cutoff"], how="left")
    found = {}
    for model, rows in own.groupby("model", sort=False):
        said = list(zip(rows["unique_id"], rows["metric"], strict=True))
        found[f"{prefix}scores of {model}"] = Watched(rows["value"].to_numpy(), placed_score(said))
    return found


def placed_score(said: list[tuple[Any, Any]]) -> Callable[[int], str]:
    """Return what says which series and metric a score is of."""
    return lambda at: f"series {said[at][0]!r}, {said[at][1]}"
