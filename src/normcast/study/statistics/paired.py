"""Paired tests over seeds: Student's t, Wilcoxon's signed ranks, equivalence, and Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtr
from scipy.stats import rankdata

from normcast.study.statistics.scores import RESOLUTION


def spread(differences: np.ndarray, size: float) -> float:
    """Return the standard deviation over seeds, 0 where it is rounding next to scores of that size.

    >>> spread(np.array([0.1, 0.1, 0.3 - 0.2]), size=1.0)
    0.0
    """
    if len(differences) < 2:
        return np.nan
    deviation = float(np.std(differences, ddof=1))
    return 0.0 if deviation <= RESOLUTION * size else deviation


def t_test(differences: np.ndarray, size: float) -> float:
    """Return the two-sided p of a paired t test.

    Equal differences have no spread and so no t: zeros have p = 1, others the exact sign test's 2 / 2^seeds,
    which claims no more than that all seeds agree.

    Parameters
    ----------
    differences : array (seeds,)
        The paired differences.
    size : float
        The size of the scores, against which rounding is judged.

    Returns
    -------
    float
        From 0 to 1; NaN below 2 seeds.

    Examples
    --------
    >>> round(t_test(np.array([1.0, 2.0, 3.0]), size=1.0), 4)
    0.0742
    >>> t_test(np.zeros(5), size=1.0), t_test(np.ones(5), size=1.0)
    (1.0, 0.0625)
    """
    if len(differences) < 2:
        return np.nan
    return min(1.0, 2 * min(above_zero(differences, size), above_zero(-differences, size)))


def above_zero(differences: np.ndarray, size: float) -> float:
    """Return the one-sided p for a mean above zero; equal differences by the sign test, as in `t_test`."""
    n = len(differences)
    if n < 2:
        return np.nan
    deviation = spread(differences, size)
    if deviation == 0:
        return 0.5**n if differences.mean() > RESOLUTION * size else 1.0
    return float(stdtr(n - 1, -differences.mean() / (deviation / np.sqrt(n))))


def equivalence(differences: np.ndarray, unit: np.ndarray, margin: float, size: float) -> float:
    """Return the p of two one-sided tests that the mean difference is within a share of the mean unit.

    differences, unit: (seeds,); the null hypothesis is |mean difference| >= margin * mean unit. The unit's
    own variation over seeds is part of the test, since each seed's difference is compared with its own unit.
    Differences that are all exactly zero have p = 0: two programs that agree bit by bit are no sample.
    Source: Schuirmann 1987, doi:10.1007/BF01068419; for ratios Sasabuchi 1980, doi:10.1093/biomet/67.2.429

    >>> round(equivalence(np.array([0.1, -0.1, 0.0, 0.1]), np.full(4, 10.0), margin=0.05, size=10.0), 4)
    0.0011
    """
    if len(differences) < 2:
        return np.nan
    if not differences.any():
        return 0.0
    if margin == 0:
        return 1.0
    return max(
        above_zero(margin * unit - differences, size),
        above_zero(margin * unit + differences, size),
    )


def wilcoxon(differences: np.ndarray, size: float = 0.0) -> float:
    """Return the two-sided p of the signed-rank test, exact also with ties; NaN below 1 seed.

    Zero differences are dropped, as Wilcoxon did; where all are, p = 1. size: of the scores; a difference
    that is rounding next to it is zero.
    Source: Wilcoxon 1945, doi:10.2307/3001968

    >>> wilcoxon(np.arange(1.0, 9.0))
    0.0078125
    """
    if len(differences) == 0:
        return np.nan
    moved = differences[np.abs(differences) > RESOLUTION * size]
    doubled = np.rint(2 * rankdata(np.abs(moved))).astype(int)  # whole numbers also where ranks are tied
    chances = np.zeros(int(doubled.sum()) + 1)  # of each sum of positive ranks, under the null hypothesis
    chances[0] = 1
    for rank in doubled:
        with_it = np.concatenate([np.zeros(rank), chances[:-rank]])
        chances = (chances + with_it) / 2
    positive = int(doubled[moved > 0].sum())
    tail = min(chances[: positive + 1].sum(), chances[positive:].sum())
    return float(min(1.0, 2 * tail))


def holm(ps: Sequence[float]) -> np.ndarray:
    """Return p values corrected over all of them, in the order given.

    A NaN stays NaN, and counts as a test that was made.
    Source: Holm 1979, Scandinavian Journal of Statistics 6, 65-70

    >>> holm([0.01, 0.04, float("nan"), 0.03]).round(4).tolist()
    [0.04, 0.09, nan, 0.09]
    """
    known = np.where(np.isnan(ps), 1.0, ps)
    order = np.argsort(known, kind="stable")
    steps = known[order] * np.arange(len(known), 0, -1)
    corrected = np.empty(len(known))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return np.where(np.isnan(ps), np.nan, corrected)
