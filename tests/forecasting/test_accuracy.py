"""The benchmark of accuracy: what it scores is what it says, and its page says what its record does."""

import json

import numpy as np
import pandas as pd
import pytest
from benchmarks import accuracy, accuracy_page, forecast_sets, long_horizon, m4
from benchmarks.accuracy_page import MEASURED, PAGE, RESULTS, change
from benchmarks.forecast_sets import SETS, ForecastSet
from benchmarks.long_horizon import Borders
from benchmarks.measured_page import BLOCK, filled
from benchmarks.rolling_origins import scrps

from normcast.forecasting import Forecaster

TINY = {"h": 6, "seeds": 1, "epochs": 1, "input_size": 24}


def waves(rows: int = 240) -> pd.DataFrame:
    hours, draws = np.arange(rows), np.random.default_rng(0)
    stamps = pd.date_range("2024-01-01", periods=rows, freq="h")
    own = {name: np.sin(2 * np.pi * hours / 24) + 0.3 * draws.normal(size=rows) for name in ("a", "b")}
    return pd.DataFrame({"ds": stamps, **own})


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    tiny = ForecastSet(6, 5, lambda _: forecast_sets.long(waves()), n_windows=2, refit=False)
    file = tmp_path_factory.mktemp("record") / "accuracy.json"
    file.write_text(json.dumps({"origins": {"kept": {}}}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SETS, "tiny", tiny)
        asked = ["--data", ".", "--dataset", "tiny", "--seeds", "1", "--input-size", "24", "--out", str(file)]
        rows = accuracy.run(asked)
    assert {row.name for row in rows} >= {"tiny seeds=1 input_size=24: normcast, mase"}
    return json.loads(file.read_text())


def test_a_run_scores_every_model_and_leaves_what_the_record_had(record):
    assert list(record["origins"]) == ["kept", "tiny seeds=1 input_size=24"]
    entry = record["origins"]["tiny seeds=1 input_size=24"]
    assert (entry["series"], entry["rows"], entry["origins"], entry["fits"]) == (2, 240, 2, 1)
    assert {"normcast", "ridge", "seasonal_naive"} <= set(entry["models"])
    assert all(each["mase"] > 0 and each["scrps"] > 0 for each in entry["models"].values())


@pytest.mark.parametrize(
    ("asked", "told"),
    [("--part=orgins", "Did you mean 'origins'?"), ("--dataset=airlne", "Did you mean 'airline'?")],
)
def test_a_name_that_is_none_is_told_before_anything_is_trained(asked, told, capsys):
    with pytest.raises(SystemExit):
        accuracy.run(["--data", ".", asked])
    assert told in capsys.readouterr().err


def test_the_page_can_be_made_of_any_part_of_a_record(record):
    whole = {"origins": {"tiny": record["origins"]["tiny seeds=1 input_size=24"]}}
    page = filled(PAGE.read_text(encoding="utf-8"), whole, MEASURED)
    assert "| tiny | 6 | 2 | 240 | 2 |" in page
    assert accuracy_page.NOTHING in page  # the parts that were not run
    assert "1 sets: geometric mean of the MASE ratio 1.000" in change(whole, whole)


def test_the_numbers_on_the_page_are_those_of_the_record():
    page, kept = PAGE.read_text(encoding="utf-8"), json.loads(RESULTS.read_text(encoding="utf-8"))
    assert filled(page, kept, MEASURED) == page, "run `python -m benchmarks.accuracy_page`"
    assert [part[1] for part in BLOCK.findall(page)] == list(MEASURED)


def test_the_quantile_loss_does_not_depend_on_units():
    draws = np.random.default_rng(0)
    told = pd.DataFrame({"unique_id": ["a"] * 5 + ["b"] * 5, "y": draws.normal(5, 1, 10)})
    told["m-lo-80"], told["m"], told["m-hi-80"] = told["y"] - 1, told["y"] + 0.5, told["y"] + 2
    other = told.copy()
    other.iloc[:5, 1:] *= 1000
    assert scrps(other, "m", (80,)) == pytest.approx(scrps(told, "m", (80,)))
    assert scrps(told, "m", ()) is None


def test_every_window_of_the_test_part_is_scored_as_the_back_test_scores_it(monkeypatch):
    monkeypatch.setattr(long_horizon, "VALUES", 120)  # ten origins at once
    frame = waves()
    found = long_horizon.scored(frame, Borders(150, 195, 240), TINY)
    assert found["windows"] == 240 - 195 - 6 + 1
    forecaster = Forecaster(**TINY)
    borders = {"train_end": 150, "valid_end": 195, "step_size": 1}
    forecaster.cross_validation(
        frame, time_col="ds", target_col=["a", "b"], **borders, refit=False, progress=False
    )
    for model, scores in forecaster.backtest_.standardized().iterrows():
        assert found["models"][model]["mse"] == pytest.approx(scores["mse"], abs=1e-4)
        assert found["models"][model]["mae"] == pytest.approx(scores["mae"], abs=1e-4)


def test_a_file_with_a_stamp_twice_and_one_absent_keeps_the_rows_of_the_protocol(tmp_path):
    stamps = pd.DatetimeIndex(
        ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 01:00", "2024-01-01 04:00"]
    )
    hourly = stamps.append(pd.date_range("2024-01-01 05:00", periods=4, freq="h"))
    pd.DataFrame({"date": hourly, "y": range(8)}).to_csv(tmp_path / "own.csv", index=False)
    for name in ("own", str(tmp_path / "own.csv")):
        frame = long_horizon.table(name, tmp_path)
        assert frame["y"].tolist() == list(range(8))
        assert (frame["ds"].diff().dropna() == pd.Timedelta("1h")).all()


def test_m4_scores_are_those_of_the_competition():
    frame = pd.DataFrame({"unique_id": ["a", "b"], "y": [1.0, 4.0], "m": [3.0, 4.0]})
    found = m4.of_model(frame, "m", pd.Series({"a": 2.0, "b": 1.0}), ())
    assert found["smape"] == pytest.approx((200 * 2 / 4 + 0) / 2)
    assert found["mase"] == pytest.approx((2 / 2 + 0) / 2)
    assert found["owa"] == pytest.approx((50 / 18.383 + 0.5 / 2.395) / 2, abs=1e-4)
    assert m4.seasonal_change(pd.Series(np.arange(30.0))) == 24


def test_origins_stand_in_the_last_fifth_of_every_set(shared_data):
    for name, one in SETS.items():
        rows = one.frame(shared_data).groupby("unique_id").size().max()
        behind = one.h + (one.n_windows - 1) * one.step_size
        room = rows / 5 * (1.01 if one.table.get("fill_gaps") else 1) + 1  # absent stamps are rows
        assert name == "airline-36" or behind <= room, name
