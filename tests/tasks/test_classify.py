"""Classification of whole series: what counts as a label, and which case goes into which part."""

import re

import numpy as np
import pytest

from normcast.data import Cases
from normcast.tasks import ClassifyTask
from normcast.tasks.classify import labels_of
from normcast.tasks.task import digest

GROUPS = np.arange(12) // 2


def task_of(y, x=None, **settings):
    groups = settings.pop("groups", None)
    return ClassifyTask(Cases.of(np.zeros((len(y), 3)) if x is None else x, y, groups), **settings)


def held_to_test(task):
    return [task.fold(number).held("test").tolist() for number in range(task.folds)]


@pytest.mark.parametrize(
    ("y", "labels"),
    [
        (["b", "a"], ["b", "a"]),
        ([2.0, 0.0], [2.0, 0.0]),
        ([[2], [0]], [2, 0]),
        ([[1], [1]], [1, 1]),
        ([["b"], ["a"]], ["b", "a"]),
        ([[0, 1], [1, 0]], [1, 0]),
        ([[0, 0, 1], [1, 0, 0]], [2, 0]),
    ],
)
def test_labels_are_those_given_or_where_a_row_has_its_one(y, labels):
    assert labels_of(np.array(y)).tolist() == labels


@pytest.mark.parametrize("y", [[[3, -2], [0, 1]], [[1, 1], [0, 1]], [[0, 0], [0, 1]], [[0.5, 0.5]]])
def test_two_numbers_a_case_that_are_no_one_hot_row_are_refused(y):
    message = (
        f"a.npz: y ({len(y)}, 2) holds no class labels: a label per case, one-hot rows, or rows of 0 and "
        "1 for several labels are needed."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        labels_of(np.array(y), where="a.npz")


@pytest.mark.parametrize("y", [[1.0, 0.5], [1.25, 0.5]])
def test_quantities_are_refused(y):
    message = "Study: y (2,) of float64 holds quantities, no class labels; those are whole numbers or text."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        labels_of(np.array(y))


@pytest.mark.parametrize(("y", "classes", "least"), [([7] * 6, 1, 6), ([0] * 9 + [1] * 2, 2, 2)])
def test_too_few_classes_and_too_rare_ones_are_refused(y, classes, least):
    message = (
        f"Study: y has {classes} classes, the rarest, {y[-1]}, with {least} cases; at least 2 classes with 3 "
        "cases each are needed."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        task_of(y)
    assert task_of([0] * 9 + [1] * 3).output_shape == (2,)


def dealt_by_chance(y, parts=5):
    """Return the part of each case: one after another, class after class, as seed 0 draws them."""
    draws, part = np.random.default_rng(0), np.zeros(len(y), int)
    order = np.concatenate([draws.permutation(np.flatnonzero(y == label)) for label in np.unique(y)])
    part[order] = np.arange(len(y)) % parts
    return part


def test_cases_are_dealt_to_the_parts_in_turn_and_the_same_way_ever_after():
    y = np.array(list("bab" * 6))
    part = dealt_by_chance(y)
    assert held_to_test(task_of(y, folds=5)) == [
        np.flatnonzero(part == number).tolist() for number in range(5)
    ]


@pytest.mark.parametrize(
    ("groups", "parts"),
    [
        ("abbbbccdddeefffffg", ["f", "b", "d", "ac", "eg"]),  # 5, 4, 3, 2 + 1 and 2 + 1 cases
        ("zzyyxxx", ["x", "y", "z"]),
        ("qzzyyxxxpoo", ["x", "o", "y", "z", "pq"]),
    ],
)
def test_the_largest_group_comes_first_and_each_goes_to_the_emptiest_part(groups, parts):
    found = held_to_test(task_of(np.arange(len(groups)) % 2, groups=list(groups), folds=len(parts)))
    assert ["".join(sorted({groups[case] for case in part})) for part in found] == parts
    assert sorted(case for part in found for case in part) == list(range(len(groups)))


def test_groups_of_one_size_are_dealt_in_the_order_of_their_names():
    names = np.arange(200)
    found = held_to_test(task_of(names % 2, groups=names, folds=5))
    assert found == [names[number::5].tolist() for number in range(5)]


def test_two_groups_are_refused():
    task = task_of(np.arange(12) % 2, groups=np.arange(12) // 6)
    with pytest.raises(ValueError, match=r"^Study: there are 2 groups; train, validation and test need 3\.$"):
        task.fold(0)


@pytest.mark.parametrize("groups", [GROUPS, None])
def test_what_a_task_says_of_itself(groups):
    y = np.arange(12) % 2
    part = dealt_by_chance(y) if groups is None else np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 0, 0])
    x = np.zeros((12, 3, 4), np.float32)
    expected = {
        "task": "classify",
        "cases": 12,
        "steps": 3,
        "channels": 4,
        "classes": 2,
        "folds": 3,
        "scaling": "target only",
        "data": digest(x, part, np.stack([y == 0, y == 1], axis=1)),
    }
    facts = task_of(y, x, groups=groups, folds=3, scaling="target only").describe()
    assert {name: facts[name] for name in expected} == expected


def test_the_key_of_the_data_changes_with_values_labels_and_parts_and_not_with_the_names_of_classes():
    y, x = np.arange(12) % 2, np.zeros((12, 3))
    key = task_of(y, x, groups=GROUPS).describe()["data"]
    for other in (
        task_of(y, x + np.eye(12, 3), groups=GROUPS),
        task_of(1 - y, x, groups=GROUPS),
        task_of(y, x, groups=GROUPS[::-1]),
        task_of(y, x, groups=GROUPS, folds=6),
    ):
        assert other.describe()["data"] != key
    assert task_of(np.where(y, "yes", "no"), x, groups=GROUPS * 10, folds=4).describe()["data"] == key


def test_a_channel_that_stands_still_in_training_is_centred_and_not_stretched():
    y = np.arange(10) % 2
    tested = task_of(y).fold(0).held("test")
    x = np.full((10, 3), 3.0)
    x[tested] = 7
    fold = task_of(y, x).fold(0)
    inputs, _ = fold.test.at(np.arange(len(tested)))
    np.testing.assert_array_equal(inputs["past"], np.full((len(tested), 3, 1), 4.0))
    assert inputs["past"].dtype == np.float32


def test_a_probability_above_one_by_rounding_is_one():
    fold = task_of(np.arange(10) % 2).fold(0)
    truth = fold.test.at(np.arange(len(fold.test)))[1]
    assert fold.scored(truth * np.float32(1.0001), "test")["log_loss"] == 0


def test_no_more_than_1024_training_cases_are_looked_at_again():
    fold = task_of(np.arange(2560) % 2, np.zeros((2560, 1))).fold(0)
    train = fold.held("train")
    assert len(train) == 1536
    np.testing.assert_array_equal(fold.held("seen"), train[::2])
    np.testing.assert_array_equal(fold.seen.series, train[::2])
