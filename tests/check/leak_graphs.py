"""Random networks of layers that keep, move and mix steps, and what each of their tensors truly sees."""

# ruff: noqa: PLW0108 - each network needs layers of its own

import keras
import numpy as np
from keras import layers as L

from normcast.layers import CausalAveragePooling1D, SqueezeExcite1D

STEPS, CHANNELS, DRAWS = 12, 4, 6


def _residual(x, y):
    """Merge two branches, the longer one cut to the other's newest steps."""
    short = min(x.shape[1], y.shape[1])
    x, y = (z if z.shape[1] == short else z[:, z.shape[1] - short :] for z in (x, y))
    return L.Add()([L.Dense(CHANNELS)(x), L.Dense(CHANNELS)(y)])


def _swapped(layer):
    return lambda x: L.Permute((2, 1))(layer()(L.Permute((2, 1))(x)))


def _over_time(x):
    return _swapped(lambda: L.Dense(x.shape[1]))(x)


def _folded(layer):
    def folded(x):
        steps, channels = x.shape[1:]
        if steps % 2:
            x, steps = x[:, 1:], steps - 1
        y = layer()(L.Reshape((steps // 2, 2 * channels))(x))
        return L.Reshape((steps, y.shape[-1] // 2))(y)

    return folded


def _as_image(layer):
    return lambda x: (lambda y: L.Reshape((y.shape[1], -1))(y))(layer()(L.Reshape((*x.shape[1:], 1))(x)))


def _flat(x):
    return L.Reshape((x.shape[1], 3))(L.Dense(3 * x.shape[1])(L.Flatten()(x)))


def _gated(x):
    gate = L.Dense(x.shape[-1], activation="sigmoid")(L.GlobalAveragePooling1D()(x))
    return L.Multiply()([x, L.Reshape((1, x.shape[-1]))(gate)])


def _with_state(x):
    _, state = L.GRU(CHANNELS, return_state=True)(x)
    return L.GRU(CHANNELS, return_sequences=True)(x, initial_state=state)


def _shifted(by):
    return lambda x: L.Cropping1D((0, by))(L.ZeroPadding1D((by, 0))(x))


def _padded(x, before, after, mode="constant"):
    return keras.ops.pad(x, [[0, 0], [before, after], [0, 0]], mode=mode)


def _nested(layer):
    def nested(x):
        start = keras.Input(x.shape[1:])
        return keras.Model(start, L.Dense(CHANNELS)(layer()(start)))(x)

    return nested


def _attended(causal):
    return lambda x: L.MultiHeadAttention(1, 3)(x, x, use_causal_mask=causal)


RECURRENT = {"return_sequences": True}
CAUSAL = {
    "conv causal": lambda x: L.Conv1D(CHANNELS, 3, padding="causal")(x),
    "conv dilated": lambda x: L.Conv1D(CHANNELS, 2, padding="causal", dilation_rate=2)(x),
    "conv causal strided": lambda x: L.Conv1D(CHANNELS, 3, padding="causal", strides=2)(x),
    "conv valid": lambda x: L.Conv1D(CHANNELS, 3)(x),
    "conv valid strided": lambda x: L.Conv1D(CHANNELS, 3, strides=2)(x),
    "conv grouped": lambda x: L.Conv1D(4, 2, groups=2, padding="causal")(L.Dense(4)(x)),
    "depthwise valid": lambda x: L.DepthwiseConv1D(2, depth_multiplier=2)(x),
    "pool": lambda x: L.MaxPooling1D(2)(x),
    "pool valid": lambda x: L.AveragePooling1D(3, strides=1)(x),
    "pool same": lambda x: L.AveragePooling1D(2, padding="same")(x),
    "lstm": lambda x: L.LSTM(CHANNELS, **RECURRENT)(x),
    "bidirectional, the way forward": lambda x: L.Bidirectional(
        L.LSTM(CHANNELS, **RECURRENT), merge_mode=None
    )(x)[0],
    "cells": lambda x: L.RNN([L.GRUCell(3), L.SimpleRNNCell(CHANNELS)], **RECURRENT)(x),
    "norm": lambda x: L.LayerNormalization(beta_initializer="ones")(L.BatchNormalization()(x)),
    "instance norm of steps": lambda x: L.GroupNormalization(x.shape[1], axis=1)(x),
    "masked attention": _attended(True),
    "running mean": lambda x: CausalAveragePooling1D()(x),
    "causal squeeze": lambda x: SqueezeExcite1D(2, causal=True)(x),
    "shift": _shifted(1),
    "shift by an operation": lambda x: _padded(x, 2, 0)[:, :-2],
    "first step repeated": lambda x: _padded(x, 1, 0, "edge")[:, :-1],
    "slice": lambda x: x[:, 1:],
    "every second": lambda x: x[:, ::2],
    "time distributed": lambda x: L.Reshape((x.shape[1], -1))(
        L.TimeDistributed(L.Conv1D(2, 3, padding="same"))(L.Reshape((*x.shape[1:], 1))(x))
    ),
    "convlstm": _as_image(lambda: L.ConvLSTM1D(2, 3, padding="same", **RECURRENT)),
    "conv over channels": _as_image(lambda: L.Conv2D(2, (1, 3), padding="same")),
    "channels first": _swapped(lambda: L.Conv1D(CHANNELS, 1, data_format="channels_first")),
    "nested causal": _nested(lambda: L.Conv1D(CHANNELS, 3, padding="causal")),
    "flipped twice": lambda x: L.Dense(CHANNELS)(x[:, ::-1])[:, ::-1],
    "transposed valid": lambda x: L.Conv1DTranspose(CHANNELS, 2)(x),
    "unit norm": lambda x: L.UnitNormalization()(L.Dense(CHANNELS)(x)),
    "difference": lambda x: L.Subtract()([x[:, 1:], x[:, :-1]]),
}  # fmt: skip
AHEAD = {
    "conv same": lambda x: L.Conv1D(CHANNELS, 3, padding="same")(x),
    "separable same": lambda x: L.SeparableConv1D(CHANNELS, 3, padding="same")(x),
    "conv same strided": lambda x: L.Conv1D(CHANNELS, 4, padding="same", strides=2)(x),
    "next step by an operation": lambda x: _padded(x[:, 1:], 0, 1),
    "front reflected": lambda x: _padded(x, 1, 0, "reflect"),
    "conv 2d": _as_image(lambda: L.Conv2D(2, 3, padding="same")),
    "conv 3d": lambda x: L.Reshape((x.shape[1], -1))(
        L.Conv3D(2, (3, 1, 1), padding="same")(L.Reshape((*x.shape[1:], 1, 1))(x))
    ),
    "pool and spread": lambda x: L.UpSampling1D(2)(L.MaxPooling1D(2)(x)),
    "pool centred": lambda x: L.AveragePooling1D(3, strides=1, padding="same")(x),
    "pool and transposed": lambda x: L.Conv1DTranspose(CHANNELS, 3, strides=2, padding="same")(
        L.MaxPooling1D(2)(x)
    ),
    "transposed same": lambda x: L.Conv1DTranspose(CHANNELS, 3, padding="same")(x),
    "go backwards": lambda x: L.GRU(CHANNELS, go_backwards=True, **RECURRENT)(x),
    "bidirectional, the way back": lambda x: L.Bidirectional(
        L.LSTM(CHANNELS, **RECURRENT), merge_mode=None
    )(x)[1],
    "bidirectional": lambda x: L.Bidirectional(L.LSTM(2, **RECURRENT))(x),
    "attention": _attended(False),
    "dot attention": lambda x: L.Attention()([x, L.Dense(x.shape[-1])(x)]),
    "norm over time": lambda x: L.LayerNormalization(axis=1)(x),
    "group norm": lambda x: L.GroupNormalization(1)(x),
    "softmax over time": lambda x: L.Multiply()([x, L.Softmax(axis=1)(x)]),
    "dense over time": _over_time,
    "conv over channels of time": _swapped(lambda: L.Conv1D(STEPS, 1)),
    "flat": _flat,
    "folded": _folded(lambda: L.Dense(2 * CHANNELS)),
    "folded lstm": _folded(lambda: L.LSTM(2 * CHANNELS, **RECURRENT)),
    "gate": _gated,
    "squeeze": lambda x: SqueezeExcite1D(2)(x),
    "state": _with_state,
    "padded behind": lambda x: L.Conv1D(CHANNELS, 3)(L.ZeroPadding1D((0, 2))(x)),
    "flip": lambda x: x[:, ::-1],
    "nested same": _nested(lambda: L.Conv1D(CHANNELS, 3, padding="same")),
    "nested backwards": _nested(lambda: L.Bidirectional(L.GRU(2, **RECURRENT))),
    "joined over time": lambda x: L.Concatenate(axis=1)([x[:, -1:], x[:, :-1]]),
    "bilinear": lambda x: L.Reshape((x.shape[1] // 2 * 2, x.shape[-1]))(
        L.UpSampling2D((2, 1), interpolation="bilinear")(
            L.Reshape((x.shape[1] // 2, 1, x.shape[-1]))(L.MaxPooling1D(2)(x))
        )
    ),
    "row of images": lambda x: L.Reshape((x.shape[1], -1))(
        L.AveragePooling2D((3, 1), strides=1, padding="same")(L.Reshape((*x.shape[1:], 1))(x))
    ),
}  # fmt: skip


def drawn(seed, parts=4):
    """Return a network of a few such parts in a row, some of them beside the others."""
    rng = np.random.default_rng(seed)
    x = start = keras.Input((STEPS, CHANNELS))
    for _ in range(int(rng.integers(1, parts + 1))):
        kinds = AHEAD if rng.random() < 0.3 else CAUSAL
        y = kinds[str(rng.choice(list(kinds)))](x)
        if len(y.shape) == 3 and y.shape[1] >= 4:
            x = _residual(x, y) if rng.random() < 0.3 and y.shape[1] <= x.shape[1] + 1 else y
    return of_weights(keras.Model(start, L.Dense(2)(x)), seed)


def of_weights(model, seed=0):
    """Return the network with weights none of which is 0, so that nothing that could be seen is hidden."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if weight.dtype == "float32" and "variance" not in weight.name:
            sign = rng.choice([-1, 1], size=weight.shape)
            weight.assign(sign * rng.uniform(0.3, 0.8, size=weight.shape))
    return model


def truly_seen(model, tensors, steps=STEPS, seed=0):
    """Return, for each tensor, the latest input step that changes each position, -1 where none does."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(DRAWS, 1, *model.input_shape[1:]))
    base = np.repeat(base, steps, axis=1).astype("float32")
    other = base.copy()
    for step in range(steps):
        other[:, step, step] = rng.normal(size=other[:, step, step].shape) * 2
    part = keras.Model(model.inputs, tensors)
    found = []
    for before, after in zip(*(_given(part, each) for each in (base, other)), strict=True):
        moved = (before != after).reshape(DRAWS, steps, *before.shape[1:]).any(axis=0)
        order = np.arange(steps).reshape(-1, *[1] * (before.ndim - 1))
        found.append(np.where(moved, order, -1).max(axis=0))
    return found


def _given(part, x):
    values = part(x.reshape(-1, *x.shape[2:]), training=False)
    return [np.asarray(value) for value in keras.tree.flatten(values)]
