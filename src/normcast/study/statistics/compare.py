"""Compare: placements against a baseline over paired seeds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from normcast.study.statistics.comparison import Comparison


def compare(
    scores: Mapping[str, np.ndarray],
    baseline: str,
    *,
    min_effect: float = 0.01,
    alpha: float = 0.05,
    level: float = 0.95,
    lower_is_better: bool = True,
    scale: float | None = None,
    rng_seed: int = 0,
    resamples: int = 9999,
) -> Comparison:
    """Compare each placement with the baseline, paired by seed."""
    raise NotImplementedError
