"""Frames: the past and the forecast of a panel as pandas frames with the canonical columns, for charts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from normcast.data import Panel


def history_frame(panel: Panel, rows: int, series: int | None = None) -> pd.DataFrame:
    """Return the last so many rows of each series as `unique_id, ds, y`; NaN where y was not observed.

    rows: no more than there are are taken; series: only the first so many.
    """
    most = np.minimum(panel.lengths, rows)
    ends = zip(panel.offsets[1:][:series], most[:series], strict=True)
    kept = np.concatenate([np.arange(end - n, end) for end, n in ends])
    names = np.array(panel.ids, dtype=object)[panel.series_of_row[kept]]
    y = np.where(panel.observed[kept], panel.y[kept], np.nan)
    return pd.DataFrame({"unique_id": names, "ds": panel.time[kept], "y": y})


def forecast_frame(panel: Panel, h: int, values: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return the forecast behind each series as `unique_id, ds` and its columns, each (series * h,)."""
    names = np.repeat(np.array(panel.ids, dtype=object), h)
    return pd.DataFrame({"unique_id": names, "ds": panel.stamps_after(h).ravel(), **values})
