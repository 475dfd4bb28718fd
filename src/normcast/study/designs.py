"""Designs: which cells of the axes a study trains, as values; nothing here trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import ceil

import numpy as np

from normcast.errors import at_least_one, unknown
from normcast.plain import Plain
from normcast.study.statistics import rank
from normcast.study.statistics.factors import FactorEffect, MainEffects, aliases, least_squares

__all__ = [
    "Design",
    "FactorEffect",
    "Halving",
    "MainEffects",
    "Rung",
    "factorial",
    "fractional",
    "halving",
    "main_effects",
    "one_at_a_time",
    "survivors",
]

Axes = Mapping[str, Sequence[str]]

# Of the designs of resolution IV with so few runs, these confuse the fewest interactions with each other.
# Source: Box, Hunter & Hunter 2005, Statistics for Experimenters, 2nd edition, chapter 6; NIST/SEMATECH
# e-Handbook 5.3.3.4.7. The letters are the columns whose product is the next axis.
_GENERATORS = {
    5: ("ABCD",),
    6: ("ABC", "BCD"),
    7: ("ABC", "BCD", "ACD"),
    8: ("BCD", "ACD", "ABC", "ABD"),
    9: ("BCDE", "ACDE", "ABDE", "ABCE"),
    10: ("ABCD", "ABCE", "ABDE", "ACDE", "BCDE"),
    11: ("ABC", "BCD", "CDE", "ACD", "ADE", "BDE"),
}


@dataclass(frozen=True)
class Design(Plain):
    """Cells to train, each a level per axis; the first level of an axis is the network as given.

    Parameters
    ----------
    kind : {"one at a time", "factorial", "fractional"}
        Which cells there are.
    axes : dict of str to tuple of str
        The levels of each axis by its name.
    cells : tuple of dict of str to str
        A level of each axis; the first cell is the network as given.
    aliases : tuple, default ()
        Groups of two or more interactions that the cells cannot tell apart.
    """

    kind: str
    axes: dict[str, tuple[str, ...]]
    cells: tuple[dict[str, str], ...]
    aliases: tuple[tuple[tuple[str, ...], ...], ...] = ()

    def runs(self, seeds: int, folds: int = 1) -> int:
        """Return how many networks are trained.

        Parameters
        ----------
        seeds : int
            Seeds of each cell.
        folds : int, default 1
            Folds of each seed.

        Returns
        -------
        int
            Cells times seeds times folds.
        """
        return len(self.cells) * seeds * folds

    def __str__(self) -> str:
        confused = f", {len(self.aliases)} groups of interactions not told apart" if self.aliases else ""
        return f"{self.kind}: {len(self.cells)} cells over {len(self.axes)} axes{confused}"


def one_at_a_time(axes: Axes) -> Design:
    """Return the network as given, and each other level by itself.

    axes: name -> its levels, the first as given. Raises ValueError for an axis without a choice.

    >>> one_at_a_time({"norm": ("none", "batch", "layer")}).cells
    ({'norm': 'none'}, {'norm': 'batch'}, {'norm': 'layer'})
    """
    checked = _checked("one_at_a_time", axes)
    given = {axis: levels[0] for axis, levels in checked.items()}
    others = [given | {axis: level} for axis, levels in checked.items() for level in levels[1:]]
    return Design("one at a time", checked, (given, *others))


def factorial(axes: Axes) -> Design:
    """Return every combination of levels; the last axis changes fastest.

    axes: name -> its levels, the first as given. Raises ValueError for an axis without a choice.

    >>> print(factorial({"norm": ("none", "batch", "layer"), "pool": ("none", "max")}))
    factorial: 6 cells over 2 axes
    """
    checked = _checked("factorial", axes)
    cells = tuple(dict(zip(checked, levels, strict=True)) for levels in product(*checked.values()))
    return Design("factorial", checked, cells)


def fractional(axes: Axes) -> Design:
    """Return the smallest two-level fraction in which no main effect is aliased with a two-way interaction.

    axes: name -> two levels, the first as given. Resolution IV or more: 8 runs for 3 or 4 axes, 16 up to 8,
    32 up to 16, twice as many for each doubling; 1 or 2 axes have no fraction, and all combinations. Which
    two-way interactions are aliased with each other stands in `aliases`. The network as given is a cell.
    Raises ValueError for an axis that has not two levels.
    Source: Box & Hunter 1961, doi:10.1080/00401706.1961.10489951

    >>> print(fractional({name: ("off", "on") for name in "abcdef"}))
    fractional: 16 cells over 6 axes, 7 groups of interactions not told apart
    """
    checked = _checked("fractional", axes)
    for axis, levels in checked.items():
        if len(levels) != 2:
            raise ValueError(
                f"fractional: axis {axis!r} has {len(levels)} levels ({', '.join(levels)}), but a fraction "
                f"needs 2. Leave some out, or use factorial."
            )
    names = list(checked)
    words = _words(len(names))
    n_free = len(names) - len(words)
    cells = []
    for free in product((0, 1), repeat=n_free):
        # Sums modulo 2 are products of signs with +1 for the first level, so that all as given is a cell.
        bits = [*free, *(sum(free[i] for i in word) % 2 for word in words)]
        cells.append({name: checked[name][bit] for name, bit in zip(names, bits, strict=True)})
    groups = tuple(group for group in aliases(checked, cells) if len(group) > 1)
    return Design("fractional", checked, tuple(cells), groups)


def _words(n_axes: int) -> tuple[tuple[int, ...], ...]:
    """Return, for each axis beyond the free ones, which free axes it is the sum of.

    Where no table has them they are sums of odd numbers of axes: two of those never add up to a third.
    """
    if n_axes in _GENERATORS:
        return tuple(tuple("ABCDE".index(letter) for letter in word) for word in _GENERATORS[n_axes])
    n_free = n_axes if n_axes < 3 else (2 * n_axes - 1).bit_length()
    odd = (word for size in range(3, n_free + 1, 2) for word in combinations(range(n_free), size))
    return tuple(word for word, _ in zip(odd, range(n_axes - n_free), strict=False))


def main_effects(
    design: Design,
    scores: np.ndarray,
    *,
    alpha: float = 0.05,
    level: float = 0.95,
    scale: float | None = None,
) -> MainEffects:
    """Return main effects and two-way interactions by least squares, with errors from seed to seed.

    scores: (cells, seeds, folds) in the order of `design.cells`, NaN where a run did not finish; the same
    seeds in every cell. Folds are averaged, the model is fitted within each seed, and each effect's mean over
    seeds is tested by a paired t test. A seed whose finished cells do not determine the model is left out.
    Interactions are left out where the cells cannot show them, as one at a time. Effects are relative to the
    mean score of the network as given, or in units of `scale`.
    Raises ValueError where the scores do not fit the design, or nothing can be relative to them.
    Source: Box, Hunter & Hunter 2005, chapters 5 and 6

    >>> design = factorial({"norm": ("none", "batch"), "pool": ("none", "max")})
    >>> seeds = np.array([[1.0], [1.2], [0.9]])
    >>> print(main_effects(design, np.stack([seeds, seeds, seeds + 0.1, seeds + 0.11 * seeds])))
    norm: 10.3 % higher; corrected p = 0.0062
    pool: 0.7 % higher; corrected p = 0.59
    norm x pool: 1.3 % higher; corrected p = 0.59
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 3 or len(table) != len(design.cells):
        raise ValueError(
            f"main_effects: scores have shape {table.shape}, but must be (cells, seeds, folds) with the "
            f"{len(design.cells)} cells of the design in its order."
        )
    return least_squares(design.axes, design.cells, table, alpha=alpha, level=level, scale=scale)


