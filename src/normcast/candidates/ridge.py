"""The closed-form linear forecast: seconds of work, near the state of the art, and so the line to beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from normcast.blas import one_blas_thread
from normcast.candidates.candidate import Timeless
from normcast.candidates.moments import Moments, Pairs, chunks, inputs, pairs, thinned
from normcast.windows import Windows
from normcast.windows.arrays import Scaled

PENALTIES = tuple(
    float(10.0**power) for power in (-6, -5, -4, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 2, 3, 8)
)
"""Relative to the mean eigenvalue of the Gram matrix; at 1e8 the map is the last value plus the mean step."""


@dataclass(frozen=True, eq=False)
class Ridge(Timeless):
    """A linear map, shared by all series, from window to horizon, both less the window's last value.

    With last for the window's last value, it forecasts::

        last + (window - last) @ weights + intercept

    The last row of weights meets a zero always, and is zero. `fit_ridge` makes one.

    Parameters
    ----------
    weights : array (input_size, h)
        The map.
    intercept : array (h,)
        What is added at each step.
    penalty : float
        The one chosen, relative to the mean eigenvalue of the Gram matrix.

    Examples
    --------
    >>> window = Windows(np.array([0]), np.array([0]), input_size=2, h=1)
    >>> trend = Ridge(weights=np.array([[-1.0], [0.0]]), intercept=np.zeros(1), penalty=0.0)
    >>> trend.predict(np.array([3.0, 5.0]), window)
    array([[7.]])
    """

    weights: np.ndarray
    intercept: np.ndarray
    penalty: float

    @classmethod
    def of(cls, moments: Moments, weights: np.ndarray, penalty: float) -> Ridge:
        """Return the map with the intercept that makes it right for the mean window.

        Parameters
        ----------
        moments : Moments
            What was added up over the windows.
        weights : array (input_size, h)
            The map.
        penalty : float
            The one it was solved with.

        Returns
        -------
        Ridge
            The map.
        """
        weights = np.ascontiguousarray(weights)  # as a file gives them: else sums differ in their last bit
        return cls(weights, moments.mean_y - moments.mean_x @ weights, penalty)

    @one_blas_thread
    def predict(self, values: np.ndarray, windows: Windows, offsets: np.ndarray | None = None) -> np.ndarray:
        """Forecast each window; nothing at or after a cutoff is read.

        Parameters
        ----------
        values : array (rows,)
            The series one after another, scaled.
        windows : Windows
            What to forecast, of the size that the map has.
        offsets : int array (series + 1,) or None, default None
            First row of each series, before which steps are padded with the window's last value; without them
            no step is.

        Returns
        -------
        array (windows, h)
            In the scaled unit.

        Raises
        ------
        ValueError
            For windows of another size.
        """
        if (windows.input_size, windows.h) != self.weights.shape:
            raise ValueError(
                f"Ridge: fitted for input_size {self.weights.shape[0]} and h {self.weights.shape[1]},"
                f" the windows have input_size {windows.input_size} and h {windows.h}."
            )
        values = np.asarray(values, dtype=np.float64)
        forecast = np.empty((len(windows), windows.h))
        for rows in chunks(len(forecast)):
            window = inputs(values, windows[rows], offsets)  # (chunk, input_size)
            last = window[:, -1:]
            forecast[rows] = last + (window - last) @ self.weights + self.intercept
        return forecast

    @property
    def reads(self) -> int:
        """The rows of its series that it reads."""
        return len(self.weights)

    def forecast(self, scaled: Scaled, windows: Windows) -> np.ndarray:
        """Forecast windows, whatever they read; short series are padded.

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
        return self.predict(scaled.y, windows.reading(self.reads), scaled.arrays.offsets)


