"""Watching: the norms of gradients and the shares of gates of one model, again and again at little cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from normcast.probes.autodiff import Program
from normcast.probes.objective import Objective
from normcast.probes.opened import opened
from normcast.probes.programs import Programs
from normcast.probes.taps import Key, Make, Taps
from normcast.probes.trace import SQUASHED

GATES = ("i", "f", "g", "o", "z", "r", "n")


class Watcher:
    """One who watches a model on the same cases: a program of its own, compiled once, without the gradients
    of weights.

    x: in the structure that the model is called with; y: targets, or None for the sum of the outputs. layers:
    names of the layers to watch, all recurrent ones by default. The model stays as it is.
    """

    def __init__(self, model: keras.Model, x: Any, y: Any, objective: Objective, layers: Any = None) -> None:
        self._programs = Programs(model, objective, layers, training=False)
        self._model, self._objective = model, objective
        self._data = {"x": x} if y is None else {"x": x, "y": y}
        self.cases = len(tree.flatten(x)[0])
        variables = [*model.trainable_variables, *model.non_trainable_variables]
        self._program = Program(self._run, _summed, [], variables)

    def note(self, epoch: int, before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> dict[str, Any]:
        """Return what is seen with the weights that the model has now, as plain values; see `Flow.of`.

        before, after: the trained weights at the beginning and the end of the epoch, in the model's order.
        """
        with opened(self._model, self._programs.recurrent):
            seen = self._program(self._data)
        paths = [variable.path for variable in self._model.trainable_variables]
        gates: dict[str, dict[str, list[float]]] = {}
        for (place, gate), told in seen["gates"].items():
            gates.setdefault(place, {})[gate] = told.tolist()
        return {
            "epoch": epoch,
            "objective": self._objective.words,
            "cases": self.cases,
            "loss": float(seen["value"]),
            "gradients": {place: norm.tolist() for (place, _), norm in seen["gradients"].items()},
            "gates": gates,
            "updates": {p: change(*pair) for p, *pair in zip(paths, before, after, strict=True)},
        }

    def _run(self, make: Make, data: Any) -> tuple[Any, Any]:
        taps = Taps(lambda key, *about: make(key, *about) if key[1] == "h" else None, self._programs.names)
        with taps.running():
            outputs = self._model(data["x"], training=False)
        value = self._objective.of(outputs, data.get("y"))
        for more in self._model.losses if self._objective.is_loss else ():
            value = value + ops.cast(more, value.dtype)
        valid = {key: taps.plain.get((taps.parts[key[0]][2], "valid")) for key in taps.seen}
        return value, {"seen": taps.seen, "valid": {k: v for k, v in valid.items() if v is not None}}


def change(before: np.ndarray, after: np.ndarray) -> float:
    """Return the norm of a weight's change beside its norm after it; 0 where both are 0.

    >>> change(np.array([3.0, 0.0]), np.array([3.0, 4.0]))
    0.8
    """
    moved, size = (float(np.linalg.norm(np.ravel(each))) for each in (after - before, after))
    return moved / size if size else 0.0 if moved == 0 else float("inf")


def _summed(value: Any, read: Any, probes: dict[Key, Any], weights: list[Any]) -> Any:
    """Return, inside the program, norms per step and shares of gates."""
    seen, valid = read["seen"], read["valid"]
    return {
        "value": value,
        "gradients": {key: _norm(slope, valid.get(key)) for key, slope in probes.items()},
        "gates": {key: _shares(key[1], v, valid.get(key)) for key, v in seen.items() if key[1] in GATES},
    }


def _norm(slope: Any, valid: Any) -> Any:
    """Return the norm over the units, its root mean square over the cases. slope: (time, batch, units)."""
    squares = ops.sum(ops.square(slope), axis=2)  # (time, batch)
    return ops.sqrt(_mean(squares, None if valid is None else valid[:, :, 0], axis=1))


def _shares(gate: str, value: Any, valid: Any) -> Any:
    """Return mean, share shut and share open. value: (time, batch, units)."""
    floor = -0.99 if gate in SQUASHED else 0.01
    parts = (value, ops.cast(value < floor, value.dtype), ops.cast(value > 0.99, value.dtype))
    each = (ops.mean(part, axis=2) for part in parts)
    alive = None if valid is None else valid[:, :, 0]
    return ops.stack([_mean(part, alive, axis=(0, 1)) for part in each])


def _mean(values: Any, alive: Any, axis: Any) -> Any:
    if alive is None:
        return ops.mean(values, axis=axis)
    zeros = ops.zeros_like(values)
    return ops.sum(ops.where(alive, values, zeros), axis=axis) / ops.sum(
        ops.cast(alive, values.dtype), axis=axis
    )
