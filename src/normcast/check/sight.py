"""Sight: the latest step of an input that each position of a tensor can see, and where its time axis is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import prod

import numpy as np

from normcast.check.taps import Taps

LARGEST = 4_000_000
"""How many positions a tensor may have to be looked at one by one."""
NOTHING = -1


@dataclass(frozen=True)
class Line:
    """The axis of a tensor that is the input's time.

    axis: counted without the batch; rate: input steps per step; cut: how many steps (of the tensor's) lie
    between its last step and the end of the window, negative where it reaches beyond. mixed: whether all
    steps went into each, as through a Dense over time, so that it is time only where it has the input's
    length.
    """

    axis: int
    rate: Fraction = Fraction(1)
    cut: Fraction = Fraction(0)
    mixed: bool = False

    def through(self, taps: Taps) -> Line:
        """Return the line behind a layer that reads along it."""
        return replace(self, rate=self.rate * taps.stride, cut=(self.cut + taps.left) / taps.stride)

    def to_length(self, before: int, after: int, *, mixed: bool) -> Line:
        """Return the line where the same stretch of time has another number of steps."""
        factor = Fraction(after, before)
        return replace(self, rate=self.rate / factor, cut=self.cut * factor, mixed=self.mixed or mixed)

    def stamps(self, length: int, steps: int) -> np.ndarray:
        """Return, of each of `length` steps, the newest input step that it may see, of `steps` in all.

        As many steps as the input has are its own; others are aligned at their end.

        >>> Line(0, Fraction(2)).stamps(3, 6)
        array([1, 3, 5])
        """
        return _stamps(self.rate, self.cut, length, steps)


@lru_cache(1024)
def _stamps(rate: Fraction, cut: Fraction, length: int, steps: int) -> np.ndarray:
    if length == steps:
        return np.arange(steps)
    (a, b), (p, q) = cut.as_integer_ratio(), rate.as_integer_ratio()
    behind = a + b * np.arange(length - 1, -1, -1)
    return steps - 1 - (behind * p) // (b * q)


@dataclass(frozen=True, eq=False)
class Sight:
    """Of one tensor: its shape without the batch, the latest step seen, and the line of time.

    latest: broadcasts to the shape, of length 1 along axes where it is the same everywhere; NOTHING where
    nothing is seen, or nothing is known to be. line: None where no axis is the input's time.
    """

    shape: tuple[int, ...]
    latest: np.ndarray
    line: Line | None = None

    @classmethod
    def blind(cls, shape: Sequence[int], line: Line | None = None) -> Sight:
        """Return what sees nothing, or is not known."""
        return cls(tuple(shape), np.full((1,) * len(shape), NOTHING), line)

    @property
    def length(self) -> int:
        """The number of steps along the line."""
        return self.shape[self.line.axis] if self.line else 0

    def is_per_step(self, steps: int) -> bool:
        """Whether it has a step for each of the input's, or for some of them."""
        return self.line is not None and (not self.line.mixed or self.length == steps)

    def ahead(self, steps: int) -> int:
        """Return by how many steps of the input some position sees too much; 0 where none does."""
        if self.line is None or self.length < 1:
            return 0
        return max(0, int((self.latest - self._allowed(steps)).max()))

    def healed(self, steps: int) -> Sight:
        """Return the sight without what each position sees too much."""
        return replace(self, latest=np.minimum(self.latest, self._allowed(steps)))

    def _allowed(self, steps: int) -> np.ndarray:
        assert self.line is not None
        along = [1] * len(self.shape)
        along[self.line.axis] = self.length
        return self.line.stamps(self.length, steps).reshape(along)

    def full(self, *axes: int) -> np.ndarray:
        """Return the latest steps with these axes at their whole length, all of them if none is named."""
        axes = axes or tuple(range(len(self.shape)))
        wanted = [*self.latest.shape]
        for axis in axes:
            wanted[axis] = self.shape[axis]
        if prod(wanted) > LARGEST:
            raise ValueError(f"Sight: a tensor of shape {self.shape} is too large to look at.")
        return np.broadcast_to(self.latest, wanted)

    def read(self, axis: int, taps: Taps) -> Sight:
        """Return what a layer sees that reads along an axis, counted from the end."""
        shape = [*self.shape]
        shape[axis] = len(taps.table)
        seen = self.latest
        if seen.shape[axis] > 1 or (taps.table < 0).all(axis=1).any():
            seen = taps.latest(self.full(axis), axis)
        line = self.line
        if line is not None and line.axis == axis % len(shape):
            line = line.through(taps)
        return Sight(tuple(shape), seen, line)

    def mixed(self, axes: Iterable[int]) -> Sight:
        """Return what sees all along these axes, whose lengths stay."""
        axes = tuple(axes)
        return replace(self, latest=self.latest.max(axis=axes, keepdims=True) if axes else self.latest)

    def across(self, axis: int, units: int) -> Sight:
        """Return what sees all along an axis and has other units there, as behind a Dense."""
        shape, line = [*self.shape], self.line
        before, shape[axis] = shape[axis], units
        if line is not None and line.axis == axis % len(shape):
            line = line.to_length(before, units, mixed=True)
        return Sight(tuple(shape), self.latest.max(axis=axis, keepdims=True), line)

    def running(self, axis: int) -> Sight:
        """Return what sees all up to its own position along an axis."""
        return replace(self, latest=np.maximum.accumulate(self.latest, axis=axis))

    def without(self, axes: Iterable[int]) -> Sight:
        """Return what sees all along these axes, which go."""
        gone = {axis % len(self.shape) for axis in axes}
        shape = tuple(n for i, n in enumerate(self.shape) if i not in gone)
        latest = self.latest.max(axis=tuple(gone)) if gone else self.latest
        line = self.line
        if line is not None:
            after = line.axis - sum(axis < line.axis for axis in gone)
            line = None if line.axis in gone else replace(line, axis=after)
        return Sight(shape, latest, line)

    def gone(self, axes: Iterable[int], *, kept: bool) -> Sight:
        """Return what sees all along these axes; kept: whether they stay, of length 1, and are no line."""
        places = sorted(axis % len(self.shape) for axis in axes)
        seen = self.without(places)
        for place in places if kept else ():
            seen = seen.with_axis(place)
        return seen

    def with_axis(self, axis: int, length: int = 1) -> Sight:
        """Return the sight with a new axis at this place, counted from the front."""
        line = self.line
        if line is not None and line.axis >= axis:
            line = replace(line, axis=line.axis + 1)
        shape = (*self.shape[:axis], length, *self.shape[axis:])
        return Sight(shape, np.expand_dims(self.latest, axis), line)

    def ordered(self, axes: Sequence[int]) -> Sight:
        """Return the sight with its axes in another order."""
        line = None if self.line is None else replace(self.line, axis=list(axes).index(self.line.axis))
        return Sight(tuple(self.shape[a] for a in axes), self.latest.transpose(axes), line)

    def reshaped(self, shape: Sequence[int]) -> Sight:
        """Return the sight in another shape of as many positions."""
        shape, line = tuple(shape), self.line
        if line is not None:
            line = _line_in(shape, self.shape, line)
        constant = all(n == 1 for n in self.latest.shape)
        latest = self.latest.reshape((1,) * len(shape)) if constant else self.full().reshape(shape)
        return Sight(shape, collapsed(latest), line)

    def emptied(self) -> Sight:
        """Return the same of a tensor that sees nothing."""
        return replace(self, latest=np.full((1,) * len(self.shape), NOTHING))

    def without_line(self) -> Sight:
        """Return the same of a tensor that has no axis of time."""
        return replace(self, line=None)


def _line_in(shape: tuple[int, ...], before: tuple[int, ...], line: Line) -> Line | None:
    """Return the line after a reshape: the axis that begins where the old one began."""
    start, length = prod(before[: line.axis]), before[line.axis]
    found = [axis for axis in range(len(shape)) if prod(shape[:axis]) == start and shape[axis] > 1]
    if not found:
        return None
    return replace(line, axis=found[0]).to_length(length, shape[found[0]], mixed=False)


def collapsed(latest: np.ndarray) -> np.ndarray:
    """Return the array with length 1 along the axes where it is the same everywhere."""
    for axis in range(latest.ndim):
        first = latest.take([0], axis=axis)
        if latest.shape[axis] > 1 and (latest == first).all():
            latest = first
    return latest


def joined(sights: Sequence[Sight], shape: Sequence[int]) -> Sight:
    """Return what sees all that stands at the same place in several tensors, of axes of one number."""
    latest = sights[0].latest
    for sight in sights[1:]:
        latest = np.maximum(latest, sight.latest)
    return Sight(tuple(shape), latest, common_line(sights))


def common_line(sights: Iterable[Sight]) -> Line | None:
    """Return the line that several tensors have in common, None where their axes differ.

    Of tensors whose ends differ it is the later one.
    """
    lines = [sight.line for sight in sights if sight.line is not None]
    return (
        min(lines, key=lambda line: line.cut) if lines and len({line.axis for line in lines}) == 1 else None
    )


def chained(sights: Sequence[Sight], axis: int) -> Sight:
    """Return what stands one behind the other along an axis, counted from the front."""
    length = sum(sight.shape[axis] for sight in sights)
    sizes = [max(sight.latest.shape[i] for sight in sights) for i in range(len(sights[0].shape))]
    parts = []
    for sight in sights:
        wanted = [*sizes]
        wanted[axis] = sight.shape[axis]
        parts.append(np.broadcast_to(sight.latest, wanted))
    shape = [*sights[0].shape]
    shape[axis] = length
    if prod(max(n, 1) for n in sizes) * length > LARGEST:
        raise ValueError(f"Sight: tensors that make up {tuple(shape)} are too large to look at.")
    line = common_line(sights)
    if line is not None and line.axis == axis:
        behind = 0
        for sight in reversed(sights):
            if sight.line is not None:
                line = replace(sight.line, cut=sight.line.cut - behind)
                break
            behind += sight.shape[axis]
    return Sight(tuple(shape), collapsed(np.concatenate(parts, axis=axis)), line)
