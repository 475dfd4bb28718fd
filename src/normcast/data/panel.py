"""Panel: the series of a table, checked once at the door and held as flat arrays."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np

from normcast.data import alike, calendar, faults, intake, parts, plain, whole
from normcast.data.clock import Clock, ready, with_season
from normcast.data.columns import Columns, names
from normcast.data.markers import Marks
from normcast.data.stamps import Stamps
from normcast.errors import counted
from normcast.sheet import HTML_ROWS, Sheet, Shown, Table

_PER_ROW = ("time", "y", "observed", "hist", "futr")
_ARRAYS = {
    "offsets": (1, "int64"), "time": (1, "int64"), "y": (1, "float64"), "observed": (1, "bool"),
    "hist": (2, "float64"), "futr": (2, "float64"), "stat": (2, "float64"), "futr_ahead": (3, "float64"),
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Panel(Shown):
    """Series of one frequency, standing one after another in flat arrays.

    `Panel.from_frame` makes one of a table and checks it; all that learns or scores takes it checked. S is
    the number of series, N the number of rows.

    Parameters
    ----------
    columns : Columns
        The user's names.
    ids : tuple of str
        Name of each series, (S,).
    id_values : frame
        The id columns, one row per series.
    offsets : int64 array (S + 1,)
        Series s owns rows offsets[s]:offsets[s+1].
    time : datetime64[ns] or int64 array (N,)
        Stamps, or integer steps; zone-aware stamps are UTC, or wall time.
    y : float64 array (N,)
        The target, in the user's unit.
    observed : bool array (N,)
        False where y was missing and missing="mask" filled it, True everywhere else.
    hist : float64 array (N, n_hist)
        Values of the columns known up to now.
    futr : float64 array (N, n_futr)
        Values of the columns known ahead.
    stat : float64 array (S, n_stat)
        Values of the columns of one value per series.
    futr_ahead : float64 array (S, k, n_futr)
        Known-future rows that stood behind each series with an empty target.
    freq : str or int
        The pandas name of the step, with the slots of a week behind an @ where rows stand on those alone; or
        an integer.
    season : int
        The main season, in steps.
    frame_type : {"pandas", "polars"}
        What the user's table was, and tables that come out are.
    notes : tuple of str
        What to tell the user.
    stamps : Stamps
        How stamps are read and written.
    longer_seasons : tuple of int, default ()
        Seasons beside the main one, in steps, ascending.

    See Also
    --------
    Cases : Arrays, each series a case of its own.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=3), "y": [1.0, 2.0, 4.0]})
    >>> panel = Panel.from_frame(table)
    >>> panel.freq, panel.season, panel.lengths
    ('D', 7, array([3]))
    >>> panel.stamps_after(2)
    array([['2024-01-04T00:00:00.000000000', '2024-01-05T00:00:00.000000000']], dtype='datetime64[ns]')
    """

    columns: Columns
    ids: tuple[str, ...]
    id_values: Any
    offsets: np.ndarray
    time: np.ndarray
    y: np.ndarray
    observed: np.ndarray
    hist: np.ndarray
    futr: np.ndarray
    stat: np.ndarray
    futr_ahead: np.ndarray
    freq: str | int
    season: int
    frame_type: str
    notes: tuple[str, ...]
    stamps: Stamps
    longer_seasons: tuple[int, ...] = ()

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        freq: str | int | None = None,
        season: int | Sequence[int] | None = None,
        id_col: str | Iterable[str] | None = None,
        time_col: str | Clock | None = None,
        target_col: str | Iterable[str] | None = None,
        hist_exog: str | Iterable[str] = (),
        futr_exog: str | Iterable[str] = (),
        stat_exog: str | Iterable[str] = (),
        duplicates: str = "error",
        fill_gaps: bool = False,
        missing: str | None = None,
        na_values: Marks = None,
        short: str = "error",
        where: str = "table",
        columns: Columns | None = None,
    ) -> "Panel":
        """Check a pandas or polars table and hold it as a panel.

        Columns that are not named are found: `unique_id`, `ds` and `y` where present, else the single
        time-like and the single numeric column. No fill uses a later value.

        Parameters
        ----------
        frame : pandas.DataFrame or polars.DataFrame
            A long table, a row for each series and time; or a wide one, a column for each series.
        freq : str or int or None, default None
            Pandas name, old or new, as in "B" or "30min@Mon-Fri/09:30-15:30", or an integer step; found if
            None.
        season : int or sequence of int or None, default None
            Steps, or several from the main one up; from freq if None.
        id_col : str or several or None, default None
            Columns that name the series; without any, a table is one series.
        time_col : str or Clock or None, default None
            The column of time stamps, perhaps with how to read it.
        target_col : str or several or None, default None
            What is to be forecast; several are one series each.
        hist_exog : str or several, default ()
            Columns known up to now.
        futr_exog : str or several, default ()
            Columns known ahead.
        stat_exog : str or several, default ()
            Columns of one value per series.
        duplicates : {"error", "mean", "sum", "first", "last"}, default "error"
            What is taken of several rows of one series and stamp.
        fill_gaps : bool, default False
            Whether absent stamps are inserted as missing, else they are an error.
        missing : {None, "error", "last", "seasonal", "zero", "mask"}, default None
            What becomes of missing values, infinite ones among them: an error (inserted rows are carried
            forward all the same); the last value; the one a season before; zero; or they are left out of all
            that is learned and scored. None is "mask" where `na_values` is given, else "error".
        na_values : str or float or several or None, default None
            What else stands for a missing value, such as -9999.
        short : {"error", "skip"}, default "error"
            "skip" leaves out series that these policies refuse, and notes it.
        where : str, default "table"
            What messages call the table.
        columns : Columns or None, default None
            Those of a fitted model's panel, in place of the six column arguments, with how its table was
            read; then nothing is guessed and a table of constant series is no error.

        Returns
        -------
        Panel
            The series, with notes on what was found, guessed, filled and left out.

        Raises
        ------
        TypeError
            For what is no table.
        ValueError
            For bad input, naming series, column and row, counted from 1.
        """
        clock, exog = Clock.of(time_col), (names(hist_exog), names(futr_exog), names(stat_exog))
        asked = columns or Columns(names(id_col), clock.column, names(target_col), *exog)
        frame, asked, told = alike.read_alike(frame, asked, na_values, where)
        fitted = columns is not None
        frame, asked, settle = ready(frame, asked, clock, freq, where, fitted=fitted)
        missing = missing or ("mask" if asked.cells.na_values else "error")
        policy = intake.Policy(freq, season, duplicates, fill_gaps, missing, may_be_constant=fitted)
        faults.check_short(short)
        read = whole.read(frame, asked, policy, where)
        panel = cls(**settle(with_season(read.fields) if season is None else read.fields)).noting(*told)
        return panel if read.fault is None else panel.without(read.fault, read.many, short)

    def _sheet(self) -> Sheet:
        named = {name: own for name, own in self.columns.to_dict().items() if own and isinstance(own, tuple)}
        facts = {"time": self.columns.time_name} | {name: ", ".join(own) for name, own in named.items()}
        head = ("series", "rows", "first", "last", "lowest", "highest")
        rows = tuple(self._summary(s) for s in range(min(self.n_series, HTML_ROWS)))
        return Sheet("Panel", f" of {self.extent}", facts, self.notes, Table(head, rows, self.n_series))

    def _summary(self, s: int) -> tuple[str, ...]:
        own = slice(self.offsets[s], self.offsets[s + 1])
        stamps, y = self.time[own].view(np.int64), self.y[own]
        ends = (self.stamps.show(int(each)) for each in (stamps[0], stamps[-1]))
        return self.ids[s], f"{len(y):,}", *ends, f"{y.min():.4g}", f"{y.max():.4g}"

    @property
    def extent(self) -> str:
        """How much there is, in words."""
        least, most = self.lengths.min(), self.lengths.max()
        rows = f"{most}" if least == most else f"{least} to {most}"
        return f"{counted(self.n_series, 'series')} of {rows} rows, step {self.freq}, season {self.season}"

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each series, (S,)."""
        return np.diff(self.offsets)

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.offsets) - 1

    @property
    def series_of_row(self) -> np.ndarray:
        """The series of each row, (N,) int32."""
        return np.repeat(np.arange(self.n_series, dtype=np.int32), self.lengths)

    @property
    def step(self) -> float:
        """The usual time between rows, nanoseconds or integer steps; from `freq`, so one row tells it too."""
        return calendar.parse(self.freq).length

    def stamps_after(self, h: int) -> np.ndarray:
        """Return the time stamps that follow each series.

        Parameters
        ----------
        h : int
            How many.

        Returns
        -------
        array (S, h)
            Of the type of `time`.
        """
        last = self.time[self.offsets[1:] - 1].view(np.int64)
        step = calendar.resolve(calendar.parse(self.freq), last)
        return self.stamps.as_time(step.after(last, h))

    def head(self, rows_per_series: int | np.ndarray) -> "Panel":
        """Return the panel cut after so many rows of each series; known-future rows are left out.

        Parameters
        ----------
        rows_per_series : int or int array (S,)
            How many rows are kept.

        Returns
        -------
        Panel
            A new panel; this one stays as it is.

        Raises
        ------
        ValueError
            If a series would keep no row, or has fewer rows.
        """
        rows = self._kept("head", rows_per_series)
        place = np.arange(len(self.y)) - np.repeat(self.offsets[:-1], self.lengths)  # in its series, from 0
        keep = place < np.repeat(rows, self.lengths)
        return replace(self._cut(rows, lambda each: each[keep]), futr_ahead=self.futr_ahead[:, :0])

    def tail(self, rows_per_series: int | np.ndarray) -> "Panel":
        """Return the last so many rows of each series, and the known-future rows behind them.

        Parameters
        ----------
        rows_per_series : int or int array (S,)
            How many rows are kept.

        Returns
        -------
        Panel
            A new panel; this one stays as it is.

        Raises
        ------
        ValueError
            If a series would keep no row, or has fewer rows.
        """
        rows = self._kept("tail", rows_per_series)
        if np.array_equal(rows, self.lengths):
            return self
        if (self.lengths == self.lengths[0]).all() and (rows == rows[0]).all():  # no row needs an index
            many, size, last = self.n_series, int(self.lengths[0]), int(rows[0])

            def ends(each: np.ndarray) -> np.ndarray:
                apart = each.reshape(many, size, *each.shape[1:])[:, size - last :]
                return apart.reshape(many * last, *each.shape[1:])

            return self._cut(rows, ends)
        first = self.offsets[1:] - np.cumsum(rows)  # of each series, less the rows kept before it
        keep = np.repeat(first, rows) + np.arange(rows.sum())
        return self._cut(rows, lambda each: each[keep])

    def without(self, fault: faults.SeriesFault, many: int, short: str) -> "Panel":
        """Return this panel, noting which series it lacks.

        Parameters
        ----------
        fault : SeriesFault
            What is wrong with them.
        many : int
            How many series there were.
        short : {"error", "skip"}
            Whether the fault is raised, or noted.

        Returns
        -------
        Panel
            This one, with a note more.

        Raises
        ------
        SeriesFault
            Unless short="skip": a ValueError that names the series.
        """
        if short == "skip":
            return self.noting(faults.left_out(fault.lacks, many))
        refused = faults.SeriesFault(faults.refusal(fault.message, fault.lacks, many), fault.lacks)
        refused.first, refused.rest = fault.first, self
        raise refused

    def noting(self, *notes: str) -> "Panel":
        """Return this panel with more to tell the user, each thing once.

        Parameters
        ----------
        *notes : str
            Sentences.

        Returns
        -------
        Panel
            A new panel; this one stays as it is.
        """
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))

    def only(self, keep: np.ndarray) -> "Panel":
        """Return some of the series.

        Parameters
        ----------
        keep : bool array (S,)
            True where a series stays.

        Returns
        -------
        Panel
            Those alone; this one where all stay.

        Examples
        --------
        >>> import pandas as pd
        >>> table = pd.DataFrame({"unique_id": list("aabb"), "ds": [1, 2, 1, 2], "y": [1.0, 2.0, 4.0, 3.0]})
        >>> Panel.from_frame(table).only(np.array([False, True])).ids
        ('b',)
        """
        if keep.all():
            return self
        rows, place = np.repeat(keep, self.lengths), np.flatnonzero(keep)
        ids = nw.from_native(self.id_values, eager_only=True)
        return replace(
            self._cut(self.lengths[keep], lambda each: each[rows]),
            ids=tuple(self.ids[s] for s in place),
            id_values=intake.table_of(
                {name: ids[name].filter(keep.tolist()).to_native() for name in ids.columns}, self.frame_type
            ),
            stat=self.stat[keep],
            futr_ahead=self.futr_ahead[keep],
        )

    def _kept(self, what: str, rows_per_series: int | np.ndarray) -> np.ndarray:
        rows = np.broadcast_to(np.asarray(rows_per_series, dtype=np.int64), (self.n_series,))
        wrong = (rows < 1) | (rows > self.lengths)
        if wrong.any():
            s = int(np.argmax(wrong))
            raise ValueError(
                f"{what}: series {self.ids[s]!r} has {self.lengths[s]} rows, cannot keep {rows[s]}."
            )
        return rows

    def _cut(self, rows: np.ndarray, keep: Callable[[np.ndarray], np.ndarray]) -> "Panel":
        arrays: dict[str, Any] = {name: keep(getattr(self, name)) for name in _PER_ROW}
        return replace(self, offsets=np.concatenate([[0], np.cumsum(rows)]), **arrays)

    def frame(self, series: np.ndarray, time: np.ndarray, columns: Mapping[str, Any]) -> Any:
        """Return a table in the user's type and names: id columns, time, then what is given.

        Parameters
        ----------
        series : int array (n,)
            Number of the series of each row, from 0.
        time : array (n,)
            Its stamp, as in `Panel.time`.
        columns : mapping of str to values (n,)
            What else stands in the table, by name. Values of dtype datetime64 or int64 that are stamps (a
            cutoff) go through `write_stamps` first.

        Returns
        -------
        pandas.DataFrame or polars.DataFrame
            Of n rows; which of the two `frame_type` says.
        """
        ids = nw.from_native(self.id_values, eager_only=True)
        cells = {name: ids[name][np.asarray(series)].to_native() for name in ids.columns}
        cells[self.columns.time_name] = self.write_stamps(time)
        return intake.table_of(cells | dict(columns), self.frame_type)

    def write_stamps(self, time: np.ndarray) -> Any:
        """Return stamps as a column like the user's time column: dtype, time zone, text format.

        Parameters
        ----------
        time : array (n,)
            Stamps, as in `Panel.time`.

        Returns
        -------
        column (n,)
            Of the library of the user's table.
        """
        return self.stamps.write(np.asarray(time), self.frame_type)

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the panel as values that JSON knows, and as arrays, for a file.

        Returns
        -------
        values : dict
            All but the arrays.
        arrays : dict of str to array
            The arrays by name, contiguous; stamps as int64.

        Raises
        ------
        ValueError
            For an id column or a time zone that a file does not keep.
        """
        values = {
            "columns": self.columns.to_dict(),
            "ids": list(self.ids),
            "id_values": plain.write_columns(self.id_values),
            "freq": self.freq,
            "season": self.season,
            "frame_type": self.frame_type,
            "notes": list(self.notes),
            "stamps": plain.write_stamps(self.stamps),
        }
        arrays = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        return values, arrays | {"time": arrays["time"].view(np.int64)}

    @classmethod
    def from_parts(cls, values: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> "Panel":
        """Return the panel that `to_parts` took apart.

        Parameters
        ----------
        values : dict
            All but the arrays.
        arrays : mapping of str to array
            The arrays by name.

        Returns
        -------
        Panel
            Equal to the one that was taken apart.

        Raises
        ------
        ImportError
            If its tables need a library that is not installed.
        ValueError, KeyError, TypeError
            For parts that do not belong together.

        Examples
        --------
        >>> import pandas as pd
        >>> panel = Panel.from_frame(pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 2.0, 4.0]}))
        >>> Panel.from_parts(*panel.to_parts()).stamps_after(2)
        array([[4, 5]])
        """
        for name, (axes, dtype) in _ARRAYS.items():
            if arrays[name].ndim != axes or arrays[name].dtype != dtype:
                got = f"{arrays[name].dtype} of shape {arrays[name].shape}"
                raise ValueError(f"Panel: {name} is {got}, but needs {dtype} with {axes} axes.")
        stamps = plain.read_stamps(values["stamps"])
        fields: dict[str, Any] = dict(
            columns=Columns.from_dict(values["columns"]),
            ids=tuple(values["ids"]),
            id_values=plain.read_columns(values["id_values"], values["frame_type"]),
            freq=values["freq"],
            season=values["season"],
            frame_type=values["frame_type"],
            notes=tuple(values["notes"]),
            stamps=stamps,
            **{**arrays, "time": stamps.as_time(arrays["time"])},
        )
        parts.check(**fields)
        return cls(**fields)
