"""Candidate: a forecast that costs next to nothing, and so stands beside every network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from normcast.tasks import ForecastFold
from normcast.windows import Windows
from normcast.windows.arrays import Scaled


class FittedCandidate(Protocol):
    """A candidate that has seen what may be seen before a cutoff."""

    @property
    def reads(self) -> int | None:
        """The rows of its series before a window's cutoff that it reads at most; None for all there are."""

    @property
    def final(self) -> FittedCandidate:
        """What forecasts from the cutoff on, and is kept in a file: it knows nothing of a panel's rows."""

    def forecast(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Forecast windows in scaled units, (windows, h), from rows of their series before their cutoff."""


class Timeless:
    """A fitted candidate that is the same before the cutoff and from it on."""

    @property
    def final(self) -> Self:
        """Itself."""
        return self


@dataclass(frozen=True)
class Candidate:
    """A way to forecast, as a value: `fit` takes what stands before a cutoff and the season in rows.

    name: its column in a back-test; place: its order among the others. `fit` gives what it fitted by name,
    its own or several that start with it; nothing where it does not apply to the rows before the cutoff.
    words: what it does, in a line.
    """

    name: str
    place: int
    fit: Callable[[ForecastFold, int], Mapping[str, FittedCandidate]]
    words: str
