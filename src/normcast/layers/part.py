"""Part: one layer inside a composite, and where it reads from."""

from dataclasses import dataclass

import keras

INPUT = -1
"""Stands for the composite's own input where a part names what it reads."""


@dataclass(frozen=True)
class Part:
    """One plain layer inside a composite layer, as `unfold` lists them.

    The last part of a listing is the composite's output.

    Parameters
    ----------
    layer : keras.Layer
        The layer itself, with its weights, so that the parts compute what the composite computes.
    inputs : tuple of int
        Positions in the same listing of the parts that it reads, `INPUT` (-1) for the composite's input.

    Examples
    --------
    >>> import keras
    >>> Part(keras.layers.Dense(3), inputs=(INPUT,)).inputs
    (-1,)
    """

    layer: keras.Layer
    inputs: tuple[int, ...]


def append(parts: tuple[Part, ...], more: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the listing of two composites in a row: the second reads the output of the first.

    >>> import keras
    >>> one = (Part(keras.layers.Dense(3), (INPUT,)), Part(keras.layers.Dense(2), (0,)))
    >>> [part.inputs for part in append(one, one)]
    [(-1,), (0,), (1,), (2,)]
    """
    n = len(parts)
    last = n - 1 if n else INPUT
    moved = (Part(part.layer, tuple(last if i == INPUT else i + n for i in part.inputs)) for part in more)
    return (*parts, *moved)
