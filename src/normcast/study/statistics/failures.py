"""Failures: whether a placement's runs fail more often than the baseline's."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr

# Scores of the runs that finished speak for a placement only while hardly any is missing.
MOST_FAILED = 0.1


def failure_tests(
    failed: np.ndarray, baseline: np.ndarray, alpha: float, tests: int | None = None
) -> np.ndarray:
    """Return the corrected p, per placement, that it fails as often as the baseline; paired by seed.

    failed: (placements, seeds), baseline: (seeds,), both bool. Each is McNemar's test, exact: of the seeds on
    which only one of the two failed, each is as likely to be the one as the other. A test that could not
    reach alpha whatever happened does not count in the correction. tests: how many are corrected for instead,
    whatever failed.
    Source: McNemar 1947, doi:10.1007/BF02295996; Tarone 1990, doi:10.2307/2531456

    >>> failed = np.array([[True] * 8, [False] * 8])
    >>> failure_tests(failed, np.zeros(8, dtype=bool), alpha=0.05)
    array([0.0078125, 1.       ])
    """
    more = (failed & ~baseline).sum(axis=1)
    less = (~failed & baseline).sum(axis=1)
    ps = np.array([_sign_test(int(a), int(b)) for a, b in zip(more, less, strict=True)])
    smallest = np.array([_sign_test(int(n), 0) for n in more + less])
    if tests is None:
        tests = next(k for k in range(1, len(ps) + 2) if (smallest < alpha / k).sum() <= k)
    return np.minimum(1.0, ps * tests)


def _sign_test(more: int, less: int) -> float:
    return min(1.0, 2 * float(bdtr(min(more, less), more + less, 0.5)))
