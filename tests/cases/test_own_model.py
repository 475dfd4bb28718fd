"""A keras model of the user's in an estimator: trained as it was compiled, told as it is, kept in a file."""

import keras
import numpy as np
import pytest
from keras import layers, ops, optimizers

import normcast
from normcast.cases import Classifier, Regressor

BATCH = 32


@keras.saving.register_keras_serializable("tests")
class Doubled(layers.Layer):
    def call(self, x):
        return x * 2


class Unregistered(layers.Layer):
    def call(self, x):
        return x / 2


def template(alpha=0.1, recurrent=0.2, **compiled):
    """The network of the documentation, (32, 21, 20) to (32, 1)."""
    x = inputs = keras.Input((21, 20))
    x = layers.Conv1D(10, 3, padding="causal", use_bias=False, kernel_initializer="lecun_normal")(x)
    x = layers.BatchNormalization(scale=False)(x)
    x = layers.Activation("selu")(x)
    x = layers.AlphaDropout(alpha)(x) if alpha else x
    gate = layers.GlobalAveragePooling1D()(x)
    gate = layers.Dense(2, activation="relu", use_bias=False)(gate)
    gate = layers.Dense(10, activation="sigmoid", use_bias=False)(gate)
    x = layers.Multiply()([x, layers.Reshape((1, 10))(gate)])
    x = layers.LSTM(16, recurrent_dropout=recurrent)(x)
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.compile(**{"optimizer": "nadam", "loss": "mse", **compiled})
    return model


def ones(cases=BATCH):
    draws = np.random.default_rng(0)
    return draws.normal(size=(cases, 21, 20)).astype("float32"), draws.normal(size=(cases, 1)).astype(
        "float32"
    )


