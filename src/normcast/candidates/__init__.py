"""Candidates: forecasts that cost next to nothing, which every network must beat, and may join.

Each is a file of this package that holds a `candidate`; what lies here, or was registered, stands in every
back-test.
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
    "register",
    "seasonal_naive",
]

_OWN: dict[str, Candidate] = {}  # of users, by name


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
    every = [each for each in there if isinstance(each, Candidate)] + list(_OWN.values())
    return tuple(sorted(every, key=lambda each: each.place))


def register(candidate: Candidate) -> Candidate:
    """Make a forecast of your own one of `candidates()`, from now on and in this process.

    It stands in every back-test and among the baselines of every study, may forecast alone (`model=` its
    name), and where it says how many rows it reads it may take part in the combination. A forecaster that
    forecasts with it cannot be saved, since loading runs no code.

    Parameters
    ----------
    candidate : Candidate
        What forecasts, under a name of its own; registered again, a name of yours is the newer candidate.

    Returns
    -------
    Candidate
        The same.

    Raises
    ------
    ValueError
        For a name that one of ours has.

    Examples
    --------
    >>> register(Candidate("drift", place=9, fit=lambda fold, season: {}, words="nothing"))
    Traceback (most recent call last):
    ...
    ValueError: register: there is a candidate 'drift' already; give yours another name.
    """
    if candidate.name in {each.name for each in candidates()} - _OWN.keys():
        raise ValueError(
            f"register: there is a candidate {candidate.name!r} already; give yours another name."
        )
    _OWN[candidate.name] = candidate
    return candidate


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
