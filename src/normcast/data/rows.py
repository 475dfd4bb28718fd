"""Rows: a panel in the making, sorted by series and time; each row knows its place in the user's table."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from normcast.data.stamps import Stamps


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of all series, one series after another.

    offsets: (S+1,); counted: (N,) int64 time stamps or steps; row: (N,) row of the table from 1, 0 where
    inserted; values: (N, V) float64, target first, NaN where missing; names: (V,) for messages, the target's
    per series.
    """

    offsets: np.ndarray
    counted: np.ndarray
    row: np.ndarray
    values: np.ndarray
    names: tuple[str, ...]
    ids: tuple[str, ...]
    stamps: Stamps
    where: str

    @property
    def series(self) -> np.ndarray:
        """The series of each row, (N,) int64."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    @property
    def is_first(self) -> np.ndarray:
        """Where a row is the first of its series, (N,) bool."""
        first = np.zeros(len(self.counted), dtype=bool)
        first[self.offsets[:-1]] = True
        return first

    def place(self, at: int, column: int | None = None) -> str:
        """Name a row for a message: file, series, column, row and stamp."""
        series = int(np.searchsorted(self.offsets, at, side="right")) - 1
        named = "" if column is None else f", column {self.names[column]!r}"
        row = f"row {self.row[at]}" if self.row[at] else "an inserted row"
        return f"{self.where}: series {self.ids[series]!r}{named}, {row} ({self.show(at)})"

    def show(self, at: int) -> str:
        """Return the stamp of a row as text."""
        return self.stamps.show(self.counted[at])

    def take(self, keep: np.ndarray, **changed: Any) -> "Rows":
        """Return the rows where `keep` (N,) is True, with the offsets that follow."""
        many = np.add.reduceat(keep, self.offsets[:-1], dtype=np.int64)
        return replace(
            self,
            offsets=np.concatenate([[0], np.cumsum(many)]),
            counted=self.counted[keep],
            row=self.row[keep],
            values=changed.get("values", self.values[keep]),
        )


def sort(codes: np.ndarray, counted: np.ndarray) -> np.ndarray | None:
    """Return the order that sorts rows by series and time, ties as they are; None if they are sorted."""
    same = codes[1:] == codes[:-1]
    if np.all((codes[1:] > codes[:-1]) | (same & (counted[1:] >= counted[:-1]))):
        return None
    return np.lexsort((counted, codes))
