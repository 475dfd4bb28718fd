"""Taps: which positions along an axis each output position of a layer reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

LARGEST = 4_000_000
"""How many readings a table may hold; a layer of more counts as one that is not known."""


@dataclass(frozen=True, eq=False)
class Taps:
    """table: (outputs, readings), the input position of each reading, -1 for none.

    stride: input steps per output step. left: input steps behind the end of the last output's block; negative
    where that block reaches beyond the input.
    """

    table: np.ndarray
    stride: Fraction = Fraction(1)
    left: Fraction = Fraction(0)

    def latest(self, seen: np.ndarray, axis: int) -> np.ndarray:
        """Return the latest of what each output reads; seen: of each input along the axis, -1 for nothing."""
        along = np.moveaxis(seen, axis, 0)
        along = np.concatenate([along, np.full_like(along[:1], -1)])  # where -1 reads
        return np.moveaxis(along[self.table].max(axis=1), 0, axis)


def _made(table: np.ndarray, length: int, stride: int | Fraction = 1, left: int | Fraction = 0) -> Taps:
    return Taps(np.where((table < 0) | (table >= length), -1, table), Fraction(stride), Fraction(left))


def _refuse_large(outputs: int, readings: int) -> None:
    if outputs < 1 or outputs * readings > LARGEST:
        raise ValueError(f"Taps: {outputs} outputs with {readings} readings each are not looked at.")


@lru_cache(16)
def windows(length: int, size: int, stride: int = 1, dilation: int = 1, padding: str = "valid") -> Taps:
    """Return the taps of a convolution or a pooling.

    Padding "valid" ends at the newest step read, "same" and "causal" have blocks of `stride` steps.

    >>> windows(4, 3, padding="same").table.tolist()
    [[-1, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, -1]]
    """
    reach = (size - 1) * dilation
    if padding == "valid":
        outputs, before = (length - reach - 1) // stride + 1, 0
    elif padding == "causal":
        outputs, before = (length - 1) // stride + 1, reach
    else:
        outputs = -(-length // stride)
        before = max((outputs - 1) * stride + reach + 1 - length, 0) // 2
    _refuse_large(outputs, size)
    table = np.arange(outputs)[:, None] * stride + np.arange(size) * dilation - before
    left = length - 1 - int(table[-1, -1]) if padding == "valid" else length - outputs * stride
    return _made(table, length, stride, left)


@lru_cache(16)
def transposed(
    length: int, size: int, stride: int, dilation: int, padding: str, more: int | None = None
) -> Taps:
    """Return the taps of a transposed convolution; more: its output_padding.

    >>> transposed(2, 2, 2, 1, "same").table.tolist()
    [[-1, 0], [0, -1], [-1, 1], [1, -1]]
    """
    reach = (size - 1) * dilation
    if padding == "valid":
        ends = reach, reach + (max(reach + 1, stride) - reach - 1 if more is None else more)
    else:
        total = stride + reach - 1 if more is None else reach + 1 + (reach + 1) % 2 - 2 + more
        ends = min(total // 2 + total % 2, reach), 0
        ends = ends[0], total - ends[0]
    outputs = (length - 1) * stride + 1 + sum(ends) - reach
    _refuse_large(outputs, size)
    spread = np.arange(outputs)[:, None] + np.arange(size) * dilation - ends[0]
    table = np.where(spread % stride == 0, spread // stride, -1)
    return _made(table, length, Fraction(1, stride), Fraction(length * stride - outputs, stride))


REACH = {"nearest": (0, 0), "bilinear": (0, 1), "bicubic": (-1, 2), "lanczos3": (-2, 3), "lanczos5": (-4, 5)}


@lru_cache(16)
def repeated(length: int, times: int, how: str = "nearest") -> Taps:
    """Return the taps of an upsampling; how: its interpolation.

    >>> repeated(2, 2).table.ravel().tolist()
    [0, 0, 1, 1]
    """
    places = np.arange(length * times)
    if how == "nearest":
        return _made(places[:, None] // times, length, Fraction(1, times))
    low, high = REACH[how]
    middle = (2 * places + 1 - times) / (2 * times)  # the position of each output among the inputs
    table = np.floor(middle)[:, None].astype(int) + np.arange(low, high + 1)
    table = np.where((middle % 1 == 0)[:, None] & (table != middle[:, None]), -1, table)
    return _made(table, length, Fraction(1, times))


def padded(length: int, before: int, after: int) -> Taps:
    """Return the taps of padding an axis with so many positions on both sides, or of cropping, where
    negative.
    """
    _refuse_large(length + before + after, 1)
    return _made(np.arange(-before, length + after)[:, None], length, 1, -after)


def filled(length: int, before: int, after: int, mode: str) -> Taps:
    """Return the taps of padding an axis as `numpy.pad` does: with a constant, or with its own values.

    >>> filled(3, 0, 1, "edge").table.ravel().tolist(), filled(3, 1, 0, "constant").table.ravel().tolist()
    ([0, 1, 2, 2], [-1, 0, 1, 2])
    """
    if mode == "constant":
        return padded(length, before, after)
    _refuse_large(length + before + after, 1)
    places = np.pad(np.arange(length), (before, after), mode=mode)  # type: ignore[call-overload]
    return _made(places[:, None], length, 1, -after)


def sliced(length: int, part: slice) -> Taps:
    """Return the taps of a slice of an axis."""
    places = np.arange(length)[part]
    _refuse_large(len(places), 1)
    stride = abs(part.step or 1)
    return _made(places[:, None], length, stride, length - 1 - int(places.max()))


def rolled(length: int, shift: int) -> Taps:
    """Return the taps of shifting an axis in a circle."""
    return _made((np.arange(length)[:, None] - shift) % length, length)


@lru_cache(16)
def adaptive(length: int, outputs: int) -> Taps:
    """Return the taps of pooling an axis to a given length, in parts that are as equal as can be."""
    starts = [i * length // outputs for i in range(outputs)]
    ends = [math.ceil((i + 1) * length / outputs) for i in range(outputs)]
    widest = max(end - start for start, end in zip(starts, ends, strict=True))
    _refuse_large(outputs, widest)
    table = np.array([[min(a + k, b - 1) for k in range(widest)] for a, b in zip(starts, ends, strict=True)])
    return _made(table, length, Fraction(length, outputs))


@lru_cache(16)
def grouped(inputs: int, outputs: int, groups: int) -> Taps:
    """Return the taps of channels in groups, each output reading the inputs of its own group."""
    width = inputs // groups
    table = (np.arange(outputs) // (outputs // groups))[:, None] * width + np.arange(width)
    return _made(table, inputs, Fraction(inputs, outputs))
