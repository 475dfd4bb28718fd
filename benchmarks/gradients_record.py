"""The record of gradients, read: the runs of one network from all seeds."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Runs:
    """The runs of one network on one task, by seed."""

    runs: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, record: dict[str, Any], task: str, name: str) -> "Runs":
        """Return them from the record."""
        found = [run for run in record["runs"] if (run["task"], run["network"]) == (task, name)]
        return cls(tuple(sorted(found, key=lambda run: run["seed"])))

    def values(self, *path: str) -> np.ndarray:
        """Return what lies at a path in each run, (seed, ...); NaN for what was not finite.

        >>> Runs(({"end": {"h": 1.5}}, {"end": {"h": None}})).values("end", "h").tolist()
        [1.5, nan]
        """
        found: Any = self.runs
        for name in path:
            found = [each[name] for each in found]
        return np.array(found, "float64")

    def last(self, name: str) -> np.ndarray:
        """Return the last epoch's value of each run, (seed,)."""
        return self.values(name)[:, -1]
