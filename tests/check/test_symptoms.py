"""What shows when a model runs: its words, and how it is selected, ignored, silenced and printed."""

import json

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast.check import (
    RULES,
    SYMPTOMS,
    Configuration,
    check_model,
    dynamic,
    find_rule,
    formatted,
    run_checks,
)
from normcast.check.choice import Choice
from normcast.check.configuration import to_configuration
from normcast.check.pages import page
from normcast.check.rule import KINDS, WARNING, Found
from normcast.check.symptom import symptom
from normcast.cli.check_run import check_command
from normcast.cli.inspect_run import inspect_command

ALL = list(SYMPTOMS.values())
X = 500 * np.random.default_rng(3).normal(size=(32, 12, 2)).astype("float32")
Y = X[:, -1:, 0]


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    net = keras.Sequential([keras.Input((12, 2)), L.LSTM(4, name="lstm"), L.Dense(1, name="head")])
    net.compile("adam", "mse")
    return net


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    model.save(folder / "model.keras")
    np.savez(folder / "data.npz", x=X, y=Y)
    return folder / "model.keras", folder / "data.npz"


@pytest.fixture
def no_run(monkeypatch):
    def refuse(*_):
        raise AssertionError("the model was run")

    monkeypatch.setattr(dynamic, "Probe", refuse)


def codes(found):
    return {each.code for each in found}


def test_there_are_nineteen_symptoms_with_codes_in_a_row_behind_the_rules():
    assert sorted(SYMPTOMS) == [f"NC{n}" for n in range(101, 120)]
    assert set(KINDS) == set(RULES) | set(SYMPTOMS)
    assert len({kind.slug for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.slug)
def test_a_symptom_says_what_shows_why_it_is_bad_and_where_its_bound_stands(kind):
    what, why, bound = kind.words.split("\n\n")
    assert kind.summary == what.replace("\n", " ")
    assert all(each.endswith(".") for each in (what, why, bound))
    assert bound.startswith(("The bound is ", "The bounds are "))
    assert kind.hint
    assert kind.sources
    assert all(map(find_rule, kind.twins))
    text = page(kind)
    assert text.startswith(f"# {kind.slug} ({kind.code})\n")
    assert all(words in text for words in (what, why, bound, kind.exceptions, kind.remedy, kind.tried[1:]))
    assert "an inspection" in text.partition("## What shows")[0] or not kind.inspected


EXAMPLES = [pytest.param(k, e, id=f"{k.slug}-{e in k.bad}") for k in ALL for e in (*k.bad, *k.good)]


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_a_bad_example_shows_it_and_a_good_one_does_not(kind, example):
    keras.utils.set_random_seed(1)
    net = example.build()
    found = run_checks(net, *example.windows(net), loss="mse", facts=example.facts, select=[kind.slug])
    assert found.not_checked == ()
    assert codes(found) == ({kind.code} if example in kind.bad else set())


def test_a_symptom_is_found_by_code_and_by_slug():
    assert find_rule("NC109") is find_rule("gradient-vanishes-inside") is find_rule("nc109")
    with pytest.raises(ValueError, match="Did you mean 'gradient-vanishes-inside'"):
        find_rule("gradient-vanish-inside")


def test_a_code_or_slug_is_never_used_twice():
    for number, slug in ((109, "new"), (199, "dropout-before-bn")):
        with pytest.raises(ValueError, match="never used twice"):
            symptom(number, slug, WARNING, hint="h", sources=["s"])(lambda: iter([Found((), "m")]))
    assert "NC199" not in KINDS


def test_run_checks_takes_select_ignore_and_silence(model):
    assert codes(run_checks(model, X, Y, select=["saturated-gates", "NC110"])) == {"NC103"}
    assert "NC103" not in codes(run_checks(model, X, Y, select=["NC103", "NC108"], ignore=["NC103"]))
    for silence in ({"ls*": ["saturated-gates"]}, {"lstm": ["NC103"]}, {"*": "all"}):
        assert codes(run_checks(model, X, Y, select=["NC103"], silence=silence)) == set()
    assert codes(run_checks(model, X, Y, select=["NC103"], silence={"head": "all"})) == {"NC103"}


def test_where_no_symptom_is_chosen_the_model_is_not_run(model, no_run):
    assert run_checks(model, X, Y, select=["dropout-before-bn"]).is_all_clear
    assert run_checks(model, X, Y, ignore=list(SYMPTOMS)).is_all_clear
    with pytest.raises(AssertionError, match="was run"):
        run_checks(model, X, Y, select=["NC103"])


def test_a_symptom_that_is_asked_for_by_name_is_not_checked_without_a_run(model):
    found = check_model(model, select=["NC103"])
    assert found == []
    assert found.not_checked == (
        "saturated-gates (NC103): it shows only when the model runs, as `check --run` does.",
    )
    assert check_model(model, select=["NC103"], ignore=["NC103"]).is_all_clear
    assert check_model(model, ignore=["NC103"]).not_checked == ()


def test_the_command_selects_and_ignores_what_shows_when_the_model_runs(saved):
    path, data = saved
    assert check_command(path, select=["NC103"]).exit_code == 2
    seen = check_command(path, data=[data], run=True, select=["NC103"], fail_on="warning")
    assert (codes(seen.findings), seen.findings.not_checked, seen.exit_code) == ({"NC103"}, (), 1)
    table = to_configuration({"per-layer": {"lstm": ["saturated-gates"]}, "select": ["NC103", "NC026"]})
    assert codes(check_command(path, data=[data], run=True, configuration=table).findings) == set()
    other = check_command(path, data=[data], run=True, select=["NC103", "NC110"], ignore=["NC103"])
    assert (other.findings, other.exit_code) == ([], 0)


def test_an_inspection_on_the_command_line_tells_what_the_configuration_leaves(saved):
    def told(**settings):
        text = inspect_command(*saved, output_format="json", configuration=Configuration(**settings)).text
        return {each["code"] for each in json.loads(text)["findings"]}

    assert "NC103" in told()
    assert "NC103" not in told(ignore=("saturated-gates",))
    assert told(silence={"lstm": ("all",)}) == set()


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.slug)
def test_every_format_has_page_and_sources_of_a_symptom(kind):
    found = [kind.finding(Found((), "why", layers=("lstm",)))]
    (item,) = json.loads(formatted(found, "json"))["findings"]
    assert item["page"] == f"docs/rules/{kind.slug}.md"
    assert item["sources"] == list(kind.sources)
    (rule,) = json.loads(formatted(found, "sarif"))["runs"][0]["tool"]["driver"]["rules"]
    assert (rule["id"], rule["help"]["markdown"]) == (kind.code, page(kind))
    assert f"title={kind.code} {kind.slug}" in formatted(found, "github")


def test_a_choice_keeps_the_default_rules_and_all_symptoms():
    every = Choice.of()
    assert set(every.symptoms) == set(ALL)
    assert {rule.code for rule in every.rules} == {code for code, rule in RULES.items() if rule.default}
    with pytest.raises(ValueError, match="Did you mean 'NC109'"):
        to_configuration({"ignore": ["NC1090"]})
