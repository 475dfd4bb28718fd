"""Reading: what a study's values say, in the forms that several sections need."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from math import isfinite, isnan
from statistics import median

import numpy as np

from normcast.report.of_study.values import StudyReport
from normcast.report.of_study.words import AXIS_TITLES
from normcast.study import AXES, BASELINE, StudyResult, Trial
from normcast.study.statistics import Effect, enough_seeds

LARGE = 2.0  # standard deviations: what so few seeds as are advised would find


def best_first(effects: Sequence[Effect]) -> list[Effect]:
    """Return effects with the largest fall of the error first; those without a score last."""
    return sorted(effects, key=lambda each: (isnan(each.effect), each.effect, each.name))


def by_axis(result: StudyResult) -> list[tuple[str, list[Effect]]]:
    """Return (title, effects) per axis, in the order of the axes, those of the user's own last."""
    order = (*AXES, "combined")
    found: dict[str, list[Effect]] = {}
    for effect in result.comparison.effects:
        found.setdefault(result.placement(effect.name).axis, []).append(effect)
    axes = sorted(found, key=lambda axis: (order.index(axis) if axis in order else len(order), axis))
    alone = len(axes) == 1
    return [(_axis_title(axis, alone), best_first(found[axis])) for axis in axes]


def _axis_title(axis: str, alone: bool) -> str:
    if not axis:
        return "Placements given by name" if alone else "Others, given by name"
    return AXIS_TITLES.get(axis, axis)


def level_of(report: StudyReport, name: str) -> str:
    """Return the name of a placement without the layer it is about."""
    placement = report.result.placement(name)
    return placement.level or name


def typical_detectable(effects: Sequence[Effect]) -> float:
    """Return the effect that half of the placements would have shown four times out of five; NaN if none."""
    known = [each.detectable for each in effects if isfinite(each.detectable)]
    return median(known) if known else float("nan")


def fewest_seeds(n_placements: int) -> int:
    """Return the fewest seeds that find a large difference among so many placements.

    >>> fewest_seeds(22)
    9
    """
    return next(n for n in count(2) if enough_seeds(n, n_placements).detectable <= LARGE)


def still_learning(result: StudyResult) -> float:
    """Return the share of the baseline's trainings whose best epoch was the last one allowed."""
    mine = [each for each in result.final if each.placement == BASELINE and not each.failed]
    return sum(each.best_epoch >= each.epochs for each in mine) / len(mine) if mine else 0.0


def counted_trials(result: StudyResult) -> tuple[Trial, ...]:
    """Return the trials that the comparison counts: of the last round, on seeds that all have finished."""
    return tuple(t for t in result.final if t.placement in result.names and t.seed in result.seeds)


def mean_scores(result: StudyResult, metric: str) -> dict[str, float]:
    """Return the mean of a metric per placement, over the seeds that finished; NaN where none did."""
    found = {}
    for name, table in result.values(lambda trial: trial.metrics.get(metric, float("nan"))).items():
        seeds = table.mean(axis=1)
        known = seeds[np.isfinite(seeds)]
        found[name] = float(known.mean()) if len(known) else float("nan")
    return found


def other_metrics(result: StudyResult) -> list[str]:
    """Return the metrics beside the one that decides, in the order they were measured."""
    known = next((t.metrics for t in result.final if t.metrics), {})
    return [name for name in known if name != result.metric]


def tied_with(result: StudyResult, name: str) -> set[str]:
    """Return the placements that the ranking cannot tell from this one."""
    return {each for clique in result.ranking.cliques if name in clique for each in clique} - {name}
