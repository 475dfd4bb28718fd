"""Markers: numbers and words that stand for a missing value, such as -9999, read as such or named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from normcast.data.asking import Asking
from normcast.errors import counted, listed

_NINES = re.compile(r"9{2,}(\.9+)?")
_LIMITS = {float(2**15 - 1), float(2**16 - 1), float(2**31 - 1), float(2**32 - 1)}
_FEWEST, _FAR, _ROUNDS = 3, 3.0, 3

Marks: TypeAlias = str | float | Iterable[str | float] | None

_asking = Asking[Sequence[str | float]]("missing", ())
asked_for, asked = _asking.asked_for, _asking.asked  # marks in every table that is read: --na-value


def as_texts(marks: Marks) -> tuple[str, ...]:
    """Return one mark, or several, as texts; those of `asked_for` for None.

    >>> as_texts(-9999), as_texts(["none", -1])
    (('-9999',), ('none', '-1'))
    """
    given = asked() if marks is None else (marks,) if isinstance(marks, str | int | float) else marks
    return tuple(str(mark).strip() for mark in given)


def marked_missing(
    table: pd.DataFrame, marks: Marks, usual: Sequence[str] = ()
) -> tuple[pd.DataFrame, list[str]]:
    """Return the table with these marks missing, and notes that count them; without marks, the table.

    marks: numbers or texts, one or several; None for those of `asked_for`. A number also marks the cells
    that write it another way. usual: marks of tables of its kind, which may stand nowhere in this one.

    >>> marked_missing(pd.DataFrame({"v": [1.5, -9999.0]}), "-9999")[0]["v"].tolist()
    [1.5, nan]
    """
    given = as_texts(marks)
    wanted = tuple(dict.fromkeys((*given, *usual)))
    if not wanted:
        return table, []
    table, notes, unseen = table.copy(), [], set(given)
    for name in table.columns:
        where = {mark: _where(table[name], mark) for mark in wanted}
        counts = [f"{counted(int(at.sum()), 'cell')} {mark!r}" for mark, at in where.items() if at.any()]
        if not counts:
            continue
        how = "as asked" if given else "as when it was fitted"
        unseen -= {mark for mark, at in where.items() if at.any()}
        table[name] = table[name].mask(np.logical_or.reduce([*where.values()]))
        notes.append(f"column {name!r}: {listed(counts, 6)} read as missing, {how}")
    if unseen:
        notes.append(f"no cell holds {listed(sorted(unseen))}, which was to be read as missing")
    return table, notes


def _where(column: pd.Series, mark: str) -> np.ndarray:
    """Return where a column holds a mark."""
    number = _number(mark)
    if column.dtype.kind in "iuf":
        return np.zeros(len(column), dtype=bool) if number is None else column.to_numpy() == number
    if column.dtype.kind not in "OU" and not isinstance(column.dtype, pd.StringDtype):
        return np.zeros(len(column), dtype=bool)
    return np.array([_is(each, mark, number) for each in column], dtype=bool)


def _is(cell: object, mark: str, number: float | None) -> bool:
    return isinstance(cell, str) and (
        cell.strip() == mark or (number is not None and _number(cell) == number)
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def marker_notes(values: np.ndarray, names: Iterable[str], offsets: np.ndarray) -> tuple[str, ...]:
    """Name the values (rows, columns) that look like marks of a missing value; they are kept as numbers.

    offsets: where series begin, and the last ends. A series that holds one value alone is not missing.
    """
    notes = []
    for column, name in enumerate(names):
        for mark, many in markers(values[:, column]):
            if np.logical_and.reduceat(values[:, column] == mark, offsets[:-1]).any():
                continue
            notes.append(
                f"{mark:.12g} stands in {many} of {len(values)} rows of {name!r}, far from all other values, "
                f"and is taken as a number. If it marks missing values, add --na-value {mark:.12g} "
                f"(na_values={mark:.12g})"
            )
    return tuple(notes)


def markers(values: np.ndarray) -> list[tuple[float, int]]:
    """Return the values that look like marks of a missing value, and how often each stands there.

    Such a value is the lowest or the highest, stands there at least three times, and lies further from the
    next one than three times the middle half of the others is wide; the lowest is a whole number below 0, the
    highest is of nines or a limit of whole numbers. So 0, and 100 % of a sensor, are none.

    >>> markers(np.array([5.0, 6, 7, 8, -999, 6, -999, 7, 5, -999]))
    [(-999.0, 3)]
    """
    found: list[tuple[float, int]] = []
    rest = values[np.isfinite(values)]
    while len(found) < _ROUNDS and len(rest):
        mark = next((each for each in (rest.min(), rest.max()) if _looks_like_one(each, rest)), None)
        if mark is None:
            break
        found.append((float(mark), int((rest == mark).sum())))
        rest = rest[rest != mark]
    return found


def _looks_like_one(mark: float, values: np.ndarray) -> bool:
    if not _is_of_nines_or_negative(mark, values):
        return False
    others = values[values != mark]
    if len(values) - len(others) < _FEWEST or len(others) < _FEWEST:
        return False
    low, high = np.quantile(others, (0.25, 0.75))
    return bool(high > low and np.abs(others - mark).min() > _FAR * (high - low))


def _is_of_nines_or_negative(mark: float, values: np.ndarray) -> bool:
    if mark < 0:
        return bool(mark == np.round(mark) or _NINES.fullmatch(f"{-mark:.12g}")) and mark == values.min()
    return bool(_NINES.fullmatch(f"{mark:.12g}")) or float(mark) in _LIMITS or mark >= 1e20
