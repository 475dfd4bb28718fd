"""`normcast study` from the command line: it measures, goes on, shows, exports, and refuses at the door."""

import html
import json

import numpy as np
import pandas as pd
import pytest

from normcast.cli import run
from tests.study.ready import table


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table().to_csv("wave.csv", index=False)
    return tmp_path


SMALL = [
    "--h",
    "2",
    "--input-size",
    "8",
    "--model",
    "lstm",
    "--seeds",
    "2",
    "--epochs",
    "1",
    "--processes",
    "1",
]


def test_a_study_runs_goes_on_shows_and_exports(folder, capsys):
    call = ["study", "wave.csv", *SMALL, "--placement", "recurrent dropout", "--placement", "zoneout"]
    assert run(call) == 0
    printed = capsys.readouterr()
    assert "lstm_1: recurrent dropout 0.2" in printed.out
    assert "Of 2 placements" in printed.out
    assert "12 trainings" in printed.err  # 3 networks x 2 seeds x 2 folds
    assert run([*call, "--add-seeds", "1"]) == 0
    assert "3 seeds" in capsys.readouterr().out
    assert run(["study", "show", "study.db"]) == 0
    assert run(["study", "export", "study.db", "-o", "trials.csv"]) == 0
    assert len((folder / "trials.csv").read_text().splitlines()) == 19
    assert run(["study", "export", "study.db", "-o", "evidence.json", "--evidence"]) == 0
    assert json.loads((folder / "evidence.json").read_text())["seeds"] == 3


def test_without_a_number_of_seeds_a_study_decides_and_more_seeds_mean_one_more_look(folder, capsys):
    some = [*SMALL[:6], *SMALL[8:], "--placement", "recurrent dropout", "--min-effect", "0"]
    assert run(["study", "wave.csv", *some, "--max-seeds", "6"]) == 0
    told = capsys.readouterr()
    assert "1 placement x at most 5 seeds (a look after 5) x 2 folds = 20 trainings" in told.err
    assert "undecided: " in told.out
    assert run(["study", "wave.csv", *some, "--add-seeds", "1"]) == 0
    told = capsys.readouterr()
    assert "8 seeds" in told.out
    assert next(line for line in told.out.splitlines() if "MASE" in line).split()[:2] == [
        "placement",
        "seeds",
    ]


def test_the_report_says_what_was_typed_and_where_the_trials_are(folder):
    call = ["study", "wave.csv", *SMALL, "--placement", "zoneout", "--report", "study.html"]
    assert run([*call, "--store", "my trials.db"]) == 0
    page = html.unescape((folder / "study.html").read_text())
    assert "normcast study wave.csv" in page
    assert "--store 'my trials.db' --add-seeds" in page
    assert "StudyResult.read('my trials.db')" in page


def test_a_dry_run_lists_placements_and_trains_nothing(folder, capsys):
    assert run(["study", "wave.csv", *SMALL, "--axes", "inside", "--dry-run"]) == 0
    assert "lstm_1: layer norm inside: lstm_1: -> LSTM(units=64, norm='layer')" in capsys.readouterr().out
    assert not (folder / "study.db").exists()


def test_cases_are_classified(folder, capsys):
    draws = np.random.default_rng(0)
    y = np.arange(40) % 2
    np.savez("cases.npz", X=draws.normal(size=(40, 8, 1)) + y[:, None, None], y=y)
    call = ["study", "cases.npz", "--task", "classify", "--seeds", "2", "--epochs", "1", "--folds", "1"]
    assert run([*call, "--model", "lstm", "--axes", "inside", "--processes", "1"]) == 0
    printed = capsys.readouterr().out
    assert "40 cases, 2 classes (0: 20, 1: 20), in 1 fold, by chance: 24 cases train" in printed
    assert all(
        name in printed for name in ("log loss", "majority", "last step", "ridge", "nearest neighbour")
    )


