"""Evaluation: folds without leaks, with baselines in the same folds."""

import random
import threading

import numpy as np
import pytest

from normcast.cases import Classifier, Regressor, learned
from normcast.data import Cases
from normcast.data.overlap import stride
from normcast.engine.seeding import seeded
from tests.cases.ready import CASES, STEPS, drawn, label, level

QUICK = {"model": "lstm", "seeds": 1, "epochs": 3, "units": 4, "learning_rate": 0.02}
NUMBERS = ["MAE", "RMSE", "R2", "sCRPS", "coverage-80"]
CLASSES = ["accuracy", "balanced accuracy", "macro F1", "log loss", "ROC AUC", "Brier"]


@pytest.fixture(scope="module")
def numbers():
    x = drawn(0)
    return Regressor(**QUICK).evaluate(x, level(x), folds=2, progress=False)


@pytest.fixture(scope="module")
def classes():
    x, groups = drawn(0), np.arange(CASES) // 10
    return Classifier(**QUICK).evaluate(x, label(x), groups=groups, folds=3, progress=False)


def test_network_and_baselines_stand_in_one_table(numbers, classes):
    assert list(numbers.scoreboard().index) == ["normcast", "mean", "last step", "ridge", "nearest neighbour"]
    assert list(numbers.scoreboard().columns) == NUMBERS
    assert list(classes.scoreboard().index) == [
        "normcast",
        "majority",
        "last step",
        "ridge",
        "nearest neighbour",
    ]
    assert list(classes.scoreboard().columns) == CLASSES
    assert not numbers.scoreboard().isna().any(axis=None)


def test_ridge_tells_a_linear_truth_and_the_mean_nothing(numbers):
    board = numbers.scoreboard()
    assert board.loc["ridge", "R2"] > 0.8
    assert abs(board.loc["mean", "R2"]) < 0.1
    assert board.loc["mean", "MAE"] > board.loc["ridge", "MAE"]


def test_intervals_of_all_models_hold_about_as_many_as_they_say(numbers):
    assert (abs(numbers.scoreboard()["coverage-80"] - 80) < 20).all()


@pytest.mark.parametrize(("many", "ahead"), [(1, 0), (4, 3)])
def test_folds_are_learned_beside_each_other_and_few_are_held(many, ahead, numbers, monkeypatch):
    monkeypatch.setattr(learned, "cores", lambda: many)
    counts = {"begun": 0, "done": 0}
    most = []

    def begun(*given):
        counts["begun"] += 1
        most.append(counts["begun"] - counts["done"])
        return prepared(*given)

    def done(*given):
        counts["done"] += 1
        return finished(*given)

    prepared, finished = learned.prepared, learned.finished
    monkeypatch.setattr(learned, "prepared", begun)
    monkeypatch.setattr(learned, "finished", done)
    x = drawn(0)
    found = Regressor(**QUICK).evaluate(x, level(x), folds=6, progress=False)
    assert (counts["done"], max(most)) == (6, 1 + ahead + 1)
    assert [len(each.trained) for each in (numbers, found)] == [2, 6]


def test_no_network_is_built_while_another_is_drawn_for_its_seed():
    x = drawn(0)
    cases = Cases.of(x, level(x))
    built = threading.Event()

    def build():
        learned.Lesson.of(cases, "regress", Regressor(**QUICK).settings)
        built.set()

    other = threading.Thread(target=build)
    with seeded(0):
        before = random.getstate()
        other.start()
        assert not built.wait(1.5)  # it takes a tenth of that
        assert random.getstate() == before
    other.join(60)
    assert built.is_set()


def test_how_many_cores_there_are_changes_nothing(numbers, monkeypatch):
    monkeypatch.setattr(learned, "cores", lambda: 3)
    x = drawn(0)
    again = Regressor(**QUICK).evaluate(x, level(x), folds=2, progress=False)
    assert again.table.equals(numbers.table)


def test_a_fold_that_cannot_be_learned_from_ends_it_without_the_others(monkeypatch):
    monkeypatch.setattr(learned, "cores", lambda: 1)
    asked = []

    def trained_on(*given):
        asked.append(given)
        raise FloatingPointError("all replicas failed")

    monkeypatch.setattr(learned, "trained_on", trained_on)
    x = drawn(0)
    with pytest.raises(FloatingPointError, match="all replicas"):
        Regressor(**QUICK).evaluate(x, level(x), folds=6, progress=False)
    assert len(asked) < 6


