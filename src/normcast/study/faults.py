"""Faults of a store's file, worded: what SQLite says becomes what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

LOCKS = ("SQLITE_BUSY", "SQLITE_LOCKED")
PLACES = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR", "SQLITE_AUTH")


@contextmanager
def guarded(path: str) -> Iterator[None]:
    """Raise OSError for what stands in the way of a store's file, ValueError for what is wrong in it."""
    try:
        yield
    except sqlite3.Error as error:
        raise worded(path, error) from error
    except (UnicodeDecodeError, OverflowError) as error:  # from what SQLite would have said
        raise damaged(path, str(error)) from error


def worded(path: str, error: sqlite3.Error) -> Exception:
    """Return an error of SQLite's as one that names the file and says what to do."""
    name = _name(error)
    if name.startswith(LOCKS):
        return OSError(
            f"{path}: is locked by another program, and has been for a minute. End that program, or wait."
        )
    if name.startswith("SQLITE_FULL"):
        return OSError(
            f"{path}: the disk is full. Make room and run the study again: it goes on with what is stored."
        )
    if name.startswith(PLACES):
        return OSError(
            f"{path}: cannot be opened as a store of a study ({error}). See that this process may write the "
            "file and its folder, or name another file."
        )
    if name.startswith("SQLITE_NOTADB"):
        return ValueError(
            f"{path}: is no store of a study, or its first bytes are damaged ({error}). Name another file; "
            "`normcast study repair` saves what can be read of a damaged one."
        )
    return damaged(path, str(error))


def damaged(path: str, what: str) -> ValueError:
    """Return the error for a store that does not hold what was written."""
    return ValueError(
        f"{path}: is damaged ({what}). `normcast study repair {path}` saves what can be read, and a study on "
        "that file trains the rest again."
    )


def is_lock(error: sqlite3.Error) -> bool:
    """Say whether another program holds the file."""
    return _name(error).startswith(LOCKS)


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", None) or ""
