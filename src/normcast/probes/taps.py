"""Taps: what one run of an opened model adds to tensors inside its layers, and what it reads there.

A probe is a tensor of zeros that is added where a gradient is wanted: the gradient of the loss with respect
to the probe is that with respect to what it was added to. Nothing else in a layer changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from normcast.probes.digest import Key, Sums, Values, side_by_side
from normcast.probes.sliced import Join, Make, Slices

_active: ContextVar[Taps | None] = ContextVar("taps", default=None)


@dataclass(frozen=True)
class Part:
    """One cell of a recurrent layer: its place, the names of its gates and states, and its width."""

    place: str
    gates: tuple[str, ...]
    states: tuple[str, ...]
    units: tuple[int, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """The width of each tensor that is read at each step."""
        return {**dict.fromkeys(self.gates, self.units[0]), **dict(zip(self.states, self.units, strict=True))}


@dataclass(eq=False)
class Taps:
    """What one run adds and reads.

    make: returns the probe of that key, shape and dtype, or None where no gradient is wanted. apart: cut each
    layer off from what is in front of it, and gather in `ends` what its last states come to. digest: what is
    made of each step. Inside TimeDistributed each slice of each case is a case: their probes are parts of
    one, and what is read of them is put together.
    """

    make: Make
    names: dict[int, str]
    apart: bool = False
    digest: Values = field(default_factory=Values)
    seen: dict[Key, Any] = field(default_factory=dict)
    plain: dict[Key, Any] = field(default_factory=dict)
    ends: list[Any] = field(default_factory=list)
    open_calls: list[Call] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    called: list[str] = field(default_factory=list)
    slices: Slices = field(default_factory=Slices)
    sliced: dict[str, int] = field(default_factory=dict)  # slices of each case, by the place of a call
    gates: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by place
    # Cells by place: the layer, the cell's number there, the place of the call.
    parts: dict[str, tuple[Any, int, str]] = field(default_factory=dict)

    @contextmanager
    def running(self) -> Iterator[Taps]:
        """Let the opened layers that run in this block find these taps."""
        token = _active.set(self)
        try:
            yield self
        finally:
            _active.reset(token)

    @contextmanager
    def calling(self, layer: Any, parts_of: Callable[[Any, str], tuple[Part, ...]]) -> Iterator[Call]:
        """Note a call of a recurrent layer while the block runs it; parts_of: its cells at a place."""
        place = self.place_of(layer)
        self.open_calls.append(Call(self, layer, parts_of(layer, place), place))
        try:
            yield self.open_calls[-1]
        finally:
            self.open_calls.pop()

    def place_of(self, layer: Any) -> str:
        """Return the name of this call of a layer: its path, and which call it is from the second on."""
        name = self.names.get(id(layer), layer.name)
        self.calls[name] += 1
        place = name if self.calls[name] == 1 else f"{name} (call {self.calls[name]})"
        number, count = self.slices.now
        if number == 0:
            self.called.append(place)
        if count > 1:
            self.sliced[place] = count
        return place

    def probed(self, key: Key, value: Any) -> Any:
        """Return the value with its probe added. value: (batch, ...)."""
        probe = self.probe(key, tuple(value.shape), keras.backend.standardize_dtype(value.dtype), axis=0)
        return value if probe is None else value + probe

    def probe(self, key: Key, shape: tuple[int, ...], dtype: str, axis: int) -> Any:
        """Return the probe of that key, in slices this slice's part of it. axis: of the cases."""
        return self.slices.probe(self.make, self.digest, key, (shape, dtype, axis))

    def see(self, key: Key, value: Any, is_gate: bool) -> None:
        """Keep what a tensor came to at all steps, (time, rows, units)."""
        self.slices.gather(self.seen, key, value, partial(self.digest.joined, is_gate=is_gate))

    def note(self, key: Key, value: Any) -> None:
        """Keep something plain: which steps are valid, (time, batch, 1), or a moment without cases."""
        least, most, mean = (partial(_over, join) for join in (ops.min, ops.max, ops.mean))
        joins: dict[str, Join] = {"valid": side_by_side, "low": least, "high": most}
        self.slices.gather(self.plain, key, value, joins.get(key[1].split()[-1], mean))

    @contextmanager
    def slicing(self, which: int, many: int) -> Iterator[None]:
        """Say which slice of each case the block runs."""
        calls = self.calls.copy()
        with self.slices.running(which, many):
            yield
        if which < many - 1:
            self.calls = calls  # the next slice is no other call


def active() -> Taps | None:
    """Return the taps of the run that is going on, None outside of one."""
    return _active.get()


def current() -> Call | None:
    """Return the call of a recurrent layer that is going on, None outside of one."""
    taps = _active.get()
    return taps.open_calls[-1] if taps is not None and taps.open_calls else None


