"""Windows: where each input begins, as index pairs; values are copied for a batch only."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from jaxtyping import Bool, Int, Shaped

Offsets = Int[np.ndarray, " offsets"]  # first row of each series, and the end of the last
PerSeries = Int[np.ndarray, " series"]
Observed = Bool[np.ndarray, " rows"]


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows over flat series arrays: so many rows to read, then so many to forecast.

    A window is two numbers; its values are copied for a batch only. Its first target row is start +
    input_size, and its targets belong to its series. Steps that lie before its series begins are padded;
    `reads` tells them. Slices, positions and masks choose among windows: ``windows[:10]``.

    Parameters
    ----------
    start : int array (windows,)
        Flat row where the input of each begins.
    series : int array (windows,)
        The series of each, from 0.
    input_size : int
        Rows that each reads.
    h : int
        Rows that each forecasts.

    Examples
    --------
    >>> windows = Windows(np.array([0, 1]), np.array([0, 0]), input_size=2, h=1)
    >>> windows.inputs(np.array([1.0, 2.0, 3.0, 4.0]))
    array([[1., 2.],
           [2., 3.]])
    >>> windows.targets(np.array([1.0, 2.0, 3.0, 4.0]))
    array([[3.],
           [4.]])
    """

    start: Int[np.ndarray, " windows"]
    series: Int[np.ndarray, " windows"]
    input_size: int
    h: int

    def __len__(self) -> int:
        """Number of windows."""
        return len(self.start)

    def __getitem__(self, chosen: slice | Shaped[np.ndarray, " chosen"]) -> "Windows":
        """Return some of the windows, by slice, positions or mask."""
        return Windows(self.start[chosen], self.series[chosen], self.input_size, self.h)

    @property
    def cutoff(self) -> Int[np.ndarray, " windows"]:
        """The first target row of each window, (n,) flat."""
        return self.start + self.input_size

    def reading(self, input_size: int) -> "Windows":
        """Return windows with the same targets that read another number of rows before them.

        Parameters
        ----------
        input_size : int
            Rows that each reads.

        Returns
        -------
        Windows
            New windows; these stay as they are.

        Examples
        --------
        >>> Windows(np.array([5]), np.array([0]), input_size=4, h=2).reading(6).start
        array([3])
        """
        return Windows(self.cutoff - input_size, self.series, input_size, self.h)

    def inputs(
        self, values: Shaped[np.ndarray, "rows *channels"]
    ) -> Shaped[np.ndarray, "windows {self.input_size} *channels"]:
        """Return the rows that each window reads.

        Parameters
        ----------
        values : array (rows,) or (rows, channels)
            The series one after another.

        Returns
        -------
        array (windows, input_size) or (windows, input_size, channels)
            A copy.
        """
        return values[self.start[:, None] + np.arange(self.input_size)]

    def reads(self, offsets: Offsets) -> Int[np.ndarray, "windows {self.input_size}"]:
        """Return the flat row that each step reads; a padded step reads the newest one.

        Parameters
        ----------
        offsets : int array (series + 1,)
            First row of each series, and the end of the last.

        Returns
        -------
        int array (windows, input_size)
            Flat rows.

        Examples
        --------
        >>> Windows(np.array([1]), np.array([0]), input_size=4, h=1).reads(np.array([3, 6]))
        array([[4, 4, 3, 4]])
        """
        rows = self.start[:, None] + np.arange(self.input_size)
        return np.where(rows < offsets[self.series][:, None], self.cutoff[:, None] - 1, rows)

    def targets(
        self, values: Shaped[np.ndarray, "rows *channels"]
    ) -> Shaped[np.ndarray, "windows {self.h} *channels"]:
        """Return the rows that each window forecasts.

        Parameters
        ----------
        values : array (rows,) or (rows, channels)
            The series one after another.

        Returns
        -------
        array (windows, h) or (windows, h, channels)
            A copy.
        """
        return values[self.cutoff[:, None] + np.arange(self.h)]

    def unobserved(self, observed: Observed) -> Int[np.ndarray, " windows"]:
        """Return how many targets of each window were not observed.

        Parameters
        ----------
        observed : bool array (rows,)
            False where nothing was observed.

        Returns
        -------
        int array (windows,)
            From 0 to h.

        Examples
        --------
        >>> Windows(np.array([0, 1]), np.array([0, 0]), 2, 1).unobserved(np.array([True, True, False, True]))
        array([1, 0], dtype=int32)
        """
        before = np.zeros(len(observed) + 1, np.int32)
        np.cumsum(~observed, out=before[1:])
        return before[self.cutoff + self.h] - before[self.cutoff]


