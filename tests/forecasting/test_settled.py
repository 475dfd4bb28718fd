"""Settled: short series, levels that cannot be had, and the lowest value, from the table to the file."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import normcast
from normcast import Forecaster
from normcast.forecasting.settings import Settings
from normcast.forecasting.settled import settle
from normcast.tasks import Sizes
from tests.forecasting.conftest import TINY, waves

SMALL = {"h": 3, "model": TINY, "epochs": 1, "seeds": 1}


def uneven(**rows: int) -> pd.DataFrame:
    """Series of these names and lengths."""
    parts = [waves(1, n, seed=k).assign(unique_id=name) for k, (name, n) in enumerate(rows.items())]
    return pd.concat(parts, ignore_index=True)


def counts(n: int = 120) -> pd.DataFrame:
    """A series that is 0 on most days."""
    days = pd.date_range("2024-01-01", periods=n)
    return pd.DataFrame({"ds": days, "y": np.random.default_rng(0).poisson(0.4, n)})


def test_short_series_are_named_together_with_what_each_lacks():
    table = uneven(a=90, b=5, c=95, d=90, e=4)
    table.loc[3, "y"] = np.nan
    with pytest.raises(
        ValueError, match=r"'a', column 'y'.*'a' has 1 row.*'b' has 5 rows and needs 6;.*'e' has 4"
    ):
        Forecaster(**SMALL, level=(80,)).fit(table, progress=False)


def test_a_model_fitted_without_a_short_series_remembers_it_and_is_that_of_the_others(tmp_path):
    table = uneven(a=90, b=5, c=95)
    small = {**SMALL, "level": (80,)}
    forecaster = Forecaster(**small, short="skip").fit(table, progress=False)
    without = Forecaster(**small).fit(table[table["unique_id"] != "b"], progress=False)
    pd.testing.assert_frame_equal(forecaster.predict(), without.predict())
    forecaster.save(tmp_path / "m.normcast")
    kept = normcast.load(tmp_path / "m.normcast")
    assert "1 of 3 series left out" in kept.panel_.notes[-1]
    assert "'b' has 5 rows" in kept.panel_.notes[-1]
    assert set(kept.predict(table)["unique_id"]) == {"a", "c"}


def test_what_the_first_cutoff_cannot_support_stays_out_of_the_fit_that_follows():
    table = uneven(a=90, c=90, b=28)
    forecaster = Forecaster(**SMALL, level=(80,), input_size=20, short="skip")
    assert forecaster.panel(table).ids == ("a", "c", "b")
    forecaster.cross_validation(table, n_windows=2, step_size=20, progress=False)
    assert forecaster.backtest_.panel.ids == forecaster.fit(table, progress=False).panel_.ids == ("a", "c")
    assert "before the first cutoff" in forecaster.panel_.notes[-1]


def test_a_default_level_that_cannot_be_had_is_dropped_with_a_note_and_one_asked_for_is_refused():
    table = uneven(a=20)
    forecaster = Forecaster(**SMALL).fit(table, progress=False)
    assert forecaster.settings.level == (80,)
    assert (
        "no interval of 95 %, which is a default: calibration needs 19 windows" in forecaster.panel_.notes[-1]
    )
    assert "normcast-hi-80" in forecaster.predict()
    with pytest.raises(ValueError, match=r"95 needs 19 calibration windows.*largest level is"):
        Forecaster(**SMALL, level=(80, 95)).fit(table, progress=False)
    assert forecaster.fit(uneven(a=90), progress=False).settings.level == (80, 95)


def test_counts_have_no_forecast_below_zero_unless_asked_and_a_file_keeps_it(tmp_path):
    forecaster = Forecaster(**SMALL).fit(counts(), progress=False)
    assert forecaster.panel_.notes[-1].startswith("counts: forecasts and intervals stay at or above 0")
    forecaster.save(tmp_path / "m.normcast")
    kept = normcast.load(tmp_path / "m.normcast")
    assert kept.fitted_.minimum == 0
    assert kept.predict()["normcast-lo-95"].min() == 0
    free = Forecaster(**SMALL, minimum=None).fit(counts(), progress=False)
    assert free.predict()["normcast-lo-95"].min() < 0


def test_a_fold_takes_the_lowest_value_from_the_rows_before_its_cutoff():
    table = counts()
    table.loc[115:, "y"] = -1
    forecaster = Forecaster(**SMALL)
    forecaster.cross_validation(table, n_windows=2, step_size=20, progress=False)
    assert [fold.fitted.minimum for fold in forecaster.backtest_.folds] == [0, None]


@pytest.mark.parametrize("minimum", ["zero", float("nan"), "1"])
def test_a_minimum_that_is_none_is_answered(minimum):
    with pytest.raises(ValueError, match="minimum must be a finite number"):
        Forecaster(h=3, minimum=minimum)


@pytest.mark.parametrize("rows", [60, 100, 3000])
def test_one_short_series_changes_no_size_for_the_others(rows):
    alone, with_short = np.full(4, rows), np.array([rows, rows, 10, rows, rows])
    sizes = Sizes.plan(alone, 7, 5, ())
    assert Sizes.plan(with_short, 7, 5, ()) == replace(sizes, least=5)
    panel = Forecaster(h=5, level=()).panel(uneven(a=60, b=60, c=60))
    assert settle(Settings(h=5, level=()), panel)[1] is not None
    assert panel.lengths.tolist() == [60, 60, 60]
