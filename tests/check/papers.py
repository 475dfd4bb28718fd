"""Networks as papers describe them, in small: `check` must have nothing against them."""

import keras
from keras import layers as L

from normcast.check.facts import Loss

MSE, CROSS = Loss("mse", False), Loss("categorical_crossentropy", False)
REGRESSION = {"type": "regression", "granularity": "per_window", "losses": (MSE,)}


CLASSES = {
    "type": "classification",
    "granularity": "per_window",
    "losses": (CROSS,),
    "target_kind": "one_hot",
}


PER_STEP = {"type": "regression", "granularity": "per_step", "causal_required": True, "losses": (MSE,)}


def wavenet():
    """Gated dilated causal convolutions with skips (van den Oord 2016)."""
    start = keras.Input((32, 1))
    x, skips = L.Conv1D(8, 2, padding="causal")(start), []
    for rate in (1, 2, 4, 8):
        gate = L.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation="sigmoid")(x)
        wave = L.Conv1D(8, 2, padding="causal", dilation_rate=rate, activation="tanh")(x)
        z = L.Multiply()([wave, gate])
        skips.append(L.Conv1D(8, 1)(z))
        x = L.Add()([x, L.Conv1D(8, 1)(z)])
    y = L.Conv1D(8, 1, activation="relu")(L.Activation("relu")(L.Add()(skips)))
    return keras.Model(start, L.Conv1D(1, 1)(y)), {**PER_STEP, "target_shape": (32, 1)}


def tcn():
    """Residual blocks with layer norm and spatial dropout, read at the last step (Bai 2018)."""
    start = x = keras.Input((24, 3))
    for rate in (1, 2, 4, 8):
        y = x
        for _ in range(2):
            y = L.Conv1D(8, 3, padding="causal", dilation_rate=rate)(y)
            y = L.SpatialDropout1D(0.1)(L.Activation("relu")(L.LayerNormalization()(y)))
        x = L.Activation("relu")(L.Add()([L.Conv1D(8, 1)(x), y]))
    return keras.Model(start, L.Dense(1)(x[:, -1, :])), {**REGRESSION, "target_shape": (1,)}


def n_beats():
    """Stacked blocks of Dense layers, each with a theta that backcast and forecast share (Oreshkin 2020)."""
    start = x = keras.Input((10,))
    total = None
    for _ in range(2):
        y = x
        for _ in range(3):
            y = L.Dense(16, activation="relu")(y)
        theta = L.Dense(8, use_bias=False)(y)
        forecast = L.Dense(5)(theta)
        x = L.Subtract()([x, L.Dense(10)(theta)])
        total = forecast if total is None else L.Add()([total, forecast])
    return keras.Model(start, total), {**REGRESSION, "target_shape": (5,)}


def deep_conv_lstm():
    """Convolutions along time, per channel, then two LSTMs (Ordonez & Roggen 2016)."""
    start = keras.Input((24, 5))
    x = L.Reshape((24, 5, 1))(start)
    for _ in range(4):
        x = L.Conv2D(8, (5, 1), activation="relu", padding="same")(x)
    x = L.LSTM(8, return_sequences=True)(L.Dropout(0.5)(L.Reshape((24, 40))(x)))
    y = L.Dense(4, activation="softmax")(L.Dropout(0.5)(L.LSTM(8)(x)))
    return keras.Model(start, y), {**CLASSES, "target_shape": (4,), "metrics": ("accuracy",)}


def gru_fcn():
    """A recurrent branch over several dimensions beside a convolutional one (Elsayed 2018)."""
    start = keras.Input((20, 4))
    a = L.Dropout(0.8)(L.GRU(8)(L.Permute((2, 1))(start)))
    b = start
    for filters, size in ((8, 8), (16, 5), (8, 3)):
        b = L.Conv1D(filters, size, padding="same", kernel_initializer="he_uniform")(b)
        b = L.Activation("relu")(L.BatchNormalization()(b))
    y = L.Concatenate()([a, L.GlobalAveragePooling1D()(b)])
    facts = {**CLASSES, "target_shape": (3,), "window_length": 20, "n_features": 4}
    return keras.Model(start, L.Dense(3, activation="softmax")(y)), facts


