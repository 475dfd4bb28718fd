"""Padding: series shorter than the input take part, and what stands in their padded steps is not read."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import normcast
from normcast import Forecaster
from normcast.candidates import fit_candidates
from normcast.engine import predict
from normcast.forecasting.learned import build, sample_errors
from normcast.forecasting.settings import Settings
from normcast.forecasting.settled import settle
from normcast.forecasting.warm_start import warm_start
from normcast.models import Architecture, Conv, Recurrent
from normcast.tasks import ForecastFold, Sizes
from normcast.windows.arrays import Arrays
from tests.forecasting.conftest import TINY, waves

SMALL = {"h": 3, "model": TINY, "epochs": 1, "seeds": 1, "level": (80,)}


def uneven(*rows: int) -> pd.DataFrame:
    """Weekly waves of so many rows each, with a column known ahead."""
    parts = [waves(1, n, seed=k).assign(unique_id=f"s{k:03}") for k, n in enumerate(rows)]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(promo=np.random.default_rng(0).normal(size=len(table)))


def fold_of(*rows: int, **roles: str) -> tuple[ForecastFold, Sizes]:
    """The fold of series of so many rows, of which a window reads 6."""
    panel = Forecaster(h=3, **roles).panel(uneven(*rows).drop(columns=[] if roles else "promo"))
    sizes = Sizes.plan(panel.lengths, 7, 3, (), input_size=6)
    return ForecastFold.before(Arrays.of(panel, 3), panel.lengths, sizes, 3, "standard"), sizes


def test_of_a_hundred_series_of_48_to_126_months_none_is_refused_and_the_input_is_whole_seasons():
    rows = np.linspace(48, 126, 100).astype(int)
    months = [pd.date_range("1990-01-01", periods=n, freq="MS") for n in rows]
    ids = np.repeat([f"s{k:03}" for k in range(100)], rows)
    y = np.random.default_rng(0).normal(size=rows.sum())
    panel = Forecaster(h=18).panel(pd.DataFrame({"unique_id": ids, "ds": np.concatenate(months), "y": y}))
    settled, kept = settle(Settings(h=18), panel)
    assert (kept.n_series, settled.level) == (100, (80, 95))
    assert Sizes.plan(rows, 12, 18, settled.level) == Sizes(36, n_valid=1, n_calib=1, least=12)
    assert "fewer than 90 rows: their windows, of 36 rows to read, are padded" in kept.notes[-1]


def test_a_series_without_room_to_hold_out_trains_only_and_others_do_both():
    fold, sizes = fold_of(60, 14, 6)
    assert sizes == Sizes(6, n_valid=1, n_calib=0, least=3)
    first = fold.split.train.cutoff - fold.arrays.offsets[fold.split.train.series]
    last = {series: first[fold.split.train.series == series].max() for series in range(3)}
    assert first.min() == 3  # the rows that a window reads at least
    assert last == {0: 60 - 3 - 3, 1: 14 - 3 - 3, 2: 6 - 3}
    assert np.bincount(fold.split.valid.series, minlength=3).tolist() == [1, 1, 0]


def test_padded_steps_are_marked_and_every_row_stands_where_it_does_without_padding():
    fold, _ = fold_of(40, 6, futr_exog="promo")
    batches, train = fold.batches("train"), fold.split.train
    inputs, target = batches.at(np.arange(len(batches)))
    steps = train.start[:, None] + np.arange(6)
    there = steps >= fold.arrays.offsets[train.series][:, None]
    np.testing.assert_array_equal(inputs["past"][..., -1], there)
    assert not inputs["past"][~there].any()
    np.testing.assert_array_equal(inputs["past"][there][:, :-1], fold.scaled.past[steps[there]])
    np.testing.assert_array_equal(target, train.targets(fold.scaled.past[:, 0]))
    np.testing.assert_array_equal(inputs["future"][..., 0], train.targets(fold.scaled.past[:, 1]))


def test_without_a_short_series_no_input_is_marked():
    fold, sizes = fold_of(40, 30)
    assert sizes.least is None
    assert fold.batches("train").inputs["past"].shape == (6, 1)
    assert build(Settings(**SMALL), 6, fold.arrays, sizes.padded).input_shape == (None, 6, 1)


PLAIN = Architecture(conv=(Conv(filters=3),), recurrent=(Recurrent(units=4),))
NETWORKS = {
    "shifted": TINY,
    "standardized": Architecture(recurrent=(Recurrent(units=4),), instance_norm="standard"),
    "plain": PLAIN,
    "skip": Architecture(recurrent=(Recurrent(units=4),), skip=True),
    "channels": Architecture(conv=(Conv(filters=3),), recurrent=(Recurrent(units=4),), reads="channels"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_forecast_does_not_depend_on_the_values_in_padded_steps_but_on_how_many_there_are(name):
    model = NETWORKS[name].build(5, channels=2, outputs=3, padded=True)
    draws = np.random.default_rng(0)
    model.set_weights([draws.normal(size=each.shape) for each in model.get_weights()])
    past = draws.normal(size=(4, 5, 3)).astype("float32")
    past[..., -1] = np.arange(5) >= np.array([[0], [1], [3], [4]])
    other = np.where(past[..., -1:] > 0, past, 1e6 * draws.normal(size=past.shape).astype("float32"))
    other[..., -1] = past[..., -1]
    told = model.predict(past, verbose=0)
    np.testing.assert_array_equal(told, model.predict(other, verbose=0))
    other[..., -1] = 1
    assert (told != model.predict(other, verbose=0)).any(axis=1).tolist() == [False, True, True, True]


@pytest.mark.parametrize("architecture", [TINY, NETWORKS["skip"], replace(TINY, skip_scale=0.1)])
def test_a_network_starts_at_the_ridge_map_in_padded_windows_too(architecture):
    fold, sizes = fold_of(40, 30, 7)
    ridge = fit_candidates(fold, 7)["ridge"].first
    settings = Settings(h=3, model=architecture, level=())
    model = build(settings, 6, fold.arrays, sizes.padded)
    start = warm_start(architecture, ridge, sample_errors(ridge, fold), ())
    weights = [
        start.get(each.path, np.zeros(each.shape)).astype("float32").reshape(each.shape)
        for each in model.weights
    ]
    told = predict(model, (weights,), fold.batches("train"))[0]
    np.testing.assert_allclose(told, ridge.forecast(fold.scaled, fold.split.train), atol=1e-5)


@pytest.fixture(scope="module")
def table():
    return uneven(60, 55, 9, 7)


@pytest.fixture(scope="module")
def fitted(table):
    return Forecaster(**SMALL, input_size=8, futr_exog="promo").fit(table, progress=False)


def ahead(table: pd.DataFrame, **how) -> pd.DataFrame:
    """The three days behind each series."""
    ends = table.groupby("unique_id")["ds"].max()
    days = [
        pd.DataFrame({"unique_id": name, "ds": pd.date_range(end, periods=4)[1:]})
        for name, end in ends.items()
    ]
    return pd.concat(days).assign(promo=0.5, **how)


def test_short_series_are_forecast_and_a_file_keeps_that_they_are_padded(fitted, table, tmp_path):
    told = fitted.predict(futr_df=ahead(table))
    assert np.isfinite(told.select_dtypes("number")).all().all()
    assert fitted.panel_.lengths.tolist() == [60, 55, 9, 7]
    fitted.save(tmp_path / "m.normcast")
    kept = normcast.load(tmp_path / "m.normcast")
    pd.testing.assert_frame_equal(kept.predict(futr_df=ahead(table)), told)
    pd.testing.assert_frame_equal(kept.predict(table, futr_df=ahead(table)), told)


def test_new_rows_need_what_a_padded_window_has_at_least(fitted):
    new = uneven(60, 3)
    assert len(fitted.predict(new, futr_df=ahead(new))) == 6
    new = uneven(60, 2)
    with pytest.raises(ValueError, match=r"'s001' has 2 rows, but a padded window has at least 3"):
        fitted.predict(new, futr_df=ahead(new))


def test_a_model_that_never_saw_a_padded_window_refuses_short_rows_and_says_why():
    forecaster = Forecaster(**SMALL, input_size=8).fit(uneven(60, 55).drop(columns="promo"), progress=False)
    message = (
        "predict: series 's001' has 7 rows, but the network reads 8, and learned from no padded window, "
        "since no series it was fitted on was short. Fit it with short series among the others, give at "
        "least 8 rows of it, or leave it out (--short skip)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        forecaster.predict(uneven(60, 7))
    without = forecaster.predict(uneven(60, 7), short="skip")
    assert set(without["unique_id"]) == {"s000"}


def test_a_keras_model_does_not_read_the_mark_so_that_short_series_are_refused():
    model = TINY.build(8, outputs=3)
    short = uneven(60, 55, 9).drop(columns="promo")
    with pytest.raises(ValueError, match=r"'s002' has 9 rows, but input_size 8 \+ h 3 .*needs"):
        Forecaster(**{**SMALL, "model": model}).fit(short, progress=False)


def shape_of(rows: int, seed: int, name: str) -> pd.DataFrame:
    """Rows that end together, of one weekly shape under much noise, on a level and a scale of their own."""
    draws, days = np.random.default_rng(seed), np.arange(200 - rows, 200)
    shape = np.array([0.0, 1.0, 3.0, 2.0, -1.0, -3.0, -2.0])[days % 7]
    y = draws.uniform(50, 90) + draws.uniform(1, 9) * (shape + draws.normal(size=rows))
    return pd.DataFrame(
        {"unique_id": name, "ds": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D"), "y": y}
    )


def test_thirty_short_series_of_one_shape_are_forecast_better_than_by_the_baselines_of_each_alone():
    parts = [shape_of(30, k, f"short{k:02}") for k in range(30)]
    table = pd.concat([*parts, *[shape_of(150, 100 + k, f"long{k}") for k in range(6)]], ignore_index=True)
    forecaster = Forecaster(h=7, model=TINY, epochs=2, seeds=1, level=(80,), input_size=28)
    forecaster.cross_validation(table, n_windows=1, progress=False)
    assert forecaster.backtest_.folds[0].sizes.least == 7
    frame = forecaster.backtest_.frame
    own = frame[frame["unique_id"].str.startswith("short")]
    assert len(own) == 30 * 7
    assert np.isfinite(own.select_dtypes("number")).all().all()
    error = {name: (own[name] - own["y"]).abs().mean() for name in ("normcast", "seasonal_naive", "drift")}
    assert error["normcast"] < 0.95 * min(error["seasonal_naive"], error["drift"])
