"""Training by Keras itself is the engine's where both can, and beyond that what Keras' own fit does."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import optimizers

from normcast.engine import Batches, Field, Shards, Training, train
from normcast.engine.network import Network, initial_variables
from normcast.engine.order import epoch_order
from tests.engine.networks import conv_lstm, same, sine_data

BY_KERAS = Training(optimizer="adam", learning_rate=0.01, batch_size=16, epochs=4, by="keras")
AVERAGED = {"use_ema": True, "ema_momentum": 0.8}


def close(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        # 1e-4 is the promise; the absolute part is for biases near zero, where rounding is all there is.
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


class Ordered(keras.utils.PyDataset):
    """The batches of several epochs in the engine's order, as one epoch of Keras."""

    def __init__(self, data, training):
        super().__init__()
        orders = [epoch_order(len(data), training.seed, 1 + epoch) for epoch in range(training.epochs)]
        self.batches = [data.at(part) for each in orders for part in each.reshape(-1, training.batch_size)]

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, place):
        inputs, target = self.batches[place]
        return inputs["past"], target


def weights_of_fit(data, training):
    model = conv_lstm()
    network = Network(model)
    model.set_weights(network.joined(*initial_variables(network, training.seed, None)))
    model.compile(training.build_optimizer(), training.build_loss())
    model.fit(Ordered(data, training), shuffle=False, verbose=0)
    return model.get_weights()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"schedule": "cosine", "clipnorm": 0.1, "loss": "mae"},
        {"optimizer": "adamw", "weight_decay": 0.1, "loss_weight": 0.25},
        {"optimizer": optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 8)), "learning_rate": None},
        {"epoch_windows": 50},
    ],
    ids=["adam", "schedule of ours", "loss weight", "schedule of Keras", "some windows"],
)
def test_both_ways_agree_over_twenty_steps(settings):
    data, valid = sine_data(75), sine_data(300, seed=1)  # 75: the last batch is filled up
    training = replace(BY_KERAS, **settings)
    (engine,) = train(conv_lstm(), data, replace(training, by="engine"), validation=valid)
    (keras_own,) = train(conv_lstm(), data, training, validation=valid)
    close(keras_own.weights, engine.weights)
    for name, values in engine.history.items():
        np.testing.assert_allclose(keras_own.history[name], values, rtol=1e-4, atol=1e-7)
    assert keras_own.best_epoch == engine.best_epoch
    assert keras_own.status == engine.status == "complete"


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.Adam(0.01, **AVERAGED),
        optimizers.SGD(0.05, ema_overwrite_frequency=3, **AVERAGED),
        optimizers.LossScaleOptimizer(optimizers.Adam(0.01, **AVERAGED)),
        optimizers.SGD(0.05, loss_scale_factor=1024.0),
    ],
    ids=["averages", "overwritten", "dynamic scale", "scale"],
)
def test_weights_are_those_of_keras_own_fit(optimizer):
    training = replace(BY_KERAS, optimizer=optimizer, learning_rate=None)
    data = sine_data(64)
    (trained,) = train(conv_lstm(), data, training)
    close(trained.weights, weights_of_fit(data, training))


def test_averages_are_judged_and_the_training_goes_on_without_them():
    data, valid = sine_data(64), sine_data(40, seed=1)
    model, training = conv_lstm(), replace(BY_KERAS, optimizer=optimizers.Adam(0.01, **AVERAGED))
    (trained,) = train(model, data, training, validation=valid)
    (last,) = train(model, data, training)
    assert trained.best_epoch == training.epochs  # so that both have the weights of the last epoch
    assert same(trained.weights, last.weights)
    model.set_weights(trained.weights)
    inputs, target = valid.at(np.arange(len(valid)))
    error = np.mean((model.predict(inputs["past"], verbose=0) - target) ** 2)
    assert error == pytest.approx(trained.history["val_loss"][-1], rel=1e-5)


def test_the_best_weights_are_kept_and_patience_stops():
    data, valid = sine_data(64), sine_data(33, seed=9)
    training = replace(BY_KERAS, epochs=12, learning_rate=0.3, optimizer="sgd", patience=1)
    (engine,) = train(conv_lstm(), data, replace(training, by="engine", seed=2), validation=valid)
    *_, trained = train(conv_lstm(), data, training, validation=valid, seeds=3)
    losses = trained.history["val_loss"]
    assert trained.seed == 2
    assert "stopped early" in trained.status
    assert trained.best_epoch == int(np.argmin(losses)) == len(losses) - 3
    assert (trained.status, trained.best_epoch) == (engine.status, engine.best_epoch)
    close(trained.weights, engine.weights)


