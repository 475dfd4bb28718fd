"""How far to trust a forecast, in the words of somebody who reads nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcast.errors import counted
from normcast.pages.page import Opening
from normcast.pages.words import decimals, number
from normcast.report.of_forecast import tables
from normcast.report.of_forecast.values import ForecastReport
from normcast.report.of_forecast.verdict import compare, judge, on_intervals, tied


def opening(report: ForecastReport) -> Opening:
    """Answer whether the model is worth its trouble, and say what it missed by and its intervals held."""
    verdict = judge(report.scores, report.model)
    if report.scores is None:
        return verdict
    return replace(verdict, detail=f"{missed(report)}{on_intervals(report.scores, report.model)}".strip())


def missed(report: ForecastReport) -> str:
    """Say by how much the forecasts of the past missed, in the unit of the data, or on how many series."""
    assert report.scores is not None
    assert report.backtest is not None
    rivals = compare(report.scores, report.model)
    when = f"At {counted(report.backtest['cutoff'].nunique(), 'cutoff')} in the past"
    if len(report.series) > 1:
        if not rivals:
            return ""
        wide = tables.scores_by_series(report.scores, [report.model, rivals[0].baseline]).dropna()
        ours, theirs = wide[report.model], wide[rivals[0].baseline]
        won = int(((ours < theirs) & ~tied(ours, theirs)).sum())
        return (
            f"{when}, {report.model} was nearer to what came than {rivals[0].baseline} on {won} of "
            f"{len(wide)} series."
        )
    errors = report.scores.overall[report.scores.overall["metric"] == "mae"].set_index("model")["value"]
    shown = [report.model, *(each.baseline for each in rivals[:1])]
    places = decimals(errors[shown])
    by = [number(float(errors[name]), places) for name in shown]
    rival = f", {shown[1]} by {by[1]}" if len(by) > 1 else ""
    known = np.isfinite(errors[report.model])
    return f"{when}, {report.model} missed by {by[0]} on average{rival}." if known else ""
