"""Ridge regression of numbers or classes on features, its penalty chosen by leaving out each case in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from normcast.blas import one_blas_thread
from normcast.candidates.of_cases.candidate import FittedCase

# Relative to the mean eigenvalue that is not zero, so that they mean the same for any number of features.
PENALTIES = tuple(float(10.0**power) for power in np.arange(-6, 4.5, 0.5))
SHARPEST = 1e3  # times a score, which goes from about -1 to 1


class LinearMap(NamedTuple):
    """A linear map, features @ weights + intercept, with what it would say of its own cases left out.

    weights: (features, outputs); intercept: (outputs,); penalty: the one chosen, as in
    |error|^2 + penalty |weights|^2; left_out: (cases, outputs), each from the map of all other cases.
    """

    weights: np.ndarray
    intercept: np.ndarray
    penalty: float
    left_out: np.ndarray

    @one_blas_thread
    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the outputs of cases, (cases, outputs)."""
        return features @ self.weights + self.intercept


def told_by_ridge(features: np.ndarray, y: np.ndarray) -> FittedCase:
    """Return what tells y of features (cases, features): numbers, or probabilities where y is bool.

    Classes are learned as 1 and -1; the probabilities are the softmax of the scores times a factor with which
    the scores of the cases left out have the least log loss. Labels (cases, labels, 2) share the penalty, and
    have a factor each.

    >>> features = np.linspace(-1, 1, 40)[:, None]
    >>> told = told_by_ridge(features, np.hstack([features < 0, features >= 0]))
    >>> told(np.array([[-0.9], [0.9]])).round(1)
    array([[1., 0.],
           [0., 1.]])
    """
    if y.dtype == bool:
        fitted = fit_ridge(features, np.where(y, 1.0, -1.0).reshape(len(y), -1))
        left_out = fitted.left_out.reshape(y.shape)
        if y.ndim == 2:
            factor: float | np.ndarray = sharpness(left_out, y)
        else:
            factor = np.array([[sharpness(left_out[:, k], y[:, k])] for k in range(y.shape[1])])
        return lambda new: softmax(factor * fitted.predict(new).reshape(-1, *y.shape[1:]), axis=-1)
    fitted = fit_ridge(features, y.reshape(len(y), -1))
    return lambda new: fitted.predict(new).reshape(len(new), *y.shape[1:])


@one_blas_thread
def fit_ridge(features: np.ndarray, y: np.ndarray, penalties: Sequence[float] = PENALTIES) -> LinearMap:
    """Fit the map whose penalty has the least squared error on cases left out, in closed form.

    features: (cases, features); y: (cases, outputs). penalties: relative to the mean eigenvalue, other than
    zero, of the centred Gram matrix, which is taken over cases where there are more features. The intercept
    is not penalized. Of equal penalties the largest is taken.
    Source: Golub, Heath & Wahba 1979, doi:10.1080/00401706.1979.10489751; Rifkin & Lippert 2007, Notes on
    Regularized Least Squares, for the residuals of the cases left out.

    >>> x = np.random.default_rng(0).normal(size=(30, 3))
    >>> fit_ridge(x, x @ np.array([[1.0], [2.0], [3.0]])).weights.round(2).ravel()
    array([1., 2., 3.])
    """
    mean_x, mean_y = features.mean(axis=0, dtype=np.float64), y.mean(axis=0, dtype=np.float64)
    x, y = features - mean_x, y - mean_y
    basis = _decompose(x)
    cross = basis.cases.T @ y  # (rank, outputs)
    scale = basis.eigenvalues.mean() if len(basis.eigenvalues) else 1.0
    chosen = [float(penalty * scale) for penalty in sorted(penalties, reverse=True)]
    errors = [np.square(_residuals(basis, cross, y, penalty)).sum() for penalty in chosen]
    penalty = chosen[int(np.argmin(errors))]
    weights = basis.weights(x, cross / (basis.eigenvalues + penalty)[:, None])
    left_out = y + mean_y - _residuals(basis, cross, y, penalty)
    return LinearMap(weights, mean_y - mean_x @ weights, penalty, left_out)


@dataclass(frozen=True, eq=False)
class _Basis:
    """Centred features in the directions in which they differ.

    eigenvalues: (rank,); cases: (cases, rank), whose columns have them as squared lengths; directions:
    (features, rank), or None where there are more features than cases, so that they would be many.
    """

    eigenvalues: np.ndarray
    cases: np.ndarray
    directions: np.ndarray | None

    def weights(self, x: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """Return what coefficients of the directions (rank, outputs) are as weights of the features."""
        if self.directions is not None:
            return self.directions @ coefficients
        return x.T @ (self.cases @ (coefficients / self.eigenvalues[:, None]))


def _decompose(x: np.ndarray) -> _Basis:
    over_cases = x.shape[1] > x.shape[0]
    eigenvalues, vectors = np.linalg.eigh(x @ x.T if over_cases else x.T @ x)
    # The centred features of n cases have a rank below n; what is left of the others is rounding.
    there = eigenvalues > max(x.shape) * np.finfo(np.float64).eps * max(eigenvalues[-1], 0)
    eigenvalues, vectors = eigenvalues[there], vectors[:, there]
    if over_cases:
        return _Basis(eigenvalues, vectors * np.sqrt(eigenvalues), None)
    return _Basis(eigenvalues, x @ vectors, vectors)


def _residuals(basis: _Basis, cross: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """Return the error on each case of the map of all others, (cases, outputs)."""
    shrunk = 1 / (basis.eigenvalues + penalty)
    fitted = basis.cases @ (shrunk[:, None] * cross)
    leverage = 1 / len(y) + np.square(basis.cases) @ shrunk  # the first from the intercept
    return (y - fitted) / np.maximum(1 - leverage, np.finfo(np.float64).eps)[:, None]


def sharpness(scores: np.ndarray, hot: np.ndarray) -> float:
    """Return the factor with which the softmax of scores (cases, classes) has the least log loss.

    hot: (cases, classes) bool. One more case, of no class in particular, is shared out among the labels, so
    that scores without a mistake do not make for certainty. Between 0.001 and 1000: the order of the classes
    stays as it is.

    >>> right = np.array([[True, False], [False, True]])
    >>> bool(sharpness(np.where(right, 1.0, -1.0), right) > 0.5)
    True
    >>> round(sharpness(np.where(right, -1.0, 1.0), right), 3)
    0.001
    """
    cases, classes = hot.shape
    labels = (cases * hot + 1 / classes) / (cases + 1)

    def log_loss(power: float) -> float:
        return -float((labels * log_softmax(np.exp(power) * scores, axis=1)).sum())

    bounds = (-np.log(SHARPEST), np.log(SHARPEST))
    return float(np.exp(minimize_scalar(log_loss, bounds=bounds, method="bounded").x))