@dataclass(frozen=True)
class Rung(Plain):
    """One round of successive halving: candidates, each trained with so many seeds and epochs.

    first_seed: what is added to the study's first seed, so that no rung uses the seeds of another.
    """

    candidates: int
    seeds: int
    epochs: int
    first_seed: int


@dataclass(frozen=True)
class Halving(Plain):
    """A plan of successive halving, from many candidates and little training to few and all of it."""

    rungs: tuple[Rung, ...]

    def runs(self, folds: int = 1) -> int:
        """Return how many networks are trained, over all rungs."""
        return folds * sum(rung.candidates * rung.seeds for rung in self.rungs)

    def epochs(self, folds: int = 1) -> int:
        """Return how many epochs are trained, over all rungs."""
        return folds * sum(rung.candidates * rung.seeds * rung.epochs for rung in self.rungs)

    def __str__(self) -> str:
        return "\n".join(
            f"{rung.candidates} candidates x {rung.seeds} seeds x {rung.epochs} epochs" for rung in self.rungs
        )


def halving(
    n_candidates: int, seeds: int, epochs: int, *, eta: int = 3, min_seeds: int = 3, min_epochs: int = 5
) -> Halving:
    """Return a plan in which each rung keeps one in `eta` candidates and trains them `eta` times as long.

    n_candidates: the baseline among them; seeds, epochs: of the last rung, which keeps at least two. Earlier
    rungs have fewer seeds, down to `min_seeds`, and only then fewer epochs, down to `min_epochs`: fewer seeds
    add noise, but fewer epochs may prefer what merely learns fast. Every rung has seeds of its own, so that
    the last one tests the survivors on luck that did not choose them.
    Raises ValueError for a number below 1, fewer than 2 candidates, and an eta below 2.
    Source: Jamieson & Talwalkar 2016, arXiv:1502.07943

    >>> print(halving(40, seeds=10, epochs=50))
    40 candidates x 3 seeds x 7 epochs
    14 candidates x 3 seeds x 19 epochs
    5 candidates x 4 seeds x 42 epochs
    2 candidates x 10 seeds x 50 epochs
    """
    counts = {"seeds": seeds, "epochs": epochs, "min_seeds": min_seeds, "min_epochs": min_epochs}
    for name, value in counts.items():
        at_least_one("halving", name, value)
    for name, value in {"n_candidates": n_candidates, "eta": eta}.items():
        at_least_one("halving", name, value)
        if value < 2:
            raise ValueError(f"halving: {name} must be at least 2, but is {value}.")
    kept = [n_candidates]
    while kept[-1] > 2:
        kept.append(max(2, ceil(kept[-1] / eta)))
    rungs: list[Rung] = []
    for place, candidates in enumerate(kept):
        share = eta ** (len(kept) - 1 - place)
        fewer_seeds = max(min(min_seeds, seeds), ceil(seeds / share))
        fewer_epochs = max(min(min_epochs, epochs), ceil(epochs * seeds / (share * fewer_seeds)))
        first = sum(rung.seeds for rung in rungs)
        rungs.append(Rung(candidates, fewer_seeds, min(epochs, fewer_epochs), first))
    return Halving(tuple(rungs))


