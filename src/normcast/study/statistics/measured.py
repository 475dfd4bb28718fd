"""Measured: what one placement's own scores say, before it is held against the others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from normcast.errors import counted
from normcast.plain import number
from normcast.study.statistics.comparison import Comparison
from normcast.study.statistics.effect import Effect
from normcast.study.statistics.paired import equivalence, spread, t_test, wilcoxon
from normcast.study.statistics.scores import RESOLUTION
from normcast.study.statistics.verdict import Rules

Interval = Callable[[np.ndarray, np.ndarray], tuple[float, float]]


def unit_of(baseline: str, given: np.ndarray, scale: float | None) -> np.ndarray:
    """Return per seed what differences are relative to; (seeds,)."""
    if scale is not None:
        if not 0 < scale < np.inf:
            raise ValueError(f"compare: scale must be a number above 0, but is {scale!r}.")
        return np.full_like(given, scale)
    known = given[np.isfinite(given)]
    if len(known) and (known.min() < 0 or known.max() == 0):
        raise ValueError(
            f"compare: scores of the baseline {baseline!r} go from {known.min():g} to {known.max():g}, so "
            f"no effect can be relative to their mean. Give scale=, such as the baseline's mean loss; in a "
            f"study, let another metric decide."
        )
    return given


def comparison_of(
    baseline: str,
    given: np.ndarray,
    effects: tuple[Effect, ...],
    rules: Rules,
    scale: float | None,
    notes: tuple[str, ...],
    looks: tuple[int, ...] = (),
) -> Comparison:
    """Return the judged effects as a comparison with the baseline, whose scores are given, (seeds,)."""
    finished = np.isfinite(given)
    return Comparison(
        baseline=baseline,
        baseline_score=number(given[finished].mean() if finished.any() else np.nan),
        baseline_failed=int((~finished).sum()),
        seeds=len(given),
        effects=effects,
        min_effect=rules.min_effect,
        alpha=rules.alpha,
        level=rules.level,
        lower_is_better=rules.lower_is_better,
        scale=number(np.nan if scale is None else scale),
        notes=notes + _baseline_note(baseline, finished),
        looks=looks,
    )


def _baseline_note(baseline: str, finished: np.ndarray) -> tuple[str, ...]:
    if finished.all():
        return ()
    failed = f"{int((~finished).sum())} of {counted(len(finished), 'seed')}"
    return (f"The baseline {baseline!r} did not finish on {failed}; no placement is compared there.",)


def measured(
    name: str,
    placement: np.ndarray,
    given: np.ndarray,
    unit: np.ndarray,
    rules: Rules,
    interval: Interval,
) -> Effect:
    """Return all that one placement's own scores say; what needs the others is still NaN.

    placement, given, unit: (seeds,); interval: from paired differences and units to its ends.
    """
    both = np.isfinite(placement) & np.isfinite(given)
    differences, units = (placement - given)[both], unit[both]
    if not both.any() or units.mean() == 0:
        return Effect(name=name, seeds=len(both), paired=0, failed=int((~np.isfinite(placement)).sum()))
    size = float(np.abs(given[both]).max())
    per_unit = 1 / units.mean()
    low, high = interval(differences, units)
    gains = -differences if rules.lower_is_better else differences
    return Effect(
        name=name,
        seeds=len(both),
        paired=int(both.sum()),
        failed=int((~np.isfinite(placement)).sum()),
        score=number(placement[both].mean()),
        effect=number(differences.mean() * per_unit),
        low=number(low),
        high=number(high),
        spread=number(spread(differences, size) * per_unit),
        seeds_better=int((gains > RESOLUTION * size).sum()),
        seeds_worse=int((gains < -RESOLUTION * size).sum()),
        p=number(t_test(differences, size)),
        wilcoxon_p=number(wilcoxon(differences, size)),
        equivalence_p=number(equivalence(differences, units, rules.min_effect, size)),
    )
