"""Weighing: how much of each candidate and of the networks the held-out windows of a fold support."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from normcast.candidates import FittedCandidate, StagedRidge
from normcast.errors import listed
from normcast.forecasting.combination import NAIVE, SEASONAL_NAIVE
from normcast.forecasting.fitted import Fitted
from normcast.forecasting.settings import Settings
from normcast.forecasting.trial import Trial
from normcast.scoring import seasonal_error
from normcast.tasks import ForecastFold


def combined(
    fitted: Fitted,
    candidates: Mapping[str, FittedCandidate],
    fold: ForecastFold,
    season: int,
    settings: Settings,
) -> Fitted:
    """Take candidates to the networks: those that held-out errors choose, or the one that was named."""
    name = settings.candidate
    if name is None and not settings.combines:
        return fitted
    if name is not None and name not in candidates:
        raise ValueError(
            f"model: {name!r} does not apply to these rows; those that do are {listed(sorted(candidates))}."
        )
    tried = {name: candidates[name]} if name else weighed(candidates, settings.input_size)
    combination = trial(fitted, tried, fold, season).chosen(settings.quantiles)
    used = {name: each for name, each in tried.items() if name in combination.shares.parts}
    return replace(fitted, candidates=used, combination=combination)


def weighed(candidates: Mapping[str, FittedCandidate], input_size: int | None) -> dict[str, FittedCandidate]:
    """Return the candidates that may be in a combination.

    What reads all rows there are is left out, and so are linear maps that read more than was asked for.
    """
    most = np.inf if input_size is None else input_size
    found = {name: each for name, each in candidates.items() if each.reads is not None}
    return {
        name: each for name, each in found.items() if not isinstance(each, StagedRidge) or each.reads <= most
    }


def trial(
    fitted: Fitted, candidates: Mapping[str, FittedCandidate], fold: ForecastFold, season: int
) -> Trial:
    """Return what candidates and networks forecast at the origins that are held out, and what came."""
    windows, scaled = fold.origins(), fold.scaled
    network = None if fitted.model is None or not fitted.weights else fitted.network(scaled, windows)
    points = unlike({name: each.forecast(scaled, windows) for name, each in candidates.items()})
    time = windows.cutoff - fold.ends[windows.series]
    y, unit = windows.targets(scaled.truth), units(fold, season)[windows.series]
    naive = NAIVE if season > 1 else SEASONAL_NAIVE  # of a season of one row
    return Trial(points, network, y, unit, time, windows.series, len(fold.rows), naive)


def unlike(points: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return forecasts of which no two are equal bit for bit, so that none counts twice.

    >>> list(unlike({"naive": np.ones(2), "drift": np.ones(2), "ridge": np.zeros(2)}))
    ['naive', 'ridge']
    """
    found: dict[str, np.ndarray] = {}
    for name, each in points.items():
        if not any(np.array_equal(each, other) for other in found.values()):
            found[name] = each
    return found


def units(fold: ForecastFold, season: int) -> np.ndarray:
    """Return the in-sample error of seasonal naive, scaled, in the training rows of each series: (series,).

    Where a series has no two rows a season apart, or repeats itself, it is that of its changes; NaN for one
    that never changed, beside others that did.
    """
    arrays, rows = fold.scaled.arrays, fold.sizes.trained(fold.rows - fold.begin, fold.arrays.h) + fold.begin
    at = arrays.last(rows, 1)
    seasonal, naive = (
        seasonal_error(fold.scaled.y, at, arrays.offsets, m, arrays.observed) for m in (season, 1)
    )
    unit = np.where(np.isfinite(seasonal) & (seasonal > 0), seasonal, naive)
    return np.where(unit > 0, unit, np.nan if (unit > 0).any() else 1.0)
