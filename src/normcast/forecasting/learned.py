"""Learned: everything that is learned from the rows before one cutoff."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from normcast.candidates import FittedCandidate, Ridge, StagedRidge, fit_candidates
from normcast.data.counts import lowest
from normcast.engine import ObservedLoss, PinballLoss, Progress, Trained, Training, train
from normcast.errors import counted
from normcast.forecasting.combination import NETWORK, Combination
from normcast.forecasting.fitted import Fitted
from normcast.forecasting.settings import FEWEST_ORIGINS, Settings
from normcast.forecasting.support import sizes_of
from normcast.forecasting.warm_start import warm_start
from normcast.forecasting.weighing import combined
from normcast.scoring import Block, SeriesIntervals, grown
from normcast.tasks import ForecastFold, Sizes
from normcast.windows import Windows
from normcast.windows.arrays import Arrays

if TYPE_CHECKING:
    import keras

NON_NEGATIVE = ("relu", "relu6", "softplus", "sigmoid", "hard_sigmoid", "exponential", "softmax")


@dataclass(frozen=True, eq=False)
class Learned:
    """What was learned from the rows before a cutoff: nothing here has seen a later one.

    rows: of each series before the cutoff, (series,); sizes: the rows that are read, and the windows that are
    held out; folded: gives those rows, split and scaled; candidates: what stands beside the forecast, by
    name, as they were at each time before the cutoff; network: the name of what was trained; notes: what a
    reader must know of it.
    """

    rows: np.ndarray
    sizes: Sizes
    folded: Callable[[], ForecastFold]
    candidates: dict[str, FittedCandidate]
    trained: tuple[Trained, ...]
    fitted: Fitted
    network: str
    notes: tuple[str, ...] = ()

    @cached_property
    def fold(self) -> ForecastFold:
        """The rows before the cutoff, split and scaled; made again, the same, where they were let go."""
        return self.folded()

    def letting_go(self, folded: Callable[[], ForecastFold]) -> Learned:
        """Return the same without windows and scaled columns; folded: makes them again where one looks."""
        return replace(self, folded=folded)


def learn(
    arrays: Arrays,
    rows: np.ndarray,
    season: int,
    settings: Settings,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: Path | None = None,
    held: int | None = None,
    record: int | None = None,
    keep: bool = False,
) -> Learned:
    """Learn from the first `rows` rows of each series: scaling, candidates, networks, weights, corrections.

    checkpoint, keep: as `train` takes them; record: as in `Training`; held: as `Sizes.plan` takes it: nothing
    is learned from those rows then but when to stop, weights and corrections.
    """
    fold = fold_before(arrays, rows, settings, held)
    return learned_of(fold, season, settings, progress, checkpoint, record, keep)


def fold_before(
    arrays: Arrays, rows: np.ndarray, settings: Settings, held: int | None = None
) -> ForecastFold:
    """Return the first `rows` rows of each series, split and scaled; held: as in `learn`."""
    sizes, late = sizes_of(settings, arrays, rows, held), held is None
    return ForecastFold.before(arrays, rows, sizes, settings.h, settings.scaling, learns_late=late)


def learned_of(
    fold: ForecastFold,
    season: int,
    settings: Settings,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: Path | None = None,
    record: int | None = None,
    keep: bool = False,
) -> Learned:
    """Learn from the windows of a fold; see `learn`."""
    if settings.candidate is not None and record is not None:
        raise ValueError(
            f"record: model {settings.candidate!r} trains no network whose gradients could be seen."
        )
    candidates = fit_candidates(fold, season)
    check_head(settings, fold)
    notes = why_untrained(settings, fold)
    model = None
    trained: tuple[Trained, ...] = ()
    if not notes and settings.candidate is None:
        model = build(settings, fold.sizes.input_size, fold.arrays, fold.padded)
        trained = tuple(
            train(
                model,
                fold.batches("train"),
                replace(training_of(settings, fold.has_unobserved), record=record),
                validation=fold.batches("valid"),
                seeds=settings.seeds,
                start=start_of(settings, candidates, fold),
                progress=progress,
                checkpoint=checkpoint,
                keep=keep,
            )
        )
    fitted = combined(fitted_of(model, trained, fold, settings), candidates, fold, season, settings)
    if settings.level:
        fitted = replace(fitted, intervals=calibrated(fitted, fold, settings.level))
    fitted = replace(fitted, candidates={name: each.final for name, each in fitted.candidates.items()})
    name = settings.preset_name
    return Learned(fold.rows, fold.sizes, partial(_held, fold), candidates, trained, fitted, name, notes)


def _held(fold: ForecastFold) -> ForecastFold:
    """Return a fold that is held in memory; a function by name, so that what was learned can be pickled."""
    return fold


def why_untrained(settings: Settings, fold: ForecastFold) -> tuple[str, ...]:
    """Return the note on a network that nothing could judge, where it was asked for in a combination."""
    windows = fold.origins()
    many = len(np.unique(windows.cutoff - fold.ends[windows.series]))
    if not settings.combines or many >= FEWEST_ORIGINS:
        return ()
    return (
        f"no network was trained: {counted(many, 'origin')} could judge it beside the candidates, which read "
        f"the target alone, and {FEWEST_ORIGINS} are needed. Give longer series, or name a network (--model)",
    )


def start_of(
    settings: Settings, candidates: Mapping[str, FittedCandidate], fold: ForecastFold
) -> dict[str, np.ndarray]:
    """Return the first weights of the network: those with which it forecasts as the ridge of its window."""
    ridge = cast(StagedRidge, candidates["ridge"]).first
    errors = sample_errors(ridge, fold)
    return warm_start(settings.preset.architecture, ridge, errors, settings.quantiles)


def fitted_of(
    model: keras.Model | None, trained: tuple[Trained, ...], fold: ForecastFold, settings: Settings
) -> Fitted:
    """Return the networks that did not fail, alone, with what a forecast needs beside them."""
    quantiles = settings.quantiles
    return Fitted(
        ids=fold.arrays.ids,
        model=model,
        weights=tuple(each.weights for each in trained if not each.failed),
        candidates={},
        combination=Combination.alone(NETWORK, np.zeros((settings.h, max(1, len(quantiles))))),
        scaling=fold.scaling,
        quantiles=quantiles,
        intervals=None,
        input_size=fold.sizes.input_size,
        least=fold.sizes.least,
        h=settings.h,
        minimum=lowest(seen(fold)) if settings.minimum == "auto" else settings.minimum,
        calendar=settings.calendar,
        recurrence=trained[0].recurrence if trained else "",
    )


def seen(fold: ForecastFold) -> np.ndarray:
    """Return what was observed of all series before the cutoff, (values,)."""
    arrays = fold.arrays
    own = [slice(first, first + n) for first, n in zip(arrays.offsets[:-1], fold.rows, strict=True)]
    return np.concatenate([arrays.y[each][arrays.observed[each]] for each in own])


def check_head(settings: Settings, fold: ForecastFold) -> None:
    """Raise ValueError for a head that cannot reach targets below zero: its gradient there is zero."""
    if settings.candidate is not None:
        return
    architecture = settings.preset.architecture
    activation = architecture.head.activation
    open_ended = architecture.skip or architecture.instance_norm is not None
    if open_ended or activation not in NON_NEGATIVE or (least := fold.least_target) >= 0:
        return
    scaling = fold.scaling.kind
    why = "" if scaling == "none" else f" after scaling={scaling!r}, which takes the mean off"
    raise ValueError(
        f"Head: activation {activation!r} cannot go below zero, but the training targets reach "
        f"{least:.3g}{why}. Use activation='linear'; to keep forecasts above zero, set "
        "minimum=0 (--min 0)."
    )


def build(settings: Settings, input_size: int, arrays: Arrays, padded: bool = False) -> keras.Model:
    """Build the network for these columns, or take the keras model that was given, if it fits them."""
    if settings.foreign is not None:
        return checked(settings.foreign, input_size, 1 + arrays.exog.shape[1], settings.h)
    return settings.preset.architecture.build(
        input_size,
        1 + arrays.exog.shape[1],
        settings.h,
        quantiles=settings.quantiles,
        futr=arrays.n_futr + arrays.waves.shape[1],
        stat=arrays.stat.shape[1],
        padded=padded,
    )


def checked(model: keras.Model, input_size: int, channels: int, h: int) -> keras.Model:
    """Return a keras model if it maps (batch, input_size, channels) to (batch, h[, quantiles])."""
    shape, output = tuple(model.input_shape), tuple(model.output_shape)
    if shape[1:] != (input_size, channels) or output[1:2] != (h,):
        raise ValueError(
            f"Forecaster: model {model.name!r} maps {shape} to {output}, but the table needs "
            f"(None, {input_size}, {channels}) to (None, {h}). Set input_size and h to the model's, and "
            "give as many exogenous columns as it has channels beside the target."
        )
    return model


def training_of(settings: Settings, has_unobserved: bool = False) -> Training:
    """Return how the network is trained: as its preset says, unless asked otherwise.

    has_unobserved: whether some targets were not observed, and so carry no loss.
    """
    preset = settings.preset
    loss = PinballLoss(settings.quantiles) if settings.has_quantile_heads else preset.loss
    return Training(
        optimizer=settings.optimizer or preset.optimizer,
        learning_rate=settings.learning_rate or preset.learning_rate,
        loss=ObservedLoss(loss) if has_unobserved else loss,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        epoch_windows=settings.epoch_windows,
        patience=settings.patience,
        clipnorm=1.0,
        seed=settings.seed,
        ema_momentum=preset.ema_momentum,
    )


def sample(windows: Windows, most: int = 10_000) -> Windows:
    """Return so many of the windows at most, evenly spread."""
    return windows[:: max(1, -(-len(windows) // most))]


def sample_errors(ridge: Ridge, fold: ForecastFold) -> np.ndarray:
    """Return the ridge's errors on a sample of training windows: (n, h), in scaled units."""
    chosen = sample(fold.split.train)
    return chosen.targets(fold.scaled.truth) - ridge.forecast(fold.scaled, chosen)


