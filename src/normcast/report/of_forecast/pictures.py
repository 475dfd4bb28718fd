"""The sections of a forecast report that are drawn."""

from __future__ import annotations

from typing import Any

import pandas as pd

from normcast.pages.charts import BAND, ChartSpec, forecast_chart
from normcast.pages.drawing import DASHES, ROOMY, inline_svg, tones_of
from normcast.pages.page import Figure, Key, Section
from normcast.pages.words import stamp
from normcast.report.of_forecast import charts, tables
from normcast.report.of_forecast.selection import SHOWN, choice_in_words, chosen, score_in_words, tail
from normcast.report.of_forecast.terms import HEADS, LEARNING, MEDIAN, interval_term
from normcast.report.of_forecast.values import ForecastReport
from normcast.report.of_forecast.verdict import compare, main_metric
from normcast.scoring import Scores

FOLDS = 3  # latest folds that get a chart
FOLD_SERIES = 2  # series whose folds get one


def forecast_section(report: ForecastReport) -> Section | None:
    """Each series' forecast with its last observed values, and the same in numbers."""
    if report.forecast is None:
        return None
    parts = [(name, report.forecast[report.forecast["unique_id"] == name]) for name in chosen(report)]
    parts = [(name, ahead) for name, ahead in parts if len(ahead)]
    figures = [
        _of_series(
            str(name),
            forecast_chart(tail(report, name), ahead, report.model, report.levels),
            f"Forecast of {report.target} for {name}",
            score_in_words(report, name),
            len(parts),
        )
        for name, ahead in parts
    ]
    text = (report.made_of, choice_in_words(report))
    return Section(
        "forecast",
        "Forecast",
        text=tuple(each for each in text if each),
        legend=_keys(report, actual="observed"),
        figures=tuple(figures),
        tables=tables.forecast_tables(report, SHOWN),
        terms=(MEDIAN, *map(interval_term, sorted(report.levels)[:1])),
    )


def _of_series(title: str, chart: ChartSpec, label: str, note: str, count: int) -> Figure:
    """Return a figure among so many of series: few share the width of the page."""
    usual = inline_svg(chart, label)
    if count not in ROOMY:
        return Figure(title, usual, note)
    return Figure(title, inline_svg(chart, label, ROOMY[count]), note, slim=usual)


def _keys(report: ForecastReport, actual: str) -> tuple[Key, ...]:
    """Return a legend; narrower bands lie on all the wider ones, and look darker."""
    levels = sorted(report.levels)
    shades = [1 - (1 - BAND) ** (len(levels) - place) for place in range(len(levels))]
    bands = [
        Key(f"{level:g} % interval", "ours", "band", opacity=round(shade, 3))
        for level, shade in zip(levels, shades, strict=True)
    ]
    return (Key(actual, "ink"), Key(f"{report.model} (median)", "ours"), *bands)


def backtest_section(report: ForecastReport) -> Section | None:
    """The latest folds of some series: what was forecast, and what then happened."""
    if report.backtest is None or report.scores is None:
        return None
    tones = tones_of(report.model, tables.models_in(report))
    rivals = {c.baseline: tones[c.baseline] for c in compare(report.scores, report.model)[:1]}
    cutoffs = sorted(report.backtest["cutoff"].unique())[-FOLDS:]
    pairs = [(name, cutoff) for name in chosen(report, FOLD_SERIES) for cutoff in cutoffs]
    parts = [(name, cutoff, rows) for name, cutoff in pairs if len(rows := _fold_rows(report, name, cutoff))]
    figures = [_fold_figure(report, *part, rivals, len(parts)) for part in parts]
    keys = [Key(f"{name} (best of the others)", tone, dash=DASHES[tone]) for name, tone in rivals.items()]
    return Section(
        "backtest",
        "What it would have said",
        text=(_backtest_text(report, len(cutoffs)),),
        legend=(*_keys(report, actual="what happened"), *keys),
        figures=tuple(figures),
    )


def _backtest_text(report: ForecastReport, drawn: int) -> str:
    assert report.backtest is not None
    folds, series = report.backtest["cutoff"].nunique(), len(report.series)
    parts = [f"the last {drawn} of {folds} folds"] if folds > drawn else []
    parts += [f"{FOLD_SERIES} of {series} series"] if series > FOLD_SERIES else []
    shown = f" Drawn: {' and '.join(parts)}." if parts else ""
    return (
        "Left of the dashed line is what the model knew; right of it, its forecast and what then"
        f" happened.{shown}"
    )


def _fold_rows(report: ForecastReport, name: Any, cutoff: Any) -> pd.DataFrame:
    """Return what was forecast of a series from a cutoff."""
    assert report.backtest is not None
    return report.backtest[(report.backtest["unique_id"] == name) & (report.backtest["cutoff"] == cutoff)]


