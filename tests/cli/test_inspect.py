"""`normcast inspect` from the command line."""

import json
import re

import keras
import numpy as np
import pytest

from normcast.cli import run
from normcast.cli.inspect_run import inspect_command
from tests.inspect.nets import X, Y, network


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "net.keras"
    network().save(file)
    return file


@pytest.fixture
def cases(tmp_path):
    np.savez(tmp_path / "cases.npz", x=X, y=Y)
    return tmp_path / "cases.npz"


def table(folder, rows=60):
    lines = [f"{np.datetime64('2024-01-01') + i},{np.sin(i / 3):.4f}" for i in range(rows)]
    (folder / "table.csv").write_text("ds,y\n" + "\n".join(lines))
    return folder / "table.csv"


def test_random_windows_are_taken_and_that_is_said(model, capsys):
    assert run(["inspect", str(model)]) == 0
    printed = capsys.readouterr()
    assert "64 random normal windows (no data was given)" in printed.out.replace("\n  ", " ")
    assert "the sum of the outputs" in printed.out.replace("\n  ", " ")
    assert "lstm_1  LSTM" in printed.out
    assert "real ones may show other things" in printed.err


def test_json_has_the_numbers_of_the_cases_and_nothing_else_on_stdout(model, cases, capsys):
    assert run(["inspect", str(model), str(cases), "--format", "json", "--layers", "lstm_1"]) == 0
    plain = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (plain["format"], plain["cases"], plain["data"]) == (1, len(X), "6 cases of cases.npz")
    assert [each["name"] for each in plain["recurrences"]] == ["lstm_1"]
    assert plain["channels"] == []
    assert "mse" in plain["objective"]


def test_the_python_of_the_report_runs_as_printed(model, cases, tmp_path, capsys):
    page = tmp_path / "inspect.html"
    assert run(["inspect", str(model), str(cases), "--training", "--report", str(page)]) == 0
    assert f"Report: {page}" in capsys.readouterr().err
    found = re.findall(r"<pre><code>(.*?)</code></pre>", page.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = (each for each in found if "inspect_model" in each)
    page.unlink()
    exec(code.replace("&#39;", "'").replace("&gt;", ">").replace("&amp;", "&"), {})
    assert page.exists()
    assert "training=True" in code
    assert "lstm_1" in capsys.readouterr().out


def test_a_table_to_forecast_gives_windows_with_the_rows_behind_them(tmp_path):
    net = keras.Sequential([keras.Input((8, 1)), keras.layers.LSTM(2), keras.layers.Dense(3)])
    net.compile("adam", "mse")
    net.save(tmp_path / "f.keras")
    done = inspect_command(tmp_path / "f.keras", table(tmp_path))
    assert "50 windows of 8 rows of table.csv" in done.text.replace("\n  ", " ")
    assert "loss (mse)" in done.text.replace("\n  ", " ")


def test_a_long_table_of_cases_is_read_as_check_reads_it(tmp_path):
    net = keras.Sequential([keras.Input((8, 2)), keras.layers.LSTM(2), keras.layers.Dense(1)])
    net.save(tmp_path / "f.keras")
    rows = [f"{i},{t},{a},{b},{i % 2}" for i, case in enumerate(X) for t, (a, b) in enumerate(case)]
    (tmp_path / "long.csv").write_text("id,t,a,b,y\n" + "\n".join(rows))
    done = inspect_command(tmp_path / "f.keras", tmp_path / "long.csv", task="regress")
    assert "6 cases of long.csv" in done.text.replace("\n  ", " ")
    assert any("has no loss" in note and "--loss mse" in note for note in done.notes)


BAD = {
    "unknown layer": (["--layers", "lstm_2"], "Did you mean 'lstm_1'?"),
    "no layer": (["--layers", " , "], "names no layer"),
    "unknown format": (["--format", "jsn"], "Did you mean 'json'?"),
    "unknown task": (["--task", "regres"], "Did you mean 'regress'?"),
    "columns without a file": (["--target-col", "y"], "none is given"),
    "a folder for the report": (["--report", "."], "html"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_refused_in_one_message(model, name, capsys):
    options, words = BAD[name]
    assert run(["inspect", str(model), *options]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err


def test_x_that_does_not_fit_and_x_with_nan_are_refused_with_the_place(model, tmp_path, capsys):
    np.savez(tmp_path / "other.npz", x=X[:, :5], y=Y)
    assert run(["inspect", str(model), str(tmp_path / "other.npz")]) == 1
    assert "(5, 2), but the model reads (8, 2)" in capsys.readouterr().err
    broken = X.copy()
    broken[2, 3, 1] = np.nan
    np.savez(tmp_path / "nan.npz", x=broken)
    assert run(["inspect", str(model), str(tmp_path / "nan.npz")]) == 1
    assert "case 2, step 3, channel 1" in capsys.readouterr().err


def test_a_table_for_a_model_of_two_channels_and_one_that_is_too_short_are_refused(model, tmp_path, capsys):
    assert run(["inspect", str(model), str(table(tmp_path))]) == 1
    assert "windows of (steps, 1)" in capsys.readouterr().err
    net = keras.Sequential([keras.Input((80, 1)), keras.layers.LSTM(2)])
    net.save(tmp_path / "long.keras")
    assert run(["inspect", str(tmp_path / "long.keras"), str(tmp_path / "table.csv")]) == 1
    assert "the longest has 60" in capsys.readouterr().err


def test_what_is_no_model_is_refused(tmp_path, capsys):
    (tmp_path / "no.keras").write_text("no")
    assert run(["inspect", str(tmp_path / "no.keras")]) == 1
    assert "cannot be read as a Keras model" in capsys.readouterr().err
