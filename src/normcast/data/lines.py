"""Lines: where the lines of CSV text end, and how many fields each has, outside quotes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEWLINE, QUOTE = 10, 34


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines of a text, one entry each; a line break inside quotes ends none.

    data: the bytes; ends: where each line ends, the place of its line break; fields: how many it has;
    lengths: its bytes; separators: the places of all separators.

    >>> Lines.of(b'a,b\\n"1\\n2",3\\n', ",", "a.csv").fields.tolist()
    [2, 2]
    """

    data: np.ndarray
    ends: np.ndarray
    fields: np.ndarray
    lengths: np.ndarray
    separators: np.ndarray

    @classmethod
    def of(cls, raw: bytes, separator: str, name: str) -> Lines:
        """Tell the lines apart; raises ValueError for a quote that is never closed."""
        data = np.frombuffer(raw if raw.endswith(b"\n") else raw + b"\n", dtype=np.uint8)
        # The parity of the quotes so far tells text inside quotes; uint8 may overflow, its parity does not.
        outside = (np.cumsum(data == QUOTE, dtype=np.uint8) & 1) == 0
        if not outside[-1]:
            opened = int(np.flatnonzero(data == QUOTE)[-1])
            line = int(np.count_nonzero(data[:opened] == NEWLINE)) + 1
            raise ValueError(f"{name}: a quote is opened and never closed, the last one on line {line}.")
        ends = np.flatnonzero((data == NEWLINE) & outside)
        separators = np.flatnonzero((data == ord(separator)) & outside)
        fields = np.bincount(np.searchsorted(ends, separators), minlength=len(ends)) + 1
        return cls(data, ends, fields, np.diff(ends, prepend=-1) - 1, separators)

    @property
    def blank(self) -> np.ndarray:
        """Whether each line is empty."""
        return self.lengths == 0

    @property
    def header(self) -> int:
        """The place of the first line that is not empty."""
        return int(np.argmin(self.blank))

    @property
    def width(self) -> int:
        """The fields of the header."""
        return int(self.fields[self.header])

    def ragged(self) -> np.ndarray:
        """Whether each line has more or fewer fields than the header."""
        return (self.fields != self.width) & ~self.blank

    def starts_with(self, sign: str) -> np.ndarray:
        """The places of the lines that start with a sign."""
        return np.flatnonzero((self.data[self.ends - self.lengths] == ord(sign)) & ~self.blank)

    def number(self, at: int) -> int:
        """The number of a line in the file, from 1."""
        return int(np.count_nonzero(self.data[: self.ends[at] - self.lengths[at]] == NEWLINE)) + 1

    def text(self, at: int) -> str:
        """What stands in a line."""
        end = int(self.ends[at])
        return self.data[end - int(self.lengths[at]) : end].tobytes().decode()

    def without(self, places: np.ndarray) -> bytes:
        """The text with these lines left empty, so that the numbers of all others stay."""
        pieces, done = [], 0
        for at in places.tolist():
            end = int(self.ends[at])
            start = end - int(self.lengths[at])
            breaks = int(np.count_nonzero(self.data[start:end] == NEWLINE))
            pieces += [self.data[done:start].tobytes(), b"\n" * breaks]
            done = end
        return b"".join((*pieces, self.data[done:].tobytes()))

    def empty_beyond(self, width: int) -> np.ndarray:
        """Whether each line has nothing but separators and spaces beyond so many fields."""
        said = np.cumsum(~np.isin(self.data, np.frombuffer(b",;\t ", dtype=np.uint8)))
        longer = self.fields > width
        before = np.cumsum(self.fields - 1) - (self.fields - 1)  # separators of the lines above
        cut = self.separators[before[longer] + width - 1]
        empty = ~longer
        empty[longer] = said[self.ends[longer] - 1] == said[cut]
        return empty

    def first_row(self) -> int | None:
        """The number in the file of the line of the first row, if each row below it is the next line."""
        rows = np.flatnonzero(~self.blank)[1:]
        if not len(rows) or rows[-1] - rows[0] != len(rows) - 1:
            return None
        first = self.number(int(rows[0]))
        return first if self.number(int(rows[-1])) - first == len(rows) - 1 else None
