"""Arrays: a panel's columns with room for the horizon, so that a forecast is a window like any other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from normcast.data.panel import Panel
from normcast.engine import Batches, Field
from normcast.windows.scaling import Scaler
from normcast.windows.waves import waves
from normcast.windows.windows import Offsets, PerSeries, Windows


@dataclass(frozen=True, eq=False)
class Arrays:
    """The flat columns of a panel with h empty rows behind each series.

    Parameters
    ----------
    ids : tuple of str
        Name of each series.
    offsets : int array (series + 1,)
        First row of each series, counting the empty ones, and the end of the last.
    rows : int array (series,)
        Rows with values.
    y : float64 array (rows,)
        The target, NaN in the empty rows.
    observed : bool array (rows,)
        False where nothing was observed.
    exog : float64 array (rows, hist + futr)
        Columns beside the target; known-future rows are filled in where they are given.
    n_futr : int
        How many of them, the last, are known ahead.
    waves : float32 array (rows, waves)
        The calendar, of which the empty rows have theirs too.
    stat : float64 array (series, stat)
        One value per series.
    h : int
        Empty rows behind each series: the horizon.
    season : int
        The main season, in rows.
    longer_seasons : tuple of int, default ()
        Those above it.
    """

    ids: tuple[str, ...]
    offsets: Offsets
    rows: PerSeries
    y: Float[np.ndarray, " all_rows"]
    observed: Bool[np.ndarray, " all_rows"]
    exog: Float[np.ndarray, "all_rows exog"]
    n_futr: int
    waves: Float[np.ndarray, "all_rows waves"]
    stat: Float[np.ndarray, "series stat"]
    h: int
    season: int
    longer_seasons: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        panel: Panel,
        h: int,
        ahead: Float[np.ndarray, "series h futr"] | None = None,
        *,
        calendar: bool = False,
    ) -> Arrays:
        """Lay out a panel.

        Parameters
        ----------
        panel : Panel
            The series.
        h : int
            Rows to forecast.
        ahead : array (series, h, futr) or None, default None
            Known-future rows behind the last stamp, if any.
        calendar : bool, default False
            Whether the network reads the time of year and day.

        Returns
        -------
        Arrays
            The columns, with room for a forecast.
        """
        offsets = panel.offsets + h * np.arange(panel.n_series + 1)
        behind = (offsets[1:] - h)[:, None] + np.arange(h)  # (S, h)
        room = partial(with_room, lengths=panel.lengths, h=h)
        n_futr = panel.futr.shape[1]
        exog = room(np.hstack([panel.hist, panel.futr]), filler=np.nan)
        if ahead is not None and n_futr:
            exog[behind, -n_futr:] = ahead
        seen = np.zeros((offsets[-1], 0), np.float32)
        if calendar:
            time = room(panel.time, filler=0)
            time[behind] = panel.stamps_after(h)
            seen = waves(time, panel.step)
        y, observed = room(panel.y, filler=np.nan), room(panel.observed, filler=False)
        seen_and_stat, seasons = (n_futr, seen, panel.stat), (panel.season, panel.longer_seasons)
        return cls(panel.ids, offsets, panel.lengths, y, observed, exog, *seen_and_stat, h, *seasons)

    def last(self, rows: Int[np.ndarray, "*origins series"], input_size: int) -> Windows:
        """Return the window of each series whose horizon begins after so many of its rows.

        Parameters
        ----------
        rows : int array (series,) or (origins, series)
            How many; for each origin the windows follow one another.
        input_size : int
            Rows that a window reads.

        Returns
        -------
        Windows
            One for each series and origin.
        """
        series = np.broadcast_to(np.arange(rows.shape[-1], dtype=np.int32), rows.shape).ravel()
        return Windows((self.offsets[:-1] + rows - input_size).ravel(), series, input_size, self.h)


def with_room(
    values: Shaped[np.ndarray, "rows *channels"], lengths: PerSeries, h: int, filler: Any
) -> Shaped[np.ndarray, "all_rows *channels"]:
    """Return the rows of series of these lengths with h rows of `filler` behind each; for h = 0 themselves.

    >>> with_room(np.array([1.0, 2.0, 3.0]), np.array([2, 1]), 1, 0.0)
    array([1., 2., 0., 3., 0.])
    """
    if h == 0:
        return values
    many, rest = len(lengths), values.shape[1:]
    if (lengths == lengths[0]).all():  # no row needs an index
        size = int(lengths[0])
        out = np.full((many, size + h, *rest), filler, values.dtype)
        out[:, :size] = values.reshape(many, size, *rest)
        return out.reshape(many * (size + h), *rest)
    out = np.full((len(values) + many * h, *rest), filler, values.dtype)
    out[np.arange(len(values)) + np.repeat(h * np.arange(many), lengths)] = values
    return out


def room_before(
    values: Shaped[np.ndarray, "rows channels"], lengths: PerSeries, size: int
) -> Shaped[np.ndarray, "all_rows channels"]:
    """Return the rows of series of these lengths with `size` rows of zeros before each, and behind the last.

    >>> room_before(np.array([[1.0], [2.0], [3.0]]), np.array([2, 1]), 1)[:, 0]
    array([0., 1., 2., 0., 3., 0.])
    """
    first = np.zeros((size, values.shape[1]), values.dtype)
    return np.concatenate([first, with_room(values, lengths, size, 0)])


@dataclass(frozen=True, eq=False)
class Scaled:
    """The columns of a panel, scaled.

    What is read where nothing was observed is what was filled in; nothing is learned from it as a target.

    Parameters
    ----------
    y : float64 array (rows,)
        The target.
    past : float32 array (rows, channels)
        All columns, the target first.
    stat : float32 array (series, stat)
        One value per series.
    target : Scaler
        The one of y, which undoes forecasts.
    arrays : Arrays
        The columns that were scaled, without outliers.
    """

    y: Float[np.ndarray, " all_rows"]
    past: Float[np.ndarray, "all_rows channels"]
    stat: Float[np.ndarray, "series stat"]
    target: Scaler
    arrays: Arrays

    @cached_property
    def truth(self) -> Float[np.ndarray, " all_rows"]:
        """What was observed of y, (rows,); NaN where nothing was."""
        return np.where(self.arrays.observed, self.y, np.nan)

    @cached_property
    def learned_truth(self) -> Float[np.ndarray, " all_rows"]:
        """The same as float32, (rows,), as networks learn it: one array for all parts."""
        return self.truth.astype("float32")

    def batches(self, windows: Windows, padded: bool = False) -> Batches:
        """Return windows as the network's inputs and target, which is NaN where nothing was observed.

        Parameters
        ----------
        windows : Windows
            Which ones.
        padded : bool, default False
            Whether the past has one more channel, 1 where there is a row and 0 where its series has not
            begun.

        Returns
        -------
        Batches
            With the inputs "past" and, where there are such columns, "future" and "static".
        """
        past, start, n_futr = self.past, windows.start, self.arrays.n_futr
        truth = self.learned_truth
        waves = self.arrays.waves  # shared by all parts where they stand alone
        future = np.hstack([past[:, past.shape[1] - n_futr :], waves]) if n_futr else waves
        if padded:
            room = partial(room_before, lengths=np.diff(self.arrays.offsets), size=windows.input_size)
            past = room(np.hstack([past, np.ones((len(past), 1), np.float32)]))
            future = room(future) if future.shape[1] else future
            truth = room(truth[:, None])[:, 0]
            start = start + windows.input_size * (windows.series + 1)
        inputs = {"past": Field(past, 0, windows.input_size)}
        if future.shape[1]:
            inputs["future"] = Field(future, windows.input_size, windows.h)
        if self.stat.shape[1]:
            inputs["static"] = Field(self.stat, by="series")
        target = Field(truth, windows.input_size, windows.h)
        return Batches(inputs, target, start.astype("int32"), windows.series.astype("int32"))
