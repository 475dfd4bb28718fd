"""Digests: what is made of each step's tensors before they leave the loop over time.

A gradient is digested where it arises, in the backward pass: what a look keeps of a step does not grow with
the cases, and neither does what the loop holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from normcast.probes.trace import ENDS, SQUASHED, SUMS

Key = tuple[str, str]  # the place, "lstm_1", and the name of a tensor there, "f"
OPEN = 0.99  # above which a gate is open


class Values:
    """All values, as they are: (batch, width) at each step."""

    def gradient(self, batch: int, width: int) -> tuple[int, int]:
        """Return the shape of what is kept of a gradient at one step."""
        return batch, width

    def dtype(self, dtype: str) -> str:
        """Return in which precision tensors of that precision are kept."""
        return dtype

    def probes(self, given: dict[Key, Any], widths: dict[Key, int], batch: int, valid: Any) -> dict[Key, Any]:
        """Return the probes of one step, (batch, width): zeros whose gradients come out as digested.

        given: those that the loop brought, in the shape of `gradient`. valid: (batch, 1), or None.
        """
        return given

    def kept(self, values: dict[Key, Any], valid: Any, gates: set[Key], dtype: str) -> dict[Key, Any]:
        """Return what is kept of one step's values, (batch, width) each; gates: which of them are gates."""
        return {key: ops.cast(value, dtype) for key, value in values.items()}

    def rows(self, batch: int, is_gate: bool) -> int:
        """Return how many rows are kept of a value at one step."""
        return batch

    def over_slices(self, shape: tuple[int, ...], count: int, axis: int) -> tuple[int, ...]:
        """Return the shape of a probe of so many slices. shape: of one; axis: that of its cases."""
        return (*shape[:axis], shape[axis] * count, *shape[axis + 1 :])

    def slice_of(self, probe: Any, number: int, count: int, axis: int) -> Any:
        """Return a slice's part of the probe of all."""
        return probe[(slice(None),) * axis + (slice(number, None, count),)]

    def joined(self, slices: list[Any], is_gate: bool) -> Any:
        """Return what was kept of slices of each case, (time, rows, width), as that of cases that follow one
        another.
        """
        return side_by_side(slices)


class Nothing(Values):
    """No values: what comes of the last step, or of other layers, is all that is asked for."""

    def kept(self, values: dict[Key, Any], valid: Any, gates: set[Key], dtype: str) -> dict[Key, Any]:
        """Return nothing."""
        return {}

    def rows(self, batch: int, is_gate: bool) -> int:
        """Return that there are none."""
        return 0


class Norms(Nothing):
    """The Euclidean norm of each case's gradient: (batch, 1), in single precision at least."""

    def gradient(self, batch: int, width: int) -> tuple[int, int]:
        """Return the shape of what is kept of a gradient at one step."""
        return batch, 1

    def dtype(self, dtype: str) -> str:
        """Return in which precision norms are kept: of half's largest values they would be infinite."""
        return wide(dtype)

    def probes(self, given: dict[Key, Any], widths: dict[Key, int], batch: int, valid: Any) -> dict[Key, Any]:
        """Return zeros whose gradients come out as norms."""
        return {
            key: _tapped(ops.zeros((batch, widths[key]), probe.dtype), probe, _norms)
            for key, probe in given.items()
        }


