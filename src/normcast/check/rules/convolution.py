"""Convolutions and pooling along time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from normcast.check.examples import L, Pick, chain
from normcast.check.facts import Facts
from normcast.check.net import Net, Node, ancestors, sinks, sources, through
from normcast.check.rule import ADVICE, UNSAFE, Found, rule
from normcast.check.says import Says
from normcast.check.timeline import dead_taps, first_of, receptive_fields
from normcast.models.edits import Edit, Remove, Set
from normcast.models.graph.kinds import ACT, CONV_1D, NOISE, NORM, POOL_1D, RNN


@rule(
    8,
    "kernel-exceeds-length",
    ADVICE,
    safety=UNSAFE,
    hint="a smaller kernel or dilation",
    sources=["measured: the formula equals the taps with zero gradient in 6 of 6 cases"],
    exceptions=(
        "Silent for kernels that are longer than the window but whose every "
        "tap meets data (InceptionTime, 24 steps)."
    ),
    bad=[
        chain((8, 3), L.Conv1D(4, 12, padding="causal"), L.Flatten(), L.Dense(1))
        >> chain((8, 3), L.Conv1D(4, 8, padding="causal"), L.Flatten(), L.Dense(1)),
        chain((8, 3), L.Conv1D(4, 3, padding="causal", dilation_rate=4), L.LSTM(4), L.Dense(1))
        >> chain((8, 3), L.Conv1D(4, 2, padding="causal", dilation_rate=4), L.LSTM(4), L.Dense(1)),
    ],
    good=[
        chain((24, 1), L.Conv1D(4, 40, padding="same"), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.Conv1D(4, 3, padding="causal", dilation_rate=2), L.LSTM(4), L.Dense(1)),
    ],
)
def kernel_exceeds_length(net: Net, facts: Facts) -> Iterator[Found]:
    """Some positions of a kernel never meet data.

    A tap whose offset is at least the length of the window reads padding at every step: it has no
    gradient and never learns.
    """
    for node in net.of({"Conv1D", "SeparableConv1D"}):
        dead = dead_taps(node)
        if dead:
            size = first_of(node.config["kernel_size"])
            words = f"{dead} of {size} kernel positions never meet data in {node.steps} steps"
            yield Found((node,), words, _shrunk(node, size), evidence={"dead_taps": dead})


def _shrunk(node: Node, size: int) -> tuple[Edit, ...]:
    dilation, steps = first_of(node.config["dilation_rate"]), node.steps or 1
    longest = (
        (steps - 1) // dilation + 1 if node.config["padding"] == "causal" else 2 * ((steps - 1) // dilation)
    )
    return (Set(node.name, kernel_size=max(1, min(size - 1, longest))),)


@rule(
    49,
    "pool-before-rnn",
    ADVICE,
    safety=UNSAFE,
    hint="leave the pooling out; measured, a strided convolution in its place is worse",
    says=[Says("average-pooling", "differs"), Says("strides", "better", arm="first")],
    sources=[
        "stackoverflow.com/questions/62740287",
        "practitioners' advice: pooling in front of an LSTM is redundant",
    ],
    exceptions="Silent above 64 steps, for stride 1, and inside TimeDistributed.",
    bad=[
        chain((32, 3), L.Conv1D(4, 3), L.MaxPooling1D(2), L.LSTM(4), L.Dense(1))
        >> chain((32, 3), L.Conv1D(4, 3), L.LSTM(4), L.Dense(1))
    ],
    good=[
        chain((128, 3), L.Conv1D(4, 3), L.MaxPooling1D(2), L.LSTM(4), L.Dense(1)),
        chain((32, 3), L.Conv1D(4, 3), L.LSTM(4), L.Dense(1)),
        chain((32, 3), L.Conv1D(4, 3), L.MaxPooling1D(2), L.Flatten(), L.Dense(1)),
    ],
)
def pool_before_rnn(net: Net, facts: Facts) -> Iterator[Found]:
    """Pooling thins out a short sequence right in front of a recurrent layer.

    A recurrent layer reads short sequences well; pooling throws away the order within each pool. Whether that
    makes forecasts worse or better differs from data to data.
    """
    along = through(NOISE, ACT, NORM)
    for node in net.of(POOL_1D):
        if node.wrappers or node.config.get("data_format") == "channels_first" or _stride(node) < 2:
            continue
        behind = [n for n in sinks(node, along) if n.kind in RNN]
        before = [n for n in sources(node, along) if n.kind in CONV_1D]
        if behind and before and node.steps is not None and node.steps <= 64:
            words = f"{node.name} cuts {node.steps} steps to {node.shape[1]} in front of {behind[0].name}"
            yield Found((node,), words, (Remove(node.name),))


def _stride(node: Node) -> int:
    return first_of(node.config.get("strides") or node.config.get("pool_size", 1))


@rule(
    50,
    "receptive-field-short",
    ADVICE,
    hint="more layers or dilations, or a shorter window",
    sources=["Bai, Kolter, Koltun 2018, arXiv:1803.01271"],
    exceptions=(
        "Silent with recurrent layers, global pooling, Flatten or attention, and for outputs per step."
    ),
    bad=[
        chain(
            (32, 3), L.Conv1D(4, 3, padding="causal"), L.Conv1D(4, 3, padding="causal"), Pick(-1), L.Dense(1)
        )
    ],
    good=[
        chain(
            (8, 3),
            L.Conv1D(4, 4, padding="causal"),
            L.Conv1D(4, 3, padding="causal", dilation_rate=4),
            Pick(-1),
            L.Dense(1),
        ),
        chain((32, 3), L.Conv1D(4, 3, padding="causal"), L.LSTM(4), L.Dense(1)),
        chain((32, 3), L.Conv1D(4, 3, padding="causal"), L.Dense(1)),
    ],
)
def receptive_field_short(net: Net, facts: Facts) -> Iterator[Found]:
    """The output is read at the last step, and the oldest steps of the window never reach it.

    The convolutions look back a fixed number of steps. What lies before has exactly no influence.
    """
    fields = receptive_fields(net)
    for node in net.of({"GetItem", "Cropping1D"}):
        if not node.reads or not _takes_last(node):
            continue
        before = node.inputs[0]
        starts = [n for n in [before, *ancestors(before)] if n.kind == "InputLayer"]
        convolved = any(n.kind in CONV_1D for n in [before, *ancestors(before)])
        field = fields.get(id(before)) if convolved else None
        steps = starts[0].shape[1] if len(starts) == 1 and len(starts[0].shape) > 2 else None
        if field is not None and steps is not None and field < steps:
            words = f"the last step sees {field} of {steps} steps; {steps - field} have no influence"
            convs = tuple(n for n in [before, *ancestors(before)] if n.kind in CONV_1D)
            yield Found(convs, words, evidence={"receptive_field": field, "steps": steps})


def _takes_last(node: Node) -> bool:
    if node.kind == "Cropping1D":
        return node.steps is not None and tuple(node.config["cropping"]) == (node.steps - 1, 0)
    index = node.args[1] if len(node.args) > 1 else None
    if not isinstance(index, (list, tuple)) or len(index) < 2:
        return False
    whole = isinstance(index[0], slice) and index[0] == slice(None)
    length = node.input_shape[1] if len(node.input_shape) == 3 else None
    starts = {-1} | ({length - 1} if length else set())
    last = index[1] in starts if isinstance(index[1], int) else _is_tail(index[1], starts, length)
    return whole and bool(last) and len(node.input_shape) == 3


def _is_tail(index: Any, starts: set[int], length: int | None) -> bool:
    return isinstance(index, slice) and index.start in starts and index.stop in (None, length)
