"""Learning curves: validation loss by epoch, of the network as given and of one placement beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from normcast.errors import counted
from normcast.pages.page import Figure, Key, Section
from normcast.pages.percent import percent
from normcast.report.of_study.bands import Band, draw_bands
from normcast.report.of_study.reading import best_first
from normcast.report.of_study.values import StudyReport
from normcast.study import BASELINE, StudyResult
from normcast.study.statistics import Effect

BEST, WORST = 3, 2
LOW, HIGH = 25, 75  # percentiles of the band
TALLEST = 1.5  # times the usual range: an early loss that is far above is cut off


def curves_section(report: StudyReport) -> Section | None:
    """The most notable placements, and folded the others."""
    result = report.result
    bands = {name: band for name in result.names if (band := band_of(result, name)) is not None}
    if BASELINE not in bands or len(bands) < 2:
        return None
    ranked = [each for each in best_first(result.comparison.effects) if each.name in bands]
    shown = notable(ranked)
    limits = limits_of(list(bands.values()))
    figures = {each.name: _figure(report, each, bands, limits) for each in ranked}
    others = tuple(figures[each.name] for each in ranked if each not in shown)
    return Section(
        "learning",
        "How they learnt",
        text=(_text(report),),
        legend=(
            Key("the placement: middle half of the seeds, and their median", "ours"),
            Key("the network as given, likewise", "tone-1", dash="7 2"),
        ),
        figures=tuple(figures[each.name] for each in shown),
        more=others,
        more_title=f"The other {counted(len(others), 'placement')}" if others else "",
    )


def notable(ranked: Sequence[Effect]) -> list[Effect]:
    """Return the best and the worst, best first; all of them where there are few."""
    return [*ranked[:BEST], *ranked[max(BEST, len(ranked) - WORST) :]]


def _text(report: StudyReport) -> str:
    failed = sum(trial.failed for trial in report.result.final)
    left_out = (
        f" {counted(failed, 'training')} that failed {'is' if failed == 1 else 'are'} left out."
        if failed
        else ""
    )
    folds = "its folds averaged; " if int(report.facts["folds"]) > 1 else ""
    return (
        f"Loss on the validation windows, by epoch: for each seed {folds}the line is the median over "
        "seeds. A training that stopped early is drawn on with its last loss. Epoch 0 is before "
        f"training.{left_out}"
    )


def band_of(result: StudyResult, name: str) -> Band | None:
    """Return lower end, median and upper end over seeds, (epochs + 1,); None where nothing finished."""
    runs: dict[int, list[list[float]]] = {}
    for trial in result.final:
        if trial.placement == name and not trial.failed and trial.history.get("val_loss"):
            runs.setdefault(trial.seed, []).append(trial.history["val_loss"])
    folds = int(result.facts["folds"])
    whole = [each for each in runs.values() if len(each) == folds]
    if not whole:
        return None
    longest = max(len(curve) for each in whole for curve in each)
    table = np.array([np.mean([_held(curve, longest) for curve in each], axis=0) for each in whole])
    low, middle, high = np.percentile(table, [LOW, 50, HIGH], axis=0)
    return low, middle, high


def _held(curve: Sequence[float], length: int) -> np.ndarray:
    return np.array([*curve, *[curve[-1]] * (length - len(curve))], dtype=float)


def limits_of(bands: Sequence[Band]) -> tuple[float, float]:
    """Return the ends of the loss axis, the same for all figures; the first epochs may run out of it."""
    known = np.concatenate([np.concatenate(band) for band in bands])
    known = known[np.isfinite(known)]
    late = np.concatenate([np.concatenate([each[1:] for each in band]) for band in bands])
    late = late[np.isfinite(late)] if np.isfinite(late).any() else known
    low = float(known.min())
    high = min(float(known.max()), low + TALLEST * (float(np.percentile(late, 97)) - low))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _figure(
    report: StudyReport, effect: Effect, bands: dict[str, Band], limits: tuple[float, float]
) -> Figure:
    label = f"Validation loss by epoch, {effect.name} and the network as given"
    drawing = draw_bands([(bands[BASELINE], "tone-1"), (bands[effect.name], "ours")], limits, label)
    note = f"{effect.verdict}, {percent(effect.effect)}"
    return Figure(effect.name, drawing, note)
