"""What was not looked at for want of facts is said, with the fact and the option that tell it."""

import json
import re

import keras
import pytest
from keras import layers as L

from normcast.check import RULES, Facts, check_model, fix_model, formatted
from normcast.check.facts import WORDS
from normcast.check.lacking import OPTIONS, TOPICS, alternatives
from normcast.check.reading import read
from normcast.check.stated import facts_of, pair_of
from normcast.cli import run

ALL = {
    **{"granularity": "per_step", "causal_required": True, "type": "regression", "target_shape": (8, 1)},
    **{"target_min": -2.0, "target_max": 2.0, "target_kind": "real", "batch_size": 32, "n_windows": 5000},
    **{"epochs": 20, "input_high": 2.0, "input_spread": 1.0, "window_length": 8, "n_features": 2},
    **{"split": "chronological", "windows_overlap": True, "normalizer_fit_on": "train", "target_offset": 1},
}


def network(sequences=True, norm=True):
    norms = [L.BatchNormalization()] if norm else []
    layers = [L.Conv1D(4, 3, padding="causal", use_bias=False), *norms, L.ReLU()]
    head = [L.LSTM(4, return_sequences=sequences), L.Dense(1)]
    net = keras.Sequential([keras.Input((8, 2)), *layers, *head])
    net.compile("adam", "mse")
    return net


def about(found):
    return {each.about: each for each in found.lacking}


def test_what_lacks_facts_is_named_by_fact_in_python_and_by_option_in_the_command_line():
    found = check_model(network())
    leaks = about(found)["leaks from later steps"]
    assert leaks.rules == ("bidirectional-future-leak", "noncausal-conv-leak", "global-context-leak")
    assert (leaks.facts, leaks.options) == (("granularity", "causal_required"), ("--per-step", "--causal"))
    assert "3 rules on leaks from later steps (granularity, causal_required)" in str(found)
    assert "(--per-step, --causal)" in formatted(found, by_option=True)
    assert formatted(found).count("not looked at for want of facts") == 1


def test_a_fact_that_is_told_is_no_longer_lacking():
    assert "leaks from later steps" not in about(check_model(network(), {"granularity": "per_window"}))
    left = about(check_model(network(), {"granularity": "per_step"}))["leaks from later steps"]
    assert left.facts == ("causal_required",)
    assert [each.about for each in check_model(network(), ALL).lacking] == ["layers that are never called"]


def test_rules_that_cannot_concern_a_model_are_not_named():
    whole, one = about(check_model(network())), about(check_model(network(sequences=False, norm=False)))
    assert "leaks from later steps" not in one
    assert {"batch_size", "epochs"} <= set(whole["the training"].facts)
    assert set(one["the training"].facts) == {"n_windows"}
    assert "masked_real_share" not in whole["inputs"].facts
    masked = keras.Sequential([keras.Input((8, 2)), L.Masking(), L.LSTM(4), L.Dense(1)])
    assert "masked_real_share" in about(check_model(masked))["inputs"].facts


def test_a_model_without_settings_lacks_what_compiling_tells():
    bare = keras.Sequential([keras.Input((8, 2)), L.LSTM(4), L.Dense(3, activation="sigmoid")])
    told = about(check_model(bare))["the loss and the optimizer"]
    assert "sigmoid-categorical-crossentropy" in told.rules
    assert told.options == ("a compiled model",)
    bare.compile("adam", "categorical_crossentropy")
    assert "the loss and the optimizer" not in about(check_model(bare))


def test_rules_that_are_not_asked_for_lack_nothing():
    assert check_model(network(), select=["bias-before-bn"]).lacking == ()
    left = check_model(network(), ignore=["noncausal-conv-leak"])
    assert len(about(left)["leaks from later steps"].rules) == 2


def test_want_of_facts_is_no_fault_of_the_check():
    found = check_model(network(sequences=False))
    assert found.is_all_clear
    assert found.at_least(3).lacking == found.lacking == fix_model(network(sequences=False)).left.lacking
    log = json.loads(formatted(found, "sarif"))["runs"][0]["invocations"][0]
    assert log["executionSuccessful"] is True
    assert {each["level"] for each in log["toolExecutionNotifications"]} == {"note"}
    (first, *_) = json.loads(formatted(found, "json"))["lacking"]
    assert list(first) == ["about", "rules", "facts", "options"]


