"""Each form of time from fit to forecast, new rows, and a saved model; no later row reaches a forecast."""

import numpy as np
import pandas as pd
import pytest

import normcast
from normcast import Forecaster
from normcast.data.clock import Clock

QUARTERS = pd.period_range("1995Q1", periods=60, freq="Q").strftime("%Y-Q%q")
HOURS = pd.date_range("2024-01-01", periods=60, freq="h")
JITTER = pd.to_timedelta(np.random.default_rng(0).integers(-4, 5, 60), unit="s")


def table_of(**time):
    return pd.DataFrame({**time, "v": np.sin(np.arange(60)) + np.arange(60) / 20})


CASES = {
    "quarters": (table_of(quarter=QUARTERS), "quarter", ["2010-Q1", "2010-Q2"]),
    "joined": (
        table_of(Date=HOURS.strftime("%d/%m/%Y"), Time=HOURS.strftime("%H.%M.%S")),
        None,
        ["03/01/2024 12:00:00", "03/01/2024 13:00:00"],
    ),
    "jitter": (
        table_of(ts=(HOURS + JITTER).strftime("%Y-%m-%d %H:%M:%S")),
        Clock("ts", resample="h"),
        ["2024-01-03 12:00:00", "2024-01-03 13:00:00"],
    ),
    "epoch": (table_of(ts=HOURS.as_unit("s").asi8), "ts", [1704283200, 1704286800]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_form_goes_from_fit_to_a_saved_forecast_of_new_rows(case, tmp_path):
    table, time_col, ahead = CASES[case]
    forecaster = Forecaster(h=2, model="conv-lstm", epochs=1, seeds=1, input_size=8, level=[80])
    forecaster.fit(table, time_col=time_col, target_col="v", progress=False)
    first = forecaster.predict()
    name = forecaster.panel_.columns.time
    assert first[name].tolist() == ahead
    forecaster.save(tmp_path / "model.normcast")
    again = normcast.load(tmp_path / "model.normcast")
    pd.testing.assert_frame_equal(again.predict(), first)
    pd.testing.assert_frame_equal(again.predict(table), first)
    wild = table.assign(v=table["v"].where(table.index < 50, 1e6))
    pd.testing.assert_frame_equal(again.predict(wild[:50]), again.predict(table[:50]))
    assert again.predict(table[:50])[name].tolist() != ahead
