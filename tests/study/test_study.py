"""A study trains what its store lacks, the same wherever it runs, and says what came out."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

from normcast.models.edits import Insert, Set
from normcast.study import AXES, BASELINE, Placement, Study, StudyResult
from normcast.study.export import export
from normcast.study.job import run
from normcast.study.local import run_on_cores
from normcast.study.store import Store
from normcast.study.trial import Trial

from .ready import SMALL, small_study, table


def results(trials):
    return {trial.key: trial.result for trial in trials}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The store of a study that one process has run."""
    return tmp_path_factory.mktemp("study") / "s.db"


@pytest.fixture(scope="module")
def alone(store):
    return small_study(store).run(processes=1)


@pytest.fixture(scope="module")
def whole():
    """Trials of more seeds than any test here needs; a trial does not depend on the trials beside it."""
    return results(small_study(seeds=4).run(processes=1).trials)


def test_one_process_and_two_give_the_same_trials_to_the_bit(alone):
    assert results(small_study().run(processes=2).trials) == results(alone.trials)


def test_a_trial_does_not_depend_on_the_trials_beside_it(alone):
    study = small_study(seeds=1, seed=1, folds=2)
    for trial in study.run(processes=1).trials:
        assert results(alone.trials)[trial.key] == trial.result


def test_a_placement_that_changes_nothing_scores_the_same_to_the_bit():
    study = small_study(placements={"no-op": [Insert("Identity", after="conv_1")]}, seeds=3)
    result = study.run(processes=1)
    np.testing.assert_array_equal(result.scores["no-op"], result.scores[BASELINE])
    assert result.comparison.of("no-op").verdict == "no difference"


def test_run_again_trains_nothing_anew_and_added_seeds_only(tmp_path, monkeypatch, alone, store):
    store = copied(store, tmp_path)
    trained = []
    monkeypatch.setattr(
        "normcast.study.local.run", lambda job, task: trained.append(job.keys) or run(job, task)
    )
    small_study(store).run(processes=1)
    assert trained == []
    more = small_study(store, seeds=3).run(processes=1)
    assert {key.seed for keys in trained for key in keys} == {2}
    assert more.seeds == (0, 1, 2)


def test_a_store_of_other_data_is_refused(alone, store):
    with pytest.raises(ValueError, match="holds a study with data"):
        small_study(store, data=table(seed=5)).run(processes=1)


