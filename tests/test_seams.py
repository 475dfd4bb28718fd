"""Each name that Keras or JAX keeps to itself: what it is for, and what is done where it is gone."""

import json
import logging

import keras
import numpy as np
import pytest
from keras import layers

from normcast import keras_seam
from normcast.check import check_model
from normcast.check.gather import facts_from
from normcast.models.edits import Set, apply

jax_only = pytest.mark.skipif(keras.backend.backend() != "jax", reason="Keras runs on another backend")


@pytest.fixture
def model():
    inputs = keras.Input((8, 3))
    x = layers.Bidirectional(layers.LSTM(2, name="inner"))(inputs)
    inside = keras.Sequential([layers.Dense(3), layers.Dropout(0.1)], name="inside")
    return keras.Model(inputs, layers.Dense(1)(inside(x) + 1.0))


@pytest.fixture
def hidden(monkeypatch, caplog):
    """Hide a name of a class, as a new Keras might; afterwards exactly one line must have said so."""
    keras_seam.told_gone.cache_clear()
    names = []

    def hide(owner, name):
        monkeypatch.delattr(owner, name)
        names.append(name)

    with caplog.at_level(logging.WARNING, "normcast"):
        yield hide
    told = [record.getMessage() for record in caplog.get_records("call")]
    for name in names:
        assert sum(name in message for message in told) == 1
    keras_seam.told_gone.cache_clear()


def test_all_layers_finds_those_inside_wrappers_and_cells(model):
    kinds = [type(layer).__name__ for layer in keras_seam.all_layers(model)]
    assert kinds[0] == "Functional"
    assert {"Bidirectional", "LSTM", "LSTMCell", "Sequential", "Dropout"} <= set(kinds)
    assert kinds.count("LSTM") == 2


def test_without_flatten_layers_all_layers_reads_attributes(model, hidden):
    expected = {id(layer) for layer in keras_seam.all_layers(model)}
    hidden(layers.Layer, "_flatten_layers")
    found, _ = keras_seam.all_layers(model), keras_seam.all_layers(model)
    assert expected <= {id(layer) for layer in found}
    assert len(found) == len({id(layer) for layer in found})


def test_a_functional_model_is_told_from_a_chain_and_from_subclasses(model):
    class Own(keras.Model):
        pass

    assert keras_seam.is_functional(model)
    assert not keras_seam.is_functional(model.get_layer("inside"))
    assert keras_seam.is_plain_model(model)
    assert keras_seam.is_plain_model(model.get_layer("inside"))
    assert not keras_seam.is_plain_model(Own())


def test_the_modules_of_a_configuration_are_those_that_keras_writes(model):
    written = json.loads(model.to_json())
    assert written["module"] == keras_seam.functional_module()
    operations = [part["class_name"] for part in written["config"]["layers"] if keras_seam.is_operation(part)]
    assert operations == ["Add"]


def test_a_graph_that_keras_hides_is_not_checked_and_that_is_told(model, monkeypatch):
    assert not check_model(model).not_checked
    monkeypatch.setattr(layers.Layer, "_inbound_nodes", property(), raising=False)
    (told,) = check_model(model).not_checked
    assert "its graph cannot be read" in told


def test_losses_that_a_model_adds_itself_are_seen_and_regularizers_are_not():
    class Adding(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1, kernel_regularizer="l2")

        def call(self, x):
            self.add_loss(keras.ops.mean(x))
            return self.dense(x)

    own, plain = Adding(), keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_regularizer="l2")])
    own(np.ones((1, 2)))
    assert keras_seam.has_added_losses(own)
    assert not keras_seam.has_added_losses(plain)


def test_where_keras_hides_added_losses_any_loss_may_be_one(hidden):
    plain = keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_regularizer="l2")])
    kind = type("Model", (), {"losses": plain.losses, "_losses": []})
    assert not keras_seam.has_added_losses(kind())
    hidden(kind, "_losses")
    assert keras_seam.has_added_losses(kind())


