"""The chart shows the end of each series, its forecast and its intervals."""

import numpy as np
import pandas as pd
import pytest

from normcast import Forecaster
from normcast.forecasting.frames import forecast_frame, history_frame
from normcast.pages.charts import forecast_chart
from normcast.pages.drawing import TONES
from tests.forecasting.ready import H, ready, table


def parts(chart, series):
    """Return the rows of a series' layers: bands (wide first), past, ahead (with where it joins the past)."""
    drawn = {each["title"]: each["layer"] for each in chart.to_dict()["concat"]}[series]
    rows = [layer["data"]["values"] for layer in drawn]
    kinds = [layer["mark"]["type"] for layer in drawn]
    bands = [each for each, kind in zip(rows, kinds, strict=True) if kind == "area"]
    past, ahead = (each for each, kind in zip(rows, kinds, strict=True) if kind == "line")
    return {"bands": bands, "past": past, "join": ahead[0], "ahead": ahead[1:]}


def test_the_chart_has_the_last_rows_and_the_forecast_of_each_series():
    forecaster = ready(table())
    drawn = parts(forecaster.plot(), "b")
    table_ = forecaster.predict()
    mine = table_[table_["unique_id"] == "b"]
    assert len(drawn["past"]) == 5 * H
    assert drawn["past"][-1]["x"] == "2024-01-12T00:00:00.000Z"
    assert [row["y"] for row in drawn["ahead"]] == mine["normcast"].tolist()
    assert [row["y"] for row in drawn["bands"][-1]] == mine["normcast-lo-50"].tolist()
    assert [row["y2"] for row in drawn["bands"][-1]] == mine["normcast-hi-50"].tolist()
    assert drawn["join"] == drawn["past"][-1]


def test_rows_bounds_the_past_and_is_checked():
    forecaster = ready(table())
    assert len(parts(forecaster.plot(rows=3), "a")["past"]) == 3
    assert len(parts(forecaster.plot(rows=99), "a")["past"]) == 12
    with pytest.raises(ValueError, match="rows must be a whole number of at least 1, but is 0"):
        forecaster.plot(rows=0)


def test_only_the_first_series_are_drawn_and_the_title_says_so():
    drawn = ready(table(ids=[f"s{i}" for i in range(8)])).plot().to_dict()
    assert [each["title"] for each in drawn["concat"]] == [f"s{i}" for i in range(6)]
    assert drawn["title"] == "The first 6 of 8 series"


def test_zoned_hours_are_drawn_as_the_clock_showed_them():
    hours = pd.date_range("2024-07-01 20:00", periods=12, freq="h", tz="Europe/Berlin")
    drawn = ready(table(hours)).plot(rows=2)
    assert [row["x"] for row in parts(drawn, "a")["ahead"]] == [
        "2024-07-02T08:00:00.000Z",
        "2024-07-02T09:00:00.000Z",
    ]


def test_integer_steps_have_a_number_axis_and_missing_values_a_gap():
    frame = table(np.arange(12))
    frame.loc[8, "y"] = np.nan
    drawn = ready(frame, missing="mask").plot()
    assert [row["y"] for row in parts(drawn, "a")["past"] if row["x"] == 8] == [None]
    assert drawn.to_dict()["concat"][0]["layer"][0]["encoding"]["x"]["type"] == "quantitative"


def test_altair_does_not_limit_the_rows():
    long = ready(table(n=6000)).plot(rows=6000)
    assert len(parts(long, "a")["past"]) == 6000


def test_no_tone_of_a_page_is_left_and_the_chart_fits_the_schema():
    import altair

    drawn = ready(table()).plot().to_dict()
    assert not [tone for tone in TONES.values() if tone in str(drawn)]
    altair.Chart.from_dict(drawn, validate=True)


def test_the_plot_and_a_report_draw_one_chart():
    forecaster = ready(table())
    panel, values = forecaster.ahead()
    frames = history_frame(panel, 5 * H), forecast_frame(panel, H, values)
    mine = [frame[frame["unique_id"] == "b"] for frame in frames]
    drawn = {each["title"]: each["layer"] for each in forecaster.plot().to_dict()["concat"]}["b"]
    wanted = forecast_chart(*mine, "normcast", forecaster.settings.level)["layer"]
    assert [each["data"] for each in drawn] == [each["data"] for each in wanted]


def test_the_chart_can_be_drawn():
    import vl_convert

    assert "<svg" in vl_convert.vegalite_to_svg(ready(table()).plot().to_dict())


def test_plotting_before_fit_raises():
    with pytest.raises(RuntimeError, match="before fit"):
        Forecaster(h=1).plot()


def test_the_forecast_joins_the_last_value_that_was_observed():
    frame = table(np.arange(12))
    frame.loc[11, "y"] = np.nan
    drawn = parts(ready(frame, missing="mask").plot(), "a")
    assert drawn["past"][-1] == {"x": 11, "y": None}
    assert drawn["join"] == drawn["past"][-2]
