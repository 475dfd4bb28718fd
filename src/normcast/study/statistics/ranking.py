"""Ranking: all placements at once by their average rank over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from normcast.study.statistics.plain import Plain


@dataclass(frozen=True)
class Ranking(Plain):
    """A critical-difference ranking; `print` shows a line per placement.

    names, ranks: best first; rank 1 is the best, and a seed on which a placement failed counts as its last.
    cliques: the largest groups whose ranks are within `critical_difference`, which are not told apart; all
    of them where `friedman_p` is not below `alpha`. seeds: how many were ranked.
    """

    names: tuple[str, ...]
    ranks: tuple[float, ...]
    cliques: tuple[tuple[str, ...], ...]
    critical_difference: float
    friedman_p: float
    seeds: int
    alpha: float


def rank(scores: Mapping[str, np.ndarray], *, alpha: float = 0.05, lower_is_better: bool = True) -> Ranking:
    """Rank all placements by their average rank over seeds."""
    raise NotImplementedError
