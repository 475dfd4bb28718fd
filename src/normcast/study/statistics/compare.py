"""Compare: placements against a baseline over paired seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from normcast.errors import unknown
from normcast.plain import number
from normcast.study.statistics.comparison import Comparison
from normcast.study.statistics.effect import Effect
from normcast.study.statistics.failures import failure_tests
from normcast.study.statistics.interval import bca
from normcast.study.statistics.measured import comparison_of, measured, unit_of
from normcast.study.statistics.paired import holm
from normcast.study.statistics.power import detectable
from normcast.study.statistics.scores import by_seed
from normcast.study.statistics.verdict import Rules, judged, more_seeds


def compare(
    scores: Mapping[str, np.ndarray],
    baseline: str,
    *,
    min_effect: float = 0.01,
    alpha: float = 0.05,
    level: float = 0.95,
    lower_is_better: bool = True,
    scale: float | None = None,
    rng_seed: int = 0,
    resamples: int = 9999,
) -> Comparison:
    """Compare every placement with the baseline, paired by seed.

    Folds are averaged within a seed, and a seed with an unfinished fold did not finish. The effect is the
    mean over seeds of (placement - baseline), where both finished, over the mean of the baseline on the same
    seeds, or over `scale`.

    Parameters
    ----------
    scores : mapping of str to array (seeds, folds)
        The scores of each by name, the same shape for all; row i is the same seed for all; NaN is a run that
        did not finish.
    baseline : str
        The name of the one to compare with.
    min_effect : float, default 0.01
        The smallest effect that matters, in the unit of the effects: 0.01 is 1 %.
    alpha : float, default 0.05
        The level of the tests.
    level : float, default 0.95
        That of the bootstrap intervals.
    lower_is_better : bool, default True
        False for an accuracy.
    scale : float, optional
        What effects are divided by; by default the mean of the baseline. A measure that may be zero or
        negative needs it (a generalization gap, say, in units of the baseline's loss).
    rng_seed : int, default 0
        The seed of the bootstrap.
    resamples : int, default 9999
        Resamples of the bootstrap.

    Returns
    -------
    Comparison
        An effect and a verdict for each placement.

    Raises
    ------
    ValueError
        If the baseline is unknown, shapes differ, or nothing can be relative to the baseline.

    Notes
    -----
    The verdict, first that holds: **worse** where it fails on more than 10 % of the seeds, and more often
    than the baseline by a corrected exact test; **undecided** below 3 paired seeds, or without an interval;
    **no difference** where all paired scores are identical, or two one-sided t tests at `alpha` place the
    effect within `min_effect`, even if it is clearly not zero; **better** or **worse** where the paired t
    test, corrected over all placements by Holm, is below `alpha`; else **undecided**. A placement that fails
    on more than 10 % of the seeds is neither better nor of no difference, but undecided.

    Examples
    --------
    >>> given = np.array([[1.0], [1.1], [0.9], [1.0], [1.05], [0.95]])
    >>> scores = {"given": given, "layer norm": given * 0.8 + 0.01, "same": given}
    >>> print(compare(scores, "given").of("layer norm"))
    layer norm: better: 19.0 % lower (95 % interval 18.9 to 19.0 %) on 6 of 6 seeds; corrected p < 0.001.
    """
    seeds, notes = by_seed("compare", scores)
    if baseline not in seeds:
        raise ValueError(unknown("placement", baseline, seeds, where="compare"))
    rules = Rules(min_effect, alpha, level, lower_is_better)
    given = seeds.pop(baseline)
    unit = unit_of(baseline, given, scale)
    interval = partial(bca, level=level, resamples=resamples, rng_seed=rng_seed)
    found = [measured(name, each, given, unit, rules, interval) for name, each in seeds.items()]
    effects = _corrected(found, seeds, given, rules)
    return comparison_of(baseline, given, effects, rules, scale, notes)


def _corrected(
    found: list[Effect], seeds: Mapping[str, np.ndarray], given: np.ndarray, rules: Rules
) -> tuple[Effect, ...]:
    """Return the effects with what depends on how many there are, and their verdicts."""
    if not found:
        return ()
    failed = ~np.isfinite(np.stack(list(seeds.values())))
    columns = zip(
        found,
        holm([each.p for each in found]),
        holm([each.equivalence_p for each in found]),
        failure_tests(failed, ~np.isfinite(given), rules.alpha),
        strict=True,
    )
    n_tests = len(found)
    more = partial(more_seeds, rules=rules, n_tests=n_tests)
    return tuple(
        judged(
            replace(
                each,
                holm_p=number(p),
                equivalence_holm_p=number(equivalence_p),
                failure_p=number(failure_p),
                detectable=number(each.spread * detectable(each.paired, rules.alpha / n_tests)),
                detectable_alone=number(each.spread * detectable(each.paired, rules.alpha)),
            ),
            rules,
            int((~np.isfinite(given)).sum()),
            more,
        )
        for each, p, equivalence_p, failure_p in columns
    )
