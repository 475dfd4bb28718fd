"""Every rule against its own examples: they are its tests, its documentation and its "has a fix" flag."""

import json
from functools import cache

import pytest

from normcast.check.checker import check_model, fix_model
from normcast.check.gather import facts_from
from normcast.check.reading import read
from normcast.check.rule import DISPLAY, RULES, find_rule

ALL = list(RULES.values())
BAD = [pytest.param(r, e, id=f"{r.slug}-{i}") for r in ALL for i, e in enumerate(r.bad)]
GOOD = [pytest.param(r, e, id=f"{r.slug}-{i}") for r in ALL for i, e in enumerate(r.good)]


@cache
def built(example):
    """The example's model, built once for all tests: building is what takes time here."""
    return example.build()


def run(rule, example):
    """The rule alone, without the guard that hides its mistakes."""
    return list(rule.findings(read(built(example)), example.facts))


def test_there_are_sixty_rules_with_codes_in_a_row():
    assert sorted(RULES) == [f"NC{n:03d}" for n in range(1, 61)]


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.slug)
def test_a_rule_has_words_sources_and_examples(rule):
    assert rule.words.count("\n\n") >= 1
    assert rule.summary.endswith(".")
    assert rule.sources
    assert rule.bad
    assert rule.good
    assert rule.hint


@pytest.mark.parametrize(("rule", "example"), BAD)
def test_a_bad_example_is_found_and_told(rule, example):
    findings = run(rule, example)
    assert findings
    assert all(isinstance(each.message, str) and each.message for each in findings)


@pytest.mark.parametrize(("rule", "example"), GOOD)
def test_a_good_example_is_left_alone(rule, example):
    assert run(rule, example) == []


@pytest.mark.parametrize(("rule", "example"), BAD)
def test_a_fix_removes_its_finding(rule, example):
    fixable = [f for f in run(rule, example) if f.fix]
    if not fixable:
        return
    fixed = fix_model(built(example), example.facts, safety="unsafe", select=[rule.slug])
    assert [f.rule for f in fixed.applied] == [rule.slug] * len(fixable)
    assert not [f for f in fixed.left if f.fix]


def network(model):
    """Each layer's configuration and what it reads, whatever the layers are called."""
    net = read(model)
    place = {id(node): number for number, node in enumerate(net.nodes)}
    layers = [
        [
            node.kind,
            nameless(node.layer.get_config()),
            {key: value for key, value in node.arguments.items() if key != "mask"},  # which Keras makes
            [(place[id(n)], k) for n, k in node.reads],
        ]
        for node in net.nodes
    ]
    outputs = [(place[id(node)], number) for node, number in net.outputs]
    return json.loads(json.dumps([layers, len(net.inputs), outputs], default=repr))


def with_loss(model):
    return network(model), facts_from(model).training.losses[0].name


def nameless(value):
    if isinstance(value, dict) and value.get("class_name") == "DTypePolicy":
        return value["config"]["name"]
    if isinstance(value, dict):
        return {key: nameless(each) for key, each in value.items() if key != "name"}
    return [nameless(each) for each in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize(("rule", "example"), [each for each in BAD if each.values[1].fixed])
def test_a_fix_makes_the_network_that_the_example_shows(rule, example):
    fixed = fix_model(built(example), example.facts, safety="unsafe", select=[rule.slug]).model
    seen = with_loss if example.fixed.facts.training.losses else network
    assert seen(fixed) == seen(built(example.fixed))
    assert seen(fixed) != seen(built(example))


@pytest.mark.parametrize(("rule", "example"), BAD)
def test_a_bad_example_shows_what_its_fix_makes_of_it(rule, example):
    assert bool(example.fixed) == any(f.fix for f in run(rule, example))


@pytest.mark.parametrize("rule", [r for r in ALL if r.safety != DISPLAY], ids=lambda r: r.slug)
def test_a_rule_with_a_fix_shows_it_in_an_example(rule):
    assert any(e.fixed for e in rule.bad)


@pytest.mark.parametrize("rule", [r for r in ALL if r.safety == DISPLAY], ids=lambda r: r.slug)
def test_a_rule_that_is_only_told_has_no_edits(rule):
    assert not any(f.fix for e in rule.bad for f in run(rule, e))


def test_a_rule_is_found_by_code_and_by_slug():
    assert find_rule("NC039") is find_rule("dropout-before-bn") is find_rule("nc039")
    with pytest.raises(ValueError, match="Did you mean 'dropout-before-bn'"):
        find_rule("dropout-before-bm")


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.slug)
def test_good_examples_have_no_errors_or_warnings_of_other_rules(rule):
    for example in rule.good:
        found = [f for f in check_model(built(example), example.facts) if f.severity > 1]
        assert found == [], example.code()
