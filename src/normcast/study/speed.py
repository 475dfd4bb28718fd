"""Speed: in which epoch trainings get to a loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from normcast.study.statistics import epochs_to
from normcast.study.trial import Trial


def reached(trials: Sequence[Trial], targets: Mapping[int, float]) -> np.ndarray:
    """Return the epoch in which each trial first had its fold's target as validation loss; NaN if never."""
    longest = max(len(trial.history["val_loss"]) for trial in trials)
    curves = np.full((len(trials), longest), np.nan)
    for row, trial in enumerate(trials):
        curves[row, : len(trial.history["val_loss"])] = trial.history["val_loss"]
    target = np.array([targets.get(trial.fold, np.nan) for trial in trials])
    return epochs_to(curves, target) - 1  # the first loss is that of the initial weights


def middle(epochs: np.ndarray) -> float:
    """Return the median epoch; NaN where half of the trials never got there.

    >>> middle(np.array([3.0, 5.0, np.nan])), middle(np.array([3.0, np.nan]))
    (5.0, nan)
    """
    value = float(np.median(np.where(np.isnan(epochs), np.inf, epochs)))
    return value if np.isfinite(value) else np.nan
