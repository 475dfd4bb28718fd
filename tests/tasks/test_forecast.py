"""A panel in rolling folds: how much a series must have, what is left out, and what is measured."""

import re
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest

from normcast.data import Panel
from normcast.tasks import ForecastTask
from normcast.tasks.task import digest

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


def test_a_fold_needs_as_many_training_windows_per_series_as_the_horizon_is_long():
    task = ForecastTask(SHORT, h=3, input_size=16)
    shorter = task.windows(0)["train"].series == 1
    assert shorter.sum() == 3
    message = (
        "Study: series 's1' has 30 rows; 2 folds of input_size 17 and h 3 leave too few to train on. Lower "
        "input_size, h or folds, or leave the series out."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ForecastTask(SHORT, h=3, input_size=17)


@pytest.mark.parametrize(
    ("panel", "season", "folds", "input_size"),
    [(SHORT, 1, 2, 16), (SHORT, 1, 1, 19), (panel_of(ramp(400), season=7), 7, 2, 56)],
)
def test_the_input_size_that_is_chosen_leaves_the_shortest_series_enough(panel, season, folds, input_size):
    assert panel.season == season
    assert ForecastTask.fitting_input_size(panel, h=3, folds=folds) == input_size
    ForecastTask(panel, 3, input_size, folds)


@pytest.mark.parametrize("name", ["h", "input_size", "folds"])
def test_sizes_below_one_are_refused(name):
    with pytest.raises(ValueError, match=f"^Study: {name} must be a whole number of at least 1, but is 0.$"):
        ForecastTask(SHORT, **{"h": 3, "input_size": 4, "folds": 2, name: 0})


@pytest.mark.parametrize(
    ("rows", "name"), [([8, 11, 14, 17, 20], "training"), ([22], "validation"), ([25], "test")]
)
def test_a_part_whose_every_target_is_unobserved_is_named(rows, name):
    y = ramp(30)
    y[rows] = np.nan
    message = (
        f"Study: fold 1 has no {name} window whose target was observed. Choose another missing policy, or "
        "fewer folds."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ForecastTask(panel_of(y), h=3, input_size=6).windows(0)


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
        # Of 50 rows each fold tests 5, and 4 of the 40 before are for validation; 36 - 16 rows train.
        "windows": [18 + 3, 2 + 1, 3 + 1],
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
