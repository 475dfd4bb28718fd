"""Migrations: how a store's file says what form it has, and how an older form becomes today's."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import normcast

APPLICATION = 0x6E637374  # "ncst", PRAGMA application_id: tells a store from the SQLite files of others
TABLES = {"fact", "placement", "trial", "claim"}
FIRST = (
    "CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS placement (
    name TEXT PRIMARY KEY, position INTEGER NOT NULL, placement TEXT NOT NULL,
    parameters INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS trial (
    placement TEXT NOT NULL, fold INTEGER NOT NULL, seed INTEGER NOT NULL, epochs INTEGER NOT NULL,
    edits TEXT NOT NULL DEFAULT '', score REAL, status TEXT NOT NULL, best_epoch INTEGER NOT NULL,
    metrics TEXT NOT NULL, seen TEXT NOT NULL, history TEXT NOT NULL, seconds REAL NOT NULL,
    compile_seconds REAL NOT NULL, machine TEXT NOT NULL, versions TEXT NOT NULL, stored_at REAL NOT NULL,
    PRIMARY KEY (placement, fold, seed, epochs))""",
    """CREATE TABLE IF NOT EXISTS claim (
    placement TEXT NOT NULL, fold INTEGER NOT NULL, seed INTEGER NOT NULL, epochs INTEGER NOT NULL,
    host TEXT NOT NULL, process INTEGER NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (placement, fold, seed, epochs))""",
)


def say_whose(base: sqlite3.Connection) -> None:
    """Version 1: the tables, which a store of version 0 has already, and a sign of whose file it is."""
    for statement in FIRST:
        base.execute(statement)
    base.execute(f"PRAGMA application_id = {APPLICATION}")


COLUMNS = {
    "fact": ("name", "value"),
    "placement": ("name", "position", "placement", "parameters"),
    "trial": (
        "placement", "fold", "seed", "epochs", "metrics", "seen", "history", "best_epoch", "status",
        "seconds", "compile_seconds", "machine", "versions",
    ),
}  # fmt: skip
"""By table what is read of a row, which is what its digest is of."""


def digest(row: tuple[Any, ...]) -> str:
    """Return the digest of a row: equal only for equal values.

    >>> digest(("h", "24")) == digest(("h", "24")), digest(("h", "24")) == digest(("h", "25"))
    (True, False)
    """
    return blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def add_digests(base: sqlite3.Connection) -> None:
    """Version 2: a digest for each row, so that damage is seen."""
    for table, columns in COLUMNS.items():
        base.execute(f"ALTER TABLE {table} ADD COLUMN digest TEXT NOT NULL DEFAULT ''")
        rows = base.execute(f"SELECT rowid, {', '.join(columns)} FROM {table}").fetchall()
        known = [(digest(tuple(row)), number) for number, *row in rows]
        base.executemany(f"UPDATE {table} SET digest = ? WHERE rowid = ?", known)


# The n-th makes version n of version n - 1, and of nothing the first. One that was released is never changed.
MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (say_whose, add_digests)


def version_of(base: sqlite3.Connection, path: str) -> int:
    """Return the version of a store, 0 for a file without tables; writes nothing.

    Raises ValueError for a file that is not ours, and for a version that this normcast does not know.
    """
    version, application = (_number(base, name) for name in ("user_version", "application_id"))
    if application != APPLICATION and (version or application or not _is_unmarked(_tables(base))):
        raise ValueError(
            f"{path}: is an SQLite file, but no store of a study ({_named(_tables(base))}). "
            "Name another file."
        )
    if version > len(MIGRATIONS):
        raise ValueError(
            f"{path}: is a store of version {version}, but normcast {normcast.__version__} knows versions "
            f"up to {len(MIGRATIONS)}. Install a newer one: pip install -U normcast."
        )
    return version


def migrate(base: sqlite3.Connection, path: str) -> None:
    """Bring a store to today's version, in one transaction: all of it or nothing, by one process alone."""
    if version_of(base, path) == len(MIGRATIONS):
        return  # without a lock: an open store is opened again by many
    with base:
        base.execute("BEGIN IMMEDIATE")
        for migration in MIGRATIONS[version_of(base, path) :]:  # anew: another process may have been first
            migration(base)
        base.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _number(base: sqlite3.Connection, name: str) -> int:
    return int(base.execute(f"PRAGMA {name}").fetchone()[0])


def _tables(base: sqlite3.Connection) -> list[str]:
    rows = base.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
    return [str(name) for (name,) in rows]


def _is_unmarked(tables: list[str]) -> bool:
    """Whether tables may be those of a file without our sign: a new one, or a store of version 0."""
    return not tables or set(tables) >= TABLES


def _named(tables: list[str], most: int = 5) -> str:
    named = ", ".join(tables[:most]) + ", ..." * (len(tables) > most)
    return f"its tables are {named}" if tables else "it is marked as another program's"
