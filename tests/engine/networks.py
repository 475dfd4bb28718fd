"""The small networks and data that the engine's tests train."""

from typing import Any

import keras
import numpy as np
from keras import layers

from normcast.engine import Batches, Field


def sine_data(
    windows: int = 64, input_size: int = 8, h: int = 2, channels: int = 3, seed: int = 0
) -> Batches:
    """Windows over noisy sines: inputs (input_size, channels), target (h,)."""
    rows = windows + input_size + h
    noise = np.random.default_rng(seed).normal(size=(rows, channels))
    values = (np.sin(np.arange(rows)[:, None] * (0.3 + np.arange(channels))) + 0.1 * noise).astype("float32")
    index = np.arange(windows, dtype=np.int32)
    target = Field(np.ascontiguousarray(values[:, 0]), input_size, h)
    return Batches({"past": Field(values, 0, input_size)}, target, index, np.zeros(windows, np.int32))


def conv_lstm(
    random: bool = False, input_size: int = 8, channels: int = 3, h: int = 2, activation: str = "relu"
) -> keras.Model:
    """Conv -> batch norm -> LSTM -> dense; with dropout if random."""
    x = inputs = keras.Input((input_size, channels), name="past")
    x = layers.Conv1D(4, 3, padding="causal", activation=activation)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.2)(x) if random else x
    x = layers.LSTM(5, recurrent_dropout=0.2 if random else 0.0)(x)
    return keras.Model(inputs, layers.Dense(h, kernel_regularizer="l2")(x))


def same(a: Any, b: Any) -> bool:
    """Whether two lists of arrays agree bit for bit."""
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