def test_the_template_trains_to_the_weights_of_train_on_batch():
    x, y = ones()
    model = template(alpha=0, recurrent=0)
    regressor = Regressor(model, seeds=1, epochs=20, patience=None, calibrate=False, scaling="none")
    cases = (y - y.mean()) / y.std()  # targets are standardized: a mean and spread that change nothing here
    regressor.fit(x, cases, progress=False)
    network = normcast.engine.seeding.rebuilt(model, seed=0)
    network.compile("nadam", "mse")
    for _ in range(20):
        network.train_on_batch(x, cases)
    for ours, theirs in zip(regressor.fitted_.members[0].weights, network.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(regressor.predict(x), network.predict(x, verbose=0), rtol=1e-3, atol=1e-5)


def test_the_model_itself_stays_as_it_is():
    x, y = ones(64)
    model = template()
    before = model.get_weights()
    Regressor(model, seeds=1, epochs=2).fit(x, y, progress=False)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_optimizer_and_loss_are_those_that_were_compiled():
    def absolute(y, told):
        return ops.abs(y - told)

    x, y = ones(64)
    model = template(optimizer=optimizers.Lion(0.003, clipnorm=1.0), loss=absolute)
    training = Regressor(model, seeds=1, epochs=2).fit(x, y, progress=False).learned_.subject.training
    assert training.build_optimizer().clipnorm == 1
    assert training.learning_rate == pytest.approx(0.003)
    assert training.loss is absolute


def test_a_fitted_estimator_comes_back_bit_for_bit(tmp_path):
    x, y = ones(64)
    inputs = keras.Input((21, 20))
    model = keras.Model(inputs, layers.Dense(1)(layers.LSTM(3)(Doubled()(inputs))))
    regressor = Regressor(model, seeds=2, epochs=2).fit(x, y, progress=False)
    regressor.save(tmp_path / "own.normcast")
    again = normcast.load(tmp_path / "own.normcast")
    assert type(again) is Regressor
    np.testing.assert_array_equal(again.predict(x), regressor.predict(x))
    np.testing.assert_array_equal(again.predict_interval(x)[80], regressor.predict_interval(x)[80])


def test_layers_that_are_not_registered_are_named_when_a_file_is_read(tmp_path):
    x, y = ones(64)
    inputs = keras.Input((21, 20))
    model = keras.Model(inputs, layers.Dense(1)(layers.LSTM(3)(Unregistered()(inputs))))
    regressor = Regressor(model, seeds=1, epochs=1).fit(x, y, progress=False)
    own = {"Unregistered": Unregistered}
    regressor.save(tmp_path / "own.normcast")
    with pytest.raises(ValueError, match="register"):
        normcast.load(tmp_path / "own.normcast")
    again = normcast.load(tmp_path / "own.normcast", custom_objects=own)
    np.testing.assert_array_equal(again.predict(x), regressor.predict(x))


def test_a_loaded_model_is_not_trained_anew_with_another_loss(tmp_path):
    x, y = ones(64)
    Regressor(template(loss="mae"), seeds=1, epochs=1).fit(x, y, progress=False).save(tmp_path / "a.normcast")
    again = normcast.load(tmp_path / "a.normcast")
    with pytest.raises(RuntimeError, match=r"keeps no loss and no optimizer.*compile"):
        again.fit(x, y, progress=False)
    again.model.compile("nadam", "mae")
    assert again.fit(x, y, progress=False).predict(x).shape == (64, 1)


def test_a_subclassed_model_is_told_of_by_its_class():
    @keras.saving.register_keras_serializable("tests")
    class Told(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.lstm, self.head = layers.LSTM(3), layers.Dense(2, activation="softmax")

        def call(self, x):
            return self.head(self.lstm(x))

    x, _ = ones(64)
    model = Told()
    model(x[:1])
    with pytest.raises(
        ValueError,
        match=r"Classifier: model .* of class Told has no inputs that can be read\. Give it some: inputs",
    ):
        Classifier(model, seeds=1, epochs=1).fit(x, np.arange(64) % 2, progress=False)


def small(head, optimizer="adam", **compiled):
    inputs = keras.Input((21, 20))
    model = keras.Model(inputs, head(layers.LSTM(3)(inputs)))
    model.compile(optimizer, **compiled)
    return model


def test_a_model_that_averages_its_weights_is_trained_by_keras_which_is_said_once(tmp_path, caplog):
    x, y = ones(64)
    model = small(layers.Dense(1), optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5), loss="mse")
    regressor = Regressor(model, seeds=2, epochs=3).fit(x, y, progress=False)
    assert regressor.learned_.subject.training.by == "keras"
    regressor.fit(x, y, progress=False)
    said = [record.message for record in caplog.records if "trained by Keras" in record.message]
    assert said == [
        f"normcast: Regressor: model {model.name!r} keeps moving averages of its weights (use_ema=True): "
        "trained by Keras' own fit."
    ]
    regressor.save(tmp_path / "own.normcast")
    np.testing.assert_array_equal(normcast.load(tmp_path / "own.normcast").predict(x), regressor.predict(x))


def test_an_optimizer_that_averages_weights_is_taken_for_any_network():
    x, y = ones(64)
    averages = optimizers.Adam(0.01, use_ema=True)
    regressor = Regressor("lstm", seeds=1, epochs=1, optimizer=averages).fit(x, y, progress=False)
    assert regressor.learned_.subject.training.by == "keras"


def test_compiled_metrics_are_columns_of_the_scoreboard_in_the_unit_of_the_target():
    def half(actual, told):
        return ops.mean(ops.abs(actual - told)) / 2

    x, y = ones(64)
    kept = keras.metrics.MeanSquaredError(name="squared")
    kept.update_state([3.0], [1.0])
    model = small(layers.Dense(1), loss="mse", metrics=["mae", kept, half])
    evaluation = Regressor(model, seeds=1, epochs=1).evaluate(x, 50 * y, folds=2, progress=False)
    board = evaluation.scoreboard()
    # float32 against float64
    np.testing.assert_allclose(board["mae"], board["MAE"], rtol=1e-5)
    np.testing.assert_allclose(board["squared"], board["RMSE"] ** 2, rtol=1e-5)
    np.testing.assert_allclose(board["half"], board["MAE"] / 2, rtol=1e-5)
    assert len(board) > 1
    assert float(kept.result()) == 4
    assert set(evaluation.interval()) == set(evaluation.scores())


@pytest.mark.parametrize(
    ("units", "activation", "loss"),
    [
        (1, "sigmoid", keras.losses.BinaryCrossentropy()),
        (1, None, keras.losses.BinaryCrossentropy(from_logits=True)),
        (2, None, keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
        (2, "softmax", keras.losses.CategoricalCrossentropy()),
    ],
    ids=["sigmoid", "logit", "logits of numbers", "softmax"],
)
def test_compiled_metrics_of_classes_compare_what_the_loss_does(units, activation, loss):
    x, _ = ones(64)
    metric = type(loss)(from_logits=activation is None, reduction="sum_over_batch_size")

    def entropy(actual, told):
        return metric(actual, told)

    head = layers.Dense(units, activation=activation)
    model = small(head, loss=loss, metrics=[entropy, "accuracy"])
    classifier = Classifier(model, seeds=1, epochs=1)
    board = classifier.evaluate(x, np.arange(64) % 2, folds=2, progress=False).scoreboard()
    ours = board.loc["normcast"]
    np.testing.assert_allclose(ours["entropy"], ours["log loss"], rtol=1e-4)
    if activation == "softmax":
        assert ours["accuracy (compiled)"] == pytest.approx(ours["accuracy"])


def test_frozen_layers_and_an_adapted_normalization_stay_as_they_were_learned():
    adapted = layers.Normalization(name="adapted")
    x = np.random.default_rng(0).normal(100, 5, size=(40, 6, 2)).astype("float32")
    adapted.adapt(x)
    inputs = keras.Input((6, 2))
    hidden = layers.LSTM(3, name="learned")(adapted(inputs))
    model = keras.Model(inputs, layers.Dense(1, name="head")(hidden))
    model.get_layer("learned").trainable = False
    before = [weight.numpy() for weight in model.weights]
    fitted = Regressor(model, seeds=1, epochs=1, scaling="none").fit(x, x[:, -1, 0])
    member = fitted.fitted_.members[0]
    changed = {
        weight.path: not np.array_equal(was, now)
        for weight, was, now in zip(model.weights, before, member.weights, strict=True)
    }
    assert {path for path, is_other in changed.items() if is_other} == {"head/kernel", "head/bias"}
    assert all(np.array_equal(weight.numpy(), was) for weight, was in zip(model.weights, before, strict=True))
    model.set_weights(member.weights)
    told = model.predict(x, verbose=0)[:, 0] * member.targets.spread + member.targets.location
    np.testing.assert_allclose(fitted.predict(x), told, rtol=1e-4)  # float32, by two programs


def test_a_nested_frozen_model_stays_as_it_was_learned():
    encoder = keras.Sequential([keras.Input((6, 2)), layers.LSTM(3)])
    encoder.trainable = False
    model = keras.Sequential([keras.Input((6, 2)), encoder, layers.Dense(1)])
    x = np.random.default_rng(0).normal(size=(40, 6, 2))
    members = Regressor(model, seeds=2, epochs=1).fit(x, x[:, -1, 0]).fitted_.members
    for member in members:
        assert all(map(np.array_equal, member.weights[:3], encoder.get_weights()))


def of_outputs(make):
    inputs = keras.Input((6, 2), name="x")
    hidden = layers.LSTM(3, name="lstm")(inputs)
    return keras.Model(inputs, make(layers.Dense(1, name="a")(hidden), layers.Dense(1, name="b")(hidden)))


def stateful():
    inputs = keras.Input((6, 2), batch_size=4)
    return keras.Model(inputs, layers.Dense(1)(layers.LSTM(3, stateful=True, name="lstm")(inputs)))


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (
            lambda: of_outputs(lambda a, b: [a, b]),
            r"has 2 outputs, .* keras.Model\(model.inputs,",
        ),
        (lambda: of_outputs(lambda a, b: {"a": a}), r"has 1 output by name, .* Give one of them"),
        (stateful, r"layer 'lstm' .* is stateful: .* Make it with stateful=False"),
    ],
)
def test_a_model_of_a_form_that_cases_have_no_use_for_is_refused(build, told):
    x = np.random.default_rng(0).normal(size=(40, 6, 2))
    with pytest.raises(ValueError, match=told):
        Regressor(build(), seeds=1, epochs=1).fit(x, x[:, -1, 0])
    with pytest.raises(ValueError, match=told):
        normcast.Study(build(), (x, x[:, -1, 0]), seeds=1)
