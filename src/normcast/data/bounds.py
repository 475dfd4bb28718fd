"""Bounds: how far each series reaches, and from where on a value is an outlier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from normcast.plain import Plain

FAR = 50.0  # times the reach of a series: a heavy tail rarely jumps that far, a sensor's -9999 does
FEW, CAREFUL = 10, 10.0  # fewer rows than this off the median tell little: its reach is taken so much wider


@dataclass(frozen=True, eq=False)
class Bounds(Plain):
    """Median and reach per series and column; an outlier lies more than `FAR` times the reach away.

    centre, reach: (S, C), in the unit of the values; most: (S,) outliers that a series may have, and that
    may follow on one another: what is more frequent, or stays, is a property of the series.

    The reach is the distance from the median to the farthest row that is no outlier. Trends, seasons, shifts
    and spikes are part of it, so that an outlier is far from all that the series ever did. It is infinite
    for a series of zeros.

    >>> values = np.array([[1.0], [2], [3], [4], [5], [6], [7], [8], [9], [10], [11], [12], [1e6]])
    >>> bounds = Bounds.fit(values, offsets=np.array([0, 13]), rows=np.array([13]))
    >>> bounds.centre, bounds.reach
    (array([[7.]]), array([[6.]]))
    >>> bounds.cleaned(values, np.array([0, 13]), season=2)[-3:, 0]
    array([11., 12., 11.])
    """

    centre: np.ndarray
    reach: np.ndarray
    most: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, offsets: np.ndarray, rows: np.ndarray) -> Bounds:
        """Learn from the first `rows` rows of each series, and from no other.

        values: (N, C), finite in those rows; offsets: (S+1,); rows: (S,). A series may have an outlier in ten
        rows, five at most, or in each hundred.
        """
        most = np.maximum(np.minimum(rows // 10, 5), rows // 100)
        centre, reach = np.empty((2, len(rows), values.shape[1]))
        for length in np.unique(rows):
            same = np.flatnonzero(rows == length)
            seen = values[offsets[same][:, None] + np.arange(length)]  # (series, time, columns)
            centre[same], reach[same] = _centre_and_reach(seen, int(most[same[0]]))
        return cls(centre, reach, most.astype(np.float64))

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> Bounds:
        """Return bounds that nothing is beyond; shape: (S, C)."""
        return cls(np.zeros(shape), np.full(shape, np.inf), np.zeros(shape[0]))

    def outliers(self, values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Return which values are outliers, (N, C) bool; whether one is depends on no later row.

        Of values that stay beyond the bounds the first `most` are outliers; a series that never was within
        them (new rows, long after a shift) has none.
        """
        beyond = self._beyond(values, np.diff(offsets))
        if not beyond.any():
            return beyond
        lengths = np.diff(offsets)
        row = np.arange(len(values))[:, None]
        first = np.repeat(offsets[:-1], lengths)[:, None]
        within = np.maximum.accumulate(np.where(beyond, -1, row), axis=0)
        run = row - np.maximum(within, first - 1)
        settled = np.logical_and.reduceat(beyond | np.isnan(values), offsets[:-1])  # (S, C)
        too_long = (run > np.repeat(self.most, lengths)[:, None]) | np.repeat(settled, lengths, axis=0)
        return beyond & ~too_long

    def cleaned(self, values: np.ndarray, offsets: np.ndarray, season: int) -> np.ndarray:
        """Return values (N, C) with another value in place of each outlier; themselves where there is none.

        It is the value one season before, in the first season the one before, in the first row the median.
        """
        wrong = self.outliers(values, offsets)
        if not wrong.any():
            return values
        out = values.copy()
        for row, column in np.argwhere(wrong):
            series = np.searchsorted(offsets, row, side="right") - 1
            place = row - offsets[series]
            back = season if place >= season else 1
            out[row, column] = out[row - back, column] if place else self.centre[series, column]
        return out

    def _beyond(self, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            low, high = self.centre - FAR * self.reach, self.centre + FAR * self.reach
        if (lengths != lengths[0]).any():
            low, high = (np.repeat(each, lengths, axis=0) for each in (low, high))
            return (values < low) | (values > high)
        apart = values.reshape(len(lengths), lengths[0], -1)  # series of one length need no copies of bounds
        return ((apart < low[:, None]) | (apart > high[:, None])).reshape(values.shape)


def _centre_and_reach(seen: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the median and the reach of series of one length, each (S, C); seen: (S, time, C)."""
    ordered = np.sort(seen, axis=1)
    size = seen.shape[1]
    centre = ordered[:, (size - 1) // 2] / 2 + ordered[:, size // 2] / 2
    last = size - most - 1
    with np.errstate(over="ignore"):
        ends = np.abs(np.hstack([ordered[:, : most + 1], ordered[:, last:]]) - centre[:, None])
        apart = np.sort(ends, axis=1)[:, -most - 1 :]  # the farthest rows, of which the first is no outlier
        off = np.arange(last + 1, size + 1)[:, None] - np.sum(ordered == centre[:, None], axis=1)[:, None]
        reach = np.where(off >= FEW, apart, CAREFUL * np.maximum(apart, np.abs(centre)[:, None]))
        reach = np.where(reach > 0, reach, np.inf)  # if the series ended with each of these rows
        jumps = apart[:, 1:] > FAR * reach[:, :-1]
    begin = np.where(jumps.any(axis=1), jumps.argmax(axis=1) if most else 0, most)
    return centre, np.take_along_axis(reach, begin[:, None], axis=1)[:, 0]
