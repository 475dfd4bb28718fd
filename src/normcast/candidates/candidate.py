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
    """A candidate that has seen what may be seen before a cutoff: what `Candidate.fit` gives.

    A class of your own needs the same two properties and `forecast`.

    Examples
    --------
    >>> from normcast.candidates.seasonal_naive import SeasonalNaive
    >>> fitted: FittedCandidate = SeasonalNaive(season=7)
    >>> fitted.reads
    7
    """

    @property
    def reads(self) -> int | None:
        """The rows of its series before a window's cutoff that it reads at most; None for all there are."""

    @property
    def final(self) -> FittedCandidate:
        """What forecasts from the cutoff on, and is kept in a file: it knows nothing of a panel's rows."""

    def forecast(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Forecast windows from rows of their series before their cutoff.

        Parameters
        ----------
        scaled : Scaled
            The columns of a panel, scaled.
        windows : Windows
            What to forecast.

        Returns
        -------
        array (windows, h)
            In scaled units.
        """


class Timeless:
    """A fitted candidate that is the same before the cutoff and from it on."""

    @property
    def final(self) -> Self:
        """Itself."""
        return self


@dataclass(frozen=True)
class Candidate:
    """A way to forecast that costs next to nothing, as a value.

    Parameters
    ----------
    name : str
        Its column in a back-test.
    place : int
        Its order among the others.
    fit : callable
        Takes what stands before a cutoff, a `ForecastFold`, and the season in rows. It gives what it fitted
        by name, its own or several that start with it; nothing where it does not apply to the rows before the
        cutoff.
    words : str
        What it does, in a line.

    Examples
    --------
    >>> from normcast.candidates import candidates
    >>> candidates()[0].name, candidates()[0].words
    ('naive', 'the last value, repeated')
    """

    name: str
    place: int
    fit: Callable[[ForecastFold, int], Mapping[str, FittedCandidate]]
    words: str
