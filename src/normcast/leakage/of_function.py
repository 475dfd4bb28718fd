"""The canary of a function of the user's: a table in, the same rows out, and none before a cutoff changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from normcast.data import stamps as stamps_of
from normcast.data.columns import names, require
from normcast.data.intake import open_table
from normcast.errors import first_line
from normcast.leakage.report import CanaryReport
from normcast.leakage.rows import Rows, rows_of
from normcast.leakage.table import WHERE, Table
from normcast.leakage.watch import Snapshot, Watch, Watched
from normcast.leakage.ways import absent

SHARES = (0.3, 0.6, 0.9)  # of the stamps, before the cutoffs
MOST_BEHIND = 3  # cutoffs right behind missing values


@dataclass(frozen=True, eq=False)
class Called:
    """A function of a table, called on copies; fed: makes of a frame what the function takes."""

    function: Callable[[Any], Any]
    fed: Callable[[Any], Any]

    @property
    def name(self) -> str:
        """What it is called."""
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return "the function" if name == "<lambda>" else f"function {name}"

    def rows(self, frame: Any, by_index: bool = False) -> Rows:
        """Return what the function makes of a frame; by_index: see `rows_of`."""
        return rows_of(self.function(self.fed(frame)), frame, self.name, by_index)


@dataclass(frozen=True, eq=False)
class FunctionCanary:
    """One table, one function, and the columns that are changed."""

    called: Called
    table: Table
    columns: tuple[str, ...]

    @cached_property
    def plain(self) -> Rows:
        """What the function makes of the table as it is."""
        return self.called.rows(self.table.frame)

    def cutoffs(self) -> np.ndarray:
        """Return the stamps after which everything changes: spread, and right behind missing values."""
        times = np.unique(self.table.time)
        if len(times) < 2:
            raise ValueError("canary: the table has one stamp only; a cutoff needs a row behind it.")
        spread = [times[min(max(int(share * len(times)), 1), len(times) - 1) - 1] for share in SHARES]
        gaps = np.unique(np.concatenate([self.before_gaps_end(name) for name in self.columns]))
        some = gaps[np.linspace(0, len(gaps) - 1, min(len(gaps), MOST_BEHIND)).astype(int)]
        return np.unique(np.concatenate([spread, some]))

    def before_gaps_end(self, name: str) -> np.ndarray:
        """Return the stamps whose value of a column is missing while the next one of the series is there."""
        table = self.table
        order = np.lexsort((table.time, table.series))
        missing, series = absent(table.columns[name])[order], table.series[order]
        ends = missing[:-1] & ~missing[1:] & (series[:-1] == series[1:])
        return table.time[order][:-1][ends]

    def run(self, ways: Sequence[str]) -> CanaryReport:
        """Compare the rows before each cutoff, in each way."""
        watch = Watch(self.called.name)
        reached = False
        for cutoff in self.cutoffs():
            later = self.table.time > cutoff
            before = self.snapshot(self.plain, ~later)
            for way in ways:
                after = self.after(later, way, watch)
                if after is None:
                    continue
                same_rows = np.arange((~later).sum()) if way == "end" else ~later
                watch.compare(before, self.snapshot(after, same_rows, ~later), self.told(cutoff), way)
                reached = reached or way == "end" or after.differ(self.plain, later)
        if watch.leaks:
            again, everything = self.called.rows(self.table.frame), np.ones(len(self.table), bool)
            watch.refuse_unrepeatable(self.snapshot(self.plain, everything), self.snapshot(again, everything))
        if watch.comparisons and not reached:
            watch.note("nothing after a cutoff changed either: the function reads none of what was changed.")
        return watch.report(self.columns)

    def after(self, later: np.ndarray, way: str, watch: Watch) -> Rows | None:
        """Return what the function makes of a changed table; None, with a note, where it refuses it."""
        if way == "end":
            frame = self.table.only(~later)
        else:
            frame = self.table.changed(dict.fromkeys(self.columns, later), way)
            if way == "missing" and not any(self.has_missing(frame, name) for name in self.columns):
                watch.note("missing: not tried, no column that is changed can have missing values.")
                return None
        try:
            return self.called.rows(frame, self.plain.by_index)
        except Exception as error:  # whatever a user's function does with such a table
            watch.note(f"{way}: not tried everywhere, {self.called.name} refused such a table: "
                       f"{type(error).__name__}: {first_line(error)}")  # fmt: skip
            return None

    def has_missing(self, frame: Any, name: str) -> bool:
        """Whether a changed column has a missing value that the table's has not."""
        new = Table(frame, self.table.series, (), self.table.time, self.table.stamps).columns[name]
        return bool((absent(new) & ~absent(self.table.columns[name])).any())

    def snapshot(self, rows: Rows, kept: np.ndarray, shown: np.ndarray | None = None) -> Snapshot:
        """Return the kept rows by column; shown: the same rows in the table as it is, if counted anew."""
        place = np.flatnonzero(kept if shown is None else shown)

        def where(at: int) -> str:
            return self.table.show(int(place[at]))

        return {name: Watched(values[kept], where) for name, values in rows.columns.items()}

    def told(self, cutoff: int) -> str:
        """Return a cutoff as text."""
        stamps = self.table.stamps
        return f"row {cutoff}" if stamps.kind == "rows" else stamps.show(cutoff)


