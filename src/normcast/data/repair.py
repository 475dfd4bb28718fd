"""Repair: duplicates and missing values, refused by name unless a policy was chosen.

No fill uses a later value: changing a row never changes a row before it.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from normcast.data import faults
from normcast.data.rows import Rows
from normcast.errors import counted, unknown

DUPLICATES = ("error", "mean", "sum", "first", "last")
MISSING = ("error", "last", "seasonal", "zero", "mask")


class DuplicateFault(faults.SeriesFault):
    """Some series have a stamp twice."""

    @classmethod
    def of(cls, fault: faults.SeriesFault) -> "DuplicateFault":
        """Return a fault as one of duplicates."""
        return cls(fault.message, fault.lacks)


def check_policy(duplicates: str, missing: str) -> None:
    """Raise ValueError for a word that is no policy."""
    for kind, got, known in (("duplicates", duplicates, DUPLICATES), ("missing", missing, MISSING)):
        if got not in known:
            raise ValueError(unknown(f"{kind} policy", got, known))


def merge_duplicates(rows: Rows, policy: str) -> tuple[Rows, tuple[str, ...]]:
    """Make stamps unique within each series: refuse, average or add what is there, or keep the first or last
    row. What is added or averaged are the values of all columns; of none there is none."""
    again = np.zeros(len(rows.counted), dtype=bool)
    again[1:] = (rows.counted[1:] == rows.counted[:-1]) & ~rows.is_first[1:]
    if not again.any():
        return rows, ()
    if policy == "error":
        at = int(np.argmax(again))
        more = f"; {again.sum()} duplicate stamps in all" if again.sum() > 1 else ""
        alone = (
            " If the table holds several series, name the column that tells them apart: --id-col (id_col=)."
        )
        message = (
            f"{rows.place(at)}: the same stamp stands in row {rows.row[at - 1]}{more}. "
            f"Choose --duplicates mean, sum (of counts), first or last (duplicates=)."
            f"{alone if len(rows.ids) == 1 else ''}"
        )
        raise DuplicateFault.of(
            faults.of_rows(rows, again, message, lambda _, n: f"has {counted(n, 'duplicate stamp')}")
        )
    note = (
        f"{again.sum()} duplicate stamps, the first in {rows.place(int(np.argmax(again)))}: kept the {policy}"
    )
    if policy == "first":
        return rows.take(~again), (note,)
    is_last = np.append(~again[1:], True)
    if policy == "last":
        return rows.take(is_last), (note,)
    return rows.take(~again, values=_made_one(rows.values, np.flatnonzero(~again), policy)), (note,)


def _made_one(values: np.ndarray, starts: np.ndarray, policy: str) -> np.ndarray:
    """Return the mean or sum of what is not missing from each start to the next, by column."""
    there = np.isfinite(values)
    total = np.add.reduceat(np.where(there, values, 0.0), starts, axis=0)
    many = np.add.reduceat(there, starts, axis=0, dtype=np.int64)
    share = many if policy == "mean" else np.minimum(many, 1)
    return np.divide(total, share, out=np.full(total.shape, np.nan), where=many > 0)


def fill_missing(
    rows: Rows, policy: str, season: int, shut: np.ndarray
) -> tuple[Rows, np.ndarray, tuple[str, ...]]:
    """Fill what is not finite, column by column, from earlier rows only.

    "last": the value before; "seasonal": the value one season before (which may itself have been filled), in
    the first season the value before; "zero": 0; "mask": as "last", and the row is not observed if its target
    was missing. "error" refuses, except in rows that were inserted, which are filled as with "last".
    Rows before the first value of a column are dropped, except with "zero". shut: which rows stand
    where a calendar is shut, (N,); they are not observed either, and filled as with "seasonal", so that what
    lies behind them keeps its place in the week.
    Returns the rows, observed (N,) and notes.
    """
    missing = ~np.isfinite(rows.values)
    if not missing.any():
        return rows, np.ones(len(rows.counted), dtype=bool), ()
    if policy == "error":
        _refuse_missing(rows, missing & (rows.row > 0)[:, None])
    early: tuple[str, ...] = ()
    if policy != "zero":
        began = np.logical_not(_not_begun(rows, missing).any(axis=1))
        early = _early_notes(rows, began)
        if not began.all():
            rows, missing, shut = rows.take(began), missing[began], shut[began]
            _refuse_empty_series(rows)
    notes = (*_fill_notes(rows, missing & ~shut[:, None], policy), *early)
    values = np.where(missing, 0.0 if policy == "zero" else np.nan, rows.values)
    if policy == "seasonal":
        _carry_seasons(values, rows, season)
    elif policy != "zero":
        _carry(values, np.arange(len(values)))
    if shut.any():
        values[shut] = np.nan
        _carry_seasons(values, rows, season)
    observed = ~missing[:, 0] if policy == "mask" else np.ones(len(values), dtype=bool)
    return replace(rows, values=values), observed & ~shut, notes


def _refuse_missing(rows: Rows, missing: np.ndarray) -> None:
    if not missing.any():
        return
    at, column = (int(i) for i in np.argwhere(missing)[0])
    value = rows.values[at, column]
    what = "the value is missing" if np.isnan(value) else f"the value is {value}"
    many = int(missing[:, column].sum())
    message = (
        f"{rows.place(at, column)}: {what}; {counted(many, 'such value')} in this column. "
        f"Choose --missing last, seasonal, zero or mask (missing=)."
    )
    lengths = np.diff(rows.offsets)[rows.series]

    def lack(at: int, n: int) -> str:
        return "has no value" if n == lengths[at] else f"has {counted(n, 'row')} with a missing value"

    raise faults.of_rows(rows, np.any(missing, axis=1), message, lack)


def _early_notes(rows: Rows, began: np.ndarray) -> tuple[str, ...]:
    if began.all():
        return ()
    series = np.unique(rows.series[~began])
    which = f", in {len(series)} of {counted(len(rows.ids), 'series')}, the first {rows.ids[series[0]]!r}"
    return (f"{np.sum(~began)} rows before the first value of their series were left out{which}",)


def _fill_notes(rows: Rows, missing: np.ndarray, policy: str) -> Iterator[str]:
    how = {"error": "last", "mask": "last, left out of scores and training"}.get(policy, policy)
    for column in np.flatnonzero(missing.any(axis=0)):
        yield f"{missing[:, column].sum()} missing values of {rows.names[column]!r} were filled: {how}"


def _not_begun(rows: Rows, missing: np.ndarray) -> np.ndarray:
    """Return where a column has had no value yet in its series, (N, V)."""
    seen = np.cumsum(~missing, axis=0, dtype=np.int64)
    before = np.vstack([np.zeros((1, seen.shape[1]), dtype=np.int64), seen])[rows.offsets[:-1]]
    return seen == np.repeat(before, np.diff(rows.offsets), axis=0)


def _refuse_empty_series(rows: Rows) -> None:
    empty = np.diff(rows.offsets) == 0
    if empty.any():
        message = (
            f"{rows.where}: series {rows.ids[int(np.argmax(empty))]!r} has no row with a value in "
            "every column; "
            f"{empty.sum()} such series. Leave them out."
        )
        lacks = [faults.Lack(rows.ids[s], "has no value") for s in np.flatnonzero(empty)]
        raise faults.SeriesFault(message, lacks)


def _carry_seasons(values: np.ndarray, rows: Rows, season: int) -> None:
    """Carry values forward from season to season, within the first season from row to row; in place."""
    place = np.arange(len(rows.counted)) - rows.offsets[rows.series]
    opening = np.flatnonzero(place < season)
    _carry(values, opening)
    order = np.lexsort((place // season, place % season, rows.series))
    _carry(values, order)


def _carry(values: np.ndarray, order: np.ndarray) -> None:
    """Carry values forward over the NaN behind them, in `order`; in place.

    Nothing crosses from one series to the next: each begins with a value, since rows before it were left out.
    """
    at = np.arange(len(order))
    for column in range(values.shape[1]):
        ordered = values[order, column]
        there = np.maximum.accumulate(np.where(np.isfinite(ordered), at, 0))
        values[order, column] = ordered[there]
