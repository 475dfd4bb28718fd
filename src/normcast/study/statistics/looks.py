"""Looks: placements that stop as soon as it is clear what they do, however often one looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from normcast.errors import unknown
from normcast.plain import Plain, number
from normcast.study.statistics.comparison import Comparison
from normcast.study.statistics.effect import Effect, Verdict
from normcast.study.statistics.failures import failure_tests
from normcast.study.statistics.interval import fieller
from normcast.study.statistics.measured import baseline_note, measured, unit_of
from normcast.study.statistics.power import detectable
from normcast.study.statistics.scores import by_seed
from normcast.study.statistics.spending import look_seeds, share
from normcast.study.statistics.verdict import Rules, judged, more_seeds

__all__ = ["Look", "Looked", "decide", "look_seeds"]


@dataclass(frozen=True)
class Look(Plain):
    """What one look at a study found.

    seeds: those that were looked at; active: the placements that had not stopped before; level: that of each
    test; decided: the placements that stopped here, with their verdicts; effects: name -> (effect, low,
    high), with intervals that hold over all looks and placements together.
    """

    seeds: int
    active: tuple[str, ...]
    level: float
    decided: dict[str, Verdict]
    effects: dict[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Looked(Plain):
    """What all looks at a study say.

    looks: from the first on; comparison: each placement at the look where it stopped, or at the last;
    active: the placements that want more seeds; seeds: how many the next look needs, 0 where none is active.
    """

    looks: tuple[Look, ...]
    comparison: Comparison
    active: tuple[str, ...]
    seeds: int


def decide(
    scores: Mapping[str, np.ndarray],
    baseline: str,
    *,
    min_effect: float = 0.01,
    alpha: float = 0.05,
    level: float = 0.95,
    lower_is_better: bool = True,
    scale: float | None = None,
) -> Looked:
    """Look at a study again and again as its seeds grow, and stop each placement as soon as it is decided.

    scores: name -> (seeds, folds), as for `compare`, but a placement may have fewer seeds than the others:
    rows are the same seeds in the same order, from the first on. A look is made at 5, 8, 12, 18, ... seeds,
    once the baseline and all placements that have not stopped have them. Rows behind the look at which a
    placement stops are not read, nor any behind the last look.
    The verdicts are those of `compare`, with levels so small that they hold over all looks and placements
    together, whenever the study ends. What a look says depends on its own rows and those before alone.
    Raises ValueError as `compare` does.

    >>> given = np.linspace(0.95, 1.05, 8)[:, None]
    >>> luck = np.array([1.0, -1.0, 2.0, -2.0, 0.0, 1.0, -1.0, 2.0])[:, None] / 1000
    >>> scores = {"given": given, "harmful": 1.5 * given[:5] + luck[:5], "same": given[:5]}
    >>> found = decide(scores, "given")
    >>> found.looks[0].decided, found.active
    ({'harmful': 'worse', 'same': 'no difference'}, ())
    """
    rules = Rules(min_effect, alpha, level, lower_is_better)
    tables = {name: np.asarray(table, dtype=np.float64) for name, table in scores.items()}
    if baseline not in tables:
        raise ValueError(unknown("placement", baseline, tables, where="decide"))
    names = tuple(name for name in tables if name != baseline)
    looks: list[Look] = []
    effects: dict[str, Effect] = {}
    active, notes = names, ()
    for place, seeds in enumerate(look_seeds()):
        rows = [tables[name] for name in (baseline, *active)]
        if not active or min(map(len, rows)) < seeds:
            break
        told = {name: tables[name][:seeds] for name in (baseline, *active)}
        found, notes = _judged(told, baseline, place, len(names), rules, scale)
        effects |= {each.name: each for each in found}
        looks.append(_look(found, seeds, rules.alpha * share(place) / max(1, len(names))))
        active = tuple(each.name for each in found if each.verdict == "undecided")
    seeds = looks[-1].seeds if looks else min(map(len, tables.values()))
    if not looks:
        told = {name: table[:seeds] for name, table in tables.items()}
        found, notes = _judged(told, baseline, 0, len(names), rules, scale)
        effects = {each.name: replace(each, verdict="undecided") for each in found}
    given = by_seed("decide", {baseline: tables[baseline][:seeds]})[0][baseline]
    finished = np.isfinite(given)
    comparison = Comparison(
        baseline=baseline,
        baseline_score=number(given[finished].mean() if finished.any() else np.nan),
        baseline_failed=int((~finished).sum()),
        seeds=seeds,
        effects=tuple(effects[name] for name in names),
        min_effect=min_effect,
        alpha=alpha,
        level=level,
        lower_is_better=lower_is_better,
        scale=number(np.nan if scale is None else scale),
        notes=notes + baseline_note(baseline, finished),
        looks=tuple(look.seeds for look in looks),
    )
    wanted = look_seeds()[len(looks)] if active else 0
    return Looked(tuple(looks), comparison, active, wanted)


def _judged(
    tables: Mapping[str, np.ndarray],
    baseline: str,
    place: int,
    n_tests: int,
    rules: Rules,
    scale: float | None,
) -> tuple[list[Effect], tuple[str, ...]]:
    seeds, notes = by_seed("decide", tables)
    given = seeds.pop(baseline)
    unit = unit_of(baseline, given, scale)
    part = share(place) / max(1, n_tests)
    interval = partial(fieller, level=1 - (1 - rules.level) * part)
    found = [measured(name, each, given, unit, rules, interval) for name, each in seeds.items()]
    if not found:
        return [], notes
    failed = ~np.isfinite(np.stack(list(seeds.values())))
    failure_ps = failure_tests(failed, ~np.isfinite(given), rules.alpha * share(place))
    more = partial(more_seeds, rules=rules, n_tests=n_tests)
    corrected = [
        replace(
            each,
            holm_p=number(min(1.0, each.p / part)),
            equivalence_p=number(min(1.0, each.equivalence_p / part)),
            equivalence_holm_p=number(min(1.0, each.equivalence_p / part)),
            failure_p=number(min(1.0, p / share(place))),
            detectable=number(each.spread * detectable(each.paired, rules.alpha * part)),
            detectable_alone=number(each.spread * detectable(each.paired, rules.alpha)),
        )
        for each, p in zip(found, failure_ps, strict=True)
    ]
    baseline_failed = int((~np.isfinite(given)).sum())
    return [judged(each, rules, baseline_failed, more) for each in corrected], notes


def _look(found: list[Effect], seeds: int, level: float) -> Look:
    return Look(
        seeds=seeds,
        active=tuple(each.name for each in found),
        level=level,
        decided={each.name: each.verdict for each in found if each.verdict != "undecided"},
        effects={each.name: (each.effect, each.low, each.high) for each in found},
    )