def transformer():
    """Encoder blocks of the keras.io example, over several channels."""
    start = x = keras.Input((20, 4))
    for _ in range(2):
        y = L.Dropout(0.1)(L.MultiHeadAttention(2, 4, dropout=0.1)(x, x))
        x = L.LayerNormalization(epsilon=1e-6)(x + y)
        y = L.Conv1D(4, 1)(L.Dropout(0.1)(L.Conv1D(8, 1, activation="relu")(x)))
        x = L.LayerNormalization(epsilon=1e-6)(x + y)
    x = L.Dropout(0.4)(L.Dense(16, activation="relu")(L.GlobalAveragePooling1D()(x)))
    return keras.Model(start, L.Dense(2, activation="softmax")(x)), {**CLASSES, "target_shape": (2,)}


def gated_residual():
    """The gated residual network of the temporal fusion transformer (Lim 2021)."""
    start = keras.Input((16, 3))
    x = L.LSTM(8, return_sequences=True)(start)
    y = L.Dropout(0.1)(L.Dense(8)(L.Dense(8, activation="elu")(x)))
    gated = L.Multiply()([L.Dense(8)(y), L.Dense(8, activation="sigmoid")(y)])
    x = L.LayerNormalization()(L.Add()([x, gated]))
    return keras.Model(start, L.Dense(3)(x)), {**PER_STEP, "target_shape": (16, 3)}


def tide():
    """Dense residual blocks whose last one, with its dropout, is the forecast (Das 2023)."""
    start = keras.Input((20,))
    y = L.Dropout(0.3)(L.Dense(5)(L.Dense(16, activation="relu")(start)))
    y = L.LayerNormalization()(L.Add()([y, L.Dense(5)(start)]))
    return keras.Model(start, L.Add()([y, L.Dense(5)(start)])), {**REGRESSION, "target_shape": (5,)}


def ts_mixer():
    """Mixing over time and over channels in turn (Chen 2023)."""
    start = x = keras.Input((16, 3))
    for _ in range(2):
        y = L.Permute((2, 1))(L.BatchNormalization()(x))
        x = L.Add()([x, L.Dropout(0.1)(L.Permute((2, 1))(L.Dense(16, activation="relu")(y)))])
        y = L.Dropout(0.1)(L.Dense(8, activation="relu")(L.BatchNormalization()(x)))
        x = L.Add()([x, L.Dropout(0.1)(L.Dense(3)(y))])
    y = L.Permute((2, 1))(L.Dense(6)(L.Permute((2, 1))(x)))
    return keras.Model(start, y), {"type": "regression", "losses": (MSE,), "target_shape": (6, 3)}


def d_linear():
    """Trend by a moving average, the rest by difference, a linear layer each (Zeng 2023)."""
    start = keras.Input((16, 1))
    trend = L.AveragePooling1D(5, strides=1, padding="same")(start)
    rest = L.Subtract()([start, trend])
    return keras.Model(start, L.Add()([L.Dense(4)(L.Flatten()(trend)), L.Dense(4)(L.Flatten()(rest))])), {
        **REGRESSION,
        "target_shape": (4,),
    }


def resnet():
    """Residual convolutions with batch norm before each activation, averaged (Wang 2017)."""
    start = x = keras.Input((32, 1))
    for filters in (8, 16):
        y = x
        for size in (8, 5, 3):
            y = L.BatchNormalization()(L.Conv1D(filters, size, padding="same")(y))
            y = L.Activation("relu")(y) if size > 3 else y
        x = L.Activation("relu")(L.Add()([L.BatchNormalization()(L.Conv1D(filters, 1)(x)), y]))
    return keras.Model(start, L.Dense(4, activation="softmax")(L.GlobalAveragePooling1D()(x))), {
        **CLASSES,
        "target_shape": (4,),
    }


def sampled_dropout():
    """Dropout that also acts at inference, for intervals (Gal & Ghahramani 2016)."""
    start = keras.Input((16, 2))
    x = L.Dropout(0.2)(L.LSTM(8, recurrent_dropout=0.1)(start), training=True)
    return keras.Model(start, L.Dense(1)(x)), {**REGRESSION, "target_shape": (1,)}


def self_normalizing():
    """Selu, lecun_normal and alpha dropout throughout (Klambauer 2017)."""
    dense = {"activation": "selu", "kernel_initializer": "lecun_normal"}
    layers = [L.Flatten(), L.Dense(32, **dense), L.AlphaDropout(0.1), L.Dense(16, **dense), L.Dense(1)]
    return keras.Sequential([keras.Input((12, 2)), *layers]), {**REGRESSION, "target_shape": (1,)}
