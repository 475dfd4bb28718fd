"""Candidate: a forecast that costs next to nothing, and so stands beside every network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from normcast.tasks import ForecastFold
from normcast.windows import Windows
from normcast.windows.arrays import Scaled


class FittedCandidate(Protocol):
    """A candidate that has seen what may be seen before a cutoff."""

    def forecast(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Forecast windows in scaled units, (windows, h), from rows of their series before their cutoff."""


@dataclass(frozen=True)
class Candidate:
    """A way to forecast, as a value: `fit` takes what stands before a cutoff and the season in rows.

    name: its column in a back-test; place: its order among the others. One that does not apply to the rows
    before the cutoff gives None, and has no column.
    """

    name: str
    place: int
    fit: Callable[[ForecastFold, int], FittedCandidate | None]
