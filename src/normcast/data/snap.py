"""Snap: stamps that stand irregularly, brought to steps, and the values of one step made one."""

import narwhals as nw
import numpy as np

from normcast.data import calendar, ids
from normcast.data.columns import Columns
from normcast.data.stamps import DAY, Stamps
from normcast.data.step import Step
from normcast.data.values import numbers
from normcast.errors import unknown

WAYS = ("mean", "sum", "last")
_MONDAY = 4  # days since Thursday 1970-01-01


def check(freq: str | None, by: str) -> None:
    """Raise ValueError for a way or a frequency that is none."""
    if by not in WAYS:
        raise ValueError(unknown("way to resample", by, WAYS, where="--resample-by (Clock(by=))"))
    if freq is None:
        return
    step = calendar.parse(freq, "--resample (Clock(resample=))")
    if step.kind not in ("fixed", "month start", "month end"):
        raise ValueError(
            f"--resample (Clock(resample=)): {freq!r} is no step of time; name h, 5min, D, W or MS."
        )


def apply(
    table: nw.DataFrame, columns: Columns, counted: np.ndarray, stamps: Stamps, rule: str, where: str
) -> tuple[nw.DataFrame, np.ndarray, str, str]:
    """Return one row per series and step, the stamps of its steps, the whole rule, and a note.

    rule: frequency and way, as in "h mean", and for later rows where stamps go, as in "h mean nearest":
    stamps about a step apart go to the nearest one, others to the step that they lie in. Columns of numbers
    that the panel reads are made one in this way, missing values left out; others keep the first of a step.
    """
    if not stamps.is_calendar:
        raise ValueError(f"{where}: --resample needs times, but the stamps are {stamps.says()}.")
    freq, by, *to = rule.split()
    codes = _codes(table, columns, where)
    step = calendar.parse(freq)
    order = np.lexsort((counted, codes))
    codes, counted = codes[order], counted[order]
    nearest = to == ["nearest"] if to else _is_jitter(codes, counted, step.length)
    bins = to_step(counted, step, nearest=nearest)
    starts = np.flatnonzero(np.append(True, (np.diff(codes) != 0) | (np.diff(bins) != 0)))
    snapped = table[order[starts].tolist()]
    for name in (*columns.targets, *columns.hist_exog, *columns.futr_exog):
        values = made_one(numbers(table[name], where, "column")[order], starts, by)
        new = nw.new_series(name, values, backend=table.implementation)
        snapped = snapped.with_columns(new)
    off = np.abs(counted - bins).max() / 10**9
    how = f"the nearest {freq}, at most {off:.6g} s away" if nearest else f"the start of its {freq}"
    told = f"resampled: each stamp is taken to {how}; {len(order)} rows became {len(starts)}, by {by}"
    return snapped, bins[starts], f"{freq} {by} {'nearest' if nearest else 'start'}", told


def _codes(table: nw.DataFrame, columns: Columns, where: str) -> np.ndarray:
    if not columns.ids:
        return np.zeros(len(table), dtype=np.int64)
    return ids.series_codes(table, columns, where)[0]


def _is_jitter(codes: np.ndarray, counted: np.ndarray, size: float) -> bool:
    """Whether stamps stand about a step apart, and so belong to the nearest one."""
    apart = np.diff(counted)[np.diff(codes) == 0]
    return bool(len(apart)) and float(np.median(apart)) > 0.75 * size


def to_step(counted: np.ndarray, step: Step, *, nearest: bool) -> np.ndarray:
    """Return the start of the step that each stamp lies in, or the nearest start.

    >>> to_step(np.array([59, 61]) * 10**9, calendar.parse("min"), nearest=True) // 10**9
    array([60, 60])
    """
    if step.kind != "fixed":
        months = np.floor_divide(counted, DAY).astype("M8[D]").astype("M8[M]").astype(np.int64)
        first = np.floor_divide(months, step.size) * step.size
        return first.astype("M8[M]").astype("M8[D]").astype(np.int64) * DAY
    phase = (_MONDAY if step.phase is None else step.phase) * DAY if step.size % (7 * DAY) == 0 else 0
    half = step.size // 2 if nearest else 0
    return np.floor_divide(counted - phase + half, step.size) * step.size + phase


def made_one(values: np.ndarray, starts: np.ndarray, by: str) -> np.ndarray:
    """Return the mean, sum or last of what is not missing from each start to the next; NaN where all is.

    >>> made_one(np.array([1.0, np.nan, 4.0]), np.array([0, 2]), "mean")
    array([1., 4.])
    """
    there = np.isfinite(values)
    many = np.add.reduceat(there, starts, dtype=np.int64)
    if by == "last":
        place = np.maximum.reduceat(np.where(there, np.arange(len(values)), -1), starts)
        return np.where(many > 0, values[place], np.nan)
    total = np.add.reduceat(np.where(there, values, 0.0), starts)
    return np.where(many > 0, total / np.maximum(many, 1) if by == "mean" else total, np.nan)
