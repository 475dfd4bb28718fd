"""Future: known-future rows brought to the stamps that follow each series."""

from typing import Any

import numpy as np
import pandas as pd

from normcast.data import intake, joined
from normcast.data.columns import require
from normcast.data.panel import Panel
from normcast.data.values import numbers

WHERE = "future table"


def future_rows(panel: Panel, futr_df: Any, h: int) -> np.ndarray:
    """Return the known-future values of the stamps after each series of a panel.

    Parameters
    ----------
    panel : Panel
        The series, with the names of the columns known ahead.
    futr_df : pandas.DataFrame or polars.DataFrame or None
        A table with the id, time and futr_exog columns, in any order, more rows than needed allowed; None
        takes the known-future rows of the panel's own table.
    h : int
        How many stamps.

    Returns
    -------
    float64 array (S, h, n_futr)
        The values of each series, in the unit of the table.

    Raises
    ------
    ValueError
        Naming the first stamp and series that are not covered, and for missing values and duplicates.

    Examples
    --------
    >>> table = pd.DataFrame({"ds": [1, 2, 3], "y": [1.0, 2.0, 4.0], "price": [5.0, 5.0, 6.0]})
    >>> panel = Panel.from_frame(table, target_col="y", futr_exog="price")
    >>> future_rows(panel, pd.DataFrame({"ds": [4, 5], "price": [6.0, 7.0]}), h=2)
    array([[[6.],
            [7.]]])
    """
    n_futr = len(panel.columns.futr_exog)
    if not n_futr:
        return np.empty((panel.n_series, h, 0))
    if futr_df is None:
        return _own_rows(panel, h)
    table, _ = intake.open_table(futr_df, WHERE)
    for name in (*panel.columns.ids, *panel.columns.futr_exog):
        require(name, table.columns, WHERE)
    series = _series_of(panel, table)
    row = np.flatnonzero(series >= 0)  # rows of series that the panel does not have are nobody's future
    values = np.column_stack([numbers(table[name], WHERE) for name in panel.columns.futr_exog])
    time = _time_of(panel, table, series)
    wanted = panel.stamps_after(h).view(np.int64)  # (S, h)
    found = _look_up(panel, series, time, row, wanted)
    ahead = values[found]  # (S, h, n_futr)
    _refuse_missing(panel, ahead, found)
    return ahead


def _own_rows(panel: Panel, h: int) -> np.ndarray:
    known = panel.futr_ahead.shape[1]
    if known < h:
        names = ", ".join(panel.columns.futr_exog)
        raise ValueError(
            f"{WHERE}: {h} future rows of {names} are needed, but the table has {known} behind its "
            "last target. "
            f"Give them: --future FILE (futr_df=), or as trailing rows with an empty target."
        )
    return panel.futr_ahead[:, :h]


def _series_of(panel: Panel, table: Any) -> np.ndarray:
    """Return the panel's series of each row of the future table, -1 where it is none of them."""
    if not panel.columns.ids:
        return np.zeros(len(table), dtype=np.int64)
    codes, ids, _ = intake.series_codes(table, panel.columns, WHERE)
    return pd.Index(panel.ids).get_indexer(pd.Index(ids))[codes]


def _time_of(panel: Panel, table: Any, series: np.ndarray) -> np.ndarray:
    """Return the stamp of each row of the future table; rows of a table without time follow on the panel."""
    if panel.columns.time is None:
        _, dense = np.unique(series, return_inverse=True)
        return intake.row_steps(dense) + panel.time[panel.offsets[1:] - 1][series]
    if parts := joined.named(panel.columns.time, table.columns):
        table = joined.join(table, parts, WHERE)
    require(panel.columns.time, table.columns, WHERE)
    return panel.stamps.read_alike(table[panel.columns.time], WHERE)


def _look_up(
    panel: Panel, series: np.ndarray, time: np.ndarray, row: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """Return the row of the future table for each wanted stamp (S, h); refuse repeated and absent ones."""
    have = pd.MultiIndex.from_arrays([series[row], time[row]])
    again = have.duplicated()
    if again.any():
        at = int(row[np.argmax(again)])
        raise ValueError(
            f"{WHERE}: series {panel.ids[series[at]]!r}, row {at + 1} ({panel.stamps.show(time[at])}): "
            f"the same stamp stands in an earlier row. Take one of them out."
        )
    who = np.arange(panel.n_series) if panel.columns.ids else np.zeros(panel.n_series, dtype=np.int64)
    asked = pd.MultiIndex.from_arrays([np.repeat(who, wanted.shape[1]), wanted.ravel()])
    found = have.get_indexer(asked).reshape(wanted.shape)
    _refuse_absent(panel, found, wanted)
    return row[found]


def _refuse_absent(panel: Panel, found: np.ndarray, wanted: np.ndarray) -> None:
    absent = found < 0
    if absent.any():
        s, step = (int(i) for i in np.argwhere(absent)[0])
        raise ValueError(
            f"{WHERE}: series {panel.ids[s]!r} has no row for {panel.stamps.show(wanted[s, step])}, "
            f"step {step + 1} of {wanted.shape[1]}; {absent.sum()} rows are absent in all. "
            f"Give a row for each of the {wanted.shape[1]} stamps after the series' last."
        )


def _refuse_missing(panel: Panel, ahead: np.ndarray, found: np.ndarray) -> None:
    bad = ~np.isfinite(ahead)
    if bad.any():
        s, step, column = (int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"{WHERE}: series {panel.ids[s]!r}, column {panel.columns.futr_exog[column]!r}, "
            f"row {found[s, step] + 1}: the value is {ahead[s, step, column]}. Future values must "
            "be finite numbers."
        )
