"""Normalization: where it stands, what it is fed, whether its statistics can be right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.graph import Net, Node, ancestors, passed, reaches_output, sinks, sources, through
from normcast.check.head import heads
from normcast.check.kinds import (
    ACT,
    BATCH_NORM,
    CONV,
    DENSE,
    GLOBAL_POOL,
    JOIN,
    NOISE,
    NORM,
    POOL,
    RNN,
    SHAPE,
    WEIGHTED,
)
from normcast.check.rule import ADVICE, SAFE, UNSAFE, WARNING, Finding, Found, rule
from normcast.models.edits import Move, Remove, Replace, Set


@rule(
    34,
    "bn-on-raw-input",
    ADVICE,
    hint="standardize with the statistics of the training rows: keras.layers.Normalization",
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

    Its statistics change with every batch, and at first they are not those of the data. Fixed statistics of the
    training rows are exact from the first step.
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
    sources=[
        "stackoverflow.com/questions/54368686, 64277744",
        "measured: test MSE worse in 6 of 6 settings, 1.2 to 1.8 times at batch 8 to 32, 3.4 to 11 times at 128",
    ],
    exceptions="Silent for classification, and where pooling stands between.",
    bad=[
        chain((8, 3), L.LSTM(4), L.BatchNormalization(), L.Dense(1), loss="mse"),
        chain(
            (8, 3),
            L.LSTM(4),
            L.BatchNormalization(),
            L.LeakyReLU(),
            L.Dropout(0.2),
            L.Dense(1),
            type="regression",
        ),
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
    afterwards; a regression shows the difference as a bias.
    """
    if not facts.is_regression:
        return
    for head in heads(net):
        last = head.weights
        for node in (
            sources(last, through(NOISE, ACT, SHAPE)) if last is not None and last.kind in DENSE else []
        ):
            if node.kind in BATCH_NORM:
                words = f"{node.name} stands in front of the output layer {last.name if last else ''} of a regression"
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
    exceptions="Silent where nothing is known of the loss: embeddings and projectors may end in one.",
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(1), L.BatchNormalization(), loss="mse"),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(3),
            L.BatchNormalization(),
            L.Activation("softmax"),
            loss="categorical_crossentropy",
        ),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.BatchNormalization(), L.Dense(1), loss="mse"),
        chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization()),
    ],
)
def bn_after_output(net: Net, facts: Facts) -> Iterator[Found]:
    """Batch normalization stands behind the last layer with weights.

    Predictions are then centred and scaled by batch statistics: they depend on what else is in the batch.
    """
    if not facts.training.losses and facts.task.type is None:
        return
    for node in net.of(BATCH_NORM):
        if reaches_output(node, through(ACT, NOISE, SHAPE)) and any(
            n.kind in WEIGHTED for n in ancestors(node)
        ):
            yield Found((node,), f"{node.name} normalizes the output itself", (Remove(node.name),))


@rule(
    37,
    "bn-moving-stats-unconverged",
    WARNING,
    safety=UNSAFE,
    hint="a lower momentum: 0.05 ** (1 / steps), or train longer",
    needs=["n_windows", "batch_size", "epochs"],
    sources=[
        "keras.io, BatchNormalization: momentum",
        "keras-team/keras#7265",
        "measured: 264 steps at 0.99: test MSE 0.60 against 0.054",
    ],
    bad=[
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(),
            L.LSTM(4),
            L.Dense(1),
            n_windows=320,
            batch_size=32,
            epochs=10,
        )
    ],
    good=[
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(momentum=0.9),
            L.LSTM(4),
            L.Dense(1),
            n_windows=320,
            batch_size=32,
            epochs=10,
        ),
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(),
            L.LSTM(4),
            L.Dense(1),
            n_windows=320,
            batch_size=32,
        ),
    ],
)
def bn_moving_stats_unconverged(net: Net, facts: Facts) -> Iterator[Found]:
    """Training is too short for the moving statistics of a batch normalization to leave their start.

    They begin at mean 0 and variance 1 and keep momentum ** steps of that. What is left of it is an error that
    appears at inference only.
    """
    steps = facts.steps
    if not steps:
        return
    for node in net.of(BATCH_NORM):
        momentum = float(node.config.get("momentum", 0.99))
        left = momentum**steps
        if left > 0.05:
            better = max(0.5, int(0.05 ** (1 / steps) * 1000) / 1000)
            fix = (Set(node.name, momentum=better),) if better**steps <= 0.05 else ()
            words = (
                f"after {steps} steps {left:.0%} of the starting statistics are left (momentum {momentum:g})"
            )
            yield Found((node,), words, fix, evidence={"steps": steps, "left": left})


