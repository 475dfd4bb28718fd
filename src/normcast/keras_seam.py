"""Keras seam: what Keras keeps to itself and we use all the same.

Each name stands with what is done where a new Keras no longer has it: it makes us slower, or leaves something
unchecked, never wrong, and is said once.
"""

import logging
from collections.abc import Iterator
from functools import cache
from typing import Any

import keras

_log = logging.getLogger("normcast")


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
    x = keras.Input((1,))
    return type(keras.Model(x, x))


@cache
def told_gone(name: str) -> None:
    """Say, once, that this Keras has no such name."""
    _log.warning("normcast: Keras %s hides %s; normcast does without it.", keras.__version__, name)
