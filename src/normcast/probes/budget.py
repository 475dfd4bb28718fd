"""The budget of a look: how many cases are differentiated at once, and of how many all values are kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import tree

from normcast.layers import GRU, LSTM, loop
from normcast.probes import loops, own
from normcast.probes.programs import Programs
from normcast.probes.taps import Part

ROOM = 100_000_000  # bytes of what one part of the cases may hold while it is differentiated
KEPT_ROOM = 48_000_000  # bytes of the values that are kept
QUICK_WORK = 5e9  # multiplications that take less time than compiling with all optimizations
BATCH = 256  # the most cases in one part


@dataclass(frozen=True)
class Budget:
    """What a look at these cases may take. x: as the model of the programs is called with it."""

    programs: Programs
    x: Any

    @cached_property
    def size(self) -> int:
        """How many cases are differentiated at once."""
        return self.fixed or even(self._cases, int(min(BATCH, max(1, ROOM // self._held))))

    @property
    def fixed(self) -> int | None:
        """How many cases the model reads at once, where it reads no other number."""
        return fixed_batch(self.programs.model)

    @property
    def each(self) -> int:
        """Bytes of all values of one case: activations, gradients, and those of the input."""
        of_step = sum(2 * sum(part.sizes.values()) for parts in self._parts for part in parts)
        return self._itemsize * self._steps * (of_step + sum(map(_features, self.programs.recurrent)))

    def kept(self, wanted: int) -> int:
        """Return of how many of the wanted cases all values are kept."""
        return min(wanted, max(1, KEPT_ROOM // max(self.each, 1)))

    @property
    def is_quick(self) -> bool:
        """Whether the look takes less time than compiling with all optimizations."""
        weights = sum(int(np.prod(v.shape)) for v in self.programs.model.trainable_variables)
        return self._cases * self._steps * weights < QUICK_WORK

    @cached_property
    def _held(self) -> int:
        """Bytes that are held of one case while it is differentiated."""
        widths = [sum(sum(part.sizes.values()) for part in parts) for parts in self._parts]
        if keras.backend.backend() != "jax":
            return self._itemsize * self._steps * 4 * max(sum(widths), 16)
        states = sum(sum(part.units) for parts in self._parts for part in parts)
        read = sum(3 * _features(each) + 4 * _returned(each) for each in self.programs.recurrent)
        at_once = loop.stretch(self._steps) if self._steps > loop.SHORT else 1
        floats = self._steps * (states / at_once + read + 8) + at_once * 8 * max([64, *widths])
        return int(self._itemsize * floats)

    @property
    def _parts(self) -> list[tuple[Part, ...]]:
        return [
            (own if isinstance(layer, (LSTM, GRU)) else loops).parts_of(layer, "")
            for layer in self.programs.recurrent
        ]

    @property
    def _cases(self) -> int:
        return len(tree.flatten(self.x)[0])

    @property
    def _steps(self) -> int:
        """How many steps a case has, those of all its slices."""
        sizes = (math.prod(leaf.shape[1:-1]) for leaf in tree.flatten(self.x) if leaf.ndim > 2)
        return max(sizes, default=1)

    @property
    def _itemsize(self) -> int:
        return np.dtype("float64" if keras.config.floatx() == "float64" else "float32").itemsize


def fixed_batch(model: keras.Model) -> int | None:
    """Return how many cases a model reads at once; None where any number will do.

    >>> fixed_batch(keras.Sequential([keras.Input((4, 1), batch_size=8), keras.layers.LSTM(2)]))
    8
    """
    shapes = [tuple(each.shape) for each in getattr(model, "inputs", None) or []]
    return next((shape[0] for shape in shapes if shape and shape[0]), None)


def in_parts(cases: int, size: int, before: Callable[[], None] | None = None) -> Iterator[slice]:
    """Yield the rows of each part of so many cases; before each part something may be done."""
    for start in range(0, cases, size):
        if before is not None:
            before()
        yield slice(start, min(cases, start + size))


def even(cases: int, most: int) -> int:
    """Return a size of parts, at most so many, that leaves no part of another size where one divides.

    >>> even(1000, 256), even(7, 256), even(13, 5)
    (250, 7, 5)
    """
    most = min(cases, most)
    return next((size for size in range(most, most // 2, -1) if cases % size == 0), most)


def _features(layer: Any) -> int:
    """Return how wide what a recurrent layer reads is."""
    kernel = getattr(layer, "kernel", None)
    kernel = getattr(getattr(layer, "cell", None), "kernel", None) if kernel is None else kernel
    return int(kernel.shape[0]) if kernel is not None else 0


def _returned(layer: Any) -> int:
    """Return how wide what a recurrent layer returns at each step is, 0 where it returns the last one."""
    return int(getattr(layer, "units", 0) or 0) if layer.return_sequences else 0
