"""Looks: placements that stop as soon as it is clear what they do, however often one looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import nan

import numpy as np

from normcast.errors import counted, unknown
from normcast.plain import Plain
from normcast.study.statistics.comparison import Comparison
from normcast.study.statistics.effect import Effect, Verdict
from normcast.study.statistics.measured import comparison_of
from normcast.study.statistics.peek import Peek
from normcast.study.statistics.spending import FIRST, look_seeds
from normcast.study.statistics.verdict import Rules

__all__ = ["Look", "Looked", "decide", "look_seeds"]


@dataclass(frozen=True)
class Look(Plain):
    """What one look at a study found.

    Parameters
    ----------
    seeds : int
        The seeds that were looked at.
    active : tuple of str
        The placements that had not stopped before.
    level : float
        The level of each test.
    decided : dict of str to str
        The placements that stopped here, with their verdicts.
    effects : dict of str to tuple of float
        Effect, low and high of the active ones, with intervals that hold over all looks and placements
        together.
    aside : tuple of str, default ()
        Those left undecided that the seeds there may be would hardly decide.

    Examples
    --------
    >>> look = Look(5, ("norm",), 0.006, {"norm": "worse"}, {"norm": (0.5, 0.4, 0.6)})
    >>> look.decided["norm"]
    'worse'
    """

    seeds: int
    active: tuple[str, ...]
    level: float
    decided: dict[str, Verdict]
    effects: dict[str, tuple[float, float, float]]
    aside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Looked(Plain):
    """What all looks at a study say.

    Parameters
    ----------
    looks : tuple of Look
        All looks, from the first on.
    comparison : Comparison
        Each placement at the look where it stopped, or at the last one.
    active : tuple of str
        The placements that want more seeds.
    seeds : int
        How many seeds the next look needs, 0 where there is no next one.

    Examples
    --------
    >>> given = np.linspace(0.95, 1.05, 5)[:, None]
    >>> looked = decide({"given": given, "same": given}, "given")
    >>> len(looked.looks), looked.active, looked.seeds
    (1, (), 0)
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
    most: int | None = None,
) -> Looked:
    """Look at a study again and again as its seeds grow, and stop each placement as soon as it is decided.

    There is a look at 5, 8, 12, 18, ... seeds (`look_seeds`), once the baseline and all placements that have
    not stopped have them. Rows behind the look at which a placement stops are not read, nor any behind the
    last look.

    Parameters
    ----------
    scores : mapping of str to array (seeds, folds)
        The scores of each by name, as for `compare`, but a placement may have fewer seeds than the others:
        rows are the same seeds in the same order, from the first on.
    baseline : str
        The name of the one to compare with.
    min_effect : float, default 0.01
        The smallest effect that matters, in the unit of the effects: 0.01 is 1 %.
    alpha : float, default 0.05
        The level of all tests together.
    level : float, default 0.95
        That of all intervals together.
    lower_is_better : bool, default True
        False for an accuracy.
    scale : float, optional
        What effects are divided by; by default the mean of the baseline.
    most : int, optional
        Seeds that there may be at most. A placement that the looks up to there would hardly decide, be its
        effect a standard error larger or smaller than it seems, is set aside undecided: it trains no further
        unless there may be more. None sets none aside.

    Returns
    -------
    Looked
        All looks, the comparison, and what wants more seeds.

    Raises
    ------
    ValueError
        As of `compare`.

    Notes
    -----
    The verdicts are those of `compare`, by tests at levels so small that they hold for all looks and
    placements together, however long the study goes on: it may end at any look, and more seeds never change
    what an earlier look said. So do intervals, at `level`. A placement whose scores are identical at the
    first look is of no difference at once, and is not corrected for.

    Examples
    --------
    >>> given = np.linspace(0.95, 1.05, 8)[:, None]
    >>> luck = np.array([1.0, -1.0, 2.0, -2.0, 0.0, 1.0, -1.0, 2.0])[:, None] / 1000
    >>> found = decide({"given": given, "harmful": 1.5 * given + luck, "same": given[:5]}, "given")
    >>> found.looks[0].decided, found.active
    ({'harmful': 'worse', 'same': 'no difference'}, ())
    """
    rules = Rules(min_effect, alpha, level, lower_is_better, one="test")
    tables = {name: np.atleast_1d(np.asarray(table, dtype=np.float64)) for name, table in scores.items()}
    if baseline not in tables:
        raise ValueError(unknown("placement", baseline, tables, where="decide"))
    tables = {baseline: tables.pop(baseline), **tables}
    peeks = _peeks(tables, baseline, rules, scale, most)
    effects = {each.name: each for peek in peeks for each in peek.effects}
    seeds = _fewest(tables, tables)
    last = peeks[-1] if peeks else Peek.first(_rows(tables, tables, seeds), baseline, rules, scale)
    effects |= _open(peeks) if peeks else _before(last)
    active = last.open if peeks else tuple(last.active)
    looks = tuple(_look(peek) for peek in peeks)
    comparison = comparison_of(
        baseline,
        last.given,
        tuple(effects[name] for name in tables if name != baseline),
        rules,
        scale,
        last.notes,
        tuple(look.seeds for look in looks),
    )
    later = look_seeds()[len(looks) :]
    return Looked(looks, comparison, active, later[0] if active and later else 0)


def _peeks(
    tables: Mapping[str, np.ndarray], baseline: str, rules: Rules, scale: float | None, most: int | None
) -> list[Peek]:
    """Return every look that there can be at these rows."""
    names = tuple(tables)
    peeks: list[Peek] = []
    for seeds in look_seeds():
        if len(names) < 2 or _fewest(tables, names) < seeds:
            break
        rows = _rows(tables, names, seeds)
        peeks.append(peeks[-1].next(rows) if peeks else Peek.first(rows, baseline, rules, scale, most))
        names = (baseline, *peeks[-1].open)
    return peeks


def _rows(tables: Mapping[str, np.ndarray], names: Iterable[str], seeds: int) -> dict[str, np.ndarray]:
    return {name: tables[name][:seeds] for name in names}


def _fewest(tables: Mapping[str, np.ndarray], names: Iterable[str]) -> int:
    return min(len(tables[name]) for name in names)


def _open(peeks: Iterable[Peek]) -> dict[str, Effect]:
    """Return what is left undecided, with how many more seeds would decide it, as its last look has it."""
    last = {each.name: (peek, each) for peek in peeks for each in peek.effects}
    return {name: peek.planned(each) for name, (peek, each) in last.items() if each.verdict == "undecided"}


def _before(peek: Peek) -> dict[str, Effect]:
    """Return what there is before the first look: nothing is decided, and there is no interval."""
    few = f"undecided: {counted(peek.seeds, 'seed')}; the first look is at {FIRST}."
    return {
        each.name: replace(each, low=nan, high=nan, sentence=few, more_seeds=peek.more_seeds(each))
        for each in peek.raw
    }


def _look(peek: Peek) -> Look:
    undecided = {each.name for each in peek.effects if each.verdict == "undecided"}
    return Look(
        seeds=peek.seeds,
        active=tuple(peek.active),
        level=peek.rules.alpha * peek.part,
        decided={each.name: each.verdict for each in peek.effects if each.verdict != "undecided"},
        effects={each.name: (each.effect, each.low, each.high) for each in peek.effects},
        aside=tuple(name for name in peek.active if name in undecided - set(peek.open)),
    )
