"""Moments of channels, pooled over parts of the cases."""

from __future__ import annotations

import numpy as np

from normcast.probes.taps import Key


class Pooled:
    """Means, mean squares, least and largest values of channels, over all parts."""

    def __init__(self) -> None:
        self._sums: dict[Key, np.ndarray] = {}
        self._count = 0

    def add(self, found: dict[Key, np.ndarray], count: int) -> None:
        """Add what a part of so many cases gave."""
        for key, value in found.items():
            join = {"low": np.minimum, "high": np.maximum}.get(key[1].split()[-1])
            part = value if join else value * count
            self._sums[key] = (join or np.add)(self._sums[key], part) if key in self._sums else part
        self._count += count

    def means(self) -> dict[Key, np.ndarray]:
        """Return them for all cases that were added."""
        ends = ("low", "high")
        return {k: v if k[1].split()[-1] in ends else v / self._count for k, v in self._sums.items()}
