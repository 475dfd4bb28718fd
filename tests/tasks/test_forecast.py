"""A panel in rolling folds: how much a series must have, what is left out, and what is measured."""

import re
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest

from normcast.data import Panel
from normcast.tasks import ForecastFold, ForecastTask, Sizes
from normcast.tasks.forecast import rows_tested
from normcast.tasks.task import digest
from normcast.windows.arrays import Arrays

START = pd.Timestamp("2024-01-01")


def panel_of(*series, season=1, missing="mask", **columns):
    tables = [
        pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range(START, periods=len(y)), "y": y})
        for i, y in enumerate(series)
    ]
    table = pd.concat(tables, ignore_index=True).assign(**columns)
    exog = {f"{name}_exog": [name] for name in columns}
    return Panel.from_frame(table, season=season, missing=missing, **exog)


ramp = partial(np.arange, dtype=float)

# Of 30 rows, two folds of h 3 test three rows each, 24 and 27 on; the first chooses by the three before them.
SHORT = panel_of(ramp(50), ramp(30))


def test_a_fold_needs_a_training_window_of_each_series_unless_some_are_padded():
    task = ForecastTask(SHORT, h=3, input_size=18, pads=False)
    assert (task.windows(0)["train"].series == 1).sum() == 1
    message = (
        "Study: fold 1 of 2: Panel: series 's1' has 24 rows before the cutoff (of 30), but input_size 19 + h "
        "3 + 4 rows for 2 validation windows needs 26. Lower input_size to at most 17, or leave the series "
        "out."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ForecastTask(SHORT, h=3, input_size=19, pads=False)
    padded = ForecastTask(SHORT, h=3, input_size=19)
    assert padded.sizes == Sizes(19, n_valid=2, n_calib=0, least=2)


def planned(panel, h, input_size, folds=1):
    """The fold of a study, and what a forecaster without intervals learns from before the same rows."""
    task = ForecastTask(panel, h, input_size, folds)
    rows = panel.lengths - rows_tested(panel.lengths, h, folds)
    sizes = Sizes.plan(rows, panel.season, h, (), input_size)
    return task, ForecastFold.before(Arrays.of(panel, h), rows, sizes, h, "standard")


HOLES = np.where(np.isin(np.arange(90), [7, 30, 31, 32, 33, 71, 84, 88]), np.nan, ramp(90))


@pytest.mark.parametrize("folds", [1, 2])
@pytest.mark.parametrize("series", [[ramp(90), ramp(70), ramp(19), ramp(15)], [HOLES], [HOLES, ramp(17)]])
def test_the_first_fold_reads_what_a_forecaster_does_before_the_same_cutoff(series, folds):
    task, fold = planned(panel_of(*series), 3, 20, folds)
    for part in ("train", "valid"):
        ours, theirs = getattr(task.fold(0), part), fold.batches(part)
        every = np.arange(len(theirs))
        assert len(ours) == len(theirs)
        for own, other in zip(flat(ours.at(every)), flat(theirs.at(every)), strict=True):
            np.testing.assert_array_equal(own, other)


def flat(batch):
    inputs, target = batch
    return [*inputs.values(), target]


def test_later_folds_hold_as_much_out_of_the_same_series_and_read_what_is_there_before_they_begin():
    task = ForecastTask(panel_of(ramp(90), ramp(19)), h=3, input_size=20, folds=2)
    first, second = task.split(0), task.split(1)
    tested = np.array([9, 3])
    for part in ("train", "valid", "test"):
        ours, later = getattr(first, part), getattr(second, part)
        np.testing.assert_array_equal(ours.start + tested[ours.series], later.start)
    begins = task.fold(1).train.at(np.arange(1))[0]["past"][0, :, -1]
    assert begins.sum() == tested[0] + task.sizes.least  # its first window reads what stands before it


def test_windows_with_a_missing_target_train_nothing_where_whole_ones_are_asked_for():
    task = ForecastTask(panel_of(HOLES), 3, 6, whole=True)
    seen = ~np.isnan(HOLES)
    for part in ("train", "valid"):
        windows = task.windows(0)[part]
        assert windows.unobserved(np.append(seen, [True] * 3)).sum() == 0
    assert not task.has_unobserved
    assert ForecastTask(panel_of(HOLES), 3, 6).has_unobserved


def test_what_was_not_observed_is_not_scored_and_compiled_metrics_see_whole_windows():
    y = ramp(30)
    y[28] = np.nan
    fold = ForecastTask(panel_of(y), h=3, input_size=4, folds=1, scaling="none").fold(0)
    assert fold.scored(np.array([[27.0, 99.0, 31.0]]), "test")["mae"] == 1
    targets, told = fold.compared(np.zeros((1, 3)), "test")
    assert targets.shape == told.shape == (0, 3)


@pytest.mark.parametrize("name", ["h", "input_size", "folds"])
def test_sizes_below_one_are_refused(name):
    with pytest.raises(ValueError, match=f"^Study: {name} must be a whole number of at least 1, but is 0.$"):
        ForecastTask(SHORT, **{"h": 3, "input_size": 4, "folds": 2, name: 0})


@pytest.mark.parametrize(
    ("rows", "name"), [(slice(6, 21), "training"), (slice(21, 24), "validation"), (slice(24, 27), "test")]
)
def test_a_part_whose_every_target_is_unobserved_is_named(rows, name):
    y = ramp(30)
    y[rows] = np.nan
    with pytest.raises(ValueError, match=rf"^Study: fold 1 of 2.* no .*{name} window.* observed. Choose an"):
        ForecastTask(panel_of(y), h=3, input_size=6)


def test_at_most_1024_windows_choose_and_are_seen_again_and_2048_are_tested():
    # Of 300 rows, two folds test 30 each, and validation has 24 of the 240 before: of 80 series 2400 and 1920
    # windows, and (240 - 24 - 8) * 80 = 16640 that train.
    task = ForecastTask(panel_of(*[ramp(300)] * 80), h=1, input_size=8)
    windows = task.windows(0)
    assert [len(part) for part in windows.values()] == [16640, 960, 1200, 979]
    np.testing.assert_array_equal(windows["seen"].cutoff, windows["train"].cutoff[::17])
    first = [216, 218, 220], [240, 242, 244]
    assert [windows[part].cutoff[:3].tolist() for part in ("valid", "test")] == [*first]


@pytest.mark.parametrize(
    ("scaling", "centre", "spread"),
    [("none", 0, 1), ("standard", 10, np.sqrt(110 / 3)), ("robust", 10, (15 - 5) / 1.349)],
)
def test_targets_are_scaled_as_the_task_says_or_the_one_who_asks_for_the_fold(scaling, centre, spread):
    panel = panel_of(ramp(30))  # rows 0 to 20 train
    expected = (np.array([24, 25, 26]) - centre) / spread
    for fold in (
        ForecastTask(panel, 3, 8, scaling=scaling).fold(0),
        ForecastTask(panel, 3, 8, scaling="none").fold(0, scaling),
    ):
        np.testing.assert_allclose(fold.test.at(np.array([0]))[1][0], expected, rtol=1e-6)


def test_the_calendar_is_read_if_asked_for():
    assert "future" not in ForecastTask(SHORT, 3, 8).fold(0).train.inputs
    inputs, _ = ForecastTask(SHORT, 3, 8, calendar=True).fold(0).train.at(np.arange(2))
    assert inputs["future"].shape == (2, 3, 4)  # two waves of the year, each a sine and a cosine


@pytest.mark.parametrize(("unseen", "naive"), [([], 14 / 23), ([7], 13 / 21)])
def test_the_mase_is_in_steps_between_observed_rows_before_the_window(unseen, naive):
    y = np.array([0, 1, 1, 1, 1, 2] * 5, dtype=float)
    y[unseen] = np.nan
    fold = ForecastTask(panel_of(y), h=3, input_size=4, scaling="none").fold(0)
    found = fold.scored(np.array([[0.0, 1.0, 4.0]]), "test")  # 0, 1 and 1 came
    assert found == pytest.approx({"mase": 1 / naive, "mae": 1, "rmse": np.sqrt(3)})


def test_a_series_that_stood_still_has_no_scale_and_is_left_out_of_the_mase_without_a_warning():
    still = np.where(np.arange(30) < 24, 5.0, 6.0)
    moving = np.arange(30) % 2 * 1.0
    outputs = np.full((1, 3), 5.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alone = ForecastTask(panel_of(still), 3, 4, scaling="none").fold(0)
        assert np.isnan(alone.scored(outputs, "test")["mase"])
        both = ForecastTask(panel_of(still, moving), 3, 4, scaling="none").fold(0)
        # 0, 1 and 0 came in the one that moves by 1 each row.
        assert both.scored(np.repeat(outputs, 2, axis=0), "test")["mase"] == pytest.approx(14 / 3)


def test_what_a_task_says_of_itself():
    task = ForecastTask(SHORT, h=3, input_size=16, folds=2, scaling="robust")
    y = np.concatenate([ramp(50), ramp(30)])
    nothing, stamps = np.zeros((80, 0)), SHORT.time.view(np.int64)
    assert task.describe() == {
        "task": "forecast",
        "target": "y",
        "series": 2,
        "rows": 80,
        "freq": "D",
        "season": 1,
        "h": 3,
        "input_size": 16,
        "folds": 2,
        "scaling": "robust",
        "plan": {"n_valid": 1, "least": None},  # a tenth of 40 and 24 rows, at the median
        # Of 50 rows each fold tests 5, and 3 of the 40 before are for validation; 37 - 16 rows train.
        "windows": [19 + 3, 1 + 1, 3 + 1],
        "data": digest(y, y >= 0, nothing, nothing, np.zeros((2, 0)), SHORT.offsets, stamps),
    }


def test_the_key_of_the_data_changes_with_every_column_and_not_with_the_cutting():
    y, column = ramp(30), np.cos(ramp(30))
    unseen = np.where(np.arange(30) == 9, np.nan, y)
    filled = np.where(np.arange(30) == 9, 8.0, y)
    panels = [
        panel_of(y),
        panel_of(y + 1),
        panel_of(unseen, missing="last"),
        panel_of(unseen, missing="mask"),
        panel_of(y, hist=column),
        panel_of(y, futr=column),
        panel_of(y, stat=1.0),
        panel_of(y, stat=2.0),
    ]
    keys = [ForecastTask(panel, 3, 8).describe()["data"] for panel in panels]
    assert len(set(keys)) == len(panels)
    assert ForecastTask(panel_of(filled), 3, 8).describe()["data"] == keys[2]
    assert ForecastTask(panels[0], 2, 5, folds=3, scaling="none").describe()["data"] == keys[0]


@pytest.mark.parametrize("other", ["stamps", "lengths"])
def test_the_key_of_the_data_changes_with_stamps_and_lengths_of_series(other):
    def key(first, start):
        days = [pd.date_range(start, periods=n) for n in (first, 60 - first)]
        ids = np.repeat(["a", "b"], [first, 60 - first])
        frame = pd.DataFrame({"unique_id": ids, "ds": np.concatenate(days), "y": np.arange(60.0)})
        return ForecastTask(Panel.from_frame(frame), h=2, input_size=4).describe()["data"]

    assert key(25, "2024-01-01") == key(25, "2024-01-01")
    assert key(25, "2024-01-01") != key(*((25, "2024-07-01") if other == "stamps" else (35, "2024-01-01")))
