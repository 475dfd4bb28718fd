"""missing="mask": what nobody observed is read as it was filled, and is never learned from as a target."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from normcast import Forecaster
from normcast.data import Panel
from normcast.forecasting.learned import learned_of, sample_errors
from normcast.forecasting.settings import Settings
from normcast.tasks import ForecastFold, Sizes
from normcast.windows import Split
from normcast.windows.arrays import Arrays
from tests.forecasting.conftest import TINY

SMALL = {"model": TINY, "epochs": 2, "seeds": 1}
READ, H = 14, 3
PERIOD = READ + H


def wave(rows, period, holes, freq="D"):
    """A noisy wave, of which the rows of a mask are missing."""
    noise = np.random.default_rng(0).normal(size=rows)
    y = 10 + 3 * np.sin(2 * np.pi * np.arange(rows) / period) + 0.3 * noise
    return pd.DataFrame(
        {"ds": pd.date_range("2024-01-01", periods=rows, freq=freq), "y": np.where(holes, np.nan, y)}
    )


def an_hour_each_day(rows=399):
    """Hours, of which one of each day was not observed: no window of 24 is whole."""
    return wave(rows, 24, np.arange(rows) % 24 == 5, "h")


def days(rows):
    """Days, of which each fourth of the last 42 was not observed."""
    return wave(rows, 7, np.isin(np.arange(rows), np.arange(rows - 42, rows, 4)))


def fold_with(change):
    """A fold of windows of which no target is ever read, where what fills the holes is changed afterwards."""
    count, place = np.divmod(np.arange(40 * PERIOD), PERIOD)
    panel = Panel.from_frame(wave(len(place), 7, place == READ + count % H), missing="mask")
    sizes = Sizes(READ, n_valid=10 * PERIOD, n_calib=10 * PERIOD)
    fold = ForecastFold.before(Arrays.of(panel, H), panel.lengths, sizes, H, "standard")
    arrays = replace(fold.arrays, y=np.where(fold.arrays.observed, fold.arrays.y, change(fold.arrays.y)))
    parts = (fold.split.train, fold.split.valid, fold.split.calib, fold.split.test)
    apart = Split(*(part[part.start % PERIOD == 0] for part in parts))
    return replace(fold, arrays=arrays, scaled=fold.scaling.scaled(arrays), split=apart)


def test_nothing_that_is_learned_depends_on_what_stands_where_nobody_observed():
    settings = Settings(h=H, level=(80,), input_size=READ, **SMALL)
    learned = []
    for change in (lambda y: y, lambda y: y + 7.0):
        fold = fold_with(change)
        assert fold.has_unobserved
        learned.append(learned_of(fold, 7, settings))
    one, other = learned
    assert (one.fold.scaled.y != other.fold.scaled.y).sum() > 30  # beside those that are NaN in both
    ridges = [each.candidates["ridge"].first for each in learned]
    intervals = [each.fitted.intervals for each in learned]
    for pair in (
        *zip(one.fitted.weights[0], other.fitted.weights[0], strict=True),
        *zip(*((each.weights, each.intercept, each.penalty) for each in ridges), strict=True),
        *zip(*((i.conformal.corrections, i.scale.error, i.scale.width) for i in intervals), strict=True),
        [sample_errors(each.candidates["ridge"].first, each.fold) for each in learned],
        [each.fold.truth("valid") for each in learned],
        [each.fitted.combination.widths for each in learned],
        [each.trained[0].history["val_loss"] for each in learned],
    ):
        np.testing.assert_array_equal(*pair)
    assert np.isfinite(one.fitted.intervals.conformal.corrections).all()


def test_an_hour_that_is_missing_each_day_costs_no_window():
    frame = an_hour_each_day()
    forecaster = Forecaster(h=24, input_size=24, **SMALL)
    table = forecaster.cross_validation(frame, n_windows=2, refit=False, missing="mask", progress=False)
    fold = forecaster.backtest_.folds[0].fold
    assert np.isnan(fold.truth("train")).sum(axis=1).tolist() == [1] * (fold.split.train.cutoff[-1] - 23)
    board = forecaster.backtest_.scoreboard()
    assert board.loc["normcast", "mae"] < 0.5 * board.loc["drift", "mae"]
    assert table["normcast"].notna().all()


def test_more_windows_calibrate_until_each_step_was_observed_often_enough():
    fits = [
        Forecaster(h=7, **SMALL).fit(days(300), missing=missing, progress=False).learned_
        for missing in ("mask", "last")
    ]
    masked, filled = fits
    assert masked.sizes.n_calib > filled.sizes.n_calib
    assert masked.fitted.intervals.levels == filled.fitted.intervals.levels == (80, 95)
    assert masked.fitted.intervals.conformal.n_windows == 19  # what 95 % needs, and no more


# Of 60 rows the fit without holes needs all: 21 + 7 to train, 7 to validate and 19 + 6 to calibrate.
SHORT = {"h": 7, "input_size": 21, **SMALL}


def test_a_default_level_is_dropped_where_no_room_is_left_for_windows_that_were_observed():
    forecaster = Forecaster(**SHORT).fit(days(60), missing="mask", progress=False)
    assert forecaster.settings.level == forecaster.fitted_.intervals.levels == (80,)
    note = forecaster.panel_.notes[-1]
    assert "no interval of 95 %, which is a default: calibration needs 19 windows, and at the step " in note
    assert Forecaster(**SHORT).fit(days(60), missing="last", progress=False).settings.level == (80, 95)


def test_a_level_that_was_asked_for_is_refused_with_the_count_that_was_observed():
    message = r"^level: 95 needs 19 calibration windows, and at the step observed least .* 1[0-8]\."
    with pytest.raises(ValueError, match=message):
        Forecaster(**SHORT, level=(80, 95)).fit(days(60), missing="mask", progress=False)


def test_levels_are_settled_at_the_first_cutoff_and_kept_by_later_fits_whatever_comes_behind():
    late = wave(200, 7, np.isin(np.arange(200), np.arange(175, 200, 3)))
    forecaster = Forecaster(h=7, **SMALL)
    forecaster.cross_validation(late, n_windows=2, step_size=25, missing="mask", progress=False)
    assert {each.fitted.intervals.levels for each in forecaster.backtest_.folds} == {(80, 95)}


def test_where_all_was_observed_the_networks_are_those_of_any_policy():
    frame = wave(120, 7, np.zeros(120, bool))
    small = {"h": 3, "level": (80,), **SMALL}
    one, other = (
        Forecaster(**small).fit(frame, missing=missing, progress=False).predict()
        for missing in ("mask", "error")
    )
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_baseline_that_no_longer_applies_behind_an_outage_keeps_its_column():
    frame = wave(262, 7, (np.arange(262) > 105) & (np.arange(262) < 145))  # more rows calibrate behind it
    forecaster = Forecaster(h=7, season=[7, 35], input_size=14, **SMALL)
    outage = {"valid_end": 105, "step_size": 40, "n_windows": 2, "missing": "mask", "progress": False}
    table = forecaster.cross_validation(frame, **outage)
    trained = [fold.fold.split.train.cutoff.max() + 7 for fold in forecaster.backtest_.folds]
    assert trained[0] >= 2 * 35 > trained[1]
    np.testing.assert_allclose(table["longest_season"][-7:], frame["y"].ffill()[110:117], rtol=1e-6)


def outage(rows, first, end):
    """Days of which none from the first to the end was observed."""
    return wave(rows, 7, (np.arange(rows) >= first) & (np.arange(rows) < end))


BORDERS = {"train_end": 90, "valid_end": 140, "step_size": 20, "missing": "mask", "progress": False}


@pytest.mark.parametrize(
    ("end", "level", "words"),
    [
        (160, (95,), r"^cutoff 2024-06-08: level: 95 needs 19 calibration windows"),
        (160, None, r"^cutoff 2024-06-08: level: 95 needs 19 calibration windows"),  # no earlier one changes
        (210, (), r"^cutoff 2024-07-18: split: no target of the validation windows was observed"),
    ],
)
def test_a_later_cutoff_that_cannot_be_learned_at_is_refused_by_name_before_any_training(end, level, words):
    told = []
    forecaster = Forecaster(h=7, input_size=14, level=level, **SMALL)
    borders = {**BORDERS, "progress": lambda *each: told.append(each)}
    with pytest.raises(ValueError, match=words):
        forecaster.cross_validation(outage(240, 145, end), **borders)
    assert told == []
