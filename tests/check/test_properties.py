"""What holds for fixes and checks on any model: random chains and graphs, with faults among them."""

import json

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers as L

from normcast.check.checker import check_model, fix_model
from normcast.check.facts import Facts, Loss
from normcast.models.edits import Edit, apply, diff
from normcast.models.graph import wiring_of
from tests.models.networks import canonical

QUICK = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

SEQUENCE = [
    lambda: L.Conv1D(4, 3, padding="same"),
    lambda: L.Conv1D(4, 3, padding="causal", activation="relu"),
    L.BatchNormalization,
    lambda: L.Dropout(0.3),
    lambda: L.SpatialDropout1D(0.95),
    lambda: L.Activation("relu"),
    lambda: L.LSTM(4, return_sequences=True),
    lambda: L.Bidirectional(L.LSTM(2, return_sequences=True, activation="relu")),
    lambda: L.Conv1D(4, 1, activation="selu", kernel_initializer="he_normal"),
    lambda: L.AlphaDropout(0.1),
    lambda: L.TimeDistributed(L.Dense(4)),
    L.LayerNormalization,
]
ENDS = [
    lambda: L.LSTM(4),
    lambda: L.GRU(4, activation="relu"),
    L.GlobalAveragePooling1D,
    L.Flatten,
]
HEADS = [
    lambda: [L.Dense(1)],
    lambda: [L.Dense(4), L.Dropout(0.2), L.Dense(1)],
    lambda: [L.Dense(1, activation="relu")],
    lambda: [L.BatchNormalization(), L.Dense(1), L.Dropout(0.2)],
]


@st.composite
def models(draw):
    """A network over windows of (8, 4): a chain, now and then with a branch, compiled for regression."""
    x = keras.Input((8, 4))
    y = x
    for make in draw(st.lists(st.sampled_from(SEQUENCE), max_size=5)):
        z = make()(y)
        y = L.Add()([y, z]) if z.shape == y.shape and draw(st.booleans()) else z
    y = draw(st.sampled_from(ENDS))()(y)
    for layer in draw(st.sampled_from(HEADS))():
        y = layer(y)
    net = keras.Model(x, y)
    net.compile("adam", "mse")
    return net


ODD = ["target_shape", "input_high", "n_windows", "batch_size", "epochs"]

RANGE = {"target_min": -3.0, "target_max": 3.0}
FACTS = Facts().known(type="regression", target_shape=(1,), losses=(Loss("mse", False),), **RANGE)


@QUICK
@given(models())
def test_fixes_remove_their_findings_and_add_none_as_severe(net):
    before = check_model(net, FACTS)
    fixed = fix_model(net, FACTS, safety="unsafe")
    left = {f.key for f in fixed.left}
    assert not left & {f.key for f in fixed.applied}
    worst = max((f.severity for f in before if f.fix), default=0)
    assert all(f.key in {b.key for b in before} or f.severity < worst for f in fixed.left)


@settings(QUICK, max_examples=5)
@given(models())
def test_a_fix_alone_removes_its_finding_and_adds_none_as_severe(net):
    before = check_model(net, FACTS)
    for finding in [f for f in before if f.fix]:
        fixed = fix_model(net, FACTS, safety="unsafe", findings=[finding])
        left = {f.key: f for f in fixed.left}
        assert finding.key not in left or fixed.applied == ()
        new = [f for key, f in left.items() if key not in {b.key for b in before}]
        assert all(f.severity < finding.severity for f in new)


@QUICK
@given(models())
def test_a_second_fix_changes_nothing(net):
    once = fix_model(net, FACTS, safety="unsafe")
    assert fix_model(once.model, FACTS, safety="unsafe").applied == ()


@settings(QUICK, max_examples=3)
@given(models())
def test_a_fixed_model_trains_a_step_saves_and_loads(net):
    import tempfile
    from pathlib import Path

    fixed = fix_model(net, FACTS, safety="unsafe").model
    x, y = np.zeros((4, 8, 4), "float32"), np.zeros((4, 1), "float32")
    assert np.isfinite(np.ravel(fixed.train_on_batch(x, y))[0])
    with tempfile.TemporaryDirectory() as folder:
        fixed.save(Path(folder) / "m.keras")
        again = keras.models.load_model(Path(folder) / "m.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), fixed.predict(x, verbose=0), atol=1e-6)


@QUICK
@given(models(), models())
def test_the_diff_of_any_two_models_leads_from_one_to_the_other(a, b):
    edits = diff(a, b)
    assert canonical(apply(a, edits)) == canonical(b)
    assert (
        tuple(Edit.from_dict(item) for item in json.loads(json.dumps([e.to_dict() for e in edits]))) == edits
    )


@QUICK
@given(models())
def test_fixes_undone_by_the_diff_give_the_model_back(net):
    fixed = fix_model(net, FACTS, safety="unsafe").model
    assert canonical(apply(fixed, diff(fixed, net))) == canonical(net)


@QUICK
@given(
    models(),
    st.dictionaries(
        st.sampled_from(ODD),
        st.integers(0, 9),
    ),
)
def test_check_never_raises_whatever_the_facts(net, odd):
    shape = {"target_shape": (odd.pop("target_shape"),)} if "target_shape" in odd else {}
    check_model(net, FACTS.known(**odd, **shape))


def test_a_network_of_200_layers_is_read_to_its_end():
    layers = [make() for _ in range(22) for make in SEQUENCE[:9]]
    net = keras.Sequential([keras.Input((8, 4)), *layers, L.LSTM(2), L.Dense(1, name="head"), L.Dropout(0.2)])
    assert len(net.layers) > 200
    found = check_model(net, FACTS)
    assert "dropout-after-output" in {f.rule for f in found}
    assert len({f.layers for f in found if f.rule == "dropout-rate-extreme"}) == 22


@pytest.mark.parametrize("make", [lambda v: v * 2, lambda v: keras.ops.flip(v, axis=1)])
def test_layers_that_are_not_known_raise_nothing_and_keep_rules_silent(make):
    x = keras.Input((8, 4))
    net = keras.Model(x, L.Dense(1)(L.Lambda(make)(L.Dropout(0.4)(x))))
    assert check_model(net, FACTS.known(target_shape=(8, 1))) == []
    assert wiring_of(net).parts
