"""Measures beside the score that `compare` takes as it takes scores."""

from __future__ import annotations

import numpy as np

from normcast.study.statistics.scores import by_seed


def epochs_to(curves: np.ndarray, threshold: float | np.ndarray) -> np.ndarray:
    """Return the first epoch, from 1, whose loss is at or below a threshold.

    Parameters
    ----------
    curves : array (..., epochs)
        Losses by epoch, NaN after the last epoch that was trained.
    threshold : float or array (...)
        A loss, or one per curve.

    Returns
    -------
    array (...)
        Epochs; NaN where none is, which makes `compare` count a run that never gets there as not finished.

    Examples
    --------
    >>> epochs_to(np.array([[3.0, 2.0, 1.0], [3.0, 2.5, 2.4]]), threshold=2.0)
    array([ 2., nan])
    """
    reached = np.asarray(curves) <= np.asarray(threshold)[..., None]
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1) + 1.0, np.nan)


def deviations(scores: np.ndarray) -> np.ndarray:
    """Return how far each seed is from the median seed, so that `compare` compares spreads over seeds.

    Parameters
    ----------
    scores : array (seeds, folds)
        The scores of one network, NaN where a run did not finish.

    Returns
    -------
    array (seeds, 1)
        Distances in the unit of the score, never negative; NaN where a run did not finish.

    Notes
    -----
    Source: Brown & Forsythe 1974, doi:10.1080/01621459.1974.10482955; here the deviations are paired by seed.

    Examples
    --------
    >>> deviations(np.array([[1.0], [2.0], [6.0]])).ravel()
    array([1., 0., 4.])
    """
    means = by_seed("deviations", {"scores": scores})[0]["scores"]
    finished = np.isfinite(means)
    middle = np.median(means[finished]) if finished.any() else np.nan
    return np.abs(means - middle)[:, None]


def generalization_gap(training: np.ndarray, validation: np.ndarray) -> np.ndarray:
    """Return validation loss minus training loss; positive is worse on unseen data.

    Parameters
    ----------
    training : array (seeds, folds)
        Training losses; any shape will do.
    validation : array (seeds, folds)
        Validation losses of the same runs, in the same shape.

    Returns
    -------
    array (seeds, folds)
        The gaps. They may be zero or negative: give `compare` a `scale`, such as the baseline's mean
        validation loss.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> generalization_gap(np.array([[0.5]]), np.array([[0.75]]))
    array([[0.25]])
    """
    seen, unseen = np.asarray(training, dtype=np.float64), np.asarray(validation, dtype=np.float64)
    if seen.shape != unseen.shape:
        raise ValueError(
            f"generalization_gap: training has shape {seen.shape}, validation {unseen.shape}. "
            f"Give both losses of the same runs."
        )
    return unseen - seen
