"""The head of a network: the layer that gives an output its values, and the range of those values."""

from __future__ import annotations

from dataclasses import dataclass

from normcast.check.facts import Facts, Loss
from normcast.check.net import Net, Node, Shape
from normcast.check.ranges import LINEAR, Range, range_of
from normcast.models.edits import Compile, Edit, Remove, Replace, Set
from normcast.models.graph.kinds import ACT, CONV_LSTM, NOISE, RNN, SHAPE


@dataclass(frozen=True, eq=False)
class Head:
    """What stands at an output.

    node: the layer whose values the output shows, through reshapes, noise and linear activations;
    weights: the nearest layer with weights behind an activation, or `node` itself; None where that is
    unclear. activation: of `node`; "?" if it cannot be known. shape: of the output, with the batch axis;
    end: the node that the model returns, and the number of its output.
    """

    node: Node
    weights: Node | None
    activation: str
    shape: Shape
    end: tuple[Node, int]

    @property
    def range(self) -> Range | None:
        """The values the head can give; None if unknown."""
        return None if self.activation == "?" else range_of(self.node)

    @property
    def units(self) -> int | None:
        """The length of the output's last axis."""
        return self.shape[-1] if len(self.shape) > 1 else None

    @property
    def is_probability(self) -> bool:
        """Whether the head gives probabilities."""
        return self.activation in ("sigmoid", "softmax", "hard_sigmoid")

    @property
    def is_linear(self) -> bool:
        """Whether a Dense or Conv layer without activation stands here."""
        return self.activation == "linear" and self.node.kind in LINEAR


def heads(net: Net) -> list[Head]:
    """Return the head of each output of the model."""
    return [_head(node, number) for node, number in net.outputs]


def _head(node: Node, number: int) -> Head:
    end, shape = (node, number), node.shapes[number] if number < len(node.shapes) else node.shape
    while node.reads and (node.kind in SHAPE | NOISE or (node.kind in ACT and node.activation == "linear")):
        node = node.inputs[0]
    weights: Node | None = node
    while weights is not None and weights.kind in SHAPE | NOISE | ACT:
        weights = weights.inputs[0] if weights.reads else None
    weights = weights if weights is not None and weights.kind in LINEAR | RNN | CONV_LSTM else None
    return Head(node, weights, _activation(node), shape, end)


def _activation(node: Node) -> str:
    if node.kind in RNN | CONV_LSTM:
        return node.activation if range_of(node) is not None else "?"
    return node.activation if node.kind in LINEAR | ACT else "?"


def with_losses(net: Net, facts: Facts) -> list[tuple[Head, Loss | None]]:
    """Return each head with its loss."""
    return [(head, facts.loss(i)) for i, head in enumerate(heads(net))]


def supervised(net: Net, facts: Facts) -> list[Node]:
    """Return the outputs that are compared with targets, as far as is known.

    An output without a loss is none; under a loss of the user's own it counts only if the task is stated to
    be one with targets, for embeddings and projectors are trained by such losses.
    """
    stated = facts.task.type in ("regression", "classification", "multilabel", "reconstruction")
    if not facts.training.losses:
        return [node for node, _ in net.outputs] if stated else []
    losses = [facts.loss(i) for i in range(len(net.outputs))]
    return [
        node
        for (node, _), loss in zip(net.outputs, losses, strict=True)
        if loss is not None and (stated or loss.name != "custom")
    ]


def to_activation(head: Head, activation: str) -> tuple[Edit, ...]:
    """Return the edit that gives a head another activation; none where it has no activation to set."""
    node = head.node
    if node.kind == "Activation":
        return (Remove(node.name),) if activation == "linear" else (Set(node.name, activation=activation),)
    if node.kind in ACT:
        layer = {"class_name": "Activation", "config": {"activation": activation}}
        return (Remove(node.name) if activation == "linear" else Replace(node.name, layer),)
    return (Set(node.name, activation=activation),) if node.kind in LINEAR else ()


def to_loss(net: Net, loss: str) -> tuple[Edit, ...]:
    """Return the edit to another loss; none where the model is not compiled, or has several outputs."""
    return (Compile(loss),) if net.compiled and len(net.outputs) == 1 else ()


def show(value: float | None) -> str:
    """Return a number in short, "?" if it is not known."""
    return "?" if value is None else f"{value:g}"