@one_blas_thread
def fit_ridge(
    values: np.ndarray,
    train: Windows,
    valid: Windows,
    penalties: Sequence[float] = PENALTIES,
    max_windows: int = 500_000,
    offsets: np.ndarray | None = None,
    truth: np.ndarray | None = None,
) -> Ridge:
    """Fit a ridge map on training windows, with the penalty that errs least on validation windows.

    It errs least by the mean absolute error, and does not weigh on the intercept. The Gram matrix is added up
    in float64 over chunks of windows and decomposed once for all penalties.

    Parameters
    ----------
    values : array (rows,)
        The series one after another, each scaled, so that series of different size weigh the same.
    train : Windows
        What the map is fitted on.
    valid : Windows
        What the penalty is chosen on.
    penalties : sequence of float, default PENALTIES
        To choose from, relative to the mean eigenvalue of the Gram matrix.
    max_windows : int, default 500_000
        Of more training windows than this, this many are taken at even distances (and a tenth as many of the
        validation windows); fewer where steps with unobserved targets, which each add up windows of their
        own, would add up twice this.
    offsets : int array (series + 1,) or None, default None
        As in `Ridge.predict`.
    truth : array (rows,) or None, default None
        What targets are read from, by default values; NaN where nothing was observed, which counts nowhere:
        each step is fitted on the windows in which it was.

    Returns
    -------
    Ridge
        The map.

    Raises
    ------
    ValueError
        If there are no training or no validation windows.

    Notes
    -----
    Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634; the last value subtracted as in NLinear, Zeng et
    al. 2023, arXiv:2205.13504.

    Examples
    --------
    >>> line = np.arange(40.0)
    >>> windows = Windows(np.arange(20), np.zeros(20, int), input_size=4, h=2)
    >>> fit_ridge(line, windows, windows).predict(line, windows)[0].round(2)
    array([4., 5.])
    """
    for name, windows in (("train", train), ("valid", valid)):
        if len(windows) == 0:
            raise ValueError(f"fit_ridge: no {name} windows; lower input_size or h, or give longer series.")
    values = np.asarray(values, dtype=np.float64)
    train, valid = thinned(train, max_windows), thinned(valid, max_windows // 10)
    if truth is not None and any(part.unobserved(~np.isnan(truth)).any() for part in (train, valid)):
        train = _thinned_by_holes(train, ~np.isnan(truth), 2 * max_windows)
        return _fit_observed(partial(pairs, values, truth, offsets=offsets), train, valid, penalties)
    moments = Moments.of(pairs(values, values, train, offsets), train.input_size, train.h)
    return penalized(moments, pairs(values, values, valid, offsets), penalties)


def penalized(moments: Moments, valid: Pairs, penalties: Sequence[float] = PENALTIES) -> Ridge:
    """Return the map of these moments whose penalty has the least mean absolute error on validation pairs."""
    basis = _Basis.of(moments)
    errors = _validation_errors(valid, basis, moments, penalties)
    penalty = float(penalties[int(np.argmin(errors))])
    return Ridge.of(moments, basis.directions @ basis.solve(penalty), penalty)


@dataclass(frozen=True, eq=False)
class _Basis:
    """The centred Gram matrix decomposed: directions (L, L), eigenvalues (L,), cross (L, h) in its basis."""

    directions: np.ndarray
    eigenvalues: np.ndarray
    cross: np.ndarray

    @classmethod
    def of(cls, moments: Moments) -> _Basis:
        gram, cross = moments.centred()
        eigenvalues, directions = np.linalg.eigh(gram)
        # The last input is zero always, so the least eigenvalue is zero up to rounding, of either sign.
        return cls(directions, np.maximum(eigenvalues, 0), directions.T @ cross)

    def solve(self, penalty: float) -> np.ndarray:
        """Return the map in the eigenbasis for one relative penalty: (L, h)."""
        scale = self.eigenvalues.mean()
        if scale == 0:  # windows without any change: nothing to learn from
            return np.zeros_like(self.cross)
        return self.cross / (self.eigenvalues + penalty * scale)[:, None]


def _fit_observed(
    paired: Callable[[Windows], Pairs], train: Windows, valid: Windows, penalties: Sequence[float]
) -> Ridge:
    """Fit each step on the windows in which its target was observed; one penalty for all steps.

    paired: gives inputs and targets of windows, NaN where nothing was observed.
    """
    length, h = train.input_size, train.h
    gram, cross, sum_x = np.zeros((length, length)), np.zeros((length, h)), np.zeros((length, h))
    sum_y, parts = np.zeros(h), []
    for x, y in paired(train):
        known, y = ~np.isnan(y), np.nan_to_num(y)  # noqa: PLW2901
        gram += x.T @ x
        cross += x.T @ y
        sum_x += x.T @ known
        sum_y += y.sum(axis=0)
        parts.append(known)
    seen = np.concatenate(parts)  # (windows, h)
    maps, intercepts = np.empty((len(penalties), length, h)), np.empty((len(penalties), h))
    for step, many in enumerate(np.maximum(seen.sum(axis=0), 1)):  # never observed: all sums are 0
        fewer = seen[:, step] if 2 * many < len(seen) else ~seen[:, step]
        part = sum((x.T @ x for x, _ in paired(train[fewer])), np.zeros_like(gram))
        own = part if 2 * many < len(seen) else gram - part
        at = slice(step, step + 1)
        moments = Moments(own, cross[:, at], sum_x[:, step], sum_y[at], int(many))
        basis = _Basis.of(moments)
        for place, penalty in enumerate(penalties):
            maps[place, :, at] = basis.directions @ basis.solve(penalty)
            intercepts[place, at] = moments.mean_y - moments.mean_x @ maps[place, :, at]
    errors = np.zeros(len(penalties))
    for x, y in paired(valid):
        errors += [np.nansum(np.abs(y - x @ a - b)) for a, b in zip(maps, intercepts, strict=True)]
    best = int(np.argmin(errors))
    return Ridge(maps[best], intercepts[best], float(penalties[best]))


def _validation_errors(
    valid: Pairs, basis: _Basis, moments: Moments, penalties: Sequence[float]
) -> np.ndarray:
    """Return the sum of absolute errors of each penalty: (penalties,)."""
    maps = [basis.solve(penalty) for penalty in penalties]
    errors = np.zeros(len(maps))
    for x, y in valid:
        rotated, target = (x - moments.mean_x) @ basis.directions, y - moments.mean_y
        errors += [np.abs(target - rotated @ weights).sum() for weights in maps]
    return errors


def _thinned_by_holes(windows: Windows, observed: np.ndarray, most: int) -> Windows:
    """Return windows at even distances, so that steps add up at most so many apart from the others."""
    seen = windows.targets(observed).sum(axis=0)
    apart = int(np.minimum(seen, len(windows) - seen).sum())
    return windows if apart <= most else thinned(windows, len(windows) * most // apart)
