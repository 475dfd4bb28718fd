"""A forecaster keeps the calendar and the seasons that a table has."""

import numpy as np
import pandas as pd
import pytest

import normcast
from normcast.forecasting.settings import Settings

TRADING = "h@Mon-Fri/09:30-15:30"


def trading(days=60):
    stamps = [
        d + h
        for d in pd.bdate_range("2024-01-01", periods=days)
        for h in pd.timedelta_range("9h30min", periods=7, freq="h")
    ]
    y = np.sin(np.arange(len(stamps)) * 2 * np.pi / 7) + np.random.default_rng(0).normal(size=len(stamps)) / 9
    table = pd.DataFrame({"ds": stamps, "y": y})
    return table[table["ds"].dt.normalize() != "2024-02-19"].reset_index(drop=True)


def small(**changed):
    return normcast.Forecaster(
        **{"h": 7, "input_size": 14, "level": (), "model": "conv-lstm", "epochs": 1, "seeds": 1, **changed}
    )


def test_a_saved_forecaster_goes_on_with_the_calendar_and_reads_new_rows_by_it(tmp_path):
    table = trading()
    small().fit(table, progress=False).save(tmp_path / "a.normcast")
    loaded = normcast.load(tmp_path / "a.normcast")
    ahead = loaded.predict()["ds"]
    assert ahead.iloc[0] == pd.Timestamp("2024-03-25 09:30")
    assert ahead.iloc[-1] == pd.Timestamp("2024-03-25 15:30")
    few = table[(table["ds"] > "2024-02-14") & (table["ds"] < "2024-02-24")]
    assert loaded.predict(few)["ds"].iloc[0] == pd.Timestamp("2024-02-26 09:30")
    assert loaded.panel_.freq == TRADING


def test_a_back_test_repeats_the_longest_season_that_fits_twice():
    table = trading()
    forecaster = small()
    found = forecaster.cross_validation(table, n_windows=2, progress=False)
    names = [
        "normcast",
        "naive",
        "seasonal_naive",
        "longest_season",
        "drift",
        "ridge",
        "ridge_35",
        "ridge_70",
        "theta",
    ]
    names.append("seasonal_drift")
    assert list(found.columns[3:]) == names
    y = table["y"].to_numpy()
    np.testing.assert_allclose(found["longest_season"][-7:], y[-42:-35], rtol=1e-6)
    np.testing.assert_allclose(found["seasonal_naive"][-7:], y[-14:-7], rtol=1e-6)
    assert "longest_season" in forecaster.backtest_.scoreboard().index


@pytest.mark.parametrize(
    ("season", "stands"), [(7, False), ([7, 35], True), ([7, 4000], False), ([7, 70, 4000], True)]
)
def test_seasons_that_are_named_say_whether_a_longer_one_stands(season, stands):
    found = small(season=season).cross_validation(trading(), n_windows=1, progress=False)
    assert ("longest_season" in found.columns) is stands


def test_the_canary_finds_no_leak_through_a_calendar():
    table = trading()
    assert normcast.canary(small(), table, n_windows=2).passed


@pytest.mark.parametrize("season", [[], [24, 24], "24", 0])
def test_seasons_that_are_none_are_refused_at_once(season):
    with pytest.raises(ValueError, match="season: "):
        Settings(h=1, season=season)


def shop(drop=()):
    days = pd.date_range("2024-01-01", "2024-06-29")
    days = days[days.day_of_week < 6].difference(pd.to_datetime(list(drop)))
    noise = np.random.default_rng(0).normal(size=len(days)) / 9
    return pd.DataFrame({"ds": days, "y": 50 + 10 * days.day_of_week + noise})


def test_a_holiday_leaves_the_days_behind_it_in_their_place_in_the_week():
    forecaster = small(h=6, input_size=12, model="patch-lstm").fit(shop(["2024-06-26"]), progress=False)
    told = forecaster.predict()
    assert told["ds"].iloc[0] == pd.Timestamp("2024-07-01")
    np.testing.assert_allclose(told["normcast"], 50 + 10 * told["ds"].dt.day_of_week, atol=1.5)


def test_new_rows_may_hold_more_holidays_than_the_fitted_ones(tmp_path):
    forecaster = small(h=6, input_size=12).fit(shop(), progress=False)
    more = shop(["2024-06-20", "2024-06-21", "2024-06-26"]).tail(20)
    assert forecaster.predict(more)["ds"].iloc[0] == pd.Timestamp("2024-07-01")


def test_a_back_test_scores_the_days_that_were_to_come_but_holidays(tmp_path):
    forecaster = small(h=6, input_size=12)
    found = forecaster.cross_validation(shop(["2024-06-26"]), n_windows=1, progress=False)
    assert found["ds"].tolist() == pd.date_range("2024-06-24", periods=6).tolist()
    assert found["y"].isna().tolist() == [False, False, True, False, False, False]


def test_a_season_that_fits_at_later_cutoffs_alone_has_no_column_and_a_note():
    forecaster = small(season=[7, 70])
    found = forecaster.cross_validation(trading(), valid_end=150, step_size=100, n_windows=2, progress=False)
    assert "longest_season" not in found.columns
    notes = " ".join(forecaster.backtest_.scores.notes)
    assert "longest_season has no column: it does not apply at every cutoff" in notes
