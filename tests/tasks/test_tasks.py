"""Folds keep the future out of what is learned, and score in the unit of the series."""

import numpy as np
import pytest

from normcast.data import Cases, Panel
from normcast.scoring import seasonal_error
from normcast.tasks import RAW_INPUTS, ClassifyTask, ForecastTask
from tests.study.ready import table


def task_of(frame, **settings):
    return ForecastTask(Panel.from_frame(frame), h=3, input_size=8, **{"folds": 3, **settings})


@pytest.mark.parametrize("scaling", ["standard", "robust", RAW_INPUTS])
def test_a_changed_future_leaves_what_is_learned_as_it_was_to_the_bit(scaling):
    frame, task = table(), task_of(table())
    for number in range(task.folds):
        changed = frame.copy()
        changed.loc[int(task.rows(number)[0]) :, "y"] = 1e6
        before, after = task.fold(number, scaling), task_of(changed).fold(number, scaling)
        for part in ("train", "valid", "seen"):
            old, new = getattr(before, part), getattr(after, part)
            everything = np.arange(len(old))
            for a, b in zip(flat(old.at(everything)), flat(new.at(everything)), strict=True):
                np.testing.assert_array_equal(a, b)


def flat(batch):
    inputs, target = batch
    return [*inputs.values(), target]


def test_all_folds_have_as_many_windows_so_that_they_share_a_program():
    task = task_of(table())
    counts = {tuple(len(part) for part in task.windows(number).values()) for number in range(task.folds)}
    assert len(counts) == 1


def test_scores_are_those_written_out():
    task = task_of(table())
    fold = task.fold(1)
    windows = task.windows(1)["test"]
    outputs = np.zeros((len(windows), 3))
    truth = windows.targets(task.arrays.y)
    mean, spread = [
        np.asarray(task.arrays.y)[: int(task.windows(1)["valid"].cutoff[0])].__getattribute__(f)()
        for f in ("mean", "std")
    ]
    scale = seasonal_error(task.arrays.y, windows, task.arrays.offsets, 7)
    found = fold.scored(outputs, "test")
    assert found["mase"] == pytest.approx(np.mean(np.abs(truth - mean) / scale[:, None]))
    assert found["mae"] == pytest.approx(np.mean(np.abs(truth - mean)) / spread)
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean(((truth - mean) / spread) ** 2)))


def test_raw_inputs_are_those_of_the_table_and_targets_are_scaled():
    fold = task_of(table()).fold(0, RAW_INPUTS)
    inputs, target = fold.train.at(np.arange(5))
    np.testing.assert_allclose(inputs["past"][0, :, 0], table()["y"].to_numpy()[:8], rtol=1e-6)
    assert abs(target.mean()) < 2


def test_series_too_short_are_named():
    with pytest.raises(ValueError, match=r"fold 1 of 3: .* 'y' has 11 rows before the cutoff \(of 20\)"):
        task_of(table(20))


def cases(n=60, groups=None, seed=0):
    draws = np.random.default_rng(seed)
    labels = np.array(list("aabc") * (n // 4))
    return ClassifyTask(Cases.of(draws.normal(size=(n, 10, 2)), labels, groups))


def test_each_fold_has_every_class_in_every_part():
    task = cases()
    for number in range(2):
        fold = task.fold(number)
        for part in (fold.train, fold.valid, fold.test):
            assert (part.at(np.arange(len(part)))[1].sum(0) > 0).all()


def test_no_group_is_in_two_parts():
    groups = np.repeat(np.arange(12), 5)
    task = cases(groups=groups)
    for group in range(12):
        assert len(set(task.parts.of_case[groups == group])) == 1


def test_test_cases_do_not_set_the_scale():
    task = cases()
    x = task.cases.x.copy()
    x[task.parts.of_case == 0] = 1e5
    changed = ClassifyTask(Cases.of(x, task.cases.y))
    old, new = task.fold(0).train, changed.fold(0).train
    everything = np.arange(len(old))
    np.testing.assert_array_equal(old.at(everything)[0]["past"], new.at(everything)[0]["past"])


def test_log_loss_and_error_are_those_written_out():
    task = cases()
    fold = task.fold(0)
    truth = fold.test.at(np.arange(len(fold.test)))[1]
    outputs = np.full(truth.shape, 1 / 3, np.float32)
    assert fold.scored(outputs, "test")["log_loss"] == pytest.approx(np.log(3), rel=1e-6)
    assert fold.scored(truth, "test")["error"] == 0


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(6), "1 classes"),
        (np.arange(6), "the rarest, 0, with 1 case;"),
        (np.linspace(0, 1, 6), "no class labels"),
    ],
)
def test_targets_that_are_no_classes_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        ClassifyTask(Cases.of(np.zeros((6, 3)), y))


