"""Looking: the programs run over all cases, and what they gave is put together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import tree

from normcast.errors import at_least_one, counted
from normcast.machine import sparing_memory
from normcast.probes.budget import Budget, even, in_parts
from normcast.probes.digest import wide
from normcast.probes.freezing import channels, recurrence
from normcast.probes.given import input_names, read_x, read_y, refuse_unbuilt
from normcast.probes.look import Look, Sight
from normcast.probes.objective import Objective
from normcast.probes.opened import opened
from normcast.probes.pooled import Pooled
from normcast.probes.programs import Programs
from normcast.probes.taps import Key
from normcast.probes.trace import Tally

FEW = 64  # cases that the layers' own memory, and how far back the network looks, are measured on
DIRECTIONS = 8


def look(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    layers: Any = None,
    loss: Any = None,
    training: bool = False,
    keep: int = 64,
) -> Look:
    """Return what goes on in a model on these cases. The model stays as it is, bit for bit.

    The arguments and what is raised are those of `normcast.inspect_model`, which says what a look means; all
    values are kept of fewer cases than keep, where those would take more than 48 MB.

    >>> from keras.layers import LSTM, Dense
    >>> net = keras.Sequential([keras.Input((9, 2)), LSTM(4, name="lstm"), Dense(1)])
    >>> seen = look(net, np.ones((3, 9, 2), "float32"))
    >>> seen.recurrences["lstm"].gradients["h"].values.shape
    (3, 9, 4)
    """
    refuse_unbuilt(model)
    at_least_one("inspect", "keep", keep)
    x = read_x(model, x)
    cases = len(tree.flatten(x)[0])
    y = None if y is None else read_y(y, cases)
    return Looker(Programs(model, Objective(model, y, loss), layers, training)).look(x, y, keep)


class Looker:
    """One who looks: the programs of a model, run over cases again and again."""

    def __init__(self, programs: Programs) -> None:
        self.programs = programs

    def look(self, x: Any, y: Any, keep: int) -> Look:
        """Run the programs over the cases, and put together what they gave."""
        cases = len(tree.flatten(x)[0])
        budget = Budget(self.programs, x)
        size, kept = budget.size, budget.kept(min(keep, cases))
        self.programs.hurry(budget.is_quick)
        self.programs.keep_values(min(kept, size))
        few = _rows(x, slice(0, min(cases, budget.fixed or FEW)))
        looked_at = [*self.programs.recurrent, *self.programs.plain]
        with sparing_memory() as give_back, opened(self.programs.model, looked_at):
            parts = in_parts(cases, size, before=give_back)
            tallies, weights, value, plain, outputs, inputs = self._over_cases(x, y, cases, parts, kept)
            carried = self._carried(few, size)
            modes = self._both_modes(few)
            sight = self._sight(few, outputs, size)
        notes = [*self._notes(cases, size)]
        if kept < min(keep, cases):
            notes.append(
                f"All values are kept of {counted(kept, 'case')} of {min(keep, cases)}: one takes "
                f"{budget.each / 1e6:.1f} MB. Summaries are over all {cases}."
            )
        variables = self.programs.model.trainable_variables
        slopes = {id(v): g for v, g in zip(variables, weights, strict=True)}
        traces = {key: tallies.pop(key).trace() for key in list(tallies)}
        return Look(
            model=self.programs.model.name,
            objective=self.programs.objective.words,
            value=float(value),
            cases=cases,
            training=self.programs.training,
            recurrences={
                place: recurrence(self.programs, place, traces, carried, slopes, modes)
                for place in self.programs.parts
            },
            channels=channels(self.programs, plain, modes),
            sight=sight,
            gradients={v.path: g for v, g in zip(variables, weights, strict=True)},
            outputs=outputs,
            inputs=self._named(inputs),
            passed_over=self.programs.passed_over,
            notes=tuple(notes),
            order=self.programs.order,
            window=max((leaf.shape[1] for leaf in tree.flatten(x) if leaf.ndim > 2), default=0),
        )

    def _over_cases(self, x: Any, y: Any, cases: int, parts: Iterator[slice], keep: int) -> tuple:
        """Return tallies, gradients of the weights, the objective, moments of channels, kept outputs, and
        slopes of the inputs.
        """
        tallies: dict[tuple[str, Key], Tally] = {}
        trained = self.programs.model.trainable_variables
        weights: list[np.ndarray] = [np.zeros(v.shape, "float64") for v in trained]
        outputs: list[np.ndarray] = []
        value, plain = 0.0, Pooled()
        inputs: dict[Key, np.ndarray] = {}
        for rows in parts:
            count = rows.stop - rows.start
            share = [count / cases if self.programs.objective.is_mean else 1.0, count / cases]
            data = {"x": _rows(x, rows), "share": np.array(share, keras.config.floatx())}
            data = data if y is None else {**data, "y": _rows(y, rows)}
            given = self.programs.whole(data)
            if self._sums_to_one(given["outputs"]):
                self.programs.follow_the_largest()
                given = self.programs.whole(data)
            value += float(given["value"])
            for place, slope in enumerate(given["weights"]):
                weights[place] += slope
            for key, slope in given["inputs"].items():
                inputs[key] = inputs.get(key, 0) + slope * (count / cases)
            plain.add({k: v for k, v in given["plain"].items() if k[1] != "valid"}, count)
            self._tell(given, tallies, keep, count)
            if sum(map(len, outputs)) < keep:
                outputs.append(given["outputs"])
            del given  # before the next part comes
        kept = np.concatenate(outputs)[:keep]
        weights = [w.astype(wide(v.dtype)) for w, v in zip(weights, trained, strict=True)]
        return tallies, weights, value, plain.means(), kept, inputs

    def _sums_to_one(self, outputs: np.ndarray) -> bool:
        """Whether the outputs are probabilities of a model without a graph, which does not tell so."""
        objective = self.programs.objective
        if objective.is_loss or any(objective.largest) or outputs.shape[-1] < 2:
            return False
        return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=-1), 1, atol=1e-3))

    def _carried(self, x: Any, size: int) -> dict[Key, np.ndarray]:
        """Return the sizes of the layers' own memory, (step, case), of all these cases."""
        if not self.programs.recurrent:
            return {}
        cases = len(tree.flatten(x)[0])
        parts = [self.programs.apart({"x": _rows(x, rows)}) for rows in in_parts(cases, even(cases, size))]
        return {key: np.concatenate([part[key] for part in parts], axis=1) for key in parts[0]}

    def _tell(
        self, given: dict[str, Any], tallies: dict[tuple[str, Key], Tally], keep: int, count: int
    ) -> None:
        valid = {place: v for (place, name), v in given["plain"].items() if name == "valid"}
        gates = {(part, gate) for part, of_one in self.programs.gates.items() for gate in of_one}
        for values, kind in (("seen", "activation"), ("slopes", "gradient")):
            for key, found in given[values].items():
                is_gate = kind == "activation" and key in gates
                call = self.programs.call_of(key)
                slices = self.programs.sliced.get(call, 1)
                tally = tallies.setdefault((kind, key), Tally(key[1], keep * slices, is_gate))
                alive = valid.get(call, np.ones((len(found), count * slices, 1), bool))
                tally.add(found, alive[:, :, 0])

    def _both_modes(self, x: Any) -> dict[bool, dict[Key, np.ndarray]]:
        norms = [each for each in self.programs.plain if isinstance(each, keras.layers.BatchNormalization)]
        norms += [each for each in self.programs.recurrent if getattr(each, "norm", None) == "batch"]
        return {mode: program({"x": x}) for mode, program in self.programs.forward.items()} if norms else {}

    def _sight(self, x: Any, outputs: np.ndarray, size: int) -> tuple[Sight, ...]:
        shapes = [tuple(each.shape) for each in tree.flatten(self._output_shapes(outputs))]
        width = sum(int(np.prod(shape[1:])) for shape in shapes)
        chosen = _outputs_to_follow(shapes)
        total: dict[Key, np.ndarray] = {}
        for place in chosen:
            direction = np.zeros((1, width), "float32")
            direction[:, place] = 1
            found = _mean_over(x, size, partial(self._slopes, direction))
            for key, slope in found.items():
                total[key] = total.get(key, 0) + slope / len(chosen)
        return tuple(Sight(name, slope, chosen) for name, slope in self._named(total).items())

    def _named(self, slopes: dict[Key, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the slopes of inputs that have steps, by the input's name."""
        names = input_names(self.programs.model)
        named = {key: names[int(key[1])] if int(key[1]) < len(names) else key[1] for key in slopes}
        return {named[key]: slope for key, slope in slopes.items() if slope.ndim == 2}

    def _slopes(self, direction: np.ndarray, part: Any) -> dict[Key, np.ndarray]:
        return self.programs.inputs({"x": part, "direction": direction})

    def _output_shapes(self, outputs: np.ndarray) -> Any:
        symbolic = getattr(self.programs.model, "outputs", None)
        return symbolic if symbolic and all(None not in each.shape[1:] for each in symbolic) else [outputs]

    def _notes(self, cases: int, size: int) -> Iterator[str]:
        if not self.programs.objective.is_loss:
            yield f"No y was given: gradients are those of {self.programs.objective.words}."
        if any(getattr(self.programs.objective, "largest", ())):
            yield "The outputs are probabilities, whose sum is 1 whatever the network reads."
        if not self.programs.recurrent:
            whose = "What was named" if self.programs.is_part else "The model"
            yield f"{whose} has no recurrent layer that can be looked into."
        if self.programs.training and size < cases:
            yield f"Training mode: batch statistics are those of batches of {size} cases."
        if self.programs.sliced:
            yield f"Each slice of a case is a case of its own in {', '.join(self.programs.sliced)}."
        if self.programs.passed_over:
            yield f"Passed over, since their steps are not known: {', '.join(self.programs.passed_over)}."


def _mean_over(x: Any, size: int, program: Any) -> dict[Key, np.ndarray]:
    """Return the means over the cases of what a program gives for parts of so many."""
    cases = len(tree.flatten(x)[0])
    total: dict[Key, np.ndarray] = {}
    for rows in in_parts(cases, even(cases, size)):
        for key, mean in program(_rows(x, rows)).items():
            total[key] = total.get(key, 0) + mean * ((rows.stop - rows.start) / cases)
    return total


def _rows(arrays: Any, rows: slice) -> Any:
    return tree.map_structure(lambda leaf: leaf[rows], arrays)


def _outputs_to_follow(shapes: list[tuple]) -> tuple[int, ...]:
    """Return which of a case's outputs, laid out in one row, are followed back: the last step's, 8 at
    most.
    """
    found: list[int] = []
    start = 0
    for shape in shapes:
        places = start + np.arange(int(np.prod(shape[1:]))).reshape(shape[1:] or (1,))
        found += places[-1].ravel().tolist() if len(shape) > 2 else places.ravel().tolist()
        start += places.size
    if len(found) > DIRECTIONS:
        found = [found[i] for i in np.linspace(0, len(found) - 1, DIRECTIONS).astype(int)]
    return tuple(found)
