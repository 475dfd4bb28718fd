"""The values of the output against a loss of probabilities."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain, fork
from normcast.check.facts import CROSS_ENTROPY, ONE_OF_MANY, Facts, Loss
from normcast.check.head import Head, to_activation, with_losses
from normcast.check.net import Net, Node
from normcast.check.ranges import WHOLE, origin, range_of
from normcast.check.rule import ERROR, UNSAFE, Found, rule
from normcast.models.edits import Edit, Insert
from normcast.models.graph.kinds import BATCH_NORM, CONV_LSTM, RNN


@rule(
    20,
    "from-logits-mismatch",
    ERROR,
    safety=UNSAFE,
    hint="set `from_logits` to what the output is, or change the output's activation",
    needs=["loss"],
    sources=["STRCWearlab/dana#1", "keras-team/keras#15271", "tensorflow.org tutorials on from_logits"],
    exceptions=(
        "Silent for custom losses, for outputs whose values are not known (a Lambda that clips), for means "
        "and products of probabilities, and for exponentials that a categorical loss divides by their sum."
    ),
    bad=[
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(3, activation="softmax"),
            loss="categorical_crossentropy",
            from_logits=True,
        )
        >> chain((8, 3), L.LSTM(4), L.Dense(3)),
        chain((8, 3), L.LSTM(4), L.Dense(3), loss="sparse_categorical_crossentropy")
        >> chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax")),
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="tanh"), loss="binary_crossentropy")
        >> chain((8, 3), L.LSTM(4), L.Dense(1, activation="sigmoid")),
        chain((8, 3), L.LSTM(4), L.Dense(3), L.ReLU(), L.Dropout(0.1), loss="categorical_crossentropy")
        >> chain((8, 3), L.LSTM(4), L.Dense(3), L.Activation("softmax"), L.Dropout(0.1)),
        chain((8, 3), L.Bidirectional(L.LSTM(1), merge_mode="ave"), loss="binary_crossentropy")
        >> chain((8, 3), L.Bidirectional(L.LSTM(1), merge_mode="ave"), L.Dense(1, activation="sigmoid")),
        chain((8, 3), L.Conv1D(3, 3), L.GlobalAveragePooling1D(), loss="categorical_crossentropy")
        >> chain((8, 3), L.Conv1D(3, 3), L.GlobalAveragePooling1D(), L.Activation("softmax")),
        chain((8, 3), L.LSTM(4), L.Dense(3), L.LayerNormalization(), loss="categorical_crossentropy")
        >> chain((8, 3), L.LSTM(4), L.Dense(3), L.LayerNormalization(), L.Activation("softmax")),
        chain((8, 3), L.LSTM(4), L.Dense(1), loss="binary_focal_crossentropy")
        >> chain((8, 3), L.LSTM(4), L.Dense(1, activation="sigmoid")),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(3), loss="categorical_crossentropy", from_logits=True),
        chain((8, 3), L.LSTM(4), L.Dense(3), L.Activation("softmax"), loss="categorical_crossentropy"),
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="hard_sigmoid"), loss="binary_crossentropy"),
        chain(
            (8, 3),
            L.Conv1D(3, 3, activation="softmax"),
            L.GlobalAveragePooling1D(),
            loss="categorical_crossentropy",
        ),
        chain(
            (8, 3),
            L.LSTM(4),
            fork(L.Multiply(), (L.Dense(1, activation="sigmoid"),), (L.Dense(1, activation="sigmoid"),)),
            loss="binary_crossentropy",
        ),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(1, activation="tanh"),
            L.Rescaling(0.5, 0.5),
            loss="binary_crossentropy",
        ),
        chain((8, 3), L.LSTM(4), L.Dense(1), L.ReLU(max_value=1.0), loss="binary_crossentropy"),
        chain((8, 3), L.LSTM(1), loss="hinge"),
        chain((8, 3), L.LSTM(4), L.Dense(3), loss="categorical_focal_crossentropy", from_logits=True),
    ],
)
def from_logits_mismatch(net: Net, facts: Facts) -> Iterator[Found]:
    """The loss takes logits and gets probabilities, or takes probabilities and gets something else.

    Probabilities read as logits are squeezed a second time, so the loss can hardly fall. Logits read as
    probabilities, and all that a tanh, a relu or a bare recurrent layer gives beyond 0 and 1, are clipped,
    and most gradients vanish.
    """
    for head, loss in with_losses(net, facts):
        if loss is None or loss.name not in CROSS_ENTROPY:
            continue
        if loss.from_logits and head.is_probability:
            words = f"{loss.name}(from_logits=True) gets the probabilities of a {head.activation}"
            yield Found((head.node,), words, fix=to_activation(head, "linear"))
        elif not loss.from_logits and not (loss.name in ONE_OF_MANY and head.units == 1):
            yield from _improper(head, loss)


def _improper(head: Head, loss: Loss) -> Iterator[Found]:
    """Yield the output whose values are no probabilities."""
    node, number = origin(*head.end)
    while node.kind in BATCH_NORM:  # is told behind an output, by a rule of its own
        node, number = origin(*node.reads[0])
    bounds = range_of(node, number)
    divided = loss.name in ONE_OF_MANY and node.activation == "exponential"
    if bounds is None or (bounds[0] >= 0 and bounds[1] <= 1) or divided:
        return
    right = "softmax" if loss.name in ONE_OF_MANY and head.units != 1 else "sigmoid"
    gives = "logits" if bounds == WHOLE else f"values in [{bounds[0]:g}, {bounds[1]:g}]"
    hint = f"{right} in the output layer" + (", or `from_logits=True` in the loss" if bounds == WHOLE else "")
    words = f"{loss.name} expects probabilities, {node.name} gives {gives}"
    yield Found((node, head.node), words, _made_probable(head, node, right), hint=hint)


def _made_probable(head: Head, node: Node, right: str) -> tuple[Edit, ...]:
    """Return the edit that gives the output this activation: as its own, or in a layer behind."""
    end = head.end[0]
    alone = node.shape[-1:] == head.shape[-1:] or right == "sigmoid"
    own = to_activation(head, right) if node is head.node and alone else ()
    if own or end.readers or head.end[1] or node.kind in BATCH_NORM or end.kind in BATCH_NORM:
        return own
    layer = {"class_name": "Activation", "config": {"activation": right}}
    if node.kind in RNN | CONV_LSTM and head.units and node.config.get("data_format") != "channels_first":
        layer = {"class_name": "Dense", "config": {"units": head.units, "activation": right}}
    return (Insert(layer, after=end.name),)
