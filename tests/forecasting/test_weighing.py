"""A forecast that is a combination, or a candidate alone, from the fit to the file."""

import numpy as np
import pandas as pd
import pytest

import normcast
from normcast import Forecaster
from normcast.forecasting.settings import Settings
from normcast.forecasting.weighing import units
from normcast.report.of_forecast.reading import notes_of
from normcast.tasks import ForecastFold, Sizes
from normcast.windows.arrays import Arrays
from tests.forecasting.conftest import waves
from tests.forecasting.ready import equal

QUICK = {"h": 3, "epochs": 1, "seeds": 1, "level": (80,)}


@pytest.fixture(scope="module")
def frame():
    return waves()


@pytest.fixture(scope="module")
def combined(frame):
    forecaster = Forecaster(**QUICK)
    forecaster.cross_validation(frame, n_windows=2, progress=False)
    return forecaster.fit(frame, progress=False)


def test_the_default_forecast_is_the_weighted_mean_of_its_parts(combined):
    learned = combined.learned_
    own, fold = learned.fitted.combination, learned.fold
    assert sum(own.weights.values()) == pytest.approx(1)
    windows = fold.arrays.last(fold.rows, learned.sizes.input_size)
    parts = {name: each.final.forecast(fold.scaled, windows) for name, each in learned.candidates.items()}
    parts["network"] = learned.fitted.network(fold.scaled, windows)[..., 1]
    mean = sum(weight * parts[name] for name, weight in own.weights.items())
    told = combined.predict()["normcast"].to_numpy().reshape(2, 3)
    np.testing.assert_allclose(told, fold.scaling.target.undo(mean, windows.series), rtol=1e-6)
    assert set(own.weights) <= {*learned.candidates, "network"}
    assert "drift" not in own.weights  # it reads all rows there are


def test_the_network_and_all_candidates_stand_beside_the_combination(combined):
    board = combined.backtest_.scoreboard()
    assert {"normcast", "patch-lstm", "ridge", "ridge_7", "seasonal_naive", "drift"} <= set(board.index)
    fold = combined.backtest_.folds[0].fitted.combination
    assert {"combined", "candidates", "network", "ridge"} <= set(fold.errors)
    assert fold.errors["combined"] <= max(fold.errors["candidates"], fold.errors["network"])


def test_a_random_walk_is_forecast_by_its_last_value_which_stands_beside_as_well():
    steps = np.random.default_rng(0).normal(size=300)
    walk = pd.DataFrame({"ds": pd.date_range("2020", periods=300, freq="D"), "y": 50 + np.cumsum(steps)})
    forecaster = Forecaster(**QUICK, season=7)
    told = forecaster.cross_validation(walk, n_windows=1, progress=False)
    own = forecaster.backtest_.folds[0].fitted.combination
    assert own.weights == {"naive": 1.0}
    assert "nothing is shown to be better than the last value" in own.remark()
    np.testing.assert_array_equal(told["normcast"], walk["y"].iloc[-4])
    np.testing.assert_array_equal(told["naive"], told["normcast"])
    assert {"ridge", "seasonal_naive"} < set(forecaster.backtest_.scoreboard().index)


def test_without_a_season_the_last_value_is_the_seasonal_naive_forecast():
    steps = np.random.default_rng(0).normal(size=300)
    walk = pd.DataFrame({"ds": np.arange(300), "y": 50 + np.cumsum(steps)})
    own = Forecaster(**QUICK, season=1).fit(walk, progress=False).fitted_.combination
    assert own.weights == {"seasonal_naive": 1.0}
    assert "nothing is shown to be better than the last value" in own.remark()


@pytest.mark.parametrize("model", ["combination", "ridge", "seasonal_naive", "drift"])
def test_it_comes_back_from_its_file_bit_for_bit(frame, combined, tmp_path, model):
    forecaster = combined
    if model != "combination":
        forecaster = Forecaster(**QUICK, model=model).fit(frame, progress=False)
    forecaster.save(tmp_path / "a.normcast")
    loaded = normcast.load(tmp_path / "a.normcast")
    assert loaded.settings == forecaster.settings
    assert loaded.fitted_.combination.weights == forecaster.fitted_.combination.weights
    assert equal(loaded.predict(), forecaster.predict())
    assert equal(loaded.predict(frame), forecaster.predict(frame))
    loaded.save(tmp_path / "b.normcast")
    assert (tmp_path / "a.normcast").read_bytes() == (tmp_path / "b.normcast").read_bytes()


