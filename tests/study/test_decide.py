"""A study that decides trains as many seeds as decisions take, and decides the same however it was run."""

import random
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from normcast.cli.study_run import print_result
from normcast.models.edits import Insert, Set
from normcast.study import BASELINE, StudyResult
from normcast.study.backlog import Backlog
from normcast.study.counted import Counted
from normcast.study.export import evidence_of
from normcast.study.extent import next_look
from normcast.study.job import Job
from normcast.study.store import Store
from normcast.study.trial import Trial

from .ready import small_study

EFFECTS = {BASELINE: (1.0, 0.0), "bad": (1.3, 0.01), "same": (1.0, 0.001), "open": (1.005, 0.02)}
PLACEMENTS = {
    "bad": [Set("conv_1", filters=3)],
    "same": [Insert("Identity", after="conv_1")],
    "open": [Set("conv_1", filters=4)],
}


@pytest.fixture
def trained(monkeypatch):
    """Trials whose scores are drawn, at once; returns the keys of those that were trained."""
    keys = []

    def drawn(job, task):
        for fold, seed in sorted(job.pairs):
            mean, spread = EFFECTS[job.placement]
            luck = random.Random(seed).gauss(0, 0.02)
            score = mean + luck + random.Random(f"{job.placement} {seed}").gauss(0, spread)
            keys.append((job.placement, fold, seed))
            seen = {"mase": score}
            history = {"val_loss": [score]}
            yield Trial(job.placement, fold, seed, job.epochs, seen, seen, history, versions={"keras": "3"})

    monkeypatch.setattr("normcast.study.local.run", drawn)
    return keys


def deciding(store=None, **settings):
    return small_study(store, **{"design": "decide", "seeds": None, "placements": PLACEMENTS, **settings})


def seeds_of(result):
    return {name: len(seeds) for name, seeds in result.seeds_of.items()}


class Killed(Exception):
    """What a study is ended by."""


def killed_after(trials):
    left = [trials]

    def report(tick):
        left[0] -= 1
        if not left[0]:
            raise Killed

    return report


def test_it_is_the_default_where_no_seeds_are_given():
    assert small_study(seeds=None).design == "decide"
    assert small_study(seeds=3).design == "one_at_a_time"
    assert len(small_study(seeds=None).plan.seeds) == 40
    assert len(small_study(seeds=None, max_seeds=20).plan.seeds) == 18


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"design": "decide", "seeds": 8}, "Give max_seeds to bound it"),
     ({"design": None, "seeds": None, "max_seeds": 4}, "the first look is after 5 seeds"),
     ({"design": None, "seeds": 8, "max_seeds": 40}, "seeds=8 asks for a fixed number"),
     ({"design": "factorial", "seeds": None, "max_seeds": 40}, "design='factorial' takes a fixed number")],
)  # fmt: skip
def test_numbers_of_seeds_that_do_not_go_together_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        small_study(**settings)


def test_the_plan_says_what_is_trained_at_least_and_at_most():
    said = deciding(max_seeds=12).describe(processes=2)
    assert "3 placements x at most 12 seeds (a look after each of 5, 8 and 12) x 2 folds" in said
    assert "= 40 to 96 trainings" in said
    assert "within 1 % of it, by tests corrected for all looks and placements" in said
    assert "at most 5 seeds (a look after 5) x 2 folds = 40 trainings" in deciding(max_seeds=7).describe()


def test_what_is_decided_trains_no_further_and_the_network_as_given_grows_along(trained):
    result = deciding(max_seeds=18).run(processes=1)
    assert {name: look.seeds for look in result.looks for name in look.decided} == {"bad": 5, "same": 5}
    assert seeds_of(result) == {BASELINE: 18, "bad": 5, "same": 5, "open": 18}
    assert len(trained) == len(set(trained)) == 2 * (18 + 5 + 5 + 18)
    assert [effect.verdict for effect in result.comparison.effects] == ["worse", "no difference", "undecided"]


def test_means_of_fewer_seeds_are_comparable_and_the_ranking_is_over_those_all_share(trained):
    result = deciding(max_seeds=18).run(processes=1)
    means, scores = result.mean_scores("mase"), result.scores
    given = scores[BASELINE].mean(axis=1)
    change = (scores["bad"].mean(axis=1) - given[:5]).mean()
    assert means["bad"] == pytest.approx(given.mean() + change)
    assert len(result.seeds) == result.ranking.seeds == 5
    assert list(result.table()["seeds"]) == [5, 5, 18]
    assert "5 to 18 seeds" not in repr(result)
    assert evidence_of(result)["effects"][0]["paired"] == 5