@dataclass(frozen=True)
class Sums(Values):
    """Sums over the batch by unit, SUMS and of gates ENDS, with the values of the first `keep` cases behind.

    (rows, width) at each step, in single precision at least.
    """

    keep: int

    def gradient(self, batch: int, width: int) -> tuple[int, int]:
        """Return the shape of what is kept of a gradient at one step."""
        return self.rows(batch, is_gate=False), width

    def dtype(self, dtype: str) -> str:
        """Return in which precision is summed."""
        return wide(dtype)

    def rows(self, batch: int, is_gate: bool) -> int:
        """Return how many rows are kept of a value at one step."""
        return len(SUMS) + is_gate * len(ENDS) + min(self.keep, batch)

    def probes(self, given: dict[Key, Any], widths: dict[Key, int], batch: int, valid: Any) -> dict[Key, Any]:
        """Return zeros whose gradients come out summed."""
        if not given:
            return {}
        joined = ops.concatenate(list(given.values()), axis=-1)  # (rows, all widths)
        zeros = ops.zeros((batch, joined.shape[-1]), joined.dtype)
        zeros = _tapped(zeros, joined, self.of, valid)
        return dict(zip(given, _apart(zeros, [widths[key] for key in given]), strict=True))

    def kept(self, values: dict[Key, Any], valid: Any, gates: set[Key], dtype: str) -> dict[Key, Any]:
        """Return the sums of one step's values; all gates are summed at once, and all others."""
        found: dict[Key, Any] = {}
        for of_gates in (True, False):
            keys = [key for key in values if (key in gates) == of_gates]
            if not keys:
                continue
            widths = [int(values[key].shape[-1]) for key in keys]
            joined = ops.concatenate([ops.cast(values[key], self.dtype(dtype)) for key in keys], axis=-1)
            floors = [floor_of(key[1]) for key in keys]
            sums = self.of(joined, valid, np.repeat(floors, widths) if of_gates else None)
            found.update(zip(keys, _apart(sums, widths), strict=True))
        return found

    def over_slices(self, shape: tuple[int, ...], count: int, axis: int) -> tuple[int, ...]:
        """Return the shape of a probe of so many slices: they have sums of their own."""
        return count, *shape

    def slice_of(self, probe: Any, number: int, count: int, axis: int) -> Any:
        """Return a slice's part of the probe of all."""
        return probe[number]

    def joined(self, slices: list[Any], is_gate: bool) -> Any:
        """Return the sums over slices of each case, and the values that were kept of them."""
        names = (*SUMS, *ENDS) if is_gate else SUMS
        stacked = ops.stack([each[:, : len(names)] for each in slices])  # (slice, time, row, width)
        joins = {"least": ops.min, "most": ops.max, "size": norm_over}
        sums = [joins.get(name, ops.sum)(stacked[:, :, row], axis=0) for row, name in enumerate(names)]
        kept = side_by_side([each[:, len(names) :] for each in slices])
        return ops.concatenate([ops.stack(sums, axis=1), kept], axis=1)

    def through(self, sequences: Any, probe: Any, valid: Any) -> Any:
        """Return sequences, (batch, time, features), whose gradient comes out summed: (time, rows, features).

        valid: (time, batch, 1), or None.
        """

        def digest(slope: Any, valid: Any) -> Any:
            return self.of(ops.swapaxes(slope, 0, 1), valid)

        return _tapped(sequences, probe, digest, valid)

    def of(self, value: Any, valid: Any = None, floors: np.ndarray | None = None) -> Any:
        """Return the sums over the batch. value: (..., batch, width); floors: of gates, (width,)."""
        value = widened(value)
        alive, least, most = (
            value if valid is None else ops.where(valid, value, ops.full_like(value, fill))
            for fill in (0, np.inf, -np.inf)
        )
        rows = [
            ops.sum(alive, axis=-2),
            norm_over(alive, axis=-2),
            ops.min(least, axis=-2),
            ops.max(most, axis=-2),
            _counted(ops.logical_not(ops.isfinite(alive)), value.dtype),
        ]
        if floors is not None:
            floors = ops.convert_to_tensor(floors.astype(keras.backend.standardize_dtype(value.dtype)))
            rows += [_counted(least < floors, value.dtype), _counted(most > OPEN, value.dtype)]
        return ops.concatenate([ops.stack(rows, axis=-2), value[..., : self.keep, :]], axis=-2)


def floor_of(gate: str) -> float:
    """Return below which value a gate is shut."""
    return -0.99 if gate in SQUASHED else 0.01


def wide(dtype: str) -> str:
    """Return the precision that numbers of another are added up in: single, or double as it is."""
    return "float64" if dtype == "float64" else "float32"


def widened(value: Any) -> Any:
    """Return a tensor in single precision at least."""
    return ops.cast(value, wide(keras.backend.standardize_dtype(value.dtype)))


def _counted(claims: Any, dtype: Any) -> Any:
    return ops.sum(ops.cast(claims, dtype), axis=-2)


def _apart(joined: Any, widths: list[int]) -> list[Any]:
    """Return the columns of each of those that were joined."""
    return ops.split(joined, np.cumsum(widths[:-1]).tolist(), axis=-1) if len(widths) > 1 else [joined]


def _tapped(value: Any, probe: Any, digest: Callable[[Any, Any], Any], valid: Any = None) -> Any:
    """Return the value as it is; the gradient of the probe is the digest of the value's gradient.

    digest: of the gradient and of `valid`, which is None or a tensor of truths.
    """
    # The backward pass may close over nothing of the step that goes on, so truths are passed as numbers.
    counts = () if valid is None else (ops.cast(valid, value.dtype),)

    @ops.custom_gradient
    def passed(value: Any, probe: Any, *counts: Any) -> Any:
        def gradient(*given: Any, upstream: Any = None) -> tuple[Any, ...]:
            slope = given[0] if upstream is None else upstream
            alive = counts[0] > 0 if counts else None
            return slope, ops.cast(digest(slope, alive), probe.dtype), *map(ops.zeros_like, counts)

        return value + ops.zeros((), value.dtype), gradient

    return passed(value, probe, *counts)


def _norms(values: Any, _: Any = None) -> Any:
    """Return the Euclidean norm over the last axis, (..., 1)."""
    return ops.expand_dims(norm_over(values, axis=-1), -1)


def norm_over(values: Any, axis: int | tuple[int, ...]) -> Any:
    """Return the Euclidean norm over axes, in single precision at least.

    Values are scaled first, so that no square underflows or overflows.

    >>> float(norm_over(np.full(4, 6e4, "float16"), axis=0))
    120000.0
    """
    values = widened(values)
    largest = ops.max(ops.abs(values), axis=axis, keepdims=True)
    scaled = values / ops.where(largest > 0, largest, ops.ones_like(largest))
    length = largest * ops.sqrt(ops.sum(ops.square(scaled), axis=axis, keepdims=True))
    return ops.squeeze(ops.where(ops.isfinite(largest), length, largest), axis)


def side_by_side(slices: list[Any]) -> Any:
    """Return slices of each case as cases that follow one another, (time, batch * slices, units)."""
    stacked = ops.stack(slices, axis=2)
    return ops.reshape(stacked, (stacked.shape[0], -1, *stacked.shape[3:]))
