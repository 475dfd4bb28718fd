"""Looking: the programs run over all cases, and what they gave is put together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import tree

from normcast.errors import counted
from normcast.layers import GRU, LSTM
from normcast.probes import loops, own
from normcast.probes.freezing import channels, recurrence
from normcast.probes.given import read_x, read_y, refuse_unbuilt
from normcast.probes.look import Look, Sight
from normcast.probes.objective import Objective
from normcast.probes.opened import opened
from normcast.probes.pooled import Pooled
from normcast.probes.programs import Programs
from normcast.probes.taps import Key
from normcast.probes.trace import Tally

ROOM = 200_000_000  # bytes of what one part of the cases may hold while it is differentiated
KEPT_ROOM = 128_000_000  # bytes of the values that are kept
BATCH = 256  # the most cases in one part
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

    x: (cases, time, channels), or a list or a dict of arrays; y: targets as given to fit; loss: that of
    compile if not given; without y the gradients are those of the sum of the outputs. layers: names of the
    layers to look into, all by default. training: whether dropout and batch statistics act. keep: cases of
    which all values are kept, less where they would take more than 128 MB. Raises ValueError for arrays
    that do not fit, values that are not finite, and layers that do not exist.

    >>> from keras.layers import LSTM, Dense
    >>> net = keras.Sequential([keras.Input((9, 2)), LSTM(4, name="lstm"), Dense(1)])
    >>> seen = look(net, np.ones((3, 9, 2), "float32"))
    >>> seen.recurrences["lstm"].gradients["h"].values.shape
    (3, 9, 4)
    """
    refuse_unbuilt(model)
    x = read_x(model, x)
    cases = len(tree.flatten(x)[0])
    y = None if y is None else read_y(y, cases)
    return Looker(Programs(model, Objective(model, y, loss), layers, training)).look(x, y, max(1, keep))


