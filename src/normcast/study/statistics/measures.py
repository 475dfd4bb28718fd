"""Measures beside the score that `compare` takes as it takes scores."""

from __future__ import annotations

import numpy as np


def epochs_to(curves: np.ndarray, threshold: float | np.ndarray) -> np.ndarray:
    """Return the first epoch, from 1, whose loss is at or below a threshold; NaN where none is."""
    raise NotImplementedError


def deviations(scores: np.ndarray) -> np.ndarray:
    """Return how far each seed is from the median seed: what `compare` needs to compare spreads."""
    raise NotImplementedError


def generalization_gap(training: np.ndarray, validation: np.ndarray) -> np.ndarray:
    """Return validation loss minus training loss; positive is worse on unseen data."""
    raise NotImplementedError