@rule(
    38,
    "bn-small-batch",
    WARNING,
    safety=UNSAFE,
    hint="LayerNormalization or GroupNormalization, or a larger batch",
    needs=["batch_size"],
    sources=[
        "Wu & He 2018, Group Normalization, arXiv:1803.08494",
        "Ioffe 2017, Batch Renormalization, arXiv:1702.03275",
    ],
    exceptions="Advice for batches of 5 to 7; over time, batch times steps below 64 is what counts.",
    bad=[
        chain((8, 3), L.LSTM(4), L.BatchNormalization(), L.Dense(2, activation="softmax"), batch_size=2),
        chain(
            (8, 3),
            L.Conv1D(4, 3, padding="same"),
            L.BatchNormalization(),
            L.LSTM(4),
            L.Dense(1),
            batch_size=6,
        ),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.BatchNormalization(), L.Dense(2, activation="softmax"), batch_size=32),
        chain((100, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.LSTM(4), L.Dense(1), batch_size=4),
    ],
)
def bn_small_batch(net: Net, facts: Facts) -> Iterator[Found]:
    """Batch normalization estimates mean and variance from a handful of values.

    The estimates are noise, differ from the moving averages used later, and training and inference drift apart.
    """
    batch = facts.training.batch_size
    if not batch:
        return
    batch = max(1, batch // max(1, facts.training.replicas))
    for node in net.of(BATCH_NORM):
        values = _values_per_channel(node, batch)
        if batch <= 7 and values is not None and (len(node.input_shape) == 2 or values < 64):
            severity = WARNING if batch <= 4 else ADVICE
            fix = (Replace(node.name, "LayerNormalization"),)
            yield Found((node,), f"statistics of {values} values per channel (batch {batch})", fix, severity)


def _values_per_channel(node: Node, batch: int) -> int | None:
    shape = node.input_shape
    axis = node.config.get("axis", -1)
    axis = (axis if isinstance(axis, int) else axis[0]) % max(1, len(shape))
    lengths = [n for i, n in enumerate(shape) if i not in (0, axis)]
    total = batch
    for length in lengths:
        if length is None:
            return None
        total *= length
    return total


@rule(
    39,
    "dropout-before-bn",
    WARNING,
    safety=UNSAFE,
    hint="normalize first, drop out behind it",
    sources=[
        "Li et al. 2019, Understanding the Disharmony between Dropout and Batch Normalization, arXiv:1801.05134",
        "NeuraLint rule f006",
    ],
    exceptions="Silent where a layer with weights is between (EEGNet, DeepSleepNet), for rate 0, and for LayerNormalization.",
    bad=[
        chain((8, 3), L.Conv1D(4, 3), L.Dropout(0.2), L.BatchNormalization(), L.LSTM(4), L.Dense(1)),
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.SpatialDropout1D(0.2),
            L.Activation("relu"),
            L.BatchNormalization(),
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
    ],
)
def dropout_before_bn(net: Net, facts: Facts) -> Iterator[Found]:
    """Dropout that feeds batch normalization shifts the variance between training and inference.

    The moving variance is learned from dropped-out values, which vary more by 1 / (1 - rate) around a mean of 0.
    At inference nothing is dropped, and the normalization divides by a variance that is no longer there.
    """
    for norm in net.of(BATCH_NORM):
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


def _fold_bias(old: Any, new: Any, finding: Finding) -> None:
    """Take the dropped bias out of the moving mean, so that inference stays the same."""
    import numpy as np

    names = finding.layers[:1]
    for name in names:
        source, target = _at(old, name), _at(new, name)
        norms = [n for n in finding.evidence.get("norms", []) if not target.use_bias and source.use_bias]
        for norm in norms:
            mean = _at(new, norm).moving_mean
            mean.assign(np.asarray(mean) - np.asarray(source.bias))


def _at(model: Any, path: str) -> Any:
    for name in path.split("/"):
        model = model.get_layer(name)
    while hasattr(model, "layer"):
        model = model.layer
    return model


@rule(
    40,
    "bias-before-bn",
    ADVICE,
    safety=SAFE,
    hint="use_bias=False: the normalization subtracts the bias again",
    sources=[
        "Ioffe & Szegedy 2015, section 3.2, arXiv:1502.03167",
        "NeuraLint rule f005",
        "measured: bias gradient 2.6e-8, kernel gradient 5e-2",
    ],
    exceptions="Silent where an activation or dropout is between, for recurrent layers, and where others read the layer too.",
    bad=[
        chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.Activation("relu"), L.LSTM(4), L.Dense(1)),
        chain((8,), L.Dense(4), L.BatchNormalization(), L.ReLU(), L.Dense(1)),
    ],
    good=[
        chain(
            (8, 3),
            L.Conv1D(4, 3, use_bias=False),
            L.BatchNormalization(),
            L.Activation("relu"),
            L.LSTM(4),
            L.Dense(1),
        ),
        chain((8, 3), L.Conv1D(4, 3, activation="relu"), L.BatchNormalization(), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.LSTM(4), L.BatchNormalization(), L.Dense(1)),
    ],
    carry=_fold_bias,
)
def bias_before_bn(net: Net, facts: Facts) -> Iterator[Found]:
    """A layer learns a bias that the batch normalization behind it subtracts.

    The bias has no effect and no gradient; it costs memory and time only.
    """
    for node in net.of(CONV | DENSE):
        linear = node.activation == "linear" and node.config.get("use_bias") is True
        norms = [n for n in node.readers if n.kind in BATCH_NORM and _on_channels(n, node)]
        if linear and norms and len(norms) == len(node.readers) and not node.is_output:
            saved = node.shape[1 if node.config.get("data_format") == "channels_first" else -1]
            evidence = {"parameters": saved, "norms": [n.name for n in norms]}
            words = (
                f"the bias of {node.name} is subtracted by {norms[0].name}: {saved} parameters without effect"
            )
            yield Found((node,), words, (Set(node.name, use_bias=False),), evidence=evidence)


