"""Checks that run the model: each on a network that has the fault, and on a sound one."""

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast.check.dynamic import run_checks

RNG = np.random.default_rng(3)
X = RNG.normal(size=(32, 12, 2)).astype("float32")
Y = (X[:, -1:, 0] * 0.7 + X[:, -2:-1, 1]).astype("float32")


def rules(net, x=X, y=Y):
    return {finding.rule for finding in run_checks(net, x, y, loss="mse")}


def net(*layers):
    return keras.Sequential([keras.Input((12, 2)), *layers])


def test_a_sound_network_has_no_findings():
    assert rules(net(L.Conv1D(8, 3, padding="causal", activation="relu"), L.LSTM(16), L.Dense(1))) == set()


def test_dead_relu_units_are_counted():
    dead = L.Dense(8, activation="relu", bias_initializer=keras.initializers.Constant(-50.0))
    assert {"dead-relu-units", "layer-without-gradient"} <= rules(net(L.LSTM(4), dead, L.Dense(1)))


def test_saturated_gates_are_seen():
    assert "saturated-gates" in rules(net(L.LSTM(4), L.Dense(1)), x=X * 500)


def test_variance_that_shifts_between_training_and_inference_is_measured():
    shifted = net(L.Conv1D(16, 3), L.Dropout(0.5), L.BatchNormalization(), L.LSTM(4), L.Dense(1))
    assert "variance-shift" in rules(shifted)
    assert "variance-shift" not in rules(
        net(L.Conv1D(16, 3), L.BatchNormalization(), L.Dropout(0.5), L.LSTM(4), L.Dense(1))
    )


def test_a_loss_that_cannot_move_is_an_error():
    assert "loss-does-not-move" in rules(net(L.LSTM(2), L.Dense(1, activation="softmax")))


def test_nan_in_the_data_makes_the_loss_not_finite():
    x = X.copy()
    x[0, 0, 0] = np.nan
    assert "loss-not-finite" in rules(net(L.LSTM(2), L.Dense(1)), x=x)


def test_a_gradient_that_vanishes_over_the_window_is_measured():
    forgetful = L.SimpleRNN(4, recurrent_initializer=keras.initializers.Identity(0.001))
    found = run_checks(net(forgetful, L.Dense(1)), X, Y, loss="mse")
    (vanishing,) = [f for f in found if f.rule == "gradient-vanishes"]
    assert vanishing.evidence["ratio"] < 1e-6


def test_a_network_that_cannot_learn_32_windows_is_told():
    assert "cannot-overfit" in rules(
        net(L.GlobalAveragePooling1D(), L.Dense(1)), y=RNG.normal(size=(32, 1)).astype("float32")
    )


def test_the_model_is_not_touched():
    model = net(L.LSTM(4), L.Dense(1))
    before = [np.array(w) for w in model.weights]
    run_checks(model, X, Y, loss="mse")
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_model_without_loss_is_refused():
    with pytest.raises(ValueError, match="no loss"):
        run_checks(net(L.LSTM(4), L.Dense(1)), X, Y)
