"""Optimizer: Keras' optimizers, by name or as given, made anew for each program with all their settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import keras

from normcast import keras_seam

OPTIMIZERS = {
    "nadam": keras.optimizers.Nadam,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adamax": keras.optimizers.Adamax,
    "adadelta": keras.optimizers.Adadelta,
    "adagrad": keras.optimizers.Adagrad,
    "ftrl": keras.optimizers.Ftrl,
    "lion": keras.optimizers.Lion,
}
"""Optimizers that treat each element by itself: all variables may be joined into one vector."""

Optimizer: TypeAlias = keras.optimizers.Optimizer


def made(
    given: str | Optimizer,
    learning_rate: float | None,
    clipnorm: float | None = None,
    weight_decay: float | None = None,
) -> Optimizer:
    """Return an optimizer of these settings that no model has; what is None is as given.

    >>> given = keras.optimizers.Lion(1e-4, clipnorm=1.0)
    >>> made(given, None).clipnorm, made(given, None) is given
    (1.0, False)
    """
    changes = {"learning_rate": learning_rate, "clipnorm": clipnorm, "weight_decay": weight_decay}
    settings = {name: value for name, value in changes.items() if value is not None}
    if isinstance(given, str):
        return OPTIMIZERS[given](**settings)
    if isinstance(given, keras.optimizers.LossScaleOptimizer):
        inner = made(given.inner_optimizer, learning_rate, clipnorm, weight_decay)
        return type(given)(inner, given.initial_scale, given.dynamic_growth_steps, given.name)
    own = keras_seam.own_rate(given)  # alive, for a schedule of the user's own is in no register
    rate = {} if own is None else {"learning_rate": own}
    return type(given).from_config({**given.get_config(), **rate, **settings})


def innermost(given: Optimizer) -> Optimizer:
    """Return the optimizer that another one scales the loss for, or the given one.

    >>> type(innermost(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()))).__name__
    'SGD'
    """
    return given.inner_optimizer if isinstance(given, keras.optimizers.LossScaleOptimizer) else given


def rate_of(given: Optimizer) -> float | None:
    """Return the learning rate of an optimizer, or None where a schedule of its own tells it.

    >>> cosine = keras.optimizers.schedules.CosineDecay(0.1, 50)
    >>> rate_of(keras.optimizers.SGD(0.5)), rate_of(keras.optimizers.SGD(cosine))
    (0.5, None)
    """
    rate = innermost(given).get_config()["learning_rate"]
    return None if isinstance(rate, dict) else float(rate)


def rate_at(given: Optimizer, step: int) -> float:
    """Return the learning rate of a step, counted from 0, by the optimizer's own schedule."""
    fresh = made(given, None)
    fresh.build([])
    fresh.iterations.assign(step)
    return float(keras.ops.convert_to_numpy(fresh.learning_rate))


def is_elementwise(given: Optimizer, undecayed: Iterable[str] = ()) -> bool:
    """Say whether all variables may be joined into one vector: each element is then changed as it was alone.

    Not where norms or moments of a whole variable count (Lamb, Adafactor, Muon), gradients are gathered over
    steps before they are clipped, or the weight decay leaves variables out.
    """
    return type(given) in OPTIMIZERS.values() and not given.gradient_accumulation_steps and not undecayed


def refused(given: Optimizer) -> str | None:
    """Return why nothing here trains with an optimizer, None if something does."""
    several = getattr(keras.optimizers, "MultiOptimizer", ())
    return "has an optimizer for each variable" if isinstance(given, several) else None


def left_to_keras(given: str | Optimizer) -> str | None:
    """Return why only Keras' own fit trains with an optimizer, None if the engine does.

    >>> left_to_keras(keras.optimizers.Adam(use_ema=True))
    'keeps moving averages of its weights (use_ema=True)'
    """
    if isinstance(given, str):
        return None
    if isinstance(given, keras.optimizers.LossScaleOptimizer):
        return "scales its loss (LossScaleOptimizer)"
    if given.loss_scale_factor is not None:
        return f"scales its loss (loss_scale_factor={given.loss_scale_factor:g})"
    return "keeps moving averages of its weights (use_ema=True)" if given.use_ema else None


def plain(given: str | Optimizer) -> Any:
    """Return an optimizer as plain values: its name, or Keras' form of it without a name of its own."""
    if isinstance(given, str):
        return given
    told = keras.saving.serialize_keras_object(given)
    config = {name: each for name, each in told["config"].items() if name != "name"}
    if isinstance(given, keras.optimizers.LossScaleOptimizer):
        config["inner_optimizer"] = plain(given.inner_optimizer)
    return {**told, "config": config}
