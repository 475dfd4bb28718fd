"""A store that is damaged, locked or on a full disk says so; what can be read of it is saved."""

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from normcast.study import store as store_module
from normcast.study.repair import repair
from normcast.study.store import Store
from normcast.study.trial import Trial

CASES = int(os.environ.get("NORMCAST_FAULTS", "60"))  # `make test-faults` asks for more
PLACEMENTS = [(f"way {i}", '{"edits": [], "scaling": null, "training": {}}', 100 + i) for i in range(8)]
FACTS = {"h": 24, "metric": "mase", "model": "x" * 5000}


def trials():
    draws = random.Random(0)
    for name, _, _ in PLACEMENTS:
        for seed in range(6):
            scores = {"mase": draws.random(), "mae": draws.random()}
            yield Trial(name, 0, seed, 5, scores, scores, {"loss": [draws.random() for _ in range(20)]}, 3)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return stored(tmp_path_factory.mktemp("whole"))


def stored(folder):
    """The bytes of a store with eight placements and 48 trials."""
    path = folder / "s.db"
    with closing(Store(path)) as store:
        store.describe(FACTS)
        store.add_placements(PLACEMENTS)
        for trial in trials():
            store.write(trial)
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def harmed(raw, draws):
    """Return a file with bytes flipped, a piece overwritten, or its end cut off."""
    raw, way = bytearray(raw), draws.choice(["flip", "flip", "flips", "zeros", "noise", "cut"])
    at = draws.randrange(len(raw)) if draws.random() < 0.7 else draws.randrange(200)
    if way == "cut":
        return bytes(raw[:at])
    length = {"flip": 1, "flips": 20}.get(way, draws.choice([16, 512, 4096]))
    for place in range(at, min(at + length, len(raw))):
        raw[place] = {"zeros": 0, "noise": draws.randrange(256)}.get(
            way, raw[place] ^ (1 << draws.randrange(8))
        )
    return bytes(raw)


def tried(function, *arguments):
    """Return (what a function returns, ""), or (None, what the error said)."""
    try:
        return function(*arguments), ""
    except (ValueError, OSError) as error:
        return None, str(error)


def read(path):
    """Return all of a store."""
    with closing(Store(path)) as store:
        return store.facts, store.placements, store.trials()


@pytest.mark.parametrize("case", range(CASES))
def test_a_damaged_store_is_read_whole_or_refused_and_repaired(tmp_path, whole, case):
    path = tmp_path / "s.db"
    path.write_bytes(whole)
    known = read(path)
    path.write_bytes(harmed(whole, random.Random(case)))
    found, refusal = tried(read, path)
    if found is not None:
        assert found == (known if path.stat().st_size else ({}, [], []))  # an empty file is a new store
        return
    assert str(path) in refusal
    saved, refusal = tried(repair, path, tmp_path / "r.db")
    if saved is None:
        assert f"{path}: nothing in it can be read" in refusal
        return
    facts, placements, again = read(tmp_path / "r.db")
    assert (saved.facts, saved.placements, saved.trials) == (len(facts), len(placements), len(again))
    assert facts.items() <= known[0].items()
    assert set(placements) <= set(known[1])
    assert all(trial in known[2] for trial in again)


def test_a_repaired_store_holds_all_but_what_was_damaged(tmp_path, whole):
    path = tmp_path / "s.db"
    place = whole.index(b'"mase": 0.')
    path.write_bytes(whole[: place + 10] + bytes([whole[place + 10] ^ 1]) + whole[place + 11 :])
    with pytest.raises(
        ValueError, match=r"s\.db: is damaged \(trial .* is not what was written\).*study repair"
    ):
        Store(path)
    saved = repair(path, tmp_path / "r.db")
    assert (saved.facts, saved.placements, saved.trials, saved.damaged) == (3, 8, 47, 1)
    with pytest.raises(FileExistsError, match=r"r\.db: is there already"):
        repair(path, tmp_path / "r.db")


def test_what_cannot_be_read_at_all_is_said(tmp_path):
    (tmp_path / "s.db").write_bytes(b"nothing of the kind" * 1000)
    with pytest.raises(ValueError, match="nothing in it can be read"):
        repair(tmp_path / "s.db", tmp_path / "r.db")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        repair(tmp_path / "t.db", tmp_path / "r.db")


def test_a_lock_is_waited_for_and_called_a_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "WAIT", 0.1)
    path = tmp_path / "s.db"
    store = Store(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OSError, match=r"s\.db: is locked by another program"):
            store.note("a", 1)
    store.note("a", 1)
    store.close()
    fresh = tmp_path / "fresh.db"
    with closing(sqlite3.connect(fresh, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OSError, match=r"fresh\.db: is locked by another program"):
            Store(fresh)


def test_a_full_disk_is_called_one_and_keeps_what_is_stored(tmp_path):
    with closing(Store(tmp_path / "s.db")) as store:
        first, *others = trials()
        store.write(first)
        pages = store._base.execute("PRAGMA page_count").fetchone()[0]
        store._base.execute(f"PRAGMA max_page_count = {pages + 1}")
        refusals = [tried(store.write, trial)[1] for trial in others]
        assert all("s.db: the disk is full. Make room" in each for each in refusals if each)
        assert refusals[-1]
        kept = store.trials()
        assert kept == [first, *(t for t, refusal in zip(others, refusals, strict=True) if not refusal)]
    assert read(tmp_path / "s.db")[2] == kept


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match=r"s\.db: cannot be opened as a store"):
        Store(tmp_path / "s.db")


RACE = """
import sys
from normcast.study.store import Store
print("ready", flush=True)
sys.stdin.readline()
for path in sys.argv[1:]:
    store = Store(path)
    store.describe({"a": 1})
    store.add_placements([(f"p{i}", "{}", 1) for i in range(28)])
"""


@pytest.mark.slow
def test_processes_that_open_new_stores_at_once_all_get_them(tmp_path):
    paths = [str(tmp_path / f"{i}.db") for i in range(40)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([sys.executable, "-c", RACE, *paths], **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert all(len(read(path)[1]) == 28 for path in paths)
