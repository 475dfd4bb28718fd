"""Everything that a model was compiled with survives an edit, and its training goes on where it was."""

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast import keras_seam
from normcast.check import fix_model
from normcast.models.edits import Compile, Insert, Move, Remove, Replace, Set, apply, apply_reported
from tests.models.compiled_settings import OPTIMIZERS, compiled, network, own_loss, settings, state, step

SAME = [Insert(L.Activation("linear"), after="act")]
"""An edit that changes no variable and no number."""


def kept(applied):
    return {"/".join(name.split("/")[-2:]) for name in applied.kept}


def survives(seed, optimizer=""):
    """Demand that settings, state and the next two steps are those of the network that was not edited."""
    model = compiled(seed, optimizer)
    applied = apply_reported(model, SAME)
    edited = applied.model
    before, after = settings(model), settings(edited)
    assert after.pop("trainable").items() >= before.pop("trainable").items()
    assert after == before
    assert applied.restarted == ()
    had, has = state(model.optimizer, kept(applied)), state(edited.optimizer, kept(applied))
    assert has.keys() == had.keys()
    assert all(np.array_equal(has[key], had[key]) for key in had)
    for net in (model, edited):
        step(net, np.random.default_rng(seed), times=2)
    for one, other in zip(model.weights, edited.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def fixed(seed):
    """Demand the same of a network whose findings were fixed, but of the variables that the fixes took."""
    model = compiled(seed)
    names = {"/".join(v.path.split("/")[-2:]) for v in model.trainable_variables} - {"conv/bias"}
    result = fix_model(model)
    assert [f.rule for f in result.applied] == ["bias-before-bn", "stacked-activation"]
    before, after = settings(model), settings(result.model)
    left = [[s for s in each if s != "conv/bias"] for *_, each in before["optimizers"]]
    assert [each for *_, each in after["optimizers"]] == left
    for each in (before, after):
        each["optimizers"] = [told[:2] for told in each["optimizers"]]
        each["trainable"].pop("again", None)
    assert after == before
    had, has = state(model.optimizer, names), state(result.model.optimizer, names)
    assert has.keys() == had.keys()
    assert all(np.array_equal(has[key], had[key]) for key in had)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_where_it_was(name):
    survives(OPTIMIZERS.index(name) + 7, name)


def test_random_settings_survive_the_fixes_of_check():
    for seed in range(100, 105):
        fixed(seed)


@pytest.mark.slow
def test_a_hundred_random_settings_survive_edits_and_fixes():
    for seed in range(1000, 1100):
        survives(seed)
        fixed(seed)


def windows(count=4):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 6, 2)).astype("float32"), rng.normal(size=(count, 2)).astype("float32")


def test_the_next_batch_trains_an_edited_network_as_it_trains_the_given_one():
    model = network()
    model.compile(keras.optimizers.Nadam(0.01, use_ema=True, clipnorm=1.0), "mse", metrics=["mae"])
    x, y = windows()
    model.train_on_batch(x, y)
    edited = apply(model, SAME)
    told = [net.train_on_batch(x, y, return_dict=True) for net in (model, edited)]
    for one, other in zip(model.weights, edited.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)  # with the dropout drawing the same noise
    assert told[0]["loss"] == pytest.approx(told[1]["loss"], abs=1e-6)


def test_an_optimizer_that_trained_nothing_yet_stays_so():
    model = network()
    optimizer = keras.optimizers.AdamW(0.01)
    optimizer.exclude_from_weight_decay(var_list=[model.get_layer("head").kernel], var_names=["gamma"])
    model.compile(optimizer, "mse")
    edited = apply(model, [Insert("LayerNormalization", after="conv"), Set("conv", filters=4)])
    assert not edited.optimizer.built
    spared = [v for v in edited.trainable_variables if not keras_seam.is_decayed(edited.optimizer, v)]
    assert sorted(v.path.split("/", 1)[1] for v in spared) == [
        "head/kernel",
        "layer_normalization/gamma",  # by its name, new as it is
        "norm/gamma",
    ]


