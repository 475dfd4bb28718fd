"""Named targets: what is told of cases where its columns have names, or each case is a set of names."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

from normcast.data.missing import is_missing
from normcast.data.uneven import is_frame


def named_targets(y: Any, where: str = "cases") -> tuple[Any, tuple[str, ...] | None]:
    """Return what is told of cases with the names of its columns, or as it is with None.

    y: a frame of pandas or polars; or a list of sets, which become rows of 0 and 1, a column per name, or,
    where each holds one name alone, these names. Raises ValueError for a set that holds None or NaN.

    >>> rows, names = named_targets([{"rain", "wind"}, set(), {"wind"}])
    >>> rows.astype(int).tolist(), names
    ([[1, 1], [0, 0], [0, 1]], ('rain', 'wind'))
    >>> named_targets(["rain", "wind"])
    (['rain', 'wind'], None)
    """
    if is_frame(y):
        return _as_numbers(y.to_numpy()), tuple(map(str, y.columns))
    if not _is_of_sets(y):
        return y, None
    for case, each in enumerate(y):
        if any(map(is_missing, each)):
            raise ValueError(
                f"{where}: y has None or NaN among the names of case {case}. Leave it out; a case of which "
                "none holds is an empty set."
            )
    sets = [{str(name) for name in each} for each in y]
    if all(len(each) == 1 for each in sets):
        return [name for each in sets for name in each], None
    names = tuple(sorted(set().union(*sets)))
    return np.array([[name in each for name in names] for each in sets], bool).reshape(len(sets), -1), names


def _as_numbers(values: np.ndarray) -> np.ndarray:
    """Return objects that are all numbers as such: columns of several types, or that may miss values."""
    if values.dtype.kind != "O" or not all(isinstance(each, Real | np.bool_) for each in values.ravel()):
        return values
    is_whole = all(isinstance(each, Integral | np.bool_) for each in values.ravel())
    try:
        return values.astype(np.int64 if is_whole else np.float64)
    except OverflowError:  # told of where numbers are checked
        return values


def _is_of_sets(y: Any) -> bool:
    may_be = isinstance(y, list | tuple) or getattr(getattr(y, "dtype", None), "kind", "") == "O"
    return may_be and len(y) > 0 and all(isinstance(each, set | frozenset) for each in y)
