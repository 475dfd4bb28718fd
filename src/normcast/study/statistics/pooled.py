"""Pooled: one effect over several data sets that each have their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, t

from normcast.plain import Plain


@dataclass(frozen=True)
class Pooled(Plain):
    """The mean effect over data sets, and how far they agree; what one data set cannot tell is NaN.

    Parameters
    ----------
    effect : float
        The mean effect.
    low : float
        The lower end of its interval.
    high : float
        The upper end of its interval.
    p : float
        Two-sided, that the mean is zero.
    between : float
        The standard deviation of the true effects between data sets (tau).
    between_low : float
        The lower end of its interval.
    between_high : float
        The upper end of its interval.
    low_new : float
        From where on the true effect on one more data set is expected (prediction interval).
    high_new : float
        Up to where it is expected.
    datasets : int
        How many data sets.

    Examples
    --------
    >>> pooled([0.1], [0.01]).effect
    0.1
    """

    effect: float
    low: float
    high: float
    p: float
    between: float
    between_low: float
    between_high: float
    low_new: float
    high_new: float
    datasets: int


@dataclass(frozen=True)
class _Sample:
    """Effects and their variances, (n,) each, as functions of the variance between data sets."""

    y: np.ndarray
    v: np.ndarray

    def weights(self, between: float) -> np.ndarray:
        return 1 / (self.v + between)

    def mean(self, between: float) -> float:
        w = self.weights(between)
        return float(np.sum(w * self.y) / w.sum())

    def q(self, between: float) -> float:
        """Return the weighted sum of squares around the mean, which falls as `between` grows."""
        return float(np.sum(self.weights(between) * (self.y - self.mean(between)) ** 2))

    def likelihood(self, between: float) -> float:
        """Return the restricted log-likelihood, up to a constant."""
        w = self.weights(between)
        return float(np.log(w).sum() - np.log(w.sum()) - self.q(between)) / 2

    def slope(self, between: float) -> float:
        """Return the derivative of the restricted log-likelihood."""
        w = self.weights(between)
        residual = self.y - self.mean(between)
        return float(np.sum((w * residual) ** 2) - w.sum() + np.sum(w**2) / w.sum()) / 2


def pooled(effects: Sequence[float], errors: Sequence[float], *, level: float = 0.95) -> Pooled:
    """Return the random-effects mean of effects with their standard errors.

    Data sets are taken as draws from those there are.

    Parameters
    ----------
    effects : sequence of float
        The effect on each data set.
    errors : sequence of float
        Their standard errors, in the same unit.
    level : float, default 0.95
        That of the intervals.

    Returns
    -------
    Pooled
        The mean with its interval, and how far the data sets agree. With one data set all but the effect is
        NaN.

    Raises
    ------
    ValueError
        If there is no effect, lengths differ, or numbers are not finite.

    Notes
    -----
    The variance between data sets is estimated by restricted maximum likelihood (REML: Viechtbauer 2005,
    doi:10.3102/10769986030003261), its interval is that of the Q profile (Viechtbauer 2007,
    doi:10.1002/sim.2514). The interval of the mean is Hartung and Knapp's, t with n - 1 degrees of freedom
    (2001, doi:10.1002/sim.791), with the floor of Rover et al. 2015 (doi:10.1186/s12874-015-0091-1): never
    narrower than with known variances, since with few data sets that happen to agree the plain form claims
    more than they show. The prediction interval is Partlett and Riley's after REML, t with n - 2 degrees of
    freedom (2017, doi:10.1002/sim.7140; 1 where n is 2).

    Examples
    --------
    >>> found = pooled([0.1, 0.12, 0.08, 0.1], [0.01, 0.01, 0.01, 0.01])
    >>> print(round(found.effect, 3), round(found.low, 3), round(found.high, 3))
    0.1 0.074 0.126
    """
    sample = _sample(effects, errors)
    n = len(sample.y)
    if n == 1:
        return Pooled(float(sample.y[0]), nan, nan, nan, nan, nan, nan, nan, nan, datasets=1)
    between = _reml(sample)
    mean, total = sample.mean(between), sample.weights(between).sum()
    error = float(np.sqrt(max(1.0, sample.q(between) / (n - 1)) / total))
    reach = float(t.ppf(0.5 + level / 2, n - 1)) * error
    new = float(t.ppf(0.5 + level / 2, max(1, n - 2)) * np.sqrt(between + error**2))
    low, high = _q_profile(sample, level)
    return Pooled(
        effect=mean,
        low=mean - reach,
        high=mean + reach,
        p=float(2 * t.sf(abs(mean) / error, n - 1)),
        between=float(np.sqrt(between)),
        between_low=float(np.sqrt(low)),
        between_high=float(np.sqrt(high)),
        low_new=mean - new,
        high_new=mean + new,
        datasets=n,
    )


def leave_one_out(
    effects: Sequence[float], errors: Sequence[float], *, level: float = 0.95
) -> tuple[Pooled, ...]:
    """Return what is pooled without each data set in turn.

    Parameters
    ----------
    effects : sequence of float
        The effect on each data set.
    errors : sequence of float
        Their standard errors, in the same unit.
    level : float, default 0.95
        That of the intervals.

    Returns
    -------
    tuple of Pooled
        One for each data set that is left out, in their order; () for fewer than two.

    Examples
    --------
    >>> [round(each.effect, 2) for each in leave_one_out([0.0, 0.1, 0.2], [0.1, 0.1, 0.1])]
    [0.15, 0.1, 0.05]
    """
    rows = list(zip(effects, errors, strict=True))
    if len(rows) < 2:
        return ()
    rest = [rows[:i] + rows[i + 1 :] for i in range(len(rows))]
    return tuple(pooled([y for y, _ in each], [se for _, se in each], level=level) for each in rest)


def _sample(effects: Sequence[float], errors: Sequence[float]) -> _Sample:
    y, se = np.asarray(effects, float), np.asarray(errors, float)
    if y.shape != se.shape or y.ndim != 1 or not len(y):
        raise ValueError(
            f"pooled: effects have shape {y.shape}, errors {se.shape}; give one of each per data set."
        )
    if not np.isfinite([y, se]).all() or (se < 0).any():
        raise ValueError(
            f"pooled: effects {y.tolist()} with errors {se.tolist()}: each must be a finite number, and no "
            f"error below 0. Leave out what was not measured."
        )
    # An error of zero would outweigh all others.
    return _Sample(y, np.maximum(se, max(1e-12, 1e-6 * float(np.abs(y).max()))) ** 2)


def _reml(sample: _Sample) -> float:
    """Return the variance between data sets at which the restricted likelihood is highest.

    It may have several maxima: the best of a grid says near which to look for where its slope is zero.
    """
    top = float(np.ptp(sample.y)) ** 2 + float(sample.v.max())
    grid = np.concatenate([[0.0], top * np.logspace(-14, 1, 91)])
    best = int(np.argmax([sample.likelihood(each) for each in grid]))
    low, high = grid[max(0, best - 1)], grid[min(best + 1, len(grid) - 1)]
    if sample.slope(low) <= 0:
        return float(low)
    return _root(sample.slope, low, high)


def _q_profile(sample: _Sample, level: float) -> tuple[float, float]:
    """Return the interval of the variance between data sets: those under which Q is no surprise."""
    tail, degrees = (1 - level) / 2, len(sample.y) - 1
    return (
        _between_at(sample, float(chi2.ppf(1 - tail, degrees))),
        _between_at(sample, float(chi2.ppf(tail, degrees))),
    )


def _between_at(sample: _Sample, q: float) -> float:
    """Return the variance between data sets at which Q has fallen to a value; 0 if it is no higher there."""
    if sample.q(0.0) <= q:
        return 0.0
    high = float(np.ptp(sample.y)) ** 2 + float(sample.v.max())
    while sample.q(high) > q:
        high *= 4
    return _root(lambda between: sample.q(between) - q, 0.0, high)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high, xtol=1e-300, rtol=1e-13, maxiter=500))
