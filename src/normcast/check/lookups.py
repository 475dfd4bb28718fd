"""Lookups: which inputs of a network hold whole numbers that name something, and which numbers there are."""

from __future__ import annotations

from normcast.check.net import Net, Node, sinks, through
from normcast.models.graph.kinds import LOOKUP, PASSING

SIZES = ("input_dim", "num_tokens", "num_classes")
"""What layers call how many numbers they know, in their configuration."""


def readers(node: Node) -> list[Node]:
    """Return what reads an input, also behind what only passes its values on."""
    return sinks(node, through(PASSING))


def lookups(net: Net) -> dict[str, list[Node]]:
    """Return the layers that look up the numbers of an input, by its name; only inputs that have such.

    >>> import keras
    >>> from normcast.check.reading import read
    >>> net = keras.Sequential([keras.Input((5,), name="words"), keras.layers.Embedding(10, 2, name="look")])
    >>> lookups(read(net))
    {'words': [Node(look: Embedding)]}
    """
    found = {node.name: [each for each in readers(node) if each.kind in LOOKUP] for node in net.inputs}
    return {name: layers for name, layers in found.items() if layers}


def size_of(layer: Node) -> int | None:
    """Return how many numbers, from 0 on, a layer can look up; None where that is not known."""
    return next((int(size) for name in SIZES if (size := layer.config.get(name))), None)
