"""Outputs that see later steps: what the graph says of each tensor is what changing the steps shows."""

import time

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast import keras_seam
from normcast.check import check_model, fix_model, run_checks
from normcast.check.outlook import outlooks
from normcast.check.reading import read
from tests.check.leak_graphs import AHEAD, CAUSAL, CHANNELS, STEPS, drawn, of_weights, truly_seen
from tests.check.leaking import LEAKING, SOUND, conv, network, u_net

ONLINE = {"causal_required": True, "granularity": "per_step"}
RULES = ["NC029", "NC030", "NC031"]
UNKNOWN = {"a roll", "a sum from the end", "a mean taken off", "the next step"}
"""Leaks of functions and layers of a user's own, of which the graph tells nothing."""


def told(model, facts=ONLINE):
    return check_model(model, facts, select=RULES)


def windows(model, count=8):
    rng = np.random.default_rng(0)
    shapes = [(count, *each.shape[1:]) for each in model.inputs]
    x = [
        rng.integers(0, 9, size=shape)
        if "int" in str(each.dtype)
        else rng.normal(size=shape).astype("float32")
        for each, shape in zip(model.inputs, shapes, strict=True)
    ]
    return x if len(x) > 1 else x[0]


def moved(model):
    """What running the model shows, with the checks that could not be made."""
    found = run_checks(model, windows(model), np.zeros((8, 1)), loss="mse", facts=ONLINE, select=["NC119"])
    assert found.not_checked == ()
    return found


def named(findings):
    return {layer.rpartition("/")[2] for finding in findings for layer in finding.layers}


def test_twenty_networks_leak_and_twenty_do_not():
    assert len(LEAKING) == len(SOUND) == 20


@pytest.mark.parametrize("kind", LEAKING)
def test_a_leak_is_shown_by_a_run_with_the_layer_and_told_from_the_graph(kind):
    model = LEAKING[kind]()
    (found,) = moved(model)
    assert named([found]) == {"leak"}
    assert named(told(model)) == (set() if kind in UNKNOWN else {"leak"})
    assert told(model, {}) == []


@pytest.mark.parametrize("kind", SOUND)
def test_a_causal_network_is_clean_from_the_graph_and_by_a_run(kind):
    model = SOUND[kind]()
    assert moved(model) == []
    assert told(model) == []


def differences(model):
    """The first known tensor that truly sees other steps than the account says."""
    net = read(model)
    looks = outlooks(net)
    if not looks:  # no output has steps of the input
        return None
    nodes = [n for n in net.nodes if "/" not in n.name and n.kind != "InputLayer"]
    nodes = [n for n in nodes if len(keras_seam.calls_of(n.layer)) == 1]
    tensors = [keras_seam.calls_of(node.layer)[0].output_tensors[0] for node in nodes]
    for node, true in zip(nodes, truly_seen(model, tensors), strict=True):
        (sight, *_) = looks[0].sights[id(node)]
        if not (np.broadcast_to(sight.latest, sight.shape) == true).all():
            return node.name, sight.latest, true
    return None


@pytest.mark.parametrize("seed", [0, 3, 7, 12])
def test_the_account_of_a_random_network_is_what_changing_each_step_shows(seed):
    assert differences(drawn(seed)) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_the_account_of_many_random_networks_is_what_changing_each_step_shows(seed):
    assert differences(drawn(seed)) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 240))
def test_a_leak_of_a_random_network_is_told_exactly_where_a_run_shows_one(seed):
    model = drawn(seed)
    assert bool(told(model)) == bool(moved(model))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*CAUSAL, *AHEAD])
def test_each_part_of_the_random_networks_leaks_or_does_not(kind):
    x = keras.Input((STEPS, CHANNELS))
    model = of_weights(keras.Model(x, L.Dense(2)({**CAUSAL, **AHEAD}[kind](x))))
    assert differences(model) is None
    assert bool(told(model)) == bool(moved(model)) == (kind in AHEAD)


