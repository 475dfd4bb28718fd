"""The command line from end to end: whole files, one message for each failure, and the right exit codes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from normcast.cli import run
from tests.forecasting.conftest import waves
from tests.short import every

QUICK = ["--epochs", "1", "--seeds", "1", "--level", "80", "--n-windows", "2", "--input-size", "14"]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    waves().to_csv("waves.csv", index=False)
    return tmp_path


def failure(capsys, *arguments: str) -> str:
    """Run a command that must fail; return its one message."""
    assert run([str(each) for each in arguments]) != 0
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    last = captured.err.strip().splitlines()[-1]
    assert last.startswith("normcast: error: ")
    return last


def test_forecast_writes_table_report_and_model_and_shows_the_scoreboard(folder, capsys):
    outputs = ["-o", "out.csv", "--report", "report.html", "--save", "model.normcast"]
    assert run(["forecast", "waves.csv", "--h", "3", *QUICK, *outputs]) == 0
    captured = capsys.readouterr()
    for model in ("normcast", "ridge", "seasonal_naive", "drift"):
        assert re.search(rf"^{model} ", captured.out, re.MULTILINE)
    assert [line.split(":")[0] for line in captured.err.strip().splitlines()[-3:]] == [
        "forecasts",
        "report",
        "model",
    ]
    assert "step D, season 7, from 2024-01-01 to 2024-06-08.\n" in captured.err
    forecast = pd.read_csv("out.csv")
    assert list(forecast.columns) == ["unique_id", "ds", "normcast", "normcast-lo-80", "normcast-hi-80"]
    assert forecast["ds"].min() == "2024-06-09"
    assert "<html" in Path("report.html").read_text()
    assert run(["predict", "model.normcast", "waves.csv", "-o", "again.csv", "--quiet"]) == 0
    assert Path("again.csv").read_bytes() == Path("out.csv").read_bytes()
    Path("marked.csv").write_text(Path("waves.csv").read_text().rstrip("\n").rpartition(",")[0] + ",gone\n")
    call = ["predict", "model.normcast", "marked.csv", "--missing", "last"]
    assert "holds 'gone'" in failure(capsys, *call)
    assert run([*call, "--na-value", "gone", "--no-wide"]) == 0
    assert "1 cell 'gone' read as missing, as asked" in capsys.readouterr().err


def test_backtest_alone_scores_and_writes_its_forecasts(folder, capsys):
    assert (
        run(["backtest", "waves.csv", "--h", "3", *QUICK, "--no-refit", "-o", "past.csv.gz", "--quiet"]) == 0
    )
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "MASE" in captured.out
    assert {"cutoff", "y", "normcast", "ridge"} <= set(pd.read_csv("past.csv.gz").columns)


def test_backtest_takes_borders_and_when_to_learn_anew(folder, capsys):
    borders = ["--train-end", "100", "--valid-end", "2024-05-19", "--step-size", "3", "--refit-every", "4"]
    quick = [each for each in QUICK if each not in ("--n-windows", "2")]
    own = ["-o", "past.csv"]
    assert run(["backtest", "waves.csv", "--h", "3", *quick, *borders, *own]) == 0
    assert "Back-test of 6 cutoffs: 2 x 1 networks" in capsys.readouterr().err
    past = pd.read_csv("past.csv")
    assert past["cutoff"].min() == "2024-05-19"
    assert past["ds"].max() == "2024-06-06"


def test_parquet_in_and_out(folder):
    waves().to_parquet("waves.parquet")
    assert (
        run(["forecast", "waves.parquet", "--h", "3", *QUICK, "--n-windows", "0", "-o", "out.parquet"]) == 0
    )
    assert len(pd.read_parquet("out.parquet")) == 6


def test_presets_are_listed_with_a_line_each(capsys):
    assert run(["presets"]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert any(line.startswith("combination") and line.endswith("(default)") for line in lines)
    assert all(len(line.split(None, 1)) == 2 for line in lines)
    assert {"patch-lstm", "ridge", "theta"} < {line.split()[0] for line in lines}


def test_the_version_is_printed(capsys):
    assert run(["--version"]) == 0
    assert re.match(r"normcast \d+\.\d+\.\d+", capsys.readouterr().out)


def test_a_missing_file_is_named(folder, capsys):
    assert "none.csv" in failure(capsys, "forecast", "none.csv", "--h", "3")


def test_an_unknown_column_is_answered_with_the_one_that_was_meant(folder, capsys):
    message = failure(capsys, "forecast", "waves.csv", "--h", "3", "--target-col", "why")
    assert "waves.csv" in message
    assert "'why'" in message
    message = failure(capsys, "forecast", "waves.csv", "--h", "3", "--time-col", "dss")
    assert "Did you mean 'ds'?" in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--h", "0"], "h must be a whole number of at least 1"),
        (["--h", "3", "--level", "100"], "outside [1, 100)"),
        (["--h", "3", "--model", "patch-lstn"], "Did you mean 'patch-lstm'"),
        (["--h", "3", "--freq", "h"], "waves.csv"),
        (["--h", "3", "--input-size", "500"], "input_size to at most"),
        (["--h", "3", "-o", "nowhere/out.csv"], "nowhere"),
        (["--h", "3", "-o", "out.xlsx"], ".parquet"),
        (["--h", "3", "-o", "waves.csv"], "read and written"),
        (["--h", "3", "--duplicates", "maen"], "Did you mean 'mean'"),
        (["--h", "3", "--future", "waves.csv"], "--futr-exog"),
        (["--h", "3", "--futr-exog", "promo"], "promo"),
        (["--h", "3", "-o", "same.csv", "--save", "same.csv"], "written twice"),
        (["--h", "3", "--min", "nan"], "finite number"),
        (["--h", "3", "--step-size", "0"], "step_size must be a whole number of at least 1"),
        (["--h", "3", "--n-windows", "-1"], "--n-windows must be 0 or more"),
        (["--h", "3", "--refit-every", "2", "--no-refit"], "--refit-every 2 and --no-refit"),
        (["--h", "3", "--train-end", "90"], "--valid-end"),
        (["--h", "3", "--valid-end", "2024-13-40"], "'2024-13-40'"),
        (["--h", "3", "--valid-end", "158"], "not h=3 behind valid_end"),
        (["--h", "three"], "'--h'"),
        ([], "--h"),
        (["--h", "3", "--hist-exog", "rain"], "rain"),
    ],
)
def test_a_wrong_call_is_refused_before_any_work(folder, capsys, arguments, words):
    assert words in failure(capsys, "forecast", "waves.csv", *arguments)
    assert sorted(path.name for path in folder.iterdir()) == ["waves.csv"]


def spoilt(row: int, column: str, value: object) -> None:
    table = waves().astype({column: object})
    table.loc[row - 1, column] = value
    table.to_csv("waves.csv", index=False)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("y", "many", ["'many'", "row 7", "y"]),
        ("y", "", ["--missing", "row 7"]),
        ("y", "inf", ["--missing", "row 7"]),
        ("ds", "soon", ["'soon'", "row 7"]),
        ("ds", "2024-01-06", ["--duplicates", "s0"]),
    ],
)
def test_a_bad_cell_is_named_with_its_row_and_what_to_do(folder, capsys, column, value, words):
    spoilt(7, column, value)
    message = failure(capsys, "forecast", "waves.csv", "--h", "3")
    for word in ["waves.csv", *words]:
        assert word in message


def test_a_gap_is_named_and_can_be_filled(folder, capsys):
    waves().drop(index=50).to_csv("waves.csv", index=False)
    message = failure(capsys, "forecast", "waves.csv", "--h", "3")
    assert "--fill-gaps" in message
    assert "s0" in message
    assert (
        run(["forecast", "waves.csv", "--h", "3", *QUICK, "--fill-gaps", "--n-windows", "0", "--quiet"]) == 0
    )


def test_a_file_that_is_not_what_its_ending_says(folder, capsys):
    Path("zipped.csv.gz").write_text("unique_id,ds,y\n")
    assert "zipped.csv.gz" in failure(capsys, "forecast", "zipped.csv.gz", "--h", "3")


def test_debug_shows_the_traceback(folder, capsys):
    assert run(["forecast", "none.csv", "--h", "3"], debug=True) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_leaves_no_file(folder, capsys, monkeypatch):
    import normcast.forecasting.learned as learned

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(learned, "train", interrupted)
    assert run(["forecast", "waves.csv", "--h", "3", *QUICK, "--report", "r.html"]) == 130
    assert "normcast: error: interrupted" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["waves.csv"]


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from normcast.cli import run; run(['forecast', '--help']);"
        "print([m for m in ('jax', 'keras', 'pandas', 'numpy', 'altair') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert result.stdout.strip().endswith("[]")


OTHER_SHAPES = {
    "half-hourly electricity, zone-aware": (
        "vic_electricity.csv.gz",
        ["--target-col", "Demand", "--time-col", "Time"],
        48,
    ),
    "monthly passengers": ("airline_passengers.csv.gz", [], 12),
    "a quarterly panel of 304 series": (
        "australia_tourism.csv.gz",
        ["--id-col", "Region", "--id-col", "State", "--id-col", "Purpose", "--target-col", "Trips"],
        8,
    ),
    "hourly rows, unsorted, with gaps and clock changes": (
        "pjm_AEP_hourly.csv.gz",
        ["--fill-gaps", "--duplicates", "mean"],
        24,
    ),
}


@pytest.mark.parametrize("case", every(3, list(OTHER_SHAPES)))
def test_public_data_of_other_shapes_is_forecast(shared_data, tmp_path, case):
    name, arguments, h = OTHER_SHAPES[case]
    out = tmp_path / "out.csv"
    quick = ["--epochs", "1", "--seeds", "1", "--level", "80", "--model", "conv-lstm", "--input-size", "16"]
    options = ["--h", h, *arguments, *quick, "--n-windows", "0", "-o", out]
    assert run(["forecast", *map(str, [shared_data / name, *options])]) == 0
    forecast = pd.read_csv(out)
    assert len(forecast) % h == 0
    assert forecast["normcast"].notna().all()


def test_a_report_that_is_no_html_file_is_refused_before_any_work(folder, capsys):
    assert "a report is an HTML file" in failure(
        capsys, "forecast", "waves.csv", "--h", "3", "--report", "r.pdf"
    )
    assert not Path("forecast.csv").exists()
