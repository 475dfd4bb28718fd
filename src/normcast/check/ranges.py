"""The values a node can give, from what it does and what it reads."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import keras

from normcast.check.net import Node
from normcast.check.reading import read
from normcast.models.graph.kinds import (
    ACT,
    ATTENTION,
    CONV,
    CONV_LSTM,
    DENSE,
    GLOBAL_POOL,
    MERGE,
    NOISE,
    NORM,
    POOL,
    RANGES,
    RNN,
    SHAPE,
    named,
)

Range = tuple[float, float]
Known = dict[tuple[int, int], Range | None]

WHOLE: Range = (-inf, inf)
LINEAR = DENSE | CONV | named("EinsumDense Conv3DTranspose DepthwiseConv3D")
"""Layers whose values are sums over weights, given to an activation."""

CARRYING = (
    SHAPE | NOISE | POOL | GLOBAL_POOL
    | named(
        "GetItem Split Unstack Slice Ravel Moveaxis Swapaxes Flip Tile Repeat RepeatVector BroadcastTo "
        "StopGradient Cropping1D Cropping2D Cropping3D UpSampling1D MaxPooling3D AveragePooling3D "
        "GlobalAveragePooling3D GlobalMaxPooling3D Mean Max Min"
    )
)  # fmt: skip
"""What gives values that it read, or means of them."""

_OF_SIZE = named("MaxNorm UnitNorm MinMaxNorm")
"""Constraints that leave the signs of weights alone."""
_OF_ONE = ACT | frozenset({"Rescaling"})
_GATES = named("sigmoid hard_sigmoid")
_KEEPING_POSITIVE = named("relu leaky_relu prelu elu celu relu6")
_SQUEEZING = named("tanh hard_tanh softsign")


def origin(node: Node, number: int = 0) -> tuple[Node, int]:
    """Return the node, and the number of its output, whose values these are: through reshapes, picked steps,
    pooling, noise and linear activations.
    """
    while len(node.reads) == 1 and (
        node.kind in CARRYING or (node.kind in ACT and node.activation == "linear")
    ):
        node, number = node.reads[0]
    return node, number


def range_of(node: Node, number: int = 0) -> Range | None:
    """Return the least and the largest value that a node's output can have; None where that is not known.

    The bounds hold, and they are met but for values that depend on one another.
    """
    return _range(node, number, {})


def _range(node: Node, number: int, known: Known) -> Range | None:
    node, number = origin(node, number)
    key = id(node), number
    if key not in known:
        known[key] = None  # until it is known
        known[key] = _own(node, number, known)
    return known[key]


def _own(node: Node, number: int, known: Known) -> Range | None:
    inner = _range(*node.reads[0], known) if node.reads and node.kind in _OF_ONE else None
    if node.kind in RNN | CONV_LSTM:
        return _recurrent(node, number)
    if node.kind in MERGE | ATTENTION and len(node.reads) > 1:
        return _merged(node, known) if node.kind in MERGE else _attended(node, known)
    if node.kind in _OF_ONE:
        return _rescaled(node, inner) if node.kind == "Rescaling" else _activated(node, inner)
    return _weighted(node)


def _weighted(node: Node) -> Range | None:
    if node.kind in LINEAR:
        return None if _is_bound(node) else RANGES.get(node.activation)
    if isinstance(node.core, keras.Model):  # inside TimeDistributed; any other is opened up
        outputs = read(node.core).outputs
        return range_of(*outputs[0]) if len(outputs) == 1 else None
    return WHOLE if node.kind in NORM or node.kind == "Embedding" else None


def _is_bound(node: Node) -> bool:
    """Say whether a constraint may keep the sums within those of the inputs, as shares in a mean do."""
    constraint = node.config.get("kernel_constraint")
    return constraint is not None and (
        not isinstance(constraint, dict) or constraint.get("class_name") not in _OF_SIZE
    )


def _attended(node: Node, known: Known) -> Range | None:
    """Return the range of means of the values, which are read second; behind weights of its own, of any
    number."""
    return _range(*node.reads[1], known) if node.kind in ("Attention", "AdditiveAttention") else WHOLE


def _activated(node: Node, inner: Range | None) -> Range | None:
    bounds = _bounds(node)
    if bounds is None or inner is None or inner[0] < 0:
        return bounds
    if node.activation in _KEEPING_POSITIVE:
        return inner[0], min(inner[1], bounds[1])
    return (0.0, 1.0) if node.activation in _SQUEEZING else bounds


def _bounds(node: Node) -> Range | None:
    """Return the range of an activation layer with the arguments that it has."""
    config = node.config
    if node.kind == "ReLU":
        top = config.get("max_value")
        return -inf if config.get("negative_slope") else 0.0, inf if top is None else float(top)
    if node.kind == "ELU":
        return -abs(float(config.get("alpha", 1.0))), inf
    return RANGES.get(node.activation)


def _recurrent(node: Node, number: int) -> Range | None:
    """Return the range of a state: a gate of it in an LSTM, a mean of it and its past in a GRU."""
    bounds, gate = RANGES.get(node.activation), node.config.get("recurrent_activation", "sigmoid")
    gated = node.kind == "SimpleRNN" or gate in _GATES
    carried = node.kind == "GRU" and len(node.reads) > 1  # a state of any size, of which some is kept
    if bounds is None or not gated or carried or number > (0 if "Bidirectional" in node.wrappers else 1):
        return None
    bounds = min(bounds[0], 0.0), max(bounds[1], 0.0)
    mode = node.merge_mode
    return _product([bounds, bounds]) if mode == "mul" else _sum([bounds] * (2 if mode == "sum" else 1))


def _rescaled(node: Node, inner: Range | None) -> Range | None:
    scale, offset = node.config.get("scale"), node.config.get("offset")
    if inner is None or not isinstance(scale, (int, float)) or not isinstance(offset, (int, float)):
        return None
    low, high = sorted((_times(inner[0], scale), _times(inner[1], scale)))
    return low + offset, high + offset


def _merged(node: Node, known: Known) -> Range | None:
    ranges = [_range(*read, known) for read in node.reads]
    found = [each for each in ranges if each is not None]
    if len(found) < len(ranges):
        return None
    if node.kind in _OF_EACH:
        return _OF_EACH[node.kind](found)
    # What depends on one another may stay within less: the shares of a mixture, a square.
    is_free = len({(id(origin(*read)[0]), read[1]) for read in node.reads}) == len(found)
    if not is_free or (node.kind != "Multiply" and all(-inf < a and b < inf for a, b in found)):
        return None
    if node.kind == "Subtract":
        return _sum([found[0], *((-high, -low) for low, high in found[1:])])
    return _sum(found) if node.kind == "Add" else _product(found)


def _sum(ranges: list[Range]) -> Range:
    return sum(low for low, _ in ranges), sum(high for _, high in ranges)


def _product(ranges: list[Range]) -> Range:
    low, high = ranges[0]
    for a, b in ranges[1:]:
        corners = [_times(x, y) for x in (low, high) for y in (a, b)]
        low, high = min(corners), max(corners)
    return low, high


def _times(a: float, b: float) -> float:
    return 0.0 if 0 in (a, b) else a * b


def _mean(ranges: list[Range]) -> Range:
    low, high = _sum(ranges)
    return low / len(ranges), high / len(ranges)


_OF_EACH: dict[str, Callable[[list[Range]], Any]] = {
    "Average": _mean,
    "Concatenate": lambda ranges: (min(low for low, _ in ranges), max(high for _, high in ranges)),
    "Maximum": lambda ranges: (max(low for low, _ in ranges), max(high for _, high in ranges)),
    "Minimum": lambda ranges: (min(low for low, _ in ranges), min(high for _, high in ranges)),
}
