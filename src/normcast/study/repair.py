"""Repair: what can be read of a damaged store, in a store of its own."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from normcast.study.earlier import TWICE, agrees, has_digests
from normcast.study.faults import guarded
from normcast.study.migrations import COLUMNS, digest
from normcast.study.store import Store

# The head of every store: SQLite's own words, pages of 4096 bytes, a write-ahead log, and fixed fractions.
HEAD = b"SQLite format 3\0" + struct.pack(">HBBBBBB", 4096, 2, 2, 0, 64, 32, 32)

UNSEEN = (
    "The store is of an earlier version, without digests: form, keys and the first metric of each trial were "
    "verified, but not other metrics, histories, facts and edits, in which a changed digit would not be seen."
)
UNREADABLE = (sqlite3.Error, UnicodeDecodeError, OverflowError)


@dataclass(frozen=True)
class Repaired:
    """How many rows were saved, and how many were seen to be damaged; others may have left no trace.

    had_digests: whether each saved row is what was written. Of an earlier version, whose rows have no digest,
    those are saved that have their form, their key in the index and, of a trial, their score twice.
    """

    path: str
    facts: int
    placements: int
    trials: int
    damaged: int
    had_digests: bool = True

    def __str__(self) -> str:
        told = (
            f"{self.path}: {self.trials} trials, {self.placements} placements and {self.facts} facts saved; "
            f"{self.damaged} damaged rows left out."
        )
        return told if self.had_digests else f"{told} {UNSEEN}"


def repair(path: str | Path, out: str | Path) -> Repaired:
    """Write what can be read of a damaged store to a new one; the damaged file stays as it is.

    A study that names the new store trains what is missing. Raises FileExistsError if there is a file `out`,
    ValueError if nothing can be read.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    if Path(out).exists():
        raise FileExistsError(f"{out}: is there already. Name a file that is not.")
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "store.db"
        shutil.copyfile(path, copy)
        with suppress(FileNotFoundError):  # what was written last stands in a file beside
            shutil.copyfile(f"{path}-wal", f"{copy}-wal")
        found = _found(copy)
        if not found.read:
            _mend_head(copy)
            found = _found(copy)
    if not any(found.whole.values()):
        raise ValueError(f"{path}: nothing in it can be read as a store of a study.")
    _write(found.whole, out)
    counts = {table: len(rows) for table, rows in found.whole.items()}
    left_out = found.read - sum(counts.values())
    return Repaired(
        str(out), counts["fact"], counts["placement"], counts["trial"], left_out, found.had_digests
    )


@dataclass(frozen=True)
class _Found:
    """read: how many rows SQLite can read; whole: those that are right, by table, each with its digest."""

    read: int
    whole: dict[str, list[tuple[Any, ...]]]
    had_digests: bool


def _found(path: Path) -> _Found:
    count, whole = 0, {}
    with closing(sqlite3.connect(path)) as base:
        base.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        digests = has_digests(base)
        for table, columns in COLUMNS.items():
            beside = ("digest",) if digests else TWICE[table]
            rows = list(dict.fromkeys(_of_table(base, table, (*columns, *beside))))
            count += len(rows)
            if digests:
                whole[table] = [row for row in rows if _is_whole(row)]
            else:
                own = [row[: len(columns)] for row in rows if agrees(base, table, row)]
                whole[table] = [(*row, digest(row)) for row in own]
    return _Found(count, whole, digests)


def _of_table(base: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield rows from the front until one cannot be read, from the back, and one by one in between."""
    query = f"SELECT {', '.join(columns)} FROM {table} NOT INDEXED"
    for order in ("", " ORDER BY rowid DESC"):
        with suppress(*UNREADABLE):
            yield from base.execute(query + order)
    with suppress(*UNREADABLE):
        last = base.execute(f"SELECT MAX(rowid) FROM {table} NOT INDEXED").fetchone()[0] or 0
        for number in range(1, min(int(last), 10**6) + 1):
            with suppress(*UNREADABLE):
                yield from base.execute(f"{query} WHERE rowid = {number}")


def _is_whole(row: tuple[Any, ...]) -> bool:
    *values, known = row
    return digest(tuple(values)) == known


def _mend_head(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[: len(HEAD)] = HEAD
    path.write_bytes(raw)


def _write(rows: dict[str, list[tuple[Any, ...]]], out: str | Path) -> None:
    with closing(Store(out)), guarded(str(out)), closing(sqlite3.connect(out)) as base, base:
        for table, found in rows.items():
            # When a trial was stored is not looked at by anybody, and has no digest.
            names = (*COLUMNS[table], "digest", *(("stored_at",) if table == "trial" else ()))
            lines = [(*row, 0.0)[: len(names)] for row in found]
            places = ", ".join("?" * len(names))
            base.executemany(f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({places})", lines)
