"""Table: a user's table with the series and the time of each row, and what lies behind a cutoff changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import narwhals as nw
import numpy as np
import pandas as pd

from normcast.data import Columns
from normcast.data import stamps as stamps_of
from normcast.data.intake import open_table, row_steps, series_codes
from normcast.data.stamps import Stamps
from normcast.leakage.ways import changed

WHERE = "table"


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a pandas or polars frame in time.

    frame: the user's; series: (rows,) the series of each; ids: their names, () for one series without a
    name; time: (rows,) int64, as `stamps` counts it, or the row within its series from 1.
    """

    frame: Any
    series: np.ndarray
    ids: tuple[str, ...]
    time: np.ndarray
    stamps: Stamps

    @classmethod
    def of(cls, frame: Any, ids: tuple[str, ...], time: str | None) -> Table:
        """Read which series and time each row is of, from these columns. Raises as `Panel.from_frame`."""
        table, _ = open_table(frame, WHERE)
        codes, names = np.zeros(len(table), np.int64), cast("tuple[str, ...]", ())
        if ids:
            codes, names, _ = series_codes(table, Columns(ids=ids), WHERE)
        if time is None:
            return cls(frame, codes, names, row_steps(codes), Stamps("rows"))
        return cls(frame, codes, names, *stamps_of.read(table[time], WHERE))

    @cached_property
    def columns(self) -> nw.DataFrame:
        """The frame for reading, its index left where it is."""
        return nw.from_native(self.frame, eager_only=True)

    def __len__(self) -> int:
        return len(self.time)

    def changed(self, later: Mapping[str, np.ndarray], way: str) -> Any:
        """Return the frame with the columns changed where their mask (rows,) says so."""
        new = [
            changed(self.columns[name], mask, way, seed) for seed, (name, mask) in enumerate(later.items())
        ]
        return self.columns.with_columns(*new).to_native()

    def with_values(self, values: Mapping[str, np.ndarray]) -> Table:
        """Return the table with other float64 values (rows,) in some columns."""
        if isinstance(self.frame, pd.DataFrame):
            return replace(self, frame=self.frame.assign(**values))
        backend = self.columns.implementation
        new = [nw.new_series(name, each, nw.Float64, backend=backend) for name, each in values.items()]
        return replace(self, frame=self.columns.with_columns(*new).to_native())

    def only(self, kept: np.ndarray) -> Any:
        """Return the frame with the rows of a mask (rows,) alone; rows that were only counted are again."""
        rows = self.columns.filter(kept.tolist()).to_native()
        is_counted = isinstance(self.frame, pd.DataFrame) and isinstance(self.frame.index, pd.RangeIndex)
        return rows.reset_index(drop=True) if is_counted else rows

    def show(self, row: int) -> str:
        """Say where a row stands."""
        name = f"series {self.ids[self.series[row]]!r}, " if self.ids else ""
        if self.stamps.kind == "rows":
            return f"{name}row {self.time[row]}"
        return f"row {row + 1} ({name}{self.stamps.show(self.time[row])})"
