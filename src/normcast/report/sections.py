"""The sections of a forecast report, in the order a reader asks: is it good, what does it say, why believe it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from normcast.report import charts, tables
from normcast.report.drawing import DASHES, inline_svg, tones_of
from normcast.report.page import Figure, Key, Page, Section
from normcast.report.timeline import timeline
from normcast.report.values import PARTS, ForecastReport
from normcast.report.verdict import compare, judge, main_metric
from normcast.report.words import duration, number, decimals, stamp, steps

SHOWN = 6  # series that get a chart
FOLDS = 3  # latest folds that get a chart
OPEN = 2  # series whose folds are shown unasked

TERMS = {
    "mase": (
        "MASE",
        "Mean absolute error, divided by the error that repeating the last season made in the rows before the fold."
        " No unit; below 1 is a smaller error than that. Lower is better.",
    ),
    "mae": ("MAE", "Mean absolute error, in the unit of the data. Lower is better."),
    "rmse": (
        "RMSE",
        "Root of the mean squared error, in the unit of the data; large misses weigh more. Lower is better.",
    ),
    "smape": (
        "sMAPE",
        "Error in percent of the mean size of forecast and value, as in the M4 competition: 0 to 200. Lower is better.",
    ),
    "scaled_crps": (
        "scaled CRPS",
        "How far the whole forecast distribution, not only its middle, is from what happened, relative to the size of"
        " the data. Lower is better.",
    ),
    "coverage": (
        "inside 80 %, ...",
        "Share of the values that fell inside the interval of that level. It should be near the level: less means"
        " too sure, more means too cautious.",
    ),
    "interval": (
        "95 % interval",
        "Of the mean difference over folds, by Student's t. If it includes zero, the difference may be chance. Folds"
        " that lie close in time are more alike than it assumes.",
    ),
}


def page_of(report: ForecastReport) -> Page:
    """Compose the page of a forecast report."""
    verdict = judge(report.scores, report.model)
    sections = [
        _scoreboard(report),
        _forecast(report),
        _backtest(report),
        _by_step(report),
        _by_series(report),
        _split(report),
        _learning(report),
        _notes(report),
        _settings(report),
        _again(report),
    ]
    kept = tuple(section for section in sections if section is not None)
    return Page(
        _title(report), report.model, _facts(report), verdict.tone, verdict.answer, verdict.detail, kept
    )


def _title(report: ForecastReport) -> str:
    if report.forecast is None:
        return f"{report.target}: back-test, {steps(report.h, report.freq)} ahead"
    return f"{report.target}: the next {steps(report.h, report.freq)}"


def _facts(report: ForecastReport) -> str:
    count, rows = len(report.series), int(report.series["rows"].sum())
    first, last = stamp(report.series["first"].min()), stamp(report.series["last"].max())
    return f"{report.source} · {count} series · {rows:,} rows · {first} to {last} · network {report.network}"


def _scoreboard(report: ForecastReport) -> Section | None:
    if report.scores is None:
        return None
    comparisons = compare(report.scores, report.model)
    models = tables.models_in(report)
    shown = [metric for metric in TERMS if metric != "coverage" or report.levels]
    found = [tables.scoreboard(report.scores, models, report.levels)]
    if comparisons:
        found.append(tables.duels(comparisons, report.model, main_metric(report.scores)))
    return Section(
        "scores",
        "Scoreboard",
        text=(
            f"Every model forecast the same {_count(report)} from the rows before each cutoff alone, and was then"
            " compared with what happened.",
        ),
        tables=tuple(found),
        terms=tuple(TERMS[metric] for metric in shown),
        bullets=report.scores.notes,
    )


def _count(report: ForecastReport) -> str:
    assert report.backtest is not None
    folds = report.backtest["cutoff"].nunique()
    return f"{steps(report.h, report.freq)}, {folds} time{'s' if folds != 1 else ''} ({folds} fold{'s' if folds != 1 else ''})"


def _forecast(report: ForecastReport) -> Section | None:
    if report.forecast is None:
        return None
    figures, numbers = [], []
    for name in _shown(report):
        ahead = report.forecast[report.forecast["unique_id"] == name]
        chart = charts.forecast_chart(_tail(report, name), ahead, report.model, report.levels)
        label = f"Forecast of {report.target} for {name}, {stamp(ahead['ds'].iloc[0])} to {stamp(ahead['ds'].iloc[-1])}"
        figures.append(Figure(str(name), inline_svg(chart, label), _rank(report, name)))
        if report.h <= charts.POINTS:
            numbers.append(tables.forecast_table(report, name, f"Forecast of {report.target} for {name}"))
    text = _which(report)
    return Section(
        "forecast",
        "Forecast",
        text=(text,) if text else (),
        legend=_forecast_keys(report, actual="observed"),
        figures=tuple(figures),
        tables=tuple(numbers),
        folded="The same in numbers" if numbers else "",
    )


def _forecast_keys(report: ForecastReport, actual: str) -> tuple[Key, ...]:
    keys = [Key(actual, "ink"), Key(f"{report.model} (median)", "ours")]
    ordered = sorted(report.levels)
    bands = [
        Key(f"{level:g} % interval", "ours", "band", opacity=_shade(i, len(ordered)))
        for i, level in enumerate(ordered)
    ]
    return (*keys, *bands)


def _shade(place: int, count: int) -> float:
    """Return how dark a band looks: narrower ones lie on all the wider ones."""
    return 1 - (1 - charts.BAND) ** (count - place)


def _which(report: ForecastReport) -> str:
    count = len(report.series)
    if count <= SHOWN:
        return ""
    how = (
        "the ones it forecasts best, typically and worst in the back-test"
        if report.scores is not None
        else "the first"
    )
    return f"{min(SHOWN, count)} of {count} series are drawn: {how}. The output file has them all."


def _shown(report: ForecastReport, most: int = SHOWN) -> list[object]:
    """Return the series to draw: all, or some spread evenly from the best scored to the worst."""
    names = report.series["unique_id"].tolist()
    if len(names) <= most:
        return names
    ranked = _ranking(report)
    if len(ranked) < most:
        return names[:most]
    return [ranked[int(i)] for i in np.linspace(0, len(ranked) - 1, most).round()]


def _ranking(report: ForecastReport) -> list[object]:
    """Return the scored series, best first."""
    if report.scores is None:
        return []
    table = report.scores.by_series
    mine = table[(table["model"] == report.model) & (table["metric"] == main_metric(report.scores))]
    return mine.dropna(subset="value").sort_values("value", kind="stable")["unique_id"].tolist()


def _rank(report: ForecastReport, name: object) -> str:
    """Return a series' score in words: "MASE 0.71, rank 3 of 300"."""
    ranking = _ranking(report)
    if report.scores is None or name not in ranking:
        return ""
    metric = main_metric(report.scores)
    table = report.scores.by_series
    mine = table[(table["model"] == report.model) & (table["metric"] == metric)].set_index("unique_id")[
        "value"
    ]
    score = f"{tables.HEADS[metric]} {number(mine[name], decimals(mine))}"
    return score if len(ranking) <= SHOWN else f"{score}, {ranking.index(name) + 1} of {len(ranking)}"


