"""`normcast check --measure`: what each fix does on the user's data."""

import json

import keras
import numpy as np
import pytest
from keras import layers as L

from normcast.check.rule import Finding, Severity
from normcast.cli import run
from normcast.cli.check_run import check_command
from normcast.cli.measure import FixStudy, refusal
from normcast.data import Cases
from normcast.models.edits import Remove, Set

SMALL = {"seeds": 2, "epochs": 1, "folds": 1, "processes": 1, "quiet": True}


def finding(rule, layers=(), fix=()):
    return Finding(rule, "NC000", Severity.ADVICE, tuple(layers), "why", "what to do", fix=tuple(fix))


def forecaster():
    net = keras.Sequential(
        [
            keras.Input((6, 1)),
            L.LSTM(3, recurrent_dropout=0.2, name="lstm_1"),
            L.BatchNormalization(name="bn_1"),
            L.Dense(2, name="head"),
        ]
    )
    net.compile("adam", "mse")
    return net


@pytest.fixture
def table(tmp_path):
    stamps = np.datetime64("2024-01-01") + np.arange(120)
    rows = [f"{stamp},{np.sin(i / 3):.4f}" for i, stamp in enumerate(stamps)]
    (tmp_path / "table.csv").write_text("\n".join(["ds,y", *rows]) + "\n")
    return tmp_path / "table.csv"


@pytest.fixture
def saved(tmp_path):
    forecaster().save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def test_each_finding_has_its_verdict_or_why_there_is_none(saved, table):
    said = []
    measure = FixStudy.of([table], {"time_col": "ds"}, say=said.append, **SMALL)
    outcome = check_command(saved, data=[table], measure=measure)
    found = {each.rule: each.measured for each in outcome.findings}
    verdicts = ("better", "worse", "no difference", "undecided")
    assert found["bn-before-regression-output"].startswith(verdicts)
    assert found["rnn-off-cudnn"] == "not measured: the rule has no fix that can be made."
    assert f"measured: {found['bn-before-regression-output']}" in outcome.text
    assert "1 placement x 2 seeds" in said[0]


def test_the_command_line_measures_classes_and_writes_json(tmp_path, capsys):
    net = keras.Sequential(
        [
            keras.Input((5, 2)),
            L.Conv1D(3, 3, name="conv"),
            L.BatchNormalization(name="bn"),
            L.GlobalAveragePooling1D(),
            L.Dense(2, activation="softmax"),
        ]
    )
    net.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(30, 5, 2))
    np.savez(tmp_path / "cases.npz", x=x, y=np.eye(2)[np.arange(30) % 2])
    arguments = ["--data", str(tmp_path / "cases.npz"), "--measure", "--seeds", "2", "--epochs", "1"]
    assert run(["check", str(tmp_path / "model.keras"), *arguments, "--format", "json"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["findings"]
    assert item["rule"] == "bias-before-bn"
    assert item["measured"].partition(":")[0].partition(" beyond")[0] in ("no difference", "undecided")


def test_a_model_that_does_not_fit_the_table_is_told_beside_the_finding(table):
    net = keras.Sequential([keras.Input((6, 3)), L.LSTM(3), L.BatchNormalization(name="bn"), L.Dense(1)])
    measure = FixStudy.of([table], {}, **SMALL)
    (measured,) = measure(net, [finding("bn-before-regression-output", ["bn"], [Remove("bn")])])
    assert measured.measured.startswith("not measured: Study: model")


def test_a_fix_of_the_output_shape_is_not_measured():
    net = forecaster()
    assert "gives (1,) instead of (2,)" in refusal(
        net, finding("x", ["head"], [Set("head", units=1)]), "t.csv"
    )
    assert "cannot be made alone" in refusal(net, finding("x", ["no"], [Remove("no")]), "t.csv")


def test_a_fix_that_makes_logits_of_probabilities_is_not_measured():
    inner = L.LSTM(3), L.Dropout(0.2, name="drop"), L.Dense(2), L.Softmax(name="soft")
    net = keras.Sequential([keras.Input((6, 1)), *inner])
    data = Cases.of(np.zeros((8, 6, 1)), np.arange(8) % 2)
    assert refusal(net, finding("x", ["drop"], [Remove("drop")]), data) == ""
    told = refusal(net, finding("x", ["soft"], [Remove("soft")]), data)
    assert told == "not measured: with its fix the model gives other numbers instead of probabilities."


def test_windows_of_one_series_are_not_measured_by_chance(tmp_path):
    series = np.random.default_rng(0).normal(size=(110, 1))
    x = np.stack([series[i : i + 6] for i in range(100)])
    y = np.stack([series[i + 6 : i + 8, 0] for i in range(100)])
    np.savez(tmp_path / "windows.npz", x=x, y=y)
    net = keras.Sequential([keras.Input((6, 1)), L.LSTM(3), L.Dropout(0.2, name="drop"), L.Dense(2)])
    measure = FixStudy.of([tmp_path / "windows.npz"], {}, **SMALL)
    (told,) = measure(net, [finding("x", ["drop"], [Remove("drop")])])
    assert told.measured.startswith("not measured: Study: cases share rows: X was cut from one series")
    np.savez(tmp_path / "windows.npz", x=x, y=y, times=np.arange(100))
    (told,) = FixStudy.of([tmp_path / "windows.npz"], {}, **SMALL)(
        net, [finding("x", ["drop"], [Remove("drop")])]
    )
    assert not told.measured.startswith("not measured")


def test_one_file_is_measured(saved, table, capsys):
    with pytest.raises(ValueError, match="names none"):
        FixStudy.of([], {})
    assert run(["check", str(saved), "--data", str(table), "--data", str(table), "--measure"]) == 2
    assert "names 2" in capsys.readouterr().err


def test_cases_of_any_file_are_measured_on(tmp_path):
    series = [",".join(map(str, np.arange(6) * case)) + f":{'ab'[case % 2]}" for case in range(4)]
    (tmp_path / "gait.ts").write_text("\n".join(["@classLabel true a b", "@data", *series]) + "\n")
    rows = [f"{case},{step},{'ab'[case % 2]}" for case in range(4) for step in range(6)]
    (tmp_path / "gait.csv").write_text("\n".join(["trial,level,gait", *rows]) + "\n")
    columns = {"id_col": ["trial"], "time_col": None, "target_col": ["gait"]}
    of_text = FixStudy.of([tmp_path / "gait.ts"], {})
    of_table = FixStudy.of([tmp_path / "gait.csv"], columns, "classify")
    assert [each.data.x.shape for each in (of_text, of_table)] == [(4, 6, 1), (4, 6, 1)]
    assert (of_text.settings, of_table.settings) == ({}, {"task": "classify"})
