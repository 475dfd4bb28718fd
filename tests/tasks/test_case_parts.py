"""Which cases train, choose and test: windows of one series are never split by chance."""

import re

import numpy as np
import pytest

from normcast.data import Cases, overlap
from normcast.data.overlap import stride
from normcast.tasks import ClassifyTask, RegressTask
from normcast.tasks.parts import Parts, parts_once, timed_parts


def windows(step, rows=200, steps=10, channels=2):
    series = np.random.default_rng(0).normal(size=(rows, channels))
    return np.stack([series[i : i + steps] for i in range(0, rows - steps + 1, step)])


@pytest.mark.parametrize("step", [1, 3, 6])
def test_windows_of_one_series_are_seen_in_any_order(step):
    x = windows(step)
    assert stride(x) == step
    assert stride(np.random.default_rng(1).permutation(x)) == step


@pytest.mark.parametrize(
    "x",
    [
        windows(10),
        windows(7),  # share 3 rows, fewer than are looked at
        np.random.default_rng(0).normal(size=(50, 10, 1)),
        np.zeros((50, 10, 1)),
        np.repeat(np.arange(50.0), 10).reshape(50, 10, 1),
        np.random.default_rng(0).normal(size=(50, 2, 1)),
    ],
    ids=["apart", "three rows", "noise", "zeros", "levels", "two steps"],
)
def test_cases_that_share_no_rows_are_not_taken_for_windows(x):
    assert stride(x) is None


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_events_that_repeat_by_chance_are_no_windows_and_windows_of_events_are(share):
    draws = np.random.default_rng(0)
    assert not any(stride(draws.random((100, 24, 1)) < share) for _ in range(5))
    events = (draws.random((700, 1)) < share).astype("float32")
    windows = np.stack([events[first : first + 24] for first in range(0, 600, 3)])
    assert stride(draws.permutation(windows)) == 3


def test_windows_are_seen_where_each_is_there_twice():
    series = np.random.default_rng(0).normal(size=(80, 1))
    assert stride(np.repeat([series[first : first + 12] for first in range(0, 60, 2)], 2, axis=0)) == 2


def test_windows_are_seen_where_only_some_cases_are_looked_at(monkeypatch):
    monkeypatch.setattr(overlap, "LOOKUPS", 300)
    assert stride(np.random.default_rng(1).permutation(windows(3))) == 3
    assert stride(windows(10)) is None


def test_windows_among_several_inputs_are_seen_and_a_calendar_alone_is_none():
    x = windows(2)
    hour = np.stack([np.arange(start, start + 10) % 24 for start in 2 * np.arange(len(x))])[..., None]
    draws = np.random.default_rng(0).normal(size=(len(x), 6, 1))
    y = np.arange(len(x)) % 2
    for also in ({"hour": hour}, {"draws": draws}):
        with pytest.raises(ValueError, match="each case 2 of 10 rows behind another"):
            parts_once(Cases.of({**also, "load": x}, y), y, 3, "Study")
        timed = Cases.of({**also, "load": x}, y, times=np.arange(len(x)))
        assert parts_once(timed, y, 3, "Study").embargo == 5
    apart = {"load": np.random.default_rng(0).normal(size=x.shape), "hour": hour, "static": hour[:, 0]}
    assert parts_once(Cases.of(apart, y), y, 3, "Study").embargo == 0


