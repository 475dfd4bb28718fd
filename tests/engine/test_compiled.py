"""A compiled model is trained as it was compiled, or the refusal says what is not honoured."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import optimizers

from normcast.engine import Training, train
from normcast.engine.compiled import compiled_training
from normcast.engine.losses import PinballLoss, key_of, loss_of
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


def test_metrics_that_are_not_measured_are_told_of(caplog):
    compiled_training(compiled("adam"), "Study")
    assert caplog.text == ""
    compiled_training(compiled("adam", metrics=["mae"]), "Study")
    assert "is compiled with metrics, which are not measured" in caplog.text


def test_a_model_that_was_not_compiled_is_trained_by_adam():
    assert compiled_training(conv_lstm(), "test").optimizer == "adam"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: compiled(optimizers.Adam(use_ema=True)), "optimizer Adam keeps moving averages"),
        (lambda: compiled("adam", loss_weights=2.0), "loss_weights=2.0, which are not taken"),
    ],
    ids=["averages", "loss weights"],
)
def test_what_is_not_honoured_is_refused(model, words):
    with pytest.raises(ValueError, match=words) as told:
        compiled_training(model(), "Study")
    assert str(told.value).startswith("Study: model 'functional")


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
