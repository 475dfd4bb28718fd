"""Longest season: seasonal naive over the longest season that fits twice, such as a week of hours."""

from __future__ import annotations

import numpy as np

from normcast.candidates.candidate import Candidate, FittedCandidate
from normcast.candidates.seasonal_naive import SeasonalNaive
from normcast.tasks import ForecastFold


def fit(fold: ForecastFold, season: int) -> dict[str, FittedCandidate]:
    """Return the forecast; nothing where no season above the main one fits twice in the training rows.

    The series of median length decides, as it does for the sizes of a fold.
    """
    train, offsets = fold.split.train, fold.arrays.offsets
    rows = np.zeros(len(offsets) - 1, dtype=np.int64)
    np.maximum.at(rows, train.series, train.cutoff + train.h - offsets[train.series])
    longer = [each for each in fold.arrays.longer_seasons if each > season and 2 * each <= np.median(rows)]
    return {"longest_season": SeasonalNaive(max(longer))} if longer else {}


candidate = Candidate(
    "longest_season", place=2, fit=fit, words="the last week, or longest season that fits twice, repeated"
)
