"""Designs: which cells of the axes a study trains, as values; nothing here trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from normcast.study.statistics.plain import Plain

Axes = Mapping[str, Sequence[str]]
Cell = dict[str, str]
Term = tuple[str, ...]


@dataclass(frozen=True)
class Design(Plain):
    """Cells to train, each a level per axis; the first level of an axis is the network as given.

    kind: "one at a time", "factorial" or "fractional". axes: name -> its levels. cells: the first is the
    network as given. aliases: groups of interactions that the cells cannot tell apart, each a pair of axes.
    """

    kind: str
    axes: dict[str, tuple[str, ...]]
    cells: tuple[dict[str, str], ...]
    aliases: tuple[tuple[tuple[str, ...], ...], ...] = ()

    def runs(self, seeds: int, folds: int = 1) -> int:
        """Return how many networks are trained."""
        return len(self.cells) * seeds * folds


@dataclass(frozen=True)
class FactorEffect(Plain):
    """One main effect or interaction of a design, by least squares.

    terms: what it is the effect of, aliased terms together; each names an axis ("norm", or "norm=batch" where
    the axis has more than two levels), or two of them. effect, low, high, se: relative to the mean score of
    the network as given. p, holm_p: paired t test over seeds, and Holm's correction over all effects.
    """

    terms: tuple[tuple[str, ...], ...]
    effect: float
    low: float
    high: float
    se: float
    p: float
    holm_p: float


@dataclass(frozen=True)
class MainEffects(Plain):
    """What `main_effects` found; `print` shows a line per effect."""

    effects: tuple[FactorEffect, ...]
    given_score: float
    seeds: int
    alpha: float
    level: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rung(Plain):
    """One round of successive halving: so many candidates, each trained with so many seeds and epochs."""

    candidates: int
    seeds: int
    epochs: int


@dataclass(frozen=True)
class Halving(Plain):
    """A plan of successive halving: rungs from many candidates and little training to few and all of it."""

    rungs: tuple[Rung, ...]

    def runs(self, folds: int = 1) -> int:
        """Return how many networks are trained, over all rungs."""
        raise NotImplementedError

    def epochs(self, folds: int = 1) -> int:
        """Return how many epochs are trained, over all rungs."""
        raise NotImplementedError


def one_at_a_time(axes: Axes) -> Design:
    """Return the network as given, and each other level by itself."""
    raise NotImplementedError


def factorial(axes: Axes) -> Design:
    """Return every combination of levels."""
    raise NotImplementedError


def fractional(axes: Axes) -> Design:
    """Return a two-level fraction of resolution IV: main effects stand clear of all two-way interactions."""
    raise NotImplementedError


def main_effects(
    design: Design, scores: np.ndarray, *, alpha: float = 0.05, level: float = 0.95
) -> MainEffects:
    """Return main effects and two-way interactions; scores: (cells, seeds, folds)."""
    raise NotImplementedError


def halving(
    n_candidates: int, seeds: int, epochs: int, *, eta: int = 3, min_seeds: int = 3, min_epochs: int = 1
) -> Halving:
    """Return a plan of successive halving; candidates include the baseline."""
    raise NotImplementedError


def survivors(
    scores: Mapping[str, np.ndarray], baseline: str, keep: int, *, lower_is_better: bool = True
) -> tuple[str, ...]:
    """Return which candidates advance, the baseline always first; scores: (seeds, folds)."""
    raise NotImplementedError