@dataclass(eq=False)
class Call:
    """One call of a recurrent layer: a loop over time in which its cells are looked at.

    Tensors are (time, batch, units), in the order of the input's steps, also where a layer goes backwards.
    """

    taps: Taps
    layer: Any
    parts: tuple[Part, ...]
    place: str
    now: dict[Key, Any] | None = None
    kept: dict[Key, Any] = field(default_factory=dict)
    upcoming: dict[str, Iterator[str]] = field(default_factory=dict)  # gates, by the activation's name
    cell: Any = None  # the one that steps
    valid: Any = None  # (batch, 1) at the step that goes on
    ends_alone: bool = False  # whether the output of the last step is all that leaves the layer

    def input(self, sequences: Any, mask: Any) -> Any:
        """Return the layer's input, (batch, time, features), with its probe."""
        if self.taps.apart:
            return ops.stop_gradient(sequences)
        digest, key = self.taps.digest, (self.place, "x")
        if not isinstance(digest, Sums):
            return self.taps.probed(key, sequences)
        batch, steps, width = sequences.shape
        dtype = digest.dtype(keras.backend.standardize_dtype(sequences.dtype))
        probe = self.taps.probe(key, (steps, *digest.gradient(batch, width)), dtype, axis=1)
        return sequences if probe is None else digest.through(sequences, probe, time_major(mask))

    def probes(self, like: Any) -> dict[Key, Any]:
        """Return the probes of all steps. like: (time, batch, ...)."""
        steps, batch = like.shape[0], like.shape[1]
        dtype = self.taps.digest.dtype(keras.backend.standardize_dtype(like.dtype))
        found = {}
        for part in self.parts:
            for name, width in part.sizes.items():
                if self.taps.apart and name in part.gates:
                    continue
                shape = (steps, *self.taps.digest.gradient(batch, width))
                probe = self.taps.probe((part.place, name), shape, dtype, axis=1)
                if probe is not None:
                    found[part.place, name] = self._in_order(probe)
        return found

    def blank(self, like: Any) -> dict[Key, Any]:
        """Return zeros in the shapes of what one step keeps. like: (batch, ...)."""
        digest, dtype = self.taps.digest, keras.backend.standardize_dtype(like.dtype)
        rows = {key: digest.rows(like.shape[0], key in self.gates) for key in self.widths}
        return {
            key: ops.zeros((rows[key], width), digest.dtype(dtype))
            for key, width in self.widths.items()
            if rows[key]
        }

    @property
    def widths(self) -> dict[Key, int]:
        """The width of all that is read."""
        return {(part.place, name): width for part in self.parts for name, width in part.sizes.items()}

    @property
    def gates(self) -> set[Key]:
        """What of it is a gate."""
        return {(part.place, gate) for part in self.parts for gate in part.gates}

    def begin(self, now: dict[str, Any]) -> None:
        """Start a step. now: its `x`, (batch, features), its `probes`, and where it counts, `valid`."""
        self.valid, self.kept = now.get("valid"), {}
        self.now = self.taps.digest.probes(now["probes"], self.widths, now["x"].shape[0], self.valid)

    def stepping(self) -> bool:
        """Whether a step is going on: Keras calls cells outside of the loop, too, to draw dropout masks."""
        return self.now is not None

    def end(self, like: Any) -> dict[Key, Any]:
        """End a step, and return what is kept of it. like: a tensor in the precision of the values."""
        values, self.now = self.kept, None
        dtype = keras.backend.standardize_dtype(like.dtype)
        return self.taps.digest.kept(values, self.valid, self.gates, dtype)

    def gate(self, part: Part, name: str, before: Any, activation: Callable[[Any], Any]) -> Any:
        """Return the activation of what goes into a gate, and keep it."""
        value = activation(self.add(part, name, before))
        self.kept[part.place, name] = value
        return value

    def add(self, part: Part, name: str, value: Any) -> Any:
        """Return the value of this step with its probe."""
        probe = (self.now or {}).get((part.place, name))
        return value if probe is None else value + ops.cast(probe, value.dtype)

    def read(self, part: Part, name: str, value: Any) -> Any:
        """Return a state where its own step reads it, as the output reads the cell, with its probe.

        The layer's own memory is the derivative with respect to what is carried on alone.
        """
        return value if self.taps.apart else self.add(part, name, value)

    def states(self, part: Part, new: tuple) -> tuple:
        """Return the states after a step with their probes, and keep them."""
        new = tuple(self.add(part, name, value) for name, value in zip(part.states, new, strict=True))
        self.kept.update({(part.place, name): value for name, value in zip(part.states, new, strict=True)})
        return new

    def close(self, kept: dict[Key, Any], valid: Any, last: list[Any]) -> None:
        """Hand over what all steps kept, (time, batch, units); last: the last states, h of each part
        first.
        """
        told = {part.place: (self.layer, number, self.place) for number, part in enumerate(self.parts)}
        self.taps.parts.update(told)
        self.taps.gates.update({part.place: part.gates for part in self.parts})
        for key, value in kept.items():
            self.taps.see(key, self._in_order(value), key in self.gates)
        if valid is not None:
            self.taps.note((self.place, "valid"), self._in_order(valid))
        if self.taps.apart:
            self.taps.ends += [_signed_sum(h) for h in last]

    def _in_order(self, steps: Any) -> Any:
        return ops.flip(steps, axis=0) if self.layer.go_backwards else steps


def time_major(mask: Any) -> Any:
    """Return a mask, (batch, time), as (time, batch, 1); None for none."""
    mask = next((each for each in tree.flatten(mask) if each is not None), None)
    return None if mask is None else ops.expand_dims(ops.swapaxes(ops.cast(mask, "bool"), 0, 1), -1)


def mask_of(args: tuple, kwargs: dict[str, Any]) -> Any:
    """Return the mask that a recurrent layer is called with, behind its initial state."""
    return args[1] if len(args) > 1 else kwargs.get("mask")


def _over(join: Callable[..., Any], slices: list[Any]) -> Any:
    return join(ops.stack(slices), axis=0)


def _signed_sum(h: Any) -> Any:
    """Return the sum of a state with signs drawn at random: its gradient has the norm of the whole
    Jacobian.
    """
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=tuple(h.shape))
    return ops.sum(h * ops.convert_to_tensor(signs.astype(keras.backend.standardize_dtype(h.dtype))))