def test_what_is_tested_was_not_trained_on(classes):
    cases, groups = classes.cases, classes.groups
    for fold in range(3):
        inside = set(groups[classes.fold == fold])
        assert inside.isdisjoint(set(cases.groups) - set(cases.groups[classes.tested[classes.fold == fold]]))
    assert len(set(classes.tested)) == len(classes.tested)


def test_the_table_has_a_row_for_each_tested_case(numbers, classes):
    assert list(classes.table.columns[:4]) == ["case", "fold", "group", "actual"]
    assert len(numbers.table) == len(numbers.tested)
    np.testing.assert_allclose(numbers.table["actual"], level(drawn(0))[numbers.tested])


def test_scores_have_an_interval_around_them(numbers, classes):
    for found, name in ((numbers, "MAE"), (classes, "accuracy")):
        low, high = found.interval()[name]
        assert low <= found.scores()[name] <= high


def test_with_times_each_fold_is_tested_on_later_cases():
    x, times = drawn(0), np.random.default_rng(1).permutation(CASES)
    found = Regressor(**QUICK, calibrate=False).evaluate(x, level(x), times=times, folds=2, progress=False)
    assert found.split == "time"
    first, second = (times[found.tested[found.fold == fold]] for fold in (0, 1))
    assert first.max() < second.min()
    assert "coverage-80" not in found.scoreboard()


def test_rows_that_cases_share_are_looked_for_once(monkeypatch):
    looked = []
    monkeypatch.setattr("normcast.tasks.parts.stride", lambda x: looked.append(x) or stride(x))
    series = np.random.default_rng(0).normal(size=(100, 1))
    x = np.stack([series[i : i + 6] for i in range(0, 90, 3)] * 2)
    told = Regressor("lstm", seeds=1, epochs=1, units=2)
    told.evaluate(x, x[:, -1, 0], times=np.tile(np.arange(30), 2), folds=2, progress=False)
    assert len(looked) == 1


def test_a_class_that_a_fold_did_not_train_on_gets_no_probability():
    x, groups = drawn(0), np.arange(CASES) // 30
    y = np.where(groups == 3, "rare", label(x))
    found = Classifier(**QUICK).evaluate(x, y, groups=groups, folds=4, progress=False)
    rare = list(found.classes).index("rare")
    for told in found.told.values():
        assert (told.values[found.actual == "rare", rare] == 0).all()
        np.testing.assert_allclose(told.values.sum(axis=1), 1, rtol=1e-6)


def test_the_future_changes_nothing_of_what_was_told_before_it():
    x, times = drawn(0), np.arange(CASES)
    y = level(x)
    given = Regressor(**QUICK).evaluate(x, y, times=times, folds=2, progress=False)
    last = given.tested[given.fold == 1].min()
    x[last:], y[last:] = 1e6, -1e9
    again = Regressor(**QUICK).evaluate(x, y, times=times, folds=2, progress=False)
    first = given.fold == 0
    for name in given.told:
        np.testing.assert_array_equal(given.told[name].values[first], again.told[name].values[first])
        np.testing.assert_array_equal(given.told[name].bounds[80][first], again.told[name].bounds[80][first])


def test_the_repr_is_a_line_and_the_scoreboard(numbers):
    head, *rows = repr(numbers).splitlines()
    assert head == f"Evaluation of 'lstm': {len(numbers.tested)} cases in 2 folds, split by chance"
    assert len(rows) == 6


def test_a_number_per_step_is_evaluated_as_well():
    import keras
    from keras import layers

    net = keras.Sequential([keras.Input((STEPS, 2)), layers.LSTM(3, return_sequences=True), layers.Dense(1)])
    x = drawn(0, 60)
    found = Regressor(net, seeds=1, epochs=1).evaluate(x, x[:, :, :1], folds=2, progress=False)
    assert found.scoreboard().loc["ridge", "R2"] > 0.9
    assert found.table.shape[1] == 2 + 6 * STEPS
