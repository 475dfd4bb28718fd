"""Compiled anew: an edited model with all that the given one was compiled with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import keras

from normcast import keras_seam
from normcast.engine.optimizer import made
from normcast.errors import last_line
from normcast.models.edits.losses import Compile, with_loss
from normcast.models.edits.optimizer_state import Pairs, carry_state, inner_optimizers, spare


def compile_like(
    old: keras.Model, new: keras.Model, pairs: Pairs, classes: dict[str, Any], edits: Sequence[Compile]
) -> list[keras.Variable]:
    """Compile an edited model as the given one is, with the edits of that made, and its optimizer's state.

    pairs: each variable of the new model with the one that it continues, None for none; they stand behind
    the weights, for some optimizers start from those. classes: of the user's own, by name.
    Returns the variables whose state the optimizer lost. Raises ValueError for edits of a model that is not
    compiled, and for an optimizer that its own configuration does not make.
    """
    if not old.compiled or new.compiled:
        refuse_edits(old, edits)
        return []
    with keras.saving.custom_object_scope(classes):
        optimizer = _again(old.optimizer)
        _compile(old, new, optimizer, edits)
    if optimizer is None or type(new.optimizer) is not type(optimizer):
        return []
    new.optimizer = optimizer
    spare(old.optimizer, optimizer, pairs, old.variables)
    if old.optimizer.built and new.built:
        optimizer.build(new.trainable_variables)
    return carry_state(old.optimizer, optimizer, pairs)


def refuse_edits(model: keras.Model, edits: Sequence[Compile]) -> None:
    """Raise ValueError where there is nothing compiled that the edits could change."""
    if edits:
        raise ValueError(f"Compile: {model.name!r} is not compiled, so it has no loss to change; compile it.")


def _again(optimizer: Any) -> Any:
    if optimizer is None:
        return None
    parts = [optimizer, *inner_optimizers(optimizer)]
    try:
        with keras.saving.custom_object_scope({type(each).__name__: type(each) for each in parts}):
            return made(optimizer, None)
    except Exception as error:
        raise ValueError(
            f"apply: the optimizer {type(optimizer).__name__} of the model is not made anew by its "
            f"get_config() and from_config(). {last_line(error)}"
        ) from error


def _compile(old: keras.Model, new: keras.Model, optimizer: Any, edits: Sequence[Compile]) -> None:
    given = keras_seam.compile_arguments(old)
    if keras_seam.own_compiling(old) is not None:  # its own way first, where it has one both to and fro
        with suppress(Exception):  # what Keras cannot write down is handed over as it is
            new.compile_from_config(old.get_compile_config())
    if new.compiled or given is None:
        return
    told = {key: _by_output(given.get(key), old, new) for key in ("loss", "loss_weights")}
    measured = {key: _by_output(given.get(key), old, new) for key in ("metrics", "weighted_metrics")}
    for edit in edits:
        told["loss"] = with_loss(told["loss"], edit, new)
    new.compile(
        **{
            **given,
            **told,
            **{key: _map(_fresh, value) for key, value in measured.items()},
            "optimizer": optimizer,
            "auto_scale_loss": False,  # the optimizer is the one in use: it scales already, or is not to
            "run_eagerly": old.run_eagerly,
            "steps_per_execution": old.steps_per_execution,
            "jit_compile": old.jit_compile,
        }
    )


def _by_output(given: Any, old: keras.Model, new: keras.Model) -> Any:
    """Return what was given by names of outputs by those of the new model's, where an edit renamed them."""
    names, others = _output_names(old), _output_names(new)
    if (
        not isinstance(given, dict)
        or len(names) != len(others)
        or isinstance(getattr(old, "output", None), dict)
    ):
        return given
    renamed = dict(zip(names, others, strict=True))
    return {renamed.get(key, key): value for key, value in given.items()}


def _output_names(model: keras.Model) -> list[str]:
    return list(getattr(model, "output_names", None) or ())


def _map(change: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _map(change, value) for key, value in tree.items()}
    return [_map(change, value) for value in tree] if isinstance(tree, list | tuple) else change(tree)


def _fresh(metric: Any) -> Any:
    """Return a metric of the same settings with counts of its own; the same one where that cannot be made."""
    if not isinstance(metric, keras.metrics.Metric):
        return metric
    try:
        return type(metric).from_config(metric.get_config())
    except Exception:  # a function of the user's own inside, or no configuration
        return metric


def compile_edits(edits: Iterable[Any]) -> list[Compile]:
    """Return those of the edits that concern what a model is compiled with."""
    return [edit for edit in edits if isinstance(edit, Compile)]
