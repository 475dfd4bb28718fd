"""`normcast check` from the command line."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
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
    assert "cannot be read as a Keras model: it looks like a text" in capsys.readouterr().err


def test_a_rule_prints_its_page_and_an_unknown_one_says_which_was_meant(capsys):
    assert run(["rule", "NC039"]) == 0
    assert "dropout-before-bn" in capsys.readouterr().out
    assert run(["rule", "dropout-befor-bn"]) == 2
    assert "Did you mean" in capsys.readouterr().err


def test_rules_are_listed(capsys):
    assert run(["rules"]) == 0
    assert len(capsys.readouterr().out.strip().splitlines()) >= 60


@pytest.fixture
def forecaster(tmp_path):
    model = keras.Sequential(
        [keras.Input((6, 1)), keras.layers.LSTM(4), keras.layers.Dense(1, activation="relu", name="head")]
    )
    model.compile(optimizer="adam", loss="mse")
    model.save(tmp_path / "forecaster.keras")
    return tmp_path / "forecaster.keras"


def table(folder, values, name="table.csv", columns="ds,y"):
    stamps = np.datetime64("2024-01-01") + np.arange(len(values))
    rows = [f"{stamp},{value}" for stamp, value in zip(stamps, values, strict=True)]
    (folder / name).write_text("\n".join([columns, *rows]) + "\n")
    return folder / name


def windows(folder, name="windows.npz", **arrays):
    x = np.random.default_rng(0).normal(size=(32, 6, 1)).astype("float32")
    np.savez(folder / name, **({"x": x, "y": x[:, -1]} | arrays))
    return folder / name


def rules_of(arguments, capsys):
    run([*arguments, "--format", "json"])
    return {item["rule"] for item in json.loads(capsys.readouterr().out)["findings"]}


def test_a_table_tells_that_targets_are_negative(forecaster, tmp_path, capsys):
    negative = table(tmp_path, [-1.5, 0.5, "", 2.0, -0.5])
    positive = table(tmp_path, [1.5, 0.5, "", 2.0, 0.1], "positive.csv")
    assert "output-range-excludes-target" in rules_of(
        ["check", str(forecaster), "--data", str(negative)], capsys
    )
    assert "output-range-excludes-target" not in rules_of(
        ["check", str(forecaster), "--data", str(positive)], capsys
    )
    both = ["check", str(forecaster), "--data", str(positive), "--data", str(negative)]
    assert "output-range-excludes-target" in rules_of(both, capsys)


def test_the_target_column_of_a_table_can_be_named(forecaster, tmp_path, capsys):
    wide = tmp_path / "wide.csv"
    wide.write_text("ds,a,b\n2024-01-01,1.0,-1.0\n2024-01-02,2.0,-2.0\n2024-01-03,3.0,-1.0\n")
    call = ["check", str(forecaster), "--data", str(wide)]
    assert run(call) == 2
    assert "wide.csv" in capsys.readouterr().err
    assert "output-range-excludes-target" in rules_of([*call, "--target-col", "b"], capsys)
    assert "output-range-excludes-target" not in rules_of([*call, "--target-col", "a"], capsys)


def test_a_table_tells_missing_values_and_whether_it_is_scaled(tmp_path):
    from normcast.check.given import Given

    data = Given.read([table(tmp_path, [400.0, 500.0, "", 600.0])]).facts().data
    assert (data.has_nan, data.scaled, data.target_min, data.target_max) == (True, False, 400.0, 600.0)
    assert data.target_mean == 500.0
    data = Given.read([table(tmp_path, [0.4, -0.5, 1.0])]).facts().data
    assert (data.has_nan, data.scaled) == (False, True)


def test_windows_tell_shapes_and_inputs(forecaster, tmp_path, capsys):
    large = windows(tmp_path, x=np.full((8, 6, 1), 900.0), y=np.ones((8, 3)))
    found = rules_of(["check", str(forecaster), "--data", str(large)], capsys)
    assert {"unscaled-input", "target-shape-broadcast"} <= found
    assert (
        not found
        & rules_of(["check", str(forecaster), "--data", str(windows(tmp_path))], capsys)
        & {
            "unscaled-input",
            "target-shape-broadcast",
        }
    )


def test_run_tries_the_model_on_the_windows(forecaster, tmp_path, capsys):
    broken = windows(tmp_path, x=np.full((8, 6, 1), np.nan, "float32"), y=np.ones((8, 1), "float32"))
    call = ["check", str(forecaster), "--data", str(broken)]
    assert "loss-not-finite" not in rules_of(call, capsys)
    assert "loss-not-finite" in rules_of([*call, "--run"], capsys)


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_cases_of_any_file_tell_facts_and_are_run_on_with_labels_as_the_loss_takes_them(
    tmp_path, loss, capsys
):
    net = keras.Sequential([keras.Input((6, 1)), keras.layers.LSTM(4), keras.layers.Dense(3, "softmax")])
    net.compile("adam", loss)
    net.save(tmp_path / "gait.keras")
    x, y = np.random.default_rng(0).normal(size=(12, 6)) * 900, ["run", "sit", "walk"] * 4
    series = [",".join(map(str, each)) + f":{label}" for each, label in zip(x, y, strict=True)]
    (tmp_path / "gait.ts").write_text("\n".join(["@classLabel true", "@data", *series]) + "\n")
    rows = [f"{case},{value},{y[case]}" for case, each in enumerate(x) for value in each]
    (tmp_path / "gait.csv").write_text("\n".join(["id,level,label", *rows]) + "\n")
    np.save(tmp_path / "x.npy", x[:, :, None])
    np.save(tmp_path / "y.npy", y)
    for name, task in (("gait.ts", "auto"), ("x.npy", "auto"), ("gait.csv", "classify")):
        call = ["check", str(tmp_path / "gait.keras"), "--data", str(tmp_path / name), "--task", task]
        found = rules_of([*call, "--run"], capsys)
        assert "unscaled-input" in found
        assert not found & {"target-shape-broadcast", "loss-not-finite"}


@pytest.mark.parametrize("kind", ["nothing", "a table"])
def test_run_without_windows_is_refused_with_two(forecaster, tmp_path, kind, capsys):
    data = [] if kind == "nothing" else ["--data", str(table(tmp_path, [1.0, 2.0, 3.0]))]
    assert run(["check", str(forecaster), "--run", *data]) == 2
    assert "--data FILE.npz with arrays x and y" in capsys.readouterr().err


def test_run_on_windows_of_another_shape_is_refused_with_two(forecaster, tmp_path, capsys):
    other = windows(tmp_path, x=np.ones((8, 5, 2), "float32"), y=np.ones((8, 1), "float32"))
    assert run(["check", str(forecaster), "--data", str(other), "--run"]) == 2
    assert "x has cases of shape (5, 2), but the model reads (6, 1)" in capsys.readouterr().err


def test_data_that_cannot_be_read_are_refused_with_two(forecaster, tmp_path, capsys):
    np.savez(tmp_path / "half.npz", x=np.ones((4, 6, 1)))
    uneven = windows(tmp_path, "uneven.npz", y=np.ones((3, 1)))
    told = {"half.npz": "no array y", uneven.name: "one entry per case", "absent.csv": "absent.csv"}
    for name, words in told.items():
        assert run(["check", str(forecaster), "--data", str(tmp_path / name)]) == 2
        error = capsys.readouterr().err
        assert name in error
        assert words in error


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_lacks_a_sign_gets_a_plain_one(encoding):
    call = [sys.executable, "-m", "normcast", "rule", "dropout-before-bn"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    shown = subprocess.run(call, capture_output=True, check=True, env=environment)
    text = shown.stdout.decode(encoding)
    assert " -" in text.partition("## Measured")[2]
    assert "?%" not in text.replace(" ", "")


def files_of_other_kinds(folder):
    """Files that are no models, with what they look like."""
    (folder / "saved").mkdir()
    (folder / "saved" / "saved_model.pb").write_bytes(b"")
    for name, content in {
        "empty.keras": b"",
        "table.keras": b"a,b\n1,2\n",
        "settings.keras": b'{"a": 1}',
        "old.h5": b"\x80\x02}q\x00.",
        "lite.h5": b"\x1c\x00\x00\x00TFL3",
        "noise.keras": bytes(range(200, 256)) * 4,
    }.items():
        (folder / name).write_bytes(content)
    np.savez(folder / "x.npz", x=np.ones(3))
    (folder / "x.npz").rename(folder / "arrays.keras")
    return {
        "saved": "a SavedModel of TensorFlow",
        "empty.keras": "an empty file",
        "table.keras": "a text, such as a table",
        "settings.keras": "JSON",
        "old.h5": "a pickle",
        "lite.h5": "a TensorFlow Lite model",
        "noise.keras": "binary data",
        "arrays.keras": "an .npz of arrays",
    }


def test_a_file_that_is_no_model_is_told_what_it_looks_like(tmp_path, capsys):
    for name, kind in files_of_other_kinds(tmp_path).items():
        assert run(["check", str(tmp_path / name)]) == 2
        printed = capsys.readouterr()
        assert f"{name} cannot be read as a Keras model: it looks like {kind}" in printed.err
    assert run(["check", str(tmp_path / "absent.keras")]) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_slots_of_an_optimizer_that_are_made_anew_are_not_told_on_every_load(
    faulty, tmp_path, recwarn, caplog
):
    from normcast.artefact import read_keras_file

    with pytest.warns(UserWarning, match="Skipping variable loading for optimizer"):
        keras.models.load_model(faulty)
    recwarn.clear()
    loss = keras.losses.BinaryCrossentropy()
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    net.compile("adam", loss)
    net.save(tmp_path / "net.h5")
    caplog.clear()
    for file in (faulty, tmp_path / "net.h5"):
        assert read_keras_file(file).optimizer is not None
    assert [str(each.message) for each in recwarn if "optimizer" in str(each.message)] == []
    assert [each for each in caplog.records if "compiled" in each.getMessage().lower()] == []
