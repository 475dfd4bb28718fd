"""A store says its version: older ones are brought up to today's, all others are left as they are."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from normcast.study import BASELINE
from normcast.study.job import run
from normcast.study.migrations import APPLICATION, MIGRATIONS
from normcast.study.store import Store
from normcast.study.trial import Trial, TrialKey

from .ready import small_study

VERSION_0 = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS placement (
    name TEXT PRIMARY KEY, position INTEGER NOT NULL, placement TEXT NOT NULL, parameters INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS trial (
    placement TEXT NOT NULL, fold INTEGER NOT NULL, seed INTEGER NOT NULL, epochs INTEGER NOT NULL,
    edits TEXT NOT NULL DEFAULT '', score REAL, status TEXT NOT NULL, best_epoch INTEGER NOT NULL,
    metrics TEXT NOT NULL, seen TEXT NOT NULL, history TEXT NOT NULL, seconds REAL NOT NULL,
    compile_seconds REAL NOT NULL, machine TEXT NOT NULL, versions TEXT NOT NULL, stored_at REAL NOT NULL,
    PRIMARY KEY (placement, fold, seed, epochs));
CREATE TABLE IF NOT EXISTS claim (
    placement TEXT NOT NULL, fold INTEGER NOT NULL, seed INTEGER NOT NULL, epochs INTEGER NOT NULL,
    host TEXT NOT NULL, process INTEGER NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (placement, fold, seed, epochs));
"""  # as normcast wrote it before stores had versions; never to be changed
ROWS = """
INSERT INTO fact VALUES ('h', '24'), ('model', '"conv-lstm"');
INSERT INTO placement VALUES ('b', 0, '{"edits": []}', 100), ('a', 1, '{"edits": [], "rate": 0.2}', 104);
INSERT INTO trial VALUES
    ('a', 0, 0, 5, '{}', 1.5, 'complete', 2, '{"mase": 1.5}', '{"mase": 0.5}', '{"loss": [2.0, 1.0]}',
     3.5, 0.25, 'x86_64', '{"keras": "3.15.1"}', 1750000000.0),
    ('b', 1, 7, 5, '{}', NULL, 'failed in epoch 1', 0, '{"mase": Infinity}', '{}', '{}',
     0.5, 0.0, '', '{}', 1750000001.0);
INSERT INTO claim VALUES ('b', 0, 0, 5, 'elsewhere', 17, 9e12);
"""
TRIALS = [
    Trial("b", 1, 7, 5, {"mase": float("inf")}, status="failed in epoch 1", seconds=0.5),
    Trial(
        "a", 0, 0, 5, {"mase": 1.5}, {"mase": 0.5}, {"loss": [2.0, 1.0]}, 2, seconds=3.5,
        compile_seconds=0.25, machine="x86_64", versions={"keras": "3.15.1"},
    ),
]  # fmt: skip


def database(path, script):
    """Make an SQLite file by a script, in the mode that stores have."""
    with closing(sqlite3.connect(path, isolation_level=None)) as base:
        base.execute("PRAGMA journal_mode=WAL")
        base.executescript(script)
    return path


def marks(path):
    """Version and application of an SQLite file."""
    with closing(sqlite3.connect(path)) as base:
        return tuple(base.execute(f"PRAGMA {n}").fetchone()[0] for n in ("user_version", "application_id"))


def content(path):
    """All of a file but its marks, as SQL."""
    with closing(sqlite3.connect(path)) as base:
        return list(base.iterdump())


def values(path):
    """All rows of a file in the columns that version 0 had."""
    with closing(sqlite3.connect(path)) as base, closing(sqlite3.connect(":memory:")) as first:
        first.executescript(VERSION_0)
        found = {}
        for table in ("fact", "placement", "trial", "claim"):
            names = ", ".join(name for _, name, *_ in first.execute(f"PRAGMA table_info({table})"))
            found[table] = base.execute(f"SELECT {names} FROM {table}").fetchall()
        return found


@pytest.fixture
def old(tmp_path):
    """A store of version 0 with two trials and a claim."""
    return database(tmp_path / "old.db", VERSION_0 + ROWS)


def test_a_new_store_has_the_version_and_the_sign_of_today(tmp_path):
    Store(tmp_path / "s.db").close()
    assert marks(tmp_path / "s.db") == (len(MIGRATIONS), APPLICATION)


def test_a_store_without_a_version_is_brought_up_with_all_it_holds(old):
    before = values(old)
    with closing(Store(old)) as store:
        assert store.trials() == TRIALS
        assert store.facts == {"h": 24, "model": "conv-lstm"}
        assert [name for name, _, _ in store.placements] == ["b", "a"]
        assert store.claim([TrialKey("b", 0, 0, 5)]) == []  # another process is at it
    assert marks(old) == (len(MIGRATIONS), APPLICATION)
    assert values(old) == before


def test_a_store_that_was_brought_up_has_the_form_of_a_new_one(tmp_path, old):
    Store(old).close()
    Store(tmp_path / "new.db").close()
    shapes = []
    for path in (old, tmp_path / "new.db"):
        with closing(sqlite3.connect(path)) as base:
            query = "SELECT m.name, c.* FROM sqlite_master m, pragma_table_info(m.name) c ORDER BY 1, 2"
            shapes.append(base.execute(query).fetchall())
    assert shapes[0] == shapes[1]