def test_a_loss_that_is_not_finite_stops_a_replica_at_its_step():
    data = sine_data(64)
    broken = data.target.values.copy()
    broken[40] = np.nan
    step = next(
        step
        for step, windows in enumerate(epoch_order(64, 0, 1).reshape(-1, 16), start=1)
        if np.isnan(Field(broken, 8, 2).at(windows, windows)).any()
    )
    broken_data = replace(data, target=Field(broken, 8, 2))
    trained = []
    with pytest.raises(FloatingPointError, match="every replica"):
        trained.extend(train_until_failed(conv_lstm(), broken_data, trained))
    assert trained[0].status == f"failed in epoch 1, step {step}: the loss is nan"
    assert all(np.isfinite(each).all() for each in trained[0].weights)


def train_until_failed(model, data, out):
    for each in train(model, data, BY_KERAS):
        out.append(each)
    return []


def test_the_same_seed_gives_the_same_bits_alone_and_among_others():
    model, data = conv_lstm(random=True), sine_data(40)
    first, second = train(model, data, replace(BY_KERAS, epochs=1, seed=3), seeds=2)
    (alone,) = train(Network(model), data, replace(BY_KERAS, epochs=1, seed=4))
    assert same(second.weights, alone.weights)
    assert not same(first.weights, second.weights)


def test_start_and_what_weight_decay_leaves_out_are_kept_to():
    model, data = conv_lstm(), sine_data(40)
    kernel, bias = model.layers[-1].kernel, model.layers[-1].bias
    start = {kernel.path: np.full(kernel.shape, 0.25), bias.path: np.ones(2)}
    training = replace(
        BY_KERAS, optimizer="sgd", learning_rate=1e-7, weight_decay=1e6, undecayed=(bias.path,), epochs=1
    )
    (trained,) = train(model, data, training, start=start)
    places = {variable.path: place for place, variable in enumerate(model.weights)}
    np.testing.assert_allclose(trained.weights[places[bias.path]], 1, atol=1e-5)
    assert (trained.weights[places[kernel.path]] < 0.2).all()


def test_a_train_step_of_the_models_own_is_used():
    class Still(keras.Model):
        def train_step(self, state, data):
            return {"loss": 1.0}, state

    inputs = keras.Input((8, 3), name="past")
    model = Still(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    (trained,) = train(model, sine_data(32), BY_KERAS)
    assert trained.history["loss"] == [1.0] * 4
    assert same(trained.weights, initial_variables(Network(model), 0, None)[0])


def test_progress_tells_of_each_epoch_of_each_seed():
    told = []
    list(train(conv_lstm(), sine_data(32), replace(BY_KERAS, epochs=2), seeds=2, progress=told.append))
    assert [(now.model, now.models, now.epoch, now.alive) for now in told] == [
        (seed, 2, epoch, int(epoch < 2)) for seed in (0, 1) for epoch in (0, 1, 2)
    ]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"checkpoint": "a.safetensors"}, "train: checkpoint is not for training by Keras itself"),
        ({"spread": "batch"}, r"spread='batch' is not for training by Keras itself \(it scales its loss\)"),
    ],
)
def test_what_keras_does_not_do_is_refused(asked, words):
    with pytest.raises(ValueError, match=words):
        train(conv_lstm(), sine_data(32), replace(BY_KERAS, reason="it scales its loss"), **asked)


def test_shards_are_refused():
    shards = Shards(lambda _: sine_data(32), [32], 42)
    with pytest.raises(ValueError, match="Shards is not for training by Keras"):
        train(conv_lstm(), shards, BY_KERAS)
    assert isinstance(sine_data(32), Batches)


def test_what_the_engine_cannot_do_is_no_training_of_the_engine():
    with pytest.raises(ValueError, match=r"keeps moving averages.*Give by='keras'"):
        Training(optimizer=optimizers.Adam(use_ema=True))
    assert Training(optimizer=optimizers.Adam(use_ema=True), by="keras").by == "keras"
