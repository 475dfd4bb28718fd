"""Compiled: how a model of the user's is trained, as it was compiled."""

from __future__ import annotations

import logging
from typing import Any

import keras

from normcast import keras_seam
from normcast.engine.training import Training

_log = logging.getLogger("normcast")


def compiled_training(model: keras.Model, where: str) -> Training:
    """Return optimizer with all its settings and loss, as the model was compiled; Adam and mse if it was not.

    Raises ValueError, which begins with where, for what the engine does not train with, so that nothing is
    left out in silence.

    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> net.compile(keras.optimizers.Lion(0.25, clipnorm=1.0), loss="huber")
    >>> training = compiled_training(net, "Study")
    >>> training.build_optimizer().clipnorm, training.learning_rate, training.loss
    (1.0, 0.25, 'huber')
    """
    if not model.compiled:
        return Training(optimizer="adam")
    given = keras_seam.compile_arguments(model) or {}
    _refuse_weights(given, model, where)
    _tell_of_metrics(given, model, where)
    loss = _only(given.get("loss", model.loss), model, where)
    try:
        return Training(optimizer=model.optimizer, loss=loss or "mse", undecayed=_undecayed(model))
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{where}: model {model.name!r} cannot be trained as it is compiled. {error}"
        ) from error


def _refuse_weights(given: dict[str, Any], model: keras.Model, where: str) -> None:
    if given.get("loss_weights") is not None:
        raise ValueError(
            f"{where}: model {model.name!r} is compiled with loss_weights={given['loss_weights']!r}, which "
            "are not taken. Put the weight into the loss."
        )


def _tell_of_metrics(given: dict[str, Any], model: keras.Model, where: str) -> None:
    if given.get("metrics") or given.get("weighted_metrics"):
        _log.warning(
            "normcast: %s: model %r is compiled with metrics, which are not measured; scores are the task's.",
            where,
            model.name,
        )


def _only(given: Any, model: keras.Model, where: str) -> Any:
    """Return the one element of a list or dict, as Keras takes for a model of one output."""
    if not isinstance(given, list | tuple | dict):
        return given
    parts = list(given.values() if isinstance(given, dict) else given)
    if len(parts) != 1:
        raise ValueError(
            f"{where}: model {model.name!r} has {len(parts)} outputs with a loss each; give it one output."
        )
    return parts[0]


def _undecayed(model: keras.Model) -> tuple[str, ...]:
    """Return the paths of the variables that the optimizer's weight decay leaves out."""
    if not model.optimizer.weight_decay:
        return ()
    asked = [(v.path, keras_seam.is_decayed(model.optimizer, v)) for v in model.trainable_variables]
    return tuple(path for path, decayed in asked if decayed is False)
