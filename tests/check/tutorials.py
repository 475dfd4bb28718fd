"""Networks as tutorials build them, in small: `check` must have nothing against them."""

import keras
from keras import layers as L
from keras import ops

from normcast.check.facts import Loss
from tests.check.papers import CLASSES, MSE, PER_STEP, REGRESSION


def teacher_forced():
    """Encoder and decoder LSTM that share states, and the decoder's own input."""
    past, before = keras.Input((None, 4)), keras.Input((None, 2))
    _, h, c = L.LSTM(8, return_state=True)(past)
    y = L.LSTM(8, return_sequences=True)(before, initial_state=[h, c])
    return keras.Model([past, before], L.Dense(2)(y)), {**PER_STEP, "target_shape": (None, 2)}


def cross_attention():
    """A decoder over known-future steps attends to the encoded past, then to its own past."""
    past, ahead = keras.Input((24, 4)), keras.Input((6, 2))
    memory = L.LayerNormalization()(L.LSTM(8, return_sequences=True)(past))
    y = L.Dense(8)(ahead)
    for _ in range(2):
        y = L.LayerNormalization()(y + L.MultiHeadAttention(2, 4)(y, y, use_causal_mask=True))
        y = L.LayerNormalization()(y + L.MultiHeadAttention(2, 4)(y, memory))
        y = L.LayerNormalization()(y + L.Dense(8)(L.Dense(16, activation="relu")(y)))
    return keras.Model([past, ahead], L.Dense(1)(y)), {**PER_STEP, "target_shape": (6, 1)}


def pooled_context():
    """A decoder over known-future steps, each beside what was pooled from the past."""
    past, ahead = keras.Input((24, 4)), keras.Input((6, 2))
    context = L.GlobalAveragePooling1D()(L.Conv1D(8, 3, padding="same", activation="relu")(past))
    y = L.Concatenate()([ahead, L.RepeatVector(6)(context)])
    y = L.Dense(1)(L.LSTM(8, return_sequences=True)(y))
    return keras.Model([past, ahead], y), {**PER_STEP, "target_shape": (6, 1)}


def conv_lstm_2d():
    """ConvLSTM2D over short subsequences."""
    start = keras.Input((4, 1, 6, 1))
    x = L.Flatten()(L.ConvLSTM2D(8, (1, 3))(start))
    return keras.Model(start, L.Dense(3)(L.Dense(16, activation="relu")(x))), {
        **REGRESSION,
        "target_shape": (3,),
    }


def cnn_lstm():
    """A CNN on each subsequence, an LSTM across them."""
    start = keras.Input((4, 8, 1))
    x = L.TimeDistributed(L.Conv1D(8, 3, activation="relu"))(start)
    x = L.TimeDistributed(L.Flatten())(L.TimeDistributed(L.MaxPooling1D(2))(x))
    return keras.Model(start, L.Dense(1)(L.LSTM(8)(x))), {**REGRESSION, "target_shape": (1,)}


def attention_weights():
    """Attention pooling whose weights are a second output without a loss."""
    start = keras.Input((12, 3))
    x = L.Bidirectional(L.GRU(4, return_sequences=True))(start)
    score = L.Softmax(axis=1, name="weights")(L.Dense(1)(L.Dense(8, activation="tanh")(x)))
    y = L.Dense(1, name="forecast")(L.Flatten()(L.Dot(axes=1)([score, x])))
    net = keras.Model(start, {"weights": score, "forecast": y})
    net.compile("adam", loss={"forecast": "mse"})
    return net, {"type": "regression"}


def repeated_attention():
    """Attention from before Keras had it: tanh, softmax, repeated and multiplied."""
    start = keras.Input((12, 3))
    x = L.LSTM(8, return_sequences=True)(start)
    weights = L.Activation("softmax")(L.Flatten()(L.Dense(1, activation="tanh")(x)))
    y = L.Multiply()([x, L.Permute((2, 1))(L.RepeatVector(8)(weights))])
    y = L.Lambda(lambda z: ops.sum(z, axis=1), output_shape=(8,))(y)
    return keras.Model(start, L.Dense(3, activation="softmax")(y)), {**CLASSES, "target_shape": (3,)}


