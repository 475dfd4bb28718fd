"""Linear maps of several lengths, fitted anew as time goes on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from normcast.candidates import fit_candidates, fit_ridge
from normcast.candidates.moments import Moments, pairs
from normcast.candidates.ridges import fit_staged
from normcast.data import Panel
from normcast.tasks import ForecastFold, Sizes
from normcast.windows import Windows, sliding
from normcast.windows.arrays import Arrays

H, ROWS = 3, 300
SIZES = Sizes(12, n_valid=28, n_calib=28)


def wave(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    return np.sin(np.arange(rows) * 2 * np.pi / 12) + np.arange(rows) / 90 + 0.3 * rng.normal(size=rows)


def fold_of(*series, sizes=SIZES, missing="error", **how):
    parts = [pd.DataFrame({"unique_id": i, "ds": np.arange(len(y)), "y": y}) for i, y in enumerate(series)]
    panel = Panel.from_frame(pd.concat(parts), season=12, missing=missing)
    return ForecastFold.before(Arrays.of(panel, H), panel.lengths, sizes, H, "none", **how)


def at(fold, cutoff, size=12):
    """The window of the first series that forecasts from this row."""
    return Windows(np.array([cutoff - size]), np.zeros(1, np.int32), size, H)


def test_each_map_saw_what_had_ended_before_it_and_no_later_row():
    """The future changes, the past does not by one bit."""
    whole = fit_staged(fold_of(wave()), 24)
    assert whole.since.tolist() == [-60, -45, -30, -15, 0]
    for stage, since in enumerate(whole.since[:-1]):
        other = wave()
        other[ROWS + since :] = 1e3
        changed = fit_staged(fold_of(other), 24)
        if changed.maps[0].penalty == whole.maps[0].penalty:  # chosen by the errors of all that is held out
            for one, two in zip(whole.maps[: stage + 1], changed.maps[: stage + 1], strict=True):
                np.testing.assert_array_equal(one.weights, two.weights)
        assert not np.array_equal(whole.maps[stage + 1].weights, changed.maps[stage + 1].weights)


def test_a_window_is_forecast_by_the_newest_map_that_began_before_it():
    fold = fold_of(wave())
    staged = fit_staged(fold, 24)
    for cutoff, stage in (
        (100, 0),
        (239, 0),
        (240, 0),
        (254, 0),
        (255, 1),
        (284, 2),
        (285, 3),
        (299, 3),
        (300, 4),
    ):
        told = staged.forecast(fold.scaled, at(fold, cutoff))
        expected = staged.maps[stage].forecast(fold.scaled, at(fold, cutoff))
        np.testing.assert_array_equal(told, expected)


def test_the_last_map_is_that_of_all_windows_with_the_penalty_that_held_out_rows_chose():
    fold = fold_of(wave())
    staged = fit_staged(fold, 24)
    every = sliding(fold.arrays.offsets, np.array([24]), fold.rows, 24, H)
    plain = fit_ridge(fold.scaled.y, every, every, [staged.first.penalty])
    np.testing.assert_allclose(staged.final.weights, plain.weights, atol=1e-8)
    np.testing.assert_allclose(staged.final.intercept, plain.intercept, atol=1e-8)
    base = every[every.cutoff + H <= ROWS - 60]
    first = fit_ridge(fold.scaled.y, base, fold.origins().reading(24))
    assert first.penalty == staged.first.penalty
    np.testing.assert_allclose(staged.first.weights, first.weights, atol=1e-10)


def test_rows_that_are_held_back_for_good_are_not_learned_from():
    staged = fit_staged(fold_of(wave(), learns_late=False), 24)
    assert len(staged.maps) == 1
    assert staged.final is staged.first


def test_lengths_that_the_rows_do_not_allow_have_no_map():
    found = fit_candidates(fold_of(wave()), 12)
    assert [name for name in found if name.startswith("ridge")] == [
        "ridge",
        "ridge_6",
        "ridge_24",
        "ridge_48",
    ]
    few = fit_candidates(fold_of(wave(110)), 12)
    assert [name for name in few if name.startswith("ridge")] == ["ridge", "ridge_6"]


def test_a_series_that_is_shorter_than_a_map_reads_is_padded_where_it_is_forecast():
    fold = fold_of(wave(), wave(95, seed=1)[80:], sizes=Sizes(12, 28, 28, least=4))
    staged = fit_staged(fold, 48)
    short = Windows(np.array([fold.ends[1] - 12]), np.ones(1, np.int32), 12, H)
    told = staged.forecast(fold.scaled, short)
    own = fold.scaled.y[fold.ends[1] - 15 : fold.ends[1]]
    window = np.concatenate([np.full(33, own[-1]), own])
    expected = own[-1] + (window - own[-1]) @ staged.final.weights + staged.final.intercept
    np.testing.assert_allclose(told[0], expected)


def test_holes_in_the_targets_cost_the_step_they_are_in_and_no_window():
    y = wave()
    y[50:280:10] = np.nan
    fold = fold_of(y, missing="mask")
    staged = fit_staged(fold, 12, None)
    assert staged.since.tolist() == [-60, 0]
    truth, offsets = fold.scaled.truth, fold.arrays.offsets
    every = sliding(offsets, np.array([12]), fold.rows, 12, H, observed=fold.arrays.observed)
    plain = fit_ridge(fold.scaled.y, every, every, [staged.first.penalty], truth=truth)
    np.testing.assert_allclose(staged.final.weights, plain.weights, atol=1e-10)


def test_sums_of_parts_are_those_of_the_whole():
    y, offsets = wave(), np.array([0, ROWS])
    windows = sliding(offsets, np.array([12]), np.array([ROWS]), 12, H)
    whole = Moments.of(pairs(y, y, windows, offsets), 12, H)
    parts = [
        Moments.of(pairs(y, y, windows[part], offsets), 12, H) for part in (slice(0, 90), slice(90, None))
    ]
    both = parts[0] + parts[1]
    for name in ("gram", "cross", "sum_x", "sum_y", "n"):
        np.testing.assert_allclose(getattr(both, name), getattr(whole, name), atol=1e-9)
    still = Moments.of(pairs(np.ones(ROWS), np.ones(ROWS), windows, offsets), 12, H)
    assert (still.solve(0.1) == 0).all()


def test_a_shift_and_a_scale_of_all_rows_shift_and_scale_the_forecast():
    fold = fold_of(wave())
    moved = fold_of(5 * wave() + 100)
    one, other = (fit_staged(each, 24).forecast(each.scaled, at(each, ROWS)) for each in (fold, moved))
    np.testing.assert_allclose(other, 5 * one + 100, rtol=1e-8)


def test_the_room_that_windows_have_does_not_reach_behind_the_cutoff():
    fold = fold_of(wave())
    other = replace(fold, rows=fold.rows - 40)
    changed = wave()
    changed[-40:] = np.nan
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ForecastFold, "has_unobserved", False)
        scaled = replace(other.scaled, y=np.concatenate([changed, np.full(H, np.nan)]))
        seen = fit_staged(replace(other, scaled=scaled, split=fold_of(wave()[:-40]).split), 24)
    assert np.isfinite(seen.final.weights).all()


def test_a_map_whose_penalty_no_window_could_choose_is_left_out():
    y = wave()
    y[-60::3] = np.nan  # of every window that is held out a target is missing
    found = fit_candidates(fold_of(y, missing="mask"), 12)
    assert [name for name in found if name.startswith("ridge")] == ["ridge"]
