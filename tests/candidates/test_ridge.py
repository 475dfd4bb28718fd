import numpy as np
import pandas as pd
import pytest

from normcast.candidates import PENALTIES, fit_ridge, moments
from tests.scoring.places import windows_at


def noisy_waves(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    return np.sin(np.arange(rows) / 3) + 0.3 * rng.normal(size=rows)


def split(rows=300, input_size=12, h=4):
    cutoffs = np.arange(input_size, rows - h + 1)
    train, valid, test = cutoffs[:180], cutoffs[184:220], cutoffs[224:]
    return [windows_at(part, input_size, h) for part in (train, valid, test)]


def design(values, windows):
    """Inputs and targets, the last value subtracted, as one slow matrix each."""
    x = np.array([values[s : s + windows.input_size] for s in windows.start])
    last = x[:, -1:]
    return x - last, windows.targets(values) - last


def test_the_map_solves_the_penalized_least_squares_problem():
    values = noisy_waves()
    train, valid, _ = split()
    fitted = fit_ridge(values, train, valid, penalties=[0.1])
    x, y = design(values, train)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    length = x.shape[1]
    strength = 0.1 * np.trace(x.T @ x) / length  # relative to the mean eigenvalue
    # An independent form of the same problem: least squares on rows augmented by the penalty.
    rows = np.vstack([x, np.sqrt(strength) * np.eye(length)])
    slow, *_ = np.linalg.lstsq(rows, np.vstack([y, np.zeros((length, 4))]), rcond=None)
    np.testing.assert_allclose(fitted.weights, slow, atol=1e-10)
    x, y = design(values, train)
    np.testing.assert_allclose(fitted.intercept, (y - x @ slow).mean(axis=0), atol=1e-10)


def test_chunks_do_not_change_the_fit(monkeypatch):
    values, (train, valid, test) = noisy_waves(), split()
    whole = fit_ridge(values, train, valid)
    monkeypatch.setattr(moments, "CHUNK", 17)
    parts = fit_ridge(values, train, valid)
    np.testing.assert_allclose(parts.weights, whole.weights, atol=1e-9)
    np.testing.assert_allclose(parts.predict(values, test), whole.predict(values, test), atol=1e-9)


def test_the_penalty_is_the_one_with_the_least_absolute_error_on_validation():
    values, (train, valid, _) = noisy_waves(), split()
    y = valid.targets(values)
    errors = [
        np.abs(fit_ridge(values, train, valid, [p]).predict(values, valid) - y).mean() for p in PENALTIES
    ]
    assert fit_ridge(values, train, valid).penalty == PENALTIES[int(np.argmin(errors))]


def test_the_largest_penalty_falls_back_to_the_last_value_plus_the_mean_step():
    values, (train, valid, test) = noisy_waves(), split()
    fitted = fit_ridge(values, train, valid, penalties=[PENALTIES[-1]])
    last = values[test.start + test.input_size - 1]
    np.testing.assert_allclose(fitted.predict(values, test), last[:, None] + fitted.intercept, atol=1e-6)


def test_a_shift_of_the_series_shifts_the_forecast_and_nothing_else():
    values, (train, valid, test) = noisy_waves(), split()
    moved = fit_ridge(values + 100, train, valid).predict(values + 100, test)
    np.testing.assert_allclose(moved - 100, fit_ridge(values, train, valid).predict(values, test), atol=1e-8)


def test_a_constant_series_is_forecast_as_itself():
    train, valid, test = split()
    fitted = fit_ridge(np.full(300, 5.0), train, valid)
    assert (fitted.predict(np.full(300, 5.0), test) == 5).all()


def test_the_fit_reads_no_row_after_its_windows_and_the_forecast_none_after_the_cutoff():
    values, (train, valid, test) = noisy_waves(), split()
    fitted = fit_ridge(values, train, valid)
    end = valid.start[-1] + valid.input_size + valid.h
    wild = np.concatenate([values[:end], np.full(len(values) - end, 1e300)])
    again = fit_ridge(wild, train, valid)
    np.testing.assert_array_equal(fitted.weights, again.weights)
    first = windows_at([end], test.input_size, test.h)
    np.testing.assert_array_equal(fitted.predict(values, first), again.predict(wild, first))


def test_the_last_rows_of_a_table_can_be_forecast_though_no_target_follows():
    values, (train, valid, _) = noisy_waves(), split()
    assert fit_ridge(values, train, valid).predict(values, windows_at([300], 12, 4)).shape == (1, 4)


def test_of_too_many_windows_some_are_taken_at_even_distances():
    values, (train, valid, _) = noisy_waves(), split()
    thinned = fit_ridge(values, train, valid, penalties=[0.1], max_windows=90)
    evenly = windows_at(train.start[np.linspace(0, 179, 90).astype(int)] + 12, 12, 4)
    np.testing.assert_array_equal(thinned.weights, fit_ridge(values, evenly, valid, penalties=[0.1]).weights)


def with_holes(values, share=0.15, seed=1):
    holes = np.random.default_rng(seed).random(len(values)) < share
    return np.where(holes, np.nan, values)


@pytest.mark.parametrize("share", [0.15, 0.7])
def test_each_step_is_fitted_on_the_windows_in_which_it_was_observed(share):
    values, (train, valid, _) = noisy_waves(), split()
    truth = with_holes(values, share)
    fitted = fit_ridge(values, train, valid, penalties=[1e-10], truth=truth)
    (x, _), y, read = design(values, train), train.targets(truth), values[train.cutoff - 1]
    x = np.column_stack([x[:, :-1], np.ones(len(x))])  # the last input is zero, and the intercept one
    for step in range(4):
        seen = ~np.isnan(y[:, step])
        assert 0 < seen.sum() < len(y)
        slow, *_ = np.linalg.lstsq(x[seen], (y[:, step] - read)[seen], rcond=None)
        found = [*fitted.weights[:-1, step], fitted.intercept[step]]
        np.testing.assert_allclose(found, slow, atol=1e-6)


def test_where_many_steps_have_holes_some_windows_are_taken_at_even_distances():
    values, (train, valid, _) = noisy_waves(), split(h=12)
    truth = with_holes(values, 0.3)
    apart = int(np.isnan(train.targets(truth)).sum())
    assert apart > 2 * len(train)
    thinned = fit_ridge(values, train, valid, penalties=[0.1], max_windows=180, truth=truth)
    evenly = train[np.linspace(0, 179, 180 * 360 // apart).astype(int)]
    slow = fit_ridge(values, evenly, valid, penalties=[0.1], truth=truth)
    np.testing.assert_array_equal(thinned.weights, slow.weights)


def test_the_penalty_is_chosen_by_what_was_observed_alone():
    values, (train, valid, _) = noisy_waves(), split()
    truth = np.full(len(values), np.nan)
    y = valid.targets(np.where(np.arange(len(values)) % 9 == 0, np.nan, values))
    truth[train.cutoff[0] : train.cutoff[-1] + 4] = values[train.cutoff[0] : train.cutoff[-1] + 4]
    truth[valid.cutoff[:, None] + np.arange(4)] = y
    errors = [
        np.nansum(np.abs(fit_ridge(values, train, valid, [p], truth=truth).predict(values, valid) - y))
        for p in PENALTIES
    ]
    assert fit_ridge(values, train, valid, truth=truth).penalty == PENALTIES[int(np.argmin(errors))]


def test_where_all_was_observed_the_fit_is_the_same_and_one_hole_changes_it_little():
    values, (train, valid, test) = noisy_waves(), split()
    whole = fit_ridge(values, train, valid, penalties=[0.1])
    np.testing.assert_array_equal(
        whole.weights, fit_ridge(values, train, valid, [0.1], truth=values.copy()).weights
    )
    truth = np.where(np.arange(len(values)) == train.cutoff[50], np.nan, values)
    hole = fit_ridge(values, train, valid, penalties=[0.1], truth=truth)
    apart = np.abs(hole.predict(values, test) - whole.predict(values, test))
    assert 0 < apart.max() < 0.05


def test_a_step_that_was_never_observed_is_forecast_as_the_last_value():
    values, (train, valid, test) = noisy_waves(), split()
    train, valid = train[::4], valid[::4]  # so that each row is the target of one step
    truth = values.copy()
    truth[train.cutoff + 2] = np.nan
    told = fit_ridge(values, train, valid, truth=truth).predict(values, test)
    np.testing.assert_allclose(told[:, 2], values[test.cutoff - 1], atol=1e-9)


def test_windows_of_another_size_and_empty_windows_are_refused():
    values, (train, valid, _) = noisy_waves(), split()
    with pytest.raises(ValueError, match="fitted for input_size 12 and h 4, the windows have input_size 6"):
        fit_ridge(values, train, valid).predict(values, windows_at([50], 6, 4))
    with pytest.raises(ValueError, match="no valid windows"):
        fit_ridge(values, train, windows_at([], 12, 4))


def test_it_reaches_the_error_known_for_etth1(shared_data):
    """Input 96, horizon 96, seven channels, published split: the figures of an independent computation."""
    table = pd.read_csv(shared_data / "ETTh1.csv.gz").iloc[:14400, 1:].to_numpy()
    scaled = (table - table[:8640].mean(axis=0)) / table[:8640].std(axis=0)
    values, rows, channels = scaled.T.ravel(), *scaled.shape

    def part(low, high):
        cutoffs = np.arange(low, high - 96 + 1)
        every = [channel * rows + cutoffs for channel in range(channels)]
        return windows_at(np.concatenate(every), 96, 96, np.repeat(np.arange(channels), len(cutoffs)))

    fitted = fit_ridge(values, part(96, 8640), part(8640, 11520))
    test = part(11520, 14400)
    error = fitted.predict(values, test) - test.targets(values)
    assert np.mean(error**2) == pytest.approx(0.383, abs=0.001)
    assert np.mean(np.abs(error)) == pytest.approx(0.392, abs=0.001)