@pytest.mark.parametrize("name", ["ridge", "seasonal_naive", "drift"])
def test_a_candidate_that_is_named_forecasts_alone_and_trains_nothing(frame, combined, name):
    forecaster = Forecaster(**QUICK, model=name, input_size=combined.backtest_.folds[0].sizes.input_size)
    table = forecaster.cross_validation(frame, n_windows=1, progress=False)
    assert name not in table.columns  # it is ours
    (fold,) = forecaster.backtest_.folds
    assert fold.trained == ()
    assert fold.fitted.model is None
    assert (table["normcast-lo-80"] < table["normcast-hi-80"]).all()
    windows = fold.fold.arrays.last(fold.rows, 14)
    told = fold.candidates[name].final.forecast(fold.fold.scaled, windows)
    told = fold.fold.scaling.target.undo(told, windows.series)
    np.testing.assert_allclose(table["normcast"].to_numpy().reshape(2, 3), told, rtol=1e-6)


def test_a_candidate_reads_no_column_beside_the_target_and_records_nothing(frame):
    with pytest.raises(ValueError, match="model 'ridge' reads the target alone, not x"):
        Settings(h=1, model="ridge", futr_exog=("x",))
    with pytest.raises(ValueError, match="record: model 'ridge' trains no network"):
        Forecaster(**QUICK, model="ridge").fit(frame, progress=False, record=4)


def test_a_candidate_forecasts_a_new_series_of_any_length(frame):
    forecaster = Forecaster(**QUICK, model="seasonal_naive").fit(frame, progress=False)
    few = frame[frame["unique_id"] == "s0"].tail(8).assign(unique_id="new")
    np.testing.assert_allclose(forecaster.predict(few)["normcast"], few["y"].to_numpy()[1:4])


def test_a_name_that_is_no_model_is_told_those_there_are():
    with pytest.raises(ValueError, match=r"model: no model 'rigde'.*ridge"):
        Settings(h=1, model="rigde")


def test_a_candidate_that_does_not_apply_is_told_those_that_do(frame):
    with pytest.raises(ValueError, match=r"model: 'longest_season' does not apply to these rows"):
        Forecaster(**QUICK, model="longest_season").fit(frame, progress=False)


def test_a_network_that_too_few_origins_could_judge_is_not_trained_and_that_is_said(frame):
    few = pd.concat([each.tail(30) for _, each in frame.groupby("unique_id")])
    forecaster = Forecaster(**{**QUICK, "level": ()}).fit(few, progress=False)
    assert forecaster.learned_.trained == ()
    (note,) = forecaster.learned_.notes
    assert note.startswith("no network was trained: ")
    assert any(note in each for each in notes_of(forecaster))
    named = Forecaster(**{**QUICK, "level": ()}, model="patch-lstm").fit(few, progress=False)
    assert len(named.learned_.trained) == 1


def test_no_map_in_a_combination_reads_more_than_was_asked_for(frame):
    learned = Forecaster(**QUICK, input_size=10).fit(frame, progress=False).learned_
    assert {"ridge_7", "ridge_28"} < set(learned.candidates)
    assert {"ridge", "ridge_7"} <= set(learned.fitted.combination.errors)
    assert "ridge_28" not in learned.fitted.combination.errors


def test_two_fits_are_the_same_to_the_last_bit(frame, combined):
    assert equal(Forecaster(**QUICK).fit(frame, progress=False).predict(), combined.predict())


def test_the_future_changes_nothing_that_a_combination_learned(frame):
    report = normcast.canary(Forecaster(**QUICK), frame, n_windows=2, ways=["scale", "missing"])
    assert report.passed, str(report)


def test_the_unit_of_a_series_is_its_seasonal_step_or_its_change_or_none():
    step = np.arange(60)
    series = [np.sin(step), (step % 7).astype(float), np.full(60, 5.0)]
    parts = [
        pd.DataFrame({"unique_id": i, "ds": pd.date_range("2024", periods=60), "y": y})
        for i, y in enumerate(series)
    ]
    panel = Forecaster(h=3).panel(pd.concat(parts))
    fold = ForecastFold.before(Arrays.of(panel, 3), panel.lengths, Sizes(14, 4, 4), 3, "none")
    found, train = units(fold, 7), slice(0, 60 - 12)
    y = series[0][train]
    assert found[0] == pytest.approx(np.abs(y[7:] - y[:-7]).mean())
    assert found[1] == pytest.approx(np.abs(np.diff(series[1][train])).mean())
    assert np.isnan(found[2])


def test_where_no_series_changed_in_its_training_rows_errors_count_as_they_are():
    y = np.where(np.arange(60) < 50, 5.0, np.arange(60))
    panel = Forecaster(h=3).panel(pd.DataFrame({"ds": pd.date_range("2024", periods=60), "y": y}))
    fold = ForecastFold.before(Arrays.of(panel, 3), panel.lengths, Sizes(14, 4, 4), 3, "none")
    assert units(fold, 7).tolist() == [1.0]
