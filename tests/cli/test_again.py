"""What the page says under "Do it again" runs as printed, for every option that the command line has."""

import html
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
import typer

import normcast.cli.forecast_run as forecast_run
import normcast.forecasting.forecaster as forecaster_module
from normcast.cli import app, console, run
from normcast.cli.study_run import StudyRun
from normcast.forecasting import Forecaster
from normcast.report.of_cases.again import python_of as python_of_cases
from normcast.report.of_cases.values import CaseFiles, CaseReport
from normcast.report.of_forecast.again import Files, given_of, python_of

ROWS, H = 120, 3
FORECAST = typer.main.get_command(app).commands["forecast"]
OPTIONS = [each for each in FORECAST.params if each.name not in ("help", "file", "report")]

GIVEN = {
    "h": ["--h", "4"],
    "freq": ["--freq", "D"],
    "season": ["--season", "14"],
    "hist_exog": ["--hist-exog", "rain"],
    "futr_exog": ["--futr-exog", "promo", "--future", "ahead.csv"],
    "stat_exog": ["--stat-exog", "size"],
    "future": ["--future", "ahead.csv", "--futr-exog", "promo"],
    "model": ["--model", "lstm"],
    "input_size": ["--input-size", "9"],
    "level": ["--level", "60"],
    "seeds": ["--seeds", "2"],
    "seed": ["--seed", "5"],
    "epochs": ["--epochs", "2"],
    "scaling": ["--scaling", "robust"],
    "minimum": ["--min", "1"],
    "short": ["--short", "skip"],
    "id_col": ["--id-col", "unique_id"],
    "time_col": ["--time-col", "ds"],
    "target_col": ["--target-col", "rain"],
    "dayfirst": ["--dayfirst"],
    "monthfirst": ["--monthfirst"],
    "resample": ["--resample", "2D"],
    "resample_by": ["--resample-by", "sum", "--resample", "2D"],
    "duplicates": ["--duplicates", "mean"],
    "fill_gaps": ["--fill-gaps"],
    "missing": ["--missing", "last"],
    "na_value": ["--na-value", "-9999", "--na-value", "gone", "--missing", "last"],
    "wide": ["--wide"],
    "sheet": ["--sheet", "north"],
    "n_windows": ["--n-windows", "2"],
    "step_size": ["--step-size", "5"],
    "refit": ["--no-refit"],
    "refit_every": ["--refit-every", "2"],
    "train_end": ["--train-end", "2024-03-21", "--valid-end", "2024-04-10"],
    "valid_end": ["--valid-end", "100"],
    "out": ["--out", "other.csv"],
    "save": ["--save", "kept.normcast"],
    "checkpoint": ["--checkpoint", "kept"],
    "guard_formulas": ["--guard-formulas"],
    "quiet": ["--quiet"],
}
"""For each option of `normcast forecast` what a user might type; a new option needs a line here."""


def table() -> pd.DataFrame:
    rng, days = np.random.default_rng(0), pd.date_range("2024-01-01", periods=ROWS)
    parts = []
    for name, size in (("a", 1.0), ("b", 2.0)):
        y = 20 * size + 3 * np.sin(2 * np.pi * np.arange(ROWS) / 7) + rng.normal(size=ROWS)
        exog = {"rain": rng.normal(size=ROWS), "promo": rng.integers(0, 2, ROWS), "size": size}
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": y.round(3), **exog}))
    return pd.concat(parts, ignore_index=True)


def written(option: str) -> None:
    """Write the table that an option is for."""
    frame = table()
    if option in ("dayfirst", "monthfirst"):
        frame["ds"] = frame["ds"].dt.strftime("%d/%m/%Y" if option == "dayfirst" else "%m/%d/%Y")
    if option == "wide":
        frame = frame.pivot(index="unique_id", columns="ds", values="y").reset_index()
        frame.columns = ["unique_id", *(f"{day:%Y-%m-%d}" for day in frame.columns[1:])]
    if option == "na_value":
        frame.loc[50, "y"] = -9999
    frame.to_csv("sales.csv", index=False)
    if option == "sheet":
        sheets("sales.xlsx", frame)
    ahead = table().groupby("unique_id").tail(4)
    ahead = ahead.assign(ds=ahead["ds"] + pd.Timedelta(days=4))
    ahead[["unique_id", "ds", "promo"]].to_csv("ahead.csv", index=False)


def sheets(path, frame):
    """Write a workbook of which the second sheet, north, is the table."""
    pytest.importorskip("openpyxl", reason="no openpyxl to write .xlsx with")
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"nothing": [1]}).to_excel(book, sheet_name="first", index=False)
        frame.to_excel(book, sheet_name="north", index=False)


