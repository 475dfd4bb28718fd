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

    columns: the user's names; ids: (S,) name of each series; id_values: frame of the id columns, one row per
    series; offsets: (S+1,) int64, series s owns rows offsets[s]:offsets[s+1]; time: (N,) datetime64[ns] or
    int64 steps (zone-aware stamps: UTC, or wall time; see `Stamps`); y: (N,) float64, in
    the user's unit; observed: (N,) bool, False where y was missing and missing="mask" filled it, True
    everywhere else; hist: (N, n_hist), futr: (N, n_futr), stat: (S, n_stat) exogenous values, float64;
    futr_ahead: (S, k, n_futr) known-future rows that stood behind each series with an empty target;
    freq: pandas name, with the slots of a week behind an @ where rows stand on those alone, or integer;
    season, longer_seasons: steps; frame_type: "pandas" or "polars"; notes: what to tell the user.

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

        freq: pandas name, old or new, as in "B" or "30min@Mon-Fri/09:30-15:30", or an integer step; found if
        None. season: steps, or several from the main one up; from freq if None.
        id_col, target_col: one name or several; unnamed columns are found (see `columns.choose`).
        duplicates: "error", "mean", "sum", "first" or "last" of a stamp. fill_gaps: insert absent stamps as
        missing. missing: "error" (inserted rows are carried forward all the same), "last", "seasonal", "zero"
        or "mask"; infinite values count as missing. No fill uses a later value. na_values: what else stands
        for a missing value, such as -9999, one or several; missing is "mask" then, else "error", by
        default. short: "skip" leaves out series that these policies refuse, and notes it. where: the table's
        name in messages. columns: those of a fitted model's panel, in place of the six column arguments, with
        how its table was read; then nothing is guessed and
        a table of constant series is no error.
        Raises TypeError for what is no table, ValueError for bad input, naming series, column, row from 1.
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
        """Return the h time stamps that follow each series, (S, h)."""
        last = self.time[self.offsets[1:] - 1].view(np.int64)
        step = calendar.resolve(calendar.parse(self.freq), last)
        return self.stamps.as_time(step.after(last, h))

    def head(self, rows_per_series: int | np.ndarray) -> "Panel":
        """Return the panel cut after so many rows of each series; known-future rows are left out.

        Raises ValueError if a series would keep no row, or has fewer rows.
        """
        rows = self._kept("head", rows_per_series)
        place = np.arange(len(self.y)) - np.repeat(self.offsets[:-1], self.lengths)  # in its series, from 0
        keep = place < np.repeat(rows, self.lengths)
        return replace(self._cut(rows, lambda each: each[keep]), futr_ahead=self.futr_ahead[:, :0])

    def tail(self, rows_per_series: int | np.ndarray) -> "Panel":
        """Return the last so many rows of each series, and the known-future rows behind them.

        Raises ValueError if a series would keep no row, or has fewer rows.
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
        """Return this panel, noting which of so many series it lacks; raise the fault unless short="skip"."""
        if short == "skip":
            return self.noting(faults.left_out(fault.lacks, many))
        refused = faults.SeriesFault(faults.refusal(fault.message, fault.lacks, many), fault.lacks)
        refused.first, refused.rest = fault.first, self
        raise refused

    def noting(self, *notes: str) -> "Panel":
        """Return this panel with more to tell the user, each thing once."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))

    def only(self, keep: np.ndarray) -> "Panel":
        """Return the series where `keep` (S,) is True.

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
        """Return a table in the user's type and names: id columns, time, then `columns`.

        series: (n,) series numbers; time: (n,) as in `Panel.time`; columns: name -> (n,) values. Values of
        dtype datetime64 or int64 that are stamps (a cutoff) go through `write_stamps` first.
        """
        ids = nw.from_native(self.id_values, eager_only=True)
        cells = {name: ids[name][np.asarray(series)].to_native() for name in ids.columns}
        cells[self.columns.time_name] = self.write_stamps(time)
        return intake.table_of(cells | dict(columns), self.frame_type)

    def write_stamps(self, time: np.ndarray) -> Any:
        """Return stamps (n,) as a column like the user's time column: dtype, time zone, text format."""
        return self.stamps.write(np.asarray(time), self.frame_type)

    def to_parts(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the panel as values that JSON knows, and as arrays, for a file.

        Raises ValueError for an id column or a time zone that a file does not keep.
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

        Raises ImportError where its tables need a library that is not installed, ValueError, KeyError or
        TypeError for parts that do not belong together.

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
