"""What a look gives: the model's own numbers, and nothing of the model changed."""

import keras
import numpy as np
import pytest

from normcast.layers import GRU, LSTM
from normcast.probes import look

X = np.random.default_rng(0).normal(size=(6, 9, 2)).astype("float32")


def network(*layers):
    keras.utils.set_random_seed(1)
    net = keras.Sequential([keras.Input((9, 2)), *layers, keras.layers.Dense(1)])
    net.compile("adam", "mse")
    return net


KINDS = {
    "keras lstm": lambda: keras.layers.LSTM(4, name="one"),
    "keras gru": lambda: keras.layers.GRU(4, name="one"),
    "keras rnn": lambda: keras.layers.SimpleRNN(4, name="one"),
    "lstm": lambda: LSTM(4, norm="layer", name="one"),
    "gru": lambda: GRU(4, zoneout=0.1, name="one"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_and_the_outputs_are_the_models_own(kind):
    net = network(KINDS[kind]())
    y = X[:, -1, :1]
    seen = look(net, X, y)
    assert seen.value == pytest.approx(float(net.evaluate(X, y, verbose=0)), rel=1e-5)
    assert seen.outputs == pytest.approx(net.predict(X, verbose=0), abs=1e-5)


def test_nothing_of_the_model_changes():
    net = network(
        LSTM(4, norm="batch", dropout=0.2, recurrent_dropout=0.2), keras.layers.BatchNormalization()
    )
    before = [keras.ops.convert_to_numpy(v).copy() for v in net.variables]
    kinds = [type(layer) for layer in net.layers]
    look(net, X, X[:, -1, :1], training=True)
    assert [type(layer) for layer in net.layers] == kinds
    for old, v in zip(before, net.variables, strict=True):
        assert np.array_equal(old, keras.ops.convert_to_numpy(v))


def test_parts_of_the_cases_give_what_all_together_give(monkeypatch):
    net = network(keras.layers.LSTM(4, name="one"))
    whole = look(net, X, X[:, -1, :1])
    monkeypatch.setattr("normcast.probes.budget.BATCH", 4)
    parts = look(net, X, X[:, -1, :1])
    one, other = (each.recurrences["one"] for each in (whole, parts))
    assert other.gradients["h"].values == pytest.approx(one.gradients["h"].values, abs=1e-7)
    assert other.activations["f"].mean == pytest.approx(one.activations["f"].mean, abs=1e-6)
    for path, gradient in whole.gradients.items():
        assert parts.gradients[path] == pytest.approx(gradient, abs=1e-6)


def test_gradients_far_below_single_precision_squared_keep_their_size():
    net = keras.Sequential([keras.Input((60, 2)), keras.layers.LSTM(4, name="lstm")])
    _, recurrent, bias = net.layers[0].weights
    recurrent.assign(0.02 * np.random.default_rng(0).normal(size=(4, 16)))
    bias.assign([0.0] * 4 + [-1.0] * 4 + [0.0] * 8)  # gates that forget soon
    x = np.random.default_rng(0).normal(size=(6, 60, 2)).astype("float32")
    slope = look(net, x).recurrences["lstm"].gradients["h"]
    square = np.square(slope.values, dtype="float64")
    assert 0 < slope.norm[0] < 1e-32
    assert slope.rms == pytest.approx(np.sqrt(square.mean(axis=0)), rel=1e-5, abs=0)
    assert slope.norm == pytest.approx(np.sqrt(square.sum(axis=2).mean(axis=0)), rel=1e-5, abs=0)
