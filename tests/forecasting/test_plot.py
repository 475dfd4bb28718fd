"""The chart shows the end of each series, its forecast and its intervals."""

import numpy as np
import pandas as pd
import pytest

from normcast import Forecaster
from normcast.forecasting.plot import chart
from tests.forecasting.ready import H, ready, table


def parts(chart, series):
    rows = [row for row in chart.to_dict()["data"]["values"] if row["series"] == series]
    return {part: [row for row in rows if row["part"] == part] for part in ("past", "join", "ahead")}


def test_the_chart_has_the_last_rows_and_the_forecast_of_each_series():
    forecaster = ready(table())
    drawn = parts(forecaster.plot(), "b")
    table_ = forecaster.predict()
    mine = table_[table_["unique_id"] == "b"]
    assert len(drawn["past"]) == 5 * H
    assert drawn["past"][-1]["stamp"] == "2024-01-12T00:00:00.000"
    assert [row["y"] for row in drawn["ahead"]] == mine["normcast"].tolist()
    assert [row["lo0"] for row in drawn["ahead"]] == mine["normcast-lo-50"].tolist()
    assert [row["hi0"] for row in drawn["ahead"]] == mine["normcast-hi-50"].tolist()
    assert drawn["join"] == [drawn["past"][-1] | {"part": "join"}]


def test_rows_bounds_the_past_and_is_checked():
    forecaster = ready(table())
    assert len(parts(forecaster.plot(rows=3), "a")["past"]) == 3
    assert len(parts(forecaster.plot(rows=99), "a")["past"]) == 12
    with pytest.raises(ValueError, match="rows must be a whole number of at least 1, but is 0"):
        forecaster.plot(rows=0)


def test_only_the_first_series_are_drawn_and_the_title_says_so():
    drawn = ready(table(ids=[f"s{i}" for i in range(8)])).plot().to_dict()
    assert len({row["series"] for row in drawn["data"]["values"]}) == 6
    assert drawn["title"]["text"] == "The first 6 of 8 series"


def test_zoned_hours_are_drawn_as_the_clock_showed_them():
    hours = pd.date_range("2024-07-01 20:00", periods=12, freq="h", tz="Europe/Berlin")
    drawn = ready(table(hours)).plot(rows=2)
    assert [row["stamp"] for row in parts(drawn, "a")["ahead"]] == [
        "2024-07-02T08:00:00.000",
        "2024-07-02T09:00:00.000",
    ]


def test_integer_steps_have_a_number_axis_and_missing_values_a_gap():
    frame = table(np.arange(12))
    frame.loc[8, "y"] = np.nan
    drawn = ready(frame, missing="mask").plot()
    assert [row["y"] for row in parts(drawn, "a")["past"] if row["stamp"] == 8] == [None]
    assert drawn.to_dict()["spec"]["layer"][0]["encoding"]["x"]["type"] == "quantitative"


def test_altair_does_not_limit_the_rows():
    records = [{"series": "a", "part": "past", "stamp": stamp, "y": 1.0} for stamp in range(6000)]
    assert len(chart(records, ["a"], (), False, "").to_dict()["data"]["values"]) == 6000


def test_the_chart_can_be_drawn():
    import vl_convert

    assert "<svg" in vl_convert.vegalite_to_svg(ready(table()).plot().to_dict())


def test_plotting_before_fit_raises():
    with pytest.raises(RuntimeError, match="before fit"):
        Forecaster(h=1).plot()
