"""Repair: duplicates, absent stamps and missing values, each refused by name unless a policy was chosen.

No fill uses a later value: changing a row never changes a row before it.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from normcast.data import faults
from normcast.data.rows import Rows
from normcast.data.step import Step
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


def fill_gaps(rows: Rows, step: Step, fill: bool) -> tuple[Rows, tuple[str, ...]]:
    """Make every series regular: refuse absent stamps, or insert them with every value missing.

    Raises ValueError for a stamp that is not a whole number of steps after the first of its series.
    """
    if _is_regular(rows, step):
        return rows, ()
    count, rest = step.count(rows.counted)
    _refuse_off_grid(rows, step, rest)
    apart = np.diff(count, prepend=count[:1])
    apart[rows.offsets[:-1]] = 1
    gaps = apart > 1
    if not gaps.any():
        return rows, ()
    _refuse_coarser(rows, step, apart)
    if not fill:
        message = _gap_message(rows, step, apart)
        raise faults.of_rows(rows, gaps, message, lambda _, n: f"has {counted(n, 'gap')}")
    return _insert(rows, step, count, rest, apart)


def _is_regular(rows: Rows, step: Step) -> bool:
    """Whether stamps of one series are exactly one step apart, as far as differences alone can tell."""
    if step.kind not in ("integer", "fixed"):
        return False
    apart = np.diff(rows.counted)
    apart[rows.offsets[1:-1] - 1] = step.size
    if not (apart == step.size).all():
        return False
    # What is left of a stamp is then the same throughout its series.
    _, rest = step.count(rows.counted[rows.offsets[:-1]])
    return not step.misfits(rest).any()


def _refuse_off_grid(rows: Rows, step: Step, rest: np.ndarray) -> None:
    off = (rest != rest[rows.offsets[rows.series]]) | step.misfits(rest)
    if not off.any():
        return
    at = int(np.argmax(off))
    before = "" if rows.is_first[at] else f" after {rows.show(at - 1)}"
    message = (
        f"{rows.place(at)}: not a whole number of steps {step.name!r}{before}; {off.sum()} such rows in all. "
        f"Name the frequency (--freq, freq=), or bring the table to regular steps."
    )
    raise faults.of_rows(
        rows, off, message, lambda _, n: f"has {counted(n, 'row')} off the steps {step.name!r}"
    )


def _refuse_coarser(rows: Rows, step: Step, apart: np.ndarray) -> None:
    inner = apart[~rows.is_first]
    if inner.min() > 1:
        at = int(np.argmax(~rows.is_first))
        raise ValueError(
            f"{rows.place(at)}: {apart[at]} steps {step.name!r} after {rows.show(at - 1)}, and no "
            "two stamps of "
            f"the table are one step apart. Frequency {step.name!r} contradicts the stamps: name "
            "another, or none."
        )


def _gap_message(rows: Rows, step: Step, apart: np.ndarray) -> str:
    at = int(np.argmax(apart > 1))
    series = int(np.searchsorted(rows.offsets, at, side="right")) - 1
    own = apart[rows.offsets[series] + 1 : rows.offsets[series + 1]]
    if len(own) > 1 and own.min() > 1:
        return (
            f"{rows.place(at)}: this series stands {own.min()} steps apart where others stand one step "
            f"{step.name!r}. All series of a panel share one frequency: leave it out, or fill with "
            "--fill-gaps."
        )
    absent = int((apart[apart > 1] - 1).sum())
    return (
        f"{rows.place(at)}: {_stamps(apart[at] - 1)} absent after {rows.show(at - 1)} at step {step.name!r}; "
        f"{_stamps(absent)} absent in all, in {counted(int(np.sum(apart > 1)), 'gap')}. "
        f"Insert them with --fill-gaps (fill_gaps=True), or name the frequency (--freq, freq=)."
    )


def _stamps(many: int) -> str:
    return counted(many, "stamp")


def _insert(
    rows: Rows, step: Step, count: np.ndarray, rest: np.ndarray, apart: np.ndarray
) -> tuple[Rows, tuple[str, ...]]:
    position = np.cumsum(apart) - 1  # of each old row among the new ones
    total = int(position[-1]) + 1
    if total > 20 * len(apart) + 1_000_000:
        at = int(np.argmax(apart))
        raise ValueError(
            f"{rows.place(at)}: {_stamps(apart[at] - 1)} absent after {rows.show(at - 1)}; "
            f"filling would make {total} rows of {len(apart)}. Check that stamp, or name a longer --freq."
        )
    old = np.repeat(np.arange(len(apart)), apart)  # the next old row after each new one
    behind = position[old] - np.arange(total)
    values = np.full((total, rows.values.shape[1]), np.nan)
    values[position] = rows.values
    filled = replace(
        rows,
        offsets=np.append(position[rows.offsets[:-1]], total),
        counted=step.stamp(count[old] - behind, rest[old]),
        row=np.where(behind == 0, rows.row[old], 0),
        values=values,
    )
    first = int(np.argmax(filled.row == 0))
    where = f"the first {filled.show(first)} in series {rows.ids[filled.series[first]]!r}"
    return filled, (f"{_stamps(total - len(apart))} absent, inserted as missing, {where}",)


def fill_missing(rows: Rows, policy: str, season: int) -> tuple[Rows, np.ndarray, tuple[str, ...]]:
    """Fill what is not finite, column by column, from earlier rows only.

    "last": the value before; "seasonal": the value one season before (which may itself have been filled), in
    the first season the value before; "zero": 0; "mask": as "last", and the row is not observed if its target
    was missing. "error" refuses, except in rows that were inserted, which are filled as with "last".
    Rows before the first value of a column are dropped, except with "zero".
    Returns the rows, observed (N,) and notes; observed is False only under "mask".
    """
    missing = ~np.isfinite(rows.values)
    if not missing.any():
        return rows, np.ones(len(rows.counted), dtype=bool), ()
    if policy == "error":
        _refuse_missing(rows, missing & (rows.row > 0)[:, None])
    if policy == "zero":
        values = np.where(missing, 0.0, rows.values)
        notes = tuple(_fill_notes(rows, missing, policy))
        return replace(rows, values=values), np.ones(len(values), dtype=bool), notes
    began = np.logical_not(_not_begun(rows, missing).any(axis=1))
    early = _early_notes(rows, began)
    if not began.all():
        rows, missing = rows.take(began), missing[began]
        _refuse_empty_series(rows)
    notes = (*_fill_notes(rows, missing, policy), *early)
    values = np.where(missing, np.nan, rows.values)
    if policy == "seasonal":
        _carry_seasons(values, rows, season)
    else:
        _carry(values, np.arange(len(values)))
    observed = ~missing[:, 0] if policy == "mask" else np.ones(len(values), dtype=bool)
    return replace(rows, values=values), observed, notes


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