def _tail(report: ForecastReport, name: object, before: object = None) -> pd.DataFrame:
    """Return the last rows of a series, up to a cutoff: enough to see its season and its level."""
    mine = report.history[report.history["unique_id"] == name]
    if before is not None:
        mine = mine[mine["ds"] <= before]
    return mine.tail(min(max(3 * report.h, 2 * report.season), 300))


def _backtest(report: ForecastReport) -> Section | None:
    if report.backtest is None or report.scores is None:
        return None
    comparisons = compare(report.scores, report.model)
    tones = tones_of(report.model, tables.models_in(report))
    rivals = {c.baseline: tones[c.baseline] for c in comparisons[:1]}
    cutoffs = sorted(report.backtest["cutoff"].unique())[-FOLDS:]
    figures = [
        _fold_figure(report, name, cutoff, rivals) for name in _shown(report, OPEN) for cutoff in cutoffs
    ]
    keys = [*_forecast_keys(report, actual="what happened")]
    keys += [Key(f"{name} (best baseline)", tone, dash=DASHES[tone]) for name, tone in rivals.items()]
    return Section(
        "backtest",
        "What it would have said",
        text=(_backtest_text(report, len(cutoffs)),),
        legend=tuple(keys),
        figures=tuple(figures),
    )


def _backtest_text(report: ForecastReport, drawn: int) -> str:
    assert report.backtest is not None
    folds, series = report.backtest["cutoff"].nunique(), len(report.series)
    parts = [f"the last {drawn} of {folds} folds"] if folds > drawn else []
    parts += [f"{OPEN} of {series} series"] if series > OPEN else []
    shown = f" Drawn: {' and '.join(parts)}." if parts else ""
    return f"Left of the dashed line is what the model knew; right of it, its forecast and what then happened.{shown}"


