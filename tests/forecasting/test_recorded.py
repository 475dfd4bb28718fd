"""What gradients and gates did while a forecaster was fitted; it is fitted to the same bits."""

import numpy as np
import pandas as pd
import pytest

from normcast import Forecaster
from tests.forecasting.ready import SMALL, table

HOW = {"h": 2, "input_size": 4, "model": SMALL, "epochs": 2, "seeds": 2, "level": ()}


@pytest.fixture(scope="module")
def both():
    """Forecasters fitted without and with a record, to series with targets that nobody observed."""
    frame = table(n=40)
    frame.loc[20:22, "y"] = np.nan
    fit = {"progress": False, "missing": "mask"}
    return Forecaster(**HOW).fit(frame, **fit), Forecaster(**HOW).fit(frame, **fit, record=1000)


def test_each_network_has_a_flow_and_the_forecast_is_that_without(both):
    plain, recorded = both
    pd.testing.assert_frame_equal(plain.predict(), recorded.predict(), check_exact=True)
    assert [flow.epochs.tolist() for flow in recorded.flow_] == [[1, 2]] * 2
    (norms,) = recorded.flow_[0].gradients.values()
    assert norms.shape == (2, 4)
    assert (norms > 0).any()
    with pytest.raises(RuntimeError, match="Forecaster: nothing was recorded; fit with record=16"):
        plain.flow_  # noqa: B018


def test_targets_that_nobody_observed_leave_the_record_finite(both):
    assert all(np.isfinite(flow.loss).all() for flow in both[1].flow_)


def test_a_record_of_no_window_is_refused():
    with pytest.raises(ValueError, match="Forecaster: record must be a whole number of at least 1, but is 0"):
        Forecaster(**HOW).fit(table(n=40), record=0)
