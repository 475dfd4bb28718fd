"""The programs that look into a model: compiled once for each shape of a part of the cases."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import keras
from keras import ops, tree

from normcast import keras_seam
from normcast.errors import unknown
from normcast.probes.autodiff import Program
from normcast.probes.objective import Objective
from normcast.probes.opened import is_plain, is_recurrent, paths
from normcast.probes.taps import Key, Make, Taps
from normcast.probes.trace import sums

GATES = ("i", "f", "g", "o", "z", "r", "n")


class Programs:
    """A model's layers that are looked into, and the programs that do it.

    names: of all layers inside the model, by id; parts: by the place of each cell its layer, its number
    there and the place of the call, known once a program ran. passed_over: recurrent layers that cannot be
    looked into.
    """

    def __init__(self, model: keras.Model, objective: Objective, layers: Any, training: bool) -> None:
        self.model, self.objective, self.training = model, objective, training
        self.names = paths(model)
        inside = [each for each in keras_seam.all_layers(model) if id(each) in self.names]
        chosen = inside if layers is None else _chosen(inside, self.names, layers)
        self.recurrent = [each for each in chosen if is_recurrent(each)]
        self.plain = [each for each in chosen if is_plain(each)]
        self.parts: dict[
            str, tuple[Any, int, str]
        ] = {}  # place of a cell: layer, its number, place of the call
        looked_at = {id(each) for each in [*self.recurrent, *self.plain]}
        loops_ = (keras.layers.RNN, keras.layers.ConvLSTM1D)
        unknown_ = [each for each in chosen if isinstance(each, loops_) and id(each) not in looked_at]
        self.passed_over = tuple(f"{self.names[id(each)]} ({type(each).__name__})" for each in unknown_)
        self.others = [*model.non_trainable_variables]

    @cached_property
    def whole(self) -> Program:
        """The objective, with the gradients of everything that is looked at and of every weight."""

        def run(make: Make, data: Any) -> tuple[Any, Any]:
            taps = Taps(make, self.names)
            with taps.running():
                outputs = self.model(data["x"], training=self.training)
            self.parts.update(taps.parts)
            value = self.objective.of(outputs, data.get("y")) * data["share"][0]
            for more in self.model.losses:
                value = value + ops.cast(more, value.dtype) * ops.cast(data["share"][1], value.dtype)
            return value, {"seen": taps.seen, "plain": taps.plain, "outputs": tree.flatten(outputs)[0]}

        def finish(value: Any, read: Any, probes: dict[Key, Any], weights: list[Any]) -> Any:
            slopes = {key: ops.swapaxes(g, 0, 1) if key[1] == "x" else g for key, g in probes.items()}
            valid = {place: v for (place, name), v in read["plain"].items() if name == "valid"}
            acts = {
                key: _summed(key, v, valid.get(self.parts[key[0]][2]), True)
                for key, v in read["seen"].items()
            }
            backs = {key: _summed(key, g, valid.get(self.call_of(key)), False) for key, g in slopes.items()}
            about = {"acts": acts, "backs": backs, "slopes": slopes, "weights": weights}
            return {"value": value, **read, **about}

        return Program(run, finish, self.model.trainable_variables, self.others)

    @cached_property
    def apart(self) -> Program:
        """How much of the states at each step is left in the last state of the same layer."""

        def run(make: Make, data: Any) -> tuple[Any, Any]:
            taps = Taps(make, self.names, apart=True)
            with taps.running():
                self.model(data["x"], training=self.training)
            return sum(taps.ends), {}

        def finish(value: Any, read: Any, probes: dict[Key, Any], weights: list[Any]) -> Any:
            return {key: ops.mean(ops.sum(ops.square(g), axis=2), axis=1) for key, g in probes.items()}

        return Program(run, finish, [], [*self.model.trainable_variables, *self.others])

    @cached_property
    def forward(self) -> dict[bool, Program]:
        """What norms read, and the batch statistics inside recurrences, in training and at inference."""

        def program(training: bool) -> Program:
            def run(make: Make, data: Any) -> tuple[Any, Any]:
                taps = Taps(lambda *about: None, self.names)
                with taps.running():
                    outputs = self.model(data["x"], training=training)
                return ops.sum(ops.cast(tree.flatten(outputs)[0], "float32")), taps.plain

            return Program(
                run, lambda value, read, *_: read, [], [*self.model.trainable_variables, *self.others]
            )

        return {training: program(training) for training in (True, False)}

    @cached_property
    def inputs(self) -> Program:
        """The derivative of some outputs with respect to each input, its mean size over the cases."""

        def run(make: Make, data: Any) -> tuple[Any, Any]:
            leaves = tree.flatten(data["x"])
            taps = Taps(make, self.names)
            probed = [taps.probed(("", str(i)), v) if _is_float(v) else v for i, v in enumerate(leaves)]
            outputs = self.model(tree.pack_sequence_as(data["x"], probed), training=False)
            flat = [ops.reshape(each, (each.shape[0], -1)) for each in tree.flatten(outputs)]
            joined = ops.concatenate([ops.cast(each, flat[0].dtype) for each in flat], axis=-1)
            return ops.sum(joined * ops.cast(data["direction"], joined.dtype)), {}

        def finish(value: Any, read: Any, probes: dict[Key, Any], weights: list[Any]) -> Any:
            return {key: ops.mean(ops.abs(g), axis=0) for key, g in probes.items()}

        return Program(run, finish, [], [*self.model.trainable_variables, *self.others])

    def call_of(self, key: Key) -> str:
        """Return the place of the call that a tensor belongs to."""
        return self.parts[key[0]][2] if key[0] in self.parts else key[0]


def _chosen(inside: list[Any], names: dict[int, str], wanted: Any) -> list[Any]:
    """Return the layers of those names, and what is inside them."""
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    known = [names[id(each)] for each in inside]
    found = []
    for name in wanted:
        hits = [each for each in inside if names[id(each)] == name or names[id(each)].startswith(f"{name}/")]
        if not hits:
            raise ValueError(unknown("layer", name, known, where="inspect"))
        found += hits
    return list({id(each): each for each in found}.values())


def _summed(key: Key, value: Any, valid: Any, activation: bool) -> dict[str, Any]:
    return sums(key[1], value, valid, activation and key[1] in GATES)


def _is_float(tensor: Any) -> bool:
    return "float" in keras.backend.standardize_dtype(tensor.dtype)
