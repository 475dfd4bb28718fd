"""Remedies: the edits that a finding offers. A study measures what they do; nothing here promises it."""

from __future__ import annotations

from inspect import signature
from typing import Any

import keras

from normcast.check.net import Net, Node, passed, through
from normcast.layers import GRU, LSTM
from normcast.models.edits import Edit, Insert, Move, Replace, Set
from normcast.models.graph.kinds import ACT, CONV_1D, GLOBAL_POOL, JOIN, NOISE, POOL, RNN, SHAPE
from normcast.models.graph.layer_spec import as_spec

MOST_POOLED = 16  # steps in one


def normalized(node: Node | None) -> tuple[Edit, ...]:
    """Return the edit that puts layer normalization into a recurrence; none where there is a norm already.

    A recurrent layer of Keras becomes ours with the same arguments, a SimpleRNN our LSTM.
    """
    if node is None:
        return ()
    if isinstance(node.recurrence, (LSTM, GRU)):
        return () if node.recurrence.norm else (Set(node.name, norm="layer"),)
    ours = _ours(node.recurrence)
    if ours is None:
        return ()
    if "Bidirectional" in node.wrappers:
        ours = keras.layers.Bidirectional(ours, merge_mode=node.layer.merge_mode)
    spec = as_spec(ours)
    spec["config"].pop("name")
    return (Replace(node.name, spec),)


def _ours(core: Any) -> Any:
    """Return our layer with the arguments of one of Keras' and layer normalization, None for stacked cells
    and those of the user's own.
    """
    cell: Any = getattr(core, "cell", None)
    kinds: dict[str, Any] = {"LSTMCell": LSTM, "GRUCell": GRU, "SimpleRNNCell": LSTM}
    kind = kinds.get(type(cell).__name__)
    if kind is None or type(cell).__module__.partition(".")[0] != "keras":
        return None
    config = {**cell.get_config(), **core.get_config(), "norm": "layer"}
    known = set(signature(kind).parameters) - {"kwargs", "use_cudnn"}
    dtype = core.dtype_policy.name
    given = {key: value for key, value in config.items() if key in known}
    return kind(**given, dtype=dtype, name=kind.__name__.lower())


def shortened(node: Node | None, steps: int) -> tuple[Edit, ...]:
    """Return the edit that pools in front of a recurrent layer, so that about so many steps are left.

    None for a layer that returns its sequence: what reads it counts on the steps.
    """
    long = node.steps if node is not None else None
    if node is None or long is None or node.gives_sequence or len(node.inputs) != 1:
        return ()
    size = min(-(-long // max(steps, 2)), MOST_POOLED)
    pool = {"class_name": "AveragePooling1D", "config": {"pool_size": size}}
    return (Insert(pool, before=node.name),) if size > 1 else ()


def bounded(node: Node | None) -> tuple[Edit, ...]:
    """Return the edit that gives a recurrent layer tanh in place of an activation without a bound."""
    if node is None or node.kind not in RNN or node.activation in ("tanh", "sigmoid", "?"):
        return ()
    return (Set(node.name, activation="tanh"),)


def fewer(node: Node | None, count: int) -> tuple[Edit, ...]:
    """Return the edit that takes so many units out of a layer; none where one or none would be left."""
    units = int(node.config.get("units", 0)) if node is not None else 0
    left = units - count
    return (Set(node.name, units=left),) if node is not None and left > 1 and count else ()


def broken_symmetry(node: Node | None) -> tuple[Edit, ...]:
    """Return the edit that lets the units of a recurrent layer start apart."""
    if node is None or node.kind not in RNN:
        return ()
    return (Set(node.name, kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal"),)


def leaking(node: Node | None) -> tuple[Edit, ...]:
    """Return the edit that lets a gradient through where a relu is 0."""
    return (
        (Set(node.name, activation="leaky_relu"),) if node is not None and node.activation == "relu" else ()
    )


def dropout_behind(node: Node | None) -> tuple[Edit, ...]:
    """Return the edits that move the dropout in front of a normalization behind it."""
    if node is None:
        return ()
    before = passed(node, through(NOISE, ACT, SHAPE, POOL, GLOBAL_POOL, JOIN))
    inside = node.name.rpartition("/")[0]
    moved = [n for n in before if n.is_noise and not n.block and n.name.rpartition("/")[0] == inside]
    return tuple(Move(n.name, after=node.name) for n in moved)


def quicker(node: Node | None) -> tuple[Edit, ...]:
    """Return the edit that lets moving statistics follow faster: the momentum 0.9, or 0.7 from there."""
    momentum = float(node.config.get("momentum", 0)) if node is not None else 0.0
    if node is None or momentum <= 0.7:
        return ()
    return (Set(node.name, momentum=0.9 if momentum > 0.9 else 0.7),)


def dilated(net: Net, field: int, steps: int) -> tuple[Edit, ...]:
    """Return the edit of the last convolution that lets a network of convolutions see all steps."""
    convs = [n for n in net.of(CONV_1D) if _in_step(n)]
    if not convs:
        return ()
    last = convs[-1]
    size, dilation = (_first(last.config[key]) for key in ("kernel_size", "dilation_rate"))
    more = -(-(steps - field) // (size - 1))
    return (Set(last.name, dilation_rate=dilation + more),)


def _in_step(node: Node) -> bool:
    keeps = node.config.get("padding") in ("causal", "same") and _first(node.config["strides"]) == 1
    return keeps and _first(node.config["kernel_size"]) > 1 and not (node.block or node.call or node.wrappers)


def _first(value: Any) -> int:
    return int(value[0]) if isinstance(value, (list, tuple)) else int(value)
