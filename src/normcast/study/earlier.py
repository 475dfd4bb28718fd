"""Earlier: rows of stores of version 0 and 1, without digests, held against what is written of them twice."""

from __future__ import annotations

import sqlite3
from math import isfinite
from typing import Any

from normcast.plain import parsed, read
from normcast.study.migrations import COLUMNS
from normcast.study.store import JSON_COLUMNS
from normcast.study.trial import Trial

KEYS = {"fact": 1, "placement": 1, "trial": 4}
"""By table how many of the first columns stand in its index too, with the number of the row."""

TWICE = {"fact": ("rowid",), "placement": ("rowid",), "trial": ("rowid", "score")}
"""By table what is read beside, since it is written a second time."""

FAULTY = (sqlite3.Error, ValueError, OverflowError)


def has_digests(base: sqlite3.Connection) -> bool:
    """Say whether a store is of a version whose rows have digests; so is one that cannot be read."""
    try:
        columns = [name for _, name, *_ in base.execute("PRAGMA table_info(trial)")]
    except (sqlite3.Error, UnicodeDecodeError):
        return True
    return not columns or "digest" in columns


def agrees(base: sqlite3.Connection, table: str, row: tuple[Any, ...]) -> bool:
    """Say whether a row has the form that was written, its key in the index, and a trial its score twice.

    row: the values of `COLUMNS` and `TWICE`. A changed digit in another value is not seen.
    """
    values, (number, *twice) = row[: len(COLUMNS[table])], row[len(COLUMNS[table]) :]
    try:
        if not _is_indexed(base, table, values, number):
            return False
        if table == "trial":
            return _has_score(values, *twice)
        parsed(values[1 if table == "fact" else 2], table)
        numbers = () if table == "fact" else (values[1], values[3])
        return isinstance(values[0], str) and all(type(each) is int and each >= 0 for each in numbers)
    except FAULTY:
        return False


def _is_indexed(base: sqlite3.Connection, table: str, values: tuple[Any, ...], number: int) -> bool:
    names = COLUMNS[table][: KEYS[table]]
    same = " AND ".join(f"{name} = ?" for name in names)
    query = f"SELECT rowid FROM {table} INDEXED BY sqlite_autoindex_{table}_1 WHERE {same}"
    return base.execute(query, values[: len(names)]).fetchone() == (number,)


def _has_score(values: tuple[Any, ...], score: float | None) -> bool:
    plain = dict(zip(COLUMNS["trial"], values, strict=True))
    plain |= {name: parsed(plain[name], name) for name in JSON_COLUMNS}
    trial = read(Trial, plain, "trial")
    first = next(iter(trial.metrics.values()), None)
    if first is None or not isfinite(first):
        return score is None or not isfinite(score)
    return score == first
