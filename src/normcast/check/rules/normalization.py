"""Where normalization stands."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.head import heads, supervised
from normcast.check.net import Net, ancestors, passed, reaches_output, sources, through
from normcast.check.rule import ADVICE, UNSAFE, WARNING, Found, rule
from normcast.check.says import Says
from normcast.models.edits import Move, Remove
from normcast.models.graph.kinds import (
    ACT,
    BATCH_NORM,
    DENSE,
    GLOBAL_POOL,
    JOIN,
    NOISE,
    POOL,
    SHAPE,
    WEIGHTED,
)


@rule(
    34,
    "bn-on-raw-input",
    ADVICE,
    hint="standardize with the statistics of the training rows: keras.layers.Normalization",
    says=[Says("input-batch-norm", "not better")],
    sources=["keras.io, Normalization", "practitioners' advice: standardize the data instead"],
    exceptions="Silent for BatchNormalization(center=False, scale=False), and behind Normalization.",
    bad=[chain((8, 3), L.BatchNormalization(), L.Conv1D(4, 3), L.Flatten(), L.Dense(1))],
    good=[
        chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.Flatten(), L.Dense(1)),
        chain((8, 3), L.BatchNormalization(center=False, scale=False), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.Normalization(), L.BatchNormalization(), L.LSTM(4), L.Dense(1)),
    ],
)
def bn_on_raw_input(net: Net, facts: Facts) -> Iterator[Found]:
    """Batch normalization stands directly behind the input, in place of scaling the data.

    Its statistics change with every batch, and at first they are not those of the data. Fixed statistics
    of the training rows are exact from the first step.
    """
    for node in net.of(BATCH_NORM):
        plain = node.config.get("center") is False and node.config.get("scale") is False
        before = sources(node, through(NOISE, SHAPE, ACT, frozenset({"Masking"})))
        if not plain and before and all(n.kind == "InputLayer" for n in before):
            yield Found((node,), f"{node.name} normalizes the raw input batch by batch")


@rule(
    35,
    "bn-before-regression-output",
    ADVICE,
    safety=UNSAFE,
    hint="leave out the batch normalization in front of the last Dense layer",
    says=[Says("output-batch-norm", "differs", task="forecast"), Says("layer-or-batch-output", "silent")],
    needs=["loss or type"],
    sources=[
        "stackoverflow.com/questions/54368686, 64277744",
        "measured on six small settings of our own: test MSE 1.2 to 11 times as high, which public data "
        "do not bear out in general",
    ],
    exceptions="Silent for classification, and where pooling stands between.",
    bad=[
        chain((8, 3), L.LSTM(4), L.BatchNormalization(), L.Dense(1), loss="mse")
        >> chain((8, 3), L.LSTM(4), L.Dense(1)),
        chain(
            (8, 3),
            L.LSTM(4),
            L.BatchNormalization(),
            L.LeakyReLU(),
            L.Dropout(0.2),
            L.Dense(1),
            type="regression",
        )
        >> chain((8, 3), L.LSTM(4), L.LeakyReLU(), L.Dropout(0.2), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.LSTM(4), L.Dense(1), loss="mse"),
        chain(
            (8, 3),
            L.LSTM(4),
            L.BatchNormalization(),
            L.Dense(2, activation="softmax"),
            loss="categorical_crossentropy",
        ),
    ],
)
def bn_before_regression_output(net: Net, facts: Facts) -> Iterator[Found]:
    """Batch normalization feeds the output layer of a regression.

    The level and scale that the last layer reads then depend on the batch in training and on moving averages
    afterwards; a regression shows the difference as a bias. How much that is depends on the data: it was seen
    to help as well as to hurt, so measure it on yours.
    """
    if not facts.is_regression:
        return
    for head in heads(net):
        last = head.weights
        for node in (
            sources(last, through(NOISE, ACT, SHAPE)) if last is not None and last.kind in DENSE else []
        ):
            if node.kind in BATCH_NORM:
                words = (
                    f"{node.name} stands in front of the output layer "
                    f"{last.name if last else ''} of a regression"
                )
                yield Found((node,), words, (Remove(node.name),))


@rule(
    36,
    "bn-after-output",
    WARNING,
    safety=UNSAFE,
    hint="remove the normalization behind the last layer with weights",
    needs=["loss or type"],
    sources=[
        "Ioffe & Szegedy 2015, arXiv:1502.03167: normalization is for hidden layers",
        "follows from the definition",
    ],
    exceptions=(
        "Silent for outputs without a loss, and under a custom loss unless the task is stated: embeddings "
        "and projectors may end in one."
    ),
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(1), L.BatchNormalization(), loss="mse")
        >> chain((8, 3), L.LSTM(4), L.Dense(1)),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(3),
            L.BatchNormalization(),
            L.Activation("softmax"),
            loss="categorical_crossentropy",
        )
        >> chain((8, 3), L.LSTM(4), L.Dense(3), L.Activation("softmax")),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.BatchNormalization(), L.Dense(1), loss="mse"),
        chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization()),
        chain((8, 3), L.LSTM(4), L.Dense(8), L.BatchNormalization(), loss="custom"),
    ],
)
def bn_after_output(net: Net, facts: Facts) -> Iterator[Found]:
    """Batch normalization stands behind the last layer with weights.

    In training predictions are then centred and scaled by batch statistics: they depend on what else is in
    the batch. Afterwards running averages take that place.
    """
    ends = supervised(net, facts)
    for node in net.of(BATCH_NORM):
        if reaches_output(node, through(ACT, NOISE, SHAPE), ends) and any(
            n.kind in WEIGHTED for n in ancestors(node)
        ):
            yield Found((node,), f"{node.name} normalizes the output itself", (Remove(node.name),))


@rule(
    39,
    "dropout-before-bn",
    WARNING,
    safety=UNSAFE,
    hint="normalize first, drop out behind it",
    says=[Says("dropout-side-of-batch-norm", "not better")],
    grounds="the variances differ by arithmetic, on any data",
    sources=[
        "Li et al. 2019, Understanding the Disharmony between Dropout "
        "and Batch Normalization, arXiv:1801.05134",
        "NeuraLint rule f006",
    ],
    exceptions=(
        "Silent where a layer with weights is between (EEGNet, DeepSleepNet), "
        "for rate 0, and for LayerNormalization."
    ),
    bad=[
        chain((8, 3), L.Conv1D(4, 3), L.Dropout(0.2), L.BatchNormalization(), L.LSTM(4), L.Dense(1))
        >> chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.Dropout(0.2), L.LSTM(4), L.Dense(1)),
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.SpatialDropout1D(0.2),
            L.Activation("relu"),
            L.BatchNormalization(),
            L.LSTM(4),
            L.Dense(1),
        )
        >> chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.Activation("relu"),
            L.BatchNormalization(),
            L.SpatialDropout1D(0.2),
            L.LSTM(4),
            L.Dense(1),
        ),
    ],
    good=[
        chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.Dropout(0.2), L.LSTM(4), L.Dense(1)),
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.Dropout(0.2),
            L.Conv1D(4, 3),
            L.BatchNormalization(),
            L.LSTM(4),
            L.Dense(1),
        ),
        chain((8, 3), L.Conv1D(4, 3), L.Dropout(0.2), L.LayerNormalization(), L.LSTM(4), L.Dense(1)),
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.Dropout(0.2),
            L.BatchNormalization().called(training=False),
            L.LSTM(4),
            L.Dense(1),
        ),
    ],
)
def dropout_before_bn(net: Net, facts: Facts) -> Iterator[Found]:
    """Dropout that feeds batch normalization shifts the variance between training and inference.

    The moving variance is learned from dropped-out values, which vary more by 1 / (1 - rate) around a
    mean of 0. At inference nothing is dropped, and the normalization divides by a variance that is no
    longer there.
    """
    for norm in (node for node in net.of(BATCH_NORM) if not node.is_frozen):
        for noise in passed(norm, through(NOISE, ACT, SHAPE, POOL, GLOBAL_POOL, JOIN)):
            if noise.is_noise:
                ratio = 1 / (1 - noise.rate) if "rate" in noise.config and noise.rate < 1 else None
                words = f"{noise.name} (rate {noise.rate:g}) feeds {norm.name}"
                words += f": variance {ratio:.2f} times as high in training" if ratio else ""
                yield Found(
                    (noise, norm),
                    words,
                    (Move(noise.name, after=norm.name),),
                    evidence={"variance_ratio": ratio},
                )