def of_function(
    function: Callable[[Any], Any],
    data: Any,
    ways: Sequence[str],
    *,
    id_col: str | Iterable[str] | None = None,
    time_col: str | None = None,
    futr_exog: str | Iterable[str] = (),
) -> CanaryReport:
    """Test a function; see `canary`."""
    frame, fed = (framed(data), fed_array(data)) if isinstance(data, np.ndarray) else (data, copied)
    table, _ = open_table(frame, WHERE)
    ids = names(id_col) or (("unique_id",) if "unique_id" in table.columns else ())
    known = names(futr_exog)
    for name in (*ids, *known, *names(time_col)):
        require(name, table.columns, WHERE)
    time = time_col or (None if isinstance(data, np.ndarray) else time_of(table, ids))
    rows = Table.of(frame, ids, time)
    columns = tuple(name for name in rows.columns.columns if name not in (*ids, *known, time))
    if not columns:
        raise ValueError(f"canary: the table has no column to change beside {', '.join(table.columns)}.")
    return FunctionCanary(Called(function, fed), rows, columns).run(ways)


def time_of(table: Any, ids: tuple[str, ...]) -> str | None:
    """Return the column of time: "ds", or the single one that looks like time; None if there is none."""
    if "ds" in table.columns:
        return "ds"
    found = [name for name in table.columns if name not in ids and stamps_of.is_time_like(table[name])]
    if len(found) > 1:
        raise ValueError(f"canary: several columns look like time: {', '.join(found)}. Name one: time_col=.")
    return found[0] if found else None


def copied(frame: Any) -> Any:
    """Return a frame that a function may write into."""
    return frame.copy() if isinstance(frame, pd.DataFrame) else frame.clone()


def framed(array: np.ndarray) -> pd.DataFrame:
    """Return an array (rows, ...) as a frame. Raises ValueError for one that holds no numbers."""
    if array.dtype.kind not in "biuf" or not array.size or not array.ndim:
        raise ValueError(
            f"canary: the array is {array.dtype} of shape {array.shape}; rows of numbers are needed, the "
            "first axis being time."
        )
    flat = array.reshape(len(array), -1)
    return pd.DataFrame({f"column {number}": flat[:, number] for number in range(flat.shape[1])})


def fed_array(array: np.ndarray) -> Callable[[Any], Any]:
    """Return what makes an array like this one of a frame of `framed`."""
    return lambda frame: frame.to_numpy(dtype=array.dtype).reshape(-1, *array.shape[1:])
