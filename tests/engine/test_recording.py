"""A record of gradients and gates: what a look sees with each epoch's weights, and nothing else changes."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from normcast.engine import Shards, Training, train
from normcast.engine.network import Network
from normcast.inspect import inspect_model
from normcast.layers import GRU, LSTM
from normcast.study.job import training_to_json
from tests.engine.networks import conv_lstm, same, sine_data
from tests.engine.test_checkpoint import interrupted

TRAINING = Training(batch_size=16, epochs=2, learning_rate=0.01, patience=None)
RECORDED = replace(TRAINING, record=7)
BY = pytest.mark.parametrize("by", ["engine", "keras"])


def random_network():
    x = inputs = keras.Input((8, 3), name="past")
    x = keras.layers.BatchNormalization()(keras.layers.Conv1D(4, 3, padding="causal")(x))
    x = LSTM(4, norm="batch", recurrent_dropout=0.2, return_sequences=True, name="ours")(x)
    x = keras.layers.GRU(3, dropout=0.2, name="keras")(keras.layers.Dropout(0.3)(x))
    return keras.Model(inputs, keras.layers.Dense(2, kernel_regularizer="l2")(x))


def equal(one, other):
    """Whether two flows agree bit for bit."""
    return one.to_frame().equals(other.to_frame())


def looked(model, data, training, weights):
    """Look at the windows that are recorded, with other weights."""
    rows = np.linspace(0, len(data) - 1, training.record).astype(int)
    inputs, target = data.at(rows)
    model.set_weights(weights)
    return inspect_model(model, inputs["past"], target)


@pytest.fixture(scope="module", params=["engine", "keras"])
def both(request):
    """A model, its data, and what it is trained to without and with a record."""
    model, data = random_network(), sine_data(50)
    model.compile("adam", "mse")
    ways = (replace(each, by=request.param) for each in (TRAINING, RECORDED))
    return model, data, *(list(train(model, data, each, seeds=2)) for each in ways)


def test_weights_and_losses_are_bit_for_bit_those_without_a_record(both):
    for plain, recorded in zip(*both[2:], strict=True):
        assert same(plain.weights, recorded.weights)
        assert plain.history == recorded.history
        assert plain.flow is None
        assert recorded.flow.epochs.tolist() == [1, 2]


def test_the_last_epoch_is_what_a_look_sees_with_its_weights(both):
    model, data, _, (first, trained) = both
    look, flow = looked(model, data, RECORDED, trained.weights), trained.flow
    assert flow.loss[-1] == pytest.approx(look.seen.value, rel=1e-4)
    for name in ("ours", "keras"):
        norm = look[name].gradients["h"].norm
        assert flow.gradients[name][-1] == pytest.approx(norm, rel=1e-3, abs=1e-9)
        for gate in look[name].gates:
            mean = look[name].activations[gate].mean.mean()
            assert flow.gates[name][gate][-1, 0] == pytest.approx(mean, abs=1e-5)
    assert not np.array_equal(flow.gradients["ours"], first.flow.gradients["ours"])


def test_each_epoch_is_recorded_as_if_it_were_the_last():
    model, data = conv_lstm(random=True), sine_data(40)
    long, short = (next(train(model, data, replace(RECORDED, epochs=n))).flow for n in (2, 1))
    assert short.to_frame().equals(long.to_frame().query("epoch == 1").reset_index(drop=True))


@BY
def test_updates_are_how_far_each_weight_moved_in_its_epoch(by):
    model, data = conv_lstm(), sine_data(40)
    training = replace(TRAINING, by=by)
    first, second = (next(train(model, data, replace(training, epochs=n))).weights for n in (1, 2))
    (recorded,) = train(model, data, replace(training, epochs=2, record=5))
    assert set(recorded.flow.updates) == {variable.path for variable in model.trainable_variables}
    for variable, before, after in zip(model.weights, first, second, strict=True):
        if variable.trainable:
            moved = np.linalg.norm(after - before) / np.linalg.norm(after)
            assert recorded.flow.updates[variable.path][1] == pytest.approx(moved, rel=1e-5)


def test_a_resumed_training_has_the_record_of_all_epochs(tmp_path):
    path = tmp_path / "fit.safetensors"
    settings = {"models": conv_lstm(random=True), "data": sine_data(50), "seeds": 3}
    whole = list(train(**settings, training=RECORDED))
    interrupted(path, 1, **settings, training=RECORDED)
    resumed = list(train(**settings, training=RECORDED, checkpoint=path))
    for one, other in zip(whole, resumed, strict=True):
        assert equal(one.flow, other.flow)
    interrupted(path, 1, **settings, training=TRAINING)  # nothing recorded so far: from here on it is
    resumed = list(train(**settings, training=RECORDED, checkpoint=path))
    assert [each.flow.epochs.tolist() for each in resumed] == [[2]] * 3
    for one, other in zip(whole, resumed, strict=True):
        assert same(one.weights, other.weights)


@BY
def test_a_replica_is_recorded_as_long_as_it_trains(by):
    data = sine_data(64)
    training = replace(RECORDED, epochs=12, learning_rate=0.3, optimizer="sgd", patience=1, by=by)
    trained = list(train(conv_lstm(), data, training, validation=sine_data(33, seed=9), seeds=3))
    lengths = [len(each.history["loss"]) for each in trained]
    assert len(set(lengths)) > 1
    assert [len(each.flow.epochs) for each in trained] == lengths


def test_a_loss_that_breaks_is_recorded_too():
    data = sine_data(64)
    training = replace(RECORDED, learning_rate=1e25, optimizer="sgd")
    model = keras.Sequential([keras.Input((8, 3)), keras.layers.LSTM(3, name="one"), keras.layers.Dense(2)])
    out = []
    with pytest.raises(FloatingPointError):
        out.extend(train(model, data, training))
    assert out[0].failed
    assert not np.isfinite(out[0].flow.loss[-1])


def test_several_models_and_losses_of_ones_own_are_recorded():
    def cubed(y, out):
        return keras.ops.abs(y - out) ** 3

    data = sine_data(40)
    models = [conv_lstm(), keras.Sequential([keras.Input((8, 3)), GRU(3, name="two"), keras.layers.Dense(2)])]
    training = replace(RECORDED, loss=cubed, loss_weight=0.5, epochs=1)
    one, two = train(models, data, training)
    assert list(two.flow.gradients) == ["two"]
    rows = np.linspace(0, 39, 7).astype(int)
    inputs, target = data.at(rows)
    models[1].set_weights(two.weights)
    error = 0.5 * np.mean(np.abs(models[1].predict(inputs["past"], verbose=0) - target) ** 3)
    assert two.flow.loss[0] == pytest.approx(error, rel=1e-5)
    assert one.flow.objective == "the loss (cubed)"


def test_a_network_that_is_trained_again_on_other_windows_is_looked_at_on_those():
    network = Network(conv_lstm(), "fast")
    flows = [next(train(network, sine_data(40, seed=seed), RECORDED)).flow for seed in (0, 1, 0)]
    assert equal(flows[0], flows[2])
    assert not np.array_equal(flows[0].loss, flows[1].loss)


def test_of_shards_the_first_is_looked_at():
    parts = [sine_data(20, seed=seed) for seed in (0, 1)]
    shards = Shards(parts.__getitem__, [20, 20], rows=30)
    model = conv_lstm()
    model.compile("adam", "mse")
    (trained,) = train(model, shards, replace(RECORDED, epochs=1))
    inputs, target = parts[0].at(np.linspace(0, 19, 7).astype(int))
    model.set_weights(trained.weights)
    assert trained.flow.loss[0] == pytest.approx(model.evaluate(inputs["past"], target, verbose=0), rel=1e-4)


def test_what_is_recorded_is_no_part_of_a_program_or_of_a_trial():
    assert RECORDED.key == TRAINING.key
    assert training_to_json(RECORDED) == training_to_json(TRAINING)


@pytest.mark.parametrize("record", [0, -1, True])
def test_a_record_that_cannot_be_is_refused(record):
    with pytest.raises(ValueError, match=f"Training: record must be a whole number.*{record}"):
        Training(record=record)


def test_more_cases_than_windows_are_all_windows():
    (trained,) = train(conv_lstm(), sine_data(20), replace(RECORDED, record=1000, epochs=1))
    assert trained.flow.cases == 20
