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

from normcast.plain import parsed, read, text, write
from normcast.study.migrations import migrate, version_of
from normcast.study.trial import Trial, TrialKey

LEASE = 60.0  # seconds after which a claim of a process that fell silent is void
WRITE = (
    "INSERT OR REPLACE INTO trial (placement, fold, seed, epochs, edits, score, status, best_epoch, metrics, "
    "seen, history, seconds, compile_seconds, machine, versions, stored_at) VALUES (?, ?, ?, ?, "
    "COALESCE((SELECT placement FROM placement WHERE name = ?), ''), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
CLAIM = (
    "INSERT OR REPLACE INTO claim (placement, fold, seed, epochs, host, process, until) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
FACT = "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)"
PLACEMENT = "INSERT INTO placement (name, position, placement, parameters) VALUES (?, ?, ?, ?)"


class Store:
    """One study on disk (":memory:" keeps it in memory). A trial is one transaction: there or not there.

    Several processes may hold the same store: each claims the trials it trains, and what one has done the
    others read. A store of an older version is brought up to today's as it is opened. Raises ValueError for a
    file that is no store, or one of a newer version, and leaves it as it is; OSError for one that cannot be
    opened to write.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        if self.path != ":memory:" and not Path(path).resolve().parent.is_dir():
            raise FileNotFoundError(f"{path}: there is no folder {str(Path(path).parent)!r}. Make it first.")
        self._lock = threading.RLock()
        with opening(self.path):
            self._base = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
            try:
                version_of(self._base, self.path)  # refuses before the first write, and WAL mode is one
                self._base.execute("PRAGMA journal_mode=WAL")
                migrate(self._base, self.path)
            except BaseException:
                self._base.close()
                raise

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:  # the threads of one process share the connection
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    # ---- the study

    def describe(self, facts: dict[str, Any]) -> None:
        """Say which study this is, or check that it is this one.

        Raises ValueError naming the first fact that differs.
        """
        known = self.facts
        for name, value in facts.items():
            if name in known and known[name] != write(value):
                raise ValueError(
                    f"{self.path}: holds a study with {name} {short(known[name])}, but this one has "
                    f"{short(value)}. Name another store."
                )
        with self._transaction() as base:
            rows = [(name, text(value, sort=False)) for name, value in facts.items()]
            base.executemany(FACT, rows)

    def note(self, name: str, value: Any) -> None:
        """Keep a fact that may change as the study goes on."""
        with self._transaction() as base:
            base.execute(FACT, (name, text(value, sort=False)))

    @property
    def facts(self) -> dict[str, Any]:
        """What tells the study from others, and what its report prints."""
        rows = self._base.execute("SELECT name, value FROM fact")
        return {name: parsed(value, f"{self.path}: {name}") for name, value in rows}

    def add_placements(self, placements: Iterable[tuple[str, str, int]]) -> None:
        """Add (name, JSON, parameters) in this order; those there are must be the same.

        Raises ValueError for a name that means something else in this store.
        """
        known = {name: held for name, held, _ in self.placements}
        for name, held, _ in placements:
            if deciding(known.get(name, held)) != deciding(held):
                raise ValueError(
                    f"{self.path}: placement {name!r} has other edits in this store. Give it another name, "
                    "or name another store."
                )
        with self._transaction() as base:
            for name, held, parameters in placements:
                if name not in known:
                    position = base.execute("SELECT COUNT(*) FROM placement").fetchone()[0]
                    base.execute(PLACEMENT, (name, position, held, parameters))

    @property
    def placements(self) -> list[tuple[str, str, int]]:
        """The placements as (name, JSON, parameters), in the order they came."""
        query = "SELECT name, placement, parameters FROM placement ORDER BY position"
        return list(self._base.execute(query))

    # ---- trials

    def write(self, trial: Trial) -> None:
        """Store a trial and give up its claim, in one transaction."""
        score = next(iter(trial.metrics.values()), None)
        plain = [text(each, sort=False) for each in (trial.metrics, trial.seen, trial.history)]
        row = (*trial.key, trial.placement, score, trial.status, trial.best_epoch, *plain, trial.seconds)
        row += (trial.compile_seconds, trial.machine, text(trial.versions, sort=False), time.time())
        with self._transaction() as base:
            base.execute(WRITE, row)
            base.execute(f"DELETE FROM claim WHERE {SAME}", trial.key)

    def trials(self) -> list[Trial]:
        """Return all trials, by placement in order, then epochs, fold and seed."""
        query = (
            "SELECT t.placement, fold, seed, epochs, metrics, seen, history, best_epoch, status, seconds, "
            "compile_seconds, machine, versions FROM trial t LEFT JOIN placement p ON p.name = t.placement "
            "ORDER BY p.position, epochs, fold, seed"
        )
        return [_trial(row) for row in self._base.execute(query)]

    def done(self) -> set[TrialKey]:
        """Return which trials are stored."""
        query = "SELECT placement, fold, seed, epochs FROM trial"
        return {TrialKey(*row) for row in self._base.execute(query)}

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


@contextmanager
def opening(path: str) -> Iterator[None]:
    """Raise ValueError where SQLite says that the file is no database, OSError where it cannot get at it."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(
            f"{path}: cannot be opened as a store of a study ({error}). See that this process may write the "
            "file and its folder and that no other program locks it, or name another file."
        ) from error
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path}: is no store of a study ({error}). Name another file.") from error


class Claim(NamedTuple):
    """Who is at a trial, and until when that is believed without a sign of life."""

    host: str
    process: int
    until: float


def is_void(claim: Claim, now: float) -> bool:
    """Say whether a claim binds nobody: its process is gone, or has been silent for too long."""
    if claim.until < now:
        return True
    if claim.host != platform.node():
        return False
    try:
        os.kill(claim.process, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it lives, and belongs to someone else
        return False
    return False


def deciding(placement: str) -> dict[str, Any]:
    """Return what trials depend on of a placement's JSON; its words may change between versions.

    >>> deciding('{"name": "x", "edits": [], "scaling": null, "training": {}, "level": "none"}')
    {'edits': [], 'scaling': None, 'training': {}}
    """
    plain = parsed(placement, "placement")
    return {name: plain.get(name) for name in ("edits", "scaling", "training")}


def short(value: Any, most: int = 60) -> str:
    """Return a value for a message, cut where it is long.

    >>> short("a" * 100, 5)
    'aaaa…'
    """
    told = str(value)
    return told if len(told) <= most else told[: most - 1] + "…"


def _trial(row: tuple[Any, ...]) -> Trial:
    names = (
        "placement", "fold", "seed", "epochs", "metrics", "seen", "history", "best_epoch", "status",
        "seconds", "compile_seconds", "machine", "versions",
    )  # fmt: skip
    plain = dict(zip(names, row, strict=True))
    where = f"trial {row[:4]}"
    for name, kind in JSON_COLUMNS.items():
        plain[name] = read(kind, parsed(plain[name], where), where, name)
    return Trial(**plain)