def calibrated(fitted: Fitted, fold: ForecastFold, level: tuple[float, ...]) -> SeriesIntervals:
    """Learn the intervals from validation and calibration windows, and from all whether errors grow."""
    forecast = partial(fitted.raw, fold.scaled)
    train, valid, calib = (
        block(fold, forecast, windows)
        for windows in (sample(fold.split.train), fold.split.valid, fold.split.calib)
    )
    # What the weights were chosen by is part of what is calibrated on, and its errors are too small for that.
    growth = grown(train, valid, calib, fold.still) * fitted.combination.optimism
    return SeriesIntervals.fit(valid, calib, fitted.quantiles, level, fold.still, growth)


def intervals_like(
    fitted: Fitted, fold: ForecastFold, forecast: Callable[[Windows], np.ndarray]
) -> SeriesIntervals | None:
    """Learn the intervals of whatever forecasts windows as quantiles, (n, h, Q) in scaled units.

    They have the levels of a fitted model's, and its growth, as what is forecast is as hard for both, but for
    the optimism of its combination. None where that has none.
    """
    if fitted.intervals is None:
        return None
    levels, growth = fitted.intervals.levels, fitted.intervals.growth / fitted.combination.optimism
    valid, calib = (block(fold, forecast, windows) for windows in (fold.split.valid, fold.split.calib))
    return SeriesIntervals.fit(valid, calib, fitted.quantiles, levels, fold.still, growth)


def block(fold: ForecastFold, forecast: Callable[[Windows], np.ndarray], windows: Windows) -> Block:
    """Return windows beside what came, with their time from the cutoff."""
    series = windows.series
    time = windows.cutoff - (fold.arrays.offsets[series] + fold.rows[series])
    return Block(windows.targets(fold.scaled.truth), forecast(windows), series, time)
