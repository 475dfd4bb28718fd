"""Gaps: absent stamps, refused or inserted as missing; inserted in any case where a calendar is shut."""

from dataclasses import replace

import numpy as np

from normcast.data import faults
from normcast.data.rows import Rows
from normcast.data.step import Step
from normcast.errors import counted


def fill_gaps(
    rows: Rows, step: Step, fill: bool, shut: np.ndarray | None = None
) -> tuple[Rows, tuple[str, ...]]:
    """Make every series regular: refuse absent stamps, or insert them with every value missing.

    shut: steps whose stamps are inserted in any case. Raises ValueError for a stamp that is not
    a whole number of steps after the first of its series.
    """
    if _is_regular(rows, step):
        return rows, ()
    count, rest = step.count(rows.counted)
    _refuse_off_grid(rows, step, rest)
    apart = np.diff(count, prepend=count[:1])
    apart[rows.offsets[:-1]] = 1
    if not (apart > 1).any():
        return rows, ()
    lacking = apart
    if shut is not None:
        before = np.searchsorted(shut, count)
        lacking = apart - np.diff(before, prepend=before[:1])
        lacking[rows.offsets[:-1]] = 1
    gaps = lacking > 1
    if not gaps.any():
        return _insert(rows, step, count, rest, apart), ()
    _refuse_coarser(rows, step, lacking)
    if not fill:
        message = _gap_message(rows, step, lacking)
        raise faults.of_rows(rows, gaps, message, lambda _, n: f"has {counted(n, 'gap')}")
    filled = _insert(rows, step, count, rest, apart)
    first = int(np.argmax((filled.row == 0) & ~inserted_on(filled, step, shut)))
    where = f"the first {filled.show(first)} in series {rows.ids[filled.series[first]]!r}"
    return filled, (f"{_stamps(int(lacking.sum()) - len(lacking))} absent, inserted as missing, {where}",)


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


def _insert(rows: Rows, step: Step, count: np.ndarray, rest: np.ndarray, apart: np.ndarray) -> Rows:
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
    return replace(
        rows,
        offsets=np.append(position[rows.offsets[:-1]], total),
        counted=step.stamp(count[old] - behind, rest[old]),
        row=np.where(behind == 0, rows.row[old], 0),
        values=values,
    )


def inserted_on(rows: Rows, step: Step, shut: np.ndarray | None) -> np.ndarray:
    """Return which rows were inserted on these steps, (N,)."""
    if shut is None:
        return np.zeros(len(rows.counted), dtype=bool)
    return (rows.row == 0) & np.isin(step.count(rows.counted)[0], shut)