def sliding(
    offsets: Offsets,
    first_target: PerSeries,
    last_target_end: PerSeries,
    input_size: int,
    h: int,
    step: int = 1,
    observed: Observed | None = None,
    least: int | None = None,
) -> Windows:
    """Return the windows of every series, from the earliest on, whose targets lie in a stretch of its rows.

    A window whose input would begin before its series is left out.

    Parameters
    ----------
    offsets : int array (series + 1,)
        First row of each series, and the end of the last.
    first_target, last_target_end : int array (series,)
        Rows within each series, counted from 0: targets lie in [first_target, last_target_end).
    input_size : int
        Rows that a window reads, at least 1.
    h : int
        Rows that a window forecasts, at least 1.
    step : int, default 1
        Rows from one window to the next, at least 1.
    observed : bool array (rows,) or None, default None
        A window of which no target was observed is left out; None means that all were.
    least : int or None, default None
        Rows of its series that a window reads at least, the steps before them padded; by default all.

    Returns
    -------
    Windows
        Series after series, each in time order.

    Raises
    ------
    ValueError
        For sizes below 1, or a stretch that ends behind its series.

    Examples
    --------
    >>> sliding(np.array([0, 5]), np.array([2]), np.array([5]), input_size=2, h=2).start
    array([0, 1])
    """
    offsets = np.asarray(offsets, dtype=np.int64)
    _check(offsets, np.asarray(last_target_end), input_size=input_size, h=h, step=step)
    first = np.maximum(np.asarray(first_target, dtype=np.int64), input_size if least is None else least)
    many = count_windows(np.asarray(last_target_end, dtype=np.int64) - first, h, step)
    many = np.broadcast_to(many, (len(offsets) - 1,))
    series = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), many)
    place = np.arange(len(series)) - np.repeat(np.cumsum(many) - many, many)
    start = (offsets[:-1] + first - input_size)[series] + place * step
    windows = Windows(start, series, int(input_size), int(h))
    if observed is None or observed.all():
        return windows
    return windows[windows.unobserved(observed) < h]


def count_windows(rows: PerSeries, h: int, step: int = 1) -> PerSeries:
    """Return how many windows have their targets in so many rows: (S,) -> (S,).

    >>> count_windows(np.array([5, 2, 1]), h=2, step=2)
    array([2, 1, 0])
    """
    return np.maximum((rows - h) // step + 1, 0)


def _check(offsets: Offsets, last_target_end: PerSeries, **sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"sliding: {name} is {size}; it must be at least 1.")
    over = np.broadcast_to(last_target_end > np.diff(offsets), (len(offsets) - 1,))
    if over.any():
        s = int(np.argmax(over))
        raise ValueError(
            f"sliding: targets of series {s} would reach row "
            f"{np.broadcast_to(last_target_end, over.shape)[s]}, "
            f"but it has {np.diff(offsets)[s]} rows."
        )


def default_input_size(h: int, season: int) -> int:
    """Return the rows a network reads where nobody says: whole seasons, and twice the horizon at least.

    Of steps far below an hour a day is long: then as many as 672 rows hold, and one at least.

    Parameters
    ----------
    h : int
        Rows to forecast.
    season : int
        Rows of the main season; 1 for none.

    Returns
    -------
    int
        A multiple of the season.

    Examples
    --------
    >>> default_input_size(h=14, season=7), default_input_size(h=24, season=24)
    (56, 168)
    >>> default_input_size(h=12, season=288), default_input_size(h=60, season=1440)
    (576, 1440)
    """
    seasons = {1: 24, 4: 4, 5: 8, 7: 8, 12: 3, 52: 2}.get(season, 7)
    if season > 168 and 1440 % season == 0:  # a day of minutes
        seasons = max(1, 672 // season)
    return ceil(max(seasons * season, 2 * h) / season) * season
