"""A look leaves a model as it was, also where it breaks off, and works on models of every build."""

import threading

import keras
import numpy as np
import pytest

from normcast.layers import GRU, LSTM
from normcast.probes import look
from normcast.probes.opened import opened

X = np.random.default_rng(0).normal(size=(4, 5, 2)).astype("float32")


class Breaks(keras.layers.Layer):
    def call(self, x):
        if x.shape[0] == 3:
            raise RuntimeError("broken")
        return x


def state_of(model):
    found = []
    for layer in model._flatten_layers():
        found += [(layer.name, type(layer)), *((k, id(v)) for k, v in vars(layer).items())]
    return found, [keras.ops.convert_to_numpy(v).copy() for v in model.variables]


def same(one, other):
    assert one[0] == other[0]
    for before, after in zip(one[1], other[1], strict=True):
        assert np.array_equal(before, after)


def test_classes_attributes_and_weights_stay_also_after_an_exception():
    keras.utils.set_random_seed(0)
    net = keras.Sequential(
        [
            keras.Input((5, 2)),
            keras.layers.LSTM(3, return_sequences=True, recurrent_dropout=0.2, activity_regularizer="l2"),
            LSTM(3, norm="batch", dropout=0.2),
            Breaks(),
        ]
    )
    net(X)
    before, losses = state_of(net), [float(each) for each in net.losses]
    look(net, X, training=True)
    with pytest.raises(RuntimeError, match="broken"):
        look(net, X[:3], training=True)
    same(before, state_of(net))
    assert [float(each) for each in net.losses] == losses


def test_a_thread_that_predicts_meanwhile_sees_the_plain_model():
    net = keras.Sequential([keras.Input((5, 2)), keras.layers.LSTM(3), keras.layers.Dense(1)])
    expected, found = keras.ops.convert_to_numpy(net(X)), []
    with opened(net, net.layers[:1]):
        thread = threading.Thread(target=lambda: found.append(keras.ops.convert_to_numpy(net(X))))
        thread.start()
        thread.join()
    assert found[0] == pytest.approx(expected, abs=1e-6)


def outputs_agree(net, x, **about):
    seen = look(net, x, **about)
    first = keras.tree.flatten(net(x))[0]
    close = 1e-3 if "16" in keras.backend.standardize_dtype(first.dtype) else 1e-5  # of half precision
    assert seen.outputs == pytest.approx(keras.ops.convert_to_numpy(first), abs=close)
    return seen


def functional(read, shape=(5, 2), **about):
    entrance = keras.Input(shape, **about)
    return keras.Model(entrance, read(entrance))


class Plus(keras.layers.Layer):
    """A cell of the user's own, of one state."""

    state_size = 3

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1] + 3, 3), name="w")

    def call(self, x, states):
        h = keras.ops.tanh(keras.ops.concatenate([x, states[0]], axis=-1) @ self.w)
        return 2 * h, [h]


def decoder(x):
    h, *states = keras.layers.LSTM(3, return_state=True)(x)
    return keras.layers.LSTM(3)(keras.layers.RepeatVector(4)(h), initial_state=states)


def twice(x):
    shared = GRU(2, return_sequences=True, name="shared")
    return shared(shared(x))


def masked(layer):
    return lambda x: layer(keras.layers.Masking(0.0)(x))


BUILDS = {
    "cell of one's own": keras.layers.RNN(Plus()),
    "stacked": keras.layers.RNN([keras.layers.LSTMCell(3), keras.layers.GRUCell(2)]),
    "bidirectional": keras.layers.Bidirectional(keras.layers.GRU(3), merge_mode="mul"),
    "bidirectional ours": keras.layers.Bidirectional(LSTM(3, return_sequences=True)),
    "decoder": decoder,
    "twice": twice,
    "softmax": lambda x: keras.layers.Dense(3, activation="softmax")(LSTM(3)(x)),
    "dictionary": lambda x: {"b": LSTM(3)(x), "a": keras.layers.Conv1D(2, 2)(x)},
    "masked": masked(keras.layers.LSTM(3, return_sequences=True, unroll=True, zero_output_for_mask=True)),
    "half": keras.layers.LSTM(3, dtype="mixed_float16", return_sequences=True),
}


@pytest.mark.parametrize("build", BUILDS)
def test_models_of_every_build_are_looked_into(build):
    x = X.copy()
    x[1, :2] = 0
    seen = outputs_agree(functional(BUILDS[build]), x)
    for each in seen.recurrences.values():
        assert all(np.nanmax(np.abs(t.values)) > 0 for n, t in each.gradients.items() if n != "c")
    if build == "softmax":
        assert "largest output" in " ".join(seen.notes)


def test_stateful_layers_start_from_their_states():
    net = functional(keras.layers.GRU(3, stateful=True), batch_size=2)
    net(X[:2])
    before = keras.ops.convert_to_numpy(net.layers[1].states[0]).copy()
    seen = look(net, X)
    assert np.array_equal(before, keras.ops.convert_to_numpy(net.layers[1].states[0]))
    assert seen.outputs[:2] == pytest.approx(keras.ops.convert_to_numpy(net(X[:2])), abs=1e-5)


def test_the_first_broken_place_is_named():
    net = keras.Sequential(
        [keras.Input((5, 2)), LSTM(3, return_sequences=True, name="one"), LSTM(3, name="two")]
    )
    kernel = keras.ops.convert_to_numpy(net.layers[0].recurrent_kernel).copy()
    kernel[0, 3] = np.nan
    net.layers[0].recurrent_kernel.assign(kernel)
    assert look(net, X).first_not_finite == ("one", "f", 0)