@pytest.fixture
def trace(monkeypatch, tmp_path):
    """Everything that would be learned, forecast and written, in place of the work."""
    monkeypatch.chdir(tmp_path)
    done = []

    def learn(arrays, rows, season, settings, report, checkpoint, held=None, record=None):
        done.append(("learn", settings, season, arrays.y.tobytes(), arrays.exog.tobytes(), checkpoint))
        done.append(("of series", arrays.ids, arrays.stat.tobytes(), rows.tolist()))
        return SimpleNamespace(fitted=True)

    def backtest(panel, settings, rolling, *, progress, checkpoint):
        done.append(("backtest", settings, rolling, panel.time.tobytes(), panel.y.tobytes(), checkpoint))
        return SimpleNamespace(
            table="past", scoreboard=pd.DataFrame, frame=pd.DataFrame({"cutoff": [0]}), panel=panel
        )

    def predict(self, df=None, futr_df=None):
        ahead = self.known_ahead(self.panel_, futr_df)
        done.append(("predict", None if ahead is None else ahead.tobytes()))
        return "forecast"

    def write_table(frame, path, *, guard_formulas=False):
        done.append(("write", frame, str(path), guard_formulas))

    def write_report(forecaster, path, *, source, futr_df=None, files=None, command="", **_):
        done.append(("report", str(path), source, futr_df is None))
        trace.code = trace.code or python_of(forecaster, files, futr_df is not None)
        trace.command = trace.command or command

    trace = SimpleNamespace(done=done, code="", command="")
    monkeypatch.setattr(forecaster_module, "learn", learn)
    monkeypatch.setattr(forecaster_module, "backtest", backtest)
    monkeypatch.setattr(Forecaster, "predict", predict)
    monkeypatch.setattr(Forecaster, "save", lambda self, path: done.append(("save", str(path))))
    for module in ("normcast.data", "normcast.cli.forecast_run"):
        monkeypatch.setattr(f"{module}.write_table", write_table)
    monkeypatch.setattr("normcast.report.write_report", write_report)
    monkeypatch.setattr(forecast_run, "estimate", lambda *_: "")
    return trace


PLAIN = """import normcast
from normcast.data import read_table, write_table

df = read_table('sales.csv')
forecaster = normcast.Forecaster(h=3)
forecaster.cross_validation(df)
print(forecaster.backtest_.scoreboard())
forecaster.fit(df)
forecast = forecaster.predict()
write_table(forecast, 'forecast.csv')
normcast.write_report(forecaster, 'my report.html', source='sales.csv')"""


def test_there_is_a_value_to_try_for_every_option():
    assert {each.name for each in OPTIONS} == set(GIVEN)


def test_what_was_left_as_it_is_by_default_is_not_printed(trace, capsys):
    written("none")
    assert run(["forecast", "sales.csv", "--h", "3", "--report", "my report.html"]) == 0
    assert trace.code == PLAIN


@pytest.mark.parametrize("option", GIVEN)
def test_command_and_python_of_the_page_do_what_was_done_for_every_option(option, trace, capsys):
    written(option)
    h = [] if option == "h" else ["--h", str(H)]
    file = "sales.xlsx" if option == "sheet" else "sales.csv"
    command = ["forecast", file, *h, *GIVEN[option], "--report", "my report.html"]
    assert run(command) == 0
    asked = list(trace.done)
    assert [each[0] for each in asked[:4]] == ["backtest", "learn", "of series", "predict"]
    trace.done.clear()
    exec(trace.code, {})
    assert trace.done == asked
    assert trace.code != PLAIN
    assert shlex.split(trace.command) == ["normcast", *command]


TOGETHER = {
    "a table that needs mending, and rows ahead": [
        "--dayfirst --na-value -9999 --missing last --fill-gaps --duplicates mean --hist-exog rain",
        "--futr-exog promo --future ahead.csv --stat-exog size --season 14 --min 1 --scaling robust",
        "--n-windows 1 --no-refit --level 60 --input-size 9 --quiet --guard-formulas",
    ],
    "a wide table that is resampled": [
        "--wide --resample 2D --resample-by sum --n-windows 0 --seed 3 --checkpoint kept --short skip",
    ],
}


