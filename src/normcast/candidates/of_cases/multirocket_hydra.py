"""MultiRocket and Hydra: a linear map of thousands of random convolutions, near the state of the art.

It takes aeon and torch, and is there where both are installed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from normcast.candidates.of_cases.candidate import CaseCandidate, FittedCase
from normcast.candidates.of_cases.ridge import told_by_ridge

SHORTEST = 10
"""Steps that the kernels need at least; shorter windows are filled up in front with zeros, their mean."""

Scaling = Callable[[np.ndarray], np.ndarray]


def fit(x: np.ndarray, y: np.ndarray) -> FittedCase:
    """Return the ridge regression on MultiRocket's and Hydra's features of x, (cases, time, channels).

    The transformations and scalings are those of aeon's MultiRocketHydra; its ridge regressions, which tell
    one number at a time and no probabilities, are replaced by ours. Seeded with 0.
    Source: Tan et al. 2022, doi:10.1007/s10618-022-00844-1; Dempster et al. 2023,
    doi:10.1007/s10618-023-00939-3
    """
    features = fit_features(x)
    told = told_by_ridge(features(x), y)
    return lambda new: told(features(new))


def fit_features(x: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return what makes features (cases, features) of cases as those of x are, (cases, time, channels)."""
    from aeon.transformations.collection.convolution_based import HydraTransformer, MultiRocket

    x = as_aeon(x)
    hydra = HydraTransformer(random_state=0, output_type="numpy").fit(x)
    rocket = MultiRocket(random_state=0).fit(x)
    parts = [(hydra, sparse_scaling(_of(hydra, x))), (rocket, dense_scaling(_of(rocket, x)))]
    return lambda new: np.hstack([scaling(_of(each, as_aeon(new))) for each, scaling in parts])


def as_aeon(x: np.ndarray) -> np.ndarray:
    """Return cases (cases, time, channels) as aeon has them, (cases, channels, time), of `SHORTEST` or more.

    >>> as_aeon(np.ones((2, 9, 3))).shape, as_aeon(np.ones((2, 12, 3))).shape
    ((2, 3, 10), (2, 3, 12))
    """
    missing = max(SHORTEST - x.shape[1], 0)
    return np.pad(x, ((0, 0), (missing, 0), (0, 0))).transpose(0, 2, 1).astype(np.float32)


def dense_scaling(features: np.ndarray) -> Scaling:
    """Return what brings features (cases, features) to mean 0 and spread 1.

    >>> dense_scaling(np.array([[1.0, 5.0], [3.0, 5.0]]))(np.array([[4.0, 6.0]]))
    array([[2., 1.]])
    """
    mean, spread = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    spread = np.where(spread > 0, spread, 1)
    return lambda new: (new - mean) / spread


def sparse_scaling(counts: np.ndarray) -> Scaling:
    """Return what scales Hydra's counts (cases, features): of their roots, zeros stay, rare ones stay small.

    >>> sparse_scaling(np.array([[1.0], [9.0]]))(np.array([[0.0], [4.0]])).round(2)
    array([[0.],
           [0.]])
    """
    roots = np.sqrt(np.maximum(counts, 0), dtype=np.float64)
    mean = roots.mean(axis=0)
    ddof = 1 if len(roots) > 1 else 0
    spread = roots.std(axis=0, ddof=ddof) + (roots == 0).mean(axis=0) ** 4 + 1e-8

    def scaled(new: np.ndarray) -> np.ndarray:
        new = np.sqrt(np.maximum(new, 0), dtype=np.float64)
        return np.where(new != 0, (new - mean) / spread, 0)

    return scaled


def _of(transformer: Any, x: np.ndarray) -> np.ndarray:
    return np.asarray(transformer.transform(x))


candidate = CaseCandidate("MultiRocket-Hydra", 4, fit, needs=("aeon", "torch"), in_time=True)
