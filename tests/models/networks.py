"""The models people have: a chain, branches, nested and shared, masks; and what two models share."""

import keras
from keras import layers as L

from normcast.models.graph import wiring_of


def chain():
    return keras.Sequential(
        [
            keras.Input((8, 3)),
            L.Conv1D(4, 3, name="conv_1"),
            L.Dropout(0.2, name="dropout_1"),
            L.BatchNormalization(name="bn_1"),
            L.LSTM(5, name="lstm_1"),
            L.Dense(1, name="head"),
        ]
    )


def branched():
    x = keras.Input((8, 3), name="x")
    a = L.Conv1D(4, 3, padding="same", name="conv_1")(x)
    b = L.Conv1D(4, 1, name="conv_2")(x)
    s = L.Add(name="add_1")([a, b])
    r = L.Bidirectional(L.LSTM(3, return_sequences=True), name="bi_1")(s)
    return keras.Model(x, {"last": L.Dense(1, name="head")(r[:, -1]), "steps": L.Dense(2, name="steps")(r)})


def nested():
    inner = keras.Sequential(
        [keras.Input((8, 3)), L.Conv1D(4, 3, name="conv_1"), L.GRU(4, name="gru_1")], name="encoder"
    )
    a, b = keras.Input((8, 3), name="a"), keras.Input((8, 3), name="b")
    both = L.Concatenate(name="both")([inner(a), inner(b)])
    return keras.Model([a, b], L.Dense(1, name="head")(both))


def masked():
    x = keras.Input((8, 3), name="x")
    y = L.Masking(name="masking_1")(x)
    y = L.LSTM(4, return_sequences=True, name="lstm_1")(y)
    y = L.TimeDistributed(L.Dense(3), name="td_1")(y)
    y = L.MultiHeadAttention(2, 2, name="mha_1")(y, y, use_causal_mask=True)
    y = L.Dropout(0.3, name="dropout_1")(y, training=True)
    return keras.Model(x, L.GlobalAveragePooling1D(name="gap")(y))


MODELS = [chain, branched, nested, masked]


def names(model):
    return [layer.name for layer in model.layers if not isinstance(layer, L.InputLayer)]


def canonical(model):
    """Each layer with its configuration and calls, and both ends; neither order nor class."""

    def meaning(wiring):
        parts = {
            name: (
                meaning(part.inner)
                if part.inner
                else {"class": part.class_name, "config": part.spec["config"]},
                [(call.args, call.kwargs) for call in part.calls],
            )
            for name, part in wiring.parts.items()
        }
        return {"parts": parts, "inputs": wiring.inputs, "outputs": wiring.outputs}

    return meaning(wiring_of(model))
