"""A small network with every kind of layer that an inspection looks into, and cases for it."""

import keras
import numpy as np

from normcast.layers import LSTM

STEPS = 8
X = np.random.default_rng(0).normal(size=(6, STEPS, 2)).astype("float32")
Y = X[:, -1, :1]


def network(name="net", units=3, recurrent=True, compiled=True):
    keras.utils.set_random_seed(1)
    layers = [
        keras.layers.Conv1D(4, 3, padding="causal", name="conv"),
        keras.layers.BatchNormalization(name="bn"),
        *([LSTM(units, name="lstm_1")] if recurrent else [keras.layers.Flatten()]),
        keras.layers.Dense(1, name="head"),
    ]
    net = keras.Sequential([keras.Input((STEPS, 2)), *layers], name=name)
    if compiled:
        net.compile("adam", "mse")
    return net
