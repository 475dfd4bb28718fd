"""Scaling: where each series lies and how far it spreads, from the rows that may be seen."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped

from normcast.errors import unknown
from normcast.plain import Plain
from normcast.windows.windows import Offsets, PerSeries

KINDS = ("standard", "robust", "none")


@dataclass(frozen=True, eq=False)
class Scaler(Plain):
    """Location and spread per series and channel: (x - location) / spread, and back.

    A spread of 0, below the smallest normal number, or below the rounding error of the location, is 1. `fit`
    makes one.

    Parameters
    ----------
    location : float64 array (series, channels)
        In the unit of the values.
    spread : float64 array (series, channels)
        In the unit of the values.

    Examples
    --------
    >>> scaler = Scaler.fit(np.array([1.0, 3.0, 900.0]), offsets=np.array([0, 3]), rows=np.array([2]))
    >>> scaler.location, scaler.spread
    (array([[2.]]), array([[1.]]))
    >>> scaler.undo(scaler.apply(np.array([900.0]), np.array([0])), np.array([0]))
    array([900.])
    """

    location: Float[np.ndarray, "series channels"]
    spread: Float[np.ndarray, "series channels"]

    @classmethod
    def fit(
        cls,
        values: Shaped[np.ndarray, "rows *channels"],
        offsets: Offsets,
        rows: PerSeries,
        kind: str = "standard",
    ) -> "Scaler":
        """Take location and spread of each series from its first rows, and from no other.

        Parameters
        ----------
        values : array (rows,) or (rows, channels)
            The series one after another.
        offsets : int array (series + 1,)
            First row of each series, and the end of the last.
        rows : int array (series,)
            How many rows of each series may be seen.
        kind : {"standard", "robust", "none"}, default "standard"
            "standard" is mean and standard deviation; "robust" is median and interquartile range / 1.349 (the
            standard deviation where that range is 0); "none" is 0 and 1.

        Returns
        -------
        Scaler
            Of these series.

        Raises
        ------
        ValueError
            For another kind, no visible row, or more visible rows than there are.
        """
        if kind not in KINDS:
            raise ValueError(unknown("scaling", kind, KINDS, where="Scaler"))
        values = values[:, None] if values.ndim == 1 else values
        rows = np.broadcast_to(np.asarray(rows, dtype=np.int64), (len(offsets) - 1,))
        _check_rows(offsets, rows)
        shape = (len(rows), values.shape[1])
        if kind == "none" or 0 in shape:
            return cls(np.zeros(shape), np.ones(shape))
        seen, starts = _visible(values, np.asarray(offsets), rows)
        location, spread = _mean_and_deviation(seen, starts, rows)
        if kind == "robust":
            low, location, high = _quartiles(seen, starts, rows)
            spread = np.where(high > low, (high - low) / 1.349, spread)
        floor = np.maximum(np.finfo(np.float64).tiny, 4 * np.finfo(np.float64).eps * np.abs(location))
        return cls(location, np.where(spread > floor, spread, 1.0))

    def apply(
        self, values: Shaped[np.ndarray, "n *axes"], series: Int[np.ndarray, " n"]
    ) -> Float[np.ndarray, "n *axes"]:
        """Return scaled values.

        Parameters
        ----------
        values : array (n,), (n, channels) or with more axes
            In the unit of the series: (n, h) and (n, h, quantiles) for one channel, (n, h, channels) for
            several.
        series : int array (n,)
            The series of each.

        Returns
        -------
        float64 array
            Of the same shape.
        """
        return (values - self._like(self.location, values, series)) / self._like(self.spread, values, series)

    def undo(
        self, values: Shaped[np.ndarray, "n *axes"], series: Int[np.ndarray, " n"]
    ) -> Float[np.ndarray, "n *axes"]:
        """Return scaled values in their own unit again: the inverse of `apply`, to float64 rounding.

        Parameters
        ----------
        values : array (n,), (n, channels) or with more axes
            Scaled, as `apply` takes them.
        series : int array (n,)
            The series of each.

        Returns
        -------
        float64 array
            Of the same shape.
        """
        return values * self._like(self.spread, values, series) + self._like(self.location, values, series)

    def _like(
        self,
        each: Float[np.ndarray, "series channels"],
        values: Shaped[np.ndarray, "n *axes"],
        series: Int[np.ndarray, " n"],
    ) -> Float[np.ndarray, "n *ones"]:
        """Return a statistic (S, C) for each of `values`, shaped to broadcast against them."""
        own = each[series]  # (n, C)
        channels = own.shape[1]
        if values.ndim == 1 and channels == 1:
            return own[:, 0]
        if channels != 1 and values.shape[-1] != channels:
            raise ValueError(
                f"Scaler: values have shape {values.shape}, but the scaler has {channels} channels."
            )
        return own.reshape(len(own), *(1,) * (values.ndim - 2), channels)


def _check_rows(offsets: Offsets, rows: PerSeries) -> None:
    wrong = (rows < 1) | (rows > np.diff(offsets))
    if wrong.any():
        s = int(np.argmax(wrong))
        raise ValueError(
            f"Scaler: series {s} has {np.diff(offsets)[s]} rows, but is to be scaled by its first {rows[s]}. "
            f"Show it between 1 row and all of them."
        )


def _visible(
    values: Shaped[np.ndarray, "rows channels"],
    offsets: Offsets,
    rows: PerSeries,
) -> tuple[Float[np.ndarray, "seen channels"], PerSeries]:
    """Return the first `rows` rows of each series, and where each begins among them."""
    starts = np.cumsum(rows) - rows
    if np.array_equal(rows, np.diff(offsets)):
        return values[offsets[0] : offsets[-1]].astype(np.float64, copy=False), starts
    at = np.arange(rows.sum()) + np.repeat(offsets[:-1] - starts, rows)
    return values[at].astype(np.float64), starts


def _mean_and_deviation(
    seen: Float[np.ndarray, "seen channels"],
    starts: PerSeries,
    rows: PerSeries,
) -> tuple[Float[np.ndarray, "series channels"], Float[np.ndarray, "series channels"]]:
    """Return mean and standard deviation, each (S, C), without overflow and exact for constant series."""
    first, many = seen[starts], rows[:, None].astype(np.float64)
    apart = over_rows(np.subtract, seen, first, rows)
    share = over_rows(np.divide, apart, many, rows, out=apart)
    mean = first + np.add.reduceat(share, starts)
    apart = over_rows(np.subtract, seen, mean, rows, out=apart)
    most = np.maximum.reduceat(np.abs(apart, out=apart), starts)
    apart = over_rows(np.divide, apart, np.where(most > 0, most, 1.0), rows, out=apart)
    square = np.add.reduceat(np.square(apart, out=apart), starts)
    return mean, most * np.sqrt(square / many)


def over_rows(
    operation: np.ufunc,
    values: Shaped[np.ndarray, "rows channels"],
    each: Shaped[np.ndarray, "series #channels"],
    rows: PerSeries,
    out: Shaped[np.ndarray, "rows channels"] | None = None,
) -> Shaped[np.ndarray, "rows channels"]:
    """Return operation(values, each): values (N, C) of series with so many rows (S,), each (S, C).

    >>> over_rows(np.subtract, np.array([[1.0], [2.0], [5.0]]), np.array([[1.0], [5.0]]), np.array([2, 1]))
    array([[0.],
           [1.],
           [0.]])
    """
    if (rows != rows[0]).any():
        return operation(values, np.repeat(each, rows, axis=0), out=out)
    shape = len(rows), rows[0], values.shape[1]  # series of one length need no copies of what is theirs
    flat = np.empty(values.shape) if out is None else out
    operation(values.reshape(shape), each[:, None], out=flat.reshape(shape))
    return flat


def _quartiles(
    seen: Float[np.ndarray, "seen channels"],
    starts: PerSeries,
    rows: PerSeries,
) -> tuple[
    Float[np.ndarray, "series channels"],
    Float[np.ndarray, "series channels"],
    Float[np.ndarray, "series channels"],
]:
    """Return the three quartiles per series and channel, each (S, C), interpolated linearly."""
    series = np.repeat(np.arange(len(rows)), rows)
    ordered = np.column_stack([column[np.lexsort((column, series))] for column in seen.T])

    def quantile(share: float) -> Float[np.ndarray, "series channels"]:
        place = share * (rows - 1)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, rows - 1)
        weight = (place - low)[:, None]
        return ordered[starts + low] * (1 - weight) + ordered[starts + high] * weight

    return quantile(0.25), quantile(0.5), quantile(0.75)
