"""Outputs per step that see later steps than their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from normcast.check.examples import L, chain, fork
from normcast.check.facts import Facts
from normcast.check.net import Net, Node
from normcast.check.rule import ERROR, UNSAFE, Found, rule
from normcast.check.timeline import (
    attends_elsewhere,
    joins_global_context,
    looks_ahead,
    mixes_all_steps,
    per_step_nodes,
)
from normcast.models.edits import Edit, Replace, Rewire, Set
from normcast.models.graph import as_spec
from normcast.models.graph.kinds import RNN

_CAUSAL: dict[str, Any] = {"causal_required": True, "granularity": "per_step"}
_NEEDS = ["causal_required", "granularity"]


@rule(
    29,
    "bidirectional-future-leak",
    ERROR,
    safety=UNSAFE,
    hint="unwrap the layer (twice the units keep the width)",
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
    if not facts.needs_causal_steps:
        return
    for node in per_step_nodes(net)[0]:
        if node.kind in RNN and ("Bidirectional" in node.wrappers or node.config.get("go_backwards")):
            yield Found(
                (node,),
                f"{node.name} reads backwards, so each step sees the ones after it",
                fix=_forward(node),
            )


def _forward(node: Node) -> tuple[Edit, ...]:
    if node.wrappers == ("Bidirectional",):
        spec = as_spec(node.core)
        factor = 2 if node.layer.merge_mode == "concat" else 1
        config = {**spec["config"], "units": spec["config"]["units"] * factor}
        # The second is forced upon the layer by Bidirectional: alone, it holds its last output where masked.
        config = {k: v for k, v in config.items() if k not in ("name", "zero_output_for_mask")}
        return (Replace(node.name, {**spec, "config": {**config, "go_backwards": False}}),)
    return () if node.wrappers else (Set(node.name, go_backwards=False),)


@rule(
    30,
    "noncausal-conv-leak",
    ERROR,
    safety=UNSAFE,
    hint="padding='causal'",
    needs=_NEEDS,
    sources=["keras.io, Conv1D: padding", "van den Oord et al. 2016, WaveNet, arXiv:1609.03499"],
    exceptions=(
        "Padding 'valid' is causal where targets are aligned at the end; one output per window is fine."
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
    ],
    good=[
        chain((8, 3), L.Conv1D(4, 3, padding="causal"), L.Dense(1), **_CAUSAL),
        chain((8, 3), L.Conv1D(4, 1, padding="same"), L.Dense(1), **_CAUSAL),
        chain((8, 3), L.Conv1D(4, 3), L.Dense(1), **_CAUSAL),
    ],
)
def noncausal_conv_leak(net: Net, facts: Facts) -> Iterator[Found]:
    """A centred convolution or pooling gives each step a look at the steps after it.

    With padding 'same' half of the kernel lies in the future of each output step.
    """
    if not facts.needs_causal_steps:
        return
    for node in per_step_nodes(net)[0]:
        if looks_ahead(node):
            fix = (Set(node.name, padding="causal"),) if node.kind == "Conv1D" else ()
            yield Found((node,), f"{node.name} is centred: each step sees the ones after it", fix=fix)


@rule(
    31,
    "global-context-leak",
    ERROR,
    safety=UNSAFE,
    hint="use_causal_mask=True for attention; a causal squeeze (running mean) for squeeze-excite",
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

    Squeeze-excite gates, attention without a causal mask, and normalization over time all read the whole
    window.
    """
    if not facts.needs_causal_steps:
        return
    nodes, axes = per_step_nodes(net)
    kept = {id(node) for node in net.nodes if axes[id(node)] is not None}
    for node in nodes:
        axis = axes[id(node)]
        pool = joins_global_context(node, axes, kept)
        if pool is not None:
            yield Found((pool, node), f"{node.name} puts the whole window's {pool.name} on each step")
        elif axis is not None and mixes_all_steps(node, axis) and not attends_elsewhere(node, axes):
            yield Found((node,), f"{node.name} lets each step see the whole window", fix=_causal(node))


def _causal(node: Node) -> tuple[Edit, ...]:
    if node.kind == "MultiHeadAttention" and not any(
        isinstance(v, keras.KerasTensor) for v in node.arguments.values()
    ):
        return (Rewire(node.name, arguments={**node.arguments, "use_causal_mask": True}),)
    return (Set(node.name, causal=True),) if node.kind == "SqueezeExcite1D" else ()