def test_rows_of_zero_and_one_are_studied_as_labels_unless_they_are_said_to_be_numbers(folder, capsys):
    x = np.random.default_rng(0).normal(size=(40, 8, 2))
    y = (x[:, -1] > 0).astype(int)
    np.savez("labels.npz", X=x, y=y)
    call = ["study", "labels.npz", "--model", "lstm", "--axes", "inside", "--dry-run"]
    held = f"2 labels (0: {y[:, 0].sum()}, 1: {y[:, 1].sum()})"
    for given, words in (
        ([], f"classify (several labels per case), {held}, since y holds rows of 0 and 1"),
        (["--task", "classify"], f"classify (several labels per case), {held}, as --task classify says"),
        (["--task", "regress"], "regress, 2 numbers per case, as --task regress says"),
    ):
        assert run([*call, *given]) == 0
        assert f"Task: {words}" in capsys.readouterr().err


def test_cases_of_any_file_are_studied_and_what_is_told_of_them_is_said(folder, capsys):
    rows = [f"{case},{step},{case * step},{'ab'[case % 2]}" for case in range(12) for step in range(8)]
    (folder / "long.csv").write_text("\n".join(["trial,t,level,gait", *rows]) + "\n")
    series = [",".join(map(str, np.arange(8) * case)) + f":{'ab'[case % 2]}" for case in range(12)]
    (folder / "gait.ts").write_text("\n".join(["@classLabel true a b", "@data", *series]) + "\n")
    names = ["--task", "classify", "--id-col", "trial", "--target-col", "gait"]
    for call, why in (
        (["long.csv", *names], "as --task classify says"),
        (["gait.ts"], "since y holds labels (text)"),
    ):
        assert run(["study", *call, "--model", "lstm", "--axes", "inside", "--dry-run"]) == 0
        assert f"Task: classify, 2 classes (a: 6, b: 6), {why}. Split: by chance." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["nothing.csv", "--h", "2"], "nothing.csv: there is no such file"),
        (["wave.csv"], "h is missing"),
        (["wave.csv", "--h", "2", "--model", "conv-lstn"], "Did you mean 'conv-lstm'"),
        (["wave.csv", "--h", "2", "--axes", "nrom"], "Did you mean 'norm'"),
        (["wave.csv", "--h", "2", "--budget", "soon"], "'soon' is no duration"),
        (["wave.csv", "--h", "2", "--report", "x.pdf"], "a report is an HTML file"),
        (["wave.csv", "--h", "90"], "fold 1 of 2: Panel: series 'y' has 0 rows before"),
        (["wave.csv", "--h", "2", "--store", "no/such/folder.db"], "there is no folder 'no/such'"),
        (["wave.csv", "--h", "2", "--placement", "magic"], "no placement 'magic'"),
        (["wave.csv", "--h", "2", "--task", "classify"], "--h is of tables to forecast. Leave it out"),
        (["wave.csv", "--y", "label"], "--task classify or regress reads cases"),
        (["cases.npz", "--task", "classify", "--id-col", "a"], "--id-col names a column, which only a table"),
        (["counts.npz"], "--task classify or --task regress"),
        (["show", "nothing.db"], "nothing.db: there is no such file"),
    ],
)
def test_what_cannot_be_studied_is_refused_at_the_door(folder, capsys, call, words):
    x, y = np.random.default_rng(0).normal(size=(60, 8, 1)), np.arange(60)
    np.savez("cases.npz", X=x, y=y % 2)
    np.savez("counts.npz", X=x, y=y)
    assert run(["study", *call]) == 1
    assert words in capsys.readouterr().err
    assert not (folder / "study.db").exists()


def test_several_seasons_and_short_series_are_told_as_a_forecast_is(folder, capsys):
    frame = table()
    pieces = [frame.assign(unique_id="long"), frame.tail(9).assign(unique_id="brief")]
    pd.concat(pieces).to_csv("two.csv", index=False)
    call = ["study", "two.csv", *SMALL, "--season", "7,28", "--dry-run"]
    assert run(call) == 0
    said = capsys.readouterr().err
    assert "season 7" in said
    assert "1 of 2 series have fewer than" in said
    pd.concat([pieces[0], frame.tail(6).assign(unique_id="brief")]).to_csv("two.csv", index=False)
    assert run(call) == 1
    assert "To go on without them: --short skip" in capsys.readouterr().err
    assert run([*call, "--short", "skip"]) == 0
    assert "1 of 2 series left out, as asked (short=skip): 'brief' has 6 rows" in capsys.readouterr().err
    assert run([*call, "--season", "week"]) == 1
    assert "'week' is no number of rows; write 24, or several as 24,168" in capsys.readouterr().err
