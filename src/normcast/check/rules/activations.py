"""Activations: what follows what."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain, fork
from normcast.check.facts import Facts
from normcast.check.net import Net, Node, descendants, sinks, sources, through
from normcast.check.ranges import LINEAR
from normcast.check.recurrence import RECURRENT
from normcast.check.rule import ADVICE, ERROR, SAFE, UNSAFE, WARNING, Found, Severity, rule
from normcast.models.edits import Edit, Remove, Replace, Set
from normcast.models.graph.kinds import ACT, BOUNDED, NOISE, SHAPE


@rule(
    27,
    "stacked-activation",
    WARNING,
    safety=UNSAFE,
    hint="remove one of the two; an output keeps its own, behind a recurrence with a Dense layer between",
    sources=[
        "keras-team/keras#1727",
        "NeuraLint rule f003",
        "measured: sigmoid of tanh lies in (0.269, 0.731)",
    ],
    exceptions=(
        "Silent for gates and attention weights inside the graph, and where a layer with weights is between."
    ),
    bad=[
        chain((8, 3), L.LSTM(1), L.Activation("sigmoid"), loss="binary_crossentropy")
        >> chain((8, 3), L.LSTM(1), L.Dense(1, activation="sigmoid"), loss="binary_crossentropy"),
        chain((8, 3), L.RNN(L.GRUCell(3)), L.Activation("softmax"), loss="categorical_crossentropy")
        >> chain((8, 3), L.RNN(L.GRUCell(3)), L.Dense(3, activation="softmax")),
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="tanh"), L.Activation("sigmoid"))
        >> chain((8, 3), L.LSTM(4), L.Dense(1), L.Activation("sigmoid")),
        chain((8, 3), L.LSTM(4), L.Dense(4, activation="tanh"), L.Activation("sigmoid"), L.Dense(1))
        >> chain((8, 3), L.LSTM(4), L.Dense(4, activation="tanh"), L.Dense(1)),
        chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax"), L.Activation("softmax"))
        >> chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax")),
        chain((8, 3), L.Conv1D(4, 3, activation="relu"), L.ReLU(), L.Flatten(), L.Dense(1))
        >> chain((8, 3), L.Conv1D(4, 3, activation="relu"), L.Flatten(), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1), L.Activation("sigmoid")),
        chain(
            (8, 3),
            fork(
                L.Multiply(),
                (L.Conv1D(4, 1, activation="tanh"),),
                (L.Conv1D(4, 1, activation="tanh"), L.Activation("sigmoid")),
            ),
            L.LSTM(4),
            L.Dense(1),
        ),
        chain((8, 3), L.LSTM(4), L.BatchNormalization(), L.Activation("tanh"), L.Dense(1)),
    ],
)
def stacked_activation(net: Net, facts: Facts) -> Iterator[Found]:
    """An activation follows a bounded one, with no weights between them.

    The second sees only the first one's range and squeezes it further: a sigmoid behind a tanh gives values
    between 0.27 and 0.73. A second softmax flattens the first.
    """
    for node in net.of(ACT):
        for inner in sources(node, through(NOISE, SHAPE)):
            severity = _stack_severity(inner, node)
            if severity is not None and not _is_gate(node):
                words = f"{node.activation} acts on the {inner.activation} of {inner.name}"
                safety = SAFE if _is_idle(inner, node) else UNSAFE
                yield Found((node, inner), words, _apart(inner, node), severity, safety=safety)


def _apart(inner: Node, outer: Node) -> tuple[Edit, ...]:
    """Return the edit after which one of two activations is left: the outer one where it makes the output."""
    units = outer.shape[-1]
    if not outer.is_output or outer.activation in ("tanh", inner.activation):
        return (Remove(outer.name),)
    if inner.kind in RECURRENT and units is not None:
        config = {"units": units, "activation": outer.activation}
        return (Replace(outer.name, {"class_name": "Dense", "config": config}),)
    return (Remove(inner.name) if inner.kind in ACT else Set(inner.name, activation="linear"),)


def _stack_severity(inner: Node, outer: Node) -> Severity | None:
    if inner.kind not in ACT | RECURRENT | LINEAR:
        return None
    first, second = inner.activation, outer.activation
    if first == second == "softmax":
        return ERROR
    if first in BOUNDED and second in ("sigmoid", "softmax", "tanh"):
        return WARNING
    return ADVICE if first == second == "relu" else None


def _is_idle(inner: Node, outer: Node) -> bool:
    """Say whether the outer activation gives back what it takes: a plain relu on what a plain relu gives."""
    direct = inner in sources(outer, through(SHAPE)) and inner.kind in ACT | LINEAR
    alike = getattr(inner.layer, "compute_dtype", "") == getattr(outer.layer, "compute_dtype", "")
    return direct and alike and _is_plain_relu(inner) and _is_plain_relu(outer)


def _is_plain_relu(node: Node) -> bool:
    bent = any(node.config.get(key) for key in ("negative_slope", "threshold"))
    return node.activation == "relu" and not bent and node.config.get("max_value") is None


def _is_gate(node: Node) -> bool:
    """Say whether the result multiplies something or weighs steps, and does not go on to the output
    itself."""
    if node.activation == "softmax" and not node.is_output:
        return bool(descendants(node))
    return any(
        n.kind in ("Multiply", "Dot") for n in sinks(node, through(SHAPE, NOISE, frozenset({"RepeatVector"})))
    )
