"""Reading: what a study's values say, in the forms that several sections need."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan
from statistics import median
from typing import Any

from normcast.plain import parsed
from normcast.report.of_study.values import StudyReport
from normcast.report.of_study.words import AXIS_TITLES
from normcast.study import AXES, BASELINE, StudyResult, Trial
from normcast.study.statistics import Effect


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


def training_of(result: StudyResult) -> dict[str, Any]:
    """Return how all networks were trained, by setting."""
    given = result.facts.get("training", "{}")
    return dict(parsed(given, "training") if isinstance(given, str) else given)


def still_learning(result: StudyResult) -> float:
    """Return the share of the baseline's trainings whose best epoch was the last one allowed.

    0 where the learning rate falls to nothing: there the last epoch is the best of a training that is done.
    """
    if training_of(result).get("schedule"):
        return 0.0
    mine = [each for each in result.final if each.placement == BASELINE and not each.failed]
    return sum(each.best_epoch >= each.epochs for each in mine) / len(mine) if mine else 0.0


def counted_trials(result: StudyResult) -> tuple[Trial, ...]:
    """Return the trials that the comparison counts: of the last round, on the seeds that count."""
    return tuple(trial for trial in result.final if trial.seed in result.seeds_of.get(trial.placement, ()))


def tied_with(result: StudyResult, name: str) -> set[str]:
    """Return the placements that the ranking cannot tell from this one."""
    return {each for clique in result.ranking.cliques if name in clique for each in clique} - {name}
