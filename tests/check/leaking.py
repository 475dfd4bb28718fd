"""Networks with an output per step: some whose output sees later steps, and causal ones that look alike."""

import keras
from keras import layers as L
from keras import ops

from tests.check.leak_graphs import CHANNELS, STEPS, of_weights


class Centred(L.Layer):
    """A layer of a user's own that takes the window's mean off."""

    def call(self, x):
        return x - ops.mean(x, axis=1, keepdims=True)


class Ahead(L.Layer):
    """A layer of a user's own that mixes in the next step."""

    def call(self, x):
        return x + 0.5 * ops.concatenate([x[:, 1:], x[:, -1:]], axis=1)


class Lagged(L.Layer):
    """A layer of a user's own that mixes in the step before."""

    def call(self, x):
        return x + 0.5 * ops.concatenate([x[:, :1], x[:, :-1]], axis=1)


class FirstRemoved(L.Layer):
    """A layer of a user's own that takes the first step off."""

    def call(self, x):
        return x - x[:, :1]


def network(*parts, shape=(STEPS, CHANNELS), batch=None):
    """Return the network of these layers, or functions of a tensor, in a row, before a head for each step."""
    x = start = keras.Input(shape, batch_size=batch)
    for part in parts:
        x = part(x)
    return of_weights(keras.Model(start, L.Dense(1, name="head")(x)))


def conv(name=None, padding="causal", **config):
    return L.Conv1D(CHANNELS, 3, padding=padding, name=name, **config)


def next_frame(padding):
    x = start = keras.Input((STEPS, 4, 4, 1))
    x = L.ConvLSTM2D(2, 3, padding="same", return_sequences=True)(x)
    if padding == "causal":
        x, padding = L.ZeroPadding3D(((2, 0), (1, 1), (1, 1)))(x), "valid"
    return of_weights(keras.Model(start, L.Conv3D(1, 3, padding=padding, name="leak")(x)))


def u_net(shift, padding="causal"):
    """A U-Net of causal convolutions: without a shift, what the lower level gives comes a step too early."""
    x = start = keras.Input((STEPS, CHANNELS))
    skip = conv("down", padding)(x)
    x = conv("low", padding)(L.MaxPooling1D(2)(skip))
    x = L.UpSampling1D(2, name="leak")(x)
    if shift:
        x = L.Cropping1D((0, 1))(L.ZeroPadding1D((1, 0))(x))
    x = conv("up", padding)(L.Concatenate()([skip, x]))
    return of_weights(keras.Model(start, L.Dense(1, name="head")(x)))


def attentive(**arguments):
    x = start = keras.Input((STEPS, CHANNELS))
    x = L.MultiHeadAttention(2, 2, name="leak")(x, x, **arguments)
    return of_weights(keras.Model(start, L.Dense(1, name="head")(x)))


def inner(layer):
    part = keras.Sequential([keras.Input((STEPS, CHANNELS)), layer, L.Dense(CHANNELS)], name="part")
    return network(part)


def two_inputs(**leak):
    """A decoder over its own steps that attends to all of an encoded past."""
    past, own = keras.Input((8, CHANNELS)), keras.Input((STEPS, CHANNELS))
    encoded = L.Bidirectional(L.GRU(2, return_sequences=True))(past)
    x = L.GRU(CHANNELS, return_sequences=True, name="leak", **leak)(own)
    x = L.MultiHeadAttention(1, 3)(x, encoded)
    return of_weights(keras.Model([past, own], L.Dense(1, name="head")(x)))


def tokens(padding):
    start = keras.Input((STEPS,), dtype="int32")
    x = L.Conv1D(CHANNELS, 3, padding=padding, name="leak")(L.Embedding(9, 4)(start))
    return of_weights(keras.Model(start, L.Dense(1, name="head")(x)))


def swapped(layer, *, then=()):
    return network(L.Permute((2, 1)), layer, L.Permute((2, 1)), *then)


def squeezed(causal):
    from normcast.layers import SqueezeExcite1D

    return network(conv(), SqueezeExcite1D(2, causal=causal, name="leak"))


