"""Watching: the norms of gradients and the shares of gates of one model, again and again at little cost."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import keras
import numpy as np
from keras import ops, tree

from normcast.probes.autodiff import Program
from normcast.probes.budget import fixed_batch
from normcast.probes.digest import OPEN, floor_of, norm_over, widened
from normcast.probes.objective import Objective
from normcast.probes.opened import opened
from normcast.probes.programs import Programs
from normcast.probes.taps import Key, Make, Taps


class Watcher:
    """One who watches a model on the same cases: a program of its own, compiled once, without the gradients
    of weights.

    x: in the structure that the model is called with; y: targets, or None for the sum of the outputs. layers:
    names of the layers to watch, all recurrent ones by default. The model stays as it is.

    variables: all weights of the model, first the trained ones; inside a StatelessScope that gives them other
    values `note` tells of those.
    """

    def __init__(self, model: keras.Model, x: Any, y: Any, objective: Objective, layers: Any = None) -> None:
        self._programs = Programs(model, objective, layers, training=False)
        self._model, self._objective = model, objective
        self.variables = [*model.trainable_variables, *model.non_trainable_variables]
        self._places: dict[str, Any] = {}  # of cells, as they were called
        self._program = Program(self._run, _summed, [], self.variables)
        self._watch(x, y)

    def _watch(self, x: Any, y: Any) -> None:
        self._data = {"x": x} if y is None else {"x": x, "y": y}
        self.cases = len(tree.flatten(x)[0])

    def on(self, x: Any, y: Any) -> Self:
        """Return one who watches the same model on other cases, by the same program."""
        other = copy(self)
        other._watch(x, y)
        return other

    def note(self, epoch: int, before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> dict[str, Any]:
        """Return what is seen with the weights that the model has now, as plain values; see `Flow.of`.

        before, after: the trained weights at the beginning and the end of the epoch, in the model's order.
        """
        with opened(self._model, self._programs.recurrent):
            seen = self._program(self._data)
        paths = [variable.path for variable in self._model.trainable_variables]
        gates: dict[str, dict[str, list[float]]] = {place: {} for place in self._places}
        for (place, gate), told in seen["gates"].items():
            gates[place][gate] = told.tolist()
        return {
            "epoch": epoch,
            "objective": self._objective.words,
            "cases": self.cases,
            "loss": float(seen["value"]),
            "gradients": {place: seen["gradients"][place, "h"].tolist() for place in self._places},
            "gates": {place: told for place, told in gates.items() if told},
            "updates": {p: change(*pair) for p, *pair in zip(paths, before, after, strict=True)},
        }

    def _run(self, make: Make, data: Any) -> tuple[Any, Any]:
        taps = Taps(lambda key, *about: make(key, *about) if key[1] == "h" else None, self._programs.names)
        with taps.running():
            outputs = self._model(data["x"], training=False)
        self._places.update(taps.parts)
        value = self._objective.of(outputs, data.get("y"))
        for more in self._model.losses if self._objective.is_loss else ():
            value = value + ops.cast(more, value.dtype)
        valid = {key: taps.plain.get((taps.parts[key[0]][2], "valid")) for key in taps.seen}
        valid = {key: steps for key, steps in valid.items() if steps is not None}
        gates = {key: gate for key, gate in taps.seen.items() if key[1] in taps.gates[key[0]]}
        return value, {"gates": gates, "valid": valid}


def spread_rows(model: keras.Model, count: int, most: int) -> np.ndarray:
    """Return up to `most` of `count` rows, evenly spread; a model of fixed batches reads one batch.

    >>> spread_rows(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]), count=9, most=3)
    array([0, 4, 8])
    """
    return np.linspace(0, count - 1, min(count, fixed_batch(model) or most)).astype(int)


def change(before: np.ndarray, after: np.ndarray) -> float:
    """Return the norm of a weight's change beside its norm after it; 0 where both are 0.

    >>> change(np.array([3.0, 0.0]), np.array([3.0, 4.0]))
    0.8
    """
    moved, size = (float(np.linalg.norm(np.ravel(each))) for each in (after - before, after))
    return moved / size if size else 0.0 if moved == 0 else float("inf")


def _summed(value: Any, read: Any, probes: dict[Key, Any], weights: list[Any]) -> Any:
    """Return, inside the program, norms per step and shares of gates."""
    valid = read["valid"]
    return {
        "value": value,
        "gradients": {key: _norm(slope, valid.get(key)) for key, slope in probes.items()},
        "gates": {key: _shares(key[1], gate, valid.get(key)) for key, gate in read["gates"].items()},
    }


def _norm(slope: Any, valid: Any) -> Any:
    """Return the norm over the units, its root mean square over the cases. slope: (time, batch, units)."""
    if valid is None:
        return norm_over(slope, axis=(1, 2)) / slope.shape[1] ** 0.5
    norm = norm_over(ops.where(valid, slope, ops.zeros_like(slope)), axis=(1, 2))
    return norm / ops.sqrt(ops.sum(ops.cast(valid[:, :, 0], norm.dtype), axis=1))


def _shares(gate: str, value: Any, valid: Any) -> Any:
    """Return mean, share shut and share open. value: (time, batch, units)."""
    value = widened(value)
    parts = (value, ops.cast(value < floor_of(gate), value.dtype), ops.cast(value > OPEN, value.dtype))
    each = (ops.mean(part, axis=2) for part in parts)
    alive = None if valid is None else valid[:, :, 0]
    return ops.stack([_mean(part, alive) for part in each])


def _mean(values: Any, alive: Any) -> Any:
    """Return the mean of all values that are alive."""
    if alive is None:
        return ops.mean(values)
    return ops.sum(ops.where(alive, values, ops.zeros_like(values))) / ops.sum(ops.cast(alive, values.dtype))