def survivors(
    scores: Mapping[str, np.ndarray], baseline: str, keep: int, *, lower_is_better: bool = True
) -> tuple[str, ...]:
    """Return which candidates advance: the baseline, then the others by their average rank over seeds.

    scores: name -> (seeds, folds), NaN where a run did not finish, which ranks last on that seed; keep: how
    many advance, the baseline among them.
    Raises ValueError for an unknown baseline, and for fewer than 1 to keep.

    >>> scores = {"given": [[2.0]], "good": [[1.0]], "bad": [[3.0]], "failed": [[float("nan")]]}
    >>> survivors(scores, "given", keep=2)
    ('given', 'good')
    """
    at_least_one("survivors", "keep", keep)
    if baseline not in scores:
        raise ValueError(unknown("candidate", baseline, scores, where="survivors"))
    ranked = rank(scores, lower_is_better=lower_is_better).names
    return (baseline, *(name for name in ranked if name != baseline))[:keep]


def _checked(where: str, axes: Axes) -> dict[str, tuple[str, ...]]:
    if not axes:
        raise ValueError(f"{where}: axes is empty; it needs at least one, such as norm=('none', 'batch').")
    checked = {axis: tuple(levels) for axis, levels in axes.items()}
    for axis, levels in checked.items():
        if len(levels) < 2 or len(set(levels)) < len(levels):
            raise ValueError(
                f"{where}: axis {axis!r} has levels {levels}, but needs two or more that differ, the first "
                f"as given."
            )
    return checked
