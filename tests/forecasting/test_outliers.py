"""An outlier, wherever it stands and whatever its size, moves neither a forecast nor an interval."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from normcast import Forecaster, load
from normcast.artefact import Archive, as_json
from normcast.data import Panel
from normcast.forecasting.backtest import forecasts
from normcast.tasks import RAW_INPUTS, ForecastFold, ForecastTask, Sizes
from normcast.windows.arrays import Arrays
from tests.forecasting.conftest import TINY
from tests.forecasting.ready import equal, ready, saved

H, N = 3, 300
PLACES = {
    "early": [3],
    "middle": [80],
    "validation": [N - 50],
    "calibration": [N - 12],
    "last window": [N - 2],
    "last row": [N - 1],
    "five": [3, 80, N - 50, N - 12, N - 2],
}
SETTINGS = {"h": H, "epochs": 6, "learning_rate": 0.01, "seeds": 1, "level": (80,)}
MOVED = 0.05  # of the level; what another value in one row does to a forecast


EFFECT = {"y": 0.2, "x": 1.0}  # of x on y: one that networks learn, where x has the outlier


def table(at=(), value=1e12, column="y") -> pd.DataFrame:
    """A weekly wave near 10 that follows x, with an outlier in these rows of a column."""
    rng = np.random.default_rng(0)
    x, step = rng.normal(size=N), np.arange(N)
    y = 10 + 2 * np.sin(2 * np.pi * step / 7) + EFFECT[column] * x + 0.1 * rng.normal(size=N)
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=N), "y": y, "x": x})
    frame.loc[list(at), column] = value
    return frame


@cache
def everything(place: str | None = None, column: str = "y") -> dict[str, np.ndarray]:
    """Every column of every model, ours with its known-future x, ahead of the last row."""
    frame = table(PLACES[place] if place else (), column=column)
    known = pd.DataFrame({"ds": pd.date_range("2024-10-27", periods=H), "x": [0.5, -0.5, 0.0]})
    forecaster = Forecaster(futr_exog="x", **SETTINGS).fit(frame)
    ours = forecaster.predict(futr_df=known).iloc[:, 1:]
    learned, panel = forecaster.learned_, forecaster.panel_
    arrays = Arrays.of(panel, H, known["x"].to_numpy()[None, :, None], calendar=True)
    theirs = forecasts(learned, arrays, learned.rows)
    return {**theirs, **{name: ours[name].to_numpy()[None] for name in ours}}


def fold_of(frame: pd.DataFrame) -> ForecastFold:
    """The rows of a table as a forecaster learns from them."""
    panel = Panel.from_frame(frame, futr_exog="x")
    sizes = Sizes.plan(panel.lengths, 7, H, (80,), 14)
    return ForecastFold.before(Arrays.of(panel, H), panel.lengths, sizes, H, "standard")


def slow_but(*quick: tuple[str, str]) -> list:
    """The places and columns, all but some marked as slow."""
    cases = [(place, column) for place in PLACES for column in ("y", "x")]
    return [pytest.param(*c, marks=() if c in quick else pytest.mark.slow) for c in cases]


@pytest.mark.parametrize(("place", "column"), slow_but(("five", "y"), ("five", "x")))
def test_no_forecast_and_no_bound_moves_by_a_twentieth(place, column):
    clean, found = everything(None, column), everything(place, column)
    for name, values in clean.items():
        # The network alone, of five rows less, moves a little more than what it is combined to.
        most = MOVED * (1.3 if name.startswith("patch-lstm") else 1)
        assert np.abs(found[name] / values - 1).max() < most, name


@pytest.mark.parametrize("column", ["y", "x"])
@pytest.mark.parametrize("place", PLACES)
def test_how_large_it_is_changes_no_bit_of_what_is_learned_from(place, column):
    first, *others = (fold_of(table(PLACES[place], value, column)) for value in (1e12, 1e4, -1e12))
    for other in others:
        np.testing.assert_array_equal(other.scaled.past, first.scaled.past)
        np.testing.assert_array_equal(other.scaled.y, first.scaled.y)
    clean = fold_of(table(column=column)).scaling
    for name in ("target", "exog"):
        spread = getattr(clean, name).spread
        np.testing.assert_allclose(getattr(first.scaling, name).spread, spread, rtol=MOVED)


def test_without_outliers_no_bit_changes():
    fold = fold_of(table())
    clean = fold.scaling.cleaned(fold.arrays)
    assert np.shares_memory(clean.y, fold.arrays.y)
    assert clean.exog is fold.arrays.exog


def test_an_outlier_in_a_window_is_replaced_by_what_training_learned(tmp_path):
    forecaster = ready(table().drop(columns="x"), input_size=14)
    new = table([N - 5]).drop(columns="x").tail(14)
    assert np.abs(forecaster.predict(new)["normcast"]).max() < 1e3
    loaded = load(saved(forecaster, tmp_path))
    assert equal(loaded.predict(new), forecaster.predict(new))


def test_a_file_without_bounds_is_read_and_forecasts_as_it_did(tmp_path):
    forecaster = ready(table().drop(columns="x"), input_size=14)
    path = saved(forecaster, tmp_path)
    archive = Archive.opened(path)
    scaler = archive.json("scaler.json")
    del scaler["bounds"]
    path.write_bytes(Archive(dict(archive.members) | {"scaler.json": as_json(scaler)}, str(path)).packed())
    assert equal(load(path).predict(), forecaster.predict())
    assert np.abs(load(path).predict(table([N - 5]).drop(columns="x"))["normcast"]).max() > 1e6


def test_bounds_of_other_columns_are_refused(tmp_path):
    path = saved(ready(table().drop(columns="x"), input_size=14), tmp_path)
    archive = Archive.opened(path)
    scaler = archive.json("scaler.json")
    scaler["bounds"]["target"]["most"] = []
    path.write_bytes(Archive(dict(archive.members) | {"scaler.json": as_json(scaler)}, str(path)).packed())
    with pytest.raises(ValueError, match="shapes of its bounds"):
        load(path)


def test_a_backtest_scores_the_value_as_it_is_on_a_scale_without_outliers():
    frame = table([20, N - 2]).drop(columns="x")
    forecaster = Forecaster(model=TINY, input_size=14, **{**SETTINGS, "epochs": 1, "epoch_windows": 100})
    out = forecaster.cross_validation(frame, n_windows=2, step_size=H)
    assert out["y"].max() == 1e12
    scores = forecaster.backtest_.scores.by_cutoff.query("metric == 'mase'")
    hit = scores["cutoff"] == scores["cutoff"].max()
    assert (scores.loc[hit, "value"] > 1e10).all()
    assert (scores.loc[~hit, "value"] < 100).all()


@pytest.mark.parametrize("scaling", ["standard", "robust", "none", RAW_INPUTS])
def test_a_study_learns_without_outliers_and_scores_them(scaling):
    task = ForecastTask(Panel.from_frame(table([20, N - 2]), hist_exog="x"), h=H, input_size=14)
    for number, worst in ((0, 100), (1, np.inf)):
        fold = task.fold(number, scaling)
        inputs, target = fold.train.at(np.arange(len(fold.train)))
        assert max(np.abs(inputs["past"]).max(), np.abs(target).max()) < 100
        scores = fold.scored(np.zeros((len(fold.test), H)), "test")
        assert scores["mase"] < worst
        assert (scores["mae"] > 1e9) == (worst == np.inf)
