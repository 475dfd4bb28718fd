"""Facts are read off models, settings and arrays; what is not known stays None."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast.check.checker import check_model
from normcast.check.facts import Facts, Loss
from normcast.check.gather import facts_from, peak_rate
from normcast.check.rules.targets import compare
from normcast.check.source import lost_layers
from normcast.engine import Training


def compiled(**settings):
    net = keras.Sequential([keras.Input((8, 3)), L.LSTM(4), L.Dense(3)])
    net.compile(**{"optimizer": "adam", "loss": "mse", **settings})
    return net


def test_compile_settings_are_read():
    facts = facts_from(
        compiled(optimizer=keras.optimizers.AdamW(0.02, weight_decay=0.01), metrics=["accuracy"])
    ).training
    assert (facts.optimizer, facts.weight_decay, facts.metrics) == ("AdamW", 0.01, ("accuracy",))
    assert facts.learning_rate == pytest.approx(0.02)
    assert facts.losses == (Loss("mse", False),)


def test_a_training_tells_all_that_concerns_the_rules():
    told = {"batch_size": 16, "epochs": 7, "learning_rate": 0.25, "weight_decay": 0.02}
    facts = facts_from(training=Training("adamw", loss="huber", **told)).training
    assert {name: getattr(facts, name) for name in told} == told
    assert (facts.optimizer, facts.losses) == ("AdamW", (Loss("huber", False),))


@pytest.mark.parametrize(
    ("known", "is_found"),
    [
        ({"optimizer": "AdamW"}, True),  # by Keras' default of 0.004
        ({"optimizer": "AdamW", "weight_decay": 0.0}, False),
        ({"optimizer": "Adam"}, False),
        ({"optimizer": "SGD", "weight_decay": 0.01}, True),
        ({"weight_decay": 1e-5}, False),
        ({"weight_decay": 1.1e-5}, True),
        ({"weight_decay": 0.01, "decay_excludes": ("gamma",)}, True),
        ({"weight_decay": 0.01, "decay_excludes": ("bias", "kernel")}, True),
        ({"weight_decay": 0.01, "decay_excludes": ("beta", "bias", "gamma")}, False),
    ],
)
def test_weight_decay_that_reaches_a_normalization_is_found(known, is_found):
    chain = [L.Conv1D(4, 3), L.BatchNormalization(), L.LSTM(4), L.Dense(1)]
    net = keras.Sequential([keras.Input((8, 3)), *chain])
    found = check_model(net, known, select=["norm-param-weight-decay"])
    assert bool(found) == is_found
    if is_found:
        decay = known.get("weight_decay", 0.004)
        assert f"weight decay {decay:g} " in found[0].message


@pytest.mark.parametrize("excluded", [[], ["gamma"], ["gamma", "beta", "bias"]])
def test_what_weight_decay_leaves_out_is_read_by_name(excluded):
    optimizer = keras.optimizers.AdamW(weight_decay=0.01)
    if excluded:
        optimizer.exclude_from_weight_decay(var_names=excluded)
    net = keras.Sequential([keras.Input((8, 3)), L.Conv1D(4, 3), L.BatchNormalization(), L.LSTM(4)])
    net.compile(optimizer, "mse")
    facts = facts_from(net).training
    assert facts.decay_excludes == (tuple(sorted(excluded)) or None)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (keras.losses.CategoricalCrossentropy(from_logits=True), Loss("categorical_crossentropy", True)),
        ("mean_absolute_error", Loss("mae", False)),
        (keras.losses.Huber(), Loss("huber", None)),
        (keras.losses.mean_squared_error, Loss("mse", None)),
        (lambda a, b: keras.ops.mean(a - b), Loss("custom", None)),
    ],
)
def test_losses_are_read_in_every_form(loss, expected):
    (found,) = facts_from(compiled(loss=loss)).training.losses
    assert (found.name, found.from_logits or None) == (expected.name, expected.from_logits or None)


def test_the_peak_of_a_schedule_counts():
    schedule = keras.optimizers.schedules.CosineDecay(0.001, 100, warmup_target=0.06, warmup_steps=10)
    assert facts_from(compiled(optimizer=keras.optimizers.Adam(schedule))).training.learning_rate == 0.06
    assert peak_rate("whatever") is None


def test_a_train_step_of_ones_own_is_noted():
    class Own(keras.Model):
        def train_step(self, *args):
            return super().train_step(*args)

    x = keras.Input((3,))
    assert facts_from(Own(x, L.Dense(1)(x))).training.custom_step
    assert not facts_from(keras.Model(x, L.Dense(1)(x))).training.custom_step


def test_arrays_tell_shape_range_and_kind():
    x = np.random.default_rng(0).normal(size=(50, 8, 2)) * [1, 1000]
    data = facts_from(x=x, y=np.eye(3)[np.arange(50) % 3]).data
    assert (data.n_windows, data.target_shape, data.target_kind) == (50, (3,), "one_hot")
    assert data.input_spread == pytest.approx(1000, rel=0.3)
    assert data.input_high > 1000
    assert facts_from(y=np.array([0.5, -3.0])).data.target_min == -3.0
    assert facts_from(y=np.array([0, 1, 1])).data.target_kind == "binary"
    assert facts_from(y=np.array([0.5, 3.0])).data.target_kind == "real"
    assert facts_from(y=np.array([2.0, 3.0])).data.target_kind is None  # counts, or labels
    assert facts_from(x=np.array([[[np.nan]]])).data.has_nan


def test_windows_in_both_splits_are_counted():
    x = np.arange(40.0).reshape(10, 4, 1)
    assert facts_from(x=x[:8], y=x[:8, 0], validation=(x[6:], x[6:, 0])).data.duplicates == 2


def test_stated_facts_win_over_those_read():
    assert facts_from(y=np.ones((4, 1)), target_min=-7.0).data.target_min == -7.0
    facts = (
        Facts().known(batch_size=8).filled_from(facts_from(training=SimpleNamespace(batch_size=32, epochs=5)))
    )
    assert (facts.training.batch_size, facts.training.epochs) == (8, 5)


def test_an_unknown_fact_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'target_shape'"):
        Facts().known(target_shap=(1,))


@pytest.mark.parametrize(
    ("true", "pred", "outcome"),
    [
        ((None,), (None, 1), "equal"),
        ((None, 1), (None, 8, 1), "broadcast"),
        ((None, 8), (None, 1), "broadcast"),
        ((None, 1), (None, 5), "broadcast"),
        ((None, 1, 5), (None, 5), "broadcast"),
        ((None, 8, 1), (None, 8), "equal"),
        ((None, 8), (None, 8, 1), "equal"),
        ((None,), (None, 5), "error"),
        ((None, 3), (None, 4), "error"),
        ((None, 1), (None, None, 1), "broadcast"),
        ((None, None, 14), (None, None, 14), "equal"),
    ],
)
def test_shapes_are_compared_as_keras_does_it(true, pred, outcome):
    """Against Keras' own loss where all lengths are known: it must raise, or not, as `compare` says."""
    assert compare(true, pred) == outcome
    if None not in (*true[1:], *pred[1:]):
        a, b = np.zeros((6, *true[1:])), np.zeros((6, *pred[1:]))
        if outcome == "error":
            with pytest.raises(Exception):  # noqa: B017, PT011  (each backend has its own)
                keras.losses.MeanSquaredError()(a, b)
        else:
            keras.losses.MeanSquaredError()(a, b)


def test_layers_that_source_makes_but_never_applies_are_named():
    source = "x = Input((8, 3))\nlstm = layers.LSTM(4)\nDropout(0.2)\ny = lstm(x)\nself.head = Dense(1)\n"
    assert lost_layers(source) == ("dropout (Dropout, line 3)", "head (Dense, line 5)")
    assert lost_layers("stack = [LSTM(4), LSTM(4)]\nfor layer in stack:\n    x = layer(x)\n") == ()
