"""Failing runs: an exact test, and no credit for what is left."""

import numpy as np
import pytest
from scipy import stats

from normcast.study.statistics.failures import failure_tests


def test_one_placement_is_the_binomial_test_of_the_seeds_on_which_one_failed():
    failed = np.array([[True] * 7 + [False] * 5])
    baseline = np.array([True] * 1 + [False] * 10 + [True])
    expected = stats.binomtest(6, 7).pvalue
    assert failure_tests(failed, baseline, 0.05)[0] == pytest.approx(expected)


def test_placements_that_hardly_fail_do_not_weaken_the_test_of_one_that_does():
    failed = np.zeros((20, 8), dtype=bool)
    failed[0] = True
    failed[1, :2] = True
    assert failure_tests(failed, np.zeros(8, dtype=bool), 0.05)[0] == 2 * 0.5**8


def test_placements_that_could_all_be_found_failing_are_all_corrected_for():
    failed = np.ones((4, 10), dtype=bool)
    assert failure_tests(failed, np.zeros(10, dtype=bool), 0.05) == pytest.approx(4 * 2 * 0.5**10)


def test_failures_by_chance_are_called_so_at_most_at_alpha():
    rng = np.random.default_rng(0)
    rejected = 0
    for _ in range(400):
        failed = rng.random((6, 12)) < 0.4
        rejected += (failure_tests(failed[1:], failed[0], 0.05) < 0.05).any()
    assert rejected <= 20
