"""`normcast fit` and `predict` of cases from the command line."""

import contextlib
import html
import io

import keras
import numpy as np
import pandas as pd
import pytest

from normcast import load
from normcast.cli import run
from normcast.models import preset

SMALL = ["--model", "lstm", "--units", "4", "--seeds", "1", "--epochs", "2"]
CLASSES = np.array(["rest", "run", "walk"])


def drawn(cases=40):
    """Series of two channels, whose label lifts the first one."""
    number = np.arange(cases) % 3
    x = np.random.default_rng(0).normal(size=(cases, 8, 2)) + number[:, None, None]
    return x.astype("float32"), CLASSES[number]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A folder where labels were fitted once with a test part; what was said and printed."""
    there = tmp_path_factory.mktemp("fitted")
    x, y = drawn()
    np.savez(there / "gait.npz", X_train=x[:30], y_train=y[:30], X_test=x[30:], y_test=y[30:], spare=[1, 2])
    call = ["fit", "gait.npz", *SMALL, "--folds", "2", "--save", "gait.normcast", "-o", "told.csv"]
    said, printed = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(there)
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
            assert run([*call, "--report", "gait.html"]) == 0
    return there, said.getvalue(), printed.getvalue()


def failure(capsys, *call):
    """What a command that fails says, in one line."""
    assert run(list(call)) in (1, 2)
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("normcast: error: ")
    return error


def test_what_was_found_and_taken_is_said_before_training(fitted):
    _, said, _ = fitted
    found = (
        "Read 30 cases of 8 steps x 2 channels.",
        "Note: array 'X_train' is taken as x",
        "Note: not used: 'spare'",
        "Test part: 10 cases",
        "Task: classify, since y holds labels (text).",
        "3 classes: rest 10, run 10 and walk 10.",
        "Evaluation in 2 folds: by chance.",
        "3 fits x 1 network of",
        "predictions: told.csv",
        "model: gait.normcast",
    )
    assert [each for each in found if each not in said] == []
    assert [said.index(each) for each in found] == sorted(said.index(each) for each in found)


def test_scores_stand_beside_baselines_with_their_interval_and_of_the_test_part(fitted):
    _, _, printed = fitted
    folds, test = printed.split("On the test part, 10 cases")
    rows = [line.split("  ")[0] for line in folds.splitlines()[2:]]
    assert rows[0] == "normcast"
    assert rows[-2:] == ["ridge", "nearest neighbour"]
    assert folds.count("95 % interval") == test.count("95 % interval") == 1
    assert "balanced accuracy" in folds


def test_what_was_told_of_tested_cases_is_written_and_the_model_is_kept(fitted):
    there, _, _ = fitted
    told = pd.read_csv(there / "told.csv")
    assert told.columns[:3].tolist() == ["case", "fold", "actual"]
    assert set(told["normcast"]) <= set(CLASSES)
    assert load(there / "gait.normcast").classes_.tolist() == CLASSES.tolist()


def test_the_report_says_what_was_typed(fitted):
    there, said, _ = fitted
    assert "report: gait.html" in said
    assert "normcast fit gait.npz" in html.unescape((there / "gait.html").read_text())


def test_new_cases_are_told_of_and_scored_where_it_is_known(fitted, capsys, monkeypatch):
    there, _, _ = fitted
    monkeypatch.chdir(there)
    x, _ = drawn()
    np.save("new.npy", x[:5])
    assert run(["predict", "gait.normcast", "new.npy"]) == 0
    assert capsys.readouterr().out == ""
    table = pd.read_csv("predictions.csv")
    assert table.columns.tolist() == ["case", "normcast", *(f"normcast-p-{name}" for name in CLASSES)]
    shares = load("gait.normcast").predict_proba(x[:5])
    assert np.allclose(table.iloc[:, 2:], shares, rtol=1e-6)
    assert run(["predict", "gait.normcast", "gait.npz", "--x", "X_test", "-o", "known.csv"]) == 0
    assert "On the 10 cases of gait.npz" in capsys.readouterr().out


def test_each_prediction_names_its_case_and_group_as_the_long_table_does(fitted, capsys, monkeypatch):
    monkeypatch.chdir(fitted[0])
    x, _ = drawn(3)
    names, teams = np.array(["q7", "b1", "c2"]), np.array([5, 4, 5])
    rows = {"trial": np.repeat(names, 8), "subject": np.repeat(teams, 8), "t": np.tile(np.arange(8), 3)}
    table = pd.DataFrame({**rows, "a": x[..., 0].ravel(), "b": x[..., 1].ravel()})
    table.to_csv("long.csv", index=False)
    assert run(["predict", "gait.normcast", "long.csv"]) == 0
    told = pd.read_csv("predictions.csv")
    assert told.columns[:4].tolist() == ["case", "id", "group", "normcast"]
    assert (told["id"].tolist(), told["group"].tolist()) == (names.tolist(), teams.tolist())
    assert np.allclose(told.iloc[:, 4:], load("gait.normcast").predict_proba(x), rtol=1e-6)


def test_a_class_that_was_not_fitted_counts_as_told_wrongly(fitted, capsys, monkeypatch):
    monkeypatch.chdir(fitted[0])
    x, _ = drawn(4)
    np.savez("other.npz", x=x, y=np.repeat("fly", 4))
    assert run(["predict", "gait.normcast", "other.npz"]) == 0
    printed = capsys.readouterr()
    assert "4 cases of classes that were not fitted (fly) count as told wrongly" in printed.err
    assert printed.out.splitlines()[2].split()[:2] == ["normcast", "0"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["gait.npz", "--future", "f.csv"], "--future cannot be used: it tells of whole cases"),
        (["gait.npz", "--no-fill-gaps"], "--fill-gaps cannot be used"),
        (["gait.npz", "--missing", "zero"], "--missing cannot be used"),
        (["other.csv"], "other.csv: there is no such file"),
        (["thin.npz"], "X has 1 channels, but the network was fitted on 2"),
        (["gait.npz", "-o", "no/such.csv"], "there is no folder 'no'"),
    ],
)
def test_what_cannot_be_told_of_is_refused(fitted, capsys, monkeypatch, call, words):
    monkeypatch.chdir(fitted[0])
    np.savez("thin.npz", x=drawn(4)[0][:, :, :1])
    assert words in failure(capsys, "predict", "gait.normcast", *call)


def test_numbers_are_told_with_their_bounds(folder, capsys):
    x, _ = drawn(60)
    np.savez("load.npz", x=x, y=np.stack([x[:, -1, 0], x[:, 0, 1]], axis=1))
    assert run(["fit", "load.npz", *SMALL, "--folds", "0", "--save", "load.normcast"]) == 0
    said = capsys.readouterr()
    assert "Task: regress, since y holds 2 numbers per case." in said.err
    assert said.out == ""
    assert run(["predict", "load.normcast", "load.npz", "--quiet"]) == 0
    table = pd.read_csv("predictions.csv")
    of_one = ["normcast-1", "normcast-1-lo-80", "normcast-1-hi-80"]
    assert table.columns.tolist() == ["case", *of_one, *(name.replace("-1", "-2") for name in of_one)]
    assert (table["normcast-2-lo-80"] <= table["normcast-2-hi-80"]).all()
    said = capsys.readouterr()
    assert "RMSE" in said.out
    assert said.err == ""


def test_several_labels_are_taken_for_that_told_each_by_itself_and_scored(folder, capsys):
    x, _ = drawn(60)
    y = (x[:, -1] > 1).astype(int)
    np.savez("gait.npz", X_train=x[:40], y_train=y[:40], X_test=x[40:], y_test=y[40:])
    call = [
        "gait.npz",
        *SMALL,
        "--folds",
        "2",
        "--save",
        "g.normcast",
        "--report",
        "g.html",
        "-o",
        "told.csv",
    ]
    assert run(["fit", *call]) == 0
    said = capsys.readouterr()
    why = "since y holds rows of 0 and 1, some with several ones or none; say --task regress if they are"
    assert f"Task: classify (several labels per case), {why}" in said.err
    counts = y[:40].sum(axis=0)
    assert f"2 labels: 0 {counts[0]} and 1 {counts[1]}." in said.err
    assert "On the test part, 20 cases" in said.out
    assert pd.read_csv("told.csv").columns[2:6].tolist() == [
        "actual-0",
        "actual-1",
        "normcast-0",
        "normcast-1",
    ]
    np.savez("new.npz", x=x[40:], y=y[40:])
    assert run(["predict", "g.normcast", "new.npz"]) == 0
    table = pd.read_csv("predictions.csv")
    assert table.columns.tolist() == ["case", *(f"normcast-{k}" for k in ("0", "1", "p-0", "p-1"))]
    np.testing.assert_array_equal(table["normcast-1"] == 1, table["normcast-p-1"] > 0.5)
    assert "subset" in capsys.readouterr().out
    np.savez("words.npz", x=x[40:], y=np.array(["a"] * 20))
    assert run(["predict", "g.normcast", "words.npz"]) == 0
    assert "Note: not scored: y: y has a, which was not fitted" in capsys.readouterr().err
    np.savez("other.npz", X_train=x[:40], y_train=y[:40], X_test=x[40:], y_test=y[40:] + 1)
    assert "its test part cannot be scored: y: y holds 2" in failure(capsys, "fit", "other.npz", *SMALL)


def test_an_architecture_in_a_file_and_a_keras_model_are_trained(folder, capsys):
    x, y = drawn()
    rows = [f"{case},{a},{b},{y[case]}" for case in range(30) for a, b in x[case]]
    (folder / "long.csv").write_text("\n".join(["trial,left,right,gait", *rows]) + "\n")
    (folder / "net.json").write_text(preset("lstm").architecture.to_json())
    net = keras.Sequential([keras.Input((8, 2)), keras.layers.LSTM(3), keras.layers.Dense(3, "softmax")])
    net.compile("adam", "categorical_crossentropy")
    net.save("net.keras")
    small = ["--seeds", "1", "--epochs", "1", "--folds", "2"]
    for model in ("net.json", "net.keras"):
        assert run(["fit", "long.csv", "--y", "gait", "--id-col", "trial", "--model", model, *small]) == 0
        said = capsys.readouterr()
        assert "Note: column 'gait' is taken as y" in said.err
        assert "The model is not kept" in said.err
        assert "30 tested cases in 2 folds" in said.out


BAD = [
    (["none.npz"], "none.npz: there is no such file"),
    (["holes.npz"], "the first in case 3 (X[3, 4, 1] is nan)"),
    (["single.npz"], "y has 1 classes"),
    (["short.npz"], "must have one entry per case"),
    (["thin.npz"], "X of train has 2 channels, but X of test has 1"),
    (["mixed.npz"], "its test part cannot be scored: y holds numbers, but what was learned is text"),
    (["counts.npz"], "--task classify or --task regress"),
    (["gait.npz", "--task", "regress"], "y holds labels (text), but --task regress needs numbers"),
    (["gait.npz", "--task", "clasify"], "Did you mean 'classify'"),
    (["gait.npz", "--model", "lsmt"], "Did you mean 'lstm'"),
    (["gait.npz", "--model", "none.json"], "none.json: there is no such file"),
    (["gait.npz", "--model", "patch-lstm"], "which only a forecast can use"),
    (["gait.npz", "--save", "no/gait.normcast"], "there is no folder 'no'"),
    (["gait.npz", "--report", "gait.pdf"], "a report is an HTML file"),
    (["gait.npz", "--out", "gait.npz"], "is read and written"),
    (["gait.npz", "--folds", "0", "--out", "told.csv"], "--folds 0 has none"),
    (["gait.npz", "--folds", "-1"], "--folds must be 0 or more"),
    (["gait.npz", "--folds", "20"], "folds is 20, which 4 groups cannot make"),
    (["gait.npz", "--class-weight", "heavy"], "must be balanced"),
    (["counts.npz", "--task", "regress", "--class-weight", "balanced"], "--class-weight is of classes"),
    (["gait.npz", "--id-col", "trial"], "--id-col names a column, which only a table has"),
    (["gait.csv", "--times", "t"], "--times names an array, which a table has not"),
    (["gait.csv", "--y", "a", "--target-col", "b"], "names y of the cases again"),
    (["gait.npz", "--layout", "first"], "layouts are channels_last, channels_first"),
]


@pytest.mark.parametrize(("call", "words"), BAD)
def test_what_cannot_be_fitted_is_refused_before_training(folder, capsys, call, words):
    x, y = drawn()
    holes = x.copy()
    holes[3, 4, 1] = np.nan
    np.savez("gait.npz", x=x, y=y, groups=np.arange(40) % 4)
    np.savez("holes.npz", x=holes, y=y)
    np.savez("single.npz", x=x, y=np.repeat("rest", 40))
    np.savez("short.npz", x=x, y=y[:30])
    np.savez("thin.npz", X_train=x, y_train=y, X_test=x[:, :, :1], y_test=y)
    np.savez("mixed.npz", X_train=x, y_train=y, X_test=x, y_test=np.arange(40))
    np.savez("counts.npz", x=x, y=np.arange(40))
    before = set(folder.iterdir())
    assert words in failure(capsys, "fit", *call)
    assert set(folder.iterdir()) == before
