"""Behind: the rows of a table that lie behind a cutoff of each series, and what may be known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from normcast.data import Panel
from normcast.data.values import numbers
from normcast.leakage.table import WHERE, Table


@dataclass(frozen=True, eq=False)
class Behind:
    """What of a table a forecast at a cutoff must not depend on.

    cutoff, horizon: (series,) int64 stamps, the last that was seen and the last that is forecast; later: for
    each column the rows (rows,) to change: behind the cutoff, of known-future columns behind the horizon;
    last: (rows,) the last stamp of the row's series; series: (rows,) the row's place in the panel, -1 for a
    series that it left out, of which nothing is changed.
    """

    table: Table
    panel: Panel
    cutoff: np.ndarray
    horizon: np.ndarray
    later: Mapping[str, np.ndarray]
    last: np.ndarray
    series: np.ndarray

    @classmethod
    def of(cls, table: Table, panel: Panel, rows: np.ndarray, h: int) -> Behind:
        """Find what lies behind the first `rows` rows of each series."""
        time, first, columns = panel.time.view(np.int64), panel.offsets[:-1], panel.columns
        cutoff, horizon, last = (
            time[first + rows - 1],
            time[first + rows + h - 1],
            time[panel.offsets[1:] - 1],
        )
        series = places(table, panel)
        if columns.is_wide:  # each target column is a series; what they share is behind all their cutoffs
            later = {name: table.time > cutoff[place] for place, name in enumerate(panel.ids)}
            cutoff, horizon, last = (np.repeat(each.max(), len(each)) for each in (cutoff, horizon, last))
        else:
            later = {columns.targets[0]: (table.time > cutoff[series]) & (series >= 0)}
        after, beyond, end = (each[series] for each in (cutoff, horizon, last))
        later |= dict.fromkeys(columns.hist_exog, (table.time > after) & (series >= 0))
        later |= dict.fromkeys(columns.futr_exog, (table.time > beyond) & (series >= 0))
        return cls(floated(table, tuple(later)), panel, cutoff, horizon, later, end, series)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are changed."""
        return tuple(name for name, mask in self.later.items() if mask.any())

    def changed(self, way: str) -> Any:
        """Return the table with all of it changed; each series ends where it did."""
        if way != "missing":
            return self.table.changed(self.later, way)
        inside = self.table.time < self.last
        return self.table.changed({name: mask & inside for name, mask in self.later.items()}, way)

    def before(self) -> Any:
        """Return the table that ends at the cutoff."""
        return self.table.only((self.table.time <= self.cutoff[self.series]) & (self.series >= 0))

    def known(self) -> Any:
        """Return the rows of the horizon, of which the known-future columns may be read."""
        time, series = self.table.time, self.series
        ahead = (time > self.cutoff[series]) & (time <= self.horizon[series])
        return self.table.only(ahead & (series >= 0))


def places(table: Table, panel: Panel) -> np.ndarray:
    """Return the place of each row's series in the panel, (rows,), -1 where the panel left it out."""
    if not table.ids:
        return table.series
    found = {name: place for place, name in enumerate(panel.ids)}
    return np.array([found.get(name, -1) for name in table.ids])[table.series]


def floated(table: Table, names: tuple[str, ...]) -> Table:
    """Return a table with some columns as float64, so that anything may stand in them."""
    new = {name: numbers(table.columns[name], WHERE) for name in names}
    return table.with_values(new)
