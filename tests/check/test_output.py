"""Formats, configuration, commands, pages, the callback and the pytest helper."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast.check.checker import check_model, fix_model
from normcast.check.configuration import Configuration, load_configuration, to_configuration
from normcast.check.facts import Facts
from normcast.check.formats import FORMATS, formatted
from normcast.check.guard import CheckCallback, assert_no_findings
from normcast.check.pages import all_pages
from normcast.check.rule import KINDS, RULES
from normcast.cli.check_run import check_command, rule_command, rules_command
from normcast.models.edits import Insert, apply, edits_from_json

DOCS = Path(__file__).parents[2] / "docs" / "rules"


@pytest.fixture
def faulty():
    layers = [L.Conv1D(4, 3, name="conv"), L.Dropout(0.5, name="drop"), L.BatchNormalization(name="bn")]
    net = keras.Sequential(
        [keras.Input((60, 3)), *layers, L.LSTM(4, activation="relu", name="lstm"), L.Dense(1, name="head")]
    )
    net.compile("adam", "mse", metrics=["accuracy"])
    return net


@pytest.fixture
def saved(faulty, tmp_path):
    faulty.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def test_text_names_model_layer_rule_reason_and_shows_the_edit(faulty):
    text = formatted(check_model(faulty), "text", where="model.keras", model=faulty)
    assert "model.keras:drop, bn: NC039 dropout-before-bn [warning]" in text
    assert "unsafe fix: drop: moved after bn" in text
    assert "      - lstm: LSTM(units=4, activation='relu')" in text
    assert "      + lstm: LSTM(units=4)" in text
    assert text.endswith("Fixable: 2 with --fix unsafe.")


def test_json_holds_everything_and_its_edits_can_be_read_back(faulty):
    findings = check_model(faulty)
    data = json.loads(formatted(findings, "json", where="m.keras"))
    assert (data["format"], data["model"], len(data["findings"])) == (1, "m.keras", len(findings))
    for item, finding in zip(data["findings"], findings, strict=True):
        assert edits_from_json(json.dumps(item["fix"])) == finding.fix
    assert data["counts"]["warning"] == sum(f.severity == 2 for f in findings)
    assert list(data["findings"][0]) == [
        *("rule", "code", "severity", "layers", "message", "hint", "evidence"),
        *("fix", "safety", "measured", "sources", "page", "line"),
    ]


def test_sarif_lists_each_rule_once_and_points_into_the_model(faulty):
    log = json.loads(formatted(check_model(faulty), "sarif", where="m.keras"))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids))
    assert {result["ruleId"] for result in run["results"]} == set(ids)
    first = run["results"][0]
    assert first["level"] in ("error", "warning", "note")
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "m.keras"


def test_a_rule_carries_its_page_and_no_address(faulty):
    (item, *_) = json.loads(formatted(check_model(faulty), "json"))["findings"]
    assert (DOCS / f"{item['rule']}.md").samefile(DOCS.parents[1] / item["page"])
    log = json.loads(formatted(check_model(faulty), "sarif"))
    for rule in log["runs"][0]["tool"]["driver"]["rules"]:
        assert rule["help"]["markdown"] == (DOCS / f"{rule['name']}.md").read_text(encoding="utf-8")
        assert "helpUri" not in rule


def test_github_annotations_are_one_escaped_line_each(faulty):
    lines = formatted(check_model(faulty), "github", where="a,b.keras").splitlines()
    assert len(lines) == len(check_model(faulty)) + 1
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)
    assert "title=not looked at for want of facts::" in lines[-1]
    assert "file=a%2Cb.keras,title=NC0" in lines[0]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_can_say_nothing(kind):
    assert formatted([], kind) is not None


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'json'"):
        formatted([], "jsno")


def test_select_and_ignore_take_codes_and_slugs(faulty):
    assert {f.rule for f in check_model(faulty, select=["NC039"])} == {"dropout-before-bn"}
    assert "NC039" not in {f.code for f in check_model(faulty, ignore=["dropout-before-bn"])}
    assert "bn-scale-redundant" not in {f.rule for f in check_model(faulty)}
    with pytest.raises(ValueError, match="Did you mean"):
        check_model(faulty, select=["dropout-before-bm"])


def test_a_rule_is_silenced_for_a_layer_by_name_or_pattern(faulty):
    for pattern in ("drop", "dr*", "bn"):
        rules = {f.rule for f in check_model(faulty, silence={pattern: ["NC039"]})}
        assert "dropout-before-bn" not in rules
        assert "rnn-unbounded-activation" in rules
    assert not [f for f in check_model(faulty, silence={"*": ["all"]}) if f.layers]


def test_layers_that_were_made_but_not_used_are_named(faulty):
    lost = L.LSTM(4, name="forgotten")
    (finding,) = check_model(faulty, select=["NC001"], made=[lost, *faulty.layers])
    assert finding.layers == ("forgotten",)


def test_the_bias_is_folded_into_the_moving_mean():
    net = keras.Sequential(
        [keras.Input((8, 3)), L.Conv1D(4, 3, name="conv"), L.BatchNormalization(name="bn"), L.LSTM(2)]
    )
    net.get_layer("conv").bias.assign([1.0, -2.0, 3.0, 0.5])
    x = np.random.default_rng(1).normal(size=(5, 8, 3)).astype("float32")
    fixed = fix_model(net)
    assert [f.rule for f in fixed.applied] == ["bias-before-bn"]
    np.testing.assert_allclose(fixed.model.predict(x, verbose=0), net.predict(x, verbose=0), atol=1e-5)


def test_fixes_beyond_the_allowed_safety_are_left(faulty):
    model = apply(faulty, [Insert("ReLU", before="lstm")] * 2)
    fixed = fix_model(model, safety="safe")
    assert {f.rule for f in fixed.applied} == {"stacked-activation"}
    assert {"dropout-before-bn", "rnn-unbounded-activation"} <= {f.rule for f in fixed.left}
    with pytest.raises(ValueError, match="'safe'"):
        fix_model(faulty, safety="saef")


def test_only_the_given_findings_are_fixed(faulty):
    wanted = [f for f in check_model(faulty) if f.rule == "dropout-before-bn"]
    fixed = fix_model(faulty, safety="unsafe", findings=wanted)
    assert [f.rule for f in fixed.applied] == ["dropout-before-bn"]


def test_the_command_exits_with_1_on_what_fails(saved):
    outcome = check_command(saved)
    assert outcome.exit_code == 0
    assert check_command(saved, fail_on="warning").exit_code == 1
    assert check_command(saved, fail_on="never").exit_code == 0
    assert check_command(saved, facts=Facts().known(target_shape=(3,))).exit_code == 1
    assert check_command(saved, configuration=Configuration(fail_on="warning")).exit_code == 1


def test_the_command_writes_the_fixed_model(saved, tmp_path):
    out = tmp_path / "fixed.keras"
    outcome = check_command(saved, fix="unsafe", output=out)
    assert "dropout-before-bn" not in {f.rule for f in outcome.findings}
    assert [layer.name for layer in keras.models.load_model(out).layers][:3] == ["conv", "bn", "drop"]
    assert check_command(saved, fix="safe").exit_code == 2


def test_a_file_that_is_no_model_is_exit_code_2(tmp_path):
    (tmp_path / "no.keras").write_text("nothing")
    for name in ("no.keras", "missing.keras"):
        outcome = check_command(tmp_path / name)
        assert outcome.exit_code == 2
        assert name in outcome.text


def test_the_rule_commands():
    assert rule_command("NC023").text.startswith("# rnn-unbounded-activation (NC023)")
    assert rule_command("nothing-like-it").exit_code == 2
    assert rule_command("NC109").text.startswith("# gradient-vanishes-inside (NC109)")
    listed = rules_command().text.splitlines()
    assert [line.partition(" ")[0] for line in listed] == sorted(KINDS)
    assert [line for line in listed if " (run) " in line] == listed[len(RULES) :]


def test_the_configuration_comes_from_the_nearest_pyproject(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.normcast.check]\nignore = ["NC026"]\nfail-on = "warning"\n'
        '[tool.normcast.check.per-layer]\n"enc/*" = ["dropout-before-bn"]\nhead = "all"\n'
        "[tool.normcast.check.facts]\ncausal_required = true\n"
    )
    configuration = load_configuration(inner)
    assert (configuration.ignore, configuration.fail_on) == (("rnn-off-cudnn",), "warning")
    assert configuration.silence == {"enc/*": ("dropout-before-bn",), "head": ("all",)}
    assert configuration.facts.task.causal_required is True


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"ignroe": []}, "Did you mean 'ignore'"),
        ({"select": ["NC999"]}, "no rule 'NC999'"),
        ({"fail-on": "errors"}, "Did you mean 'error'"),
    ],
)
def test_a_wrong_configuration_is_refused(table, words):
    with pytest.raises(ValueError, match=words):
        to_configuration(table)


def test_the_callback_stops_a_training_that_cannot_work(faulty):
    x, y = np.zeros((4, 60, 3), "float32"), np.zeros((4, 1), "float32")
    with pytest.raises(ValueError, match="target-shape-mismatch"):
        faulty.fit(x, y, verbose=0, callbacks=[CheckCallback({"target_shape": (7, 3)})])
    with pytest.warns(UserWarning, match="dropout-before-bn"):
        faulty.fit(x, y, verbose=0, callbacks=[CheckCallback()])


def test_the_pytest_helper_shows_the_findings(faulty):
    with pytest.raises(AssertionError, match="NC039 dropout-before-bn"):
        assert_no_findings(faulty)
    assert_no_findings(faulty, severity="error")


@pytest.mark.parametrize("name", sorted(all_pages()))
def test_the_pages_are_up_to_date(name):
    """`python -m normcast.check.pages docs/rules` writes them anew."""
    assert (DOCS / name).read_text(encoding="utf-8") == all_pages()[name]


def test_there_is_no_page_without_a_rule():
    assert {file.name for file in DOCS.glob("*.md")} == set(all_pages())