def autoencoder():
    """An LSTM autoencoder of windows."""
    start = keras.Input((16, 2))
    x = L.RepeatVector(16)(L.LSTM(8)(start))
    y = L.TimeDistributed(L.Dense(2))(L.LSTM(8, return_sequences=True)(x))
    return keras.Model(start, y), {
        "type": "reconstruction",
        "losses": (Loss("mae", False),),
        "target_shape": (16, 2),
    }


def conv_autoencoder():
    """Strided convolutions and their transposes (keras.io, anomaly detection)."""
    layers = [
        L.Conv1D(8, 7, padding="same", strides=2, activation="relu"),
        L.Dropout(0.2),
        L.Conv1D(4, 7, padding="same", strides=2, activation="relu"),
        L.Conv1DTranspose(4, 7, padding="same", strides=2, activation="relu"),
        L.Dropout(0.2),
        L.Conv1DTranspose(8, 7, padding="same", strides=2, activation="relu"),
        L.Conv1DTranspose(1, 7, padding="same"),
    ]
    net = keras.Sequential([keras.Input((32, 1)), *layers])
    return net, {"type": "reconstruction", "losses": (MSE,), "target_shape": (32, 1)}


def several_heads():
    """One trunk, a forecast, an event's probability and its kind."""
    start = keras.Input((16, 3))
    x = L.LSTM(8)(start)
    ends = {
        "level": L.Dense(4, name="level")(x),
        "event": L.Dense(1, activation="sigmoid", name="event")(x),
        "kind": L.Dense(3, activation="softmax", name="kind")(x),
    }
    net = keras.Model(start, ends)
    net.compile(
        "adam", {"level": "mae", "event": "binary_crossentropy", "kind": "sparse_categorical_crossentropy"}
    )
    return net, {}


def entity_embeddings():
    """Store and weekday as embeddings beside the series."""
    series = keras.Input((28, 2))
    store, day = keras.Input((1,), dtype="int32"), keras.Input((28,), dtype="int32")
    each = L.Concatenate()([series, L.Embedding(7, 3)(day)])
    x = L.Concatenate()([L.LSTM(8)(each), L.Flatten()(L.Embedding(50, 4)(store))])
    return keras.Model([series, store, day], L.Dense(7)(L.Dense(16, activation="relu")(x))), {
        **REGRESSION,
        "target_shape": (7,),
    }


def masked_tokens():
    """Padded sequences of events: embedding with a mask, stacked bidirectional LSTM."""
    start = keras.Input((None,), dtype="int32")
    x = L.SpatialDropout1D(0.2)(L.Embedding(100, 8, mask_zero=True)(start))
    x = L.Bidirectional(L.LSTM(4))(L.Bidirectional(L.LSTM(4, return_sequences=True))(x))
    net = keras.Model(start, L.Dense(1, activation="sigmoid")(L.Dropout(0.5)(x)))
    return net, {
        "losses": (Loss("binary_crossentropy", False),),
        "target_kind": "binary",
        "metrics": ("accuracy",),
    }


def siamese():
    """One encoder for two windows, compared."""
    a, b = keras.Input((16, 2)), keras.Input((16, 2))
    encoder = keras.Sequential([keras.Input((16, 2)), L.Conv1D(8, 3, activation="relu"), L.LSTM(8)])
    distance = L.Lambda(lambda pair: ops.abs(pair[0] - pair[1]), output_shape=(8,))([encoder(a), encoder(b)])
    return keras.Model([a, b], L.Dense(1, activation="sigmoid")(distance)), {
        "losses": (Loss("binary_crossentropy", False),),
        "target_kind": "binary",
    }