def test_a_loss_scale_stays_where_it_was_and_where_there_was_none_none_comes():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        scaled, plain = network(), network()
    finally:
        keras.config.set_dtype_policy("float32")
    scaled.compile("adam", "mse")
    step(scaled, np.random.default_rng(0))
    scaled.optimizer.dynamic_scale.assign(512.0)
    edited = apply(scaled, [Remove("again")])
    assert float(edited.optimizer.dynamic_scale) == 512.0
    assert int(edited.optimizer.iterations) == 1
    plain.compile("adam", "mse", auto_scale_loss=False)
    assert type(apply(plain, [Remove("again")]).optimizer) is keras.optimizers.Adam
    assert edited.get_layer("head").dtype_policy.name == "mixed_float16"


def test_each_of_several_optimizers_goes_on_where_it_was():
    model = network()
    inner = {".*head.*": keras.optimizers.AdamW(0.01)}
    inner[".*head.*"].exclude_from_weight_decay(var_names=["bias"])
    chosen = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1, momentum=0.9), inner)
    model.compile(keras.optimizers.MultiOptimizer(chosen), "mse")
    rng = np.random.default_rng(0)
    for _ in range(2):
        variables = model.trainable_variables
        model.optimizer.apply([rng.normal(size=v.shape).astype("float32") for v in variables], variables)
    edited = apply(model, SAME)
    names = {"/".join(v.path.split("/")[-2:]) for v in model.weights}
    had, has = state(model.optimizer, names), state(edited.optimizer, names)
    assert len(had) > 10
    assert has.keys() == had.keys()
    assert all(np.array_equal(has[key], had[key]) for key in had)
    assert settings(edited)["optimizers"][1:] == settings(model)["optimizers"][1:]


def test_a_variable_that_trains_anew_has_its_own_value_as_its_average():
    model = network()
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.99), "mse")
    step(model, np.random.default_rng(0), times=3)
    applied = apply_reported(model, [Set("frozen", trainable=True), Set("head", units=3)])
    edited = applied.model
    assert applied.restarted == ("frozen/kernel", "frozen/bias")
    assert "the optimizer starts anew: frozen/kernel" in str(applied)
    frozen, head = edited.get_layer("frozen").kernel, edited.get_layer("head").kernel
    before = [np.array(each) for each in (frozen, head)]
    edited.optimizer.finalize_variable_values(edited.trainable_variables)
    for variable, value in zip((frozen, head), before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_averages_that_became_the_weights_are_taken_from_these_where_a_predict_took_them():
    model = network()
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "mse")
    x = np.ones((4, *model.input_shape[1:]), "float32")
    model.fit(x, np.ones((4, *model.output_shape[1:]), "float32"), epochs=2, batch_size=2, verbose=0)
    told = model.predict(x, verbose=0)  # on JAX it gives away the buffers that averages and weights share
    edited = apply(model, SAME)
    np.testing.assert_array_equal(edited.predict(x, verbose=0), told)
    _, lists = keras_seam.state_of(edited.optimizer)
    for average, weight in zip(lists[keras_seam.AVERAGES], edited.trainable_variables, strict=True):
        np.testing.assert_array_equal(average, weight)


class Hidden(keras.optimizers.SGD):
    """An optimizer of a user's own that keeps what it learned where nobody looks."""

    def build(self, variables):
        super().build(variables)
        self.memory = {v.path: self.add_variable_from_reference(v, "memory") for v in variables}


def test_an_optimizer_that_hides_what_it_learned_starts_anew_and_the_report_says_so():
    model = network()
    model.compile(Hidden(0.5, clipnorm=2.0), "mse")
    step(model, np.random.default_rng(0))
    applied = apply_reported(model, SAME)
    assert type(applied.model.optimizer) is Hidden
    assert applied.model.optimizer.clipnorm == 2.0
    assert int(applied.model.optimizer.iterations) == 0
    assert "head/kernel" in applied.restarted


def test_settings_by_output_go_with_an_output_that_has_another_name():
    x = keras.Input((4,), name="x")
    outputs = [L.Dense(1, name=name)(x) for name in ("one", "two")]
    model = keras.Model(x, outputs)
    model.compile(
        "sgd", {"one": "mse", "two": "mae"}, loss_weights={"one": 1.0, "two": 3.0}, metrics={"two": ["mae"]}
    )
    edited = apply(model, [Insert(L.Activation("tanh", name="end"), after="two")])
    given = keras_seam.compile_arguments(edited)
    assert given["loss"] == {"one": "mse", "end": "mae"}
    assert (given["loss_weights"], given["metrics"]) == ({"one": 1.0, "end": 3.0}, {"end": ["mae"]})
    edited.train_on_batch(np.ones((2, 4)), [np.ones((2, 1)), np.ones((2, 1))])


