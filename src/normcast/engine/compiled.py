"""Compiled: how a model of the user's is trained, as it was compiled."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import keras

from normcast import keras_seam
from normcast.engine.optimizer import Optimizer, innermost, left_to_keras
from normcast.engine.training import Training

_log = logging.getLogger("normcast")
_told: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def compiled_training(model: keras.Model, where: str) -> Training:
    """Return optimizer with all its settings and loss, as the model was compiled; Adam and mse if it was not.

    What the engine does not do is left to Keras' own training, and the log says so, once for each model.
    Raises ValueError, which begins with where, for what neither trains with.

    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> net.compile(keras.optimizers.Lion(0.25, clipnorm=1.0), loss="huber")
    >>> training = compiled_training(net, "Study")
    >>> training.build_optimizer().clipnorm, training.learning_rate, training.loss, training.by
    (1.0, 0.25, 'huber', 'engine')
    """
    if not model.compiled:
        return Training(optimizer="adam")
    given = keras_seam.compile_arguments(model) or {}
    loss = _only("loss", given.get("loss", model.loss), model, where)
    weight = _only("loss weight", given.get("loss_weights"), model, where)
    reason = _reason(model)
    try:
        training = Training(
            optimizer=model.optimizer,
            loss=loss or "mse",
            loss_weight=1.0 if weight is None else float(weight),
            undecayed=_undecayed(model),
            by="keras" if reason else "engine",
            reason=reason,
        )
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{where}: model {model.name!r} cannot be trained as it is compiled. {error}"
        ) from error
    if reason:
        _tell(model, f"{where}: model {model.name!r} {reason}: trained by Keras' own fit.")
    return training


def with_optimizer(training: Training, optimizer: str | Optimizer, where: str) -> Training:
    """Return the training with another optimizer, by Keras itself where it, or the model, asks for that.

    Keras itself averages weights only as an optimizer says.

    >>> with_optimizer(Training(), "sgd", "Study").by
    'engine'
    """
    was, left = left_to_keras(training.optimizer) or "", left_to_keras(optimizer) or ""
    reason = training.reason if training.reason != was else left
    if left and reason == left:
        _tell(optimizer, f"{where}: optimizer {type(optimizer).__name__} {left}: trained by Keras' own fit.")
    by = {"by": "keras", "ema_momentum": None} if reason else {"by": "engine"}
    return replace(training, optimizer=optimizer, reason=reason, **by)


def compiled_metrics(model: keras.Model) -> tuple[Any, ...]:
    """Return the metrics that a model was compiled with, by name, as objects or as functions.

    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> net.compile("adam", "mse", metrics=["mae"])
    >>> compiled_metrics(net)
    ('mae',)
    """
    if not model.compiled:
        return ()
    given = keras_seam.compile_arguments(model) or {}
    return tuple(_flat([given.get("metrics"), given.get("weighted_metrics")]))


def _flat(given: Any) -> list[Any]:
    if isinstance(given, dict):
        given = list(given.values())
    if isinstance(given, list | tuple):
        return [each for part in given for each in _flat(part)]
    return [] if given is None else [given]


def _reason(model: keras.Model) -> str:
    """Return why a model is left to Keras, "" where it is not."""
    method = keras_seam.own_training(model)
    if method is not None:
        return f"has a {method} of its own"
    return left_to_keras(model.optimizer) or ""


def _tell(of: Any, message: str) -> None:
    """Log a message, unless it was the last one of that model or optimizer."""
    if _told.get(of) != message:
        _told[of] = message
        _log.warning("normcast: %s", message)


def _only(what: str, given: Any, model: keras.Model, where: str) -> Any:
    """Return the one element of a list or dict, as Keras takes for a model of one output."""
    if not isinstance(given, list | tuple | dict):
        return given
    parts = list(given.values() if isinstance(given, dict) else given)
    if len(parts) != 1:
        raise ValueError(
            f"{where}: model {model.name!r} has {len(parts)} outputs with a {what} each; give it one output."
        )
    return parts[0]


def _undecayed(model: keras.Model) -> tuple[str, ...]:
    """Return the paths of the variables that the optimizer's weight decay leaves out."""
    optimizer = innermost(model.optimizer)
    if not optimizer.weight_decay:
        return ()
    asked = [(v.path, keras_seam.is_decayed(optimizer, v)) for v in model.trainable_variables]
    return tuple(path for path, decayed in asked if decayed is False)
