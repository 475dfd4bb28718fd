"""The tables of a report as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

import pandas as pd

from normcast.errors import counted
from normcast.pages.page import Cell, Table
from normcast.pages.percent import percent
from normcast.pages.words import decimals, number, stamp
from normcast.report.of_forecast.terms import HEADS
from normcast.report.of_forecast.values import ForecastReport
from normcast.report.of_forecast.verdict import Duel, main_metric
from normcast.scoring import METRICS, Scores, models_of

MOST_ROWS = 2_000
"""Steps of a forecast that are printed in numbers, of all series together."""


def scoreboard(scores: Scores, models: Sequence[str], levels: Sequence[float]) -> Table:
    """One row per model, best first, one column per metric; the best of a column is marked.

    Of a coverage, the best is the one nearest to its level.
    """
    metrics = [*METRICS, *(f"{kind}-{level:g}" for kind in ("coverage", "near") for level in levels)]
    wide = scores.overall.pivot_table(index="model", columns="metric", values="value", dropna=False)
    wide = wide.reindex(index=list(models), columns=metrics).dropna(axis="columns", how="all")
    wide = wide.sort_values(main_metric(scores), kind="stable")
    columns = [_metric_cells(metric, wide[metric].tolist()) for metric in wide.columns]
    rows = [
        (Cell(str(model), number=False), *cells) for model, *cells in zip(wide.index, *columns, strict=True)
    ]
    head = ("model", *(_head(metric) for metric in wide.columns))
    return Table(
        "Scores of the back-test, mean over series and folds. ★ is the best of its column.", head, tuple(rows)
    )


def _metric_cells(metric: str, values: list[float]) -> list[Cell]:
    kind, _, level = metric.partition("-")
    distances = [abs(v - float(level)) if kind == "coverage" else -v if kind == "near" else v for v in values]
    best = min((d for d in distances if isfinite(d)), default=nan)
    places = {"coverage": 1, "near": 0}.get(kind, decimals(values))
    texts = [number(v, places) + (" %" if level and isfinite(v) else "") for v in values]
    winner = texts[distances.index(best)] if isfinite(best) else ""  # who prints the same is as good
    return [Cell(text, best=text == winner) for text in texts]


def _head(metric: str) -> str:
    kind, _, level = metric.partition("-")
    return HEADS[metric] if not level else f"series near {level} %" if kind == "near" else f"inside {level} %"


def duels(comparisons: Sequence[Duel], model: str, metric: str) -> Table:
    """Our model against each baseline: how far apart, and whether folds agree."""
    words = {"better": "better", "worse": "worse", "open": "could be chance"}
    places = decimals([c.difference for c in comparisons], digits=2)
    rows = [
        (
            Cell(c.baseline, number=False),
            Cell(percent(c.change)),
            Cell("–" if c.folds == 1 else f"{number(c.low, places)} to {number(c.high, places)}"),
            Cell(f"{c.won} of {c.folds}"),
            Cell(words[c.outcome], number=False),
        )
        for c in comparisons
    ]
    head = (
        "against",
        f"{HEADS[metric]} of {model}",
        "95 % interval of the difference",
        "folds won",
        "verdict",
    )
    return Table(f"{model} against each baseline, fold by fold", head, tuple(rows))


def series_tables(scores: Scores, model: str, baseline: str, most: int = 10) -> tuple[Table, ...]:
    """Scores per series: all of them, or the worst and the best when there are many.

    Ordered by our score, the worst first.
    """
    wide = scores_by_series(scores, [model, baseline]).sort_values(model, ascending=False, kind="stable")
    wide = wide[wide[model].notna()]
    metric = HEADS[main_metric(scores)]
    if len(wide) <= 2 * most:
        return (_series_table(wide, model, baseline, f"{metric} of each series, worst first"),)
    return (
        _series_table(
            wide.head(most), model, baseline, f"{metric} of the {most} worst of {len(wide)} series"
        ),
        _series_table(
            wide.tail(most)[::-1], model, baseline, f"{metric} of the {most} best of {len(wide)} series"
        ),
    )


def scores_by_series(scores: Scores, models: list[str]) -> pd.DataFrame:
    """Return the main score of these models, one row per series and one column per model."""
    chosen = scores.by_series[scores.by_series["metric"] == main_metric(scores)]
    wide = chosen.pivot_table(index="unique_id", columns="model", values="value", dropna=False)
    return wide.reindex(columns=models)


def _series_table(wide: pd.DataFrame, model: str, baseline: str, caption: str) -> Table:
    places = decimals(wide.to_numpy().ravel())
    rows = []
    for name, ours, theirs in zip(wide.index, wide[model], wide[baseline], strict=True):
        rows.append(
            (
                Cell(str(name), number=False),
                Cell(number(ours, places), best=round(ours, places) <= round(theirs, places)),
                Cell(number(theirs, places), best=round(theirs, places) <= round(ours, places)),
                Cell(percent(ours / theirs - 1 if theirs else nan)),
            )
        )
    return Table(caption, ("series", model, baseline, "difference"), tuple(rows), narrow=True)


def forecast_tables(report: ForecastReport, apart: int) -> tuple[Table, ...]:
    """The forecast in numbers: a table for each series, or one of all where they are more than so many apart.

    Each scrolls in a box as high as some steps; of many rows, the first of each series are printed.
    """
    assert report.forecast is not None
    groups = list(report.forecast.groupby("unique_id", sort=False, observed=True))
    first = max(1, MOST_ROWS // max(1, len(groups)))
    shown = [(str(name), ahead.head(first)) for name, ahead in groups[:MOST_ROWS]]
    printed, rows = sum(len(ahead) for _, ahead in shown), len(report.forecast)
    cut = f": the first {first} of {report.h} steps" if printed < rows else f": {counted(report.h, 'step')}"
    if len(shown) <= apart:
        return tuple(_forecast_table(report, f"Forecast of {each[0]}{cut}", [each]) for each in shown)
    return (_forecast_table(report, f"Forecast of all {len(groups)} series{cut}", shown, named=True),)


def _forecast_table(
    report: ForecastReport, caption: str, parts: Sequence[tuple[str, pd.DataFrame]], named: bool = False
) -> Table:
    """The rows of some series; parts: name, and `ds, <model>, <model>-lo-<level>, ...`."""
    model = report.model
    known = [level for level in report.levels if f"{model}-lo-{level:g}" in parts[0][1].columns]
    columns = [model, *(f"{model}-{side}-{level:g}" for level in known for side in ("lo", "hi"))]
    rows = []
    for name, ahead in parts:
        places = decimals(ahead[model])
        for ds, values in zip(ahead["ds"], ahead[columns].to_numpy(), strict=True):
            lead = (Cell(name, number=False), Cell(stamp(ds))) if named else (Cell(stamp(ds), number=False),)
            rows.append((*lead, *(Cell(number(each, places)) for each in values)))
    bounds = [f"{word} {level:g} %" for level in known for word in ("low", "high")]
    head = (*(("series",) if named else ()), "stamp", "forecast", *bounds)
    return Table(caption, head, tuple(rows), narrow=not named, tall=True)


def pairs_table(caption: str, head: tuple[str, str], pairs: Sequence[tuple[str, str]]) -> Table:
    """Two columns of text: a name and its value.

    >>> pairs_table("Versions", ("package", "version"), [("keras", "3.15.1")]).rows[0][1].text
    '3.15.1'
    """
    rows = tuple((Cell(a, number=False), Cell(b, number=False)) for a, b in pairs)
    return Table(caption, head, rows, narrow=True)


def models_in(report: ForecastReport) -> list[str]:
    """Return the names of the scored models, ours first."""
    if report.backtest is None:
        return [report.model]
    return [report.model, *(name for name in models_of(report.backtest) if name != report.model)]