def _fold_figure(report: ForecastReport, name: object, cutoff: object, rivals: dict[str, str]) -> Figure:
    assert report.backtest is not None
    rows = report.backtest[(report.backtest["unique_id"] == name) & (report.backtest["cutoff"] == cutoff)]
    chart = charts.fold_chart(_tail(report, name, cutoff), rows, report.model, rivals, report.levels)
    title = f"{name}, from {stamp(rows['ds'].iloc[0])}"
    return Figure(title, inline_svg(chart, f"Back-test of {report.target} for {title}"))


def _by_step(report: ForecastReport) -> Section | None:
    if report.scores is None or report.backtest is None:
        return None
    metric = main_metric(report.scores)
    word, tones = tables.HEADS[metric], tones_of(report.model, tables.models_in(report))
    legend = [Key(name, tone, dash=DASHES[tone]) for name, tone in tones.items()]
    figures = []
    if report.h > 1:
        steps_ = report.scores.by_step
        chart = charts.score_chart(steps_[steps_["metric"] == metric], "step", tones, "step of the horizon")
        figures.append(
            Figure(f"{word} by step", inline_svg(chart, f"{word} of each model by step of the horizon"))
        )
    folds = report.scores.by_cutoff[report.scores.by_cutoff["metric"] == metric]
    if folds["cutoff"].nunique() > 1:
        numbered = folds.assign(fold=folds["cutoff"].rank(method="dense").astype(int))
        chart = charts.score_chart(numbered, "fold", tones, "fold, oldest first", points=True)
        figures.append(Figure(f"{word} by fold", inline_svg(chart, f"{word} of each model by fold")))
    covered = report.scores.by_step["metric"].str.startswith("coverage-").any()
    if covered and report.levels and report.h > 1:
        per_step = len(report.backtest) // report.h
        chart = charts.coverage_chart(report.scores.by_step, report.model, report.levels, per_step)
        title = f"Values inside {report.model}'s intervals"
        jumpy = f" Only {per_step} values per step, so it jumps." if per_step < 100 else ""
        note = f"Dotted: where it should be.{jumpy}"
        keys = [
            Key(f"{level:g} % interval", charts.LEVEL_TONES[i % len(charts.LEVEL_TONES)])
            for i, level in enumerate(report.levels)
        ]
        label = f"{title} by step of the horizon"
        figures.append(Figure(title, inline_svg(chart, label), note, tuple(keys)))
    if not figures:
        return None
    return Section("steps", "Where the error comes from", legend=tuple(legend), figures=tuple(figures))


