"""Masks: where they get lost, and where they hide data."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.net import Net, Node
from normcast.check.rule import UNSAFE, WARNING, Found, rule
from normcast.models.edits import Edit, Replace
from normcast.models.graph.kinds import MASK_DESTROYING, MASK_KEEPING, RNN
from normcast.pages.percent import whole


@rule(
    32,
    "mask-dropped",
    WARNING,
    safety=UNSAFE,
    hint="mask behind the layers that lose the mask, or pool with a layer that uses it",
    sources=[
        "keras-team/keras#411, #12475",
        "keras-team/tf-keras#585",
        "philipperemy/keras-tcn#89",
        "keras.io/guides/understanding_masking_and_padding",
    ],
    exceptions=(
        "Silent once the mask has been used (by an LSTM that returns its last step, by average pooling). "
        "Fixed where a layer that heeds the mask does the same: Dense for a convolution of one step, "
        "GlobalAveragePooling1D for a Flatten or a GlobalMaxPooling1D of the steps."
    ),
    bad=[
        chain((8, 3), L.Masking(), L.Conv1D(4, 3), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.Masking(), L.LSTM(4, return_sequences=True), L.Flatten(), L.Dense(1))
        >> chain(
            (8, 3), L.Masking(), L.LSTM(4, return_sequences=True), L.GlobalAveragePooling1D(), L.Dense(1)
        ),
        chain((8, 3), L.Masking(), L.Conv1D(4, 1, activation="relu"), L.LSTM(4), L.Dense(1))
        >> chain((8, 3), L.Masking(), L.Dense(4, activation="relu"), L.LSTM(4), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.Masking(), L.LSTM(4, return_sequences=True), L.GlobalAveragePooling1D(), L.Dense(1)),
        chain(
            (8, 3),
            L.Masking(),
            L.LSTM(4, return_sequences=True),
            L.BatchNormalization(),
            L.LSTM(4),
            L.Dense(1),
        ),
        chain((8, 3), L.Masking(), L.LSTM(4), L.Reshape((2, 2)), L.Flatten(), L.Dense(1)),
    ],
)
def mask_dropped(net: Net, facts: Facts) -> Iterator[Found]:
    """A mask reaches a layer that does not pass it on: from there on padding counts as data.

    Convolutions, max pooling, Flatten, Reshape and Permute destroy the mask. Keras warns of it when the layer
    is called, and builds and trains the model all the same.
    """
    origin: dict[int, Node] = {}
    for node in net.nodes:
        before = next((origin[id(source)] for source in node.inputs if id(source) in origin), None)
        if _makes_mask(node):
            origin[id(node)] = node
        elif before is not None and node.kind in MASK_DESTROYING and "TimeDistributed" not in node.wrappers:
            words = f"{node.name} drops the mask of {before.name}; padding then counts as data"
            yield Found((node, before), words, _heeding(node))
        elif before is not None and _keeps_mask(node):
            origin[id(node)] = before


def _heeding(node: Node) -> tuple[Edit, ...]:
    """Return the edit that puts a layer which heeds the mask in the place of one that drops it, if there is
    one that does the same."""
    config = node.config
    if node.wrappers or len(node.input_shape) != 3 or config.get("data_format") == "channels_first":
        return ()
    if node.kind in ("Flatten", "GlobalMaxPooling1D"):
        kept = {"keepdims": True} if config.get("keepdims") else {}
        return (Replace(node.name, {"class_name": "GlobalAveragePooling1D", "config": kept}),)
    ones = [tuple(config.get(key, ())) == (1,) for key in ("kernel_size", "strides")]
    if node.kind == "Conv1D" and all(ones) and config["groups"] == 1 and config["kernel_constraint"] is None:
        same = {key: config[key] for key in _OF_DENSE}
        return (Replace(node.name, {"class_name": "Dense", "config": {"units": config["filters"], **same}}),)
    return ()


_OF_DENSE = (
    "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer",
    "bias_regularizer", "activity_regularizer", "bias_constraint", "dtype", "trainable",
)  # fmt: skip


def _makes_mask(node: Node) -> bool:
    return node.kind == "Masking" or (node.kind == "Embedding" and bool(node.config.get("mask_zero")))


def _keeps_mask(node: Node) -> bool:
    if node.kind in RNN and "TimeDistributed" not in node.wrappers:
        return node.gives_sequence
    return node.kind in MASK_KEEPING or "TimeDistributed" in node.wrappers


@rule(
    33,
    "mask-value-is-data",
    WARNING,
    hint="pad with a value that the data never have",
    needs=["masked_real_share"],
    sources=[
        "datascience.stackexchange.com/questions/67599",
        "keras.io/guides/understanding_masking_and_padding",
    ],
    bad=[chain((8, 3), L.Masking(), L.LSTM(4), L.Dense(1), masked_real_share=0.2)],
    good=[chain((8, 3), L.Masking(), L.LSTM(4), L.Dense(1), masked_real_share=0.001)],
)
def mask_value_is_data(net: Net, facts: Facts) -> Iterator[Found]:
    """The value that marks padding also occurs as data, so real steps are skipped.

    A step is masked where all its features equal the mask value. Zero is a common value of scaled or
    counted data.
    """
    share = facts.data.masked_real_share
    if share is None or share <= 0.01:
        return
    for node in net.of({"Masking", "Embedding"}):
        if _makes_mask(node):
            value = node.config.get("mask_value", 0)
            yield Found(
                (node,),
                f"{whole(share)} of the real steps equal the mask value {value:g} and are skipped",
            )