@pytest.mark.parametrize("rule", RULES.values(), ids=str)
def test_a_rule_is_silent_on_its_bad_examples_only_for_want_of_what_it_says_to_need(rule):
    known = {*Facts().known(**dict.fromkeys(["n_classes"], 1)).stated(), *_names()}
    for each in alternatives(rule.needs):
        assert each <= known
        assert all(any(name in topic for topic in TOPICS.values()) for name in each if name in OPTIONS)
    for example in rule.bad:
        speaks = any(rule.findings(read(example.build()), Facts()))
        by_settings = {"keras_version", "optimizer"} & set(example.told)
        assert speaks or rule.needs or by_settings, f"{rule} says not what it needs"


def _names():
    groups = (Facts().task, Facts().training, Facts().data)
    return {name for each in groups for name in each.__dataclass_fields__} | {"lost_layers"}


def test_facts_are_of_their_type_and_words_and_say_where_they_stand():
    assert facts_of({"target_shape": [24, 1]}, "x").data.target_shape == (24, 1)
    for table, words in (
        ({"splt": "random"}, "pyproject.toml: no fact 'splt'.*Did you mean 'split'"),
        ({"normalizer_fit_on": "al"}, "pyproject.toml: no normalizer_fit_on 'al'.*Did you mean 'all'"),
        ({"batch_size": "many"}, "pyproject.toml: batch_size is 'many', but must be a whole number"),
    ):
        with pytest.raises(ValueError, match=words):
            facts_of(table, "pyproject.toml")
    for name, words in WORDS.items():
        assert {facts_of({name: word}, "x").stated()[name] for word in words} == set(words)
    with pytest.raises(ValueError, match="'split' is no NAME=VALUE"):
        pair_of("split", "--fact")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    file = tmp_path_factory.mktemp("facts") / "net.keras"
    net = keras.Sequential([keras.Input((8, 2)), L.Bidirectional(L.LSTM(2, return_sequences=True))])
    net.compile("adam", "mse")
    net.save(file)
    return str(file)


def found_by(capsys, *call):
    code = run(["check", *call, "--format", "json"])
    told = json.loads(capsys.readouterr().out)
    return code, {each["rule"] for each in told["findings"]}


def test_options_tell_facts(saved, capsys):
    assert found_by(capsys, saved) == (0, set())
    leaks = found_by(capsys, saved, "--per-step", "--causal")
    assert leaks == (1, {"bidirectional-future-leak"})
    assert found_by(capsys, saved, "--per-step", "--not-causal") == (0, set())
    assert "output-range-excludes-target" in found_by(capsys, saved, "--target-range", "-2", "2")[1]
    split = found_by(capsys, saved, "--fact", "split=random", "--fact", "windows_overlap=true")
    assert split == (1, {"shuffled-window-split"})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["--batch-size", "0"], "--batch-size must be a whole number of at least 1, but is 0"),
        (["--target-range", "2", "-2"], "--target-range 2 -2: the least target stands first"),
        (["--learns", "walking"], "'--learns': .*'walking' is not one of 'regression'"),
        (["--fact", "normalizer_fit_on=al"], "--fact: no normalizer_fit_on 'al'"),
        (["--format", "xml"], "no format 'xml'; formats are text, json, sarif, github"),
        (["--fix", "all"], "'all' is not one of 'safe', 'unsafe'"),
        (["--fail-on", "none"], "'none' is not one of 'error'"),
        (["--ignore", "NC190"], "no rule 'NC190'"),
    ],
)
def test_a_wrong_option_ends_with_two_and_is_named_with_its_value(saved, call, words, capsys):
    assert run(["check", saved, *call]) == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert re.search(words, printed.err), printed.err


def test_inspect_takes_rules_and_refuses_as_check_does(saved, capsys):
    assert run(["inspect", saved, "--ignore", "NC190"]) == 2
    assert "no rule 'NC190'" in capsys.readouterr().err
    run(["inspect", saved, "--select", "NC115", "--format", "json"])
    assert {each["code"] for each in json.loads(capsys.readouterr().out)["findings"]} <= {"NC115"}


def test_text_that_is_json_holds_no_infinity():
    facts = {"input_high": float("inf"), "target_min": float("-inf"), "target_max": float("nan")}
    text = formatted(check_model(network(), facts), "json")
    assert '"inf"' in text
    json.loads(text, parse_constant=pytest.fail)


def test_data_that_were_given_are_not_asked_for_again():
    model = keras.Sequential([keras.Input((8, 3)), keras.layers.LSTM(4), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    asked = {option for each in check_model(model).lacking for option in each.options}
    seen = {"target_min": 1.0, "target_max": 3.0, "target_mean": 2.0, "target_std": 0.5}
    left = {option for each in check_model(model, seen).lacking for option in each.options}
    assert "--data FILE" in asked
    assert "--data FILE" not in left
    assert "--fact target_shape=..." in left
