"""Making: how Keras makes networks of thousands of layers of their text."""

from __future__ import annotations

import sys
import threading
from inspect import getattr_static
from typing import Any

import keras

FRAMES = 10_000
"""Calls inside one another that there is room for: Keras goes back through a chain, a call for each layer."""

_OF_KERAS = getattr_static(keras.Sequential, "from_config")


class _AtLength:
    """While any thread is in it, long networks are made: a Sequential at once, where Keras makes it anew with
    each layer that it adds, and chains of more layers than Python lets calls stand inside one another.
    """

    def __init__(self) -> None:
        self._lock, self._threads, self._frames = threading.Lock(), 0, 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._threads:
                self._frames = sys.getrecursionlimit()
                sys.setrecursionlimit(max(self._frames, FRAMES))
                keras.Sequential.from_config = classmethod(_sequential)
            self._threads += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._threads -= 1
            if not self._threads:
                sys.setrecursionlimit(self._frames)
                keras.Sequential.from_config = _OF_KERAS


at_length = _AtLength()


class _Gathered(keras.Sequential):
    """The layers that Keras makes of a text, of which nothing is built."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self.gathered: list[keras.Layer] = []

    def add(self, layer: keras.Layer, rebuild: bool = True) -> None:
        self.gathered.append(layer)


def _sequential(cls: type, config: dict[str, Any], custom_objects: Any = None) -> keras.Sequential:
    """Return what Keras makes of the same text, with each layer called once."""
    make = _OF_KERAS.__func__
    if cls is not keras.Sequential:  # a class of the user may add layers in its own way
        return make(cls, config, custom_objects)
    plain = {key: value for key, value in config.items() if key != "build_input_shape"}
    found = make(_Gathered, plain, custom_objects)
    model = keras.Sequential(list(found.gathered), name=found.name)
    shape = config.get("build_input_shape")
    if not model.built and shape and isinstance(shape, (tuple, list)):
        model.build(shape)
    return model
