"""Store: the trials of one study in an SQLite file, safe against kills and shared by processes."""

from __future__ import annotations

import os
import platform
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

from normcast.machine import may_live
from normcast.plain import parsed, read, short, text, write
from normcast.study.faults import damaged, guarded, is_lock
from normcast.study.migrations import COLUMNS, digest, migrate, version_of
from normcast.study.trial import Trial, TrialKey

WAIT = 60.0  # seconds for which a lock is waited for
LEASE = 60.0  # seconds after which a claim of a process that fell silent is void
DECIDING = (
    "frozen",
    "codes",
    "plan",
)  # facts that only some studies have; versions before did not write them
WRITE = (
    f"INSERT OR REPLACE INTO trial (edits, score, stored_at, digest, {', '.join(COLUMNS['trial'])}) VALUES "
    f"(COALESCE((SELECT placement FROM placement WHERE name = ?), ''){', ?' * (3 + len(COLUMNS['trial']))})"
)
CLAIM = (
    "INSERT OR REPLACE INTO claim (placement, fold, seed, epochs, host, process, until) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
FACT = "INSERT OR REPLACE INTO fact (name, value, digest) VALUES (?, ?, ?)"
PLACEMENT = "INSERT INTO placement (name, position, placement, parameters, digest) VALUES (?, ?, ?, ?, ?)"


class Store:
    """One study on disk (":memory:" keeps it in memory). A trial is one transaction: there or not there.

    Several processes may hold the same store: each claims the trials it trains, and what one has done the
    others read. A store of an older version is brought up to today's as it is opened. Each row has a digest,
    so that what is read is what was written. Raises ValueError for a file that is no store, is damaged, or
    is one of a newer version, and leaves it as it is; OSError for one that cannot be opened to write, is
    locked for a minute, or stands on a full disk.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        if self.path != ":memory:" and not Path(path).resolve().parent.is_dir():
            raise FileNotFoundError(f"{path}: there is no folder {str(Path(path).parent)!r}. Make it first.")
        self._lock = threading.RLock()
        self._base = self._opened()

    def _opened(self) -> sqlite3.Connection:
        until = time.monotonic() + WAIT
        with guarded(self.path):
            while True:  # SQLite does not wait itself while a file becomes a database
                try:
                    return self._connected()
                except sqlite3.OperationalError as error:
                    if not is_lock(error) or time.monotonic() > until:
                        raise
                time.sleep(0.05)

    def _connected(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None, check_same_thread=False)
        try:
            version_of(base, self.path)  # refuses before the first write, and WAL mode is one
            refuse_torn(base, self.path)  # before an older version gives its rows digests
            base.execute("PRAGMA journal_mode=WAL")
            migrate(base, self.path)
            verify(base, self.path)
        except BaseException:
            base.close()
            raise
        return base

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, guarded(self.path):  # the threads of one process share the connection
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
                self._base.execute("COMMIT")
            except BaseException:
                if self._base.in_transaction:  # SQLite itself rolls back what finds the disk full
                    self._base.execute("ROLLBACK")
                raise

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with guarded(self.path):
            return self._base.execute(query).fetchall()

    # ---- the study

    def describe(self, facts: dict[str, Any]) -> None:
        """Say which study this is, or check that it is this one.

        Raises ValueError naming the first fact that differs, and where there are trials that a deciding fact
        is not known of.
        """
        with self._transaction() as base:
            known = self.facts
            for name in DECIDING:
                if (name in known) != (name in facts) and self.done():
                    held, asked = (told(each.get(name, "not written")) for each in (known, facts))
                    raise ValueError(
                        f"{self.path}: holds trials with {name} {held}, but this study has {asked}: they are "
                        "of an earlier version, or of another network. Name another store."
                    )
            for name, value in facts.items():
                if name in known and known[name] != write(value):
                    raise ValueError(
                        f"{self.path}: holds a study with {name} {told(known[name])}, but this one has "
                        f"{told(value)}. Ask for the same{_asked_by(name, known)}, or name another store."
                    )
            base.executemany(FACT, [fact(name, value) for name, value in facts.items()])

    def note(self, name: str, value: Any) -> None:
        """Keep a fact that may change as the study goes on."""
        with self._transaction() as base:
            base.execute(FACT, fact(name, value))

    @property
    def facts(self) -> dict[str, Any]:
        """What tells the study from others, and what its report prints."""
        rows = self._rows("SELECT name, value FROM fact")
        return {name: parsed(value, f"{self.path}: {name}") for name, value in rows}

    def add_placements(self, placements: Iterable[tuple[str, str, int]]) -> None:
        """Add (name, JSON, parameters) in this order; those there are must be the same.

        Raises ValueError for a name that means something else in this store.
        """
        with self._transaction() as base:
            known = {name: held for name, held, _ in self.placements}
            for name, held, parameters in placements:
                if deciding(known.get(name, held)) != deciding(held):
                    raise ValueError(
                        f"{self.path}: placement {name!r} has other edits in this store. Give it another "
                        "name, or name another store."
                    )
                if name not in known:
                    row = (name, len(known), held, int(parameters))
                    base.execute(PLACEMENT, (*row, digest(row)))
                    known[name] = held

    @property
    def placements(self) -> list[tuple[str, str, int]]:
        """The placements as (name, JSON, parameters), in the order they came."""
        query = "SELECT name, placement, parameters FROM placement ORDER BY position"
        return self._rows(query)

    # ---- trials

    def write(self, trial: Trial) -> None:
        """Store a trial and give up its claim, in one transaction."""
        score = next(iter(trial.metrics.values()), None)
        metrics, seen, history, versions = (
            text(each, sort=False) for each in (trial.metrics, trial.seen, trial.history, trial.versions)
        )
        row = (
            *trial.key, metrics, seen, history, int(trial.best_epoch), trial.status, float(trial.seconds),
            float(trial.compile_seconds), trial.machine, versions,
        )  # fmt: skip
        with self._transaction() as base:
            base.execute(WRITE, (trial.placement, score, time.time(), digest(row), *row))
            base.execute(f"DELETE FROM claim WHERE {SAME}", trial.key)

    def trials(self) -> list[Trial]:
        """Return all trials, by placement in order, then epochs, fold and seed."""
        query = (
            f"SELECT {', '.join(f't.{name}' for name in COLUMNS['trial'])} "
            "FROM trial t LEFT JOIN placement p ON p.name = t.placement "
            "ORDER BY p.position, epochs, fold, seed"
        )
        return [_trial(row, self.path) for row in self._rows(query)]

    def done(self) -> set[TrialKey]:
        """Return which trials are stored."""
        query = "SELECT placement, fold, seed, epochs FROM trial"
        return {TrialKey(*row) for row in self._rows(query)}

    # ---- claims

    def claim(self, keys: Iterable[TrialKey]) -> list[TrialKey]:
        """Claim trials for this process; return those that nobody has done or is at."""
        now, mine, won = time.time(), (platform.node(), os.getpid()), []
        with self._transaction() as base:
            for key in keys:
                if base.execute(f"SELECT 1 FROM trial WHERE {SAME}", key).fetchone():
                    continue
                held = base.execute(f"SELECT host, process, until FROM claim WHERE {SAME}", key).fetchone()
                if held is None or held[:2] == mine or is_void(Claim(*held), now):
                    base.execute(CLAIM, (*key, *mine, now + LEASE))
                    won.append(key)
        return won

    def renew(self) -> None:
        """Say that this process is still at what it claimed."""
        row = (time.time() + LEASE, platform.node(), os.getpid())
        with self._transaction() as base:
            base.execute("UPDATE claim SET until = ? WHERE host = ? AND process = ?", row)

    def release(self) -> None:
        """Give up all claims of this process."""
        row = (platform.node(), os.getpid())
        with self._transaction() as base:
            base.execute("DELETE FROM claim WHERE host = ? AND process = ?", row)


JSON_COLUMNS = {
    name: kind
    for name, kind in get_type_hints(Trial).items()
    if name in ("metrics", "seen", "history", "versions")
}
SAME = "placement = ? AND fold = ? AND seed = ? AND epochs = ?"


class Claim(NamedTuple):
    """Who is at a trial, and until when that is believed without a sign of life."""

    host: str
    process: int
    until: float


def _asked_by(name: str, known: dict[str, Any]) -> str:
    """Return how the same is asked for, where a default hides it."""
    return f" (design={known[name]!r}, --design {known[name]})" if name == "design" else ""


def is_void(claim: Claim, now: float) -> bool:
    """Say whether a claim binds nobody: its process is gone, or has been silent for too long."""
    if claim.until < now:
        return True
    return claim.host == platform.node() and not may_live(claim.process)


def refuse_torn(base: sqlite3.Connection, path: str) -> None:
    """Raise ValueError if the tables and indexes of a file do not fit each other."""
    (found,) = base.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise damaged(path, str(found).splitlines()[-1])


def verify(base: sqlite3.Connection, path: str) -> None:
    """Raise ValueError if anything that is read is not what was written."""
    for table, columns in COLUMNS.items():
        for *row, known in base.execute(f"SELECT {', '.join(columns)}, digest FROM {table}"):
            if digest(tuple(row)) != known:
                raise damaged(path, f"{table} {short(row[0])} is not what was written")


def fact(name: str, value: Any) -> tuple[str, str, str]:
    """Return the row of a fact."""
    row = (name, text(value, sort=False))
    return (*row, digest(row))


def told(value: Any) -> str:
    """Return a value of a study as its users write it, cut where it is long."""
    words = str(value)
    return words if len(words) <= 60 else words[:59] + "…"


def deciding(placement: str) -> dict[str, Any]:
    """Return what trials depend on of a placement's JSON; its words may change between versions.

    >>> deciding('{"name": "x", "edits": [], "scaling": null, "training": {}, "level": "none"}')
    {'edits': [], 'scaling': None, 'training': {}}
    """
    plain = parsed(placement, "placement")
    if not isinstance(plain, dict):
        return {"edits": plain}
    return {name: plain.get(name) for name in ("edits", "scaling", "training")}


def _trial(row: tuple[Any, ...], path: str) -> Trial:
    plain = dict(zip(COLUMNS["trial"], row, strict=True))
    where = f"{path}: trial {row[:4]}"
    for name, kind in JSON_COLUMNS.items():
        plain[name] = read(kind, parsed(plain[name], where), where, name)
    return Trial(**plain)
