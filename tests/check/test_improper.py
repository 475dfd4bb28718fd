"""What goes into a cross-entropy: values that are no probabilities, and neighbours that are."""

import keras
import numpy as np
import pytest
from keras import layers as L
from keras import ops

from normcast.check.checker import check_model
from normcast.check.ranges import range_of
from normcast.check.reading import read

BINARY, ONE_HOT, SPARSE = "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"


def severe(model, loss, facts=None):
    model.compile("adam", loss)
    return {f.rule for f in check_model(model, facts) if f.severity > 1}


def ending(*layers):
    return keras.Sequential([keras.Input((12, 4)), L.LSTM(8), *layers])


def joined(merge, *activations, units=1):
    x = keras.Input((12, 4))
    h = L.LSTM(8)(x)
    return keras.Model(x, merge([L.Dense(units, activation=each)(h) for each in activations]))


def mixture():
    x = keras.Input((12, 4))
    share = L.Dense(1, activation="sigmoid")(L.LSTM(8)(x))
    experts = [L.Dense(1, activation="sigmoid")(L.LSTM(8)(x)) for _ in range(2)]
    weighed = [L.Multiply()([share, experts[0]]), L.Multiply()([1 - share, experts[1]])]
    return keras.Model(x, L.Add()(weighed))


def squared():
    x = keras.Input((12, 4))
    h = L.Dense(1, activation="tanh")(L.LSTM(8)(x))
    return keras.Model(x, L.Multiply()([h, h]))


def last_step():
    x = keras.Input((12, 4))
    return keras.Model(x, L.LSTM(3, return_sequences=True)(x)[:, -1])


def written(function):
    x = keras.Input((12, 4))
    return keras.Model(x, function(L.Dense(2, activation="tanh")(L.LSTM(8)(x))))


def own(value):
    return ops.sigmoid(value)


def in_slices(activation):
    inner = keras.Sequential([keras.Input((8,)), L.Dense(1, activation=activation)])
    layers = [keras.Input((12, 4)), L.LSTM(8, return_sequences=True), L.TimeDistributed(inner)]
    return keras.Sequential(layers)


IMPROPER = {
    "weights of a bounded size": (
        lambda: ending(L.Dense(3, kernel_constraint=keras.constraints.MaxNorm(0.5))), ONE_HOT),
    "a layer of its own, hidden": (
        lambda: ending(L.Dense(3), L.ReLU(), L.Reshape((3,)), L.Activation("linear")), ONE_HOT),
    "a slope below 0": (lambda: ending(L.Dense(1), L.LeakyReLU()), "bce"),
    "a recurrent layer": (lambda: keras.Sequential([keras.Input((12, 4)), L.GRU(3)]), SPARSE),
    "cells": (lambda: keras.Sequential([keras.Input((12, 4)), L.RNN([L.LSTMCell(4), L.GRUCell(1)])]), BINARY),
    "both ways": (
        lambda: keras.Sequential([keras.Input((12, 4)), L.Bidirectional(L.LSTM(1), merge_mode="mul")]),
        BINARY),
    "frames": (
        lambda: keras.Sequential([keras.Input((3, 6, 6, 1)), L.ConvLSTM2D(1, 3, padding="same")]), BINARY),
    "the last step": (last_step, ONE_HOT),
    "a nested model": (
        lambda: ending(keras.Sequential([keras.Input((8,)), L.Dense(1, activation="softsign")])), BINARY),
    "a model in each step": (lambda: in_slices("tanh"), BINARY),
    "a sum of logits": (lambda: joined(L.Add(), None, None), BINARY),
    "one part of several": (lambda: joined(L.Concatenate(), "sigmoid", "tanh"), BINARY),
    "an operation": (lambda: written(ops.relu), ONE_HOT),
    "a normalization": (lambda: ending(L.Dense(3, activation="softmax"), L.LayerNormalization()), ONE_HOT),
}  # fmt: skip

PROPER = {
    "shares that weigh probabilities": (
        lambda: ending(L.Dense(3, activation="softmax"), L.Dense(1, kernel_constraint="non_neg")), BINARY),
    "hard": (lambda: ending(L.Dense(1, activation="hard_sigmoid")), BINARY),
    "a mean": (lambda: joined(L.Average(), "softmax", "softmax", units=3), ONE_HOT),
    "the largest": (lambda: joined(L.Maximum(), "sigmoid", "sigmoid"), BINARY),
    "a product": (lambda: joined(L.Multiply(), "sigmoid", "sigmoid"), BINARY),
    "a mixture": (mixture, BINARY),
    "a square": (squared, BINARY),
    "moved and scaled": (lambda: written(lambda v: (v + 1) / 2), BINARY),
    "clipped": (lambda: written(lambda v: ops.clip(v, 0, 1)), BINARY),
    "a relu with a top": (lambda: ending(L.Dense(1), L.ReLU(max_value=1.0)), BINARY),
    "a relu of probabilities": (lambda: ending(L.Dense(1, activation="sigmoid"), L.ReLU()), BINARY),
    "exponentials, divided by the loss": (lambda: ending(L.Dense(3, activation="exponential")), ONE_HOT),
    "a model in each step": (lambda: in_slices("sigmoid"), BINARY),
    "a function of the user's": (lambda: ending(L.Dense(1, activation=own)), BINARY),
    "logarithms as logits": (
        lambda: ending(L.Dense(3, activation="log_softmax")),
        keras.losses.CategoricalCrossentropy(from_logits=True)),
    "another loss": (lambda: ending(L.Dense(1, activation="tanh")), "hinge"),
}  # fmt: skip