LEAKING = {
    "a convolution of frames": lambda: next_frame("same"),
    "pooled and spread": lambda: network(conv(), L.MaxPooling1D(2), L.UpSampling1D(2, name="leak")),
    "a U-Net": lambda: u_net(shift=False),
    "pooled and transposed": lambda: network(
        L.AveragePooling1D(2), L.Conv1DTranspose(CHANNELS, 2, strides=2, name="leak")
    ),
    "a centred pooling": lambda: network(conv(), L.MaxPooling1D(3, strides=1, padding="same", name="leak")),
    "attention": attentive,
    "softmax over time": lambda: network(conv(), L.Softmax(axis=1, name="leak")),
    "a norm over time": lambda: network(L.LayerNormalization(axis=(1, 2), name="leak")),
    "a group norm": lambda: network(conv(), L.GroupNormalization(2, name="leak")),
    "backwards": lambda: network(L.GRU(CHANNELS, return_sequences=True, go_backwards=True, name="leak")),
    "bidirectional inside": lambda: inner(L.Bidirectional(L.LSTM(2, return_sequences=True), name="leak")),
    "dense over time": lambda: swapped(L.Dense(STEPS, name="leak")),
    "folded": lambda: network(
        L.Reshape((STEPS // 3, 3 * CHANNELS)),
        L.LSTM(3 * CHANNELS, return_sequences=True),
        L.Reshape((STEPS, CHANNELS), name="leak"),
    ),
    "tokens": lambda: tokens("same"),
    "a decoder backwards": lambda: two_inputs(go_backwards=True),
    "a squeeze": lambda: squeezed(False),
    "a roll": lambda: network(conv(), L.Lambda(lambda x: ops.roll(x, -1, axis=1), name="leak")),
    "a sum from the end": lambda: network(
        L.Lambda(lambda x: ops.flip(ops.cumsum(ops.flip(x, axis=1), axis=1), axis=1), name="leak")
    ),
    "a mean taken off": lambda: network(conv(), Centred(name="leak")),
    "the next step": lambda: network(Ahead(name="leak"), L.LSTM(CHANNELS, return_sequences=True)),
}
SOUND = {
    "frames padded in front": lambda: next_frame("causal"),
    "frames of ConvLSTM": lambda: network(
        L.ConvLSTM1D(2, 3, padding="same", return_sequences=True), shape=(STEPS, 4, 1)
    ),
    "a shifted U-Net": lambda: u_net(shift=True),
    "dilated": lambda: network(*(conv(dilation_rate=d) for d in (1, 2, 4))),
    "valid, aligned at the end": lambda: network(conv(padding="valid"), conv(padding="valid")),
    "pooled, a block at a time": lambda: network(conv(), L.MaxPooling1D(2), L.LSTM(3, return_sequences=True)),
    "masked attention": lambda: attentive(use_causal_mask=True),
    "softmax over channels": lambda: network(conv(), L.Softmax()),
    "norms and cells": lambda: network(
        L.BatchNormalization(), conv(), L.LayerNormalization(), L.RNN(L.GRUCell(3), return_sequences=True)
    ),
    "stateful": lambda: network(
        L.LSTM(4, return_sequences=True, stateful=True), shape=(STEPS, CHANNELS), batch=4
    ),
    "recurrent inside": lambda: inner(L.GRU(4, return_sequences=True)),
    "permuted": lambda: swapped(L.Conv1D(STEPS, 1, data_format="channels_first")),
    "padded by hand": lambda: network(L.ZeroPadding1D((2, 0)), conv(padding="valid")),
    "tokens": lambda: tokens("causal"),
    "a decoder": two_inputs,
    "a causal squeeze": lambda: squeezed(True),
    "a running sum": lambda: network(L.Lambda(lambda x: ops.cumsum(x, axis=1)), conv()),
    "a flip there and back": lambda: network(lambda x: x[:, ::-1], L.Dense(3), lambda x: x[:, ::-1]),
    "the step before": lambda: network(Lagged(), L.LSTM(CHANNELS, return_sequences=True)),
    "the first taken off": lambda: network(conv(), FirstRemoved()),
}
