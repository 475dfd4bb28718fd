"""Measures beside the score, and that they are compared as scores are."""

import numpy as np
import pytest

from normcast.study.statistics import compare, deviations, epochs_to, generalization_gap


def test_epochs_are_counted_from_one_and_never_reached_is_nan():
    curves = np.array([[[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]], [[3.0, 3.0, np.nan], [np.nan, np.nan, np.nan]]])
    assert np.array_equal(epochs_to(curves, 2.0), [[2, 1], [np.nan, np.nan]], equal_nan=True)


def test_each_curve_may_have_its_own_threshold():
    curves = np.array([[[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]]])
    assert epochs_to(curves, np.array([[3.0, 1.0]])).tolist() == [[1, 3]]


def test_a_faster_placement_is_better_and_one_that_never_arrives_failed():
    epoch, slow = np.arange(1, 101), np.linspace(20, 30, 10)[:, None, None]
    curves = {"given": slow / epoch, "fast": slow / epoch / 2, "stuck": np.full((10, 1, 100), 5.0)}
    comparison = compare({name: epochs_to(each, 1.0) for name, each in curves.items()}, "given", resamples=99)
    assert comparison.of("fast").verdict == "better"
    assert comparison.of("fast").effect == pytest.approx(-0.5, abs=0.05)
    assert comparison.of("stuck").verdict == "worse"


def test_a_steadier_placement_is_better_by_its_deviations():
    luck = np.random.default_rng(0).normal(size=(20, 1))
    scores = {"given": 5 + luck, "steady": 3 + 0.1 * luck}
    comparison = compare({name: deviations(each) for name, each in scores.items()}, "given", resamples=99)
    assert comparison.of("steady").verdict == "better"
    assert comparison.of("steady").effect == pytest.approx(-0.9)


def test_a_seed_that_failed_has_no_deviation():
    assert np.isnan(deviations(np.array([[1.0], [np.nan], [2.0]]))).tolist() == [[False], [True], [False]]
    assert np.isnan(deviations(np.array([[np.nan]]))).all()


def test_the_gap_is_positive_where_validation_is_worse():
    assert generalization_gap(np.array([[1.0]]), np.array([[3.0]])) == 2.0
    with pytest.raises(ValueError, match="same runs"):
        generalization_gap(np.ones((2, 1)), np.ones((3, 1)))
