"""Candidates: forecasts that cost next to nothing, which every network must beat, and may join.

Each is a file of this package that holds a `candidate`; what lies here stands in every back-test.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from normcast.candidates.candidate import Candidate, FittedCandidate
from normcast.candidates.drift import drift
from normcast.candidates.ridge import PENALTIES, Ridge, fit_ridge
from normcast.candidates.ridges import StagedRidge
from normcast.candidates.seasonal_naive import seasonal_naive
from normcast.tasks import ForecastFold

__all__ = [
    "PENALTIES",
    "Candidate",
    "FittedCandidate",
    "Ridge",
    "StagedRidge",
    "candidates",
    "drift",
    "fit_candidates",
    "fit_ridge",
    "seasonal_naive",
]


def candidates() -> tuple[Candidate, ...]:
    """Return the candidates in order.

    Returns
    -------
    tuple of Candidate
        What stands in every back-test beside the network.

    Examples
    --------
    >>> [each.name for each in candidates()]
    ['naive', 'seasonal_naive', 'longest_season', 'drift', 'ridge', 'theta', 'seasonal_drift']
    """
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    there = (getattr(module, "candidate", None) for module in modules)
    return tuple(sorted((c for c in there if isinstance(c, Candidate)), key=lambda each: each.place))


def fit_candidates(fold: ForecastFold, season: int) -> dict[str, FittedCandidate]:
    """Fit every candidate that applies on a fold.

    Parameters
    ----------
    fold : ForecastFold
        The rows before one cutoff, split and scaled.
    season : int
        In rows.

    Returns
    -------
    dict of str to FittedCandidate
        By name, in order.

    Examples
    --------
    >>> import pandas as pd
    >>> from normcast.data import Panel
    >>> from normcast.tasks import ForecastFold, Sizes
    >>> from normcast.windows.arrays import Arrays
    >>> panel = Panel.from_frame(pd.DataFrame({"ds": range(60), "y": [float(i % 4) for i in range(60)]}))
    >>> sizes = Sizes(8, n_valid=5, n_calib=5)
    >>> fold = ForecastFold.before(Arrays.of(panel, h=2), panel.lengths, sizes, h=2, scaling="none")
    >>> fitted = fit_candidates(fold, season=4)
    >>> fitted["seasonal_naive"].forecast(fold.scaled, fold.split.valid[:1]).shape
    (1, 2)
    """
    return {name: fitted for each in candidates() for name, fitted in each.fit(fold, season).items()}
