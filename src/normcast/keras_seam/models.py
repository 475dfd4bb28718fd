"""What Keras' models and layers keep to themselves: their graph, their calls, how they are compiled."""

import logging
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import keras

from normcast.keras_seam.gone import told_gone


def all_layers(layer: keras.Layer) -> list[keras.Layer]:
    """Return the layer and all inside it, at any depth, each once, in the order of their making.

    Hidden: `Layer._flatten_layers`. Without it: what stands in the layer's own attributes.

    >>> [each.name for each in all_layers(keras.layers.LSTM(2, name="lstm"))]
    ['lstm', 'lstm_cell']
    """
    flatten = getattr(layer, "_flatten_layers", None)
    if flatten is None:
        told_gone("Layer._flatten_layers")
        return list({id(each): each for each in _in_attributes(layer)}.values())
    return list(flatten(include_self=True, recursive=True))


def _in_attributes(layer: keras.Layer) -> Iterator[keras.Layer]:
    waiting, seen = [layer], set()
    while waiting:
        thing = waiting.pop(0)
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, keras.Layer):
            yield thing
            waiting += getattr(thing, "layers", [])
            waiting += vars(thing).values()
        elif isinstance(thing, dict):
            waiting += thing.values()
        elif isinstance(thing, (list, tuple)):
            waiting += thing


def is_functional(model: Any) -> bool:
    """Say whether a model has the graph of calls that `keras.Model(inputs, outputs)` has.

    Hidden: the class Functional, here read off a model made by public means.
    """
    return isinstance(model, _functional_class())


def is_plain_model(model: Any) -> bool:
    """Say whether a model is Keras' own kind, Sequential or functional, and not a subclass of either."""
    return type(model) in (keras.Sequential, keras.Model, _functional_class())


@cache
def _functional_class() -> type:
    x = keras.Input((1,), name="x")  # named: Keras counts up names for the user's models
    return type(keras.Model(x, keras.layers.Identity(name="y")(x), name="probe"))


def history(tensor: keras.KerasTensor) -> tuple[Any, int, int]:
    """Return (operation, number of its call, number of the output) that a symbolic tensor came from.

    Hidden: `KerasTensor._keras_history`. Without it AttributeError: a graph is not checked, which is said.
    """
    operation, number, output = tensor._keras_history
    return operation, number, output


def call_of(operation: Any, number: int) -> Any:
    """Return the node of one call of an operation: `input_tensors`, `output_tensors`, `arguments`.

    Hidden: `Operation._inbound_nodes`. Without it AttributeError, as for `history`.
    """
    return operation._inbound_nodes[number]


def calls_of(operation: Any) -> list[Any]:
    """Return the nodes of all calls of an operation.

    Hidden: as for `call_of`. Without it none, and the steps of unrolled layers are not counted.
    """
    if not hasattr(operation, "_inbound_nodes"):
        told_gone("Operation._inbound_nodes")
    return list(getattr(operation, "_inbound_nodes", ()))


def adapted_layers(model: keras.Layer) -> list[keras.layers.Normalization]:
    """Return the layers that were adapted: they compute with constants that they made of their weights then.

    Who assigns such weights calls `finalize_state` after it, and who tells programs apart looks at them.
    """
    found = [each for each in all_layers(model) if isinstance(each, keras.layers.Normalization)]
    return [each for each in found if each.weights]


def has_added_losses(model: keras.Model) -> bool:
    """Say whether a model adds losses of its own to the compiled one.

    Hidden: `Layer._losses`. Without it: whether there is any loss, those of regularizers among them.
    """
    if not hasattr(model, "_losses"):
        told_gone("Layer._losses")
        return bool(model.losses)
    return bool(model._losses)


@contextmanager
def losses_kept(model: keras.Model) -> Iterator[None]:
    """Keep the losses that layers added in the model's last call through the calls of this block.

    Hidden: `Layer._losses`, `Layer._loss_ids`. Without them: `model.losses` is that of the last call.
    """
    layers = [each for each in all_layers(model) if hasattr(each, "_losses") and hasattr(each, "_loss_ids")]
    if not layers:
        told_gone("Layer._losses")
    before = [(each, list(each._losses), set(each._loss_ids)) for each in layers]
    try:
        yield
    finally:
        for each, losses, ids in before:
            each._losses[:] = losses
            each._loss_ids.clear()
            each._loss_ids.update(ids)


def compile_arguments(model: keras.Model) -> dict[str, Any] | None:
    """Return the arguments that a model was compiled with, as the objects they are.

    Hidden: `Trainer._compile_config`. Without it: None, as for a model that was not compiled.
    """
    kept = getattr(model, "_compile_config", None)
    if kept is None and model.compiled:
        told_gone("Trainer._compile_config")
    return getattr(kept, "config", None)


def own_training(model: keras.Model) -> str | None:
    """Return the method by which a model's class trains in a way of its own, None for Keras' way.

    >>> own_training(keras.Sequential())
    """
    methods = ("train_step", "compute_loss")
    return next(
        (name for name in methods if getattr(type(model), name) is not getattr(keras.Model, name)), None
    )


def own_compiling(model: keras.Model) -> str | None:
    """Return the method by which a model's class is compiled in a way of its own, None for Keras' way.

    >>> own_compiling(keras.Sequential())
    """
    methods = ("compile", "compile_from_config", "get_compile_config")
    return next((n for n in methods if getattr(type(model), n) is not getattr(keras.Model, n)), None)


def functional_module() -> str:
    """Return the module that Keras writes for a functional model in a configuration."""
    return _functional_class().__module__


@contextmanager
def named_anew() -> Iterator[None]:
    """Let Keras count names from the first on, as in a process that made nothing yet, and go on afterwards.

    An operation on tensors has no name but the counted one, so that two networks alike would be written
    otherwise. Hidden: the counter. Without it: they are.

    >>> with named_anew():
    ...     first = keras.layers.Dense(1).name
    >>> first
    'dense'
    """
    try:
        from keras.src.backend.common.global_state import get_global_attribute, set_global_attribute
    except ImportError:
        told_gone("global_state.object_name_uids")
        yield
        return
    counted = get_global_attribute("object_name_uids")
    set_global_attribute("object_name_uids", defaultdict(int))
    try:
        yield
    finally:
        set_global_attribute("object_name_uids", counted)


_SLOTS = "Skipping variable loading for optimizer"
_ON_LOADING = (
    "Error when creating the weights of optimizer",
    "Error in loading the saved optimizer",
    "Compiled the loaded model, but the compiled metrics have yet to be built",
)


@contextmanager
def no_word_on_optimizers() -> Iterator[None]:
    """Keep Keras from saying on every load that slots of an optimizer, or metrics, are made anew.

    A network that is loaded is looked at, or trained from fresh slots. Hidden: the wording of these warnings,
    and the logger of two. With another wording: they are said.
    """
    log = logging.getLogger("absl")
    unsaid = lambda record: not record.getMessage().startswith(_ON_LOADING)  # noqa: E731
    log.addFilter(unsaid)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", _SLOTS)
            yield
    finally:
        log.removeFilter(unsaid)


def is_operation(spec: dict[str, Any]) -> bool:
    """Say whether a part of a configuration is an operation on tensors, such as an addition, not a layer."""
    return (spec.get("module") or "").startswith("keras.src.ops")
