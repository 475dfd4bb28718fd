"""Labels of which several may hold: what y may be, and which case goes into which part."""

import re

import numpy as np
import pytest

from normcast.data import Cases
from normcast.tasks import LabelTask
from normcast.tasks.holdout import holdouts
from normcast.tasks.label import rows_of, strata_of


def drawn(cases=100, labels=3, seed=0):
    return (np.random.default_rng(seed).random((cases, labels)) < 0.4).astype(int)


def task_of(y, **settings):
    return LabelTask(Cases.of(np.zeros((len(y), 3)), y), **settings)


@pytest.mark.parametrize("kind", [int, float, bool, np.uint8])
def test_rows_of_zero_and_one_are_labels_of_any_type(kind):
    y = drawn()
    task = task_of(y.astype(kind))
    assert task.classes.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(task.hot, y == 1)
    assert task.output_shape == (3,)


@pytest.mark.parametrize(
    ("y", "what"),
    [
        (np.array([[0, 1], [2, 0]]), "holds 2 in case 1, label 0 (from 0)"),
        (np.array([[0, 0.5], [1, 0]]), "holds 0.5 in case 0, label 1 (from 0)"),
        (np.array([0, 1]), "is (2,) of int64"),
        (np.array([[0], [1]]), "is (2, 1) of int64"),
    ],
)
def test_other_values_are_refused_with_their_place(y, what):
    with pytest.raises(ValueError, match=f"^Study: y {re.escape(what)}, but several labels"):
        task_of(y)


def test_labels_that_always_or_never_or_hardly_ever_hold_are_named():
    y = np.column_stack([drawn(10), np.zeros(10), np.ones(10), np.arange(10) == 4]).astype(int)
    message = (
        "Study: of 10 cases to learn from, label 3 never holds, label 4 always holds and label 5 holds in 1; "
        "at least 3 with each label and 3 without it are needed."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        task_of(y)
    with pytest.raises(ValueError, match="label d never holds, label e always holds and label f holds in 1"):
        LabelTask(Cases(np.zeros((10, 3, 1)), y, target_names=tuple("abcdef")))


def test_each_part_gets_its_share_of_each_frequent_combination():
    y = drawn(300)
    task = task_of(y, folds=5)
    combination = y @ [1, 2, 4]
    for number in range(5):
        inside = np.bincount(combination[task.fold(number).held("test")], minlength=8)
        assert (abs(inside - np.bincount(combination, minlength=8) / 5) < 1).all()


def test_a_rare_combination_counts_by_its_rarest_label():
    y = np.repeat([[1, 0, 0], [0, 1, 0]], 10, axis=0)
    y = np.vstack([y, [[1, 0, 1], [0, 1, 1], [1, 1, 1], [1, 1, 0]]]).astype(bool)
    found = strata_of(y)
    assert len(set(found[20:23])) == 1  # those that have the third label
    assert len({*found[:10], *found[10:20], found[20], found[23]}) == 4


def test_something_is_held_out_where_every_combination_is_rare():
    y = drawn(60, labels=10)
    assert len(np.unique(y, axis=0)) > 50
    task = task_of(y)
    for hold in holdouts(task.cases, task.strata, 2, "here"):
        assert 4 <= len(hold.valid) <= 11
        assert task.hot[hold.train].any(axis=0).all()


def test_log_loss_and_share_of_wrong_labels_are_means_over_labels():
    task = task_of(drawn())
    places = {"test": np.arange(2)}
    sure = np.where(task.hot[:2], 0.8, 0.4)
    sure[0, 0] = 0.2 if task.hot[0, 0] else 0.8  # told wrongly
    chance = np.where(task.hot[:2], sure, 1 - sure)
    found = task.scored(places)(sure, "test")
    assert found == pytest.approx({"log_loss": -np.log(chance).mean(), "wrong_labels": 1 / 6})


def test_columns_with_names_are_found_by_them():
    labels = np.array(["rain", "sun", "wind"])
    cases = Cases.of(np.zeros((3, 4)), [{"wind"}, {"rain", "wind"}, set()])
    assert rows_of(cases, labels, "here").astype(int).tolist() == [[0, 0, 1], [1, 0, 1], [0, 0, 0]]
    ones = Cases.of(np.zeros((2, 4)), [{"sun"}, {"rain"}])
    assert rows_of(ones, labels, "here").astype(int).tolist() == [[0, 1, 0], [1, 0, 0]]
    with pytest.raises(
        ValueError, match="here: y has snow, which was not fitted; labels are rain, sun, wind"
    ):
        rows_of(Cases.of(np.zeros((2, 4)), [{"snow", "sun"}, set()]), labels, "here")
    with pytest.raises(ValueError, match="here: y has 2 labels, but 3 were fitted"):
        rows_of(Cases.of(np.zeros((2, 4)), [[0, 1], [1, 1]]), labels, "here")
