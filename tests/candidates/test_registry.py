"""A candidate is one file: what lies in the package stands in every back-test."""

import numpy as np
import pandas as pd
import pytest

import normcast
from normcast import candidates
from normcast.candidates.candidate import Timeless

MEAN = """
import numpy as np
from normcast.candidates.candidate import Candidate


class Mean:
    reads = 6

    @property
    def final(self):
        return self

    def forecast(self, scaled, windows):
        return np.repeat(windows.inputs(scaled.y).mean(axis=1, keepdims=True), windows.h, axis=1)


candidate = Candidate("mean", place=9, fit=lambda fold, season: {"mean": Mean()}, words="the mean")
"""


RIDGES = [f"ridge_{rows}" for rows in (4, 8, 16)]  # of rows without a season


def test_a_new_file_stands_in_the_back_test_with_intervals_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "mean_of_window.py").write_text(MEAN)
    monkeypatch.setattr(candidates, "__path__", [*candidates.__path__, str(tmp_path)])
    table = pd.DataFrame({"ds": np.arange(120), "y": np.sin(np.arange(120.0))})
    forecaster = normcast.Forecaster(h=2, input_size=6, level=(80,), model="conv-lstm", epochs=1, seeds=1)
    found = forecaster.cross_validation(table, n_windows=1)
    assert list(found.columns[3:]) == [
        f"{name}{bound}"
        for name in ("normcast", "seasonal_naive", "drift", "ridge", *RIDGES, "theta", "mean")
        for bound in ("", "-lo-80", "-hi-80")
    ]
    y = table["y"].to_numpy()
    np.testing.assert_allclose(found["mean"], y[112:118].mean(), rtol=1e-5)
    assert "mean" in forecaster.backtest_.scoreboard().index


def test_every_candidate_has_a_name_and_a_place_of_its_own():
    found = candidates.candidates()
    assert len({each.name for each in found}) == len({each.place for each in found}) == len(found)


class Zero(Timeless):
    """A candidate of a user's that forecasts zero."""

    def __init__(self, reads):
        self.reads = reads

    def forecast(self, scaled, windows):
        return np.zeros((len(windows), windows.h))


def zero(reads):
    return candidates.Candidate("zero", 9, lambda fold, season: {"zero": Zero(reads)}, "always the mean")


def test_a_candidate_that_is_registered_stands_in_the_back_test_and_may_forecast_alone(monkeypatch):
    monkeypatch.setattr(candidates, "_OWN", {})
    candidates.register(zero(reads=None))
    candidates.register(zero(reads=1))  # of this name there is one, the newer
    assert [each.name for each in candidates.candidates()][-1] == "zero"
    table = pd.DataFrame({"ds": np.arange(80), "y": np.sin(np.arange(80.0))})
    naive = normcast.Forecaster(h=2, input_size=6, level=(), model="seasonal_naive")
    assert "zero" in naive.cross_validation(table, n_windows=1).columns
    alone = normcast.Forecaster(h=2, input_size=6, level=(), model="zero").fit(table).predict()
    assert abs(alone["normcast"] - table["y"].mean()).max() < 0.1


def test_a_forecaster_that_forecasts_with_a_candidate_of_ones_own_is_not_saved(monkeypatch, tmp_path):
    monkeypatch.setattr(candidates, "_OWN", {})
    candidates.register(zero(reads=1))
    table = pd.DataFrame({"ds": np.arange(80), "y": np.sin(np.arange(80.0))})
    fitted = normcast.Forecaster(h=2, input_size=6, level=(), model="zero").fit(table)
    with pytest.raises(ValueError, match=r"candidate 'zero' is of your own class Zero.*reads = None"):
        fitted.save(tmp_path / "zero.normcast")
    assert list(tmp_path.iterdir()) == []
