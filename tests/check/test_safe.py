"""A safe fix leaves what a trained network predicts: proven by running each, on weights drawn at random."""

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast.check.checker import check_model, fix_model
from normcast.check.facts import Facts, Loss
from normcast.check.reading import read
from normcast.check.rule import RULES, SAFE
from tests.check.mutants import mutants
from tests.check.test_mutants import MODELS
from tests.check.trained import given_to, predict_alike, trained

BAD = [pytest.param(r, e, id=f"{r.slug}-{i}") for r in RULES.values() for i, e in enumerate(r.bad)]
WITH_FIX = [each for each in BAD if each.values[1].fixed]


@pytest.mark.parametrize(("rule", "example"), WITH_FIX)
def test_a_safe_fix_of_an_example_leaves_its_predictions(rule, example):
    model = trained(example.build())
    fixed = fix_model(model, example.facts, safety=SAFE, select=[rule.slug])
    assert not fixed.applied or predict_alike(model, fixed.model)


def odd():
    """Networks beside those that the safe fixes are for, and those themselves where they are hard to see."""
    x = keras.Input((8, 3), name="x")
    conv, norm = L.Conv1D(4, 3, padding="same", name="conv"), L.BatchNormalization(name="norm")
    yield "twice", keras.Model(x, L.Add()([norm(conv(x)), L.BatchNormalization(name="other")(conv(x))]))
    x = keras.Input((8, 3), name="x")
    dense = L.Dense(3, name="dense")
    yield "elsewhere too", keras.Model(x, L.Add()([L.BatchNormalization()(dense(x)), dense(dense(x))]))
    x, norm = keras.Input((8, 3), name="x"), L.BatchNormalization(name="norm")
    ends = [norm(L.Dense(4, name=name)(x)) for name in ("one", "two")]
    yield "one norm of two", keras.Model(x, L.Concatenate()(ends))
    x = keras.Input((8, 3), name="x")
    yield "in time", keras.Model(x, L.BatchNormalization()(L.TimeDistributed(L.Dense(4), name="each")(x)))
    inner = keras.Sequential([keras.Input((8, 3)), L.SeparableConv1D(4, 3), L.BatchNormalization()])
    yield "inside", keras.Sequential([keras.Input((8, 3)), inner, L.Flatten(), L.Dense(1)])
    for name, outer in (
        ("twice", L.ReLU()),
        ("by name", L.Activation("relu")),
        ("up to 1", L.ReLU(max_value=1.0)),
        ("sloped", L.ReLU(negative_slope=0.3)),
        ("from 0.5", L.ReLU(threshold=0.5)),
        ("in another format", L.ReLU(dtype="float16")),
    ):
        yield f"relu {name}", keras.Sequential([keras.Input((8, 3)), L.Dense(4, activation="relu"), outer])
        yield (
            f"relu behind {name}",
            keras.Sequential(
                [keras.Input((8, 3)), L.Dense(4), outer.from_config(outer.get_config()), L.ReLU()]
            ),
        )
    cell = L.LSTM(4, activation="relu", recurrent_activation="tanh", return_sequences=True)
    yield "relu of a cell", keras.Sequential([keras.Input((8, 3)), cell, L.ReLU()])
    noisy = [L.Dense(4, activation="relu"), L.GaussianNoise(0.5), L.ReLU()]
    yield "relu of noise", keras.Sequential([keras.Input((8, 3)), *noisy])


HARMLESS = (
    "twice", "in time", "inside", "relu twice", "relu by name", "relu behind twice", "relu behind by name",
)  # fmt: skip


@pytest.mark.parametrize(("name", "model"), [pytest.param(*each, id=each[0]) for each in odd()])
def test_a_safe_fix_of_an_odd_network_leaves_its_predictions(name, model):
    fixed = fix_model(trained(model), safety=SAFE)
    assert predict_alike(model, fixed.model)
    assert len(fixed.applied) == (name in HARMLESS)


@pytest.mark.slow
def test_a_safe_fix_of_a_sound_network_with_a_fault_leaves_its_predictions():
    applied = set()
    for make in MODELS:
        model, facts = make()
        for mutant in mutants(model, facts):
            faulty, known = mutant.made_from(model, facts)
            if any(f.fix and f.safety == SAFE for f in check_model(faulty, known)):
                fixed = fix_model(trained(faulty), known, safety=SAFE)
                applied |= {f.rule for f in fixed.applied}
                assert predict_alike(faulty, fixed.model), str(mutant)
    assert applied == {"bias-before-bn"}


