"""Stability: how a network trains: how fast, how steadily, at what price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from normcast.study.speed import middle, reached
from normcast.study.trial import Trial


def targets_of(baseline: Iterable[Trial]) -> dict[int, float]:
    """Return by fold the validation loss that the baseline typically comes to: the median of its best."""
    best: dict[int, list[float]] = {}
    for trial in baseline:
        if not trial.failed:
            best.setdefault(trial.fold, []).append(min(trial.history["val_loss"]))
    # "higher": of an even number of trainings, more than half get to the median of their best losses.
    return {fold: float(np.quantile(own, 0.5, method="higher")) for fold, own in best.items()}


def trained_how(
    trials: Sequence[Trial], scores: np.ndarray, targets: Mapping[int, float], metric: str
) -> dict[str, Any]:
    """Return how one network trains.

    trials: its own, at least one; scores: (seeds, folds) of the metric; targets: as `targets_of` returns.
    epochs_to_baseline: of the middle training; diverged: share of the trainings without a score; spread: of
    the score over seeds; gap: of the metric, test minus trained on; seconds: of one training.
    """
    good = [trial for trial in trials if not trial.failed]
    seeds = scores.mean(axis=1)
    seeds = seeds[np.isfinite(seeds)]
    gaps = [trial.metrics[metric] - trial.seen[metric] for trial in good]
    return {
        "epochs_to_baseline": middle(reached(good, targets)) if good else np.nan,
        "diverged": 1 - len(good) / len(trials),
        "spread": float(seeds.std(ddof=1)) if len(seeds) > 1 else np.nan,
        "gap": float(np.mean(gaps)) if gaps else np.nan,
        "seconds": float(np.median([trial.seconds - trial.compile_seconds for trial in trials])),
    }
