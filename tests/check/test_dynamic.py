"""Checks that run the model: each on a network that has the fault, and on a sound one."""

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast import inspect_model
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


def test_a_head_that_starts_with_zeros_is_no_fault():
    assert rules(net(L.LSTM(8), L.Dense(1, kernel_initializer="zeros"))) == {"silent-units"}


def test_nan_in_the_data_makes_the_loss_not_finite():
    x = X.copy()
    x[0, 0, 0] = np.nan
    assert "loss-not-finite" in rules(net(L.LSTM(2), L.Dense(1)), x=x)


def test_a_gradient_that_vanishes_over_the_window_is_measured():
    forgetful = L.SimpleRNN(4, recurrent_initializer=keras.initializers.Identity(0.001))
    found = run_checks(net(forgetful, L.Dense(1)), X, Y, loss="mse")
    (vanishing,) = [f for f in found if f.rule.startswith("gradient-vanishes")]
    assert (vanishing.rule, str(vanishing.severity)) == ("gradient-vanishes-inside", "warning")
    assert vanishing.evidence["left"] < 1e-6


def test_running_a_model_sees_what_an_inspection_sees_number_by_number():
    norm = L.BatchNormalization(momentum=0.5)
    model = net(L.Conv1D(4, 3, activation="relu"), norm, L.LSTM(4), L.LayerNormalization(), L.Dense(1))
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    ran = run_checks(model, 300 * X, Y)
    seen = inspect_model(model, 300 * X, Y, training=True).findings
    assert {"batch-statistics-apart", "cannot-overfit"} & {f.rule for f in ran}
    numbers = [(f.code, f.layers, f.message, f.evidence, f.fix) for f in seen]
    assert len(numbers) > 0
    assert [
        (f.code, f.layers, f.message, f.evidence, f.fix) for f in ran if f.code in {f.code for f in seen}
    ] == numbers


def test_the_model_is_not_touched():
    model = net(L.LSTM(4), L.Dense(1))
    before = [np.array(w) for w in model.weights]
    run_checks(model, X, Y, loss="mse")
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_model_without_loss_is_refused():
    with pytest.raises(ValueError, match="no loss"):
        run_checks(net(L.LSTM(4), L.Dense(1)), X, Y)
