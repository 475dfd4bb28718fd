"""SeriesScale: how large the errors of each series are beside those of the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from normcast.plain import Plain

NOISE = 0.6  # variance of absolute errors over their squared mean, as of normal ones, alike at all steps
ALIKE = 2.0  # observations of its own that make a series as good a witness of its noise as all others
LEAST = 1e-3  # of the usual error: a series that happened to be told without any is not told so for ever


@dataclass(frozen=True, eq=False)
class SeriesScale(Plain):
    """What the errors of a series, and the widths its network gives, are divided and multiplied by.

    error: (series,) size of the errors beside the usual one of the panel, which is 1; width: (series, pairs)
    what brings the widths that the network gives to that size, of each pair of quantiles, the outermost
    first. Both are shrunk to 1 as far as the differences between series may be chance, but by no more than a
    standard error (empirical Bayes with limited translation: Efron & Morris 1972,
    doi:10.1080/01621459.1972.10481215): series alike share one scale, one that is unlike the others keeps its
    own, and a single one has 1.

    >>> y = np.array([[0.01], [-0.01], [2.0], [-2.0]] * 8)
    >>> scale = SeriesScale.fit(y, np.zeros((32, 1, 3)), np.arange(32) % 4 // 2, n_series=2)
    >>> bool(scale.error[1] > 50 * scale.error[0])
    True
    """

    error: Float[np.ndarray, " series"]
    width: Float[np.ndarray, "series pairs"]

    @classmethod
    def one(cls, n_series: int, n_quantiles: int) -> SeriesScale:
        """Return the scale under which all series are alike."""
        return cls(np.ones(n_series), np.ones((n_series, n_quantiles // 2)))

    @classmethod
    def fit(
        cls,
        y: Float[np.ndarray, "windows h"],
        forecasts: Float[np.ndarray, "windows h quantiles"],
        series: Int[np.ndarray, " windows"],
        n_series: int,
        weights: Float[np.ndarray, " windows"] | None = None,
    ) -> SeriesScale:
        """Learn from windows that trained nothing.

        y: NaN where nothing was observed; forecasts: ascending quantiles, the median in the middle; series:
        of each window; weights: of each window, by default 1. A series without a window, or whose errors are
        all zero, has the usual scale.
        """
        weights = np.ones(len(y)) if weights is None else weights
        median = forecasts[..., forecasts.shape[-1] // 2]
        each = mean_seen(np.abs(y - median))
        errors = _by_series(each, series, n_series, weights)
        known = np.isfinite(errors) & (errors > 0)
        if not known.any():
            return cls.one(n_series, forecasts.shape[-1])
        errors = np.where(known, np.maximum(errors, LEAST * np.exp(np.log(errors[known]).mean())), np.nan)
        noise = _noise(each, series, n_series, y.shape[1])
        width = np.empty((n_series, forecasts.shape[-1] // 2))
        for pair in range(width.shape[1]):
            wide = (forecasts[..., -1 - pair] - forecasts[..., pair]).mean(axis=1)
            given = _by_series(wide, series, n_series, weights)
            width[:, pair] = _relative(errors / np.where(given > 0, given, np.nan), noise)
        return cls(_relative(errors, noise), width)

    def offsets(
        self, forecasts: Float[np.ndarray, "windows h quantiles"], series: Int[np.ndarray, " windows"]
    ) -> Float[np.ndarray, "windows h quantiles"]:
        """Return how far quantiles lie from the median, in the unit of their series' errors."""
        middle = forecasts.shape[-1] // 2
        pairs = np.minimum(np.arange(forecasts.shape[-1]), np.arange(forecasts.shape[-1])[::-1])
        width = np.hstack([self.width, np.ones((len(self.width), 1))])[:, pairs]  # (series, quantiles)
        factor = (width / self.error[:, None])[series][:, None]
        return (forecasts - forecasts[..., middle : middle + 1]) * factor

    def undo(
        self,
        offsets: Float[np.ndarray, "windows h quantiles"],
        median: Float[np.ndarray, "windows h"],
        series: Int[np.ndarray, " windows"],
    ) -> Float[np.ndarray, "windows h quantiles"]:
        """Return quantiles around a median of offsets in the unit of their series' errors."""
        return median[..., None] + offsets * self.error[series][:, None, None]

    def matched(self, old: tuple[str, ...], new: tuple[str, ...]) -> SeriesScale:
        """Return the scale for other series by their ids; those not known are as usual."""
        places = {name: place for place, name in enumerate(old)}
        at = [places.get(name, -1) for name in new]
        usual = np.ones((1, self.width.shape[1]))
        width = np.concatenate([self.width, usual])[at]
        return replace(self, error=np.append(self.error, 1.0)[at], width=width)


def _by_series(
    values: Float[np.ndarray, " windows"],
    series: Int[np.ndarray, " windows"],
    n_series: int,
    weights: Float[np.ndarray, " windows"],
) -> Float[np.ndarray, " series"]:
    """Return the weighted mean of each series; NaN where there is none."""
    seen = np.isfinite(values)
    total = np.bincount(series[seen], weights[seen], n_series)
    sums = np.bincount(series[seen], (values * weights)[seen], n_series)
    return np.where(total > 0, sums / np.where(total > 0, total, 1), np.nan)


def mean_seen(values: Float[np.ndarray, "windows h"]) -> Float[np.ndarray, " windows"]:
    """Return the mean of each row over what is no NaN; NaN where nothing is left."""
    seen = np.isfinite(values)
    count = seen.sum(axis=1)
    return np.where(count > 0, np.where(seen, values, 0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _noise(
    errors: Float[np.ndarray, " windows"], series: Int[np.ndarray, " windows"], n_series: int, h: int
) -> Float[np.ndarray, " series"]:
    """Return the variance of the logarithm of each series' mean error, as far as it is chance.

    Windows of a series follow one another and overlap, so h of them count as one observation. How much these
    differ, beside their mean, is what the series itself shows, as far as it has many; else what all show.
    """
    spread, count = np.full(n_series, np.nan), np.ones(n_series)
    for place in range(n_series):
        own = errors[series == place]
        own = own[np.isfinite(own)]
        blocks = np.array([own[at : at + h].mean() for at in range(0, len(own), h)])
        count[place] = max(1, len(blocks))
        if len(blocks) > 1 and blocks.mean() > 0:
            spread[place] = blocks.var(ddof=1) / blocks.mean() ** 2
    usual = NOISE if np.isnan(spread).all() else float(np.nanmedian(spread))
    own = np.where(np.isnan(spread), usual, spread)
    return (count * own + ALIKE * usual) / (count + ALIKE) / count


def _relative(
    sizes: Float[np.ndarray, " series"], noise: Float[np.ndarray, " series"]
) -> Float[np.ndarray, " series"]:
    """Return sizes beside their usual one, shrunk to 1 as far as they may differ by chance; 1 for NaN.

    noise: variance of the logarithm of each size.
    """
    known = np.isfinite(sizes)
    if known.sum() < 2:
        return np.ones(len(sizes))
    logs, noise = np.log(sizes[known]), noise[known]
    between = max(0.0, float(logs.var(ddof=1) - noise.mean()))
    pull = (logs.mean() - logs) * noise / np.maximum(between + noise, np.finfo(np.float64).tiny)
    pull = np.clip(pull, -np.sqrt(noise), np.sqrt(noise))
    relative = np.ones(len(sizes))
    relative[known] = np.exp(logs + pull - logs.mean())
    return relative