def test_a_study_goes_on_from_a_store_without_a_version(tmp_path, monkeypatch):
    settings = {"placements": {"no-op": []}, "folds": 1, "epochs": 1}
    small_study(tmp_path / "new.db", seeds=1, **settings).run(processes=1)
    old = database(tmp_path / "old.db", VERSION_0)
    with closing(sqlite3.connect(old)) as base:
        base.execute("ATTACH ? AS new", (str(tmp_path / "new.db"),))
        for table in ("fact", "placement", "trial"):
            names = ", ".join(name for _, name, *_ in base.execute(f"PRAGMA main.table_info({table})"))
            base.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM new.{table}")
        base.commit()
    trained = []
    monkeypatch.setattr(
        "normcast.study.local.run", lambda job, task: trained.append(job.keys) or run(job, task)
    )
    result = small_study(old, seeds=2, **settings).run(processes=1)
    assert {key.seed for keys in trained for key in keys} == {1}
    assert {(t.placement, t.seed) for t in result.trials} == {
        (name, seed) for name in (BASELINE, "no-op") for seed in (0, 1)
    }


def test_opening_a_store_again_changes_nothing(tmp_path):
    path = tmp_path / "s.db"
    Store(path).close()
    before = path.read_bytes()
    Store(path).close()
    assert path.read_bytes() == before


def test_an_open_store_of_today_is_opened_without_waiting_for_who_writes(tmp_path):
    Store(tmp_path / "s.db").close()
    with closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert Store(tmp_path / "s.db").trials() == []


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "s.db"
    Store(path).close()
    with closing(sqlite3.connect(path)) as base:
        base.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        base.execute("PRAGMA journal_mode=DELETE")
    before = path.read_bytes()
    said = rf"s\.db: is a store of version {len(MIGRATIONS) + 1}, .*up to {len(MIGRATIONS)}\..*pip install -U"
    with pytest.raises(ValueError, match=said):
        Store(path)
    assert path.read_bytes() == before


FOREIGN = {
    "tables of others": ("CREATE TABLE users (a); CREATE TABLE trial (b)", "its tables are trial, users"),
    "a view alone": ("CREATE VIEW one AS SELECT 1", "its tables are one"),
    "many tables": ("".join(f"CREATE TABLE t{n} (a);" for n in range(7)), r"t0, t1, t2, t3, t4, \.\.\.\)"),
    "empty, of another program": ("PRAGMA application_id = 7", "marked as another program's"),
    "empty, with a version": ("PRAGMA user_version = 1", "marked as another program's"),
    "tables of ours, of another program": (VERSION_0 + "PRAGMA application_id = 7", "its tables are claim"),
}


@pytest.mark.parametrize(("script", "said"), FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path, script, said, mode):
    path = database(tmp_path / "app.db", script)
    with closing(sqlite3.connect(path)) as base:
        base.execute(f"PRAGMA journal_mode={mode}")
    before = path.read_bytes()
    with pytest.raises(ValueError, match=rf"app\.db: is an SQLite file, but no store.*{said}"):
        Store(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["app.db"]


def test_an_empty_file_and_an_empty_database_become_stores(tmp_path):
    (tmp_path / "empty.db").touch()
    for path in (tmp_path / "empty.db", database(tmp_path / "bare.db", "VACUUM")):
        Store(path).close()
        assert marks(path) == (len(MIGRATIONS), APPLICATION)


def test_what_cannot_be_opened_is_not_called_a_wrong_file(tmp_path):
    with pytest.raises(OSError, match="cannot be opened as a store of a study"):
        Store(tmp_path)


# ---- several processes, and kills

OPEN = """
import sys, time
from normcast.study import migrations
from normcast.study.store import Store

def counted(base):
    time.sleep(0.3)  # the others come meanwhile
    base.execute("CREATE TABLE once (a)")  # fails if done twice

migrations.MIGRATIONS += (counted,)
print("ready", flush=True)
sys.stdin.readline()
for path in sys.argv[1:]:
    print(len(Store(path).trials()))
"""


def test_processes_that_open_a_store_at_once_bring_it_up_once(tmp_path, old):
    call = [sys.executable, "-c", OPEN, str(old), str(tmp_path / "new.db")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(call, **pipes) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0].split() for process in processes] == [["2", "0"]] * 2
    assert marks(old) == marks(tmp_path / "new.db") == (len(MIGRATIONS) + 1, APPLICATION)


KILLED = """
import os, signal, sys
from normcast.study import migrations
from normcast.study.store import Store

def killed(base):
    base.execute("DELETE FROM trial")
    base.execute("ALTER TABLE fact ADD COLUMN more")
    os.kill(os.getpid(), signal.SIGKILL)

migrations.MIGRATIONS = (migrations.say_whose, killed)
Store(sys.argv[1])
"""


@pytest.mark.slow
def test_a_kill_while_a_store_is_brought_up_leaves_the_old_one(old):
    before = content(old)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(old)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert marks(old) == (0, 0)
    assert content(old) == before
    assert Store(old).trials() == TRIALS


def test_a_migration_that_fails_leaves_the_old_store(old, monkeypatch):
    def failing(base):
        base.execute("DELETE FROM trial")
        raise RuntimeError("no more")

    before = content(old)
    monkeypatch.setattr("normcast.study.migrations.MIGRATIONS", (*MIGRATIONS, failing))
    with pytest.raises(RuntimeError, match="no more"):
        Store(old)
    assert marks(old) == (0, 0)
    assert content(old) == before
