"""A damaged store of an earlier version stays as it is; what is verified is saved, what is not is said."""

import random
import sqlite3
from contextlib import closing

import pytest

from normcast.study.repair import repair
from normcast.study.store import Store

from .test_faults import harmed, read, stored, tried


@pytest.fixture(scope="module", params=[0, 1])
def earlier(request, tmp_path_factory):
    """The bytes of a store as versions 0 and 1 wrote it, and what it holds."""
    folder = tmp_path_factory.mktemp("earlier")
    path = folder / "s.db"
    path.write_bytes(stored(folder))
    known = read(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as base:
        for table in ("fact", "placement", "trial"):
            base.execute(f"ALTER TABLE {table} DROP COLUMN digest")
        base.execute(f"PRAGMA user_version = {request.param}")
        if not request.param:
            base.execute("PRAGMA application_id = 0")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        base.execute("VACUUM")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes(), known


def saved(tmp_path, raw):
    path, out = tmp_path / "s.db", tmp_path / "r.db"
    path.write_bytes(raw)
    out.unlink(missing_ok=True)
    return repair(path, out), read(out)


def other(raw, place):
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


def test_all_of_a_whole_one_is_saved_and_what_is_not_seen_is_said(tmp_path, earlier):
    raw, known = earlier
    told, found = saved(tmp_path, raw)
    assert (told.facts, told.placements, told.trials, told.damaged) == (3, 8, 48, 0)
    assert found == known
    assert "earlier version, without digests" in str(told)
    assert "a changed digit would not be seen" in str(told)


def test_a_trial_whose_score_is_another_is_left_out(tmp_path, earlier):
    raw, known = earlier
    told, (_, _, trials) = saved(tmp_path, other(raw, raw.index(b'{"mase": 0.') + len(b'{"mase": 0.') + 2))
    assert (told.trials, told.damaged) == (47, 1)
    assert all(trial in known[2] for trial in trials)


def test_a_row_that_is_no_json_or_has_another_key_is_left_out(tmp_path, earlier):
    raw, known = earlier
    told, _ = saved(tmp_path, other(raw, raw.index(b'{"loss": [')))
    assert (told.trials, told.damaged) == (47, 1)
    place = raw.index(b"way 3\x03{")  # its name, place and edits
    told, (_, placements, _) = saved(tmp_path, other(raw, place + 4))
    assert (told.placements, told.damaged) == (7, 1)
    assert set(placements) < set(known[1])


def test_a_torn_one_is_refused_and_left_as_it_is(tmp_path, earlier):
    raw, _ = earlier
    place = raw.index(b"way 3\x03{") + 4
    path = tmp_path / "s.db"
    path.write_bytes(other(raw, place))
    with pytest.raises(ValueError, match=r"s\.db: is damaged .*study repair"):
        Store(path)
    assert path.read_bytes() == other(raw, place)  # no row has a digest that says it is whole


@pytest.mark.parametrize("case", range(30))
def test_keys_and_first_metrics_that_are_saved_are_those_that_were_written(tmp_path, earlier, case):
    raw, known = earlier
    found, _ = tried(saved, tmp_path, harmed(raw, random.Random(case)))
    if found is not None:
        scores = {trial.key: trial.metrics["mase"] for trial in known[2]}
        assert all(scores[trial.key] == trial.metrics["mase"] for trial in found[1][2])
        assert {name for name, *_ in found[1][1]} <= {name for name, *_ in known[1]}
        assert found[1][0].keys() <= known[0].keys()
