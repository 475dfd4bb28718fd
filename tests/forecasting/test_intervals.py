"""Intervals are those of each series, whatever stands beside it in the panel."""

import numpy as np
import pandas as pd
import pytest

from normcast import Forecaster

ROWS, H = 220, 2


def panel(*series):
    parts = [
        pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range("2024-01-01", periods=len(y)), "y": y})
        for i, y in enumerate(series)
    ]
    return pd.concat(parts, ignore_index=True)


def noisy(size=1.0):
    return 10 + size * np.random.default_rng(0).normal(size=ROWS)


def backtest(frame):
    forecaster = Forecaster(h=H, input_size=6, level=(80,), model="conv-lstm", seeds=1, epochs=2)
    forecaster.cross_validation(frame, n_windows=30, step_size=H, refit=False, progress=False)
    return forecaster.backtest_


def inside(frame, name, model="normcast"):
    own = frame[frame["unique_id"] == name]
    return ((own[f"{model}-lo-80"] <= own["y"]) & (own["y"] <= own[f"{model}-hi-80"])).mean()


@pytest.fixture(scope="module")
def beside_constants():
    return backtest(panel(noisy(), *[np.full(ROWS, 5.0 * i) for i in range(4)]))


@pytest.mark.parametrize("model", ["normcast", "ridge", "seasonal_naive"])
def test_a_noisy_series_beside_constants_is_covered_as_it_would_be_alone(beside_constants, model):
    assert 0.55 < inside(beside_constants.frame, "s0", model) < 0.97  # of 60 rows, by few calibration windows


def test_a_series_that_never_changed_is_told_to_stay_where_it_is(beside_constants):
    rest = beside_constants.frame[beside_constants.frame["unique_id"] != "s0"]
    for name in ("normcast", "normcast-lo-80", "normcast-hi-80", "ridge-hi-80"):
        np.testing.assert_array_equal(rest[name], rest["y"])


def test_a_series_that_has_moved_since_is_not_told_to_stay():
    frame = panel(noisy(), np.full(ROWS, 5.0))
    forecaster = Forecaster(h=H, input_size=6, level=(80,), model="conv-lstm", seeds=1, epochs=2)
    forecaster.fit(frame, progress=False)
    moved = frame.copy()
    moved.loc[moved.index[-1], "y"] = 6.0  # the last row of the one that was constant
    for table, rests in ((frame, True), (moved, False)):
        told = forecaster.predict(table).query("unique_id == 's1'")
        wide = told["normcast-hi-80"] - told["normcast-lo-80"]
        assert (wide == 0).all() if rests else (wide > 0).all()


def test_the_scoreboard_judges_the_series_that_move(beside_constants):
    board, frame = beside_constants.scoreboard(), beside_constants.frame
    assert board.loc["normcast", "coverage-80"] == pytest.approx(100 * inside(frame, "s0"))
    assert "s1, s2, s3 and s4" in beside_constants.scores.notes[-1]


def test_series_of_very_different_noise_are_each_covered():
    draws = np.random.default_rng(1)
    frame = backtest(panel(*[size * draws.normal(size=ROWS) + 50 for size in (0.01, 1, 1, 20)])).frame
    assert all(0.6 < inside(frame, f"s{i}") < 0.97 for i in range(4))


def test_a_new_series_gets_the_usual_width_in_its_own_scale():
    frame = panel(noisy(), noisy(5))
    forecaster = Forecaster(h=H, input_size=6, level=(80,), model="conv-lstm", seeds=1, epochs=2)
    forecaster.fit(frame, progress=False)
    new = panel(100 * noisy()).assign(unique_id="new")
    told = forecaster.predict(new)
    wide = (told["normcast-hi-80"] - told["normcast-lo-80"]).to_numpy()
    assert (wide > 50).all()
    assert (wide < 1000).all()