def test_each_leak_of_a_network_is_told_once_and_by_one_rule():
    model = network(
        conv("centred", "same"),
        L.Bidirectional(L.LSTM(2, return_sequences=True), name="both"),
        L.LayerNormalization(axis=1, name="norm"),
        conv("sound"),
        conv("wide", "same", dilation_rate=2),
    )
    assert sorted((f.rule, *f.layers, f.evidence["ahead"]) for f in told(model)) == [
        ("bidirectional-future-leak", "both", 11),
        ("global-context-leak", "norm", 11),
        ("noncausal-conv-leak", "centred", 1),
        ("noncausal-conv-leak", "wide", 2),
    ]


def test_what_a_shift_makes_up_for_is_no_leak():
    x = keras.Input((STEPS, CHANNELS))
    y = L.Cropping1D((0, 1))(L.ZeroPadding1D((1, 0))(conv("centred", "same")(x)))
    assert told(keras.Model(x, L.Dense(1)(y))) == []
    twice = keras.Model(x, L.Dense(1)(conv("again", "same")(y)))
    (found,) = told(twice)
    assert (found.layers, bool(found.fix)) == (("centred",), True)
    assert told(fix_model(twice, ONLINE, safety="unsafe", select=RULES).model) == []


def test_only_outputs_with_a_step_for_each_of_the_inputs_can_leak():
    x = keras.Input((STEPS, CHANNELS))
    both = L.Bidirectional(L.LSTM(2, return_sequences=True), name="both")(x)
    per_window = L.Dense(1)(L.GlobalAveragePooling1D()(both))
    assert told(keras.Model(x, per_window)) == []
    steps = L.Dense(1)(L.LSTM(2, return_sequences=True)(x))
    assert told(keras.Model(x, [per_window, steps])) == []
    decoded = L.LSTM(2, return_sequences=True)(L.RepeatVector(STEPS)(L.LSTM(2)(both)))
    assert told(keras.Model(x, decoded)) == []


def test_the_time_axis_of_an_input_may_be_its_last():
    x = keras.Input((CHANNELS, 64))
    for padding, leaks in (("same", 1), ("causal", 0)):
        y = L.Conv1D(3, 3, padding=padding, data_format="channels_first")(x)
        assert len(told(keras.Model(x, L.Activation("tanh")(y)))) == leaks


def test_tokens_have_a_time_axis_whatever_their_type_is():
    for dtype in ("int32", "float32"):
        x = keras.Input((STEPS,), dtype=dtype)
        y = L.Bidirectional(L.GRU(2, return_sequences=True), name="both")(L.Embedding(9, 4)(x))
        assert [f.layers for f in told(keras.Model(x, L.Dense(1)(y)))] == [("both",)]


def test_channels_are_no_steps():
    x = keras.Input((STEPS, CHANNELS))
    mixed = L.Permute((2, 1))(L.Dense(5)(L.Permute((2, 1))(L.Dense(CHANNELS)(x))))
    assert told(keras.Model(x, mixed)) == []


@pytest.mark.parametrize("steps", [None, 63, 64, 65])
def test_the_length_of_the_window_may_be_odd_or_unknown(steps):
    def tagger(*layers):
        return keras.Sequential([keras.Input((steps, 2)), *layers, L.Dense(1)])

    assert len(told(tagger(L.MaxPooling1D(2), L.UpSampling1D(2)))) == 1
    assert len(told(tagger(L.Conv1D(2, 4, strides=2, padding="same")))) == 1
    assert told(tagger(L.Conv1D(2, 3, padding="causal"), L.MaxPooling1D(2, padding="same"))) == []
    assert told(tagger(L.Conv1D(2, 4, strides=2), L.Conv1D(2, 3))) == []
    assert len(told(tagger(L.Conv1D(2, 2, padding="same", dilation_rate=1000)))) == (steps is None)


def test_a_fix_leaves_no_output_that_moves():
    model = network(
        conv("centred", "same"),
        L.Bidirectional(L.LSTM(2, return_sequences=True), name="both"),
        lambda x: L.Attention(name="attended")([x, x]),
        L.GRU(3, return_sequences=True, go_backwards=True, name="back"),
    )
    fixed = fix_model(model, ONLINE, safety="unsafe", select=RULES)
    assert len(fixed.applied) == 4
    assert fixed.left == []
    assert len(moved(model)) == 1
    assert moved(of_weights(fixed.model)) == []


