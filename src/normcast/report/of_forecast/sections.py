"""A forecast report's sections, in the order a reader asks: what does it say, is it good, why believe it."""

from __future__ import annotations

from collections.abc import Sequence

from normcast.errors import counted
from normcast.pages.page import Key, Page, Section
from normcast.pages.words import duration, stamp, steps
from normcast.report.of_forecast import tables, terms
from normcast.report.of_forecast.pictures import (
    backtest_section,
    error_section,
    forecast_section,
    learning_section,
    rivalry_figure,
)
from normcast.report.of_forecast.timeline import timeline
from normcast.report.of_forecast.trust import opening
from normcast.report.of_forecast.values import PARTS, ForecastReport
from normcast.report.of_forecast.verdict import compare, judge, main_metric, tied


def forecast_page(report: ForecastReport) -> Page:
    """Compose the page of a forecast report; a section without values is left out."""
    sections = [
        forecast_section(report),
        scoreboard_section(report),
        backtest_section(report),
        error_section(report),
        series_section(report),
        split_section(report),
        learning_section(report),
        notes_section(report),
        settings_section(report),
        again_section(report),
    ]
    kept = tuple(section for section in sections if section is not None)
    return Page(_title(report), report.model, _facts(report), opening(report), kept)


def _title(report: ForecastReport) -> str:
    ahead = steps(report.h, report.freq)
    return (
        f"{report.target}: back-test, {ahead} ahead"
        if report.forecast is None
        else f"{report.target}: the next {ahead}"
    )


def _facts(report: ForecastReport) -> str:
    first, last = stamp(report.series["first"].min()), stamp(report.series["last"].max())
    rows, count = f"{int(report.series['rows'].sum()):,} rows", len(report.series)
    return f"{report.source} · {count} series · {rows} · {first} to {last} · model {report.network}"


def scoreboard_section(report: ForecastReport) -> Section | None:
    """All models in one table, ours against each baseline in another, and what the numbers mean."""
    if report.scores is None or report.backtest is None:
        return None
    comparisons = compare(report.scores, report.model)
    found = [tables.scoreboard(report.scores, tables.models_in(report), report.levels)]
    if comparisons:
        found.append(tables.duels(comparisons, report.model, main_metric(report.scores)))
    folds = counted(report.backtest["cutoff"].nunique(), "fold")
    text = (
        f"In {folds}, every model forecast the same {steps(report.h, report.freq)} from the rows before them"
        " alone, and was then compared with what happened. This is the back-test."
    )
    evidence = judge(report.scores, report.model).detail if comparisons else ""
    models = [(name, words) for name in tables.models_in(report) if (words := terms.of_model(name))]
    several = report.scores.overall["metric"].str.startswith("near-").any()
    intervals = (*terms.INTERVALS, *((terms.NEAR,) if several else ())) if report.levels else ()
    meanings = (terms.FOLD, *models, *terms.SCORES, *intervals, terms.NOISE)
    return Section(
        "scores",
        "Scoreboard",
        text=(text, *([evidence] if evidence else [])),
        tables=tuple(found),
        terms=meanings,
        bullets=report.scores.notes,
    )


def series_section(report: ForecastReport) -> Section | None:
    """Ours against the best baseline, series by series."""
    if report.scores is None or len(report.series) < 2:
        return None
    comparisons = compare(report.scores, report.model)
    if not comparisons:
        return None
    rival = comparisons[0].baseline
    wide = tables.scores_by_series(report.scores, [report.model, rival]).dropna()
    same = tied(wide[report.model], wide[rival])
    won = int(((wide[report.model] < wide[rival]) & ~same).sum())
    draws = f" On {int(same.sum())} the two are equal." if same.any() else ""
    figure = rivalry_figure(report, rival)
    return Section(
        "series",
        "Series by series",
        text=(
            f"{report.model} has the smaller error on {won} of {len(wide)} series, against {rival}.{draws}",
        ),
        figures=() if figure is None else (figure,),
        tables=tables.series_tables(report.scores, report.model, rival),
    )


def split_section(report: ForecastReport) -> Section | None:
    """What each stretch of rows was used for."""
    drawn = timeline(report.split)
    if drawn is None:
        return None
    used = [part for part in PARTS if any(piece.part == part for piece in report.split)]
    cut = f" Training begins at {drawn.began}, left of what is drawn." if drawn.began else ""
    return Section(
        "split",
        "How the rows were split",
        text=(f"Always in the order of time.{cut}",),
        legend=tuple(Key(terms.PARTS[part], f"part-{part}", "band") for part in used),
        timeline=drawn,
    )


def notes_section(report: ForecastReport) -> Section | None:
    """What a reader should know about the data and the run."""
    return Section("notes", "Notes on the data and the run", bullets=report.notes) if report.notes else None


def settings_section(report: ForecastReport) -> Section | None:
    """Settings, versions and durations, as far as they are known."""
    durations = {stage: duration(seconds) for stage, seconds in report.seconds.items()}
    if durations and len(durations) > 1:
        durations["together"] = duration(sum(report.seconds.values()))
    settings = {name: _plain(value) for name, value in report.settings.items()}
    found = [
        tables.pairs_table("Settings", ("setting", "value"), list(settings.items())),
        tables.pairs_table("Versions", ("package", "version"), list(report.versions.items())),
        tables.pairs_table("Time", ("stage", "duration"), list(durations.items())),
    ]
    kept = tuple(table for table in found if table.rows)
    return Section("settings", "Settings and versions", tables=kept) if kept else None


def _plain(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def again_section(report: ForecastReport) -> Section | None:
    """The code that makes this report again."""
    code = tuple(
        (name, text) for name, text in (("Command line", report.command), ("Python", report.python)) if text
    )
    text = (report.given,) if report.given else ()
    return Section("again", "Do it again", text=text, code=code) if code else None
