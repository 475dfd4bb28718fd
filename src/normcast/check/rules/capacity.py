"""The number of weights, and layers that add none of what they seem to."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.net import Net, Node, sinks, through
from normcast.check.rule import ADVICE, UNSAFE, WARNING, Found, rule
from normcast.models.edits import Set
from normcast.models.graph.kinds import ACT, BATCH_NORM, DENSE, NOISE, NORM


@rule(
    51,
    "flatten-dense-explosion",
    ADVICE,
    hint="GlobalAveragePooling1D in place of Flatten (another model: try it)",
    sources=["Lin, Chen, Yan 2014, Network in Network, arXiv:1312.4400"],
    bad=[
        chain((600, 3), L.Conv1D(32, 3), L.Flatten(), L.Dense(64, activation="relu"), L.Dense(1)),
        chain((600, 3), L.Conv1D(32, 3), L.Flatten(), L.BatchNormalization(), L.Dense(64), L.Dense(1)),
    ],
    good=[
        chain(
            (600, 3), L.Conv1D(32, 3), L.GlobalAveragePooling1D(), L.Dense(64, activation="relu"), L.Dense(1)
        ),
        chain((20, 3), L.Conv1D(32, 3), L.Flatten(), L.Dense(64, activation="relu"), L.Dense(1)),
    ],
)
def flatten_dense_explosion(net: Net, facts: Facts) -> Iterator[Found]:
    """Nearly all weights sit in one Dense layer that reads a flattened sequence.

    It has a weight for each step, channel and unit, and learns each position anew.
    """
    for node in net.of({"Flatten"}):
        for dense in sinks(node, through(NOISE, ACT, NORM)):
            size = _kernel_size(dense)
            if (
                dense.kind in DENSE
                and len(node.input_shape) > 2
                and size >= 1e6
                and size >= 0.8 * net.parameters
            ):
                words = f"{dense.name} holds {size:,} of {net.parameters:,} weights"
                yield Found((dense, node), words, evidence={"weights": size, "of": net.parameters})


def _kernel_size(node: Node) -> int:
    inputs = node.input_shape[-1] if node.input_shape else None
    return (inputs or 0) * int(node.config.get("units", 0) or 0)


@rule(
    52,
    "params-vs-windows",
    ADVICE,
    hint="fewer units, more data, or stop early and compare with a linear model",
    needs=["n_windows"],
    sources=["keras-team/keras#2941", "Zhang et al. 2017, arXiv:1611.03530, is why this is advice only"],
    bad=[chain((8, 3), L.LSTM(50), L.Dense(1), n_windows=6)],
    good=[chain((8, 3), L.LSTM(50), L.Dense(1), n_windows=2000)],
)
def params_vs_windows(net: Net, facts: Facts) -> Iterator[Found]:
    """The model has more than 500 weights per training window.

    It can learn every window by heart. That is no proof that it will.
    """
    windows = facts.data.n_windows
    if windows and net.parameters / windows > 500:
        yield Found((), f"{net.parameters:,} weights for {windows:,} windows")


@rule(
    53,
    "linear-dense-stack",
    WARNING,
    safety=UNSAFE,
    hint="an activation on the first layer, or one layer instead of two",
    sources=["UMLAUT, missing activation", "NeuraLint rule f009", "stackoverflow.com/questions/62740287"],
    exceptions=(
        "Silent for narrower first layers (low rank), projections without bias (N-BEATS), gates, "
        "convolutions, reshapes between, shared layers, and where both are regularized."
    ),
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(16), L.Dropout(0.2), L.Dense(1))
        >> chain((8, 3), L.LSTM(4), L.Dense(16, activation="relu"), L.Dropout(0.2), L.Dense(1)),
        chain((8,), L.Dense(16), L.BatchNormalization(), L.Dense(4))
        >> chain((8,), L.Dense(16, activation="relu"), L.BatchNormalization(), L.Dense(4)),
        chain((8, 3), L.TimeDistributed(L.Dense(16)), L.TimeDistributed(L.Dense(4)), L.LSTM(4), L.Dense(1))
        >> chain(
            (8, 3),
            L.TimeDistributed(L.Dense(16, activation="relu")),
            L.TimeDistributed(L.Dense(4)),
            L.LSTM(4),
            L.Dense(1),
        ),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(16, activation="relu"), L.Dense(1)),
        chain((8, 3), L.Conv1D(4, 3), L.Conv1D(4, 3), L.LSTM(4), L.Dense(1)),
        chain((64,), L.Dense(4), L.Dense(32)),
        chain((8,), L.Dense(16), L.LeakyReLU(), L.Dense(1)),
    ],
)
def linear_dense_stack(net: Net, facts: Facts) -> Iterator[Found]:
    """Two Dense layers stand behind each other with nothing nonlinear between them: together they are one.

    The product of two matrices is a matrix. Unless the first is narrow on purpose, its weights add nothing.
    """
    along = lambda n: n.kind in NOISE | BATCH_NORM or (n.kind in ACT and n.activation == "linear")  # noqa: E731
    for node in net.of(DENSE):
        if node.activation != "linear" or node.is_output or _calls(net, node) > 1:
            continue
        seconds = sinks(node, along)
        if _is_projection(node) or (any(_is_bound(n) for n in seconds) and _is_bound(node)):
            continue
        if seconds and all(n.kind in DENSE for n in seconds) and _adds_nothing(node, seconds):
            words = f"{node.name} and {seconds[0].name} together are one linear map"
            yield Found((node, seconds[0]), words, (Set(node.name, activation="relu"),))


def _adds_nothing(first: Node, seconds: list[Node]) -> bool:
    """Say whether the readers, taken as one layer, could do alone what they do behind the first."""
    fan_in = first.input_shape[-1] if first.input_shape else None
    same_axis = all(len(first.shape) == len(second.shape) for second in seconds)
    if fan_in is None or not same_axis or any(_is_gate(second) for second in seconds):
        return False
    return int(first.config["units"]) >= min(fan_in, sum(int(second.config["units"]) for second in seconds))


def _is_gate(node: Node) -> bool:
    acts = [node, *(n for n in node.readers if n.kind in ACT)]
    return any(n.activation == "sigmoid" and any(r.kind == "Multiply" for r in n.readers) for n in acts)


def _is_projection(node: Node) -> bool:
    """Say whether somebody left the bias out and normalizes nothing behind: a linear map on purpose."""
    return node.config.get("use_bias") is False and not any(n.kind in BATCH_NORM for n in node.readers)


def _is_bound(node: Node) -> bool:
    keys = ("kernel_regularizer", "activity_regularizer", "kernel_constraint")
    return any(node.config.get(key) for key in keys)


def _calls(net: Net, node: Node) -> int:
    return sum(n.layer is node.layer for n in net.nodes)
