"""Ways: how the values behind a cutoff are changed, so that no statistic could overlook it."""

from __future__ import annotations

from collections.abc import Iterable

import narwhals as nw
import numpy as np

from normcast.data.values import numbers
from normcast.errors import one_of

WAYS = {
    "noise": "noise a million times as large",
    "scale": "turned upside down and twice as wide",
    "missing": "half of the values missing",
    "end": "the table ends at the cutoff",
}
MOST = {"Float32": 1e30, "Float64": 1e150}  # their squares are still numbers


def chosen(ways: Iterable[str] | str) -> tuple[str, ...]:
    """Return ways as they were asked for. Raises ValueError for a word that is none, and for none at all.

    >>> chosen("noise")
    ('noise',)
    """
    asked = (ways,) if isinstance(ways, str) else tuple(ways)
    for way in asked:
        one_of("canary", "way", way, tuple(WAYS))
    if not asked:
        raise ValueError(f"canary: ways is empty; name some of {', '.join(WAYS)}, or leave it out.")
    return asked


def wild(values: np.ndarray, column: np.ndarray, way: str, seed: int) -> np.ndarray:
    """Return other numbers (n,) in place of values (n,) of a column (rows,).

    "noise" is far outside of what the column holds; "scale" is so near that nobody takes it for outliers.

    >>> column = np.array([0.0, 1.0, 2.0])
    >>> wild(column[1:], column, way="scale", seed=0)
    array([2., 0.])
    """
    finite = column[np.isfinite(column)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    if way == "noise":
        size = max(abs(low), abs(high)) or 1.0
        return 1e6 * size * np.random.default_rng(seed).standard_normal(len(values))
    middle, half = low / 2 + high / 2, (high / 2 - low / 2) or 1.0
    return middle - 2 * (values - middle) + half


def wild_at(values: np.ndarray, places: np.ndarray, way: str, seed: int) -> np.ndarray:
    """Return values (cases, ...) with other numbers for the cases at these places; see `wild`.

    >>> wild_at(np.array([[0.0], [1.0], [2.0]]), np.array([1, 2]), way="scale", seed=0).ravel()
    array([0., 2., 0.])
    """
    new = values.copy()
    new[places] = wild(values[places].ravel(), values.ravel(), way, seed).reshape(values[places].shape)
    return new


def changed(column: nw.Series, later: np.ndarray, way: str, seed: int) -> nw.Series:
    """Return a column with other values where `later` (rows,) says so; itself where it cannot be changed.

    What is missing stays missing. Numbers, truth values and text are changed; whole numbers and truth values
    are never made missing, since that would make another column of them.
    """
    there = np.flatnonzero(later & ~absent(column))
    if way == "missing":
        there = there[4 * np.arange(len(there)) // max(len(there), 1) % 2 == 0]  # the first and third quarter
    values = _values(column, there, way, seed) if len(there) else None
    if values is None:
        return column
    new = nw.new_series(column.name, values, column.dtype, backend=column.implementation)
    return column.scatter(there.tolist(), new)


def absent(column: nw.Series) -> np.ndarray:
    """Return which values of a column are missing, (rows,) bool."""
    missing = column.is_null()
    return (missing | column.is_nan() if column.dtype.is_float() else missing).to_numpy().astype(bool)


def _values(column: nw.Series, there: np.ndarray, way: str, seed: int) -> list | None:
    """Return what stands in these rows instead; None for a column that this way does not change."""
    dtype = column.dtype
    is_text = isinstance(dtype, nw.String)
    if way == "missing":
        return [None] * len(there) if is_text or dtype.is_float() else None
    if isinstance(dtype, nw.Boolean):
        return [not each for each in column[there.tolist()].to_list()]
    if is_text:
        return ["!" if way == "noise" else f"~{each}" for each in column[there.tolist()].to_list()]
    if not (dtype.is_float() or dtype.is_integer()) or str(dtype).endswith("128"):
        return None
    have = numbers(column, "canary")
    return _fitted(wild(have[there], have, way, seed), str(dtype))


def _fitted(values: np.ndarray, dtype: str) -> list:
    """Return numbers that a column of this type can hold, as Python's."""
    if dtype in MOST:
        return np.clip(values, -MOST[dtype], MOST[dtype]).tolist()
    bounds = np.iinfo(dtype.lower())
    return [min(max(round(each), int(bounds.min)), int(bounds.max)) for each in values.tolist()]
