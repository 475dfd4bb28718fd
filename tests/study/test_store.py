"""A store keeps every finished trial, is shared by processes, and holds one study."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from normcast.study.store import LEASE, Claim, Store, is_void
from normcast.study.trial import Trial, TrialKey

KEYS = [TrialKey("a", 0, seed, 5) for seed in range(3)]


def trial(key: TrialKey, score: float = 1.0) -> Trial:
    return Trial(*key, {"mase": score}, {"mase": 0.5}, {"loss": [1.0], "val_loss": [2.0, 1.0]}, 1)


def test_trials_come_back_as_they_went(tmp_path):
    store = Store(tmp_path / "s.db")
    store.write(trial(KEYS[0], score=0.1 + 0.2))
    assert Store(tmp_path / "s.db").trials() == [trial(KEYS[0], score=0.1 + 0.2)]


def test_scores_that_are_not_finite_come_back(tmp_path):
    store = Store(tmp_path / "s.db")
    store.write(trial(KEYS[0], score=float("inf")))
    assert store.trials()[0].failed


def test_another_study_is_refused_with_what_differs(tmp_path):
    Store(tmp_path / "s.db").describe({"h": 24, "folds": 2})
    with pytest.raises(ValueError, match=r"h 24, but this one has 48"):
        Store(tmp_path / "s.db").describe({"h": 48, "folds": 2})


@pytest.mark.parametrize("fact", ["frozen", "codes"])
def test_trials_from_before_a_deciding_fact_was_written_take_no_others(tmp_path, fact):
    old, new = {"h": 24}, {"h": 24, fact: "ab12"}
    store = Store(tmp_path / "s.db")
    store.describe(old)
    store.describe(new)  # without trials nothing is mixed
    other = Store(tmp_path / "other.db")
    for held, this, refused in ((store, new, old), (other, old, new)):
        held.describe(this)
        held.write(trial(KEYS[0]))
        held.describe(this)
        with pytest.raises(ValueError, match=f"holds trials with {fact} .* Name another store"):
            held.describe(refused)


def test_a_name_cannot_mean_two_placements(tmp_path):
    store = Store(tmp_path / "s.db")
    store.add_placements([("a", "{}", 3)])
    with pytest.raises(ValueError, match="'a' has other edits"):
        store.add_placements([("a", '{"edits": [{"edit": "remove", "layer": "drop"}]}', 3)])


def test_a_placement_may_be_told_in_other_words_by_another_version(tmp_path):
    store = Store(tmp_path / "s.db")
    store.add_placements([("a", '{"edits": [], "scaling": null, "training": {}}', 3)])
    store.add_placements([("a", '{"edits": [], "scaling": null, "training": {}, "rate": 0.2}', 3)])


def test_a_trial_is_claimed_by_one_process_only(tmp_path):
    path = tmp_path / "s.db"
    assert Store(path).claim(KEYS) == KEYS
    code = (
        "import sys; from normcast.study.store import Store; from normcast.study.trial import TrialKey;"
        "print(len(Store(sys.argv[1]).claim([TrialKey('a', 0, s, 5) for s in range(4)])))"
    )
    won = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert won.stdout.strip() == "1"  # the fourth alone


def test_claims_of_the_dead_and_the_silent_are_void():
    now, here = time.time(), os.uname().nodename
    code = [sys.executable, "-c", "import os; print(os.getpid())"]
    gone = subprocess.run(code, capture_output=True, text=True, check=True)
    assert is_void(Claim(here, int(gone.stdout), now + LEASE), now)
    assert is_void(Claim("elsewhere", 1, now - 1), now)
    assert not is_void(Claim("elsewhere", 1, now + 1), now)
    assert not is_void(Claim(here, os.getpid(), now + 1), now)


def test_what_is_done_is_not_claimed_again(tmp_path):
    store = Store(tmp_path / "s.db")
    store.claim(KEYS)
    store.write(trial(KEYS[1]))
    store.release()
    assert store.claim(KEYS) == [KEYS[0], KEYS[2]]


def test_a_file_that_is_no_store_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database " * 100)
    with pytest.raises(ValueError, match=r"notes.txt: is no store"):
        Store(path)


def test_a_column_more_in_the_file_breaks_no_statement(tmp_path):
    store = Store(tmp_path / "s.db")
    with closing(sqlite3.connect(tmp_path / "s.db")) as base:
        for table in ("fact", "placement", "trial", "claim"):
            base.execute(f"ALTER TABLE {table} ADD COLUMN more TEXT")
    store.describe({"h": 24})
    store.add_placements([("a", "{}", 3)])
    assert store.claim(KEYS[:1]) == KEYS[:1]
    store.write(trial(KEYS[0]))
    assert (store.facts, store.placements) == ({"h": 24}, [("a", "{}", 3)])
    assert store.trials() == [trial(KEYS[0])]


def test_a_kill_in_the_middle_of_a_write_leaves_no_half_trial(tmp_path):
    path = tmp_path / "s.db"
    Store(path).write(trial(KEYS[0]))
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("BEGIN IMMEDIATE")
    base.execute("DELETE FROM trial")
    base.close()  # as a kill: never committed
    assert len(Store(path).trials()) == 1
