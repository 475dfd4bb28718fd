"""Naive: the last value, repeated."""

from __future__ import annotations

from normcast.candidates.candidate import Candidate, FittedCandidate
from normcast.candidates.seasonal_naive import SeasonalNaive
from normcast.tasks import ForecastFold


def fit(fold: ForecastFold, season: int) -> dict[str, FittedCandidate]:
    """Return the forecast; nothing without a season, where it is the seasonal naive one."""
    return {"naive": SeasonalNaive(1)} if season > 1 else {}


candidate = Candidate("naive", place=0, fit=fit, words="the last value, repeated")
