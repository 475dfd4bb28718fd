"""What divides by a sum over an axis, and how many elements that axis has."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from normcast.check.net import Net, Node, Shape
from normcast.check.ranges import LINEAR
from normcast.models.graph.kinds import ACT, ATTENTION, RNN, SOFTMAX


def softmaxes(net: Net) -> Iterator[tuple[Node, int]]:
    """Yield layers with a softmax, attention among them, and the length of its axis where that is known."""
    for node in net.of(ACT | LINEAR | RNN | ATTENTION):
        length = softmax_length(node)
        if length is not None:
            yield node, length


def softmax_length(node: Node) -> int | None:
    """Return over how many elements a node's softmax goes; None if it has none, or that is not known."""
    if node.kind in ATTENTION:
        return _keys(node)
    if node.activation not in SOFTMAX:
        return None
    if node.kind in RNN:
        return node.config.get("units")
    axis = getattr(node.core, "axis", -1) if node.kind in ACT else -1
    return _count(_inside(node), axis if isinstance(axis, (list, tuple)) else [axis])


def _inside(node: Node) -> Shape:
    """Return the shape that the layer inside the wrappers gives."""
    slices = node.wrappers.count("TimeDistributed")
    return (*node.shape[:1], *node.shape[1 + slices :])


def _count(shape: Shape, axes: Any) -> int | None:
    lengths = [shape[axis] for axis in axes if isinstance(axis, int) and -len(shape) <= axis < len(shape)]
    return prod(n or 0 for n in lengths) if lengths and None not in lengths else None


def _keys(node: Node) -> int | None:
    """Return how many steps there are to attend to: of the values, which are read second, with the keys."""
    shapes = node.input_shapes
    shape = shapes[min(1, len(shapes) - 1)] if shapes else ()
    if node.wrappers or len(shape) < 3:
        return None
    axes = node.config.get("attention_axes") if node.kind == "MultiHeadAttention" else [-2]
    return _count(shape, axes or range(1, len(shape) - 1))