def test_no_fix_is_offered_where_the_output_would_see_ahead_all_the_same():
    model = u_net(shift=False, padding="same")
    found = told(model)
    assert named(found) == {"down", "low", "leak", "up"}
    assert [f.fix for f in found] == [()] * 4
    (spread,) = [f for f in found if f.layers == ("leak",)]
    assert "ZeroPadding1D((1, 0))" in spread.hint
    fixed = fix_model(model, ONLINE, safety="unsafe", select=RULES)
    assert (fixed.applied, len(fixed.left)) == ((), 4)


def test_the_shift_that_the_hint_asks_for_lets_the_fixes_be_offered():
    found = told(u_net(shift=True, padding="same"))
    assert named(found) == {"down", "low", "up"}
    assert all(f.fix for f in found)
    model = fix_model(u_net(shift=True, padding="same"), ONLINE, safety="unsafe", select=RULES).model
    assert moved(of_weights(model)) == []


def test_a_leak_is_told_once_by_the_graph_and_the_run():
    model = network(conv("leak", "same"))
    both = told(model).with_others(moved(model))
    assert [f.rule for f in both.told_once()] == ["noncausal-conv-leak"]


def test_a_run_changes_whole_numbers_to_others_that_may_occur():
    model = LEAKING["tokens"]()
    x = np.zeros((4, STEPS), "int32")
    (found,) = run_checks(model, x, np.zeros((4, 1)), loss="mse", facts=ONLINE, select=["NC119"])
    assert found.layers == ("leak",)


def test_what_is_not_followed_is_said_where_a_leak_would_be_a_fault_and_where_an_output_reads_it():
    start = keras.Input((8, 3))
    turned = L.Lambda(lambda x: x[:, ::-1], name="turned")(start)
    steps, last = keras.Model(start, L.Dense(1)(turned)), keras.Model(start, L.Dense(1)(L.LSTM(2)(turned)))
    assert check_model(steps, ONLINE).not_checked == (
        "leaks through 'turned': only a run of the model tells (--run).",
    )
    assert check_model(steps, ONLINE, ignore=["NC029", "NC030", "NC031"]).not_checked == ()
    assert check_model(steps).not_checked == ()
    assert check_model(last, ONLINE).not_checked == ()


def test_nothing_is_run_for_a_leak_without_the_facts():
    model = LEAKING["attention"]()
    assert run_checks(model, windows(model), np.zeros((8, 1)), loss="mse", select=["NC119"]) == []


def test_networks_of_two_thousand_layers_take_less_than_a_second():
    x = y = keras.Input((64, CHANNELS))
    for i in range(150):
        inside = conv(None, "same" if i % 3 else "causal")(L.LayerNormalization()(y))
        y = L.Add()([y, L.Dropout(0.1)(inside)])
    net = read(keras.Model(x, y))
    start = time.process_time()
    (look,) = outlooks(net)
    assert look.leaking
    assert (time.process_time() - start) * 2000 / len(net.nodes) < 1


def lines(*layers):
    x = keras.Input((STEPS, CHANNELS))
    y = x
    for layer in layers:
        y = layer(y)
    (look,) = outlooks(read(keras.Model(x, [y, L.Dense(1)(x)])))
    return [each[0].line and each[0].line.axis for each in look.sights.values()][: len(layers) + 1]


def test_the_time_axis_is_followed_through_permutations_and_lost_where_the_steps_are_summed_up():
    assert lines(L.Permute((2, 1)), L.Dense(5), L.Permute((2, 1))) == [0, 1, 1, 0]
    assert lines(L.Reshape((STEPS, 2, 2)), L.Permute((2, 1, 3)), L.GlobalMaxPooling2D()) == [0, 0, 1, None]
    assert lines(L.LSTM(3, return_sequences=True), L.LSTM(2), L.RepeatVector(STEPS)) == [0, 0, None, None]
    assert lines(L.Flatten(), L.Dense(2 * STEPS), L.Reshape((STEPS, 2))) == [0, 0, 0, 0]
