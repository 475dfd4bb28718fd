"""Which series, and which of their rows, a report draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from normcast.pages.words import decimals, number
from normcast.report.of_forecast.terms import HEADS
from normcast.report.of_forecast.values import ForecastReport
from normcast.report.of_forecast.verdict import main_metric

SHOWN = 6  # series that get a chart
LONGEST = 300  # rows of history in one chart, or h where that is more


def series_scores(report: ForecastReport) -> pd.Series:
    """Our main score of each series that has one, best first; empty without a back-test."""
    if report.scores is None:
        return pd.Series(dtype=float)
    table, metric = report.scores.by_series, main_metric(report.scores)
    mine = table[(table["model"] == report.model) & (table["metric"] == metric)]
    return mine.dropna(subset="value").sort_values("value", kind="stable").set_index("unique_id")["value"]


def chosen(report: ForecastReport, most: int = SHOWN) -> list[Any]:
    """Return the series to draw: all, or some spread evenly from the best scored to the worst."""
    names = report.series["unique_id"].tolist()
    ranked = series_scores(report).index.tolist()
    if len(names) <= most or len(ranked) < most:
        return names[:most]
    return [ranked[int(place)] for place in np.linspace(0, len(ranked) - 1, most).round()]


def choice_in_words(report: ForecastReport) -> str:
    """Say which series are drawn, where it is not all of them."""
    count = len(report.series)
    if count <= SHOWN:
        return ""
    scored = len(series_scores(report)) >= SHOWN
    how = "from the best to the worst forecast in the back-test" if scored else "the first"
    return f"{SHOWN} of {count} series are drawn, {how}; the table below has them all."


def score_in_words(report: ForecastReport, name: Any) -> str:
    """Return the score of a series, and its rank where there are many: "MASE 0.71, 3 of 300"."""
    scores = series_scores(report)
    if report.scores is None or name not in scores.index:
        return ""
    text = f"{HEADS[main_metric(report.scores)]} {number(scores[name], decimals(scores))}"
    if len(scores) <= SHOWN:
        return text
    return f"{text}, {scores.index.tolist().index(name) + 1} of {len(scores)}"


def tail(report: ForecastReport, name: Any, until: Any = None) -> pd.DataFrame:
    """Return the last rows of a series, up to a cutoff: enough to see its season and its level."""
    mine = report.history[report.history["unique_id"] == name]
    if until is not None:
        mine = mine[mine["ds"] <= until]
    return mine.tail(min(max(3 * report.h, 2 * report.season), max(LONGEST, report.h)))
