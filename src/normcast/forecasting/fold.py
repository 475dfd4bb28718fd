"""Fold: everything that is learned from the rows before one cutoff, and the forecast it makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from normcast.data import Split, Windows, split
from normcast.engine import PinballLoss, Progress, Trained, Training, predict, train
from normcast.forecasting.arrays import Arrays, Scaled, Scaling
from normcast.forecasting.settings import Settings
from normcast.forecasting.splits import Sizes
from normcast.forecasting.warm_start import warm_start
from normcast.scoring import Conformal, Ridge, fit_ridge

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Fold:
    """What was learned from the first `rows` rows of each series: nothing here has seen a later one."""

    settings: Settings
    sizes: Sizes
    rows: np.ndarray
    split: Split
    scaling: Scaling
    model: keras.Model
    trained: tuple[Trained, ...]
    ridge: Ridge
    conformal: Conformal | None

    def forecast(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Forecast windows in the unit of the series: (n, h, Q), or (n, h, 1) for a point forecast."""
        outputs = ensemble(self.model, self.trained, scaled, windows, self.settings)
        if self.conformal is not None:
            outputs = self.conformal.apply(outputs)
        outputs = self.scaling.target.undo(outputs, windows.series)
        return outputs if self.settings.minimum is None else np.maximum(outputs, self.settings.minimum)


def fit_fold(
    arrays: Arrays,
    rows: np.ndarray,
    season: int,
    settings: Settings,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: Path | None = None,
) -> Fold:
    """Learn from the first `rows` rows of each series: scaling, ridge, network, interval corrections."""
    sizes = Sizes.plan(rows, season, settings)
    parts = split(
        arrays.offsets,
        rows,
        sizes.input_size,
        settings.h,
        valid=sizes.n_valid,
        calib=sizes.n_calib,
        observed=arrays.observed,
        ids=arrays.ids,
    )
    scaling = Scaling.fit(arrays, rows - sizes.held_out(settings.h), settings.scaling)
    scaled = scaling.scaled(arrays)
    ridge = fit_ridge(scaled.y, parts.train, parts.valid)
    model = build(settings, sizes.input_size, arrays)
    errors = parts.valid.targets(scaled.y) - ridge.predict(scaled.y, parts.valid)
    trained = tuple(
        train(
            model,
            scaled.batches(parts.train),
            training_of(settings),
            validation=scaled.batches(parts.valid),
            seeds=settings.seeds,
            start=warm_start(settings.preset.architecture, ridge, errors, settings.quantiles),
            progress=progress,
            checkpoint=checkpoint,
        )
    )
    fold = Fold(settings, sizes, rows, parts, scaling, model, trained, ridge, None)
    return replace(fold, conformal=calibrated(fold, scaled)) if settings.level else fold


def build(settings: Settings, input_size: int, arrays: Arrays) -> keras.Model:
    """Build the network for these columns."""
    return settings.preset.architecture.build(
        input_size,
        1 + arrays.exog.shape[1],
        settings.h,
        quantiles=settings.quantiles,
        futr=arrays.n_futr,
        stat=arrays.stat.shape[1],
    )


def training_of(settings: Settings) -> Training:
    """Return how the network is trained: as its preset says, unless asked otherwise."""
    preset = settings.preset
    return Training(
        optimizer=settings.optimizer or preset.optimizer,
        learning_rate=settings.learning_rate or preset.learning_rate,
        loss=PinballLoss(settings.quantiles) if settings.quantiles else preset.loss,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        patience=settings.patience,
        clipnorm=1.0,
        seed=settings.seed,
    )


def ensemble(
    model: keras.Model, trained: tuple[Trained, ...], scaled: Scaled, windows: Windows, settings: Settings
) -> np.ndarray:
    """Return the forecast over all seeds, in scaled units: the median of quantiles, the mean of points."""
    alive = [each.weights for each in trained if not each.status.startswith("failed")]
    outputs = predict(model, alive, scaled.batches(windows))  # (seeds, n, h[, Q])
    if settings.quantiles:
        return np.sort(np.median(outputs, axis=0).astype(np.float64), axis=-1)
    return outputs.mean(axis=0, dtype=np.float64)[..., None]


def calibrated(fold: Fold, scaled: Scaled) -> Conformal:
    """Learn the interval corrections from the calibration windows, which trained nothing."""
    calib = fold.split.calib
    outputs = ensemble(fold.model, fold.trained, scaled, calib, fold.settings)
    return Conformal.fit(calib.targets(scaled.y), outputs, fold.settings.quantiles, fold.settings.level)
