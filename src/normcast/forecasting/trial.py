"""Trial: forecasts of what could not be seen, by which a combination is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import stdtr

from normcast.forecasting.combination import NAIVE, NETWORK, Combination, widths
from normcast.forecasting.shares import Shares
from normcast.scoring.series_scale import mean_seen

ALIKE = 1.01  # times the least error: what is as good
SHARES = np.linspace(0, 1, 11)  # of the networks in the widths, of which one is chosen
POWER = 30  # of the pooled errors, by whose inverse parts weigh: one that errs 3 % more has 0.4 times as much
OWN_POWER = 8  # the same of the errors of a series, which are known less well
OWN = 1.0  # observations of its own that make a series as good a witness of its errors as all others
SMALLEST = 0.02  # of all weights; smaller ones are none
MOST_OPTIMISM = 2.0
CLOSE = 0.8  # of the error of the last value: who errs less than this needs no other witness
WITNESSES = 30  # series that are enough to tell whether a forecast is better; stretches of time where fewer
LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Trial:
    """Forecasts of what could not be seen, beside what came.

    points: (windows, h) by name, of candidates; network: (windows, h, Q), or None; y: (windows, h), NaN where
    nothing was observed; unit: (windows,) in-sample error of the seasonal naive forecast of each series, NaN
    where it has none; time: (windows,) rows from the cutoff to the first target, negative; series:
    (windows,), one of n_series; naive: the name of the candidate that repeats the last value.
    """

    points: Mapping[str, np.ndarray]
    network: np.ndarray | None
    y: np.ndarray
    unit: np.ndarray
    time: np.ndarray
    series: np.ndarray
    n_series: int
    naive: str = NAIVE

    @cached_property
    def parts(self) -> dict[str, np.ndarray]:
        """The medians of candidates and of the networks by name, each (windows, h)."""
        if self.network is None:
            return dict(self.points)
        return {**self.points, NETWORK: self.network[..., self.network.shape[-1] // 2]}

    @cached_property
    def early(self) -> np.ndarray:
        """Which windows are of the earlier half of the origins, (windows,)."""
        return self.time < np.median(np.unique(self.time))

    def sizes(self, forecast: np.ndarray) -> np.ndarray:
        """Return the mean |error| of a forecast (windows, h) in units of its series, (windows,)."""
        return mean_seen(np.abs(self.y - forecast)) / self.unit

    def error(self, forecast: np.ndarray) -> float:
        """Return the mean |error| of a forecast (windows, h) in units of its series, pooled over all."""
        sizes = self.sizes(forecast)
        return float(np.nanmean(sizes)) if np.isfinite(sizes).any() else float("nan")

    def told(self, shares: Shares) -> np.ndarray:
        """Return the median of a combination with these shares, (windows, h)."""
        return shares.of(self.parts, self.series)

    def chosen(self, quantiles: tuple[float, ...]) -> Combination:
        """Choose shares by the errors, and the networks' share in the widths by the pinball loss.

        Each series gets shares of its own where these are better by more than 1 % at origins that did not
        choose them. All is the last value, repeated, where nothing shows that the rest is better.
        """
        ways = [Trial.alike, Trial.of_each] if self.n_series > 1 else [Trial.alike]
        elsewhere = [self.elsewhere(way) for way in ways]
        errors = [self.error(each) for each in elsewhere]
        best = len(ways) - 1 if errors[-1] * ALIKE < errors[0] else 0
        shares, error = ways[best](self), errors[best]
        if not self.beats_naive(self.told(shares) if np.isnan(error) else elsewhere[best]):
            shares, error = Shares.alike({self.naive: 1.0}), np.nan
        return self.combination(shares, error, quantiles)

    def combination(self, shares: Shares, elsewhere: float, quantiles: tuple[float, ...]) -> Combination:
        """Return the combination of these shares; elsewhere: their error where nothing was chosen, or NaN."""
        median = self.told(shares)
        errors = {name: self.error(each) for name, each in self.parts.items()}
        rest = shares.without(NETWORK) if set(shares.parts) != {NETWORK} else self.only_candidates().alike()
        errors[Combination.CANDIDATES] = self.error(self.told(rest))
        errors[Combination.COMBINED] = error = self.error(median)
        around = self.spread(median, quantiles), widths(self.y - median, quantiles)
        ratio = elsewhere / error if error > 0 else np.nan
        optimism = float(np.clip(ratio, 1, MOST_OPTIMISM)) if np.isfinite(ratio) else 1.0
        return Combination(shares, *around, errors, optimism)

    def alike(self) -> Shares:
        """Return the same shares for all series: by the inverse of the errors, to a high power."""
        names = sorted(self.parts)
        errors = np.array([self.error(self.parts[name]) for name in names])
        return Shares.alike(dict(zip(names, by_inverse(errors, POWER), strict=True)))

    def of_each(self) -> Shares:
        """Return the shares of each series: by the inverse of its own errors.

        As far as a series has few origins that do not overlap, the errors of all series count instead.
        """
        names, usual = sorted(self.parts), self.alike().mean()
        errors = np.stack(
            [means(self.sizes(self.parts[name]), self.series, self.n_series) for name in names], axis=1
        )
        known = np.isfinite(errors).all(axis=1) & (errors > 0).all(axis=1)
        pooled = np.array([self.error(self.parts[name]) for name in names])
        if not known.any() or not (pooled > 0).all():
            return self.alike()
        logs = np.log(np.where(known[:, None], errors, 1.0))
        observations = (np.ptp(self.time) + self.y.shape[1]) / self.y.shape[1]
        trust = np.where(known, observations / (observations + OWN), 0.0)[:, None]
        logs = trust * (logs - logs.mean(axis=1, keepdims=True))
        logs = logs + (1 - trust) * (np.log(pooled) - np.log(pooled).mean())
        weights = by_inverse(np.exp(logs), OWN_POWER)
        every = np.array([usual.get(name, 0.0) for name in names])
        used = (weights > 0).any(axis=0) | (every > 0)
        parts = tuple(name for name, is_used in zip(names, used, strict=True) if is_used)
        return Shares(parts, every[used], weights[:, used])

    def beats_naive(self, told: np.ndarray) -> bool:
        """Whether it is shown that a forecast (windows, h) is better than the last value, repeated.

        It is where its error is smaller by a fifth, or by so much that chance hardly makes it (t-test of one
        side, 5 %): over the series, or where these are few over stretches of h rows, which one test of time
        meets together. What is a random walk, nothing forecasts better; on few rows much seems to.
        """
        naive = self.points.get(self.naive)
        if naive is None or not self.error(told) >= CLOSE * self.error(naive):
            return True
        gain = self.sizes(naive) - self.sizes(told)
        stretch = (self.time - self.time.min()) // self.y.shape[1]
        by_series, by_time = (means(gain, each, each.max() + 1) for each in (self.series, stretch))
        gains = by_series if np.isfinite(by_series).sum() >= WITNESSES else by_time
        gains = gains[np.isfinite(gains)]
        spread = gains.std(ddof=1) if len(gains) > 1 else np.inf
        if spread == 0:
            return bool(gains.mean() > 0)
        return bool(stdtr(len(gains) - 1, gains.mean() / spread * len(gains) ** 0.5) > 1 - LEVEL)

    def elsewhere(self, way: Callable[[Trial], Shares]) -> np.ndarray:
        """Return what is told, (windows, h), at origins that chose nothing: each half by the other's choice.

        NaN where there is only one origin.
        """
        if not self.early.any() or self.early.all():
            return np.full_like(self.y, np.nan)
        told = np.empty_like(self.y)
        for seen in (self.early, ~self.early):
            told[~seen] = self.only(~seen).told(way(self.only(seen)))
        return told

    def only(self, some: np.ndarray) -> Trial:
        """Return the windows of a mask."""
        points = {name: each[some] for name, each in self.points.items()}
        network = None if self.network is None else self.network[some]
        rest = self.y[some], self.unit[some], self.time[some], self.series[some]
        return Trial(points, network, *rest, self.n_series, self.naive)

    def only_candidates(self) -> Trial:
        """Return the trial without networks."""
        rest = self.y, self.unit, self.time, self.series
        return Trial(self.points, None, *rest, self.n_series, self.naive)

    def spread(self, median: np.ndarray, quantiles: tuple[float, ...]) -> float:
        """Return the share of the networks' widths with which the later origins' pinball loss is least.

        What the networks do not give are the widths of the earlier origins' errors.
        """
        if self.network is None or not quantiles or not self.early.any() or self.early.all():
            return float(self.network is not None)
        late = ~self.early
        plain = widths((self.y - median)[self.early], quantiles)
        middle = self.network.shape[-1] // 2
        own = (self.network - self.network[..., middle : middle + 1])[late]
        missed, unit = (self.y - median)[late][..., None], self.unit[late]
        losses = []
        for each in SHARES:
            over = missed - (each * own + (1 - each) * plain)
            loss = np.maximum(np.array(quantiles) * over, (np.array(quantiles) - 1) * over).mean(axis=-1)
            losses.append(np.nanmean(mean_seen(loss) / unit))
        return float(SHARES[int(np.nanargmin(losses))]) if np.isfinite(losses).any() else 1.0


def means(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Return the mean of the finite values of each group, (groups,); NaN where there is none.

    >>> means(np.array([1.0, 2.0, 6.0, np.nan]), np.array([2, 0, 0, 1]), groups=3)
    array([ 4., nan,  1.])
    """
    seen = np.isfinite(values)
    many = np.bincount(group[seen], minlength=groups)
    sums = np.bincount(group[seen], values[seen], groups)
    return np.where(many > 0, sums / np.maximum(many, 1), np.nan)


def by_inverse(errors: np.ndarray, power: float) -> np.ndarray:
    """Return weights (..., parts) that fall with a power of the errors; those below `SMALLEST` are none.

    What has no error, NaN, weighs nothing beside others.

    >>> by_inverse(np.array([1.0, 1.0, 2.0, np.nan]), power=2).round(2)
    array([0.44, 0.44, 0.11, 0.  ])
    >>> by_inverse(np.array([0.0, 0.0, 1.0]), power=30)
    array([0.5, 0.5, 0. ])
    """
    known = np.where(np.isnan(errors), np.inf, errors)
    least = known.min(axis=-1, keepdims=True)
    ratio = np.divide(least, known, out=np.ones_like(known), where=known > least)
    weights = ratio**power
    weights = weights / weights.sum(axis=-1, keepdims=True)
    weights = np.where(weights < SMALLEST, 0.0, weights)
    return weights / weights.sum(axis=-1, keepdims=True)
