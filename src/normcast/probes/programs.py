"""The programs that look into a model: compiled once for each shape of a part of the cases."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import keras
from keras import ops, tree

from normcast import keras_seam
from normcast.errors import unknown
from normcast.probes.autodiff import Finish, Program, Run
from normcast.probes.digest import Norms, Nothing, Sums
from normcast.probes.objective import Objective, added
from normcast.probes.opened import is_plain, is_recurrent, paths
from normcast.probes.taps import Key, Make, Taps


class Programs:
    """A model's layers that are looked into, and the programs that do it.

    names: of all layers inside the model, by id; parts: by the place of each cell its layer, its number
    there and the place of the call, known once a program ran. is_part: whether layers were
    named. passed_over: recurrent layers that cannot be looked into.
    """

    def __init__(self, model: keras.Model, objective: Objective, layers: Any, training: bool) -> None:
        self.model, self.objective, self.training = model, objective, training
        self.names = paths(model)
        inside = [each for each in keras_seam.all_layers(model) if id(each) in self.names]
        self.is_part = layers is not None
        chosen = inside if layers is None else _chosen(inside, self.names, layers)
        self.recurrent = [each for each in chosen if is_recurrent(each)]
        self.plain = [each for each in chosen if is_plain(each)]
        self.parts: dict[str, tuple[Any, int, str]] = {}
        self.order: tuple[str, ...] = ()  # of the calls
        self.gates: dict[str, tuple[str, ...]] = {}
        self.sliced: dict[str, int] = {}  # slices of each case, by the place of the call
        self.parts_known, self.quick, self.keep = False, False, 0
        self._made: list[Program] = []
        looked_at = {id(each) for each in [*self.recurrent, *self.plain]}
        self._unknown = [each for each in chosen if _is_recurrent(each) and id(each) not in looked_at]
        self.others = [*model.non_trainable_variables]

    @cached_property
    def whole(self) -> Program:
        """The objective, with the gradients of everything that is looked at and of every weight."""
        digest = Sums(self.keep)

        def run(make: Make, data: Any) -> tuple[Any, Any]:
            taps = Taps(make, self.names, digest=digest)
            with taps.running():
                outputs = self.model(_probed(taps, data["x"]), training=self.training)
            self.parts.update(taps.parts)
            self.order, self.gates, self.sliced = tuple(taps.called), taps.gates, taps.sliced
            self.parts_known, self.leaves = True, len(tree.flatten(outputs))
            value = self.objective.of(outputs, data.get("y"))
            value = value * ops.cast(data["share"][0], value.dtype)
            for more in self.model.losses if self.objective.is_loss else ():
                value = value + ops.cast(more, value.dtype) * ops.cast(data["share"][1], value.dtype)
            return value, {"seen": taps.seen, "plain": taps.plain, "outputs": tree.flatten(outputs)[0]}

        def finish(value: Any, read: Any, probes: dict[Key, Any], weights: list[Any]) -> Any:
            inputs = {key: ops.mean(ops.abs(g), axis=0) for key, g in probes.items() if not key[0]}
            sums = {key: g for key, g in probes.items() if key[0]}
            slopes = {
                key: digest.joined(ops.unstack(g), False) if g.ndim > 3 else g for key, g in sums.items()
            }
            return {"value": value, **read, "slopes": slopes, "weights": weights, "inputs": inputs}

        return self._program(run, finish, self.model.trainable_variables, self.others)

    def hurry(self, quick: bool) -> None:
        """Say whether programs are to be compiled in little time, since they have little to do."""
        self.quick = quick
        for program in self._made:
            program.quick = quick

    def keep_values(self, cases: int) -> None:
        """Say of how many cases of a part all values are wanted."""
        if cases != self.keep:
            self.keep = cases
            vars(self).pop("whole", None)

    def follow_the_largest(self) -> None:
        """Follow the largest of each case's outputs from now on."""
        self.objective.follow_the_largest(self.leaves)
        del self.whole

    def _program(self, run: Run, finish: Finish, variables: list[Any], others: list[Any]) -> Program:
        program = Program(run, finish, variables, others)
        program.quick = self.quick
        self._made.append(program)
        return program

    @cached_property
    def apart(self) -> Program:
        """How much of the states at each step is left in the last state of the same layer, case by case."""

        def run(make: Make, data: Any) -> tuple[Any, Any]:
            taps = Taps(make, self.names, apart=True, digest=Norms())
            with taps.running():
                self.model(data["x"], training=self.training)
            return added(taps.ends), {key: v for key, v in taps.plain.items() if key[1] == "valid"}

        def finish(value: Any, read: Any, probes: dict[Key, Any], weights: list[Any]) -> Any:
            return {**{key: g[..., 0] for key, g in probes.items()}, **read}

        return self._program(run, finish, [], [*self.model.trainable_variables, *self.others])

    @cached_property
    def forward(self) -> dict[bool, Program]:
        """What norms read, and the batch statistics inside recurrences, in training and at inference."""

        def program(training: bool) -> Program:
            def run(make: Make, data: Any) -> tuple[Any, Any]:
                taps = Taps(lambda *about: None, self.names, digest=Nothing())
                with taps.running():
                    outputs = self.model(data["x"], training=training)
                return ops.sum(ops.cast(tree.flatten(outputs)[0], "float32")), taps.plain

            return self._program(
                run, lambda value, read, *_: read, [], [*self.model.trainable_variables, *self.others]
            )

        return {training: program(training) for training in (True, False)}

    @cached_property
    def inputs(self) -> Program:
        """The derivative of some outputs with respect to each input, its mean size over the cases."""

        def run(make: Make, data: Any) -> tuple[Any, Any]:
            taps = Taps(
                lambda key, *about: None if key[0] else make(key, *about), self.names, digest=Nothing()
            )
            with taps.running():
                outputs = self.model(_probed(taps, data["x"]), training=False)
            flat = [ops.reshape(each, (each.shape[0], -1)) for each in tree.flatten(outputs)]
            joined = ops.concatenate([ops.cast(each, flat[0].dtype) for each in flat], axis=-1)
            return ops.sum(joined * ops.cast(data["direction"], joined.dtype)), {}

        def finish(value: Any, read: Any, probes: dict[Key, Any], weights: list[Any]) -> Any:
            return {key: ops.mean(ops.abs(g), axis=0) for key, g in probes.items()}

        return self._program(run, finish, [], [*self.model.trainable_variables, *self.others])

    @property
    def passed_over(self) -> tuple[str, ...]:
        """The recurrent layers that cannot be looked into; once a program ran, also those whose loop is
        their own.
        """
        seen = {id(layer) for layer, _, _ in self.parts.values()}
        own = [each for each in self.recurrent if self.parts_known and id(each) not in seen]
        return tuple(f"{self.names[id(each)]} ({type(each).__name__})" for each in [*self._unknown, *own])

    def call_of(self, key: Key) -> str:
        """Return the place of the call that a tensor belongs to."""
        return self.parts[key[0]][2] if key[0] in self.parts else key[0]


