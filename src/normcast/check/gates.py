"""The gate values of a recurrent layer, computed once more outside of Keras, which does not show them."""

from __future__ import annotations

from typing import Any

import numpy as np


def gate_values(kind: str, config: dict[str, Any], weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Return the gates of an LSTM (input, forget, output) or GRU (update, reset): (batch, time, gates *
    units).

    x: (batch, time, channels); weights: as `get_weights` gives them.
    Raises ValueError for a layer whose gates are not sigmoids or whose activation is not tanh.

    >>> zeros = [np.zeros((1, 8)), np.zeros((2, 8)), np.zeros(8)]
    >>> config = {"recurrent_activation": "sigmoid", "activation": "tanh"}
    >>> float(gate_values("LSTM", config, zeros, np.ones((1, 1, 1))).max())
    0.5
    """
    if config.get("recurrent_activation") != "sigmoid" or config.get("activation") != "tanh":
        raise ValueError("gate_values: only sigmoid gates and tanh states are computed.")
    kernel, recurrent = weights[0], weights[1]
    units = recurrent.shape[0]
    bias = weights[2] if len(weights) > 2 else np.zeros(kernel.shape[1])
    step = _lstm_step if kind == "LSTM" else _gru_step
    state = (np.zeros((len(x), units)), np.zeros((len(x), units)))
    gates = []
    for t in range(x.shape[1]):
        state, values = step(x[:, t], state, kernel, recurrent, bias, config)
        gates.append(values)
    return np.stack(gates, axis=1)


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(z, -60, 60)))


def _lstm_step(x: Any, state: Any, kernel: Any, recurrent: Any, bias: Any, config: Any) -> Any:
    h, c = state
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    i, f, o = _sigmoid(i), _sigmoid(f), _sigmoid(o)
    c = f * c + i * np.tanh(g)
    return (o * np.tanh(c), c), np.concatenate([i, f, o], axis=-1)


def _gru_step(x: Any, state: Any, kernel: Any, recurrent: Any, bias: Any, config: Any) -> Any:
    h, _ = state
    after = bias.ndim == 2
    xz, xr, xh = np.split(x @ kernel + (bias[0] if after else bias), 3, axis=-1)
    rz, rr, rh = np.split(recurrent, 3, axis=-1)
    bz, br, bh = np.split(bias[1] if after else np.zeros(recurrent.shape[1]), 3)
    z, r = _sigmoid(xz + h @ rz + bz), _sigmoid(xr + h @ rr + br)
    inner = r * (h @ rh + bh) if after else (r * h) @ rh
    h = z * h + (1 - z) * np.tanh(xh + inner)
    return (h, h), np.concatenate([z, r], axis=-1)
