"""A compiled model is trained as it was compiled, by the engine or by Keras itself, and a line says which."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import optimizers

from normcast.engine import Training, train
from normcast.engine.compiled import compiled_metrics, compiled_training, with_optimizer
from normcast.engine.losses import PinballLoss, key_of, loss_of
from normcast.engine.network import Network, initial_variables
from normcast.engine.order import epoch_order
from normcast.study.job import training_from_json, training_to_json
from tests.engine.networks import conv_lstm, sine_data
from tests.engine.test_train import keras_weights, squared


def compiled(optimizer, loss="mse", **settings):
    model = conv_lstm()
    model.compile(optimizer, loss, **settings)
    return model


def without_bias():
    optimizer = optimizers.AdamW(1e-2, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def trained_both_ways(model):
    """The weights by the engine and by Keras' own loop, with the optimizer that the model has."""
    training = replace(compiled_training(model, "test"), batch_size=16, epochs=2)
    data = sine_data(64)
    (ours,) = train(model, data, training)
    return ours, keras_weights(conv_lstm(), data, training, epochs=2, optimizer=model.optimizer)


def test_a_schedule_of_the_optimizer_sets_the_learning_rate_of_each_step():
    ours, theirs = trained_both_ways(compiled(optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 8))))
    for one, other in zip(ours.weights, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert ours.history["learning_rate"] == pytest.approx([0.06913417, 0.00380602])


def test_weight_decay_leaves_out_what_the_optimizer_was_told_to():
    model = compiled(without_bias())
    assert {path.rpartition("/")[2] for path in compiled_training(model, "test").undecayed} == {"bias"}
    ours, theirs = trained_both_ways(model)
    for one, other in zip(ours.weights, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    everywhere = replace(compiled_training(model, "test"), batch_size=16, epochs=2, undecayed=())
    (other,) = train(model, sine_data(64), everywhere)
    bias = [variable.name for variable in model.weights].index("bias")
    assert not np.allclose(ours.weights[bias], other.weights[bias], rtol=1e-3)


def test_a_model_trains_whatever_code_it_is_compiled_with():
    model = compiled("adam", lambda y, out: (y - out) ** 2)
    (trained,) = train(model, sine_data(32), replace(compiled_training(model, "test"), epochs=1))
    assert trained.status == "complete"
    assert model.compiled


def test_the_optimizer_of_the_model_is_left_as_it_is():
    model = compiled(optimizers.Lion(1e-4, clipnorm=1.0))
    training = compiled_training(model, "test")
    assert training.build_optimizer().get_config() == model.optimizer.get_config()
    list(train(model, sine_data(32), replace(training, epochs=1)))
    assert int(model.optimizer.iterations) == 0
    assert replace(training, learning_rate=0.5).build_optimizer().learning_rate == 0.5


def test_metrics_are_found_in_whatever_form_they_were_given():
    auc = keras.metrics.MeanAbsoluteError()
    assert compiled_metrics(compiled("adam")) == ()
    assert compiled_metrics(compiled("adam", metrics=["mae", auc])) == ("mae", auc)
    assert compiled_metrics(compiled("adam", metrics=[["mae"]], weighted_metrics=[auc])) == ("mae", auc)
    assert compiled_metrics(conv_lstm()) == ()


def test_a_model_that_was_not_compiled_is_trained_by_adam():
    assert compiled_training(conv_lstm(), "test").optimizer == "adam"


@pytest.mark.parametrize(
    ("optimizer", "reason"),
    [
        (optimizers.Adam(use_ema=True), "keeps moving averages of its weights (use_ema=True)"),
        (optimizers.LossScaleOptimizer(optimizers.Adam()), "scales its loss (LossScaleOptimizer)"),
        (optimizers.SGD(loss_scale_factor=8.0), "scales its loss (loss_scale_factor=8)"),
    ],
    ids=["averages", "dynamic scale", "scale"],
)
def test_what_the_engine_does_not_do_is_left_to_keras_which_is_said_once(optimizer, reason, caplog):
    model = compiled(optimizer)
    one, other = (compiled_training(model, "Study") for _ in range(2))
    assert one.by == other.by == "keras"
    assert one.reason == reason
    said = f"normcast: Study: model {model.name!r} {reason}: trained by Keras' own fit."
    assert [record.message for record in caplog.records] == [said]


def test_who_is_left_to_keras_averages_as_its_optimizer_says():
    averaged = Training(ema_momentum=0.99)
    left = with_optimizer(averaged, optimizers.Adam(use_ema=True), "Study")
    assert (left.by, left.ema_momentum) == ("keras", None)
    assert with_optimizer(averaged, "sgd", "Study").ema_momentum == 0.99


def test_a_scaled_optimizer_keeps_its_settings():
    inner = optimizers.AdamW(0.25, clipnorm=2.0)
    inner.exclude_from_weight_decay(var_names=["bias"])
    model = compiled(optimizers.LossScaleOptimizer(inner, initial_scale=4.0))
    training = compiled_training(model, "test")
    assert training.learning_rate == 0.25
    assert {path.rpartition("/")[2] for path in training.undecayed} == {"bias"}
    fresh = replace(training, learning_rate=0.5).build_optimizer()
    assert (fresh.initial_scale, fresh.inner_optimizer.clipnorm, float(fresh.learning_rate)) == (4, 2, 0.5)
    assert training_from_json(training_to_json(training)).key == training.key


def test_a_train_step_of_the_models_own_is_left_to_keras():
    class Own(keras.Model):
        def compute_loss(self, **told):
            return 2 * super().compute_loss(**told)

    inputs = keras.Input((4,))
    model = Own(inputs, keras.layers.Dense(1)(inputs))
    model.compile("adam", "mse")
    assert compiled_training(model, "test").reason == "has a compute_loss of its own"


def test_another_optimizer_asks_keras_anew(caplog):
    averages = optimizers.Adam(use_ema=True)
    training = compiled_training(compiled(averages), "test")
    assert (with_optimizer(training, "sgd", "Study").by, with_optimizer(training, "sgd", "Study").reason) == (
        "engine",
        "",
    )
    own = replace(training, reason="has a train_step of its own")
    assert with_optimizer(own, "sgd", "Study") == replace(own, optimizer="sgd")
    caplog.clear()
    assert with_optimizer(Training(), averages, "Regressor").by == "keras"
    assert "Regressor: optimizer Adam keeps moving averages" in caplog.text


@pytest.mark.parametrize("given", [2.0, [2.0], {"out": 2.0}], ids=["number", "list", "dict"])
def test_the_weight_of_the_loss_is_honoured(given):
    x = inputs = keras.Input((8, 3), name="past")
    x = keras.layers.Dense(2, kernel_regularizer="l2", name="out")(keras.layers.Flatten()(x))
    model = keras.Model(inputs, x)
    model.compile(optimizers.SGD(0.1), "mse", loss_weights=given)
    training = replace(compiled_training(model, "test"), batch_size=16, epochs=2)
    assert (training.loss_weight, training.by) == (2.0, "engine")
    data = sine_data(64)
    (ours,) = train(model, data, training)
    model.set_weights(initial_variables(Network(model), 0, None)[0])
    for epoch in (1, 2):
        for windows in epoch_order(64, 0, epoch).reshape(-1, 16):
            batch, target = data.at(windows)
            model.train_on_batch(batch["past"], target)
    for one, other in zip(ours.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_settings_without_the_newer_fields_are_told_as_they_always_were():
    told = training_to_json(Training())
    assert not {"by", "reason", "loss_weight"} & set(json.loads(told))
    left = Training(optimizer=optimizers.Adam(use_ema=True), by="keras", reason="averages", loss_weight=2.0)
    assert training_from_json(training_to_json(left)).reason == "averages"
    assert training_from_json(training_to_json(left)).key == left.key


def test_an_optimizer_for_each_variable_is_refused():
    several = optimizers.MultiOptimizer(optimizers.OptimizerMap(optimizers.SGD()))
    with pytest.raises(ValueError, match=r"Study: .* MultiOptimizer has an optimizer for each variable"):
        compiled_training(compiled(several), "Study")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("mse", "MeanSquaredError"),
        ("huber", "Huber"),
        (keras.losses.log_cosh, "LogCosh"),
        ("binary_focal_crossentropy", "BinaryFocalCrossentropy"),
        (PinballLoss([0.5]), "PinballLoss"),
        (squared, "FunctionLoss"),
    ],
    ids=["name", "other name", "function", "focal", "ours", "own"],
)
def test_any_loss_of_keras_or_the_users_is_one(given, kind):
    assert type(loss_of(given)).__name__ == kind
    assert key_of(given) == key_of(given)


def test_two_functions_of_one_name_are_two_losses():
    one, two = (lambda y, out, k=k: k * (y - out) ** 2 for k in (1, 2))
    assert key_of(one) != key_of(two)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "msse"}, "Training: no loss function 'msse'; loss functions are mse, mae, "),
        (
            {"optimizer": optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 8)), "schedule": "cosine"},
            "has a schedule of its own",
        ),
    ],
    ids=["name", "schedules"],
)
def test_wrong_settings_are_named(settings, words):
    with pytest.raises((ValueError, TypeError), match=words):
        Training(**settings)
