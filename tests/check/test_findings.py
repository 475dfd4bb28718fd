"""No finding is an all-clear only where everything was looked at."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast.check import (
    RULES,
    CheckCallback,
    Findings,
    assert_no_findings,
    check_model,
    fix_model,
    formatted,
    run_checks,
)
from normcast.check.rule import KINDS, Finding, Found, Severity, rule
from normcast.cli.check_run import check_command
from normcast.models.edits import Compile, Remove, Set


@keras.saving.register_keras_serializable(package="test_findings")
class Own(keras.Model):
    """A subclassed model with two faults that no graph shows."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.lstm, self.drop, self.head = L.LSTM(4), L.Dropout(0.95), L.Dense(1)
        self.late = L.Dropout(0.5)

    def call(self, x, training=False):
        return self.late(self.head(self.drop(self.lstm(x), training=training)), training=training)


@keras.saving.register_keras_serializable(package="test_findings")
class Block(L.Layer):
    """A layer of a user's that holds layers."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.drop = L.Dropout(0.95)

    def call(self, x):
        return self.drop(x)


def built(model, shape=(8, 3)):
    model(np.zeros((1, *shape), "float32"))
    return model


def chain(*inside):
    return keras.Sequential([keras.Input((8, 3)), *inside, L.LSTM(4), L.Dense(1)])


OPAQUE = {
    "subclassed": (
        lambda: built(Own(name="own")),
        "the layers of 'own': a subclassed model",
    ),
    "not built": (lambda: keras.Sequential([L.Dense(1)], name="new"), "the layers of 'new': it is not built"),
    "subclassed inside": (
        lambda: keras.Sequential([keras.Input((8, 3)), Own(name="own")]),
        "what is inside 'own'",
    ),
    "a block inside": (
        lambda: chain(Block(name="block")),
        "what is inside 'block': Block has layers of its own",
    ),
    "behind TimeDistributed": (
        lambda: chain(L.TimeDistributed(keras.Sequential([keras.Input((3,)), L.Dropout(0.95)], name="in"))),
        "what is inside",
    ),
}


@pytest.mark.parametrize(("make", "words"), OPAQUE.values(), ids=OPAQUE)
def test_what_cannot_be_looked_into_is_told_and_is_no_all_clear(make, words):
    model = make()
    found = check_model(model)
    assert any(words in what for what in found.not_checked)
    assert not found.is_all_clear
    assert words in formatted(found)
    assert "no findings" not in formatted(found)
    with pytest.raises(AssertionError, match="not checked"):
        assert_no_findings(model)


OPEN = {
    "plain": chain,
    "nested": lambda: chain(
        keras.Sequential([keras.Input((8, 3)), L.Conv1D(4, 3, padding="causal")], name="inner")
    ),
    "keras' own composite": lambda: keras.Model(x := keras.Input((8, 4)), L.MultiHeadAttention(2, 4)(x, x)),
    "bidirectional": lambda: chain(L.Bidirectional(L.GRU(3, return_sequences=True))),
}


@pytest.mark.parametrize("make", OPEN.values(), ids=OPEN)
def test_what_is_looked_into_leaves_nothing_to_tell(make):
    assert check_model(make()).not_checked == ()


def test_a_rule_that_fails_is_told_and_stops_no_other(monkeypatch):
    def fails(net, facts):
        raise KeyError("no such thing")
        yield

    broken = RULES["NC039"]
    monkeypatch.setitem(RULES, "NC039", type(broken)(**{**vars(broken), "predicate": fails}))
    net = chain(L.Conv1D(4, 3, use_bias=True), L.BatchNormalization())
    found = check_model(net)
    assert found.not_checked == (
        "rule dropout-before-bn (NC039): it failed on this model (KeyError: 'no such thing').",
    )
    assert "bias-before-bn" in [each.rule for each in found]
    assert fix_model(net).left.not_checked == found.not_checked


def test_the_command_exits_with_two_where_something_was_not_checked(tmp_path):
    built(Own(name="own")).save(tmp_path / "own.keras")
    outcome = check_command(tmp_path / "own.keras", custom_objects={"Own": Own})
    assert (outcome.exit_code, outcome.refused) == (2, False)
    assert "not checked: the layers of 'own'" in outcome.text


def test_a_finding_that_fails_the_command_comes_before_what_was_not_checked(tmp_path):
    net = chain(Block(name="block"), L.Dropout(0.95))
    net.save(tmp_path / "net.keras")
    outcome = check_command(tmp_path / "net.keras", fail_on="advice")
    assert outcome.findings
    assert outcome.exit_code == 1
    assert check_command(tmp_path / "net.keras", fail_on="never").exit_code == 2


def test_every_format_tells_what_was_not_checked():
    found = Findings(not_checked=["the layers of 'own': it has no graph."])
    assert json.loads(formatted(found, "json"))["not_checked"] == ["the layers of 'own': it has no graph."]
    (invocation,) = json.loads(formatted(found, "sarif"))["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "no graph" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert formatted(found, "github", where="m.keras").startswith("::error file=m.keras,title=not checked::")
    clear = json.loads(formatted(Findings(), "sarif"))["runs"][0]["invocations"][0]
    assert clear == {"executionSuccessful": True, "toolExecutionNotifications": []}


def test_the_callback_warns_of_what_was_not_checked():
    model = built(Own(name="own"))
    model.compile(loss="mse")
    callback = CheckCallback()
    callback.set_model(model)
    with pytest.warns(UserWarning, match="not checked: the layers of 'own'"):
        callback.on_train_begin()


def test_a_check_that_cannot_be_run_is_told(monkeypatch):
    from normcast.check import dynamic

    net = keras.Sequential([keras.Input((8, 1)), L.Dense(4, activation="relu"), L.LSTM(2), L.Dense(1)])
    x = np.random.default_rng(0).normal(size=(8, 8, 1)).astype("float32")

    def fails(*_, **__):
        raise RuntimeError("cannot be taken apart")

    monkeypatch.setattr(dynamic.Probe, "outputs", fails)
    (told,) = run_checks(net, x, x[:, -1], loss="mse").not_checked
    assert told == (
        "dead-relu-units (NC102), by running the model: it failed (RuntimeError: cannot be taken apart)."
    )


def finding(rule, layer, fix=()):
    return Finding(rule, "NC000", Severity.ADVICE, (layer,), "why", "what to do", fix=tuple(fix))


def test_fixes_have_names_of_their_own_and_equal_ones_share_one():
    a, b, c = [Remove("a")], [Remove("b")], [Set("a", rate=0.1)]
    found = Findings([finding("r", "a", a), finding("r", "b", b), finding("s", "a", a), finding("r", "a", c)])
    assert found.fixes == {"r (a)": tuple(a), "r (b)": tuple(b), "r (a) 2": tuple(c)}
    whole = replace(finding("r", "", c), layers=())
    assert list(Findings([finding("r", "a", a), whole]).fixes) == ["r (a)", "r"]
    assert not Findings([finding("r", "a", (Compile("huber"),))]).fixes  # it would read other targets


@pytest.mark.parametrize(
    ("seen_fix", "rule_fix", "stays"),
    [((), (), "rule"), ((1,), (), "seen"), ((), (1,), "rule"), ((1,), (1,), "rule")],
)
def test_of_two_that_say_the_same_of_a_layer_one_stays(seen_fix, rule_fix, stays):
    edits = [Remove("a")]
    seen = finding("short-sight", "a", edits * len(seen_fix))
    ruled = finding("receptive-field-short", "a", edits * len(rule_fix))
    assert Findings([seen, ruled]).told_once() == [{"seen": seen, "rule": ruled}[stays]]
    elsewhere = finding("receptive-field-short", "b")
    assert Findings([seen, elsewhere], ["x"]).told_once() == [seen, elsewhere]
    assert Findings([seen, ruled], ["x"]).told_once().not_checked == ("x",)


@pytest.fixture
def own_rule():
    """A rule as a user makes it, in a file of their own."""

    @rule(900, "too-wide", Severity.WARNING, hint="32 units", sources=[], bad=[], good=[], safety="unsafe")
    def too_wide(net, facts):
        """A recurrent layer is wider than the house allows."""
        for node in net.of({"LSTM"}):
            if node.config["units"] > 32:
                yield Found((node,), f"{node.config['units']} units", (Set(node.name, units=32),))

    yield RULES["NC900"]
    del RULES["NC900"], KINDS["NC900"]


def test_a_rule_of_ones_own_is_found_fixed_selected_and_ignored_like_any_other(own_rule):
    net = chain(L.LSTM(64, return_sequences=True, name="wide"))
    assert ("too-wide", ("wide",)) in [each.key for each in check_model(net)]
    assert fix_model(net, safety="unsafe", select=["NC900"]).model.get_layer("wide").units == 32
    assert check_model(net, ignore=["too-wide"], select=["too-wide"]) == []
    assert own_rule.summary == "A recurrent layer is wider than the house allows."


def test_our_rules_leave_numbers_from_900_on_to_users():
    assert max(KINDS) < "NC900"