def _chosen(inside: list[Any], names: dict[int, str], wanted: Any) -> list[Any]:
    """Return the layers of those names, and what is inside them."""
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(wanted, (list, tuple, set)) or not all(isinstance(name, str) for name in wanted):
        raise ValueError(f"inspect: layers must be names, as in layers=['lstm_1'], but is {wanted!r:.80}.")
    if not wanted:
        raise ValueError("inspect: layers names no layer. Name some, or leave it out to see all.")
    known = [names[id(each)] for each in inside]
    found = []
    for name in wanted:
        hits = [each for each in inside if names[id(each)] == name or names[id(each)].startswith(f"{name}/")]
        if not hits:
            raise ValueError(unknown("layer", name, known, where="inspect"))
        found += hits
    return list({id(each): each for each in found}.values())


def _is_recurrent(layer: Any) -> bool:
    """Whether a layer says that it steps through time, whatever it is."""
    steps = hasattr(layer, "return_sequences") and not isinstance(layer, keras.layers.Bidirectional)
    return isinstance(layer, keras.layers.RNN) or steps


def _probed(taps: Taps, x: Any) -> Any:
    """Return the inputs of a model with their probes, those of whole numbers as they are."""
    probed = [taps.probed(("", str(i)), v) if _is_float(v) else v for i, v in enumerate(tree.flatten(x))]
    return tree.pack_sequence_as(x, probed)


def _is_float(tensor: Any) -> bool:
    return "float" in keras.backend.standardize_dtype(tensor.dtype)
