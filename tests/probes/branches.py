"""Recurrent layers side by side on one input, each with a head of its own: one look sees them all."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from normcast.layers import GRU, LSTM
from tests.layers.backends import numpy
from tests.probes.textbook import STEPS, states_of, wide_tanh

CASES, FEATURES, UNITS = 4, 2, 3
MASKS = {
    "none": np.ones((CASES, STEPS), bool),
    "front": np.array([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1]], bool),
    "end": np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]], bool),
    "inside": np.array([[1, 0, 1, 0, 1], [1, 1, 1, 1, 1], [1, 1, 0, 0, 1], [0, 1, 1, 1, 0]], bool),
}
KERAS = keras.layers


# Each: the class, its arguments; "seq" is return_sequences.
OURS = {
    "lstm": (LSTM, {"return_sequences": True}),
    "lstm batch": (LSTM, {"norm": "batch"}),
    "lstm batch back": (LSTM, {"norm": "batch", "go_backwards": True, "return_sequences": True}),
    "lstm sequence": (LSTM, {"norm": "batch", "input_statistics": "sequence"}),
    "lstm layer": (LSTM, {"norm": "layer"}),
    "lstm layer gate": (
        LSTM,
        {"norm": "layer", "norm_scope": "gate", "epsilon": 0.01, "return_sequences": True},
    ),
    "lstm rms": (LSTM, {"norm": "rms"}),
    "lstm rms gate": (LSTM, {"norm": "rms", "norm_scope": "gate", "epsilon": 0.01, "zoneout": (0.2, 0.3)}),
    "lstm relu": (LSTM, {"activation": "relu", "recurrent_activation": "sigmoid", "unroll": True}),
    "lstm variational": (LSTM, {"dropout": 0.3, "recurrent_dropout": 0.3, "norm": "layer"}),
    "lstm tied": (LSTM, {"dropout": 0.3, "recurrent_dropout": 0.3, "recurrent_dropout_kind": "tied"}),
    "lstm per step": (LSTM, {"recurrent_dropout": 0.3, "recurrent_dropout_kind": "per_step"}),
    "lstm semeniuta": (LSTM, {"recurrent_dropout": 0.3, "recurrent_dropout_kind": "semeniuta"}),
    "lstm moon": (LSTM, {"recurrent_dropout": 0.3, "recurrent_dropout_kind": "moon", "norm": "rms"}),
    "lstm weights": (LSTM, {"weight_dropout": 0.3, "zoneout": (0.2, 0.3)}),
    "gru": (GRU, {"return_sequences": True}),
    "gru batch": (GRU, {"norm": "batch", "zoneout": 0.2}),
    "gru before": (GRU, {"reset_after": False, "norm": "batch"}),
    "gru sequence": (GRU, {"norm": "batch", "input_statistics": "sequence", "go_backwards": True}),
    "gru layer": (GRU, {"norm": "layer", "reset_after": False, "return_sequences": True}),
    "gru layer gate": (GRU, {"norm": "layer", "norm_scope": "gate", "epsilon": 0.01}),
    "gru rms": (GRU, {"norm": "rms", "unroll": True}),
    "gru variational": (GRU, {"dropout": 0.3, "recurrent_dropout": 0.3}),
    "gru tied": (GRU, {"recurrent_dropout": 0.3, "recurrent_dropout_kind": "tied", "norm": "layer"}),
    "gru per step": (GRU, {"recurrent_dropout": 0.3, "recurrent_dropout_kind": "per_step"}),
    "gru semeniuta": (GRU, {"recurrent_dropout": 0.3, "recurrent_dropout_kind": "semeniuta", "zoneout": 0.2}),
    "gru weights": (GRU, {"weight_dropout": 0.3, "reset_after": False}),
}
THEIRS = {
    "keras lstm": (KERAS.LSTM, {"activation": wide_tanh, "return_sequences": True}),
    "keras lstm 1": (
        KERAS.LSTM,
        {"activation": wide_tanh, "implementation": 1, "dropout": 0.3, "recurrent_dropout": 0.3},
    ),
    "keras lstm 2": (
        KERAS.LSTM,
        {"activation": wide_tanh, "implementation": 2, "dropout": 0.3, "go_backwards": True},
    ),
    "keras lstm relu": (KERAS.LSTM, {"activation": "relu", "unroll": True}),
    "keras gru": (KERAS.GRU, {"activation": wide_tanh, "return_sequences": True}),
    "keras gru 1": (
        KERAS.GRU,
        {"activation": wide_tanh, "implementation": 1, "reset_after": False, "recurrent_dropout": 0.3},
    ),
    "keras gru before": (KERAS.GRU, {"activation": wide_tanh, "reset_after": False, "go_backwards": True}),
    "keras gru relu": (KERAS.GRU, {"activation": "relu", "unroll": True}),
    "keras simple": (KERAS.SimpleRNN, {"return_sequences": True, "activation": wide_tanh}),
    "keras simple relu": (KERAS.SimpleRNN, {"activation": "relu", "unroll": True, "dropout": 0.3}),
}
ALL = {**OURS, **THEIRS}


def network(names: list[str], mask: str) -> tuple[keras.Model, np.ndarray, dict[str, Any]]:
    """Return a model of those layers side by side, what it reads, and its layers by name."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(1)
    dtype = keras.config.floatx()
    x = rng.normal(size=(CASES, STEPS, FEATURES)).astype(dtype)
    x[~MASKS[mask]] = 0
    entrance = keras.Input((STEPS, FEATURES))
    read = entrance if mask == "none" else keras.layers.Masking(0.0)(entrance)
    layers, heads = {}, []
    for name in names:
        kind, about = ALL[name]
        layers[name] = kind(UNITS, **about, name=name.replace(" ", "_"), seed=3)
        heads.append(keras.layers.Dense(1, name=f"head_{len(heads)}")(layers[name](read)))
    model = keras.Model(entrance, heads)
    for v in model.trainable_variables:
        v.assign(keras.ops.convert_to_numpy(v) + rng.uniform(0.1, 0.5, v.shape))
    for v in model.non_trainable_variables:
        if "moving" in v.path:
            v.assign(rng.uniform(0.4, 1.5, v.shape))
    return model, x, layers


def loss_of(model: Any, x: np.ndarray, layers: dict[str, Any], mask: str, training: bool) -> Any:
    """Return the function from what is moved to the sum of the outputs of the branches that it reaches."""
    valid = None if mask == "none" else MASKS[mask]

    kernels = [numpy(model.get_layer(f"head_{i}").kernel) for i in range(len(layers))]
    heads = {layer.name: (layer, kernel) for layer, kernel in zip(layers.values(), kernels, strict=True)}

    def loss(moved: dict[str, dict[str, np.ndarray]]) -> float:
        ((place, moves),) = moved.items()
        layer, kernel = heads[place]
        h, _, _ = states_of(layer, x.astype("float64"), moves, valid, training=training)
        return float(((h if layer.return_sequences else h[:, -1]) @ kernel).sum())

    return loss
