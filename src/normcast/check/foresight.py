"""Foresight: an output that moves when steps after its own are changed, found by changing them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import tree

from normcast import keras_seam
from normcast.check.examples import L, chain
from normcast.check.net import Net, Node
from normcast.check.outlook import Outlook, outlooks, reaching_to
from normcast.check.probe import Probe
from normcast.check.rule import ERROR, Found
from normcast.check.sight import Line
from normcast.check.symptom import symptom

CUTOFFS, SIZES = 24, (1.0, 3.0, 10.0)
DRAWS = len(SIZES)
ROUNDING = 2.0**-21
"""Differences up to this share of the outputs' range, or of their size, may be rounding: 4 units of single
precision."""
_CAUSAL: dict[str, Any] = {"causal_required": True, "granularity": "per_step"}


@symptom(
    119,
    "later-steps-seen",
    ERROR,
    hint="see NC029, NC030 and NC031 for what layers do that, and what to use instead",
    sources=["follows from the definition: what cannot be known at a step must not move its output"],
    exceptions=(
        "Silent unless each step has an output that must not depend on later inputs (`causal_required`, "
        "`granularity`), and where it is not known which step of the input an output belongs to."
    ),
    twins=["bidirectional-future-leak", "noncausal-conv-leak", "global-context-leak"],
    tried="20 of 20 networks with a leak were told, and none of 20 causal ones",
    inspected=False,
    bad=[chain((12, 2), L.Conv1D(4, 3, padding="same"), L.Dense(1), **_CAUSAL)],
    good=[chain((12, 2), L.Conv1D(4, 3, padding="causal"), L.Dense(1), **_CAUSAL)],
)
def later_steps_seen(probe: Probe) -> Iterator[Found]:
    """An output of a step moves when only inputs of later steps are changed; the layer named is the first
    that shows it.

    In validation that looks like skill; in use the later steps do not exist yet. Layers that the graph tells
    nothing of, as a Lambda, are seen so, too.

    The bound is rounding: 4 units of single precision of the outputs' range. Nothing else may move them, at
    inference and in one program, by however little.
    """
    if not probe.facts.needs_causal_steps:
        return
    for look in outlooks(probe.net):
        found = Change.of(probe, look).first()
        if found is not None:
            node, (step, ahead) = found
            words = f"its output at step {step} moves when only inputs from step {ahead} on are changed"
            yield Found((node,), words, evidence={"step": step, "changed_from": ahead})
            return


Moved = tuple[Node, tuple[int, int]]
"""A layer, its step that moves, and the first step that was changed."""


@dataclass(frozen=True, eq=False)
class Change:
    """Windows, the same ones changed behind a step of each, and how the network looks at them.

    cutoffs: (windows,), the last step that is as it was.
    """

    model: Any
    look: Outlook
    before: Any
    after: Any
    cutoffs: np.ndarray

    @classmethod
    def of(cls, probe: Probe, look: Outlook, seed: int = 0) -> Change:
        """Change the steps of one input behind many steps, in several ways."""
        rng, place = np.random.default_rng(seed), probe.net.inputs.index(look.start)
        leaves = tree.flatten(probe.x)
        steps = leaves[place].shape[1 + look.axis]
        cutoffs = _cutoffs(steps)
        size = _batch(probe.model) or 1
        cutoffs = np.resize(cutoffs, -(-DRAWS * len(cutoffs) // size) * size)
        rows = np.arange(len(cutoffs)) % len(leaves[place])
        before = [leaf[rows] for leaf in leaves]
        values = _others(leaves[place], before[place].shape, look.start, rng)
        later = np.arange(steps) > cutoffs[:, None]
        later = np.expand_dims(later, [i for i in range(1, before[place].ndim) if i != 1 + look.axis])
        changed = np.where(later, values, before[place]).astype(before[place].dtype)
        after = [changed if i == place else leaf for i, leaf in enumerate(before)]
        at_length = Outlook.of(look.net, look.start, look.axis, steps)
        old, new = (tree.pack_sequence_as(probe.x, each) for each in (before, after))
        return cls(probe.model, at_length, old, new, cutoffs)

    def first(self) -> Moved | None:
        """Return the first layer through which a change comes that moves an output; None if none moves."""
        old, new = (_outputs(self.model, x) for x in (self.before, self.after))
        net, moved = self.look.net, {}
        for (node, output), a, b in zip(net.outputs, old, new, strict=True):
            sight = self.look.sights[id(node)][output]
            found = self._moved(sight.line, a, b) if sight.is_per_step(self.look.steps) else None
            if found is not None:
                moved[id(node)] = node, found
        return self._first_inside(list(moved)) or next(iter(moved.values())) if moved else None

    def _first_inside(self, ends: list[int]) -> Moved | None:
        """Return the first layer that moves too early, of those from which one of these is reached."""
        net, reaching = self.look.net, reaching_to(self.look.net, ends)
        values = [_inside(self.model, net, x) for x in (self.before, self.after)]
        for node in net.nodes:
            pairs = zip(
                *(each.get(id(node), []) for each in values), self.look.sights[id(node)], strict=False
            )
            for old, new, sight in pairs:
                found = self._moved(sight.line, old, new) if id(node) in reaching else None
                if found is not None:
                    return node, found
        return None

    def _moved(self, line: Line | None, old: np.ndarray, new: np.ndarray) -> tuple[int, int] | None:
        """Return the step of a tensor that moves though all it may see is as it was, and the first that is
        not.
        """
        if line is None or old.ndim <= line.axis + 1 or len(old) != len(self.cutoffs):
            return None
        early = line.stamps(old.shape[line.axis + 1], self.look.steps) <= self.cutoffs[:, None]
        apart = _differs(old, new, line) & early
        if not apart.any():
            return None
        row, step = np.argwhere(apart)[0]
        return int(step), int(self.cutoffs[row]) + 1


def _differs(old: np.ndarray, new: np.ndarray, line: Line) -> np.ndarray:
    """Return (windows, steps): where two runs differ by more than rounding."""
    others = tuple(i for i in range(1, old.ndim) if i != line.axis + 1)
    if not np.issubdtype(old.dtype, np.floating):
        return (old != new).any(axis=others)
    both = np.stack([old, new]).astype("float64")
    whole = tuple(range(2, both.ndim))
    with np.errstate(invalid="ignore"):
        span = (np.nanmax(both, axis=whole) - np.nanmin(both, axis=whole)).max(axis=0)
        apart = np.abs(both[0] - both[1])
        least = ROUNDING * (span.reshape(-1, *[1] * (old.ndim - 1)) + np.abs(both[0]))
        differs = (apart > least) | (np.isfinite(both[0]) != np.isfinite(both[1]))
    return differs.any(axis=others)


def _cutoffs(steps: int) -> np.ndarray:
    """Return steps to change all behind: every one of a short window; of a longer one the first, the last but
    one and a row in the middle, in which each place of a stride occurs.
    """
    if steps - 1 <= CUTOFFS:
        return np.arange(max(1, steps - 1))
    middle = steps // 2 + np.arange(CUTOFFS - 4) - (CUTOFFS - 4) // 2
    return np.array([0, 1, *middle, steps - 3, steps - 2])


def _others(seen: np.ndarray, shape: tuple[int, ...], start: Node, rng: np.random.Generator) -> np.ndarray:
    """Return other values of an input: of whole numbers others that may occur, else such as are usual, and
    ten times as large.
    """
    if not np.issubdtype(seen.dtype, np.floating) or any(n.kind == "Embedding" for n in start.readers):
        known = [int(n.config["input_dim"]) for n in start.readers if n.kind == "Embedding"]
        return rng.integers(0, min(known, default=int(seen.max(initial=1)) + 1), size=shape)
    finite = seen[np.isfinite(seen)]
    middle, spread = (float(finite.mean()), float(finite.std())) if finite.size else (0.0, 1.0)
    sizes = np.array(SIZES)[np.arange(shape[0]) * DRAWS // shape[0]].reshape(-1, *[1] * (len(shape) - 1))
    return middle + sizes * (spread or 1.0) * rng.normal(size=shape)


def _batch(model: Any) -> int | None:
    """Return the number of windows that a model always reads at once; None if any number will do."""
    return next((each.shape[0] for each in model.inputs if each.shape[0] is not None), None)


def _outputs(model: Any, x: Any) -> list[np.ndarray]:
    """Return what a model gives for x at inference; each batch begins at the states that it has now."""
    rows, kept = len(tree.flatten(x)[0]), list(model.non_trainable_variables)
    for layer in keras_seam.all_layers(model):
        kept += tree.flatten(layer.states) if getattr(layer, "stateful", False) else []
    size, states = _batch(model) or rows, [(variable, _array(variable)) for variable in kept]
    parts = []
    for start in range(0, rows, size):
        part = tree.map_structure(lambda leaf, at=start: leaf[at : at + size], x)
        parts.append(tree.flatten(model(part, training=False)))
        for variable, value in states:
            variable.assign(value)
    return [np.concatenate([_array(value) for value in values]) for values in zip(*parts, strict=True)]


def _array(value: Any) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(value))


def _inside(model: Any, net: Net, x: Any) -> dict[int, list[np.ndarray]]:
    """Return what each node gives for x at inference, by id."""
    acting = {id(node): node.whole or node.layer for node in net.nodes if node.whole or not node.block}
    with _watched(list(acting.values())) as seen:
        _outputs(model, x)
    batches = len(tree.flatten(x)[0]) // (_batch(model) or len(tree.flatten(x)[0]))
    count: dict[int, int] = defaultdict(int)
    found = {}
    for key, layer in acting.items():
        calls = len(seen[id(layer)]) // batches
        if count[id(layer)] < calls:
            parts = [tree.flatten(each) for each in seen[id(layer)][count[id(layer)] :: calls]]
            found[key] = [np.concatenate(list(map(_array, each))) for each in zip(*parts, strict=True)]
            count[id(layer)] += 1
    return found


@contextmanager
def _watched(layers: list[Any]) -> Iterator[dict[int, list[Any]]]:
    """Keep what each layer gives, call by call, by id of layer."""
    seen: dict[int, list[Any]] = defaultdict(list)
    own = list({id(layer): layer for layer in layers}.values())

    def watching(layer: Any) -> Any:
        call = layer.call

        def watched(*args: Any, **kwargs: Any) -> Any:
            given = call(*args, **kwargs)
            seen[id(layer)].append(given)
            return given

        return watched

    for layer in own:
        layer.__dict__["call"] = watching(layer)
    try:
        yield seen
    finally:
        for layer in own:
            del layer.__dict__["call"]