def _fold_figure(
    report: ForecastReport, name: Any, cutoff: Any, rows: pd.DataFrame, rivals: dict[str, str], count: int
) -> Figure:
    chart = charts.fold_chart(tail(report, name, cutoff), rows, report.model, rivals, report.levels)
    title = f"{name}, from {stamp(rows['ds'].iloc[0])}"
    return _of_series(title, chart, f"Back-test of {report.target} for {title}", "", count)


def error_section(report: ForecastReport) -> Section | None:
    """Error by step and by fold, and what share of the values the intervals held."""
    if report.scores is None:
        return None
    tones = tones_of(report.model, tables.models_in(report))
    figures = [
        _step_figure(report.scores, tones),
        _fold_scores_figure(report.scores, tones),
        _coverage_figure(report),
    ]
    kept = tuple(figure for figure in figures if figure is not None)
    legend = tuple(Key(name, tone, dash=DASHES[tone]) for name, tone in tones.items())
    return Section("steps", "Where the error comes from", legend=legend, figures=kept) if kept else None


def _step_figure(scores: Scores, tones: dict[str, str]) -> Figure | None:
    metric = main_metric(scores)
    table = scores.by_step[scores.by_step["metric"] == metric]
    if table["step"].nunique() < 2:
        return None
    title = f"{HEADS[metric]} by step"
    chart = charts.score_chart(table, "step", tones, "step of the horizon")
    return Figure(title, inline_svg(chart, f"{title} of the horizon, for each model"))


def _fold_scores_figure(scores: Scores, tones: dict[str, str]) -> Figure | None:
    metric = main_metric(scores)
    table = scores.by_cutoff[scores.by_cutoff["metric"] == metric]
    if table["cutoff"].nunique() < 2:
        return None
    numbered = table.assign(fold=table["cutoff"].rank(method="dense").astype(int))
    title = f"{HEADS[metric]} by fold"
    chart = charts.score_chart(numbered, "fold", tones, "fold, oldest first", points=True)
    return Figure(title, inline_svg(chart, f"{title}, for each model"))


def _coverage_figure(report: ForecastReport) -> Figure | None:
    assert report.scores is not None
    assert report.backtest is not None
    mine = report.scores.by_step[report.scores.by_step["model"] == report.model]
    levels = [level for level in sorted(report.levels) if (mine["metric"] == f"coverage-{level:g}").any()]
    if not levels or report.h < 2:
        return None
    per_step = len(report.backtest) // report.h
    chart = charts.coverage_chart(mine, levels, per_step)
    title = f"Values inside {report.model}'s intervals"
    jumpy = f" Only {per_step} values per step, so it jumps." if per_step < 100 else ""
    keys = tuple(
        Key(f"{level:g} % interval", tone)
        for level, tone in zip(levels, charts.level_tones(len(levels)), strict=True)
    )
    label = f"{title} by step of the horizon"
    return Figure(title, inline_svg(chart, label), f"Dotted: where it should be.{jumpy}", keys)


def rivalry_figure(report: ForecastReport, baseline: str) -> Figure | None:
    """Draw our score against a baseline's, one dot per series, where there are too many for a table."""
    assert report.scores is not None
    metric = main_metric(report.scores)
    wide = tables.scores_by_series(report.scores, [report.model, baseline]).dropna()
    if len(wide) <= 2 * SHOWN:
        return None
    names = (f"{HEADS[metric]} of {report.model}", f"{HEADS[metric]} of {baseline}")
    chart = charts.rivalry_chart(wide[report.model], wide[baseline], names)
    label = f"{names[0]} across, {names[1]} up"
    return Figure("One dot per series", inline_svg(chart, label), f"Above the line {report.model} is better.")


def learning_section(report: ForecastReport) -> Section | None:
    """The losses of each seed, fold by fold."""
    if not report.curves:
        return None
    folds = list(dict.fromkeys(curve.fold for curve in report.curves))
    figures = []
    for fold in folds[-SHOWN:]:
        mine = [curve for curve in report.curves if curve.fold == fold]
        epochs = ", ".join(str(curve.best_epoch) for curve in mine)
        note = f"Best epoch of each seed: {epochs}" if len(mine) > 1 else f"Best epoch: {epochs}"
        figures.append(Figure(fold, inline_svg(charts.curve_chart(mine), f"Loss by epoch, {fold}"), note))
    text = "Each seed is a training run of its own; its weights are those of its best epoch."
    if any(curve.best_epoch == 0 for curve in report.curves):
        text += " Epoch 0 is the start: training did not improve on it, and it was kept."
    legend = (
        Key("validation loss", "ours"),
        Key("training loss", "ours", opacity=0.45),
        Key("best epoch", "ink", "dot"),
    )
    return Section(
        "learning", "How it learnt", text=(text,), legend=legend, figures=tuple(figures), terms=LEARNING
    )