class Looker:
    """One who looks: the programs of a model, run over cases again and again."""

    def __init__(self, programs: Programs) -> None:
        self.programs = programs

    def look(self, x: Any, y: Any, keep: int) -> Look:
        """Run the programs over the cases, and put together what they gave."""
        cases = len(tree.flatten(x)[0])
        size = self._part_size(x)
        notes = list(self._notes(cases, size))
        few = _rows(x, slice(0, min(cases, FEW if self._fixed_batch is None else self._fixed_batch)))
        with opened(self.programs.model, [*self.programs.recurrent, *self.programs.plain]):
            tallies, weights, value, plain, outputs = self._over_cases(x, y, cases, size, keep, notes)
            carried = self.programs.apart({"x": few}) if self.programs.recurrent else {}
            modes = self._both_modes(_rows(x, slice(0, size)))
            sight = self._sight(few, outputs)
        variables = self.programs.model.trainable_variables
        slopes = {id(v): g for v, g in zip(variables, weights, strict=True)}
        traces = {key: tally.trace() for key, tally in tallies.items()}
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
            gradients={
                v.path: g for v, g in zip(self.programs.model.trainable_variables, weights, strict=True)
            },
            outputs=outputs,
            passed_over=self.programs.passed_over,
            notes=tuple(notes),
            window=max((leaf.shape[1] for leaf in tree.flatten(x) if leaf.ndim > 2), default=0),
        )

    def _over_cases(self, x: Any, y: Any, cases: int, size: int, keep: int, notes: list[str]) -> tuple:
        """Return tallies, gradients of the weights, the objective, moments of channels and kept outputs."""
        tallies: dict[tuple[str, Key], Tally] = {}
        weights: list[np.ndarray] = [
            np.zeros(v.shape, "float64") for v in self.programs.model.trainable_variables
        ]
        outputs: list[np.ndarray] = []
        value, plain = 0.0, Pooled()
        for rows in _parts(cases, size):
            count = rows.stop - rows.start
            share = [count / cases if self.programs.objective.is_mean else 1.0, count / cases]
            data = {"x": _rows(x, rows), "share": np.array(share, keras.config.floatx())}
            given = self.programs.whole(data if y is None else {**data, "y": _rows(y, rows)})
            value += float(given["value"])
            weights = [w + g for w, g in zip(weights, given["weights"], strict=True)]
            plain.add({k: v for k, v in given["plain"].items() if k[1] != "valid"}, count)
            if not tallies:
                keep = self._keep(given, keep, cases, notes)
            self._tell(given, tallies, keep)
            if sum(map(len, outputs)) < keep:
                outputs.append(given["outputs"])
        kept = np.concatenate(outputs)[:keep]
        return tallies, [w.astype(keras.config.floatx()) for w in weights], value, plain.means(), kept

    def _tell(self, given: dict[str, Any], tallies: dict[tuple[str, Key], Tally], keep: int) -> None:
        valid = {place: v for (place, name), v in given["plain"].items() if name == "valid"}
        for about, values, kind in (("acts", "seen", "activation"), ("backs", "slopes", "gradient")):
            for key, found in given[about].items():
                tally = tallies.setdefault((kind, key), Tally(key[1], keep))
                tally.add(found, given[values][key], valid.get(self.programs.call_of(key)))

    def _keep(self, given: dict[str, Any], keep: int, cases: int, notes: list[str]) -> int:
        """Return of how many cases all values are kept."""
        each = sum(v.nbytes // v.shape[1] for kind in ("seen", "slopes") for v in given[kind].values())
        room = max(1, int(KEPT_ROOM // max(each, 1)))
        wanted = min(keep, cases)
        if room < wanted:
            notes.append(
                f"All values are kept of {counted(room, 'case')} of {wanted}: one takes {each / 1e6:.1f} MB. "
                f"Summaries are over all {cases}."
            )
        return min(room, wanted)

    def _both_modes(self, x: Any) -> dict[bool, dict[Key, np.ndarray]]:
        norms = [each for each in self.programs.plain if isinstance(each, keras.layers.BatchNormalization)]
        norms += [each for each in self.programs.recurrent if getattr(each, "norm", None) == "batch"]
        return {mode: program({"x": x}) for mode, program in self.programs.forward.items()} if norms else {}

    def _sight(self, x: Any, outputs: np.ndarray) -> tuple[Sight, ...]:
        rows = len(tree.flatten(x)[0])
        shapes = [tuple(each.shape) for each in tree.flatten(self._output_shapes(outputs))]
        width = sum(int(np.prod(shape[1:])) for shape in shapes)
        chosen = _outputs_to_follow(shapes)
        total: dict[Key, np.ndarray] = {}
        for place in chosen:
            direction = np.zeros((rows, width), "float32")
            direction[:, place] = 1
            for key, slope in self.programs.inputs({"x": x, "direction": direction}).items():
                total[key] = total.get(key, 0) + slope / len(chosen)
        names = list(getattr(self.programs.model, "input_names", None) or [])
        named = {key: names[int(key[1])] if int(key[1]) < len(names) else key[1] for key in total}
        return tuple(Sight(named[key], slope, chosen) for key, slope in total.items() if slope.ndim == 2)

    def _output_shapes(self, outputs: np.ndarray) -> Any:
        symbolic = getattr(self.programs.model, "outputs", None)
        return symbolic if symbolic and all(None not in each.shape[1:] for each in symbolic) else [outputs]

    @property
    def _fixed_batch(self) -> int | None:
        shapes = [tuple(each.shape) for each in getattr(self.programs.model, "inputs", None) or []]
        return next((shape[0] for shape in shapes if shape and shape[0]), None)

    def _part_size(self, x: Any) -> int:
        """Return how many cases are differentiated at once."""
        if self._fixed_batch:
            return self._fixed_batch
        leaves = tree.flatten(x)
        steps = max((leaf.shape[1] for leaf in leaves if leaf.ndim > 2), default=1)
        width = sum(_width(layer) for layer in self.programs.recurrent)
        each = steps * max(width, 64) * np.dtype(keras.config.floatx()).itemsize * 4
        return int(min(len(leaves[0]), BATCH, max(1, ROOM // each)))

    def _notes(self, cases: int, size: int) -> Iterator[str]:
        if not self.programs.objective.is_mean and self.programs.objective.words.startswith("the sum"):
            yield "No y was given: gradients are those of the sum of the outputs."
        if not self.programs.recurrent:
            yield "The model has no recurrent layer that can be looked into."
        if self.programs.training and size < cases:
            yield f"Training mode: batch statistics are those of batches of {size} cases."
        if self.programs.passed_over:
            yield f"Passed over, since their steps are not known: {', '.join(self.programs.passed_over)}."


def _parts(cases: int, size: int) -> Iterator[slice]:
    for start in range(0, cases, size):
        yield slice(start, min(cases, start + size))


def _rows(arrays: Any, rows: slice) -> Any:
    return tree.map_structure(lambda leaf: leaf[rows], arrays)


def _width(layer: Any) -> int:
    parts = (own if isinstance(layer, (LSTM, GRU)) else loops).parts_of(layer, "")
    return sum(4 * sum(part.sizes.values()) for part in parts)


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