def copied(store, folder):
    """A copy of a store, to go on with."""
    with sqlite3.connect(store) as one, sqlite3.connect(folder / "copy.db") as other:
        one.backup(other)
    return folder / "copy.db"


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[2])
from tests.study.ready import small_study
small_study(sys.argv[1], seeds=4).run(processes=2)
"""


def test_a_killed_study_goes_on_and_ends_as_one_that_was_not(tmp_path, whole):
    store, root = tmp_path / "s.db", os.getcwd()
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(store), root], start_new_session=True)
    wait_for(lambda: store.exists() and len(Store(store).done()) >= 3, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = results(Store(store).trials())
    assert 3 <= len(before) < 24
    after = small_study(store, seeds=4).run(processes=2)
    assert results(after.trials) == whole
    assert all(whole[key] == value for key, value in before.items())


@pytest.mark.slow
def test_two_processes_share_a_store_and_the_work(tmp_path, whole):
    store, root = tmp_path / "s.db", os.getcwd()
    call = [sys.executable, "-c", SCRIPT.replace("processes=2", "processes=1"), str(store), root]
    both = [subprocess.Popen(call) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    trials = Store(store).trials()
    assert results(trials) == whole
    compiled = {trial.placement for trial in trials if trial.compile_seconds > 0}
    assert compiled == {key.placement for key in whole}


def wait_for(condition, process, seconds=900):
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.slow
def test_a_worker_that_dies_loses_no_trial(whole):
    study = small_study(seeds=3)
    jobs = study.plan.jobs(study.subject, study.plan.keys, workers=2)
    found, killed = {}, False
    for trial in run_on_cores(jobs, study.subject.task, 2):
        if trial is None:
            continue
        found[trial.key] = trial.result
        if not killed:
            killed = True
            subprocess.run(["pkill", "-9", "-P", str(os.getpid()), "-f", "normcast.study.worker"], check=True)
    assert found == {key: value for key, value in whole.items() if key.seed < 3}


def test_an_error_in_a_placement_is_raised_with_its_name():
    with pytest.raises(ValueError, match=r"placement 'broken'.*no layer 'conv_9'"):
        small_study(placements={"broken": [Set("conv_9", filters=3)]})


def test_time_that_runs_out_leaves_what_is_done(tmp_path):
    study = small_study(tmp_path / "s.db", seeds=6, axes=["recurrent-dropout", "inside"])
    with pytest.raises(ValueError, match="too few to compare"):
        study.run(processes=1, budget=0.01).comparison  # noqa: B018
    assert len(Store(tmp_path / "s.db").done()) == 1


@pytest.fixture
def untrained(monkeypatch):
    """Trials whose scores are drawn, at once, where it does not matter what a network learns."""

    def drawn(job, task):
        for fold, seed in job.pairs:
            score = random.Random(f"{job.placement} {fold} {seed} {job.epochs}").random()
            yield Trial(job.placement, fold, seed, job.epochs, {"mase": score}, {"mase": score})

    monkeypatch.setattr("normcast.study.local.run", drawn)


def test_halving_trains_few_for_long_and_keeps_the_baseline(untrained):
    study = small_study(design="halving", epochs=4, seeds=4, folds=1, axes=["recurrent-dropout", "pooling"])
    result = study.run(processes=1)
    assert len(result.rounds) > 1
    first, last = result.rounds[0], result.rounds[-1]
    assert not set(first["seeds"]) & set(last["seeds"])
    assert set(result.seeds) == set(last["seeds"])
    assert BASELINE in result.names
    assert len(result.names) < len(study.placements)


def test_factorial_cells_are_all_combinations_with_edits_that_fit_each_other():
    study = small_study(design="factorial", axes=["inside", "pooling"])
    assert len(study.placements) == 3 * 4 - 1
    assert any(" + " in placement.name for placement in study.placements)
    for placement in study.placements:
        assert placement.applied(study.subject.model).output_shape == (None, 2)


def test_fractional_designs_give_main_effects(tmp_path, untrained):
    names = ["lstm_1: layer norm inside", "conv_1: max pooling", "lstm_1: dropout 0.2 after"]
    chosen = [each for each in small_study(axes=AXES).placements if each.name in names]
    study = small_study(tmp_path / "s.db", placements=chosen, design="fractional", folds=1)
    assert len(study.placements) == 7
    study.run(processes=1)
    effects = StudyResult.read(tmp_path / "s.db").factors.effects
    assert {each.name for each in effects} >= {"inside at lstm_1", "pooling at conv_1", "dropout at lstm_1"}


def test_fractional_designs_take_one_placement_per_factor():
    with pytest.raises(ValueError, match="one placement per factor, but norm at conv_1"):
        small_study(design="fractional", axes=["norm"])


def test_a_placement_may_carry_training_and_scaling():
    given = [Placement("slow", training={"learning_rate": 1e-6}), Placement("raw", scaling="none")]
    result = small_study(placements=given, epochs=6, learning_rate=0.02).run(processes=1)
    assert result.comparison.of("slow").effect > 0
    assert (result.scores["raw"] != result.scores[BASELINE]).all()


def test_diverging_trials_are_failed_trials_and_the_study_goes_on():
    given = [Placement("diverges", training={"learning_rate": 1e30, "optimizer": "sgd"})]
    result = small_study(placements=given, data=table()).run(processes=1)
    assert result.stability().set_index("placement").loc["diverges", "diverged"] == 1
    assert result.comparison.of("diverges").verdict != "better"


def test_classification_is_studied_too():
    draws = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = draws.normal(size=(60, 12, 1)) + 2 * y[:, None, None]
    study = Study(SMALL, (x, y), seeds=2, folds=1, epochs=2, axes=["recurrent-dropout"])
    result = study.run(processes=1)
    assert result.metric == "log_loss"
    assert set(result.trials[0].metrics) == {"log_loss", "error"}


def test_results_are_read_from_the_store_alone(tmp_path, alone):
    store = tmp_path / "s.db"
    small_study(store).run(processes=1)
    read = StudyResult.read(store)
    assert results(read.trials) == results(alone.trials)
    assert str(read.comparison) == str(alone.comparison)


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_trials_are_exported(tmp_path, alone, store, ending):
    export(store, tmp_path / f"trials.{ending}")
    assert (tmp_path / f"trials.{ending}").stat().st_size > 100


def test_evidence_names_data_network_effect_interval_and_versions(tmp_path, alone, store):
    export(store, tmp_path / "evidence.json", evidence=True)
    record = json.loads((tmp_path / "evidence.json").read_text())
    assert record["seeds"] == 2
    assert {"placement", "effect", "low", "high", "verdict", "edits"} <= set(record["effects"][0])
    assert {"keras", "jax"} <= set(record["versions"])


def test_the_plan_says_what_it_costs_and_what_it_can_decide():
    said = small_study(seeds=1).describe(processes=2)
    assert "3 placements" not in said
    assert "2 placements x 1 seed x 2 folds = 6 trainings" in said
    assert "decides nothing" in said


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"design": "factorail"}, "Did you mean 'factorial'"), ({"seeds": 0}, "seeds must be"),
     ({"h": None}, "h is missing"), ({"target": "y"}, "no argument 'target'")],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises((ValueError, TypeError), match=message):
        small_study(**settings)