@pytest.mark.parametrize("after", [3, 41, 45, 60])
def test_a_study_killed_in_the_middle_of_a_look_decides_as_one_that_was_not(tmp_path, trained, after):
    whole = deciding(max_seeds=18).run(processes=1)
    store = tmp_path / "s.db"
    with pytest.raises(Killed):
        deciding(store, max_seeds=18).run(processes=1, progress=killed_after(after))
    left = StudyResult.read(store)
    assert left.looks == whole.looks[: len(left.looks)]
    resumed = deciding(store, max_seeds=18).run(processes=1)
    assert resumed.looks == whole.looks
    assert str(resumed.comparison) == str(whole.comparison)
    assert {trial.key for trial in resumed.trials} == {trial.key for trial in whole.trials}


def _but_aside(result):
    """The looks without what depends on how many seeds there may be."""
    return [replace(look, aside=()) for look in result.looks]


def test_added_seeds_change_no_decision_and_end_as_if_they_had_been_there(tmp_path, trained):
    whole = deciding(max_seeds=27).run(processes=1)
    first = deciding(tmp_path / "s.db", max_seeds=8).run(processes=1)
    more = deciding(tmp_path / "s.db", max_seeds=next_look(first.comparison.seeds + 10)).run(processes=1)
    seen, then, all_ = (_but_aside(each) for each in (first, more, whole))
    assert seen == all_[:2]
    assert then == all_[: len(then)]
    assert more.comparison.seeds == 18


def test_time_that_runs_out_ends_at_the_last_whole_look_and_keeps_what_ran(tmp_path, trained, monkeypatch):
    clock = SimpleNamespace(monotonic=iter(range(10_000)).__next__)  # a second for each trial
    monkeypatch.setattr("normcast.study.study.time", clock)
    result = deciding(tmp_path / "s.db", max_seeds=18).run(processes=1, budget=44, progress=False)
    assert [look.seeds for look in result.looks] == [5]
    assert len(result.trials) > 2 * 5 * 4
    assert seeds_of(result)[BASELINE] == 5


def test_before_the_first_look_nothing_is_decided(tmp_path, trained):
    with pytest.raises(Killed):
        deciding(tmp_path / "s.db", max_seeds=18).run(processes=1, progress=killed_after(39))
    result = StudyResult.read(tmp_path / "s.db")
    assert result.looks == ()
    assert {effect.verdict for effect in result.comparison.effects} == {"undecided"}


def test_a_store_keeps_to_its_placements_and_its_first_seed(tmp_path, trained):
    deciding(tmp_path / "s.db", max_seeds=5).run(processes=1)
    fewer = {name: edits for name, edits in PLACEMENTS.items() if name != "same"}
    with pytest.raises(ValueError, match="holds a study with placements"):
        deciding(tmp_path / "s.db", max_seeds=5, placements=fewer).run(processes=1)
    with pytest.raises(ValueError, match="holds a study with first seed 0"):
        deciding(tmp_path / "s.db", max_seeds=5, seed=7).run(processes=1)
    with pytest.raises(ValueError, match="with design decide, but this one has one_at_a_time"):
        small_study(tmp_path / "s.db", placements=PLACEMENTS).run(processes=1)


def test_decisions_are_of_the_trials_not_of_their_order(trained):
    result = deciding(max_seeds=18).run(processes=1)
    mixed = list(result.trials)
    random.Random(0).shuffle(mixed)
    own = result.counted
    again = Counted(mixed, own.order, own.folds, own.metric, own.min_effect, own.first)
    assert again.looked == own.looked


def test_a_training_that_fails_is_a_seed_of_its_look(trained, monkeypatch):
    monkeypatch.setitem(EFFECTS, "open", (np.nan, 0.0))
    result = deciding(max_seeds=8).run(processes=1)
    assert result.comparison.of("open").failed == result.comparison.of("open").seeds
    assert result.comparison.of("open").verdict in ("worse", "undecided")


def test_a_worker_takes_the_jobs_first_whose_programs_it_has():
    jobs = [Job(name, "", None, '{"epochs": 1}', ((0, 0), (0, 1))) for name in "abcd"]

    def taken(mine, theirs, cost):
        backlog = Backlog(jobs)
        return [job.placement for job in iter(lambda: backlog.take(mine, theirs, cost), None)]

    assert taken({"c"}, {"a"}, cost=0) == ["c", "b", "d", "a"]
    assert taken({"c"}, {"a", "b", "d"}, cost=5) == ["c"]
    assert taken({"c"}, {"a", "b", "d"}, cost=4) == ["c", "d"]


