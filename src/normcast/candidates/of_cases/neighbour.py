"""The nearest neighbour: what the most similar case had."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from normcast.blas import one_blas_thread
from normcast.candidates.of_cases.candidate import CaseCandidate, FittedCase

BLOCK_BYTES = 50_000_000  # of cases in float64; two such blocks and their distances are held at a time
BLOCK_CASES = 2048


def fit(x: np.ndarray, y: np.ndarray) -> FittedCase:
    """Return what tells of each case the numbers or the class of the nearest in x, (cases, time, channels).

    Near is the Euclidean distance over all steps and channels; of equal distances the first case is taken.
    The class gets as probability the share of cases whose nearest other one is of their class, at least that
    of chance, at most n / (n + 1) of n cases; all other classes share the rest. So does each of the labels
    (cases, labels, 2), with a share of its own.
    Source: Cover & Hart 1967, doi:10.1109/TIT.1967.1053964

    >>> x = np.array([0.0, 0.1, 5.0, 5.1])[:, None, None]
    >>> fit(x, np.array([1.0, 2.0, 3.0, 4.0]))(np.array([[[0.2]], [[9.0]]]))
    array([2., 4.])
    >>> fit(x, np.array([[1, 0], [1, 0], [0, 1], [0, 1]], bool))(np.array([[[0.2]]]))
    array([[0.8, 0.2]])
    """
    cases = x.reshape(len(x), -1)
    told = probabilities(cases, y) if y.dtype == bool else y
    return lambda new: told[nearest(new.reshape(len(new), -1), cases)]


def probabilities(cases: np.ndarray, hot: np.ndarray) -> np.ndarray:
    """Return what is told of a case whose nearest one is each of these, (cases, ..., classes); hot: bool.

    >>> probabilities(np.array([[0.0], [1.0], [9.0]]), np.array([[1, 0], [1, 0], [0, 1]], bool)).round(2)
    array([[0.67, 0.33],
           [0.67, 0.33],
           [0.33, 0.67]])
    """
    n, k = len(hot), hot.shape[-1]
    if k == 1:
        return np.ones((n, 1))
    if n > 1:
        right = (hot[nearest(cases, cases, to_others=True)] & hot).any(axis=-1).mean(axis=0)
    else:
        right = np.full(hot.shape[1:-1], 1 / k)
    sure = np.clip(right, 1 / k, 1 - 1 / (n + 1))[..., None]
    return np.where(hot, sure, (1 - sure) / (k - 1))


@one_blas_thread
def nearest(new: np.ndarray, cases: np.ndarray, to_others: bool = False) -> np.ndarray:
    """Return the place among cases (cases, features) of the nearest to each new one, (new,).

    to_others: new are the cases themselves, at least two, and none counts as its own neighbour. Blocks of
    both keep what is held beside them below 200 MB.

    >>> nearest(np.array([[0.4], [0.6]]), np.array([[0.0], [1.0]]))
    array([0, 1])
    """
    place = np.zeros(len(new), np.int64)
    for rows in _blocks(new):
        block = new[rows].astype(np.float64)
        least = np.full(len(block), np.inf)
        for others in _blocks(cases):
            distance = _less_own_square(block, cases[others].astype(np.float64))
            if to_others:
                own = np.arange(max(rows.start, others.start), min(rows.stop, others.stop))
                distance[own - rows.start, own - others.start] = np.inf
            here = distance.argmin(axis=1)
            found = np.take_along_axis(distance, here[:, None], axis=1)[:, 0]
            closer = found < least
            place[rows][closer] = here[closer] + others.start
            least[closer] = found[closer]
    return place


def _less_own_square(block: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return squared distances less |block|^2, which is the same for all others: (block, others)."""
    distance = block @ others.T
    distance *= -2
    distance += np.einsum("nf,nf->n", others, others)
    return distance


def _blocks(cases: np.ndarray) -> Iterator[slice]:
    size = max(1, min(BLOCK_CASES, BLOCK_BYTES // (8 * max(cases.shape[1], 1))))
    return (slice(first, min(first + size, len(cases))) for first in range(0, len(cases), size))


candidate = CaseCandidate("nearest neighbour", 3, fit, compares=True)