def test_one_hot_rows_are_labels():
    hot = np.eye(3)[np.arange(12) % 3]
    task = ClassifyTask(Cases.of(np.zeros((12, 3)), hot))
    assert task.labels.tolist() == (np.arange(12) % 3).tolist()
    assert task.output_shape == (3,)


@pytest.mark.parametrize("number", [0, 1, 4])
def test_a_fold_of_cases_tests_its_own_part_and_the_next_part_chooses_the_epoch(number):
    task = cases()
    fold, part = task.fold(number), task.parts.of_case
    own, following = part == number, part == (number + 1) % 5
    for name, held in (("test", own), ("valid", following), ("train", ~own & ~following)):
        expected = np.flatnonzero(held)
        np.testing.assert_array_equal(fold.held(name), expected)
        inputs, target = getattr(fold, name).at(np.arange(len(expected)))
        np.testing.assert_array_equal(target, task.hot[expected])
        assert inputs["past"].shape == (len(expected), 10, 2)


def test_each_case_is_tested_once_however_many_folds():
    for folds in (5, 7):
        task = ClassifyTask(cases().cases, folds=folds)
        tested = np.concatenate([task.fold(number).held("test") for number in range(folds)])
        np.testing.assert_array_equal(np.sort(tested), np.arange(60))


def test_more_folds_than_groups_begin_again_with_the_first():
    task = ClassifyTask(cases(groups=np.arange(60) % 3).cases, folds=5)
    for number, again in ((0, 3), (1, 4)):
        np.testing.assert_array_equal(task.fold(number).held("test"), task.fold(again).held("test"))


def test_outputs_are_scored_against_the_labels_of_their_own_part():
    task = cases()
    fold = task.fold(1)
    for name in ("train", "valid", "test", "seen"):
        truth = getattr(fold, name).at(np.arange(len(getattr(fold, name))))[1]
        assert fold.scored(truth, name) == {"log_loss": 0.0, "error": 0.0}
        wrong = fold.scored(np.roll(truth, 1, axis=-1), name)
        assert wrong["error"] == 1
        assert wrong["log_loss"] == pytest.approx(-np.log(1e-7))


def test_training_cases_alone_set_the_scale_unless_the_inputs_are_left_as_they_are():
    task = cases()
    fold, x = task.fold(0), task.cases.x
    train = x[fold.held("train")]
    expected = (x - train.mean((0, 1))) / train.std((0, 1))
    for name in ("train", "valid", "test"):
        part = getattr(fold, name)
        read = part.at(np.arange(len(part)))[0]["past"]
        np.testing.assert_allclose(read, expected[fold.held(name)], rtol=1e-5, atol=1e-6)
    raw = task.fold(0, RAW_INPUTS).test
    read = raw.at(np.arange(len(raw)))[0]["past"]
    np.testing.assert_allclose(read, x[fold.held("test")], rtol=1e-6)


def test_a_channel_that_stands_still_stays_finite():
    x = np.random.default_rng(0).normal(size=(12, 4, 2)) * [1, 0]
    inputs, _ = ClassifyTask(Cases.of(x, np.arange(12) % 2)).fold(0).train.at(np.arange(3))
    assert np.isfinite(inputs["past"]).all()
