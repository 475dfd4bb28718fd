"""Trials: what shows when a model is tried on a few windows, beside what is seen inside its layers."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
from keras import tree

from normcast.check.examples import L, chain
from normcast.check.probe import STEPS, Probe
from normcast.check.rule import ERROR, WARNING, Found
from normcast.check.symptom import symptom
from normcast.models.edits import apply
from normcast.models.graph.kinds import RNN
from normcast.pages.percent import whole

FEW_STEPS = 3
DEBUGGING = "Goodfellow, Bengio & Courville 2016, Deep Learning, chapter 11.5, Debugging Strategies"


@symptom(
    101,
    "loss-not-finite",
    ERROR,
    hint="look for NaN in the data, an unbounded recurrent layer, or a logarithm of 0",
    sources=[
        "Pascanu et al. 2013, On the difficulty of training recurrent neural networks, arXiv:1211.5063",
        "IEEE 754: what is computed from a NaN is a NaN",
    ],
    inspected=False,
    bad=[chain((12, 2), L.Flatten(), L.Dense(1), times=1e30)],
    good=[chain((12, 2), L.Flatten(), L.Dense(1))],
)
def loss_not_finite(probe: Probe) -> Iterator[Found]:
    """The loss is NaN or infinite, at first or while the model is trained on these windows.

    Its gradient is then not finite either, and one step of the optimizer writes that into all weights.

    The bound is one such loss: the first, or one of 150 steps of Adam at 0.01 on up to 32 windows.
    """
    if not np.isfinite(probe.look.value):
        yield Found((), f"the first loss is {probe.look.value}")
    elif not np.isfinite(probe.losses[-1]) and np.isfinite(probe.losses[0]):
        step = int(np.argmin(np.isfinite(probe.losses)))
        words = f"the loss is {probe.losses[-1]} after {step} steps"
        yield Found((), words, hint="see NC023 and NC054")


@symptom(
    102,
    "dead-relu-units",
    WARNING,
    hint="a smaller learning rate, he_normal, or leaky relu",
    sources=["Lu et al. 2019, Dying ReLU and Initialization, arXiv:1903.06733", DEBUGGING],
    exceptions="Silent for recurrent layers, and for layers inside blocks of a user's own.",
    inspected=False,
    bad=[chain((12, 2), L.Flatten(), L.Dense(8, activation="relu", kernel_initializer="zeros"), L.Dense(1))],
    good=[chain((12, 2), L.Flatten(), L.Dense(8, activation="relu"), L.Dense(1))],
)
def dead_relu(probe: Probe) -> Iterator[Found]:
    """Many relu units of a layer are 0 for all windows.

    A relu passes no gradient where it is 0, so a unit that is 0 for every window is not learned any more.

    The bound is half of the layer's units, on up to 32 windows: a few dead ones are common and cost little.
    """
    nodes = [n for n in probe.layers if n.activation == "relu" and n.kind not in RNN and not n.block]
    nodes = [n for n in nodes if "/" not in n.name]
    for node, value in zip(nodes, probe.outputs(nodes) if nodes else [], strict=True):
        dead = float(np.mean(np.all(value <= 0, axis=tuple(range(value.ndim - 1)))))
        if dead >= 0.5:
            words = f"{whole(dead)} of the units are 0 for all {len(value)} windows"
            yield Found((node,), words, evidence={"share": dead})


@symptom(
    105,
    "layer-without-gradient",
    ERROR,
    hint="see whether its output reaches the loss: dead relu, constant output, stopped gradient",
    sources=["follows from the definition: what has no gradient is not learned", DEBUGGING],
    exceptions=(
        "Silent where a few steps move a weight: behind a head of zeros no layer has a gradient at first."
    ),
    inspected=False,
    bad=[chain((12, 2), L.Flatten(), L.Dense(8, activation="relu", kernel_initializer="zeros"), L.Dense(1))],
    good=[chain((12, 2), L.Flatten(), L.Dense(1))],
)
def no_gradient(probe: Probe) -> Iterator[Found]:
    """No weight of a layer gets any gradient.

    The layer stays as it was drawn, and what it computes is noise to the rest of the network.

    The bound is exactly 0 for all weights of the layer, at the start and over three steps of plain gradient
    descent.
    """
    slopes = probe.look.gradients
    still = {}
    for node in probe.layers:
        paths = [v.path for v in getattr(node.layer, "trainable_variables", [])]
        sizes = [np.abs(slopes[path]).max(initial=0) for path in paths if path in slopes]
        if sizes and max(sizes) == 0:
            still[node.reported] = node, paths
    moved = _moved(probe) if still else set()
    for node, paths in still.values():
        if not moved & set(paths):
            yield Found((node,), "no weight has a gradient")


def _moved(probe: Probe) -> set[str]:
    """Return the paths of the weights that a few steps of plain gradient descent change."""
    model = apply(probe.model, [])
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss=probe.loss)
    before = _values(model)
    for _ in range(FEW_STEPS):
        model.train_on_batch(probe.x, probe.y)
    return {path for path, value in _values(model).items() if (value != before[path]).any()}


def _values(model: keras.Model) -> dict[str, np.ndarray]:
    return {v.path: np.array(keras.ops.convert_to_numpy(v)) for v in model.trainable_variables}


@symptom(
    106,
    "loss-does-not-move",
    ERROR,
    hint="see whether the output depends on the input, and whether targets are in its range",
    sources=[f"{DEBUGGING}: fit a tiny data set"],
    inspected=False,
    bad=[chain((12, 2), L.Flatten(), L.Dense(1, activation="relu", kernel_initializer="zeros"))],
    good=[chain((12, 2), L.Flatten(), L.Dense(1))],
)
def loss_stays(probe: Probe) -> Iterator[Found]:
    """A training on these windows alone leaves the loss where it is.

    Nothing that is learned reaches the output: it is constant, or saturated, or cut off from the weights.

    The bound is a ten-thousandth of the first loss, over 150 steps of Adam at 0.01 on up to 32 windows.
    """
    first, best = probe.losses[0], min(probe.losses)
    if _moves_not(probe):
        words = f"the loss stays at {first:.4g} over {STEPS} steps"
        yield Found((), words, evidence={"first": first, "best": best})


@symptom(
    108,
    "cannot-overfit",
    WARNING,
    hint="more units, less regularization, or look at the shapes of output and target",
    sources=[f"{DEBUGGING}: fit a tiny data set"],
    exceptions="Silent where the loss does not move at all, or becomes NaN, which are findings of their own.",
    inspected=False,
    bad=[chain((12, 2), L.GlobalAveragePooling1D(), L.Dense(1))],
    good=[chain((12, 2), L.Flatten(), L.Dense(32, activation="relu"), L.Dense(1))],
)
def no_overfit(probe: Probe) -> Iterator[Found]:
    """A training on these windows alone hardly lowers the loss.

    A network that cannot learn a few windows by heart cannot learn more: it is too small, held back too much,
    or its outputs are compared with the wrong targets.

    The bound is half of the first loss after 150 steps of Adam at 0.01 on up to 32 windows.
    """
    first, best = probe.losses[0], min(probe.losses)
    if np.isfinite(probe.losses[-1]) and not _moves_not(probe) and best > 0.5 * first:
        cases = len(tree.flatten(probe.x)[0])
        words = f"{STEPS} steps on {cases} windows bring the loss from {first:.4g} to {best:.4g} only"
        yield Found((), words, evidence={"first": first, "best": best})


def _moves_not(probe: Probe) -> bool:
    first = probe.losses[0]
    return bool(np.isfinite(probe.losses[-1])) and abs(first - min(probe.losses)) <= 1e-4 * abs(first)
