"""What a back-test and a forecaster show, without training."""

import numpy as np
import pandas as pd
import pytest

from normcast import Forecaster, Panel
from normcast.forecasting.backtest import Backtest, columns, shared, standard_scores
from normcast.scoring import score
from tests.forecasting.ready import ready, table


def past(cutoffs=("2024-01-09", "2024-01-10"), scale=2.0) -> Backtest:
    """Two forecasts of two series from each cutoff; one model is 1 and 2 too low, the other always 2."""
    rows = [
        {
            "unique_id": s,
            "ds": pd.Timestamp(cutoff) + pd.Timedelta(days=step),
            "cutoff": cutoff,
            "y": 1.0 + step,
        }
        | {"normcast": 1.0, "other": 3.0 + step}
        for cutoff in pd.to_datetime(cutoffs).astype("datetime64[ns]")
        for s in "ab"
        for step in (1, 2)
    ]
    frame = pd.DataFrame(rows).astype({"cutoff": "datetime64[ns]"})
    scales = frame[["unique_id", "cutoff"]].drop_duplicates().assign(scale=scale)
    scores = score(frame, scales, ())
    return Backtest(Panel.from_frame(table()), frame, None, scores, (None,) * 3, 12.34)


def test_a_back_test_prints_its_cutoffs_fits_and_scores():
    assert str(past()).splitlines() == [
        "Backtest at 2 cutoffs of 2 series, best first",
        "cutoffs: 2024-01-09 to 2024-01-10",
        "fits: 3",
        "seconds: 12.3",
        "          mase  mae  mse   rmse  smape",
        "normcast  0.75  1.5  2.5  1.581  83.33",
        "other        1    2    4      2  58.33",
    ]
    assert str(past(["2024-01-09"])).splitlines()[:2] == [
        "Backtest at 1 cutoff of 2 series, best first",
        "cutoffs: 2024-01-09",
    ]


def test_where_no_series_has_a_scale_the_mean_absolute_error_ranks():
    board = past(scale=np.nan).scoreboard()
    assert board["mase"].isna().all()
    assert board.index.tolist() == ["normcast", "other"]


def test_standardized_scores_are_of_values_over_the_spread_of_the_rows_that_were_trained_on():
    scored = past()
    y = scored.panel.y.reshape(2, 12)
    y[0, 2], scored.panel.observed[2] = 1e6, False  # filled in where nobody observed
    spread = np.array([np.delete(y[0, :6], 2).std(), y[1, :8].std()])
    found = standard_scores(scored.panel, scored.scores.folds, np.array([6, 8]))
    assert found.columns.tolist() == ["mse", "mae"]
    assert found.index.tolist() == ["normcast", "other"]
    assert found["mae"].to_numpy() == pytest.approx([(1.5 / spread).mean(), (2 / spread).mean()])
    assert found["mse"].to_numpy() == pytest.approx([(2.5 / spread**2).mean(), (4 / spread**2).mean()])


def test_a_series_that_did_not_change_in_training_has_no_standardized_score():
    scored = past()
    scored.panel.y[:6] = 3.0
    found = standard_scores(scored.panel, scored.scores.folds, np.array([6, 12]))
    assert found.loc["other", "mae"] == pytest.approx(2 / scored.panel.y[12:].std())


def test_the_point_forecast_comes_before_the_bounds():
    quantiles = np.arange(6.0).reshape(1, 2, 3)
    named = dict(columns("ridge", quantiles, (80,)))
    assert list(named) == ["ridge", "ridge-lo-80", "ridge-hi-80"]
    assert [values.tolist() for values in named.values()] == [[[1, 4]], [[0, 3]], [[2, 5]]]


def test_a_model_that_some_fits_lack_has_no_column_and_a_note():
    one, two = {"a": np.zeros(2), "a-lo-80": np.zeros(2)}, {"a": np.ones(2), "b": np.ones(2)}
    pieces, notes = shared([one, two])
    assert [list(piece) for piece in pieces] == [["a"], ["a"]]
    assert notes == ["b has no column: it does not apply at every cutoff"]


def test_a_forecaster_prints_what_it_was_asked_what_it_was_fitted_on_and_its_scores():
    assert str(Forecaster(h=2)) == "Forecaster(h=2, model='combination'), not fitted: call fit(df)"
    forecaster = ready(table())
    shown = [
        "Forecaster(h=2, model='given architecture', level=(50,), seeds=2), fitted",
        "fitted on: 2 series of 12 rows, step D, season 7",
        "networks: 2 seeds",
        "weights of each: 196",
        "reads: 4 rows",
        "intervals: 50 %, calibrated on 9 windows",
    ]
    assert str(forecaster).splitlines() == shown
    forecaster.backtest_ = past()
    assert str(forecaster).splitlines() == [*shown, *str(past()).splitlines()[-3:]]