@pytest.mark.slow
def test_programs_are_compiled_once_for_all_looks():
    result = small_study(design="decide", seeds=None, max_seeds=12, min_effect=0).run(processes=2)
    compiled = [trial.compile_seconds for trial in result.trials]
    later = [trial.compile_seconds for trial in result.trials if trial.seed >= 5]
    assert later
    assert max(later) < max(compiled) / 5


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[2])
from tests.study.ready import small_study
small_study(sys.argv[1], design="decide", seeds=None, max_seeds=12).run(processes=1)
"""


@pytest.mark.slow
def test_two_processes_on_one_store_decide_as_one(tmp_path):
    call = [sys.executable, "-c", SCRIPT, str(tmp_path / "s.db"), str(Path.cwd())]
    both = [subprocess.Popen(call) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    alone = small_study(design="decide", seeds=None, max_seeds=12).run(processes=1)
    shared = StudyResult.read(tmp_path / "s.db")
    assert shared.looks == alone.looks
    assert {trial.key: trial.result for trial in shared.trials} == {t.key: t.result for t in alone.trials}


def test_a_store_of_a_fixed_design_reads_as_before(tmp_path, trained):
    result = small_study(tmp_path / "s.db", placements=PLACEMENTS, seeds=6).run(processes=1)
    assert result.looks == ()
    assert seeds_of(result) == dict.fromkeys(EFFECTS, 6)
    with sqlite3.connect(tmp_path / "s.db") as base:
        names = {name for (name,) in base.execute("SELECT name FROM fact")}
    assert not names & {"first seed", "placements"}
    assert len(Store(tmp_path / "s.db").done()) == 4 * 6 * 2


def test_seeds_added_leave_decisions_standing_while_what_was_set_aside_catches_up(
    tmp_path, trained, monkeypatch
):
    monkeypatch.setitem(EFFECTS, "open", (1.01, 0.03))
    monkeypatch.setitem(EFFECTS, "same", (1.02, 0.02))
    few = deciding(tmp_path / "s.db", max_seeds=18).run(processes=1)
    aside = [look.seeds for look in few.looks if "open" in look.aside]
    decided = {name: look.seeds for look in few.looks for name in look.decided}
    assert aside[0] < max(decided.values())  # or nothing would have to catch up
    with pytest.raises(Killed):
        deciding(tmp_path / "s.db", max_seeds=60).run(processes=1, progress=killed_after(3))
    left = StudyResult.read(tmp_path / "s.db")
    assert len(left.trials) == len(few.trials) + 3
    assert left.looks == few.looks
    assert str(left.comparison) == str(few.comparison)
    more = deciding(tmp_path / "s.db", max_seeds=60).run(processes=1)
    assert more.comparison.of("open").seeds > 18
    assert more.looks == deciding(max_seeds=60).run(processes=1).looks


def test_a_study_ends_after_the_last_look_there_is(tmp_path, trained, monkeypatch):
    monkeypatch.setattr("normcast.study.statistics.spending.MOST_SEEDS", 12)
    monkeypatch.setitem(EFFECTS, "open", (1.0, 0.2))
    study = deciding(tmp_path / "s.db", max_seeds=40)
    assert len(study.plan.seeds) == 12
    result = study.run(processes=1)
    assert result.looks[-1].seeds <= 12
    assert result.comparison.of("open").verdict == "undecided"


def test_without_the_first_seed_of_all_there_is_nothing_to_compare(tmp_path, trained):
    result = deciding(tmp_path / "s.db", max_seeds=5).run(processes=1)
    later = [trial for trial in result.trials if trial.placement != "bad" or trial.seed > 0]
    partial = replace(result, trials=tuple(later))
    for told in (lambda: partial.comparison, lambda: print_result(partial)):
        with pytest.raises(ValueError, match="too few to compare anything"):
            told()


def test_where_the_network_as_given_always_fails_the_scores_of_placements_are_told(trained, monkeypatch):
    monkeypatch.setitem(EFFECTS, BASELINE, (np.nan, 0.0))
    result = small_study(placements=PLACEMENTS, seeds=3).run(processes=1)
    means = result.mean_scores("mase")
    assert np.isnan(means[BASELINE])
    assert means["bad"] == pytest.approx(result.scores["bad"].mean())


def test_a_store_of_a_fixed_number_of_seeds_says_how_to_go_on_with_it(tmp_path):
    store = Store(tmp_path / "s.db")
    store.describe({"design": "one_at_a_time"})
    with pytest.raises(ValueError, match=r"design='one_at_a_time', --design one_at_a_time"):
        store.describe({"design": "decide"})
    store.close()
