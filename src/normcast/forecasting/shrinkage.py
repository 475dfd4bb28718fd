"""Shrinkage: how far a trained network may move its forecast away from the ridge map it started at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)

# The layers that the forecast is linear in: a share of their change is that share of the change in forecast.
LINEAR = ("skip", "head", "future_effect")


def share_kept(network: np.ndarray, ridge: np.ndarray, y: np.ndarray, blocks: np.ndarray) -> float:
    """Return the share of the network's correction to the ridge that held-out windows support.

    Of the shares whose mean absolute error is within one standard error of the best, the smallest: a
    correction that is better only within the noise is taken in part, or not at all.
    network, ridge: (n, h) forecasts; y: (n, h), NaN where nothing was observed; blocks: (n,) windows with the
    same number overlap, and count as one observation.
    Source: the one-standard-error rule of Breiman, Friedman, Olshen & Stone 1984, Classification and
    Regression Trees, section 3.4.3.

    >>> y = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> share_kept(network=y, ridge=y + 1, y=y, blocks=np.arange(4))
    1.0
    """
    moved = [ridge + share * (network - ridge) for share in SHARES]
    losses = [block_means(np.nanmean(np.abs(each - y), axis=1), blocks) for each in moved]
    best = int(np.argmin([loss.mean() for loss in losses]))
    for share, loss in zip(SHARES, losses, strict=True):
        worse = loss - losses[best]
        if worse.mean() <= standard_error(worse):
            return share
    return SHARES[best]


def block_means(losses: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Return the mean loss of each block."""
    _, block = np.unique(blocks, return_inverse=True)
    seen = np.isfinite(losses)
    counts = np.bincount(block[seen])
    return np.bincount(block[seen], losses[seen])[counts > 0] / counts[counts > 0]


def standard_error(differences: np.ndarray) -> float:
    """Return the standard error of a mean; infinite for a single observation."""
    if len(differences) < 2:
        return float("inf")
    return float(differences.std(ddof=1) / np.sqrt(len(differences)))


def toward_start(
    model: keras.Model, weights: Sequence[np.ndarray], start: Mapping[str, np.ndarray], share: float
) -> list[np.ndarray]:
    """Return weights whose forecast lies that share of the way from the start to the trained forecast.

    weights: in the order of `model.weights`; start: first weights by variable path, zero where not given.
    """
    kept = []
    for variable, trained in zip(model.weights, weights, strict=True):
        if variable.path.split("/")[0] in LINEAR:
            first = np.asarray(start.get(variable.path, 0.0), dtype=trained.dtype)
            first = np.broadcast_to(first, trained.shape)
            trained = (first + np.float32(share) * (trained - first)).astype(trained.dtype)  # noqa: PLW2901
        kept.append(trained)
    return kept
