"""Baselines of a study: fitted in its folds, scored as its networks, kept once, and missing in old stores."""

import sqlite3
from contextlib import contextmanager

import keras
import numpy as np
import pytest

from normcast.candidates.seasonal_naive import seasonal_naive
from normcast.cases.baselines import told_by_candidate
from normcast.cli import run as command
from normcast.report import StudyReport, render
from normcast.study import BASELINE, Study, StudyResult
from normcast.study.answer import answer, beside, verdicts
from normcast.study.baselines import baselines_of, thinned
from normcast.study.export import evidence_of
from normcast.study.measures import Measures
from tests.report import study_demo as demo
from tests.study.ready import SMALL, small_study
from tests.study.test_cases import DROPOUT, LABELS, LEVEL, X, network, renamed, study_of


def told(study):
    return baselines_of(study.subject.task, study.plan.measures)


def test_the_mean_is_about_one_standard_deviation_off_and_a_linear_truth_is_told_by_ridge():
    found = told(study_of(network(), 1e4 + 300 * LEVEL))
    assert list(found) == ["mean", "last step", "ridge", "nearest neighbour"]
    assert [len(folds) for folds in found.values()] == [2] * 4
    assert all(0.6 < fold["rmse"] < 1.5 for fold in found["mean"])
    assert all(fold["rmse"] < 0.05 for fold in found["ridge"])


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_classes_are_scored_as_the_head_of_the_network_gives_them(activation):
    loss = "binary_crossentropy" if activation else None
    net = network(1, activation, loss=loss) if loss else network(2)
    found = told(study_of(net, LABELS, task="classify"))
    assert next(iter(found)) == "majority"
    assert all(fold["log_loss"] == pytest.approx(np.log(2), abs=0.1) for fold in found["majority"])
    assert all(fold["error"] <= 0.25 for fold in found["ridge"])


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_labels_of_which_several_hold_are_scored_each_by_itself(activation):
    loss = keras.losses.BinaryCrossentropy(from_logits=activation is None)
    rare = (np.arange(len(X)) < 3).astype(int)
    y = np.stack([LABELS, 1 - np.asarray(LABELS), rare], axis=1)
    found = told(study_of(network(3, activation, loss=loss), y))
    assert next(iter(found)) == "majority"
    even = [2 * np.log(2) / 3, 2 / 3 * np.log(2) + 0.2]
    assert all(even[0] < fold["log_loss"] < even[1] for fold in found["majority"])
    assert all(fold["wrong_labels"] <= 0.25 for fold in found["ridge"])


def test_the_seasonal_naive_of_a_forecast_is_scored_on_the_windows_that_networks_are():
    study = small_study()
    task = study.subject.task
    found = told(study)
    single = [name for name in found if not name.startswith("ridge ")]  # those are told by the rows they read
    assert single == ["naive", "seasonal naive", "drift", "ridge", "theta", "seasonal drift"]
    assert "ridge 7" in found
    for number in range(2):
        windows = task.windows(number)["test"]
        errors = seasonal_naive(task.arrays.y, windows, 7, task.arrays.offsets) - windows.targets(
            task.arrays.y
        )
        spread = task.candidate_fold(number).scaled.target.spread[windows.series]
        expected = float(np.sqrt(np.mean((errors / spread) ** 2)))
        assert found["seasonal naive"][number]["rmse"] == pytest.approx(expected)


