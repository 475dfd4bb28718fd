"""Self-normalizing networks: selu, its start and its dropout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.net import Net, Node, sources, through
from normcast.check.rule import UNSAFE, WARNING, Found, rule
from normcast.check.says import Says
from normcast.models.edits import Replace, Set
from normcast.models.graph.kinds import ACT, BATCH_NORM, CONV, DENSE, NOISE, NORM, RNN, SHAPE


@rule(
    45,
    "alphadropout-without-selu",
    WARNING,
    safety=UNSAFE,
    hint="Dropout, or selu in front of it",
    sources=[
        "Klambauer et al. 2017, Self-Normalizing Neural Networks, arXiv:1706.02515",
        "keras.io, AlphaDropout",
    ],
    exceptions="Silent behind normalization, the input, and sums.",
    bad=[
        chain((8, 3), L.Conv1D(4, 3, activation="relu"), L.AlphaDropout(0.1), L.LSTM(4), L.Dense(1))
        >> chain((8, 3), L.Conv1D(4, 3, activation="relu"), L.Dropout(0.1), L.LSTM(4), L.Dense(1))
    ],
    good=[
        chain(
            (8, 3),
            L.Conv1D(4, 3, activation="selu", kernel_initializer="lecun_normal"),
            L.AlphaDropout(0.1),
            L.LSTM(4),
            L.Dense(1),
        ),
        chain((8, 3), L.Conv1D(4, 3, activation="relu"), L.Dropout(0.1), L.LSTM(4), L.Dense(1)),
    ],
)
def alphadropout_without_selu(net: Net, facts: Facts) -> Iterator[Found]:
    """AlphaDropout follows an activation that is not selu.

    It sets dropped units to selu's lowest value and rescales so that mean and variance stay, which holds
    for selu only. Behind a relu it injects negative values and moves both.
    """
    for node in net.of({"AlphaDropout", "SpatialAlphaDropout1D"}):
        makers = [n for n in sources(node, through(NOISE, SHAPE)) if n.kind in DENSE | CONV | RNN | ACT]
        wrong = [n for n in makers if n.activation not in ("selu", "?", "")]
        if wrong and node.is_noise:
            plain = "SpatialDropout1D" if node.kind.startswith("Spatial") else "Dropout"
            fix = (Replace(node.name, {"class_name": plain, "config": {"rate": node.rate}}),)
            yield Found((node, wrong[0]), f"{node.name} follows {wrong[0].activation}, not selu", fix)


@rule(
    46,
    "selu-init",
    WARNING,
    safety=UNSAFE,
    hint="`kernel_initializer='lecun_normal'`",
    says=[Says("selu-initializer", "not better", arm="first")],
    grounds="the variance leaves 1 by arithmetic, on any data",
    sources=[
        "Klambauer et al. 2017, arXiv:1706.02515",
        "measured: variance after 12 layers 1.03 with lecun, 18.8 with he",
    ],
    exceptions="Silent for glorot where fan-in and fan-out are about equal, and where normalization follows.",
    bad=[
        chain((16,), L.Dense(16, activation="selu", kernel_initializer="he_normal"), L.Dense(1))
        >> chain((16,), L.Dense(16, activation="selu", kernel_initializer="lecun_normal"), L.Dense(1)),
        chain((16,), L.Dense(64, activation="selu"), L.Dense(1))
        >> chain((16,), L.Dense(64, activation="selu", kernel_initializer="lecun_normal"), L.Dense(1)),
    ],
    good=[
        chain((16,), L.Dense(16, activation="selu", kernel_initializer="lecun_normal"), L.Dense(1)),
        chain((16,), L.Dense(16, activation="selu"), L.Dense(1)),
    ],
)
def selu_init(net: Net, facts: Facts) -> Iterator[Found]:
    """A selu layer starts with a kernel variance that is not 1 / fan-in.

    Self-normalization needs fan_in times variance near 1: each layer then pulls the variance back to 1. He's
    start has 2: the variance grows from layer to layer, by a quarter or so, to about 19 after 12. Glorot's
    shrinks it where layers widen.
    """
    for node in net.of(DENSE | CONV):
        spread = _kernel_spread(node) if _is_selu(node) else None
        if spread is not None and not 0.8 <= spread <= 1.25:
            words = f"fan_in x variance of {node.name} is {spread:.2f}, selu needs 1"
            fix = (Set(node.name, kernel_initializer="lecun_normal"),)
            yield Found((node,), words, fix, evidence={"fan_in_variance": spread})


def _is_selu(node: Node) -> bool:
    if any(n.kind in BATCH_NORM | NORM for n in node.readers):
        return False
    acts = [n.activation for n in node.readers]
    return node.activation == "selu" or (node.activation == "linear" and bool(acts) and set(acts) == {"selu"})


def _kernel_spread(node: Node) -> float | None:
    """Return fan_in times the variance that the kernel's initializer gives; None if that is not known."""
    shapes = [tuple(w.shape) for w in node.weights if w.name == "kernel"]
    start = node.config.get("kernel_initializer")
    if not shapes or not isinstance(start, dict):
        return None
    area = int(np.prod(shapes[0][:-2]))
    fan_in, fan_out = area * shapes[0][-2], area * shapes[0][-1]
    return _spread(str(start["class_name"]), start.get("config") or {}, fan_in, fan_out)


