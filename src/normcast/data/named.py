"""Named targets: what is told of cases where its columns have names, or each case is a set of names."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.data.uneven import is_frame


def named_targets(y: Any) -> tuple[Any, tuple[str, ...] | None]:
    """Return what is told of cases with the names of its columns, or as it is with None.

    y: a frame of pandas or polars; or a list of sets, which become rows of 0 and 1, a column per name, or,
    where each holds one name alone, these names.

    >>> rows, names = named_targets([{"rain", "wind"}, set(), {"wind"}])
    >>> rows.astype(int).tolist(), names
    ([[1, 1], [0, 0], [0, 1]], ('rain', 'wind'))
    >>> named_targets(["rain", "wind"])
    (['rain', 'wind'], None)
    """
    if is_frame(y):
        return y.to_numpy(), tuple(map(str, y.columns))
    if not _is_of_sets(y):
        return y, None
    sets = [{str(name) for name in each} for each in y]
    if all(len(each) == 1 for each in sets):
        return [name for each in sets for name in each], None
    names = tuple(sorted(set().union(*sets)))
    return np.array([[name in each for name in names] for each in sets], bool).reshape(len(sets), -1), names


def _is_of_sets(y: Any) -> bool:
    may_be = isinstance(y, list | tuple) or getattr(getattr(y, "dtype", None), "kind", "") == "O"
    return may_be and len(y) > 0 and all(isinstance(each, set | frozenset) for each in y)
