"""`normcast check` from the command line."""

import json

import keras
import pytest

from normcast.cli import run


@pytest.fixture
def faulty(tmp_path):
    model = keras.Sequential(
        [keras.Input((20, 3)), keras.layers.LSTM(4), keras.layers.Dense(1, activation="softmax", name="head")]
    )
    model.compile(loss="binary_crossentropy")
    model.save(tmp_path / "faulty.keras")
    return tmp_path / "faulty.keras"


def test_an_error_is_printed_with_layer_and_rule_and_exits_with_one(faulty, capsys):
    assert run(["check", str(faulty)]) == 1
    printed = capsys.readouterr().out
    assert "softmax-single-unit" in printed
    assert "head" in printed


def test_json_is_json(faulty, capsys):
    run(["check", str(faulty), "--format", "json"])
    assert "softmax-single-unit" in json.dumps(json.loads(capsys.readouterr().out))


def test_an_ignored_rule_is_silent(faulty, capsys):
    run(["check", str(faulty), "--ignore", "softmax-single-unit"])
    assert "softmax-single-unit" not in capsys.readouterr().out


def test_a_fixed_model_is_written_and_clean_of_the_error(faulty, tmp_path, capsys):
    fixed = tmp_path / "fixed.keras"
    run(["check", str(faulty), "--fix", "unsafe", "-o", str(fixed)])
    capsys.readouterr()
    run(["check", str(fixed)])
    assert "softmax-single-unit" not in capsys.readouterr().out


def test_a_file_that_is_no_model_is_refused_with_two(tmp_path, capsys):
    (tmp_path / "no.keras").write_text("no")
    assert run(["check", str(tmp_path / "no.keras")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_rule_prints_its_page_and_an_unknown_one_says_which_was_meant(capsys):
    assert run(["rule", "NC039"]) == 0
    assert "dropout-before-bn" in capsys.readouterr().out
    assert run(["rule", "dropout-befor-bn"]) == 2
    assert "Did you mean" in capsys.readouterr().err


def test_rules_are_listed(capsys):
    assert run(["rules"]) == 0
    assert len(capsys.readouterr().out.strip().splitlines()) >= 60