def _spread(name: str, config: dict[str, Any], fan_in: int, fan_out: int) -> float | None:
    mean = (fan_in + fan_out) / 2
    modes = {"fan_in": fan_in, "fan_out": fan_out}
    width = float(config.get("maxval", 0.05)) - float(config.get("minval", -0.05))
    deviation = float(config.get("stddev", 0.05))
    known = {
        "Lecun": 1.0,
        "He": 2.0,
        "Glorot": fan_in / mean,
        "VarianceScaling": float(config.get("scale", 1.0)) * fan_in / modes.get(config.get("mode", ""), mean),
        "RandomNormal": fan_in * deviation**2,
        "TruncatedNormal": fan_in
        * (0.88 * deviation) ** 2,  # cut at two deviations, a normal keeps 0.88 of one
        "RandomUniform": fan_in * width**2 / 12,
    }
    return next((value for start, value in known.items() if name.startswith(start)), None)


@rule(
    47,
    "selu-plain-dropout",
    WARNING,
    safety=UNSAFE,
    hint="AlphaDropout at 0.05 to 0.1",
    says=[Says("alpha-dropout", "not better", arm="first")],
    grounds="the variance leaves 1 by arithmetic, on any data",
    sources=["Klambauer et al. 2017, arXiv:1706.02515", "measured: variance behind selu 1.0 to 1.25"],
    bad=[
        chain(
            (8,), L.Dense(8, activation="selu", kernel_initializer="lecun_normal"), L.Dropout(0.2), L.Dense(1)
        )
        >> chain(
            (8,),
            L.Dense(8, activation="selu", kernel_initializer="lecun_normal"),
            L.AlphaDropout(0.1),
            L.Dense(1),
        ),
        chain(
            (8, 3),
            L.Conv1D(4, 3, kernel_initializer="lecun_normal"),
            L.Activation("selu"),
            L.Dropout(0.2),
            L.LSTM(4),
            L.Dense(1),
        )
        >> chain(
            (8, 3),
            L.Conv1D(4, 3, kernel_initializer="lecun_normal"),
            L.Activation("selu"),
            L.AlphaDropout(0.1),
            L.LSTM(4),
            L.Dense(1),
        ),
    ],
    good=[
        chain(
            (8,),
            L.Dense(8, activation="selu", kernel_initializer="lecun_normal"),
            L.AlphaDropout(0.1),
            L.Dense(1),
        ),
        chain((8,), L.Dense(8, activation="relu"), L.Dropout(0.2), L.Dense(1)),
    ],
)
def selu_plain_dropout(net: Net, facts: Facts) -> Iterator[Found]:
    """Plain dropout follows a selu and breaks its mean and variance.

    Setting units to 0 and scaling the rest raises the variance; the following selu layers no longer normalize
    themselves.
    """
    for node in net.of({"Dropout"}):
        before = [n for n in sources(node, through(SHAPE)) if n.activation == "selu"]
        if node.is_noise and before and all(n.kind in DENSE | CONV | ACT for n in before):
            fix = (
                Replace(node.name, {"class_name": "AlphaDropout", "config": {"rate": min(node.rate, 0.1)}}),
            )
            yield Found(
                (node, before[0]), f"{node.name} zeroes units behind the selu of {before[0].name}", fix
            )
