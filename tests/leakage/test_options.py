"""The canary passes with the options that look at the rows: the lowest value, the levels, short series."""

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
