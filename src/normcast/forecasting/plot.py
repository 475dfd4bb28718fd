"""Plot: the end of each series with its forecast, drawn with altair."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from normcast.data import Panel
from normcast.errors import at_least_one
from normcast.scoring import check_levels

if TYPE_CHECKING:
    from normcast.forecasting.forecaster import Forecaster

MOST_SERIES = 6
SHARE = 5  # horizons of past that are drawn before the forecast
INK, OURS = "#59636e", "#0969da"
Record = dict[str, Any]


def plot(forecaster: Forecaster, rows: int | None = None) -> Any:
    """Return an altair chart of the end of each series, its forecast and its intervals, a panel per series.

    rows: of the past, 5 * h by default, and no more than there are; the first 6 series are drawn. Bands are
    the intervals, wider ones paler. Stamps are drawn as the table has them, whatever zone the reader is in.
    Raises RuntimeError before fit, ValueError if rows is below one.
    """
    panel = forecaster.panel_
    if panel is None:
        raise RuntimeError("Forecaster: plot was called before fit; call fit(df) first.")
    if rows is not None:
        at_least_one("plot", "rows", rows)
    levels = check_levels(forecaster.settings.level)
    shown = range(min(panel.n_series, MOST_SERIES))
    ahead = forecasts(forecaster, panel)
    past = rows or SHARE * forecaster.settings.h
    records = [each for series in shown for each in records_of(panel, series, past, ahead, levels)]
    title = f"The first {len(shown)} of {panel.n_series} series" if panel.n_series > len(shown) else ""
    return chart(records, [panel.ids[series] for series in shown], levels, panel.stamps.is_calendar, title)


def forecasts(forecaster: Forecaster, panel: Panel) -> dict[str, np.ndarray]:
    """Return each column of the forecast, and the stamps, as (series, h)."""
    table = nw.from_native(forecaster.predict(), eager_only=True)
    shape = panel.n_series, forecaster.settings.h
    named = {name: table[name].to_numpy().reshape(shape) for name in table.columns if "normcast" in name}
    return {**named, "stamps": panel.stamps_after(forecaster.settings.h)}


def records_of(
    panel: Panel, series: int, past: int, ahead: dict[str, np.ndarray], levels: tuple[float, ...]
) -> Iterator[Record]:
    """Yield what is drawn of one series: the past, the point where the forecast joins it, the forecast."""
    stop = int(panel.offsets[series + 1])
    place = np.arange(max(int(panel.offsets[series]), stop - past), stop)
    y = np.where(panel.observed[place], panel.y[place], np.nan)
    base = {"series": panel.ids[series]}
    for stamp, value in zip(drawn(panel, panel.time[place]), y, strict=True):
        yield {**base, "part": "past", "stamp": stamp, "y": None if np.isnan(value) else float(value)}
    yield {**base, "part": "join", "stamp": stamp, "y": float(panel.y[stop - 1])}
    for step, stamp in enumerate(drawn(panel, ahead["stamps"][series])):
        row = {name: float(values[series, step]) for name, values in ahead.items() if name != "stamps"}
        bands = {
            f"{side}{number}": row[f"normcast-{side}-{level:g}"]
            for number, level in enumerate(levels)
            for side in ("lo", "hi")
        }
        yield {**base, "part": "ahead", "stamp": stamp, "y": row["normcast"], **bands}


def drawn(panel: Panel, time: np.ndarray) -> list[Any]:
    """Return stamps as the clock on the wall shows them, or as integers."""
    if not panel.stamps.is_calendar:
        return time.tolist()
    counted = time.view(np.int64)
    if panel.stamps.zone is not None and not panel.stamps.on_wall:
        counted = panel.stamps.to_wall(counted)
    # With a time of day and no zone, a browser takes them as its own local time, and shows them unchanged.
    return np.datetime_as_string(counted.view("M8[ns]"), unit="ms").tolist()


def chart(
    records: list[Record], ids: list[str], levels: tuple[float, ...], is_calendar: bool, title: str
) -> Any:
    """Return the records as bands and lines, faceted by series.

    >>> past = {"series": "a", "part": "past", "stamp": 1, "y": 2.0}
    >>> type(chart([past], ["a"], levels=(), is_calendar=False, title="")).__name__
    'FacetChart'
    """
    import altair as alt

    x = alt.X("stamp", type="temporal" if is_calendar else "quantitative", title=None)
    x = x.scale(zero=False) if not is_calendar else x
    base = alt.Chart(width=360, height=200).encode(x=x)
    bands = [
        base.transform_filter("datum.part == 'ahead'")
        .mark_area(color=OURS, opacity=0.2)
        .encode(y=alt.Y(f"lo{number}", type="quantitative", title=None), y2=f"hi{number}")
        for number, _ in reversed(list(enumerate(levels)))
    ]
    y = alt.Y("y", type="quantitative", title=None).scale(zero=False)
    past = base.transform_filter("datum.part == 'past'").mark_line(color=INK, strokeWidth=1.4).encode(y=y)
    ahead = base.transform_filter("datum.part != 'past'").mark_line(color=OURS, strokeWidth=2.2).encode(y=y)
    layers = alt.layer(*bands, past, ahead, data=alt.Data(values=records))
    facet = alt.Facet("series", type="nominal", title=None, sort=ids)
    faceted = layers.facet(facet=facet, columns=min(2, len(ids)), title=alt.TitleParams(title))
    return faceted.resolve_scale(x="independent", y="independent")
