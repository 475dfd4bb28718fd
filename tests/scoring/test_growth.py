"""Errors that grow: intervals are as wide as their trend says, and a trend is no chance."""

import json

import numpy as np
import pytest

from normcast.scoring import Block, SeriesIntervals, grown, quantiles_of

H, ROWS, HELD = 4, 480, 120
LEVELS = (80,)
QUANTILES = quantiles_of(LEVELS)
MOVES = np.array([False, False])


def noise(seed, size, rows=ROWS, n_series=2):
    """Noise of each row before the cutoff and the 60 behind it, (series, rows); size: of each row."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_series, rows + 60)) * size(np.arange(-rows, 60))


def windows(errors, begin, end, shrunk=1.0):
    """All windows whose first target lies in [begin, end), in rows from the cutoff, forecast by zero."""
    rows = errors.shape[1] - 60
    time = np.tile(np.arange(begin, end), len(errors))
    series = np.repeat(np.arange(len(errors)), end - begin)
    y = shrunk * errors[series[:, None], rows + time[:, None] + np.arange(H)]
    return Block(y, np.zeros((len(y), H, len(QUANTILES))), series, time)


def parts(errors, shrunk=1.0, held=HELD):
    rows = errors.shape[1] - 60
    return (
        windows(errors, -rows, -held - H, shrunk),
        windows(errors, -held, -held // 2 - H),
        windows(errors, -held // 2, -H),
    )


def steady(time):
    return np.ones(len(time))


def doubling(time):
    return 1 + time / (2 * ROWS)


def test_errors_that_grow_are_carried_on_by_their_line():
    told = [grown(*parts(noise(seed, doubling)), MOVES) for seed in range(20)]
    since = doubling(np.array([-30.0]))[0]
    assert np.mean(told) == pytest.approx(doubling(np.array([2.0]))[0] / since, abs=0.01)


def test_errors_that_do_not_grow_are_seldom_told_to():
    told = np.array([grown(*parts(noise(seed, steady)), MOVES) for seed in range(100)])
    assert (told > 1).mean() < 0.08  # a trend of two standard errors upwards: 2.5 % of draws
    assert told.max() < 1.05


def test_series_that_err_together_do_not_make_a_trend():
    """What is chance in one series is the same chance in all: eight copies are no eight witnesses."""
    told = [
        grown(*parts(np.repeat(noise(seed, steady, n_series=1), 8, axis=0)), np.zeros(8, bool))
        for seed in range(60)
    ]
    assert np.mean(np.array(told) > 1) < 0.1


@pytest.mark.parametrize("shrunk", [0.1, 0.5])
def test_windows_that_trained_and_err_less_for_it_are_no_growth(shrunk):
    told = [grown(*parts(noise(seed, steady), shrunk), MOVES) for seed in range(40)]
    assert np.mean(np.array(told) > 1) < 0.1


def test_errors_that_shrink_make_no_interval_narrower():
    assert grown(*parts(noise(0, lambda time: 1 - time / ROWS)), MOVES) == 1


def test_a_history_of_few_horizons_tells_no_trend():
    errors = noise(0, lambda time: 1 + time / 40, rows=36)
    assert grown(*parts(errors, held=24), MOVES) == 1


def test_what_was_not_observed_and_what_never_changed_take_no_part():
    errors = noise(3, doubling)
    alone = grown(*parts(errors[:1]), MOVES[:1])
    assert alone > 1
    holed, beside = errors.copy(), np.vstack([errors[:1], 5 + 0 * errors[:1]])
    holed[1] = np.nan
    assert grown(*parts(holed), MOVES) == pytest.approx(alone)
    assert grown(*parts(beside), np.array([False, True])) == pytest.approx(alone)
    assert grown(*parts(0 * errors), MOVES) == 1
    assert grown(*parts(np.nan * errors), MOVES) == 1


def inside(growth, seed):
    errors = noise(seed, lambda time: 1.2 + time / ROWS)
    train, valid, calib = parts(errors)
    factor = grown(train, valid, calib, MOVES) if growth else 1.0
    intervals = SeriesIntervals.fit(valid, calib, QUANTILES, LEVELS, MOVES, factor)
    new = windows(errors, 0, 40)
    told = intervals.apply(new.forecasts, new.series)
    return 100 * ((told[..., 0] <= new.y) & (new.y <= told[..., -1])).mean()


def test_noise_that_grows_is_covered_nearer_to_the_level():
    followed, before = (np.mean([inside(growth, seed) for seed in range(40)]) for growth in (True, False))
    assert before < 77.5
    assert before + 1.5 < followed < 82


def test_growth_is_kept_in_a_file_and_earlier_files_have_none():
    _, valid, calib = parts(noise(0, steady))
    told = SeriesIntervals.fit(valid, calib, QUANTILES, LEVELS, MOVES, growth=1.5)
    plain = SeriesIntervals.fit(valid, calib, QUANTILES, LEVELS, MOVES)
    wide, usual = (each.apply(calib.forecasts, calib.series) for each in (told, plain))
    np.testing.assert_allclose(wide, 1.5 * usual)  # around a forecast of zero
    assert SeriesIntervals.from_json(told.to_json()).growth == 1.5
    earlier = {name: value for name, value in json.loads(told.to_json()).items() if name != "growth"}
    assert SeriesIntervals.from_json(json.dumps(earlier)).growth == 1


def test_each_series_counts_alike_whatever_its_unit():
    errors = np.vstack([noise(0, doubling, n_series=1), noise(1, steady, n_series=1)])
    told = [grown(*parts(errors * np.array([[one], [other]])), MOVES) for one, other in ((1, 1), (1e-6, 1e6))]
    assert told[0] > 1
    assert told[0] == pytest.approx(told[1])
