"""Moments: the sums over windows that a closed-form linear map is solved from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from normcast.windows import Windows

CHUNK = 4096
Pairs: TypeAlias = Iterator[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over n windows of inputs x (L,) and targets y (h,): gram (L, L), cross (L, h), sum_x, sum_y.

    Those of some windows and of others add up to those of both, so that what is fitted again with more
    windows looks at these alone.

    >>> one = Moments.of(iter([(np.array([[1.0, 0.0]]), np.array([[3.0]]))]), length=2, h=1)
    >>> (one + one).n, (one + one).cross.tolist()
    (2, [[6.0], [0.0]])
    """

    gram: np.ndarray
    cross: np.ndarray
    sum_x: np.ndarray
    sum_y: np.ndarray
    n: int

    @classmethod
    def of(cls, pairs: Pairs, length: int, h: int) -> Moments:
        """Add up pairs of inputs (chunk, L) and targets (chunk, h), in float64."""
        gram, cross = np.zeros((length, length)), np.zeros((length, h))
        sum_x, sum_y, n = np.zeros(length), np.zeros(h), 0
        for x, y in pairs:
            gram += x.T @ x
            cross += x.T @ y
            sum_x += x.sum(axis=0)
            sum_y += y.sum(axis=0)
            n += len(x)
        return cls(gram, cross, sum_x, sum_y, n)

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            self.gram + other.gram,
            self.cross + other.cross,
            self.sum_x + other.sum_x,
            self.sum_y + other.sum_y,
            self.n + other.n,
        )

    @property
    def mean_x(self) -> np.ndarray:
        """The mean input, (L,)."""
        return self.sum_x / self.n

    @property
    def mean_y(self) -> np.ndarray:
        """The mean target, (h,)."""
        return self.sum_y / self.n

    def centred(self) -> tuple[np.ndarray, np.ndarray]:
        """Return Gram matrix (L, L) and cross products (L, h) of deviations from the means, per window."""
        gram = (self.gram - np.outer(self.sum_x, self.mean_x)) / self.n
        return gram, (self.cross - np.outer(self.sum_x, self.mean_y)) / self.n

    def solve(self, penalty: float) -> np.ndarray:
        """Return the map (L, h) for one penalty, relative to the Gram matrix's mean eigenvalue.

        Where no window ever changed there is nothing to learn from, and the map is zero.
        """
        gram, cross = self.centred()
        scale = float(np.trace(gram)) / len(gram)
        if scale <= 0:
            return np.zeros_like(cross)
        return np.linalg.solve(gram + penalty * scale * np.eye(len(gram)), cross)


def pairs(values: np.ndarray, truth: np.ndarray, windows: Windows, offsets: np.ndarray | None) -> Pairs:
    """Yield inputs (chunk, input_size) and targets (chunk, h), the last input subtracted from both.

    values, truth: (rows,), what inputs and targets are read from; offsets: as in `inputs`.
    """
    for rows in chunks(len(windows)):
        read, targets = inputs(values, windows[rows], offsets), windows[rows].targets(truth)
        last = read[:, -1:]
        yield read - last, targets - last


def inputs(values: np.ndarray, windows: Windows, offsets: np.ndarray | None) -> np.ndarray:
    """Return what windows read, (n, input_size).

    offsets (series + 1,): first row of each series, before which steps are padded with the newest value;
    without them no step is.
    """
    if offsets is None or (windows.start >= offsets[windows.series]).all():
        return sliding_window_view(values, windows.input_size)[windows.start]
    return values[windows.reads(offsets)]


def chunks(n: int) -> Iterator[slice]:
    """Yield slices of so many windows, a few thousand each."""
    return (slice(first, min(first + CHUNK, n)) for first in range(0, n, CHUNK))


def thinned(windows: Windows, most: int) -> Windows:
    """Return so many windows at even distances, where there are more."""
    if len(windows) <= most:
        return windows
    return windows[np.linspace(0, len(windows) - 1, max(most, 1)).astype(np.int64)]