@pytest.mark.parametrize("kind", [ClassifyTask, RegressTask])
def test_windows_that_share_rows_are_not_split_by_chance(kind):
    x = windows(2)
    y = np.arange(len(x)) % 2
    with pytest.raises(ValueError, match=r"X was cut from one series, each case 2 of 10 rows behind another"):
        kind(Cases.of(x, y)).fold(0)
    assert len(kind(Cases.of(x, y, groups=np.arange(len(x)) // 10)).fold(0).test)


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("step", [1, 4, 10])
def test_no_row_that_is_tested_was_trained_on_or_chose_the_epoch(step, shuffled):
    x, rows = windows(step, rows=1000), np.arange(0, 991, step)
    order = np.random.default_rng(0).permutation(len(x)) if shuffled else np.arange(len(x))
    task = RegressTask(Cases.of(x[order], rows[order] / 7, times=rows[order]), folds=3)
    for number in range(3):
        places = task.parts.places(number)
        held = {
            name: (rows[order][place].min(), rows[order][place].max() + 10) for name, place in places.items()
        }
        assert held["train"][1] <= held["valid"][0]
        assert held["valid"][1] <= held["test"][0]


def test_folds_in_time_train_on_as_many_parts_and_test_each_later_one():
    places = [Parts(timed_parts(np.arange(20), 5, 0, "a"), 2, np.arange(20)).places(n) for n in range(2)]
    assert [p["train"].tolist() for p in places] == [list(range(8)), list(range(4, 12))]
    assert [p["valid"].tolist() for p in places] == [[8, 9, 10, 11], [12, 13, 14, 15]]
    assert [p["test"].tolist() for p in places] == [[12, 13, 14, 15], [16, 17, 18, 19]]


def test_cases_of_one_stamp_stay_together():
    times = np.repeat(np.arange(10), 7)
    part = timed_parts(times, 5, 0, "a")
    assert [len(set(part[times == each])) for each in range(10)] == [1] * 10
    assert np.bincount(part).tolist() == [14] * 5


def test_too_few_stamps_are_refused():
    few = "a: there are 4 times of cases but 5 parts in time need 5. Give more cases, or fewer folds."
    with pytest.raises(ValueError, match=f"^{re.escape(few)}$"):
        timed_parts(np.arange(4), 5, 0, "a")
    timed_parts(np.arange(14), 7, 1, "a")
    apart = (
        "a: there are 13 times of cases, of which 1 before each part share rows with it, but 7 parts in time "
        "need 14. Give more cases, or fewer folds."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(apart)}$"):
        timed_parts(np.arange(13), 7, 1, "a")


def test_the_future_changes_nothing_that_is_learned_before_it():
    x, y, times = np.random.default_rng(0).normal(size=(60, 5, 2)), np.arange(60.0) ** 2, np.arange(60)
    task = RegressTask(Cases.of(x, y, times=times), folds=2)
    for number in range(2):
        later = task.parts.places(number)["test"].min()
        changed = RegressTask(
            Cases.of(
                np.where(times[:, None, None] < later, x, 1e6), np.where(times < later, y, -1e9), times=times
            ),
            folds=2,
        )
        for name in ("train", "valid", "seen"):
            old, new = (getattr(each.fold(number), name) for each in (task, changed))
            everything = np.arange(len(old))
            np.testing.assert_array_equal(old.at(everything)[0]["past"], new.at(everything)[0]["past"])
            np.testing.assert_array_equal(old.at(everything)[1], new.at(everything)[1])


def test_each_case_is_tested_once_where_there_are_enough():
    cases = Cases.of(np.zeros((12, 3, 1)), np.arange(12) % 2)
    parts = parts_once(cases, cases.y, 3, "here")
    tested = [parts.tested(number) for number in range(3)]
    assert sorted(np.concatenate([test for _, test in tested])) == list(range(12))
    assert all(sorted([*train, *test]) == list(range(12)) for train, test in tested)


@pytest.mark.parametrize(
    ("folds", "groups", "told"),
    [
        (1, None, "here: folds is 1, but one tests what the others train on"),
        (13, None, "here: folds is 13, which 12 cases cannot make. Ask for 2 to 12"),
        (5, np.arange(12) // 3, "here: folds is 5, which 4 groups cannot make. Ask for 2 to 4"),
    ],
)
def test_folds_that_cannot_be_are_refused(folds, groups, told):
    cases = Cases.of(np.zeros((12, 3, 1)), np.arange(12) % 2, groups)
    with pytest.raises(ValueError, match=f"^{told}"):
        parts_once(cases, cases.y, folds, "here")
