"""Checks that run the model on a few batches. They work on a copy; the given model is not touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np

from normcast.check.findings import Findings
from normcast.check.gates import gate_values
from normcast.check.gradients import Gradients, gradients
from normcast.check.net import Net, Node
from normcast.check.reading import read
from normcast.check.rule import DISPLAY, ERROR, WARNING, Finding, Severity
from normcast.errors import in_short
from normcast.models.edits import apply
from normcast.models.graph.kinds import BATCH_NORM, RNN
from normcast.pages.percent import whole

WINDOWS, STEPS = 32, 150


@dataclass(eq=False)
class Probe:
    """A copy of a model with a few windows to try it on."""

    model: Any
    x: np.ndarray
    y: np.ndarray
    loss: Any
    net: Net

    @cached_property
    def gradients(self) -> Gradients:
        """The gradients of the first windows."""
        return gradients(self.model, self.x, self.y, self.loss)

    def outputs(self, nodes: list[Node], training: bool) -> list[np.ndarray]:
        """Return what layers give for the windows, in training or inference mode."""
        tensors = [node.layer.output for node in nodes]
        part = keras.Model(self.model.inputs, tensors)
        values = part(self.x, training=training)
        values = values if isinstance(values, (list, tuple)) else [values]
        return [np.array(keras.ops.convert_to_numpy(v)) for v in values]


def run_checks(model: Any, x: Any, y: Any, loss: Any = None, seed: int = 0) -> Findings:
    """Return what shows when the model runs on up to 32 windows: gradients, gates, dead units, overfitting.

    x: (windows, ...), y: (windows, ...), as given to fit. loss: that of compile if not given. A check that
    cannot be run on this model stands in `not_checked` of the result.
    Raises ValueError if the model has no loss, or not exactly one input, or x is not what it reads.

    >>> net = keras.Sequential([keras.Input((4, 1)), keras.layers.LSTM(2), keras.layers.Dense(1)])
    >>> x = np.random.default_rng(0).normal(size=(8, 4, 1)).astype("float32")
    >>> [finding.rule for finding in run_checks(net, x, x[:, -1], loss="mse") if finding.severity == 3]
    []
    """
    loss = loss if loss is not None else getattr(model, "loss", None)
    if loss is None:
        raise ValueError("run_checks: the model has no loss; compile it, or give loss=.")
    if len(getattr(model, "inputs", None) or []) != 1:
        raise ValueError("run_checks: needs a model with exactly one input.")
    x, y = np.asarray(x)[:WINDOWS], np.asarray(y)[:WINDOWS]
    _refuse_other_shape(x, tuple(model.inputs[0].shape))
    keras.utils.set_random_seed(seed)
    copy = apply(model, [])
    probe = Probe(copy, x, y, loss, read(copy))
    found = Findings(not_checked=probe.net.unread)
    checks = (_not_finite, _no_gradient, _vanishing, _dead_relu, _saturated_gates, _variance_shift, _training)
    for check in checks:
        found = found.with_others(_guarded(check, probe))
    return found


def _refuse_other_shape(x: np.ndarray, read_shape: tuple[int | None, ...]) -> None:
    fits = len(x.shape) == len(read_shape)
    if not fits or any(n not in (None, m) for n, m in zip(read_shape[1:], x.shape[1:], strict=True)):
        raise ValueError(f"run_checks: x has windows of {x.shape[1:]}; the model reads {read_shape[1:]}.")


def _guarded(check: Callable[[Probe], Iterator[Finding]], probe: Probe) -> Findings:
    try:
        return Findings(check(probe))
    except Exception as error:  # a layer that cannot be run apart keeps this check silent, not the others
        what = check.__name__.strip("_").replace("_", " ")
        return Findings(not_checked=[f"{what}, by running the model: it failed ({in_short(error)})."])


def finding(
    number: int,
    slug: str,
    severity: Severity,
    layers: tuple[str, ...],
    message: str,
    hint: str,
    **evidence: Any,
) -> Finding:
    """Return a dynamic finding; its codes begin at NC101."""
    return Finding(slug, f"NC{number}", severity, layers, message, hint, evidence, (), DISPLAY)


def _not_finite(probe: Probe) -> Iterator[Finding]:
    if not np.isfinite(probe.gradients.loss):
        hint = "look for NaN in the data, an unbounded recurrent layer, or a logarithm of 0"
        yield finding(101, "loss-not-finite", ERROR, (), f"the first loss is {probe.gradients.loss}", hint)


def _no_gradient(probe: Probe) -> Iterator[Finding]:
    """A layer none of whose weights gets any gradient."""
    for node in _layers(probe.net):
        paths = [v.path for v in getattr(node.layer, "trainable_variables", [])]
        sizes = [
            np.abs(probe.gradients.weights[p]).max(initial=0) for p in paths if p in probe.gradients.weights
        ]
        if sizes and max(sizes) == 0:
            hint = "see whether its output reaches the loss: dead relu, constant output, stopped gradient"
            yield finding(
                105, "layer-without-gradient", ERROR, (node.reported,), "no weight has a gradient", hint
            )


def _layers(net: Net) -> list[Node]:
    seen: dict[int, Node] = {}
    for node in net.nodes:
        seen.setdefault(id(node.layer), node)
    return list(seen.values())


def _vanishing(probe: Probe) -> Iterator[Finding]:
    """The gradient of the oldest quarter of the window against that of the newest."""
    inputs = probe.gradients.inputs
    recurrent = list(probe.net.of(RNN))
    if inputs is None or inputs.ndim != 3 or not recurrent or inputs.shape[1] < 8:
        return
    size = np.abs(inputs).mean(axis=(0, 2))  # (T,)
    quarter = len(size) // 4
    old, new = float(size[:quarter].mean()), float(size[-quarter:].mean())
    if new > 0 and old < 1e-6 * new:
        hint = "a shorter window, pooling or strides in front, attention, or skip connections"
        words = f"the oldest quarter of the window has {old / new:.1e} of the newest one's gradient"
        layers = tuple(node.reported for node in recurrent)
        yield finding(104, "gradient-vanishes", WARNING, layers, words, hint, ratio=old / new)


def _dead_relu(probe: Probe) -> Iterator[Finding]:
    nodes = [n for n in _layers(probe.net) if n.activation == "relu" and n.kind not in RNN and not n.block]
    nodes = [n for n in nodes if "/" not in n.name]
    for node, value in zip(nodes, probe.outputs(nodes, training=False) if nodes else [], strict=True):
        dead = float(np.mean(np.all(value <= 0, axis=tuple(range(value.ndim - 1)))))
        if dead >= 0.5:
            hint = "a smaller learning rate, he_normal, or leaky relu"
            words = f"{whole(dead)} of the units are 0 for all {len(value)} windows"
            yield finding(102, "dead-relu-units", WARNING, (node.reported,), words, hint, share=dead)


def _saturated_gates(probe: Probe) -> Iterator[Finding]:
    nodes = [n for n in _layers(probe.net) if n.kind in ("LSTM", "GRU") and not n.wrappers and not n.block]
    for node in [n for n in nodes if "/" not in n.name and len(n.inputs) == 1]:
        source = node.inputs[0]
        sequence = probe.x if source.kind == "InputLayer" else probe.outputs([source], training=False)[0]
        gates = gate_values(
            node.kind, node.config, [np.asarray(w) for w in node.layer.get_weights()], sequence
        )
        share = float(np.mean((gates < 0.01) | (gates > 0.99)))
        if share > 0.5:
            hint = "scale the inputs; smaller weights; layer normalization in the recurrence"
            words = f"{whole(share)} of the gate values are below 0.01 or above 0.99"
            yield finding(103, "saturated-gates", WARNING, (node.reported,), words, hint, share=share)


def _variance_shift(probe: Probe) -> Iterator[Finding]:
    """What stands in front of each normalization: its variance in training against inference mode."""
    norms = [n for n in probe.net.of(BATCH_NORM) if not n.block and "/" not in n.name]
    norms = [n for n in norms if n.inputs[0].kind != "InputLayer"]
    if not norms:
        return
    before = [n.inputs[0] for n in norms]
    trained, inferred = probe.outputs(before, True), probe.outputs(before, False)
    for norm, a, b in zip(norms, trained, inferred, strict=True):
        ratio = float(np.var(a) / max(np.var(b), 1e-12))
        if not 1 / 1.3 < ratio < 1.3 and np.var(b) > 1e-12:
            words = f"the variance in front of it is {ratio:.2f} times as high in training as at inference"
            hint = "move the dropout behind the normalization"
            yield finding(107, "variance-shift", WARNING, (norm.reported,), words, hint, ratio=ratio)


def _training(probe: Probe) -> Iterator[Finding]:
    """Train on these few windows only: a network that cannot learn them cannot learn more."""
    model = apply(probe.model, [])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=probe.loss)
    losses = [float(np.ravel(model.train_on_batch(probe.x, probe.y))[0]) for _ in range(STEPS)]
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
        words = f"{STEPS} steps on {len(probe.x)} windows bring the loss from {first:.4g} to {best:.4g} only"
        hint = "more units, less regularization, or look at the shapes of output and target"
        yield finding(108, "cannot-overfit", WARNING, (), words, hint, first=first, best=best)
