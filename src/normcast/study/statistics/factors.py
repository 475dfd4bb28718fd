"""Factors: main effects and two-way interactions of a design, by least squares within each seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import stdtrit

from normcast.errors import counted
from normcast.pages.percent import size
from normcast.plain import Plain, number
from normcast.study.statistics.paired import holm, spread, t_test
from normcast.study.statistics.scores import by_seed
from normcast.study.statistics.verdict import p_words

Term = tuple[str, ...]


@dataclass(frozen=True)
class FactorEffect(Plain):
    """One main effect or two-way interaction, relative to the mean score of the network as given.

    Parameters
    ----------
    terms : tuple of tuple of str
        What it is the effect of; each is one axis, or two that interact, and more than one term means that
        the design cannot tell them apart. An axis of more than two levels stands as "axis=level".
    effect : float
        Of an axis, how much the score changes from its first level to this one, averaged over the other axes;
        of two, how much the change by the one grows when the other changes too. Negative is a lower score.
    low : float
        The lower end of the t interval over seeds.
    high : float
        The upper end of the t interval over seeds.
    se : float
        The standard error over seeds.
    p : float
        That of the paired t test over seeds.
    holm_p : float
        The same corrected over all effects by Holm.
    """

    terms: tuple[tuple[str, ...], ...]
    effect: float
    low: float
    high: float
    se: float
    p: float
    holm_p: float

    @property
    def name(self) -> str:
        """The terms in words: "norm", "norm x pool", or "norm x pool or drop x se"."""
        return " or ".join(" x ".join(term) for term in self.terms)

    def __str__(self) -> str:
        words = f"{size(self.effect)} {'lower' if self.effect < 0 else 'higher'}"
        return f"{self.name}: {words}; corrected p {p_words(self.holm_p)}"


@dataclass(frozen=True)
class MainEffects(Plain):
    """What `main_effects` found; `print` shows a line per effect.

    Parameters
    ----------
    effects : tuple of FactorEffect
        Main effects, then two-way interactions.
    given_score : float
        The mean score of the network as given.
    seeds : int
        How many seeds were used.
    alpha : float
        The level of the tests.
    level : float
        That of the intervals.
    notes : tuple of str, default ()
        What was left out.
    """

    effects: tuple[FactorEffect, ...]
    given_score: float
    seeds: int
    alpha: float
    level: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([*map(str, self.effects), *self.notes])


def aliases(
    axes: Mapping[str, Sequence[str]], cells: Sequence[Mapping[str, str]]
) -> tuple[tuple[Term, ...], ...]:
    """Return the two-way interactions in groups that the cells cannot tell apart, most of one.

    >>> levels = {"a": ["0", "1"], "b": ["0", "1"]}
    >>> aliases(levels, [{"a": a, "b": b} for a in "01" for b in "01"])
    ((('a', 'b'),),)
    """
    return tuple(terms for terms, _ in _interactions(_mains(axes, cells)))


def least_squares(
    axes: Mapping[str, Sequence[str]],
    cells: Sequence[Mapping[str, str]],
    scores: np.ndarray,
    *,
    alpha: float,
    level: float,
    scale: float | None,
) -> MainEffects:
    """Return main effects and, where the cells can show them, two-way interactions.

    scores: (cells, seeds, folds), the first cell the network as given; the rest as in
    `normcast.study.designs.main_effects`.
    """
    by_cell, notes = by_seed("main_effects", {str(i): each for i, each in enumerate(scores)})
    table = np.stack(list(by_cell.values()), axis=1)  # (seeds, cells)
    terms, columns, left_out = _model(axes, cells)
    slopes = np.array([fit for row in table if (fit := _fit(columns, row)) is not None])  # (used, terms)
    missing = len(table) - len(slopes)
    if missing:
        left_out += (f"{counted(missing, 'seed')} with too many unfinished cells left out.",)
    slopes = slopes.reshape(-1, len(terms))
    given = table[np.isfinite(table[:, 0]), 0]
    unit = _unit(given) if scale is None else scale
    ps = [t_test(slope, float(np.nanmax(np.abs(table)))) if len(slope) > 1 else np.nan for slope in slopes.T]
    effects = tuple(
        _effect(term, slope / unit, p, corrected, level)
        for term, slope, p, corrected in zip(terms, slopes.T, ps, holm(ps), strict=True)
    )
    given_score = number(given.mean() if len(given) else np.nan)
    return MainEffects(effects, given_score, len(slopes), alpha, level, notes + left_out)


def _unit(given: np.ndarray) -> float:
    if len(given) and (given.min() < 0 or given.max() == 0):
        raise ValueError(
            f"main_effects: scores of the network as given go from {given.min():g} to {given.max():g}, so no "
            f"effect can be relative to their mean. Give scale=, such as its mean loss."
        )
    return float(given.mean()) if len(given) else np.nan


def _effect(
    terms: tuple[Term, ...], slopes: np.ndarray, p: float, corrected: float, level: float
) -> FactorEffect:
    n = len(slopes)
    mean = slopes.mean() if n else np.nan
    se = spread(slopes, size=1.0) / np.sqrt(n) if n > 1 else np.nan
    reach = float(stdtrit(n - 1, (1 + level) / 2)) * se if n > 1 else np.nan
    return FactorEffect(
        terms, *(number(each) for each in (mean, mean - reach, mean + reach, se, p, corrected))
    )


def _model(
    axes: Mapping[str, Sequence[str]], cells: Sequence[Mapping[str, str]]
) -> tuple[list[tuple[Term, ...]], np.ndarray, tuple[str, ...]]:
    """Return what each column is of, the columns (cells, 1 + terms) with the mean first, and notes."""
    mains = _mains(axes, cells)
    alone = [((term,), column) for term, column in mains]
    both = alone + _interactions(mains)
    columns = _columns(both, len(cells))
    if np.linalg.matrix_rank(columns) == columns.shape[1]:
        return [terms for terms, _ in both], columns, ()
    note = "Interactions are left out: these cells cannot show them all."
    return [terms for terms, _ in alone], _columns(alone, len(cells)), (note,)


def _columns(terms: Sequence[tuple[tuple[Term, ...], np.ndarray]], n_cells: int) -> np.ndarray:
    return np.column_stack([np.ones(n_cells), *(column for _, column in terms)])


def _mains(
    axes: Mapping[str, Sequence[str]], cells: Sequence[Mapping[str, str]]
) -> list[tuple[Term, np.ndarray]]:
    """Return a column per level but the first, coded so that its slope is the change from the first level."""
    return [
        (
            (axis if len(levels) == 2 else f"{axis}={level}",),
            np.array([(cell[axis] == level) - 1 / len(levels) for cell in cells]),
        )
        for axis, levels in axes.items()
        for level in levels[1:]
    ]


def _interactions(mains: Sequence[tuple[Term, np.ndarray]]) -> list[tuple[tuple[Term, ...], np.ndarray]]:
    """Return a column per group of products that are the same in every cell."""
    groups: dict[bytes, tuple[tuple[Term, ...], np.ndarray]] = {}
    for (one, first), (other, second) in combinations(mains, 2):
        if _axis(one) == _axis(other):
            continue
        product = first * second
        key = np.rint(product * 1e9).astype(np.int64).tobytes()
        terms = groups[key][0] if key in groups else ()
        groups[key] = ((*terms, (*one, *other)), product)
    return list(groups.values())


def _axis(term: Term) -> str:
    return term[0].split("=")[0]


def _fit(columns: np.ndarray, row: np.ndarray) -> np.ndarray | None:
    """Return the slopes of one seed without its mean, or None where the finished cells do not give them."""
    finished = np.isfinite(row)
    if np.linalg.matrix_rank(columns[finished]) < columns.shape[1]:
        return None
    return np.linalg.lstsq(columns[finished], row[finished], rcond=None)[0][1:]