def test_no_baseline_learns_from_a_case_or_group_that_is_tested(monkeypatch):
    learned = []

    def spied(candidate, task, train, test):
        learned.append((set(task.groups[train]), set(task.groups[test])))
        return told_by_candidate(candidate, task, train, test)

    monkeypatch.setattr("normcast.study.baselines.told_by_candidate", spied)
    told(Study(renamed(network()), (X, LEVEL, np.arange(len(X)) // 3), DROPOUT, seeds=1, epochs=1))
    assert len(learned) == 8
    assert all(train and test and not train & test for train, test in learned)


NET = network(1, "sigmoid", loss="binary_crossentropy")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("baselines") / "study.db"
    study_of(NET, LABELS, store=path).run(processes=1)
    return path


def test_the_store_keeps_them_and_every_place_prints_them(store, capsys):
    result = StudyResult.read(store)
    board = result.scoreboard()
    assert list(board.index) == [BASELINE, "dropout", "majority", "last step", "ridge", "nearest neighbour"]
    assert board.loc[BASELINE, "error"] == pytest.approx(
        result.values(lambda t: t.metrics["error"])[BASELINE].mean()
    )
    assert board.loc["ridge", "log_loss"] == np.mean([fold["log_loss"] for fold in result.baselines["ridge"]])
    assert [row[0] for row in verdicts(result)] == ["placement", *board.index]
    assert "In the same folds, log loss (lower is better): network as given" in answer(result)
    assert command(["study", "show", str(store)]) == 0
    printed = capsys.readouterr().out
    page = render(StudyReport(result))
    for words in ("60 cases", "2 classes (0: ", "nearest neighbour", "ridge"):
        assert words in printed
        assert words in page
    assert f"at least {result.reach.more_seeds} more seeds would" in " ".join(printed.split())
    assert f"at least {result.reach.more_seeds} more seeds would" in page
    assert evidence_of(result)["more_seeds"] == result.reach.more_seeds
    assert evidence_of(result)["reach"]["unseen"] == ["dropout"]


def test_a_store_from_before_is_read_and_gets_them_when_the_study_goes_on(store, tmp_path, monkeypatch):
    old = tmp_path / "old.db"
    old.write_bytes(store.read_bytes())
    with sqlite3.connect(old) as base:
        base.execute("PRAGMA wal_checkpoint")
        base.execute("DELETE FROM fact WHERE name IN ('baselines', 'class counts', 'parts', 'groups')")
    result = StudyResult.read(old)
    assert (result.baselines, beside(result)) == ({}, "")
    assert "This store keeps no baselines" in render(StudyReport(result))
    trained = []
    monkeypatch.setattr("normcast.study.local.run", lambda job, task: trained.append(job) or [])
    again = study_of(NET, LABELS, store=old).run(processes=1)
    assert trained == []
    assert again.baselines == StudyResult.read(store).baselines


def test_baselines_are_fitted_once(store, monkeypatch):
    monkeypatch.setattr("normcast.study.study.baselines_of", lambda *_: pytest.fail("fitted again"))
    study_of(NET, LABELS, store=store).run(processes=1)


def test_a_network_that_a_baseline_beats_is_told_so():
    result = demo.study()
    result.facts["baselines"] = {"ridge": [{"mase": 0.5}, {"mase": 0.6}]}
    assert "No network here beats ridge" in beside(result)
    result = demo.study(min_effect=0.01)
    result.facts["baselines"] = {
        "drift": [{"mase": 2.0}, {"mase": 2.0}],
        "odd": [{"mase": None}, {"mase": 1.0}],
    }
    assert "beats" not in beside(result)
    assert "drift 2.00" in beside(result)
    assert "odd" not in beside(result)


def test_of_many_cases_a_neighbour_is_looked_for_among_some_of_every_class(monkeypatch):
    monkeypatch.setattr("normcast.study.baselines.MOST_CASES", 10)
    rare = np.where(np.isin(np.arange(len(X)), [7, 8, 9]), 2, LABELS)
    study = study_of(network(3, "softmax", loss="sparse_categorical_crossentropy"), rare, task="classify")
    task, places = study.subject.task, np.arange(len(X))
    some = thinned(task, places)
    assert {7, 59} < set(some.tolist()) < set(places.tolist())
    assert len(some) <= 10 + 3
    np.testing.assert_array_equal(some, thinned(task, places))
    found = told(study)
    assert list(found) == ["majority", "last step", "ridge", "nearest neighbour (among at most 10 cases)"]


def test_a_baseline_within_the_noise_of_the_best_network_is_not_told_apart_from_it():
    result = demo.study({BASELINE: (1.0, 0.0), demo.NOISY: (0.99, 0.1)})
    best = min(result.mean_scores("mase").values())
    for ahead in (0.001, -0.001):
        result.facts["baselines"] = {"ridge": [{"mase": best - ahead}] * 2}
        result.__dict__.pop("baselines", None)
        said = beside(result)
        assert "and ridge are not told apart over 8 seeds" in said
        assert "No network" not in said


def test_a_verdict_of_failures_has_their_number_where_an_interval_would_be():
    result = demo.study(failing=[(demo.WORSE, seed) for seed in range(7)])
    rows = {row[0]: row for row in verdicts(result)}
    assert rows[demo.WORSE][-1] == "worse"
    assert "failed on 7 of 8" in rows[demo.WORSE]
    assert "nan" not in " ".join(" ".join(row) for row in rows.values())
    few = demo.study(seeds=2)
    assert {row[-1] for row in verdicts(few)[2:]} == {"undecided"}


def test_the_progress_line_names_the_baseline_that_is_at_work(monkeypatch):
    shown = []

    @contextmanager
    def line(quiet=False):
        yield lambda done, total, words: shown.append(words)

    monkeypatch.setattr("normcast.study.ticks.progress_line", line)
    small_study(seeds=1, epochs=1).run(processes=1)
    assert shown[0] == "baseline naive, fold 1 of 2"
    assert "baseline ridge, fold 2 of 2" in shown
    shown.clear()
    x, y = np.random.default_rng(0).normal(size=(24, 8, 1)), np.array(["a", "b"] * 12)
    baselines_of(Study(SMALL, (x, y), folds=1).subject.task, Measures(), shown.append)
    assert "baseline nearest neighbour, fold 1 of 1" in shown