@pytest.mark.parametrize("end", IMPROPER)
def test_values_beyond_0_and_1_are_found_behind_whatever_hides_them(end):
    make, loss = IMPROPER[end]
    assert "from-logits-mismatch" in severe(make(), loss)


@pytest.mark.parametrize("end", PROPER)
def test_what_is_a_probability_or_may_be_one_is_left_alone(end):
    make, loss = PROPER[end]
    assert severe(make(), loss) <= {"stacked-activation"}


@pytest.mark.parametrize("end", [*IMPROPER, *PROPER])
def test_no_network_leaves_the_range_that_is_known_of_it(end):
    make, _ = (IMPROPER | PROPER)[end]
    model = make()
    bounds = range_of(*read(model).outputs[0])
    if bounds is not None:
        x = 30 * np.random.default_rng(0).normal(size=(16, *model.input_shape[1:]))
        values = np.asarray(model(x.astype("float32")))
        assert bounds[0] <= values.min() + 1e-4
        assert bounds[1] >= values.max() - 1e-4


def test_each_output_is_judged_by_the_loss_of_its_key():
    x = keras.Input((12, 4))
    h = L.LSTM(8)(x)
    ends = {"b": L.Dense(1, activation="tanh", name="one")(h), "a": L.Dense(2, name="other")(h)}
    model = keras.Model(x, ends)
    model.compile("adam", {"a": "mse", "b": "bce"})
    (finding,) = [f for f in check_model(model) if f.rule == "from-logits-mismatch"]
    assert finding.layers == ("one",)


def test_a_loss_over_one_unit_is_told_once_and_is_constant():
    for end in ("sigmoid", "tanh", None):
        model = ending(L.Dense(1, activation=end))
        assert severe(model, SPARSE) == {"sigmoid-categorical-crossentropy"}
    assert severe(ending(L.Dense(1, activation="softmax")), ONE_HOT) == {"softmax-single-unit"}
    for loss in (
        keras.losses.categorical_crossentropy,
        keras.losses.CategoricalCrossentropy(from_logits=True),
    ):
        values = [np.asarray(loss(np.ones((4, 1)), np.full((4, 1), value))) for value in (0.1, 0.9)]
        np.testing.assert_allclose(*values, atol=1e-6)


def weighed(make):
    x = keras.Input((12, 4))
    h = L.LSTM(8, return_sequences=True)(x)
    return keras.Model(x, L.Dense(1)(L.GlobalAveragePooling1D()(L.Multiply()([h, make(h)]))))


def attended(layer, one_key):
    x = keras.Input((12, 4))
    steps, one = L.LSTM(8, return_sequences=True)(x), L.Reshape((1, 8))(L.LSTM(8)(x))
    pair = [steps, one] if one_key else [one, steps]
    seen = layer(*pair) if isinstance(layer, L.MultiHeadAttention) else layer(pair)
    return keras.Model(x, L.Dense(1)(L.Flatten()(seen)))


OF_ONE = {
    "in slices": lambda: weighed(L.TimeDistributed(L.Dense(1, activation="softmax"))),
    "a convolution": lambda: weighed(L.Conv1D(1, 3, padding="same", activation="softmax")),
    "an operation": lambda: weighed(lambda h: ops.softmax(L.Dense(1)(h), axis=-1)),
    "a nested model": lambda: weighed(
        keras.Sequential([keras.Input((12, 8)), L.Dense(1), L.Activation("softmax")])),
    "heads": lambda: attended(L.MultiHeadAttention(1, 4), one_key=True),
    "attention": lambda: attended(L.Attention(), one_key=True),
}  # fmt: skip

OF_STEPS = {
    "an axis from the end": lambda: weighed(lambda h: L.Softmax(axis=-2)(L.Dense(1)(h))),
    "an operation": lambda: weighed(lambda h: ops.softmax(L.Dense(1)(h), axis=1)),
    "swapped": lambda: weighed(
        lambda h: L.Permute((2, 1))(L.Dense(12, activation="softmax")(L.Permute((2, 1))(h)))),
    "heads of one query": lambda: attended(L.MultiHeadAttention(1, 4), one_key=False),
    "attention of one query": lambda: attended(L.Attention(), one_key=False),
}  # fmt: skip


@pytest.mark.parametrize("attention", OF_ONE)
def test_a_softmax_over_one_element_is_found_wherever_it_stands(attention):
    assert severe(OF_ONE[attention](), "mse") == {"softmax-single-unit"}


@pytest.mark.parametrize("attention", OF_STEPS)
def test_a_softmax_over_steps_is_left_alone(attention):
    assert severe(OF_STEPS[attention](), "mse") == set()