def _on_channels(norm: Node, maker: Node) -> bool:
    rank = len(norm.input_shape)
    axis = norm.config.get("axis", -1)
    channels = 1 if maker.config.get("data_format") == "channels_first" and rank > 2 else rank - 1
    return (axis if isinstance(axis, int) else axis[0]) % max(1, rank) == channels


@rule(
    41,
    "bn-scale-redundant",
    ADVICE,
    safety=UNSAFE,
    default=False,
    hint="BatchNormalization(scale=False)",
    sources=[
        "keras.io, BatchNormalization: scale",
        "measured: positive homogeneity holds for relu, fails by 2.4 for selu",
    ],
    exceptions="Off unless selected. Silent for selu, elu, gelu, tanh, and for sums.",
    bad=[
        chain(
            (8, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.ReLU(), L.Conv1D(4, 3), L.Flatten(), L.Dense(1)
        )
    ],
    good=[
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(scale=False),
            L.ReLU(),
            L.Conv1D(4, 3),
            L.Flatten(),
            L.Dense(1),
        ),
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(),
            L.Activation("selu"),
            L.Conv1D(4, 3),
            L.Flatten(),
            L.Dense(1),
        ),
    ],
)
def bn_scale_redundant(net: Net, facts: Facts) -> Iterator[Found]:
    """The scale of a batch normalization is followed by weights that could take it over.

    Through relu, leaky relu, pooling and dropout a positive scale passes unchanged into the next kernel.
    """
    scaling = {"relu", "leaky_relu", "linear"}
    passes = lambda n: n.kind in NOISE | SHAPE | POOL or (n.kind in ACT and n.activation in scaling)  # noqa: E731
    for node in net.of(BATCH_NORM):
        ends = sinks(node, passes)
        weighty = bool(ends) and all(n.kind in DENSE | CONV | RNN for n in ends)
        if node.config.get("scale") and weighty and not reaches_output(node, passes):
            names = ", ".join(n.name for n in ends)
            yield Found(
                (node,), f"the scale of {node.name} can live in {names}", (Set(node.name, scale=False),)
            )


@rule(
    42,
    "norm-param-weight-decay",
    ADVICE,
    safety=UNSAFE,
    hint="optimizer.exclude_from_weight_decay(var_names=['gamma', 'beta', 'bias'])",
    sources=[
        "Loshchilov & Hutter 2019, AdamW, arXiv:1711.05101",
        "He et al. 2019, Bag of Tricks, arXiv:1812.01187",
    ],
    exceptions="Silent for decay up to 1e-5, and where the parameters are excluded.",
    bad=[
        chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization(gamma_regularizer="l2"), L.LSTM(4), L.Dense(1)),
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(),
            L.LSTM(4),
            L.Dense(1),
            optimizer="AdamW",
            weight_decay=0.01,
        ),
    ],
    good=[
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(),
            L.LSTM(4),
            L.Dense(1),
            optimizer="AdamW",
            weight_decay=0.01,
            decay_excludes=("gamma", "beta"),
        ),
        chain((8, 3), L.Conv1D(4, 3, kernel_regularizer="l2"), L.BatchNormalization(), L.LSTM(4), L.Dense(1)),
    ],
)
def norm_param_weight_decay(net: Net, facts: Facts) -> Iterator[Found]:
    """Weight decay pulls the scale and shift of a normalization towards 0.

    They do not make a function complex as kernels do; decaying them only fights the normalization.
    """
    for node in net.of(NORM):
        decayed = {k: None for k in ("gamma_regularizer", "beta_regularizer") if node.config.get(k)}
        if decayed:
            yield Found((node,), f"{node.name} has {' and '.join(decayed)}", (Set(node.name, **decayed),))
    training = facts.training
    decay = training.weight_decay or (
        0.004 if training.optimizer == "AdamW" and training.weight_decay is None else 0
    )
    norms = tuple(net.of(NORM))
    if norms and decay > 1e-5 and not {"gamma", "beta"} <= set(training.decay_excludes or ()):
        yield Found(
            norms, f"weight decay {decay:g} also acts on the scale and shift of {len(norms)} normalizations"
        )
