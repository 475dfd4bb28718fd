# ruff: noqa: D102  (call means what it means in Keras)
"""Keras' recurrent layers, opened: the same computation, step by step through taps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops, tree

from normcast.layers import loop
from normcast.probes.taps import Call, Part, active, current, mask_of, time_major

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

    @property
    def use_cudnn(self) -> Any:
        """Not while it is looked at: neither the layer's own loop nor that of a Bidirectional around it."""
        return False if active() else vars(self).get("use_cudnn", False)

    def call(self, sequences: Any, *args: Any, **kwargs: Any) -> Any:
        taps = active()
        if taps is None:
            return super().call(sequences, *args, **kwargs)  # type: ignore[misc]
        with taps.calling(self, parts_of) as one:
            return super().call(one.input(sequences, mask_of(args, kwargs)), *args, **kwargs)  # type: ignore[misc]

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
        part = part_of(one, self)
        inputs = ops.stop_gradient(inputs) if one.taps.apart else inputs
        with _stepping(self, one):
            output, new = super().call(inputs, states, *args, **kwargs)  # type: ignore[misc]
        flat = tree.flatten(new)
        probed = one.states(part, tuple(flat))
        output = next((p for p, v in zip(probed, flat, strict=True) if v is output), output)
        return output, tree.pack_sequence_as(new, probed)


class OpenGates(OpenCell):
    """What goes in front of Keras' own cells: their activations are looked at while they step."""

    @property
    def activation(self) -> Any:
        return _watched(self, "activation")

    @property
    def recurrent_activation(self) -> Any:
        return _watched(self, "recurrent_activation")


def cells_of(layer: Any) -> list[Any]:
    """Return the cells of a recurrent layer of Keras, from the input on."""
    return list(layer.cell.cells) if isinstance(layer.cell, keras.layers.StackedRNNCells) else [layer.cell]


def parts_of(layer: Any, place: str) -> tuple[Part, ...]:
    """Return what can be looked at in each cell of the layer."""
    cells = cells_of(layer)
    places = [place] if len(cells) == 1 else [f"{place}/{i}" for i in range(len(cells))]
    return tuple(_part(cell, name) for cell, name in zip(cells, places, strict=True))


def _part(cell: Any, place: str) -> Part:
    kind = known_kind(type(cell))
    sizes = tree.flatten(cell.state_size)
    names = [STATES[i] if i < len(STATES) else f"s{i}" for i in range(len(sizes))]
    return Part(place, ORDER[kind] if kind else (), tuple(names), tuple(int(size) for size in sizes))


def known_kind(cell: type) -> type | None:
    """Return the class of Keras whose step a class of cells computes, None for one of the user's own."""
    steps = next((base for base in cell.__mro__ if "call" in vars(base) and base is not OpenCell), None)
    return steps if steps in GATES else None


@contextmanager
def _stepping(cell: Any, one: Call) -> Iterator[None]:
    """Tell which cell steps, and which gates its activations will return."""
    kind = known_kind(type(cell))
    before = one.cell, one.upcoming
    one.cell, one.upcoming = cell, {name: iter(gates) for name, gates in GATES[kind].items()} if kind else {}
    try:
        yield
    finally:
        one.cell, one.upcoming = before


def _watched(cell: Any, name: str) -> Any:
    """Return a cell's activation, looked at while this cell steps in a run of this thread."""
    held = vars(cell)
    activation = held[name] if name in held else cell.__getattr__(name)  # torch keeps layers elsewhere
    one = current()
    if one is None or one.cell is not cell:
        return activation
    part = part_of(one, cell)

    def watched(before: Any) -> Any:
        gate = next(one.upcoming[name])
        if not gate:  # what the output reads of the cell
            return activation(one.read(part, "c", before))
        return one.gate(part, gate, before, activation)

    return watched


def part_of(one: Call, cell: Any) -> Part:
    """Return what is looked at in a cell of the layer that is called."""
    return next(part for part, other in zip(one.parts, cells_of(one.layer), strict=True) if other is cell)


def _looped(layer: Any, one: Call, sequences: Any, start: Any, mask: Any, training: bool) -> Any:
    x, valid = ops.swapaxes(sequences, 0, 1), time_major(mask)  # (T, B, F), (T, B, 1)
    if layer.go_backwards:
        x, valid = ops.flip(x, axis=0), None if valid is None else ops.flip(valid, axis=0)
    start = list(start) if tree.is_nested(start) else [start]
    kwargs = {"training": training} if getattr(layer.cell, "_call_has_training_arg", False) else {}
    holds = valid is not None and not _holds_states(layer)
    # The first state of Keras' own cells is what they put out.
    one.ends_alone = valid is None and not layer.return_sequences and bool(known_kind(type(layer.cell)))

    def step(old: Any, now: dict[str, Any]) -> tuple[Any, Any]:
        states, held = old
        one.begin(now)
        output, new = layer.cell(now["x"], states, **kwargs)
        new = tree.pack_sequence_as(states, tree.flatten(new))
        if "valid" in now:
            output, new = _masked(layer, now["valid"], held, states, output, new)
        return (new, output if holds else held), (() if one.ends_alone else output, one.end(now["x"]))

    xs = {"x": x, "probes": one.probes(x), **({} if valid is None else {"valid": valid})}
    nothing = _blank_output(layer, x, start)
    blank = (() if one.ends_alone else nothing, one.blank(x[0]))
    start = (start, nothing if holds else ())
    (states, _), (outputs, kept) = loop.run(step, start, xs, blank, layer.unroll, spare=True)
    last = states if len(one.parts) > 1 else [states]
    one.close(kept, valid, [tree.flatten(each)[0] for each in last])
    outputs = states[0][:, None] if one.ends_alone else ops.swapaxes(outputs, 0, 1)
    return outputs[:, -1], outputs, states


def _holds_states(layer: Any) -> bool:
    """Whether a masked step puts out the state before it, as Keras' scan on JAX does, or zeros.

    Its other loops put out what they put out before, at first zeros.
    """
    scans = keras.backend.backend() == "jax" and not layer.unroll
    return scans or _puts_zeros(layer)


def _puts_zeros(layer: Any) -> bool:
    """Whether a masked step puts out zeros; Keras' unrolled loop on JAX passes over that wish."""
    return bool(layer.zero_output_for_mask) and not (keras.backend.backend() == "jax" and layer.unroll)


def _masked(layer: Any, valid: Any, held: Any, old: Any, output: Any, new: Any) -> tuple[Any, Any]:
    """Return output and states where masked rows stay where they are, as Keras has it."""
    if _puts_zeros(layer):
        held = ops.zeros_like(output)
    elif _holds_states(layer):
        held = old[-1][0] if tree.is_nested(old[0]) else old[0]
    stays = tree.map_structure(lambda n, o: ops.where(valid, n, o), new, old)
    return ops.where(valid, output, held), stays


def _blank_output(layer: Any, x: Any, start: Any) -> Any:
    """Return zeros in the shape of one step's output, which TensorFlow asks for."""
    size = getattr(layer.cell, "output_size", None) or tree.flatten(start)[0].shape[-1]
    dtype = getattr(layer.cell, "compute_dtype", layer.compute_dtype)
    return ops.zeros((x.shape[1], int(size)), dtype)
