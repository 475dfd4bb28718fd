"""One fault put into a sound model: it must be found, and nothing else may be raised that was not there."""

from functools import cache

import keras
import pytest
from keras import layers as L

from normcast.check.checker import check_model
from normcast.check.facts import Facts, Loss
from normcast.check.rule import RULES
from tests.check.mutants import mutants

CROSS = Loss("categorical_crossentropy", False)
IMPLIED = {
    "rnn-unbounded-activation": {"recurrent-dropout-unbounded"},
    "recurrent-dropout-unbounded": {"rnn-unbounded-activation"},
    "softmax-regression": {"output-range-excludes-target"},
    "bn-before-regression-output": {"dropout-before-bn"},
}
"""Rules that a fault of another one truly breaks as well."""


def forecaster():
    layers = [L.Conv1D(8, 3, padding="causal", use_bias=False), L.BatchNormalization(), L.Activation("relu")]
    net = keras.Sequential([keras.Input((24, 3)), *layers, L.LSTM(8), L.Dropout(0.2), L.Dense(4)])
    facts = Facts().known(
        type="regression", granularity="per_window", losses=(Loss("mse", False),), target_shape=(4,)
    )
    return net, facts


def recurrent_forecaster():
    net = keras.Sequential([keras.Input((60, 3)), L.LSTM(8, return_sequences=True), L.LSTM(8), L.Dense(1)])
    return net, Facts().known(type="regression", losses=(Loss("mae", False),), target_shape=(1,), scaled=True)


def classifier():
    x = keras.Input((64, 2))
    y = x
    for size in (7, 5):
        y = L.Activation("relu")(L.BatchNormalization()(L.Conv1D(8, size, padding="same", use_bias=False)(y)))
    y = L.Add()([y, L.Conv1D(8, 1)(x)])
    y = L.Dense(16, activation="relu")(L.GlobalAveragePooling1D()(y))
    net = keras.Model(x, L.Dense(3, activation="softmax")(y))
    facts = {
        "type": "classification",
        "granularity": "per_window",
        "losses": (CROSS,),
        "target_kind": "one_hot",
    }
    return net, Facts().known(**facts, target_shape=(3,), metrics=("accuracy",))


def causal_tagger():
    x = keras.Input((32, 2))
    y = L.Conv1D(8, 3, padding="causal", activation="relu")(x)
    y = L.LSTM(8, return_sequences=True)(
        L.Conv1D(8, 3, padding="causal", dilation_rate=2, activation="relu")(y)
    )
    net = keras.Model(x, L.Dense(1)(y))
    facts = {
        "type": "regression",
        "granularity": "per_step",
        "causal_required": True,
        "losses": (Loss("huber", False),),
    }
    return net, Facts().known(**facts, target_shape=(32, 1))


def attentive_tagger():
    x = keras.Input((24, 4))
    y = L.Conv1D(8, 3, padding="causal", use_bias=False)(x)
    y = L.LayerNormalization()(L.Activation("relu")(y))
    y = L.Add()([y, L.MultiHeadAttention(2, 4)(y, y, use_causal_mask=True)])
    net = keras.Model(x, L.Dense(1)(L.GRU(8, return_sequences=True)(y)))
    facts = {
        "type": "regression",
        "granularity": "per_step",
        "causal_required": True,
        "losses": (Loss("mae", False),),
    }
    return net, Facts().known(**facts, target_shape=(24, 1))


def dense_gru():
    net = keras.Sequential(
        [keras.Input((20, 2)), L.GRU(8), L.BatchNormalization(), L.Dense(8, activation="relu")]
    )
    net.add(L.Dropout(0.3))
    net.add(L.Dense(2, activation="softmax"))
    return net, Facts().known(
        type="classification", losses=(CROSS,), target_kind="one_hot", target_shape=(2,)
    )


MODELS = [forecaster, recurrent_forecaster, classifier, causal_tagger, attentive_tagger, dense_gru]


@cache
def results():
    """(mutant, hit, findings that should not be there) of every mutant of every model."""
    found = []
    for make in MODELS:
        model, facts = make()
        before = {f.key for f in check_model(model, facts)}
        for mutant in mutants(model, facts):
            new = check_model(*mutant.made_from(model, facts))
            allowed = {mutant.rule, *IMPLIED.get(mutant.rule, ())}
            more = [str(f) for f in new if f.severity > 1 and f.key not in before and f.rule not in allowed]
            found.append((mutant, any(f.rule == mutant.rule for f in new), more))
    return found


@pytest.mark.parametrize("make", MODELS)
def test_the_sound_models_have_no_errors_or_warnings(make):
    model, facts = make()
    assert [str(f) for f in check_model(model, facts) if f.severity > 1] == []


def test_at_least_95_of_100_faults_are_found():
    missed = [str(mutant) for mutant, hit, _ in results() if not hit]
    assert len(missed) <= 0.05 * len(results()), missed


def test_at_least_98_of_100_leaks_are_found():
    leaks = [(str(mutant), hit) for mutant, hit, _ in results() if mutant.rule.endswith("-leak")]
    assert len(leaks) >= 30
    assert sum(hit for _, hit in leaks) >= 0.98 * len(leaks), [text for text, hit in leaks if not hit]


def test_a_fault_raises_no_other_error_or_warning():
    assert [(str(mutant), more) for mutant, _, more in results() if more] == []


def test_the_mutants_cover_nearly_all_rules():
    covered = {mutant.rule for mutant, _, _ in results()}
    without = {r.slug for r in RULES.values() if r.default} - covered
    assert without <= {"flatten-dense-explosion", "receptive-field-short"}