@pytest.mark.parametrize(("rule", "example"), WITH_FIX)
def test_only_what_was_proven_so_is_called_safe(rule, example):
    found = rule.findings(read(example.build()), example.facts)
    safe = {f.rule for f in found if f.fix and f.safety == SAFE}
    assert safe <= {"bias-before-bn", "stacked-activation"}


def classifier(loss):
    layers = [L.LSTM(4), L.Dense(3, activation="softmax", name="head")]
    model = keras.Sequential([keras.Input((8, 3)), *layers])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize(
    ("loss", "facts", "other"),
    [
        ("binary_crossentropy", {}, "categorical_crossentropy"),
        ("binary_crossentropy", {"target_kind": "sparse"}, "sparse_categorical_crossentropy"),
        (
            "sparse_categorical_crossentropy",
            {"target_kind": "one_hot", "target_shape": (3,)},
            "categorical_crossentropy",
        ),
        (
            "categorical_crossentropy",
            {"target_kind": "sparse", "target_shape": ()},
            "sparse_categorical_crossentropy",
        ),
    ],
)
def test_the_loss_is_mended_and_what_was_stated_of_the_old_one_is_forgotten(loss, facts, other):
    stated = Facts().known(losses=(Loss(loss),), **facts)
    for given in (facts, stated):
        fixed = fix_model(classifier(loss), given, safety="unsafe")
        assert [str(edit) for edit in fixed.edits] == [f"compile: loss={other}"]
        assert fixed.model.loss == other
        assert fixed.left == []


def test_a_loss_is_not_mended_where_none_is_compiled_or_the_targets_fit_no_other():
    plain = keras.Sequential([keras.Input((8, 3)), L.LSTM(4), L.Dense(3, activation="softmax")])
    found = check_model(plain, {"losses": (Loss("binary_crossentropy"),)})
    wrong = {"target_kind": "one_hot", "target_shape": (2, 2)}
    found += check_model(classifier("sparse_categorical_crossentropy"), wrong)
    assert [f.rule for f in found] == ["softmax-binary-crossentropy", "target-shape-mismatch"]
    assert not any(f.fix for f in found)


def masked(*layers):
    return keras.Sequential([keras.Input((8, 3)), L.Masking(), *layers, L.Dense(1, name="head")])


def test_a_convolution_of_one_step_becomes_the_dense_layer_it_is_and_padding_no_longer_counts():
    model = trained(masked(L.Conv1D(4, 1, activation="tanh", name="conv"), L.LSTM(3)))
    fixed = fix_model(model, safety="unsafe")
    assert [f.rule for f in fixed.applied] == ["mask-dropped"]
    assert predict_alike(model, fixed.model)  # the windows have no padding, and the weights stayed
    x = given_to(model)[0]
    padded = np.concatenate([x[:, :5], np.zeros_like(x[:, 5:])], 1)
    short = keras.Sequential([keras.Input((5, 3)), *fixed.model.layers[1:]])
    np.testing.assert_allclose(fixed.model(padded), short(x[:, :5]), atol=1e-6)
    assert not np.allclose(model(padded), short(x[:, :5]), atol=1e-3)


def test_padding_no_longer_counts_where_the_steps_are_pooled():
    for pool in (L.Flatten(name="pool"), L.GlobalMaxPooling1D(name="pool")):
        model = masked(L.LSTM(4, return_sequences=True), pool)
        fixed = fix_model(model, safety="unsafe")
        assert [str(edit) for edit in fixed.edits] == ["pool: -> GlobalAveragePooling1D"]
        x = given_to(model)[0]
        padded = np.concatenate([x[:, :5], np.zeros_like(x[:, 5:])], 1)
        short = keras.Sequential([keras.Input((5, 3)), *fixed.model.layers[1:]])
        np.testing.assert_allclose(fixed.model(padded), short(x[:, :5]), atol=1e-6)


@pytest.mark.parametrize(
    "layers",
    [
        (L.Conv1D(4, 3, padding="same"), L.LSTM(3)),
        (L.Conv1D(4, 1, strides=2), L.LSTM(3)),
        (L.Conv1D(3, 1, groups=3), L.LSTM(3)),
        (L.Conv1D(4, 1, kernel_constraint="max_norm"), L.LSTM(3)),
        (L.GlobalMaxPooling1D(data_format="channels_first"),),
        (L.MaxPooling1D(2), L.LSTM(3)),
    ],
)
def test_a_lost_mask_is_not_mended_where_no_layer_does_the_same_and_heeds_it(layers):
    (finding,) = (f for f in check_model(masked(*layers)) if f.rule == "mask-dropped")
    assert finding.fix == ()