@pytest.mark.parametrize("case", TOGETHER)
def test_the_python_of_the_page_makes_the_same_forecast(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    written("wide" if "wide" in case else "dayfirst")
    quick = "forecast sales.csv --h 3 --epochs 1 --seeds 1 --model lstm -o out.csv --report r.html"
    assert run(" ".join([quick, *TOGETHER[case]]).split()) == 0
    first = Path("out.csv").read_bytes()
    Path("out.csv").unlink()
    printed = re.search(r"(?s)<h3>Python</h3>\s*<pre><code>(.*?)</code>", Path("r.html").read_text())
    monkeypatch.setattr("normcast.report.report.render", lambda *_, **__: "")  # drawn once is enough
    exec(html.unescape(printed[1]), {})
    assert Path("out.csv").read_bytes() == first


FIT = {
    "id_col": ["--id-col", "trial"],
    "time_col": ["--time-col", "step"],
    "target_col": ["--target-col", "gait"],
    "sheet": ["--sheet", "north"],
    "x": ["--x", "signals"],
    "y": ["--y", "gait"],
    "groups": ["--groups", "who"],
    "times": ["--times", "day"],
    "layout": ["--layout", "channels_first"],
    "model": ["--model", "own.keras"],
    "seeds": ["--seeds", "2"],
    "seed": ["--seed", "5"],
    "epochs": ["--epochs", "7"],
    "patience": ["--patience", "2"],
    "batch_size": ["--batch-size", "4"],
    "learning_rate": ["--learning-rate", "0.01"],
    "units": ["--units", "3"],
    "filters": ["--filters", "3"],
    "scaling": ["--scaling", "robust"],
    "class_weight": ["--class-weight", "balanced"],
    "task": ["--task", "regress"],
    "folds": ["--folds", "2"],
    "out": ["--out", "told.csv"],
    "save": ["--save", "kept.normcast"],
    "guard_formulas": ["--guard-formulas", "--out", "told.csv"],
    "quiet": ["--quiet"],
}
"""The same for `normcast fit`; a new option needs a line here."""


def cases_for(option: str) -> str:
    """Write the cases that an option is for, and return the file's name."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(24, 8, 2)), np.arange(24) % 2
    y = labels if option == "task" else np.where(labels, "walk", "rest")
    if option in ("id_col", "time_col", "target_col", "sheet"):
        steps = {"trial": np.repeat(np.arange(24), 8), "step": np.tile(np.arange(8), 24)}
        told = {"gait" if option == "target_col" else "y": np.repeat(y, 8)}
        frame = pd.DataFrame({**steps, "a": x[..., 0].ravel(), **told})
        if option == "sheet":
            sheets("cases.xlsx", frame)
            return "cases.xlsx"
        frame.to_csv("cases.csv", index=False)
        return "cases.csv"
    named = {"x": "signals", "y": "gait", "groups": "who", "times": "day"}.get(option, "")
    arrays = {"x": x, "y": y} | ({"groups": np.arange(24) // 4} if option == "groups" else {})
    arrays |= {"times": np.arange(24)} if option == "times" else {}
    np.savez("cases.npz", **{named if name == option else name: each for name, each in arrays.items()})
    if option == "model":
        layers = [keras.Input((8, 2)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
        keras.Sequential(layers).save("own.keras")
    return "cases.npz"


@pytest.fixture
def estimated(monkeypatch, tmp_path):
    """What an estimator of cases is asked to do, in place of the work."""
    monkeypatch.chdir(tmp_path)
    done = []
    trace = SimpleNamespace(done=done, code="", command="")

    def evaluated(kind, settings, cases, folds, progress):
        told = {name: value for name, value in vars(settings).items() if name not in ("model", "where")}
        model = settings.model if isinstance(settings.model, str) else settings.model.to_json()
        arrays = [np.asarray(each).tolist() for each in (cases.x, cases.y, cases.groups, cases.times)]
        done.append((kind, told, model, arrays, folds))
        return SimpleNamespace(
            kind=kind, settings=settings, cases=cases, trained=(0,) * folds, table="told", tested=cases.y,
            scoreboard=pd.DataFrame, interval=lambda: None,
        )  # fmt: skip

    def write_report(evaluation, path, *, source, files=None, command="", seconds=None):
        done.append(("report", str(path), source))
        report = CaseReport(evaluation, source=source, files=files or CaseFiles())
        trace.code, trace.command = trace.code or python_of_cases(report), trace.command or command

    def write_table(frame, path, *, guard_formulas=False):
        done.append(("write", frame, str(path), guard_formulas))

    monkeypatch.setattr("normcast.cases.estimator.evaluated", evaluated)

    def learn(*_, **__):
        done.append("fit")
        return SimpleNamespace(fitted=None)

    monkeypatch.setattr("normcast.cases.estimator.learn", learn)
    monkeypatch.setattr("normcast.cases.estimator.Estimator.save", lambda _, path: done.append(str(path)))
    for name in ("subject", "describe", "announce"):  # they build the network
        monkeypatch.setattr(f"normcast.cli.fit_run.FitRun.{name}", lambda *_: None)
    for module in ("normcast.data", "normcast.cli.fit_run"):
        monkeypatch.setattr(f"{module}.write_table", write_table)
    monkeypatch.setattr("normcast.report.write_report", write_report)
    return trace


PLAIN_FIT = """import normcast

cases = normcast.Cases.read('cases.npz')
estimator = normcast.Classifier()
evaluation = estimator.evaluate(cases, folds=5)
print(evaluation)
normcast.write_report(evaluation, 'r.html', source='cases.npz')"""


def test_of_an_evaluation_nothing_is_printed_that_was_left_as_it_is(estimated, capsys):
    assert run(["fit", cases_for("none"), "--report", "r.html"]) == 0
    assert estimated.code == PLAIN_FIT


def test_there_is_a_value_to_try_for_every_option_of_fit():
    fit = typer.main.get_command(app).commands["fit"]
    assert {each.name for each in fit.params if each.name not in ("help", "file", "report")} == set(FIT)


@pytest.mark.parametrize("option", FIT)
def test_command_and_python_of_an_evaluation_do_what_was_done_for_every_option(option, estimated, capsys):
    command = ["fit", cases_for(option), *FIT[option], "--report", "r.html"]
    assert run(command) == 0
    asked = list(estimated.done)
    assert len(asked) > 1
    estimated.done.clear()
    exec(estimated.code, {"print": lambda *_: None})
    assert estimated.done == asked
    assert shlex.split(estimated.command) == ["normcast", *command]
    assert estimated.code != PLAIN_FIT


def test_the_python_of_an_evaluation_fits_and_scores_a_test_part_as_the_command_does(
    estimated, capsys, monkeypatch
):
    cases_for("none")
    held = dict(np.load("cases.npz"))
    parts = {f"{name}_{part}": held[name] for name in ("x", "y") for part in ("train", "test")}
    np.savez("cases.npz", **parts)
    done = estimated.done
    ask = lambda _, cases, y=None: done.append(("score", cases.x.tolist()))  # noqa: E731
    monkeypatch.setattr("normcast.cases.Classifier.score", ask)
    show = SimpleNamespace(show=lambda title, quiet: None)
    monkeypatch.setattr("normcast.cli.fit_run.Answers.of", lambda *given: ask(*given) or show)
    assert run(["fit", "cases.npz", "--report", "r.html"]) == 0
    asked = list(done)
    assert "fit" in asked
    done.clear()
    exec(estimated.code, {"print": lambda *_: None})
    assert done == asked


def test_the_python_of_a_back_test_alone_forecasts_nothing_ahead(trace, capsys):
    written("none")
    assert run(["backtest", "sales.csv", "--h", "3", "-o", "past.csv", "--report", "r.html"]) == 0
    asked = list(trace.done)
    trace.done.clear()
    exec(trace.code, {})
    assert trace.done == asked
    assert "write_table(forecaster.backtest_.table, 'past.csv')" in trace.code
    assert "fit(" not in trace.code


def test_the_python_of_frames_says_what_it_does_not_make_itself(trace):
    written("none")
    df, ahead = table(), pd.read_csv("ahead.csv", parse_dates=["ds"])
    forecaster = Forecaster(3, futr_exog="promo").fit(df, target_col="y", progress=print)
    assert (
        given_of(forecaster, Files(), True)
        == "Here `df` is the table and `futr_df` is the table of the rows ahead."
    )
    room = {"df": df, "futr_df": ahead}
    exec(python_of(forecaster, Files(), True), room)
    assert room["forecaster"].calls_ == forecaster.calls_
    assert room["forecaster"].settings == forecaster.settings


WORDS = {"budget": "10m", "axes": "inside", "resample_by": "mean", "resample": "D"}
"""What options of a study are given where a number will not do."""


def test_a_study_repeats_the_command_as_it_was_typed_with_every_option(monkeypatch, capsys):
    typed = []
    done = SimpleNamespace(run=lambda **_: None, finish=lambda: None, list_placements=lambda: None)
    monkeypatch.setattr(StudyRun, "begin", lambda *_, **__: typed.append(console.typed()) or done)
    study = typer.main.get_command(app).commands["study"].commands["run"]
    for option in study.params:
        if option.name in ("help", "file"):
            continue
        value = [] if option.is_flag else [WORDS.get(option.name, "2")]
        file = "sales.xlsx" if option.name == "sheet" else "sales.csv"
        command = ["study", file, option.opts[0], *value]
        assert run(command) == 0
        assert shlex.split(typed.pop()) == ["normcast", *command]
