"""Plot: the end of each series with its forecast, as a chart for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from normcast.data import Panel
from normcast.errors import at_least_one
from normcast.forecasting.frames import forecast_frame, history_frame
from normcast.pages.charts import ChartSpec, forecast_chart
from normcast.pages.notebook import notebook_chart

MOST_SERIES = 6
SHARE = 5  # horizons of past that are drawn before the forecast


def plot(
    panel: Panel,
    h: int,
    values: Mapping[str, np.ndarray],
    levels: Sequence[float],
    *,
    model: str,
    rows: int | None = None,
) -> Any:
    """Return an altair chart of the end of each series, its forecast and its intervals, side by side.

    values: the forecast's columns, each (series * h,); levels: percent; model: the column of the forecast.
    rows: of the past, 5 * h by default, and no more than there are; the first 6 series are drawn. Bands are
    the intervals, wider ones paler. Stamps are drawn as the table has them, whatever zone the reader is in.
    Raises ValueError if rows is below one.
    """
    if rows is not None:
        at_least_one("plot", "rows", rows)
    past, ahead = history_frame(panel, rows or SHARE * h, MOST_SERIES), forecast_frame(panel, h, values)
    shown = panel.ids[:MOST_SERIES]
    charts: dict[str, ChartSpec] = {}
    for name in shown:
        mine, next_ = (on_wall(panel, frame[frame["unique_id"] == name]) for frame in (past, ahead))
        charts[name] = forecast_chart(mine, next_, model, levels)
    title = f"The first {len(shown)} of {panel.n_series} series" if panel.n_series > len(shown) else ""
    return notebook_chart(charts, title)


def on_wall(panel: Panel, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with its stamps as the clock on the wall shows them."""
    stamps = panel.stamps
    if stamps.zone is None or stamps.on_wall:
        return frame
    return frame.assign(ds=stamps.to_wall(frame["ds"].to_numpy().view(np.int64)).view("M8[ns]"))
