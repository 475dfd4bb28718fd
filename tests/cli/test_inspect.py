"""`normcast inspect` from the command line."""

import json
import re

import keras
import numpy as np
import pytest

from normcast.cli import run
from normcast.cli.inspect_run import inspect_command
from normcast.inspect.windows import drawn
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
    done = inspect_command(tmp_path / "f.keras", tmp_path / "long.csv", reading={"task": "regress"})
    assert "6 cases of long.csv" in done.text.replace("\n  ", " ")
    assert any("has no loss" in note and "--loss mse" in note for note in done.notes)


BAD = {
    "unknown layer": (["--layers", "lstm_2"], "Did you mean 'lstm_1'?"),
    "no layer": (["--layers", " , "], "names no layer"),
    "unknown format": (["--format", "jsn"], "Did you mean 'json'?"),
    "unknown task": (["--task", "regres"], "Did you mean 'regress'?"),
    "columns without a file": (["--target-col", "y"], "none is given"),
    "a sheet without a file": (["--sheet", "north"], "none is given"),
    "unknown layout": (["--layout", "channel_first"], "Did you mean 'channels_first'?"),
    "a folder for the report": (["--report", "."], "html"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_refused_in_one_message(model, name, capsys):
    options, words = BAD[name]
    assert run(["inspect", str(model), *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err


def test_x_that_does_not_fit_and_x_with_nan_are_refused_with_the_place(model, tmp_path, capsys):
    np.savez(tmp_path / "other.npz", x=X[:, :5], y=Y)
    assert run(["inspect", str(model), str(tmp_path / "other.npz")]) == 2
    assert "(5, 2), but the model reads (8, 2)" in capsys.readouterr().err
    broken = X.copy()
    broken[2, 3, 1] = np.nan
    np.savez(tmp_path / "nan.npz", x=broken)
    assert run(["inspect", str(model), str(tmp_path / "nan.npz")]) == 2
    assert "case 2, step 3, channel 1" in capsys.readouterr().err


def test_a_table_for_a_model_of_two_channels_and_one_that_is_too_short_are_refused(model, tmp_path, capsys):
    assert run(["inspect", str(model), str(table(tmp_path))]) == 2
    assert "windows of (steps, 1)" in capsys.readouterr().err
    net = keras.Sequential([keras.Input((80, 1)), keras.layers.LSTM(2)])
    net.save(tmp_path / "long.keras")
    assert run(["inspect", str(tmp_path / "long.keras"), str(tmp_path / "table.csv")]) == 2
    assert "the longest has 60" in capsys.readouterr().err


def test_what_is_no_model_is_refused(tmp_path, capsys):
    (tmp_path / "no.keras").write_text("no")
    assert run(["inspect", str(tmp_path / "no.keras")]) == 2
    assert "cannot be read as a Keras model" in capsys.readouterr().err


def flat(text):
    return text.replace("\n  ", " ")


def saved(folder, net, loss=None):
    if loss:
        net.compile("adam", loss)
    net.save(folder / "net.keras")
    return folder / "net.keras"


def of_two_inputs():
    series, static = keras.Input((8, 2), name="series"), keras.Input((3,), name="static")
    both = keras.layers.Concatenate()([keras.layers.LSTM(2, name="lstm")(series), static])
    heads = [keras.layers.Dense(1, name="level")(both), keras.layers.Dense(3, "softmax", name="kind")(both)]
    return keras.Model([series, static], heads)


def test_an_npz_has_each_input_and_each_output_under_its_name(tmp_path):
    file = saved(tmp_path, of_two_inputs(), ["mse", "categorical_crossentropy"])
    arrays = {"static": X[:, 0, :1].repeat(3, 1), "series": X}
    np.savez(tmp_path / "two.npz", **arrays, level=Y, kind=np.array(list("abcabc")), other=Y)
    done = inspect_command(file, tmp_path / "two.npz")
    assert "6 cases of two.npz" in flat(done.text)
    assert "loss (mse, categorical_crossentropy)" in flat(done.text)
    assert "Note: not used: 'other'" in done.notes
    assert run(["check", str(file), "--data", str(tmp_path / "two.npz"), "--run"]) in (0, 1)
    np.savez(tmp_path / "half.npz", series=X, statics=Y)
    with pytest.raises(
        ValueError, match=r"half.npz: .* no array static; .* Is 'statics' 'static'\?"
    ) as error:
        inspect_command(file, tmp_path / "half.npz")
    assert "numpy.savez(file, series=..., static=..., y=y)" in str(error.value)
    np.savez(tmp_path / "kind.npz", **arrays, kind=Y)
    with pytest.raises(ValueError, match="gives level and kind, but there is no array level"):
        inspect_command(file, tmp_path / "kind.npz")


def test_arrays_and_columns_are_named_by_options(model, tmp_path, capsys):
    np.savez(tmp_path / "swapped.npz", signals=X.swapaxes(1, 2), other=X, goal=Y)
    named = ["--x", "signals", "--y", "goal", "--layout", "channels_first"]
    assert run(["inspect", str(model), str(tmp_path / "swapped.npz"), *named]) == 0
    assert "loss (mse)" in flat(capsys.readouterr().out)
    assert run(["inspect", str(model), str(tmp_path / "swapped.npz"), "--x", "signals"]) == 2
    assert "(channels, steps): give x.swapaxes(1, 2), or layout channels_first" in capsys.readouterr().err
    rows = [f"{i},{t},{a},{b},{i % 2}" for i, case in enumerate(X) for t, (a, b) in enumerate(case)]
    (tmp_path / "long.csv").write_text("who,t,a,b,gait\n" + "\n".join(rows))
    call = ["inspect", str(model), str(tmp_path / "long.csv"), "--task", "regress", "--id-col", "who"]
    for flag in ("--y", "--target-col"):
        assert run([*call, flag, "gait"]) == 0
        assert "Note: column 'gait' is taken as y" in capsys.readouterr().err
    assert run([*call, "--x", "a"]) == 2
    assert "--x names an array" in capsys.readouterr().err


def test_an_array_called_as_the_input_and_cases_of_one_channel_are_read(tmp_path):
    series = keras.Input((8, 1), name="accel")
    file = saved(tmp_path, keras.Model(series, keras.layers.LSTM(2)(series)))
    np.savez(tmp_path / "a.npz", accel=X[:, :, 0])
    done = inspect_command(file, tmp_path / "a.npz")
    assert "6 cases of a.npz" in flat(done.text)
    assert "Note: array 'accel' is taken as x" in done.notes


def test_two_rows_of_one_stamp_are_a_question(tmp_path, capsys):
    net = keras.Sequential([keras.Input((8, 1)), keras.layers.LSTM(2), keras.layers.Dense(3)])
    file, lines = saved(tmp_path, net), table(tmp_path).read_text().splitlines()[1:]
    rows = [f"{shop},{line}" for shop in "ab" for line in lines]
    (tmp_path / "shops.csv").write_text("shop,ds,y\n" + "\n".join(rows))
    call = ["inspect", str(file), str(tmp_path / "shops.csv")]
    assert run(call) == 2
    assert "--id-col shop" in capsys.readouterr().err
    assert run([*call, "--id-col", "shop"]) == 0
    assert "100 windows" in flat(capsys.readouterr().out)
    assert run([*call, "--duplicates", "mean"]) == 0
    assert "50 windows" in flat(capsys.readouterr().out)


def test_words_are_drawn_for_an_embedding_and_others_are_refused(tmp_path, capsys):
    words = [keras.layers.Embedding(9, 2, mask_zero=True, name="look"), keras.layers.GRU(2)]
    net = keras.Sequential([keras.Input((5,), name="words"), *words, keras.layers.Dense(3, "softmax")])
    file = saved(tmp_path, net, "sparse_categorical_crossentropy")
    assert "64 random windows (no data was given)" in flat(inspect_command(file).text)
    x = drawn(net)
    assert set(np.unique(x)) == set(range(1, 9))
    np.savez(tmp_path / "w.npz", x=x + 1, y=np.zeros(64))
    assert run(["inspect", str(file), str(tmp_path / "w.npz")]) == 2
    assert "'look' looks up whole numbers from 0 to 8" in capsys.readouterr().err
    np.savez(tmp_path / "w.npz", x=x, y=np.arange(64) % 4)
    assert run(["inspect", str(file), str(tmp_path / "w.npz")]) == 2
    assert "y is 3 in case 3, but the output has 3 classes" in capsys.readouterr().err


def test_targets_that_do_not_fit_are_said_and_those_with_nan_refused(model, tmp_path, capsys):
    np.savez(tmp_path / "wide.npz", x=X, y=Y.repeat(3, 1))
    assert run(["inspect", str(model), str(tmp_path / "wide.npz")]) == 0
    told = flat(capsys.readouterr().out)
    assert "y does not fit: the output is (1), the target (3): the loss broadcasts them" in told
    np.savez(tmp_path / "nan.npz", x=X, y=np.where(np.arange(6) == 2, np.nan, 1.0))
    assert run(["inspect", str(model), str(tmp_path / "nan.npz")]) == 2
    assert "nan.npz: y is nan at case 2." in capsys.readouterr().err


def test_a_mask_that_is_an_input_is_drawn_as_yes_or_no():
    series, mask = keras.Input((8, 2)), keras.Input((8,), dtype="bool", name="mask")
    net = keras.Model([series, mask], keras.layers.LSTM(2)(series, mask=mask))
    assert [each.dtype.kind for each in drawn(net)] == ["f", "b"]