def decayed_model(**excluded):
    optimizer = keras.optimizers.AdamW(weight_decay=0.01)
    if excluded:
        optimizer.exclude_from_weight_decay(**excluded)
    chain = [layers.Conv1D(4, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU(), layers.LSTM(4)]
    model = keras.Sequential([keras.Input((20, 4)), *chain, layers.Dense(1)])
    model.compile(optimizer, "mse")
    return model


def asks_for_exclusion(model):
    return "norm-param-weight-decay" in {finding.rule for finding in check_model(model)}


def test_what_is_left_out_of_the_weight_decay_is_known_by_name_and_by_variable():
    assert asks_for_exclusion(decayed_model())
    assert asks_for_exclusion(decayed_model(var_names=["gamma"]))
    assert not asks_for_exclusion(decayed_model(var_names=["gamma", "beta", "bias"]))
    model = decayed_model()
    norm = model.layers[1]
    optimizer = keras.optimizers.AdamW(weight_decay=0.01)
    optimizer.exclude_from_weight_decay(var_list=norm.trainable_variables)
    model.compile(optimizer, "mse")
    assert not asks_for_exclusion(model)


def test_a_norm_without_a_scale_needs_no_scale_left_out():
    optimizer = keras.optimizers.AdamW(weight_decay=0.01)
    optimizer.exclude_from_weight_decay(var_names=["beta"])
    chain = [layers.Conv1D(4, 3, use_bias=False), layers.BatchNormalization(scale=False), layers.LSTM(4)]
    model = keras.Sequential([keras.Input((20, 4)), *chain, layers.Dense(1)])
    model.compile(optimizer, "mse")
    assert not asks_for_exclusion(model)


def test_where_keras_does_not_tell_what_decays_nothing_is_asked_for(hidden):
    (owner,) = (kind for kind in keras.optimizers.Optimizer.__mro__ if "_use_weight_decay" in vars(kind))
    hidden(owner, "_use_weight_decay")
    model = decayed_model()
    assert "gamma" in facts_from(model).training.decay_excludes
    assert not asks_for_exclusion(model)


class Odd(keras.losses.Loss):
    """A loss whose configuration lacks what it needs to be made again."""

    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def call(self, y, prediction):
        return self.weight * keras.ops.mean(keras.ops.square(y - prediction), -1)


def test_an_edited_model_keeps_a_loss_that_cannot_be_made_again():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, name="head")])
    model.compile("adam", Odd(3.0))
    assert keras_seam.compile_arguments(model)["loss"] is model.loss
    assert apply(model, [Set("head", use_bias=False)]).loss is model.loss


def test_an_edited_model_is_not_compiled_where_keras_hides_how_the_old_one_was(hidden):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, name="head")])
    model.compile("adam", "mse")
    hidden(model, "_compile_config")
    assert keras_seam.compile_arguments(model) is None


@jax_only
def test_without_a_generator_of_its_own_the_cheap_key_is_one_of_jax(monkeypatch, caplog):
    import jax
    import jax.extend.random

    from normcast import jax_seam
    from normcast.kernels import bits

    cheap = jax.random.uniform(bits.fast_key(np.array([1, 2], "uint32")), (64,))
    monkeypatch.delattr(jax.extend.random, "define_prng_impl")
    bits._implementation.cache_clear()
    jax_seam.told_gone.cache_clear()
    with caplog.at_level(logging.WARNING, "normcast"):
        key = bits.fast_key(np.array([1, 2], "uint32"))
    own = jax.random.uniform(jax.random.wrap_key_data(np.array([1, 2], "uint32")), (64,))
    np.testing.assert_array_equal(jax.random.uniform(key, (64,)), own)
    assert not np.array_equal(cheap, own)
    assert "define_prng_impl" in caplog.text
    bits._implementation.cache_clear()


def trained(**settings):
    optimizer = keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.1, 9), **settings)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2, name="one"), layers.Dense(1, name="head")])
    model.compile(optimizer, "mse")
    optimizer.build(model.trainable_variables)
    optimizer.iterations.assign(5)
    return model


def test_without_the_pattern_an_edited_model_leaves_the_same_variables_undecayed(monkeypatch):
    model = trained()
    monkeypatch.delattr(model.optimizer, "_exclude_from_weight_decay_pattern")
    model.optimizer._exclude_from_weight_decay = {id(model.get_layer("one").bias)}
    edited = apply(model, [Set("head", use_bias=False)])
    decayed = [keras_seam.is_decayed(edited.optimizer, v) for v in edited.trainable_variables]
    assert decayed == [True, False, True]


def test_where_keras_hides_what_an_optimizer_trains_an_edited_one_starts_anew(hidden):
    model = trained()
    hidden(model.optimizer, "_trainable_variables")
    assert keras_seam.trained_by(model.optimizer) == []


def test_where_keras_hides_the_rate_a_schedule_is_made_anew_from_what_keras_writes(hidden):
    model = trained()
    rate = model.optimizer._learning_rate
    assert keras_seam.own_rate(model.optimizer) is rate
    config = model.optimizer.get_config()
    hidden(model.optimizer, "_learning_rate")
    assert keras_seam.own_rate(model.optimizer) is None
    assert type(keras.optimizers.AdamW.from_config(config)._learning_rate) is type(rate)