def _by_series(report: ForecastReport) -> Section | None:
    if report.scores is None or len(report.series) < 2:
        return None
    comparisons = compare(report.scores, report.model)
    if not comparisons:
        return None
    rival, metric = comparisons[0].baseline, main_metric(report.scores)
    table = report.scores.by_series[report.scores.by_series["metric"] == metric]
    wide = table.pivot_table(index="unique_id", columns="model", values="value").dropna(
        subset=[report.model, rival]
    )
    won = int((wide[report.model] < wide[rival]).sum())
    figures: tuple[Figure, ...] = ()
    if len(wide) > 2 * SHOWN:
        word = tables.HEADS[metric]
        chart = charts.rivalry_chart(
            wide[report.model], wide[rival], (f"{word} of {report.model}", f"{word} of {rival}")
        )
        label = f"{word} of each series: {report.model} across, {rival} up"
        figures = (
            Figure(
                "One dot per series", inline_svg(chart, label), f"Above the line {report.model} is better."
            ),
        )
    return Section(
        "series",
        "Series by series",
        text=(f"{report.model} has the smaller error on {won} of {len(wide)} series, against {rival}.",),
        figures=figures,
        tables=tables.series_tables(report.scores, report.model, rival),
    )


def _split(report: ForecastReport) -> Section | None:
    drawn = timeline(report.split)
    if drawn is None:
        return None
    cut = f" Training begins at {drawn.began}, left of what is drawn." if drawn.began else ""
    used = [part for part in PARTS if any(piece.part == part for piece in report.split)]
    words = {
        "train": "train: the weights and the scaling come from here",
        "validation": "validation: chose when to stop and the ridge's penalty",
        "calibration": "calibration: set the width of the intervals",
        "test": "test: scored, and seen by nothing before",
        "forecast": "forecast: not known yet",
    }
    return Section(
        "split",
        "How the rows were split",
        text=(f"Always in the order of time. Each fold starts from fresh weights.{cut}",),
        legend=tuple(Key(words[part], f"part-{part}", "band") for part in used),
        timeline=drawn,
    )


def _learning(report: ForecastReport) -> Section | None:
    if not report.curves:
        return None
    folds = list(dict.fromkeys(curve.fold for curve in report.curves))
    figures = []
    for fold in folds[-SHOWN:]:
        mine = [curve for curve in report.curves if curve.fold == fold]
        best = ", ".join(str(curve.best_epoch) for curve in mine)
        note = f"Best epoch of each seed: {best}." if len(mine) > 1 else f"Best epoch: {best}."
        figures.append(Figure(fold, inline_svg(charts.curve_chart(mine), f"Loss by epoch, {fold}"), note))
    text = "Each seed is one training run from its own random start; its weights are those of its best epoch."
    if any(curve.best_epoch == 0 for curve in report.curves):
        text += " Epoch 0 is the start: training did not improve on it, and it was kept."
    legend = (
        Key("validation loss", "ours"),
        Key("training loss", "ours", "line", opacity=0.55),
        Key("best epoch", "ink", "dot"),
    )
    return Section("learning", "How it learnt", text=(text,), legend=legend, figures=tuple(figures))


def _notes(report: ForecastReport) -> Section | None:
    if not report.notes:
        return None
    return Section("notes", "Notes on the data and the run", bullets=report.notes)


def _settings(report: ForecastReport) -> Section | None:
    found = []
    for caption, head, pairs in (
        ("Settings", ("setting", "value"), {k: _plain(v) for k, v in report.settings.items()}),
        ("Versions", ("package", "version"), dict(report.versions)),
        ("Time", ("stage", "duration"), {k: duration(v) for k, v in report.seconds.items()}),
    ):
        if pairs:
            found.append(tables.pairs_table(caption, head, list(pairs.items())))
    return Section("settings", "Settings", tables=tuple(found)) if found else None


def _plain(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _again(report: ForecastReport) -> Section | None:
    code = [
        (name, text) for name, text in (("Command line", report.command), ("Python", report.python)) if text
    ]
    if not code:
        return None
    return Section("again", "Do it again", code=tuple(code))
