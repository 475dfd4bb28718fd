"""The tests over seeds against formulas written apart, and where formulas have no answer."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from normcast.study.statistics.paired import above_zero, equivalence, holm, spread, t_test, wilcoxon

numbers = st.floats(-10, 10).map(lambda x: round(x, 3))
samples = st.lists(numbers, min_size=2, max_size=12).map(np.array)


@given(samples)
@settings(max_examples=50, deadline=None)
def test_t_test_is_scipys_where_the_differences_vary(differences):
    if spread(differences, size=10.0) > 0:
        expected = stats.ttest_1samp(differences, 0.0)
        assert t_test(differences, 10.0) == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_equal_differences_claim_no_more_than_that_all_seeds_agree(n):
    assert t_test(np.full(n, 0.3), 1.0) == 2 * 0.5**n
    assert t_test(np.full(n, -0.3), 1.0) == 2 * 0.5**n
    assert t_test(np.zeros(n), 1.0) == 1.0


def test_differences_equal_but_for_rounding_are_equal():
    scores = np.array([0.1, 0.2, 0.3, 0.7])
    assert t_test((scores + 0.1) - scores, 1.0) == 2 * 0.5**4


def test_one_seed_has_no_test():
    one = np.array([0.5])
    assert np.isnan([t_test(one, 1.0), above_zero(one, 1.0), equivalence(one, one, 0.01, 1.0)]).all()
    assert wilcoxon(one) == 1.0
    assert np.isnan(wilcoxon(np.array([])))


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_wilcoxon_counts_every_pattern_of_signs_also_with_ties_and_zeros(differences):
    values = np.array(differences, dtype=float)
    moved = values[values != 0]
    ranks = stats.rankdata(np.abs(moved))
    observed = ranks[moved > 0].sum()
    sums = np.array([np.dot(signs, ranks) for signs in product((0, 1), repeat=len(moved))])
    tail = min((sums <= observed).mean(), (sums >= observed).mean())
    assert wilcoxon(values) == pytest.approx(min(1.0, 2 * tail), rel=1e-9)


def test_wilcoxon_is_scipys_exact_test_without_ties():
    for seed in range(5):
        differences = np.random.default_rng(seed).normal(0.3, size=10 + seed)
        assert wilcoxon(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


def test_equivalence_is_two_t_tests_against_the_shifted_baseline():
    rng = np.random.default_rng(1)
    baseline = rng.normal(10, 0.2, size=9)
    placement = baseline + rng.normal(0.01, 0.05, size=9)
    below = stats.ttest_rel(placement, 1.01 * baseline, alternative="less").pvalue
    above = stats.ttest_rel(placement, 0.99 * baseline, alternative="greater").pvalue
    assert equivalence(placement - baseline, baseline, 0.01, 10.0) == pytest.approx(max(below, above))


def test_equivalence_needs_a_margin_unless_nothing_differs():
    unit = np.ones(6)
    assert equivalence(np.zeros(6), unit, 0.0, 1.0) == 0.0
    assert equivalence(np.linspace(-0.1, 0.1, 6), unit, 0.0, 1.0) == 1.0


def step_down(ps: np.ndarray, alpha: float) -> np.ndarray:
    """Holm's procedure as he wrote it: reject in order, stop at the first that fails."""
    rejected = np.zeros(len(ps), dtype=bool)
    for place, i in enumerate(np.argsort(ps)):
        if ps[i] >= alpha / (len(ps) - place):
            break
        rejected[i] = True
    return rejected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20).map(np.array), st.sampled_from([0.01, 0.05, 0.2]))
@settings(max_examples=50, deadline=None)
def test_corrected_below_alpha_is_rejected_by_holms_steps(ps, alpha):
    corrected = holm(ps)
    clear = np.abs(corrected - alpha) > 1e-12  # the border itself is a matter of rounding
    assert ((corrected < alpha) == step_down(ps, alpha))[clear].all()
    assert (corrected >= ps).all()


def test_a_placement_without_a_test_counts_in_the_correction():
    corrected = holm([0.02, np.nan])
    assert corrected[0] == 0.04
    assert np.isnan(corrected[1])


def test_scores_that_are_all_zero_do_not_differ():
    assert t_test(np.zeros(3), size=0.0) == 1.0
    assert above_zero(np.zeros(3), size=0.0) == 1.0
