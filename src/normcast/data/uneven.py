"""Uneven: series of different lengths as one array, the shorter ones behind zeros."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from normcast.budgets import refuse_expansion
from normcast.errors import listed


def as_array(given: Any) -> Any:
    """Return an array of any library as one of NumPy, where it is no list.

    A torch tensor is taken out of its graph; JAX and TensorFlow give their arrays themselves. What a masked
    array hides is missing: NaN, or None of what is no number.
    """
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        is_number = given.dtype.kind in "biuf"
        values = given.data.astype(float if is_number else object)
        values[np.ma.getmaskarray(given)] = np.nan if is_number else None
        return values
    if hasattr(given, "detach"):
        given = given.detach()
        given = given.cpu() if hasattr(given, "cpu") else given
    return given if isinstance(given, (list, tuple)) else np.asarray(given)


def series_in(x: Any, where: str) -> np.ndarray | list[np.ndarray]:
    """Return X as one array, or as its series where it is a list, or an array of arrays, of unequal ones.

    Raises ValueError for an array that holds other Python objects, for a series that is no array, and for
    frames whose columns differ.

    >>> [each.shape for each in series_in([[1, 2], [3]], "cases")]
    [(2,), (1,)]
    >>> series_in([[1, 2], [3, 4]], "cases").shape
    (2, 2)
    """
    given = as_array(x)
    if isinstance(given, np.ndarray) and given.dtype != object:
        return given
    refuse_other_columns(given, where)
    series = [_series(each, case, where) for case, each in enumerate(given)]
    if isinstance(given, np.ndarray):
        refuse_objects(given, series, where)
    return series if len({each.shape for each in series}) > 1 else np.array(series)


def refuse_other_columns(series: Sequence[Any], where: str) -> None:
    """Raise ValueError where series are frames whose columns are not the same ones in the same order."""
    named = [(case, [str(c) for c in each.columns]) for case, each in enumerate(series) if is_frame(each)]
    for case, columns in named:
        first, wanted = named[0]
        if columns != wanted:
            raise ValueError(
                f"{where}: case {case} of X has the columns {listed(columns, 10)}, but case {first} has "
                f"{listed(wanted, 10)}. Give all the same ones in the same order, as in frame[columns]."
            )


def is_frame(given: Any) -> bool:
    """Say whether this is a frame of pandas or polars."""
    return hasattr(given, "columns") and hasattr(given, "to_numpy")


def _series(given: Any, case: int, where: str) -> np.ndarray:
    try:
        return np.asarray(as_array(given))
    except ValueError as error:
        raise ValueError(
            f"{where}: X cannot be made numbers in case {case} ({error}). Give an array (time, channels)."
        ) from error


def refuse_objects(x: np.ndarray, series: list[np.ndarray], where: str) -> None:
    """Raise ValueError unless each object of an array is a series."""
    for case, inner in enumerate(series):
        if x.ndim != 1 or inner.dtype == object or not inner.ndim:
            value = inner.ravel()[0] if inner.size else inner
            hint = " Make them numbers, as with X.astype(float)." if isinstance(value, Real) else ""
            raise ValueError(
                f"{where}: X holds Python objects: case {case} holds a {type(value).__name__}, {value!r:.40}."
                f" Each case must be an array (time, channels) of numbers.{hint}"
            )


def padded(series: Sequence[np.ndarray], where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return series (time, channels) as (cases, time, channels) float32, and their lengths, (cases,) int32.

    Zeros stand before the shorter ones, so that the last step of each is its newest.
    Raises ValueError, with the case, for series of other axes or channels, without a step, or that hold what
    is no finite number; and where the zeros would be a hundred times what was given.

    >>> x, lengths = padded([np.ones((1, 1)), np.ones((3, 1))], "cases")
    >>> x[:, :, 0].tolist(), lengths.tolist()
    ([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]], [1, 3])
    """
    taken = [_checked(each, case, where) for case, each in enumerate(series)]
    for case, each in enumerate(taken):
        if each.shape[1] != taken[0].shape[1]:
            raise ValueError(
                f"{where}: case {case} has {each.shape[1]} channels, but case 0 has {taken[0].shape[1]}. "
                "Give series (time, channels); where they are (channels, time), say layout='channels_first'."
            )
    lengths = np.array([len(each) for each in taken], dtype=np.int32)
    shape = (len(taken), int(lengths.max()), taken[0].shape[1])
    try:
        refuse_expansion(4 * int(np.prod(shape, dtype=object)), sum(each.nbytes for each in taken))
    except ValueError as error:
        raise ValueError(
            f"{where}: case {int(lengths.argmax())} is so long that zeros before the others cannot be held "
            f"({error}). Cut it, or leave it out."
        ) from error
    x = np.zeros(shape, dtype=np.float32)
    for case, each in enumerate(taken):
        x[case, -len(each) :] = each
    return x, lengths


def _checked(given: np.ndarray, case: int, where: str) -> np.ndarray:
    """Return one series as (time, channels) float32."""
    refuse_kind(given, f"{where}: case {case} of X")
    try:
        series = given.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: X cannot be made numbers in case {case} ({error}).") from error
    series = series[:, None] if series.ndim == 1 else series
    if series.ndim != 2 or 0 in series.shape:
        dict_of = "Several inputs are a dict, by the names of the model's inputs."
        hint = dict_of if series.ndim > 2 else "Leave out cases without a step."
        raise ValueError(
            f"{where}: case {case} of X has shape {given.shape}, but needs (time, channels), or (time,) for "
            f"one channel, with at least one of each. {hint}"
        )
    if not np.isfinite(series).all():
        at = tuple(int(place) for place in np.argwhere(~np.isfinite(series))[0])
        raise ValueError(
            f"{where}: case {case} of X is {series[at]} at step {at[0]}, channel {at[1]} (from 0). Fill it, "
            "or leave the case out."
        )
    return series


MOST_WHOLE = 2**53
"""Whole numbers up to it a float holds, each by itself."""


def refuse_kind(values: np.ndarray, name: str) -> None:
    """Raise ValueError for complex numbers and dates, and for whole numbers that a float cannot hold.

    >>> refuse_kind(np.array([2**53 + 1]), "cases: y")
    Traceback (most recent call last):
    ValueError: cases: y holds 9007199254740993, beyond 2**53, which a float cannot hold. Give smaller
    numbers.
    """
    if values.dtype.kind in "cmM":
        raise ValueError(f"{name} is of type {values.dtype}. Give real numbers.")
    refuse_large(values, name)


def refuse_large(values: np.ndarray, name: str) -> None:
    """Raise ValueError for the first whole number that a float cannot hold."""
    if values.dtype.kind not in "iuO":
        return
    if values.dtype.kind == "O":  # whole numbers of Python beyond 64 bits
        beyond = [isinstance(each, int) and abs(each) > MOST_WHOLE for each in values.ravel()]
        large = np.array(beyond, dtype=bool).reshape(values.shape)
    else:
        large = (values > MOST_WHOLE) | (values < -MOST_WHOLE)
    if large.any():
        case = f", in case {int(np.argwhere(large)[0][0])}" if values.ndim and len(values) > 1 else ""
        raise ValueError(
            f"{name} holds {values[large][0]}{case}, beyond 2**53, which a float cannot hold. "
            "Give smaller numbers."
        )
