"""Checks that run the model on a few batches. They work on a copy; the given model is not touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
from keras import tree

from normcast.check.findings import Findings
from normcast.check.net import Net, Node
from normcast.check.reading import read
from normcast.check.rule import ERROR, WARNING, Finding
from normcast.check.seen import findings_of
from normcast.check.seen.place import finding
from normcast.errors import in_short
from normcast.models.edits import apply
from normcast.models.graph.kinds import RNN
from normcast.pages.percent import whole
from normcast.probes import Look, Looker, Objective, Programs
from normcast.probes.given import read_x, read_y

WINDOWS, STEPS = 32, 150


@dataclass(eq=False)
class Probe:
    """A copy of a model with a few windows to try it on."""

    model: Any
    x: Any
    y: Any
    loss: Any
    net: Net

    @cached_property
    def look(self) -> Look:
        """What goes on inside the model on these windows, in training mode as `fit` runs it."""
        programs = Programs(self.model, Objective(self.model, self.y, self.loss), None, training=True)
        return Looker(programs).look(self.x, self.y, WINDOWS)

    def outputs(self, nodes: list[Node]) -> list[np.ndarray]:
        """Return what layers give for the windows at inference."""
        part = keras.Model(self.model.inputs, [node.layer.output for node in nodes])
        values = part(self.x, training=False)
        values = values if isinstance(values, (list, tuple)) else [values]
        return [np.array(keras.ops.convert_to_numpy(v)) for v in values]


def run_checks(model: Any, x: Any, y: Any, loss: Any = None, seed: int = 0) -> Findings:
    """Return what shows when the model runs on up to 32 windows: gradients, gates, dead units, overfitting.

    x: (windows, ...), or a list or a dict of arrays for several inputs; y: (windows, ...), as given to fit.
    loss: that of compile if not given. What is seen inside the layers is what `normcast.inspect_model` sees.
    A check that cannot be run on this model stands in `not_checked` of the result.
    Raises ValueError if the model has no loss, or x is not what it reads.

    >>> net = keras.Sequential([keras.Input((4, 1)), keras.layers.LSTM(2), keras.layers.Dense(1)])
    >>> x = np.random.default_rng(0).normal(size=(8, 4, 1)).astype("float32")
    >>> [finding.rule for finding in run_checks(net, x, x[:, -1], loss="mse") if finding.severity == 3]
    []
    """
    loss = loss if loss is not None else getattr(model, "loss", None)
    if loss is None:
        raise ValueError("run_checks: the model has no loss; compile it, or give loss=.")
    if not getattr(model, "inputs", None):
        raise ValueError("run_checks: the model has no inputs that are known; build it with keras.Input.")
    x, y = _given(model, x, y)
    keras.utils.set_random_seed(seed)
    copy = apply(model, [])
    probe = Probe(copy, x, y, loss, read(copy))
    found = Findings(not_checked=probe.net.unread)
    for check in (_not_finite, _no_gradient, _seen, _dead_relu, _training):
        found = found.with_others(_guarded(check, probe))
    return _told_once(found)


def _given(model: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Return the first windows of x and y as the model reads them."""
    try:
        x = read_x(model, x, finite=False)
        y = read_y(y, len(tree.flatten(x)[0]))
    except ValueError as error:
        raise ValueError(f"run_checks{str(error).removeprefix('inspect')}") from None
    first = lambda leaf: leaf[:WINDOWS]  # noqa: E731
    return tree.map_structure(first, x), tree.map_structure(first, y)


def _told_once(found: Findings) -> Findings:
    """Return the findings without dead filters of layers whose relu units are told to be dead."""
    dead = {each.layers for each in found if each.rule == "dead-relu-units"}
    left = [each for each in found if each.rule != "dead-filters" or each.layers not in dead]
    return Findings(left, found.not_checked)


def _guarded(check: Callable[[Probe], Iterator[Finding]], probe: Probe) -> Findings:
    try:
        return Findings(check(probe))
    except Exception as error:  # a layer that cannot be run apart keeps this check silent, not the others
        what = check.__name__.strip("_").replace("_", " ")
        return Findings(not_checked=[f"{what}, by running the model: it failed ({in_short(error)})."])


def _not_finite(probe: Probe) -> Iterator[Finding]:
    if not np.isfinite(probe.look.value):
        hint = "look for NaN in the data, an unbounded recurrent layer, or a logarithm of 0"
        yield finding(101, "loss-not-finite", ERROR, (), f"the first loss is {probe.look.value}", hint)


def _no_gradient(probe: Probe) -> Iterator[Finding]:
    """A layer none of whose weights gets any gradient."""
    slopes = probe.look.gradients
    for node in _layers(probe.net):
        paths = [v.path for v in getattr(node.layer, "trainable_variables", [])]
        sizes = [np.abs(slopes[path]).max(initial=0) for path in paths if path in slopes]
        if sizes and max(sizes) == 0:
            hint = "see whether its output reaches the loss: dead relu, constant output, stopped gradient"
            layers = (node.reported,)
            yield finding(105, "layer-without-gradient", ERROR, layers, "no weight has a gradient", hint)


def _seen(probe: Probe) -> Iterator[Finding]:
    """What shows inside the layers, see `normcast.check.seen`."""
    yield from findings_of(probe.look, probe.net)


def _layers(net: Net) -> list[Node]:
    seen: dict[int, Node] = {}
    for node in net.nodes:
        seen.setdefault(id(node.layer), node)
    return list(seen.values())


def _dead_relu(probe: Probe) -> Iterator[Finding]:
    nodes = [n for n in _layers(probe.net) if n.activation == "relu" and n.kind not in RNN and not n.block]
    nodes = [n for n in nodes if "/" not in n.name]
    for node, value in zip(nodes, probe.outputs(nodes) if nodes else [], strict=True):
        dead = float(np.mean(np.all(value <= 0, axis=tuple(range(value.ndim - 1)))))
        if dead >= 0.5:
            hint = "a smaller learning rate, he_normal, or leaky relu"
            words = f"{whole(dead)} of the units are 0 for all {len(value)} windows"
            yield finding(102, "dead-relu-units", WARNING, (node.reported,), words, hint, share=dead)


def _training(probe: Probe) -> Iterator[Finding]:
    """Train on these few windows only: a network that cannot learn them cannot learn more."""
    model = apply(probe.model, [])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=probe.loss)
    losses = [float(np.ravel(model.train_on_batch(probe.x, probe.y))[0]) for _ in range(STEPS)]
    cases = len(tree.flatten(probe.x)[0])
    first, best, last = losses[0], min(losses), losses[-1]
    if not np.isfinite(last) and np.isfinite(first):
        step = int(np.argmin(np.isfinite(losses)))
        yield finding(
            101, "loss-not-finite", ERROR, (), f"the loss is {last} after {step} steps", "see NC023 and NC054"
        )
    elif abs(first - best) <= 1e-4 * abs(first):
        hint = "see whether the output depends on the input, and whether targets are in its range"
        words = f"the loss stays at {first:.4g} over {STEPS} steps"
        yield finding(106, "loss-does-not-move", ERROR, (), words, hint, first=first, best=best)
    elif best > 0.5 * first:
        words = f"{STEPS} steps on {cases} windows bring the loss from {first:.4g} to {best:.4g} only"
        hint = "more units, less regularization, or look at the shapes of output and target"
        yield finding(108, "cannot-overfit", WARNING, (), words, hint, first=first, best=best)
