"""Faults: what single series of a table lack, gathered over all of them before one is refused or left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from normcast.data.rows import Rows
from normcast.errors import counted, one_of

SHORT = ("error", "skip")
SHOWN = 5  # series that a message lists


@dataclass(frozen=True)
class Lack:
    """What one series lacks, in words; row: of the table from 1, 0 for none."""

    name: str
    what: str
    row: int = 0

    def __str__(self) -> str:
        return f"{self.name!r} {self.what}{f', row {self.row}' if self.row else ''}"


class SeriesFault(ValueError):
    """Some series of a table cannot be used as they are; others might.

    lacks: one of each such series; first: the refusal of the first alone; rest: the panel of the others, if
    there is one.
    """

    def __init__(self, message: str, lacks: Sequence[Lack]) -> None:
        super().__init__(message)
        self.message, self.lacks, self.first = message, tuple(lacks), message
        self.rest: Any = None

    def __str__(self) -> str:
        return self.message


def of_rows(rows: Rows, bad: np.ndarray, message: str, what: Callable[[int, int], str]) -> SeriesFault:
    """Return the fault of all series with a bad row.

    bad: (N,); what: words for a series, from the place of its first bad row and how many there are.
    """
    at = np.flatnonzero(bad)
    series, first, many = np.unique(rows.series[at], return_index=True, return_counts=True)
    lacks = [
        Lack(rows.ids[s], f"{what(int(at[i]), int(n))} ({rows.show(int(at[i]))})", int(rows.row[at[i]]))
        for s, i, n in zip(series, first, many, strict=True)
    ]
    return SeriesFault(message, lacks)


def check_short(policy: str, where: str = "Panel") -> None:
    """Raise ValueError for a word that is no policy."""
    one_of(where, "short", policy, SHORT)


def told(lacks: Sequence[Lack]) -> str:
    """Return what series lack, some of them where there are many.

    >>> told([Lack("b", "has 12 rows and needs 31"), Lack("c", "has no value", row=7)])
    "'b' has 12 rows and needs 31; 'c' has no value, row 7"
    """
    more = f"; and {len(lacks) - SHOWN} more" if len(lacks) > SHOWN else ""
    return "; ".join(str(each) for each in lacks[:SHOWN]) + more


def refusal(first: str, lacks: Sequence[Lack], of: int) -> str:
    """Return the message of an error: the first in full, then all where there are several, and the way on.

    of: how many series there are; where none would be left, there is no way on.
    """
    several = f" {len(lacks)} of {of} series cannot be used: {told(lacks)}." if len(lacks) > 1 else ""
    way = " To go on without them: --short skip (short='skip')." if len(lacks) < of else ""
    return f"{first}{several}{way}"


def left_out(lacks: Sequence[Lack], of: int) -> str:
    """Return the note on series that were left out.

    >>> left_out([Lack("b", "has 12 rows and needs 31")], of=3)
    "1 of 3 series left out, as asked (short=skip): 'b' has 12 rows and needs 31"
    """
    return f"{len(lacks)} of {counted(of, 'series')} left out, as asked (short=skip): {told(lacks)}"
