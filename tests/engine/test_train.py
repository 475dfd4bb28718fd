import random
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import optimizers

from normcast.engine import Batches, Field, Training, predict, prediction, program, train
from normcast.engine.network import Network, initial_variables
from normcast.engine.order import epoch_order
from tests.engine.networks import conv_lstm, same, sine_data


def squared(y, outputs):
    return keras.ops.square(y - outputs)  # a number per case and output, as few losses of Keras give


def summed(y, outputs):
    return keras.ops.mean(keras.ops.abs(y - outputs))  # one for all


def keras_weights(model, data, training, epochs, optimizer=None, after=lambda model: None):
    """The same training by Keras' own train_on_batch, with the batches in the engine's order.

    after: called after each step.
    """
    network = Network(model)
    model.set_weights(network.joined(*initial_variables(network, training.seed, None)))
    optimizer = optimizer or training.build_optimizer()
    total = epochs * len(data) // training.batch_size
    if training.schedule == "cosine":
        optimizer.learning_rate = keras.optimizers.schedules.CosineDecay(training.learning_rate, total)
    model.compile(optimizer, training.build_loss())
    losses = []
    for epoch in range(1, epochs + 1):
        for windows in epoch_order(len(data), training.seed, epoch).reshape(-1, training.batch_size):
            inputs, target = data.at(windows)
            losses.append(model.train_on_batch(inputs["past"], target))
            after(model)
    return model.get_weights()


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "nadam"},
        {"optimizer": "adam", "clipnorm": 0.1, "schedule": "cosine", "loss": "mae"},
        {"optimizer": "adamw", "weight_decay": 0.1, "loss": "huber"},
        {"optimizer": "sgd"},
        {"optimizer": "rmsprop"},
        {"optimizer": optimizers.Lion(1e-3, clipnorm=1.0)},
        {"optimizer": optimizers.Muon(1e-3)},  # looks at whole matrices
        {"optimizer": optimizers.Adam(1e-3, global_clipnorm=0.1), "loss": squared},
        {"optimizer": optimizers.Adam(1e-3, clipnorm=0.1, gradient_accumulation_steps=2), "loss": summed},
    ],
)
def test_weights_and_moving_statistics_equal_keras_own_training(settings):
    data, model = sine_data(80), conv_lstm()
    training = Training(batch_size=16, epochs=4, learning_rate=0.01, **settings)  # 20 steps
    (trained,) = train(model, data, training)
    expected = keras_weights(conv_lstm(), data, training, epochs=4)
    for variable, ours, theirs in zip(model.weights, trained.weights, expected, strict=True):
        # 1e-4 is the promise; the absolute part is for biases near zero, where rounding is all there is.
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5, err_msg=variable.path)


class Average:
    """The moving average of a model's trained weights, step by step."""

    def __init__(self, momentum):
        self.momentum, self.steps, self.values = momentum, 0, None

    def __call__(self, model):
        weights = [np.asarray(v.value) for v in model.trainable_variables]
        self.steps += 1
        kept = min(self.momentum, (1 + self.steps) / (10 + self.steps))
        self.values = [kept * old + (1 - kept) * new for old, new in zip(self.values, weights, strict=True)]


def test_the_average_of_the_weights_is_kept_and_the_steps_go_on_from_the_weights():
    data, model = sine_data(80), conv_lstm()
    training = Training("adam", learning_rate=0.01, batch_size=16, epochs=6, ema_momentum=0.6)  # 30 steps
    (trained,) = train(model, data, training)
    theirs, average = conv_lstm(), Average(0.6)
    average.values = initial_variables(Network(theirs), training.seed, None)[0]
    last = keras_weights(theirs, data, training, epochs=6, after=average)
    expected = {v.path: value for v, value in zip(theirs.trainable_variables, average.values, strict=True)}
    moved = 0.0
    for variable, ours, end in zip(theirs.weights, trained.weights, last, strict=True):
        value = expected.get(variable.path, end)  # moving statistics are the last ones
        np.testing.assert_allclose(ours, value, rtol=1e-4, atol=1e-5, err_msg=variable.path)
        moved = max(moved, float(np.abs(ours - end).max()))
    assert moved > 1e-3  # what is kept is not where the steps ended


def test_the_average_is_what_validation_judges():
    data, valid = sine_data(80), sine_data(40, seed=1)
    training = Training("sgd", learning_rate=0.5, batch_size=16, epochs=5, patience=None, ema_momentum=0.9)
    model = conv_lstm()
    (trained,) = train(model, data, training, validation=valid)
    inputs, target = valid.at(np.arange(40))
    model.set_weights(trained.weights)
    loss = float(np.mean((np.asarray(model.predict(inputs["past"], verbose=0)) - target) ** 2))
    assert loss == pytest.approx(min(trained.history["val_loss"]), rel=1e-4)


