"""Missing: what is told or known of a case may not be missing, nor be of types that have no order."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.errors import counted, listed

OF_PANDAS = ("NAType", "NaTType")
"""Types of what stands in its objects where nothing does."""


def refuse_missing(values: np.ndarray, name: str, where: str, given: Any = None) -> None:
    """Raise ValueError, with the first case, where something of a case is None, NaN, NaT or NA.

    values: (cases, ...); given: what they were made from, where that was a list: of texts and a NaN NumPy
    makes texts.

    >>> refuse_missing(np.array(["a", None], dtype=object), "groups", "Regressor")
    Traceback (most recent call last):
    ValueError: Regressor: groups has nothing for 1 case, the first case 1 (None). Say it, or leave such cases
    out.
    """
    if values.dtype.kind == "U" and isinstance(given, list | tuple) and values.ndim == 1:
        values = np.array(given, dtype=object)
    if values.dtype.kind not in "fmMO":
        return
    lacks = _lacks(values)
    if lacks.any():
        first = tuple(np.argwhere(lacks)[0])
        many = counted(int(lacks.reshape(len(lacks), -1).any(axis=1).sum()), "case")
        raise ValueError(
            f"{where}: {name} has nothing for {many}, the first case {int(first[0])} ({values[first]!s}). "
            "Say it, or leave such cases out."
        )


def refuse_mixed(values: np.ndarray, name: str, where: str) -> None:
    """Raise ValueError for Python objects of types that cannot be put in order, as 1 and "a"."""
    if values.dtype.kind != "O":
        return
    try:
        np.unique(values)
    except TypeError:
        kinds = listed(sorted({type(each).__name__ for each in values.ravel()}))
        raise ValueError(
            f"{where}: {name} holds {kinds}, which have no order. Make them one, as with {name}.astype(str)."
        ) from None


def _lacks(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "O":
        return np.reshape([is_missing(each) for each in values.ravel()], values.shape)
    return np.isnan(values) if values.dtype.kind == "f" else np.isnat(values)


def is_missing(value: Any) -> bool:
    """Say whether this is None, NaN, NaT or NA."""
    if value is None or type(value).__name__ in OF_PANDAS:
        return True
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    return isinstance(value, np.datetime64 | np.timedelta64) and bool(np.isnat(value))
