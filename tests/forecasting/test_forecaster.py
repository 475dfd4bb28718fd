"""The forecaster: tables in, forecasts out, and nothing of the future in between."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from normcast import Forecaster
from normcast.models import Architecture, Head, Recurrent
from tests.forecasting.conftest import TINY, waves


def test_a_forecast_has_the_users_columns_and_the_stamps_that_follow(frame, small):
    renamed = frame.rename(columns={"unique_id": "shop", "ds": "day", "y": "sold"})
    forecaster = Forecaster(**small).fit(renamed, id_col="shop", time_col="day", target_col="sold")
    forecast = forecaster.predict()
    assert list(forecast.columns) == ["shop", "day", "normcast", "normcast-lo-80", "normcast-hi-80"]
    assert len(forecast) == 2 * 3
    assert forecast["day"].iloc[0] == frame["ds"].max() + pd.Timedelta(days=1)
    assert (forecast["normcast-lo-80"] <= forecast["normcast"]).all()
    assert (forecast["normcast"] <= forecast["normcast-hi-80"]).all()


def test_each_series_is_forecast_on_its_own_level(frame, small):
    forecast = Forecaster(**small).fit(frame).predict()
    means = forecast.groupby("unique_id")["normcast"].mean()
    assert 3 < means["s0"] < 7
    assert 30 < means["s1"] < 70


def test_polars_in_polars_out_with_the_same_values(frame, small):
    from_pandas = Forecaster(**small).fit(frame).predict()
    from_polars = Forecaster(**small).fit(pl.from_pandas(frame)).predict()
    assert isinstance(from_polars, pl.DataFrame)
    np.testing.assert_array_equal(from_polars["normcast"].to_numpy(), from_pandas["normcast"].to_numpy())


def test_the_same_seed_gives_the_same_forecast_to_the_bit(frame, small):
    one, two = (Forecaster(**small).fit(frame).predict() for _ in range(2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_a_table_is_not_changed_by_fitting(frame, small):
    before = frame.copy(deep=True)
    Forecaster(**small).fit(frame).predict()
    pd.testing.assert_frame_equal(frame, before)


def with_wild_future(frame: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    changed = frame.copy()
    later = changed["ds"] > cutoff
    changed.loc[later, "y"] = 1e6 * np.random.default_rng(9).normal(size=later.sum())
    return changed


def test_what_comes_after_a_cutoff_changes_nothing_learned_before_it(frame, small):
    forecaster, wild = Forecaster(**small), Forecaster(**small)
    table = forecaster.cross_validation(frame, n_windows=2)
    cutoff = table["cutoff"].min()
    changed = wild.cross_validation(with_wild_future(frame, cutoff), n_windows=2)
    ours, theirs = forecaster.backtest_.folds[0], wild.backtest_.folds[0]
    np.testing.assert_array_equal(ours.fitted.scaling.target.location, theirs.fitted.scaling.target.location)
    np.testing.assert_array_equal(ours.fitted.scaling.target.spread, theirs.fitted.scaling.target.spread)
    for mine, other in zip(ours.fitted.weights, theirs.fitted.weights, strict=True):
        for left, right in zip(mine, other, strict=True):
            np.testing.assert_array_equal(left, right)
    models = [name for name in table.columns if name not in ("unique_id", "ds", "cutoff", "y")]
    first = (table["cutoff"] == cutoff).to_numpy()
    pd.testing.assert_frame_equal(table.loc[first, models], changed.loc[first, models], check_exact=True)
    assert not np.array_equal(table.loc[~first, models], changed.loc[~first, models])


def test_later_exogenous_values_do_not_reach_an_earlier_forecast(frame, small):
    frame["load"] = np.random.default_rng(1).normal(size=len(frame))
    settings = {**small, "hist_exog": ["load"]}
    table = Forecaster(**settings).cross_validation(frame, n_windows=2)
    cutoff = table["cutoff"].min()
    changed = frame.copy()
    changed.loc[changed["ds"] > cutoff, "load"] = 1e6
    other = Forecaster(**settings).cross_validation(changed, n_windows=2)
    first = (table["cutoff"] == cutoff).to_numpy()
    np.testing.assert_array_equal(table.loc[first, "normcast"], other.loc[first, "normcast"])


def test_baselines_stand_in_the_same_table_and_the_same_folds(frame, small):
    forecaster = Forecaster(**small)
    table = forecaster.cross_validation(frame, n_windows=3)
    models = (
        "normcast",
        "naive",
        "seasonal_naive",
        "drift",
        "ridge",
        "ridge_7",
        "ridge_28",
        "theta",
        "seasonal_drift",
    )
    for model in models:
        assert {model, f"{model}-lo-80", f"{model}-hi-80"} <= set(table.columns)
    assert table.groupby("unique_id")["cutoff"].nunique().tolist() == [3, 3]
    board = forecaster.backtest_.scoreboard()
    assert set(board.index) == set(models)
    assert board["mase"].is_monotonic_increasing


def test_cutoffs_are_spread_over_the_last_tenth_unless_a_step_is_given(small):
    long, forecaster = waves(rows=400), Forecaster(**small)
    cutoffs = forecaster.cross_validation(long, n_windows=3)["cutoff"].drop_duplicates()
    assert (long["ds"].max() - cutoffs).dt.days.tolist() == [39, 21, 3]
    cutoffs = forecaster.cross_validation(long, n_windows=3, step_size=5)["cutoff"].drop_duplicates()
    assert (long["ds"].max() - cutoffs).dt.days.tolist() == [13, 8, 3]


def test_one_fit_serves_all_cutoffs_without_refit(frame, small):
    forecaster = Forecaster(**small)
    forecaster.cross_validation(frame, n_windows=3, refit=False)
    assert len(forecaster.backtest_.folds) == 1


def test_known_future_columns_are_read_from_their_own_table(frame, small):
    rng = np.random.default_rng(3)
    frame["promo"] = rng.integers(0, 2, len(frame)).astype(float)
    frame["y"] += 20 * frame["promo"]
    forecaster = Forecaster(**{**small, "futr_exog": ["promo"], "epochs": 30}).fit(frame)
    ahead = frame.groupby("unique_id")["ds"].max().repeat(3).reset_index()
    ahead["ds"] += pd.to_timedelta(np.tile([1, 2, 3], 2), unit="D")
    low = forecaster.predict(futr_df=ahead.assign(promo=0.0))["normcast"].to_numpy()
    high = forecaster.predict(futr_df=ahead.assign(promo=1.0))["normcast"].to_numpy()
    assert (high > low).all()


def test_missing_known_future_rows_are_named(frame, small):
    frame["promo"] = 1.0 * (np.arange(len(frame)) % 2)
    forecaster = Forecaster(**{**small, "futr_exog": ["promo"]}).fit(frame)
    with pytest.raises(ValueError, match=r"3 future rows of promo are needed"):
        forecaster.predict()


def test_static_columns_enter_the_network(frame, small):
    frame["area"] = frame["unique_id"].map({"s0": 1.0, "s1": 5.0})
    forecaster = Forecaster(**{**small, "stat_exog": "area"}).fit(frame)
    assert [tensor.name for tensor in forecaster.fitted_.model.inputs] == ["past", "static"]
    assert np.isfinite(forecaster.predict()["normcast"]).all()


def test_new_rows_and_new_series_are_forecast_without_training(frame, small):
    forecaster = Forecaster(**small).fit(frame)
    longer = waves(n_series=3, rows=170)
    forecast = forecaster.predict(longer)
    assert forecast["unique_id"].unique().tolist() == ["s0", "s1", "s2"]
    assert forecast["ds"].min() == longer["ds"].max() + pd.Timedelta(days=1)
    assert forecast.loc[forecast["unique_id"] == "s2", "normcast"].between(300, 700).all()


def test_the_same_rows_predict_the_same_as_no_rows(frame, small):
    forecaster = Forecaster(**small).fit(frame)
    pd.testing.assert_frame_equal(forecaster.predict(), forecaster.predict(frame))


def test_one_seed_alone_is_the_same_seed_among_many(frame, small):
    many = Forecaster(**{**small, "seeds": 3}).fit(frame).learned_.trained
    alone = Forecaster(**{**small, "seeds": 1, "seed": 1}).fit(frame).learned_.trained
    for left, right in zip(many[1].weights, alone[0].weights, strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_point_forecast_without_intervals(frame, small):
    forecaster = Forecaster(**{**small, "level": ()})
    forecast = forecaster.fit(frame).predict()
    assert list(forecast.columns) == ["unique_id", "ds", "normcast"]
    forecaster.cross_validation(frame, n_windows=2)
    assert "coverage-80" not in forecaster.backtest_.scoreboard().columns


def test_no_forecast_below_the_minimum(frame, small):
    forecast = Forecaster(**{**small, "minimum": 5.0}).fit(frame).predict()
    assert forecast[["normcast", "normcast-lo-80"]].to_numpy().min() == 5.0


def test_a_relu_head_on_targets_below_zero_raises_with_the_reason(frame, small):
    relu = Architecture(recurrent=(Recurrent(units=4),), head=Head(activation="relu"))
    with pytest.raises(ValueError, match=r"'relu' cannot go below zero.*minimum=0"):
        Forecaster(**{**small, "model": relu}).fit(frame)


def test_a_relu_head_is_accepted_where_targets_stay_above_zero(frame, small):
    relu = Architecture(recurrent=(Recurrent(units=4),), head=Head(activation="relu"))
    forecaster = Forecaster(**{**small, "model": relu, "scaling": "none", "level": ()})
    assert (forecaster.fit(frame).predict()["normcast"] >= 0).all()


def test_the_weights_start_at_the_ridge_map(frame, small):
    fold = Forecaster(**{**small, "epochs": 1, "learning_rate": 1e-12}).fit(frame).learned_
    names = [variable.path for variable in fold.fitted.model.weights]
    np.testing.assert_allclose(
        fold.fitted.weights[0][names.index("skip/kernel")], fold.candidates["ridge"].first.weights, atol=1e-6
    )


@pytest.mark.parametrize("model", ["conv-lstm", "conv-se-lstm", "patch-gru"])
def test_every_kind_of_network_forecasts(frame, small, model):
    forecast = Forecaster(**{**small, "model": model, "epochs": 1}).fit(frame).predict()
    assert np.isfinite(forecast["normcast"]).all()


def test_a_keras_model_of_ones_own_is_trained(frame, small):
    import keras

    model = keras.Sequential([keras.Input((14, 1)), keras.layers.GRU(4), keras.layers.Dense(3)])
    forecaster = Forecaster(**{**small, "input_size": None, "model": model}).fit(frame)
    assert [type(layer).__name__ for layer in forecaster.fitted_.model.layers] == ["GRU", "Dense"]
    forecast = forecaster.predict()
    assert (forecast["normcast-lo-80"] < forecast["normcast-hi-80"]).all()


def test_a_keras_model_of_other_shapes_is_refused_with_both(frame, small):
    model = TINY.build(14, 2, 3)
    with pytest.raises(ValueError, match=r"maps \(None, 14, 2\).*needs \(None, 14, 1\)"):
        Forecaster(**{**small, "model": model}).fit(frame)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"prediction_length": 3}, TypeError, "Did you mean h?"),
        ({"h": 3, "lookback": 3}, TypeError, "Did you mean input_size?"),
        ({"h": 3, "inputsize": 3}, TypeError, "Did you mean input_size?"),
        ({"h": 3, "zzz": 3}, TypeError, "Its arguments are h, input_size"),
        ({"h": 0}, ValueError, "h must be a whole number of at least 1, but is 0"),
        ({"h": 3, "input_size": 0}, ValueError, "input_size must be a whole number"),
        ({"h": 3, "level": [100]}, ValueError, r"100 is outside \[1, 100\)"),
        ({"h": 3, "model": "patch-lstn"}, ValueError, "Did you mean 'patch-lstm'"),
        ({"h": 3, "scaling": "minmax"}, ValueError, "no scaling 'minmax'"),
        ({"h": 3, "seeds": 0}, ValueError, "seeds must be"),
        ({}, TypeError, "h is missing"),
    ],
)
def test_arguments_are_checked_at_the_door(arguments, error, message):
    with pytest.raises(error, match=message):
        Forecaster(**arguments)


def test_a_known_future_table_that_nothing_reads_is_refused(frame, small):
    with pytest.raises(ValueError, match="no column of it is used"):
        Forecaster(**small).fit(frame).predict(futr_df=frame)


@pytest.mark.parametrize(
    ("name", "words"), [("idcol", "Did you mean id_col"), ("freq", "belongs to Forecaster")]
)
def test_unknown_arguments_of_the_table_are_answered(frame, small, name, words):
    with pytest.raises(TypeError, match=words):
        Forecaster(**small).fit(frame, **{name: "x"})


def test_predict_before_fit_raises():
    with pytest.raises(RuntimeError, match="before fit"):
        Forecaster(h=3).predict()


def test_a_series_too_short_is_named_with_what_would_fit(small):
    short = pd.concat([waves(1, 160), waves(1, 5).assign(unique_id="kiosk")])
    with pytest.raises(ValueError, match=r"'kiosk' has 5 rows.*needs 6, of which it reads 3.*--short skip"):
        Forecaster(**small).fit(short)


def test_an_input_size_that_is_not_given_shrinks_to_fit():
    forecaster = Forecaster(h=3, model=TINY, epochs=1, seeds=1, level=(80,)).fit(waves(2, 40))
    assert 1 <= forecaster.fitted_.input_size < 40


def test_a_level_that_the_calibration_windows_cannot_support_names_the_largest():
    with pytest.raises(ValueError, match=r"99\.9 needs 999 calibration windows.*largest level is 9\d"):
        Forecaster(h=3, model=TINY, epochs=1, seeds=1, level=(99.9,), input_size=5).fit(waves(2, 60))
