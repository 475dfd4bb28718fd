"""Gradients and gates over a training: what is recorded is what a look sees, and nothing changes by it."""

import keras
import numpy as np
import pytest
from keras import ops

from normcast.inspect import GradientFlow, inspect_model
from normcast.layers import LSTM
from normcast.probes.objective import Objective
from normcast.probes.watching import Watcher

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 9, 2)).astype("float32")
Y = X[:, -1, :1]


def network(*layers):
    keras.utils.set_random_seed(1)
    net = keras.Sequential([keras.Input((9, 2)), *layers, keras.layers.Dense(1)])
    net.compile("adam", "mse")
    return net


def random_network():
    return network(
        keras.layers.Conv1D(3, 2, padding="causal"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3),
        LSTM(4, norm="batch", recurrent_dropout=0.2, return_sequences=True, name="ours"),
        keras.layers.GRU(3, dropout=0.2, name="keras"),
    )


def fit(net, *callbacks, epochs=3):
    told = net.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=list(callbacks))
    return told.history["loss"], net.get_weights()


def test_a_fit_is_bit_for_bit_what_it_is_without_the_callback():
    fit(random_network(), epochs=1)  # what is loaded at first use draws from the global seeds
    plain, recorded = fit(random_network()), fit(random_network(), GradientFlow(X, Y, cases=5))
    assert plain[0] == recorded[0]
    for one, other in zip(plain[1], recorded[1], strict=True):
        assert np.array_equal(one, other)


def test_each_epoch_is_what_a_look_sees_with_its_weights():
    net, flow = random_network(), GradientFlow(X, Y)
    looks: list = []
    see = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: looks.append(inspect_model(net, X, Y)))
    fit(net, flow, see, epochs=2)
    assert list(flow.flow.gradients) == list(flow.flow.gates) == ["ours", "keras"]  # as they are called
    for epoch, look in enumerate(looks):
        assert flow.flow.loss[epoch] == pytest.approx(look.seen.value, rel=1e-5)
        for name in ("ours", "keras"):
            seen, reading = look[name], look.readings[name]
            norm = seen.gradients["h"].norm
            assert flow.flow.gradients[name][epoch] == pytest.approx(norm, rel=1e-4, abs=1e-9)
            for gate in seen.gates:
                told = [seen.activations[gate].mean.mean(), reading.shut[gate], reading.open[gate]]
                assert flow.flow.gates[name][gate][epoch] == pytest.approx(told, abs=1e-5)
    assert not np.array_equal(flow.flow.gradients["ours"][0], flow.flow.gradients["ours"][1])


def test_masked_steps_count_for_nothing():
    x = X.copy()
    x[::2, :4] = 0
    net = network(keras.layers.Masking(0.0), keras.layers.LSTM(4, name="one"))
    flow = GradientFlow(x, Y)
    fit(net, flow, epochs=1)
    seen = inspect_model(net, x, Y)["one"]
    assert flow.flow.gradients["one"][0] == pytest.approx(seen.gradients["h"].norm, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_gradients_whose_squares_are_no_numbers_have_their_norm(size):
    net = network(keras.layers.LSTM(4, name="one"))
    weights = [np.asarray(each) for each in net.trainable_variables]
    plain, scaled = (
        Watcher(net, X, Y, Objective(net, Y, lambda y, out, by=by: by * ops.sum(out))) for by in (1.0, size)
    )
    norm, other = (each.note(1, weights, weights)["gradients"]["one"] for each in (plain, scaled))
    assert norm[-1] > 0
    assert np.array(other) / size == pytest.approx(norm, rel=1e-4)


def test_every_third_epoch_is_recorded_and_its_own_change_alone():
    one, third = GradientFlow(X, Y), GradientFlow(X, Y, every=3)
    fit(network(keras.layers.LSTM(4, name="one")), one, third, epochs=7)
    assert third.flow.epochs.tolist() == [3, 6]
    for path, change in third.flow.updates.items():
        assert change.tolist() == one.flow.updates[path][[2, 5]].tolist()
        assert (change > 0).all()


def test_broken_weights_are_recorded_as_such_and_do_not_stop_the_training():
    net, flow = network(keras.layers.LSTM(4, name="one")), GradientFlow(X, Y)
    spoil = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, _: (
            epoch == 1 and net.set_weights([np.full_like(w, np.nan) for w in net.get_weights()])
        )
    )
    fit(net, spoil, flow)
    assert np.isfinite(flow.flow.gradients["one"][0]).all()
    assert np.isnan(flow.flow.gradients["one"][1:]).all()
    assert np.isnan(flow.flow.loss).tolist() == [False, True, True]


def test_what_was_recorded_is_there_after_an_interrupted_fit():
    def stop(epoch, _):
        if epoch == 2:
            raise KeyboardInterrupt

    flow = GradientFlow(X, Y)
    with pytest.raises(KeyboardInterrupt):
        fit(
            network(keras.layers.LSTM(4, name="one")),
            flow,
            keras.callbacks.LambdaCallback(on_epoch_begin=stop),
        )
    assert flow.flow.epochs.tolist() == [1, 2]
    frame = flow.flow.to_frame()
    assert len(frame[frame.kind == "gradient"]) == 2 * 9
    assert set(frame.kind) == {"loss", "gradient", "gate mean", "gate shut", "gate open", "update"}


def test_what_does_not_fit_is_refused():
    with pytest.raises(TypeError, match=r"no data of fit.*GradientFlow\(x, y\)"):
        GradientFlow(every=1, cases=32)
    with pytest.raises(ValueError, match="every"):
        GradientFlow(X, every=0)
    with pytest.raises(ValueError, match="Did you mean 'one'"):
        fit(network(keras.layers.LSTM(4, name="one")), GradientFlow(X, Y, layers="on"))
    with pytest.raises(ValueError, match=r"\(7, 2\)"):
        fit(network(keras.layers.LSTM(4, name="one")), GradientFlow(X[:, :7], Y))
