"""Ranking: all placements at once by their average rank over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import factorial, prod

import numpy as np
from scipy.special import fdtrc
from scipy.stats import rankdata, studentized_range

from normcast.errors import counted
from normcast.plain import Plain, number
from normcast.study.statistics.scores import by_seed


@dataclass(frozen=True)
class Ranking(Plain):
    """A critical-difference ranking; `print` shows a line per placement.

    Parameters
    ----------
    names : tuple of str
        The placements, best first.
    ranks : tuple of float
        Their average ranks over seeds; 1 is the best.
    cliques : tuple of tuple of str
        The largest groups whose ranks lie within `critical_difference`, which are not told apart; all of them
        where `friedman_p` is not below `alpha`.
    critical_difference : float
        The smallest difference of ranks that tells two apart.
    friedman_p : float
        The p that all rank alike.
    seeds : int
        How many seeds were ranked.
    alpha : float
        The level of the tests.

    Examples
    --------
    >>> print(Ranking(("good", "bad"), (1.0, 2.0), (("good",), ("bad",)), 0.5, 0.001, seeds=20, alpha=0.05))
    20 seeds, Friedman p = 0.001, critical difference 0.50 ranks
      1.00  good  a
      2.00  bad  b
    """

    names: tuple[str, ...]
    ranks: tuple[float, ...]
    cliques: tuple[tuple[str, ...], ...]
    critical_difference: float
    friedman_p: float
    seeds: int
    alpha: float

    def __str__(self) -> str:
        """Return a line per placement; letters mark those that are not told apart."""
        lines = [
            f"{counted(self.seeds, 'seed')}, Friedman p = {self.friedman_p:.2g}, "
            f"critical difference {self.critical_difference:.2f} ranks"
        ]
        for name, each in zip(self.names, self.ranks, strict=True):
            member = "".join(_letter(i) for i, clique in enumerate(self.cliques) if name in clique)
            lines.append(f"{each:6.2f}  {name}  {member}".rstrip())
        return "\n".join(lines)


def rank(scores: Mapping[str, np.ndarray], *, alpha: float = 0.05, lower_is_better: bool = True) -> Ranking:
    """Rank all placements, the baseline among them, by their average rank over seeds.

    Folds are averaged. Equal scores share their rank; a placement that did not finish on a seed shares the
    last rank there, and a seed on which nothing finished is left out.

    Parameters
    ----------
    scores : mapping of str to array (seeds, folds)
        The scores of each by name, as for `compare`.
    alpha : float, default 0.05
        The level of the tests.
    lower_is_better : bool, default True
        False for an accuracy.

    Returns
    -------
    Ranking
        Names and ranks, best first, with the groups that are not told apart.

    Raises
    ------
    ValueError
        If scores are empty or shapes differ.

    Notes
    -----
    Whether any rank differs is Friedman's test in the form of Iman and Davenport; which differ, Nemenyi's
    critical difference. The blocks are seeds: the ranking is about this network and these data. Source:
    Demsar 2006, JMLR 7, 1-30; Iman & Davenport 1980, doi:10.1080/03610928008827904

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(20, 1))
    >>> ranking = rank({"bad": noise + 2.0, "good": noise, "as good": noise})
    >>> ranking.names, ranking.ranks, ranking.cliques
    (('good', 'as good', 'bad'), (1.5, 1.5, 3.0), (('good', 'as good'), ('bad',)))
    """
    seeds, _ = by_seed("rank", scores)
    losses = np.stack(list(seeds.values()), axis=1) * (1 if lower_is_better else -1)  # (seeds, names)
    losses = losses[np.isfinite(losses).any(axis=1)]
    ranked = rankdata(np.where(np.isnan(losses), np.inf, losses), axis=1)
    means = ranked.mean(axis=0) if len(ranked) else np.full(len(seeds), np.nan)
    order = np.argsort(means, kind="stable")
    names = tuple(list(seeds)[i] for i in order)
    p = _friedman(ranked)
    apart = _critical_difference(len(ranked), len(seeds), alpha)
    return Ranking(
        names=names,
        ranks=tuple(number(means[i]) for i in order),
        cliques=_cliques(names, means[order], apart if p < alpha else np.inf),
        critical_difference=apart,
        friedman_p=p,
        seeds=len(ranked),
        alpha=alpha,
    )


def _friedman(ranked: np.ndarray) -> float:
    """Return the p that all rank alike; ranked: (seeds, names), ties shared."""
    n, k = ranked.shape
    centre = (k + 1) / 2
    total = float(((ranked - centre) ** 2).sum())
    if n < 2 or total == 0:
        return 1.0
    between = n * float(((ranked.mean(axis=0) - centre) ** 2).sum())
    within = total - between
    if within <= 1e-9 * total:  # all seeds agree and F is infinite: count the orders they could have had
        ties = np.unique(ranked[0], return_counts=True)[1]
        orders = factorial(k) // prod(factorial(int(tied)) for tied in ties)
        return float(orders) ** (1 - n)
    return float(fdtrc(k - 1, (k - 1) * (n - 1), (n - 1) * between / within))


def _critical_difference(n: int, k: int, alpha: float) -> float:
    if k < 2 or n < 1:
        return float(np.inf)
    return float(studentized_range.ppf(1 - alpha, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n)))


def _cliques(names: tuple[str, ...], ranks: np.ndarray, apart: float) -> tuple[tuple[str, ...], ...]:
    """Return the groups of neighbours within a distance that no other such group contains."""
    cliques: list[tuple[str, ...]] = []
    reached = 0
    for first, lowest in enumerate(ranks):
        end = len(ranks) if apart == np.inf else int(np.searchsorted(ranks, lowest + apart, side="left"))
        if end > reached:
            cliques.append(names[first:end])
            reached = end
    return tuple(cliques)


def _letter(index: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[index] if index < 26 else f"({index + 1})"
