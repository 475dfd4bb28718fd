# ruff: noqa: D102  (call means what it means in Keras)
"""Keras' recurrent layers, opened: the same computation, step by step through taps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops, tree

from normcast.layers import loop
from normcast.probes.taps import Call, Part, active, current

# Which activations a cell calls in which order, by the name of the attribute; the last "" is not looked at.
GATES: dict[type, dict[str, tuple[str, ...]]] = {
    keras.layers.LSTMCell: {"recurrent_activation": ("i", "f", "o"), "activation": ("g", "")},
    keras.layers.GRUCell: {"recurrent_activation": ("z", "r"), "activation": ("n",)},
    keras.layers.SimpleRNNCell: {"activation": ("n",)},
}
# In the order of the columns of the kernels.
ORDER = {
    keras.layers.LSTMCell: ("i", "f", "g", "o"),
    keras.layers.GRUCell: ("z", "r", "n"),
    keras.layers.SimpleRNNCell: ("n",),
}
STATES = ("h", "c")


class OpenLoop:
    """What goes in front of a class of Keras' recurrent layers to open it."""

    def call(self, sequences: Any, *args: Any, **kwargs: Any) -> Any:
        taps = active()
        if taps is None:
            return super().call(sequences, *args, **kwargs)  # type: ignore[misc]
        place = taps.place_of(self)
        one = Call(taps, self, parts_of(self, place), place)
        taps.open_calls.append(one)
        try:
            return super().call(one.input(sequences), *args, **kwargs)  # type: ignore[misc]
        finally:
            taps.open_calls.pop()

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Return (last output, outputs, states) as Keras' own loop does."""
        one = current()
        if one is None:
            return super().inner_loop(sequences, initial_state, mask, training=training)  # type: ignore[misc]
        return _looped(self, one, sequences, initial_state, mask, training)


class OpenCell:
    """What goes in front of a class of cells to open it."""

    def call(self, inputs: Any, states: Any, *args: Any, **kwargs: Any) -> Any:
        one = current()
        if one is None or not one.stepping():
            return super().call(inputs, states, *args, **kwargs)  # type: ignore[misc]
        part = next(part for part, cell in zip(one.parts, cells_of(one.layer), strict=True) if cell is self)
        inputs = ops.stop_gradient(inputs) if one.taps.apart else inputs
        with _tapped(self, one, part):
            output, new = super().call(inputs, states, *args, **kwargs)  # type: ignore[misc]
        nested = tree.is_nested(new)
        flat = tuple(new) if nested else (new,)
        probed = one.states(part, flat)
        output = next((p for p, v in zip(probed, flat, strict=True) if v is output), output)
        return output, list(probed) if nested else probed[0]


def cells_of(layer: Any) -> list[Any]:
    """Return the cells of a recurrent layer of Keras, from the input on."""
    return list(layer.cell.cells) if isinstance(layer.cell, keras.layers.StackedRNNCells) else [layer.cell]


def parts_of(layer: Any, place: str) -> tuple[Part, ...]:
    """Return what can be looked at in each cell of the layer."""
    cells = cells_of(layer)
    places = [place] if len(cells) == 1 else [f"{place}/{i}" for i in range(len(cells))]
    return tuple(_part(cell, name) for cell, name in zip(cells, places, strict=True))


def _part(cell: Any, place: str) -> Part:
    kind = known_kind(cell)
    sizes = tree.flatten(cell.state_size)
    names = [STATES[i] if i < len(STATES) else f"s{i}" for i in range(len(sizes))]
    return Part(place, ORDER[kind] if kind else (), tuple(names), tuple(int(size) for size in sizes))


def known_kind(cell: Any) -> type | None:
    """Return the class of Keras whose step this cell computes, None for a cell of the user's own."""
    return next((kind for kind in GATES if isinstance(cell, kind) and _steps_as(cell, kind)), None)


def _steps_as(cell: Any, kind: type) -> bool:
    """Whether no class between the cell's own and that kind steps in another way; ours in front does not."""
    steps = [base for base in type(cell).__mro__ if "call" in base.__dict__ and base is not OpenCell]
    return bool(steps) and steps[0] is kind


@contextmanager
def _tapped(cell: Any, one: Call, part: Part) -> Iterator[None]:
    """Look at what a cell gives to its activations, and at what they return."""
    kind = known_kind(cell)
    gates = GATES[kind] if kind else {}
    before = {name: getattr(cell, name) for name in gates}
    try:
        for name, activation in before.items():
            setattr(cell, name, _watched(one, part, activation, iter(gates[name])))
        yield
    finally:
        for name, activation in before.items():
            setattr(cell, name, activation)


def _watched(one: Call, part: Part, activation: Any, gates: Iterator[str]) -> Callable[[Any], Any]:
    def watched(before: Any) -> Any:
        gate = next(gates)
        return one.gate(part, gate, before, activation) if gate else activation(before)

    return watched


def _looped(layer: Any, one: Call, sequences: Any, start: Any, mask: Any, training: bool) -> Any:
    mask = tree.flatten(mask)[0] if mask is not None else None
    x = ops.swapaxes(sequences, 0, 1)  # (T, B, F)
    valid = None if mask is None else ops.expand_dims(ops.swapaxes(ops.cast(mask, "bool"), 0, 1), -1)
    if layer.go_backwards:
        x, valid = ops.flip(x, axis=0), None if valid is None else ops.flip(valid, axis=0)
    start = list(start) if tree.is_nested(start) else [start]
    kwargs = {"training": training} if getattr(layer.cell, "_call_has_training_arg", False) else {}

    def step(states: Any, now: dict[str, Any]) -> tuple[Any, Any]:
        one.begin(now["probes"])
        output, new = layer.cell(now["x"], states, **kwargs)
        new = tree.pack_sequence_as(states, tree.flatten(new))
        if "valid" in now:
            output, new = _masked(layer, now["valid"], states, output, new)
        return new, (output, one.end())

    xs = {"x": x, "probes": one.probes(x), **({} if valid is None else {"valid": valid})}
    blank = (_blank_output(layer, x, start, kwargs), one.blank(x[0]))
    states, (outputs, kept) = loop.run(step, start, xs, blank, layer.unroll)
    last = states if len(one.parts) > 1 else [states]
    one.close(kept, valid, [tree.flatten(each)[0] for each in last])
    outputs = ops.swapaxes(outputs, 0, 1)
    return outputs[:, -1], outputs, states


def _masked(layer: Any, valid: Any, old: Any, output: Any, new: Any) -> tuple[Any, Any]:
    """Return output and states where masked rows stay where they are, as Keras has it."""
    before = old[-1][0] if tree.is_nested(old[-1]) else old[0]
    if layer.zero_output_for_mask or tuple(before.shape) != tuple(output.shape):
        before = ops.zeros_like(output)
    stays = tree.map_structure(lambda n, o: ops.where(valid, n, o), new, old)
    return ops.where(valid, output, before), stays


def _blank_output(layer: Any, x: Any, start: Any, kwargs: dict[str, Any]) -> Any:
    """Return zeros in the shape of one step's output, which TensorFlow asks for."""
    size = getattr(layer.cell, "output_size", None) or tree.flatten(start)[0].shape[-1]
    return ops.zeros((x.shape[1], int(size)), layer.compute_dtype)
