"""The canary passes with the options that look at the rows: the lowest value, the levels, short series, where
a back-test has its borders, and when it learns anew."""

import numpy as np
import pandas as pd
import pytest

from normcast import Forecaster, canary
from tests.forecasting.conftest import TINY, waves


def with_counts() -> pd.DataFrame:
    """Two series of counts."""
    frame = waves(rows=90)
    return frame.assign(y=np.random.default_rng(0).poisson(0.5, len(frame)))


def with_few_rows() -> pd.DataFrame:
    """One series in which calibration can support one of the default levels."""
    return waves(1, 40)


@pytest.mark.parametrize(
    ("table", "refit"),
    [(with_counts, False), (with_counts, True), (with_few_rows, False), (with_few_rows, True)],
)
def test_options_that_look_at_the_rows_look_at_none_behind_the_cutoff(table, refit):
    forecaster = Forecaster(h=3, model=TINY, epochs=1, seeds=1, input_size=7, short="skip")
    report = canary(forecaster, table(), missing="mask", refit=refit, n_windows=3 if refit else 2)
    assert report.passed, str(report)
    assert {"noise", "scale"} <= set(report.ways)


@pytest.mark.parametrize(
    "rolling",
    [
        {"train_end": "2024-02-19", "valid_end": "2024-03-10", "step_size": 2, "n_windows": 5, "refit": 3},
        {"train_end": 50, "valid_end": 60, "step_size": 1, "n_windows": 28},
    ],
    ids=["every third", "once"],
)
def test_what_lies_behind_a_cutoff_changes_nothing_before_it_wherever_the_borders_are(rolling):
    own = {"h": 3, "model": TINY, "epochs": 1, "seeds": 1, "input_size": 7, "level": (80,)}
    report = canary(Forecaster(**own), waves(rows=90), ways=["scale", "end"], **rolling)
    assert report.passed, str(report)
    assert report.ways == ("scale", "end")


def test_a_scaling_that_saw_what_lies_between_the_borders_is_no_longer_that_of_the_training_rows():
    frame, own = (
        waves(rows=90),
        {"h": 3, "model": TINY, "epochs": 1, "seeds": 1, "input_size": 7, "level": ()},
    )
    borders = {"train_end": 60, "valid_end": 70, "n_windows": 1, "progress": False}
    place = frame.groupby("unique_id").cumcount()
    changed = frame.assign(y=frame["y"].where((place < 60) | (place >= 70), 1e3))
    scalings = []
    for table in (frame, changed):
        forecaster = Forecaster(**own)
        forecaster.cross_validation(table, **borders)
        scalings.append(forecaster.backtest_.folds[0].fitted.scaling.target)
    np.testing.assert_array_equal(scalings[0].spread, scalings[1].spread)
    first = frame[place < 60].groupby("unique_id")["y"]
    np.testing.assert_allclose(scalings[0].location[:, 0], first.mean())
