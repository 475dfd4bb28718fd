"""Outputs per step that see later steps than their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from normcast.check.examples import L, chain, fork
from normcast.check.facts import Facts
from normcast.check.leak import BACKWARDS, GLOBAL, LOCAL, Leak, leaks
from normcast.check.net import Net
from normcast.check.rule import ERROR, UNSAFE, Found, rule
from normcast.errors import counted
from normcast.models.graph.kinds import CONV

_CAUSAL: dict[str, Any] = {"causal_required": True, "granularity": "per_step"}
_NEEDS = ["causal_required", "granularity"]
FORWARDS = "unwrap the layer (twice the units keep the width)"
CAUSAL_PADDING = "`padding='causal'`"
UP_TO_NOW = (
    "what runs up to the step only: `use_causal_mask=True` for attention, a causal squeeze (running mean) "
    "for squeeze-excite, a norm or softmax over channels"
)


@rule(
    29,
    "bidirectional-future-leak",
    ERROR,
    safety=UNSAFE,
    hint=FORWARDS,
    needs=_NEEDS,
    sources=["mostafaalishahi/eICU_Benchmark#1", "timbmg/Sentence-VAE#22"],
    exceptions="Silent for one output per window, and for labelling finished records.",
    bad=[
        chain((8, 3), L.Bidirectional(L.LSTM(4, return_sequences=True)), L.Dense(1), **_CAUSAL)
        >> chain((8, 3), L.LSTM(8, return_sequences=True), L.Dense(1)),
        chain((8, 3), L.GRU(4, return_sequences=True, go_backwards=True), L.Dense(1), **_CAUSAL)
        >> chain((8, 3), L.GRU(4, return_sequences=True), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.LSTM(8, return_sequences=True), L.Dense(1), **_CAUSAL),
        chain((8, 3), L.Bidirectional(L.LSTM(4)), L.Dense(1), causal_required=True, granularity="per_window"),
        chain(
            (8, 3),
            L.Bidirectional(L.LSTM(4, return_sequences=True)),
            L.Dense(1),
            causal_required=False,
            granularity="per_step",
        ),
    ],
)
def bidirectional_future_leak(net: Net, facts: Facts) -> Iterator[Found]:
    """A layer that reads backwards gives each step knowledge of the later ones.

    In validation that looks like skill; in use the later steps do not exist yet. One output for a whole past
    window is fine: there is nothing later than its end.
    """
    for leak in _of(BACKWARDS, net, facts):
        yield _told(leak, f"{leak.node.name} reads backwards, so each step sees the ones after it", FORWARDS)


def _of(way: str, net: Net, facts: Facts) -> list[Leak]:
    return [leak for leak in leaks(net) if leak.way == way] if facts.needs_causal_steps else []


def _told(leak: Leak, message: str, usual: str, other: str = "") -> Found:
    nodes = (leak.node,) if leak.pool is None else (leak.pool, leak.node)
    hint = usual if leak.fix or leak.is_withheld or not other else other
    hint += "; no edit is offered, since other leaks are left that none mends" if leak.is_withheld else ""
    return Found(nodes, message, leak.fix, hint=hint, evidence={"ahead": leak.steps})


@rule(
    30,
    "noncausal-conv-leak",
    ERROR,
    safety=UNSAFE,
    hint=CAUSAL_PADDING,
    needs=_NEEDS,
    sources=["keras.io, Conv1D: padding", "van den Oord et al. 2016, WaveNet, arXiv:1609.03499"],
    exceptions=(
        "Padding 'valid' is causal where targets are aligned at the end, and so is a stride or a pool whose "
        "block ends at its step; what a shift makes up for is no leak; one output per window is fine."
    ),
    bad=[
        chain((8, 3), L.Conv1D(4, 3, padding="same"), L.Dense(1), **_CAUSAL)
        >> chain((8, 3), L.Conv1D(4, 3, padding="causal"), L.Dense(1)),
        chain(
            (8, 3),
            L.Conv1D(4, 3, padding="causal"),
            L.MaxPooling1D(3, strides=1, padding="same"),
            L.Dense(1),
            **_CAUSAL,
        ),
        chain((8, 3), L.MaxPooling1D(2), L.UpSampling1D(2), L.Dense(1), **_CAUSAL),
        chain((8, 4, 4, 1), L.Conv3D(1, 3, padding="same"), **_CAUSAL),
        chain((8, 3), L.Reshape((4, 6)), L.Dense(6), L.Reshape((8, 3)), L.Dense(1), **_CAUSAL),
    ],
    good=[
        chain((8, 3), L.Conv1D(4, 3, padding="causal"), L.Dense(1), **_CAUSAL),
        chain((8, 3), L.Conv1D(4, 1, padding="same"), L.Dense(1), **_CAUSAL),
        chain((8, 3), L.Conv1D(4, 3), L.Dense(1), **_CAUSAL),
        chain((8, 3), L.MaxPooling1D(2), L.LSTM(4, return_sequences=True), L.Dense(1), **_CAUSAL),
        chain(
            (8, 3),
            L.MaxPooling1D(2),
            L.UpSampling1D(2),
            L.ZeroPadding1D((1, 0)),
            L.Cropping1D((0, 1)),
            L.Dense(1),
            **_CAUSAL,
        ),
        chain(
            (8, 4, 4, 1),
            L.ZeroPadding3D(((2, 0), (1, 1), (1, 1))),
            L.Conv3D(1, 3),
            **_CAUSAL,
        ),
    ],
)
def noncausal_conv_leak(net: Net, facts: Facts) -> Iterator[Found]:
    """A layer that moves or mixes neighbouring steps gives a step a look at those after it.

    With padding 'same' half of a kernel, of any rank, lies in the future of each output step. A pool that is
    spread again tells the first step of a block about its last, and so does a transposed convolution or a
    reshape that folds steps into channels. What each step sees is followed through the whole graph, and a fix
    is offered only where, after those of all leaks, no output sees ahead.
    """
    for leak in _of(LOCAL, net, facts):
        node, ahead = leak.node, counted(leak.steps, "step")
        centred = node.config.get("padding") == "same"
        how = "is centred: each step sees" if centred else "lets steps see"
        yield _told(leak, f"{node.name} {how} up to {ahead} after it", CAUSAL_PADDING, _moved(leak))


def _moved(leak: Leak) -> str:
    node, steps = leak.node, leak.steps
    if node.config.get("padding") == "same" and "kernel_size" in node.config and node.kind in CONV:
        return "padding='valid', behind a padding of time that stands in front of its first step only"
    return (
        f"shift what it gives back by {counted(steps, 'step')}, as ZeroPadding1D(({steps}, 0)) and "
        f"Cropping1D((0, {steps})) do, or leave it out"
    )


@rule(
    31,
    "global-context-leak",
    ERROR,
    safety=UNSAFE,
    hint=UP_TO_NOW,
    needs=_NEEDS,
    sources=[
        "Hu et al. 2018, Squeeze-and-Excitation, arXiv:1709.01507",
        "keras.io, MultiHeadAttention: use_causal_mask",
    ],
    exceptions=(
        "Silent for one output per window, for attention to another input (an encoded past) or its pooling, "
        "and for batch normalization (its statistics are not of one window)."
    ),
    bad=[
        chain(
            (8, 4),
            fork(
                L.Multiply(),
                (),
                (L.GlobalAveragePooling1D(), L.Dense(4, activation="sigmoid"), L.Reshape((1, 4))),
            ),
            L.Dense(1),
            **_CAUSAL,
        ),
        chain((8, 4), L.MultiHeadAttention(1, 4), L.Dense(1), **_CAUSAL)
        >> chain((8, 4), L.MultiHeadAttention(1, 4).called(use_causal_mask=True), L.Dense(1)),
        chain((8, 4), L.LayerNormalization(axis=1), L.Dense(1), **_CAUSAL),
        chain((8, 4), L.Softmax(axis=1), L.Dense(1), **_CAUSAL),
        chain((8, 4), L.Permute((2, 1)), L.Dense(8), L.Permute((2, 1)), L.Dense(1), **_CAUSAL),
    ],
    good=[
        chain((8, 4), L.MultiHeadAttention(1, 4).called(use_causal_mask=True), L.Dense(1), **_CAUSAL),
        chain((8, 4), L.LayerNormalization(), L.BatchNormalization(), L.Dense(1), **_CAUSAL),
        chain(
            (8, 4),
            L.MultiHeadAttention(1, 4),
            L.GlobalAveragePooling1D(),
            L.Dense(1),
            causal_required=True,
            granularity="per_window",
        ),
    ],
)
def global_context_leak(net: Net, facts: Facts) -> Iterator[Found]:
    """Something computed over the whole window, later steps included, acts on single steps.

    Squeeze-excite gates, attention without a causal mask, normalization or softmax over time, a Dense over
    the steps or over all of them flattened, and the last state of a recurrence all read the whole window.
    """
    for leak in _of(GLOBAL, net, facts):
        if leak.pool is not None:
            yield _told(
                leak, f"{leak.node.name} puts the whole window's {leak.pool.name} on each step", UP_TO_NOW
            )
        else:
            yield _told(leak, f"{leak.node.name} lets each step see the whole window", UP_TO_NOW)