def test_counts_of_a_metric_are_not_shared_with_the_given_model():
    model = network()
    model.compile("sgd", "mse", metrics=[keras.metrics.MeanAbsoluteError(name="far")])
    metric = keras_seam.compile_arguments(apply(model, SAME))["metrics"][0]
    assert metric.name == "far"
    assert metric is not keras_seam.compile_arguments(model)["metrics"][0]


def test_what_a_stateful_layer_remembers_and_what_does_not_train_survive():
    layers = [L.LSTM(2, stateful=True, name="lstm"), L.Dropout(0.1, name="drop"), L.Dense(1, name="head")]
    model = keras.Sequential([keras.Input(batch_shape=(2, 3, 1)), *layers])
    model.get_layer("lstm").trainable = False
    model(np.ones((2, 3, 1)))
    edited = apply(model, [Remove("drop")])
    assert not edited.get_layer("lstm").trainable
    np.testing.assert_array_equal(edited(np.ones((2, 3, 1))), model(np.ones((2, 3, 1))))


def test_an_optimizer_that_cannot_be_made_anew_is_named():
    class Odd(keras.optimizers.SGD):
        def __init__(self, secret, **settings):
            super().__init__(**settings)

    model = network()
    model.compile(Odd(1), "mse")
    with pytest.raises(ValueError, match="the optimizer Odd of the model is not made anew"):
        apply(model, SAME)


def classes(loss, **settings):
    layers = [L.Dense(3, activation="softmax", name="head")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile("sgd", loss, **settings)
    return model


def test_another_loss_keeps_the_settings_that_both_have():
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, reduction="sum")
    edited = apply(classes(loss), [Compile("sparse_categorical_crossentropy")])
    assert type(edited.loss) is keras.losses.SparseCategoricalCrossentropy
    assert (edited.loss.from_logits, edited.loss.reduction) == (True, "sum")
    edited.train_on_batch(np.ones((2, 4)), np.array([0, 2]))
    for given in ("binary_crossentropy", keras.losses.binary_crossentropy):
        assert apply(classes(given), [Compile("CategoricalCrossentropy")]).loss == "CategoricalCrossentropy"
    assert apply(classes({"head": "mse"}), [Compile("mean_absolute_error")]).loss == {
        "head": "mean_absolute_error"
    }


def test_of_several_outputs_the_loss_of_one_is_changed():
    x = keras.Input((4,), name="x")
    model = keras.Model(x, [L.Dense(1, name=name)(x) for name in ("one", "two")])
    model.compile("sgd", ["mse", own_loss])
    assert apply(model, [Compile("huber", output="one")]).loss == ["huber", own_loss]
    model.compile("sgd", "mse")
    assert apply(model, [Compile("huber", output="two")]).loss == ["mse", "huber"]
    with pytest.raises(ValueError, match="2 outputs, one, two; say which one"):
        apply(model, [Compile("huber")])
    with pytest.raises(ValueError, match=r"no layer 'tow'.*Did you mean 'two'"):
        apply(model, [Compile("huber", output="tow")])


def test_a_loss_that_is_not_of_keras_is_refused_at_the_door():
    for loss in ("sparse_categorical_crossentropi", "get", "Loss", own_loss, {"class_name": "Lambda"}, None):
        with pytest.raises(ValueError, match="Compile: no loss"):
            Compile(loss)
    with pytest.raises(ValueError, match="is not compiled, so it has no loss to change"):
        apply(network(), [Compile("huber")])


def test_moves_and_replacements_keep_what_is_compiled():
    model = compiled(3)
    for edits in ([Move("drop", after="act")], [Replace("drop", L.SpatialDropout1D(0.2))]):
        edited = apply(model, edits)
        assert settings(edited)["loss"] == settings(model)["loss"]
        assert int(edited.optimizer.iterations) == int(model.optimizer.iterations) > 0