@pytest.mark.parametrize("momentum", [0, 1, -0.5, float("nan")])
def test_a_momentum_that_averages_nothing_is_refused(momentum):
    with pytest.raises(ValueError, match=r"ema_momentum is .*, but must be above 0 and below 1"):
        Training(ema_momentum=momentum)
    with pytest.raises(ValueError, match="use_ema=True"):
        Training(ema_momentum=0.9, by="keras")


@pytest.mark.parametrize("activation", ["elu", "selu"])
def test_exponential_units_train_as_keras_trains_them(activation):
    data = sine_data(64)
    training = Training(optimizer="sgd", batch_size=16, epochs=2, learning_rate=0.05)
    (trained,) = train(conv_lstm(activation=activation), data, training)
    expected = keras_weights(conv_lstm(activation=activation), data, training, epochs=2)
    for ours, theirs in zip(trained.weights, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_random_layers_equal_keras_own_when_asked():
    data, model = sine_data(64), conv_lstm(random=True)
    # SGD: it does not blow rounding up where a gradient is all but zero, as Adam does.
    training = Training(optimizer="sgd", batch_size=16, epochs=2, learning_rate=0.1, rng="keras")
    (trained,) = train(model, data, training)
    twin = conv_lstm(random=True)
    network = Network(twin)
    for variable, value in zip(network.frozen, initial_variables(network, 0, None)[1], strict=True):
        variable.assign(value)
    expected = keras_weights(twin, data, training, epochs=2)
    for ours, theirs in zip(trained.weights, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.fixture
def as_users_compile(monkeypatch):
    """XLA without what tests set for it: its newer loops round alike, whatever the number of replicas."""
    monkeypatch.setenv("XLA_FLAGS", "")
    monkeypatch.setattr(program, "ON_CPU", {**program.ON_CPU, "xla_cpu_use_fusion_emitters": True})
    monkeypatch.setattr(program, "_compiled", {})


@pytest.mark.usefixtures("as_users_compile")
def test_a_replica_alone_equals_the_same_replica_among_many_bit_for_bit():
    data, model = sine_data(60), conv_lstm(random=True)
    training = Training(batch_size=16, epochs=2, seed=3)
    among = {t.seed: t for t in train(model, data, training, seeds=4, validation=sine_data(30, seed=1))}
    (alone,) = train(model, data, replace(training, seed=5), validation=sine_data(30, seed=1))
    assert same(alone.weights, among[5].weights)
    assert alone.history == among[5].history
    assert not same(among[3].weights, among[4].weights)


def test_the_same_seed_gives_the_same_bits_and_leaves_the_callers_generator_alone():
    data, model = sine_data(40), conv_lstm(random=True)
    random.seed(11)
    expected = random.Random(11).random()
    first, second = (next(train(model, data, Training(epochs=1))) for _ in range(2))
    assert same(first.weights, second.weights)
    assert random.random() == expected


def test_the_model_itself_stays_untouched():
    model = conv_lstm()
    before = [w.copy() for w in model.get_weights()]
    list(train(model, sine_data(40), Training(epochs=1)))
    assert same(before, model.get_weights())


def test_start_replaces_initial_values_by_path():
    model, data = conv_lstm(), sine_data(40)
    kernel = model.layers[-1].kernel
    value = np.full(kernel.shape, 0.25, "float32")
    (trained,) = train(
        model, data, Training(epochs=1, learning_rate=1e-9, optimizer="sgd"), start={kernel.path: value}
    )
    place = [v.path for v in model.weights].index(kernel.path)
    np.testing.assert_allclose(trained.weights[place], value, atol=1e-6)
    with pytest.raises(ValueError, match="no variable 'head/kernel'"):
        list(train(model, data, Training(epochs=1), start={"head/kernel": value}))


def test_best_weights_are_kept_and_patience_stops_a_replica():
    data, valid = sine_data(64), sine_data(33, seed=9)
    training = Training(batch_size=16, epochs=12, learning_rate=0.3, optimizer="sgd", patience=1)
    model = conv_lstm()
    trained = next(t for t in train(model, data, training, validation=valid, seeds=3) if "early" in t.status)
    losses = trained.history["val_loss"]
    assert trained.best_epoch == int(np.argmin(losses)) == len(losses) - 3
    assert len(trained.history["loss"]) == len(trained.history["learning_rate"]) == len(losses) - 1
    forecast = predict(model, [trained.weights], valid)[0]
    _, target = valid.at(np.arange(len(valid)))
    np.testing.assert_allclose(np.mean((forecast - target) ** 2), min(losses), rtol=1e-5)


def test_initial_weights_are_a_candidate():
    data = sine_data(32)
    training = Training(epochs=2, learning_rate=50.0, optimizer="sgd", clipnorm=1.0)
    (trained,) = train(conv_lstm(), data, training, validation=data)
    assert trained.best_epoch == 0
    assert trained.history["val_loss"][0] == min(trained.history["val_loss"])


def test_window_counts_of_one_size_class_share_a_program(monkeypatch):
    from normcast.engine import program

    model, training = conv_lstm(), Training(batch_size=16, epochs=1)
    list(train(model, sine_data(61), training))
    monkeypatch.setattr(program.jax, "jit", None)  # compiling again would now fail
    list(train(conv_lstm(), sine_data(58, seed=4), replace(training, seed=7, learning_rate=0.5, epochs=2)))


def test_several_models_are_told_apart():
    models = [
        conv_lstm(),
        keras.Sequential([keras.Input((8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]),
    ]
    trained = list(train(models, sine_data(40), Training(epochs=1), seeds=2))
    assert [(t.model, t.seed) for t in trained] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [len(t.weights) for t in trained] == [11, 11, 2, 2]


@keras.saving.register_keras_serializable(package="tests")
class BreaksOnce(keras.initializers.Initializer):
    """NaN the fourth time it draws: for the model itself, its twin, seed 0, then for seed 1."""

    drawn = 0

    def __call__(self, shape, dtype=None):
        BreaksOnce.drawn += 1
        return np.full(shape, np.nan if BreaksOnce.drawn == 4 else 0.1, "float32")


def test_a_replica_that_breaks_is_named_and_the_others_go_on():
    head = keras.layers.Dense(2, kernel_initializer=BreaksOnce(), name="head")
    model = keras.Sequential([keras.Input((8, 3)), keras.layers.Flatten(), head])
    trained = {t.seed: t for t in train(model, sine_data(40), Training(epochs=2), seeds=3)}
    assert trained[0].status == trained[2].status == "complete"
    assert trained[1].failed
    assert "epoch 1, step 1: first non-finite is variable" in trained[1].status
    assert "head/kernel" in trained[1].status


def test_when_all_replicas_break_the_error_names_the_activation_and_what_to_do():
    inputs = keras.Input((8, 3))
    x = keras.layers.Activation("exponential", name="blow_up")(inputs * 1000.0)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    with pytest.raises(FloatingPointError, match=r"output of blow_up.*Lower learning_rate"):
        list(train(model, sine_data(40), Training(epochs=1), seeds=2))


def test_windows_without_target_or_without_rows_are_refused_at_the_door():
    data = sine_data(20)
    with pytest.raises(ValueError, match="no target"):
        train(conv_lstm(), replace(data, target=None), Training())
    empty = Batches(data.inputs, data.target, data.start[:0], data.series[:0])
    with pytest.raises(ValueError, match="no windows"):
        train(conv_lstm(), data, Training(), validation=empty)


def test_inputs_are_matched_by_name():
    a, b = keras.Input((2,), name="late"), keras.Input((8, 3), name="past")
    model = keras.Model({"past": b, "late": a}, keras.layers.Dense(2)(keras.layers.Flatten()(b)) + a)
    data = sine_data(20)
    with pytest.raises(ValueError, match="no field 'late'"):
        train(model, data, Training())
    both = replace(data, inputs={"late": data.target, **data.inputs})
    zero = {v.path: np.zeros(v.shape, "float32") for v in model.weights}
    losses = next(train(model, both, Training(epochs=1, batch_size=20), start=zero)).history["loss"]
    assert losses == [0.0]  # the output is the target itself


def test_predict_equals_keras_and_does_not_depend_on_the_batch_size(monkeypatch):
    monkeypatch.setattr(prediction, "BATCHES", 4)
    model, data = conv_lstm(), sine_data(50)
    other = [w * 2 for w in model.get_weights()]
    forecast = predict(model, [model.get_weights(), other], data)
    assert forecast.shape == (2, 50, 2)
    inputs, _ = data.at(np.arange(50))
    np.testing.assert_allclose(forecast[0], model.predict(inputs, verbose=0), rtol=1e-5, atol=1e-6)
    for size in (16, 3):  # also more batches than one call takes
        np.testing.assert_allclose(
            predict(model, [other], data, batch_size=size)[0], forecast[1], rtol=1e-5, atol=1e-6
        )


def test_a_series_field_reaches_the_model():
    past, static = keras.Input((4,), name="past"), keras.Input((2,), name="static")
    model = keras.Model([past, static], keras.layers.Concatenate()([past, static]))
    values = np.arange(12, dtype="float32")
    per_series = np.array([[1, 2], [3, 4]], "float32")
    fields = {"static": Field(per_series, by="series"), "past": Field(values, 0, 4)}
    data = Batches(fields, None, np.array([0, 6], np.int32), np.array([1, 0], np.int32))
    expected = [[0, 1, 2, 3, 3, 4], [6, 7, 8, 9, 1, 2]]
    np.testing.assert_array_equal(predict(model, [[]], data)[0], expected)


def test_bfloat16_computes_coarsely_and_keeps_weights_in_float32():
    data, model = sine_data(64), conv_lstm()
    training = Training(batch_size=16, epochs=2, learning_rate=0.01)
    (fine,), (coarse,) = (train(model, data, replace(training, compute=c)) for c in ("float32", "bfloat16"))
    assert all(weight.dtype == np.float32 for weight in coarse.weights)
    assert coarse.history["loss"] != fine.history["loss"]
    np.testing.assert_allclose(coarse.history["loss"], fine.history["loss"], rtol=0.02)
