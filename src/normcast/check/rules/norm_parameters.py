"""Parameters that a normalization makes useless, or that decay should leave alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.net import Net, Node, reaches_output, sinks
from normcast.check.rule import ADVICE, SAFE, UNSAFE, Finding, Found, rule
from normcast.check.says import Says
from normcast.errors import counted
from normcast.models.edits import Set
from normcast.models.graph.kinds import ACT, BATCH_NORM, CONV, DENSE, NOISE, NORM, POOL, RNN, SHAPE


def _fold_bias(old: Any, new: Any, finding: Finding) -> None:
    """Take the dropped bias out of the moving mean, so that inference stays the same."""
    import numpy as np

    bias = np.asarray(_at(old, finding.layers[0]).bias)
    for norm in finding.evidence["norms"]:
        mean = _at(new, norm).moving_mean
        mean.assign(np.asarray(mean) - bias)


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
    hint="`use_bias=False`: the normalization subtracts the bias again",
    says=[Says("bias-before-batch-norm", "nothing")],
    sources=[
        "Ioffe & Szegedy 2015, section 3.2, arXiv:1502.03167",
        "NeuraLint rule f005",
        "measured: bias gradient 2.6e-8, kernel gradient 5e-2",
    ],
    exceptions=(
        "Silent where an activation or dropout is between, for recurrent "
        "layers, where others read the layer too, and before a frozen normalization, whose statistics stay."
    ),
    bad=[
        chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.Activation("relu"), L.LSTM(4), L.Dense(1))
        >> chain(
            (8, 3),
            L.Conv1D(4, 3, use_bias=False),
            L.BatchNormalization(),
            L.Activation("relu"),
            L.LSTM(4),
            L.Dense(1),
        ),
        chain((8,), L.Dense(4), L.BatchNormalization(), L.ReLU(), L.Dense(1))
        >> chain((8,), L.Dense(4, use_bias=False), L.BatchNormalization(), L.ReLU(), L.Dense(1)),
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
        chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization(trainable=False), L.LSTM(4), L.Dense(1)),
    ],
    carry=_fold_bias,
)
def bias_before_bn(net: Net, facts: Facts) -> Iterator[Found]:
    """A layer learns a bias that the batch normalization behind it subtracts.

    The bias has no effect and no gradient; it costs memory and time only.
    """
    for node in net.of(CONV | DENSE):
        linear = node.activation == "linear" and node.config.get("use_bias") is True
        calls = [n for n in net.nodes if n.layer is node.layer]
        norms = [n for call in calls for n in call.readers]
        subtracted = all(n.kind in BATCH_NORM and not n.is_frozen and _on_channels(n, node) for n in norms)
        if linear and norms and subtracted and _is_alone(net, norms, calls):
            saved = node.shape[1 if node.config.get("data_format") == "channels_first" else -1]
            evidence = {"parameters": saved, "norms": list(dict.fromkeys(n.name for n in norms))}
            words = (
                f"the bias of {node.name} is subtracted by {norms[0].name}: {saved} parameters without effect"
            )
            yield Found((node,), words, (Set(node.name, use_bias=False),), evidence=evidence)


def _is_alone(net: Net, norms: list[Node], calls: list[Node]) -> bool:
    """Say whether the layer of these calls goes nowhere else, and the norms read nothing else."""
    layers = [norm.layer for norm in norms]
    read = [n for norm in net.nodes if norm.layer in layers for n in norm.inputs]
    return all(n in calls for n in read) and not any(call.is_output for call in calls)


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
    hint="`BatchNormalization(scale=False)`",
    says=[Says("batch-norm-scale-before-selu", "silent")],
    sources=[
        "keras.io, BatchNormalization: scale",
        "measured: positive homogeneity holds for relu, fails by 2.4 for selu",
    ],
    exceptions="Off unless selected. Silent for selu, elu, gelu, tanh, and for sums.",
    bad=[
        chain(
            (8, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.ReLU(), L.Conv1D(4, 3), L.Flatten(), L.Dense(1)
        )
        >> chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(scale=False),
            L.ReLU(),
            L.Conv1D(4, 3),
            L.Flatten(),
            L.Dense(1),
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
    hint="`optimizer.exclude_from_weight_decay(var_names=['gamma', 'beta', 'bias'])`",
    sources=[
        "Loshchilov & Hutter 2019, AdamW, arXiv:1711.05101",
        "He et al. 2019, Bag of Tricks, arXiv:1812.01187",
    ],
    exceptions="Silent for decay up to 1e-5, and where the parameters are excluded.",
    bad=[
        chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization(gamma_regularizer="l2"), L.LSTM(4), L.Dense(1))
        >> chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.LSTM(4), L.Dense(1)),
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

    What a kernel loses to decay a normalization behind it gives back; nothing gives back what its own scale
    and shift lose. So published recipes leave them out. The effect is mostly small.
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
    held = {"scale": "gamma", "center": "beta"}
    named = {name for norm in norms for option, name in held.items() if norm.config.get(option, True)}
    if decay > 1e-5 and named - set(training.decay_excludes or ()):
        which = counted(len(norms), "normalization")
        yield Found(norms, f"weight decay {decay:g} also acts on the scale and shift of {which}")
