"""Outlook: what every tensor of a network sees of one input's steps, and where it sees too much."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from normcast.check.net import Net, Node
from normcast.check.passage import passed
from normcast.check.sight import NOTHING, Line, Sight

STEPS = 480
"""The length that stands for one that is not known: it has the usual strides and pools as divisors."""
SIDE = 32
"""The same, of axes that are not time."""
MOST = 4_000
"""How many nodes are looked at to tell which sources matter; of larger networks all are told."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """What the outputs of each node see of one input, by id of node.

    start: the input; axis: which of its axes is time, without the batch; length: what stands for a length
    that is not known. over: of the nodes through which
    the future comes, in order, what they see where all before them see no more than they may. unknown: the
    ids of nodes that see something, of which nobody knows what.
    """

    net: Net
    start: Node
    axis: int
    length: int
    sights: dict[int, list[Sight]] = field(default_factory=dict)
    over: dict[int, list[Sight]] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)

    @property
    def steps(self) -> int:
        """How many steps the input has, or is taken to have."""
        return self.sights[id(self.start)][0].shape[self.axis]

    @classmethod
    def of(
        cls,
        net: Net,
        start: Node,
        axis: int,
        length: int,
        *,
        changed: Mapping[int, Node] | None = None,
        given: Mapping[int, list[Sight]] | None = None,
    ) -> Outlook:
        """Look through a network.

        changed: by id, what stands for a node that is to be seen as another. given: what these nodes see, by
        id; only that is followed then, not what the input has.
        """
        outlook = cls(net, start, axis, length)
        for node in net.nodes:
            outlook.sights[id(node)] = outlook._seen((changed or {}).get(id(node), node))
            if given is not None and node is start:
                outlook.sights[id(node)] = [outlook.sights[id(node)][0].emptied()]
            elif given is not None and id(node) in given:
                outlook.sights[id(node)] = given[id(node)]
        return outlook

    def again(self, **options: Any) -> Outlook:
        """Look anew at the same input; options: as of `of`."""
        return Outlook.of(self.net, self.start, self.axis, self.length, **options)

    def healed(self) -> Outlook:
        """Return the look in which no node sees more than it may, and what each would see but for that."""
        healed = Outlook(self.net, self.start, self.axis, self.length)
        for node in self.net.nodes:
            seen = healed._seen(node)
            if any(sight.ahead(self.steps) for sight in seen):
                healed.over[id(node)] = seen
                seen = [sight.healed(self.steps) if sight.line else sight for sight in seen]
            healed.sights[id(node)] = seen
        return healed

    def _seen(self, node: Node) -> list[Sight]:
        shapes = [_static(shape, self.length) for shape in node.shapes]
        if node is self.start:
            shape, axis = shapes[0], self.axis
            along = [n if i == axis else 1 for i, n in enumerate(shape)]
            return [Sight(shape, np.arange(shape[axis]).reshape(along), Line(axis, Fraction(1)))]
        if node.kind == "InputLayer":
            return [Sight.blind(shape) for shape in shapes]
        read = [self.sights[id(source)][output] for source, output in node.reads]
        sights, is_known = passed(node, read, shapes)
        if not is_known and any(sight.latest.max() > NOTHING for sight in read):
            self.unknown.add(id(node))
        return sights

    @property
    def ends(self) -> list[tuple[Node, Sight]]:
        """The outputs of the model that have a step for each of the input's, or for some of them."""
        found = [(node, self.sights[id(node)][output]) for node, output in self.net.outputs]
        return [(node, sight) for node, sight in found if sight.is_per_step(self.steps)]

    @property
    def leaking(self) -> list[Node]:
        """The nodes of those outputs that see later steps than their own."""
        return [node for node, sight in self.ends if sight.ahead(self.steps)]


def unfollowed(look: Outlook) -> list[Node]:
    """Return the nodes on the way to an output with steps of which nobody knows what they see.

    What comes behind such a node seems to see nothing, so that a leak through it is not found.
    """
    reaching = reaching_to(look.net, {id(node) for node, _ in look.ends})
    return [node for node in look.net.nodes if id(node) in look.unknown & reaching]


def _static(shape: tuple[int | None, ...], steps: int) -> tuple[int, ...]:
    return tuple((steps if axis == 0 else SIDE) if n is None else n for axis, n in enumerate(shape[1:]))


def nominal(net: Net) -> int:
    """Return the length that stands for one that is not known: longer than any layer of it reaches."""
    if all(None not in start.shape[1:2] for start in net.inputs):
        return STEPS
    reach = 0
    for node in net.nodes:
        size, dilation = (node.config.get(name) or 1 for name in ("kernel_size", "dilation_rate"))
        reach = max(reach, _largest(size) * _largest(dilation))
    return STEPS * (1 + reach // STEPS)


def _largest(value: Any) -> int:
    return max(map(int, value)) if isinstance(value, (list, tuple)) else int(value)


def outlooks(net: Net) -> list[Outlook]:
    """Return how the network looks at each input that has an axis of time which an output keeps.

    It is the first axis, also of whole numbers; the second where layers expect the channels in front and
    nothing keeps the first.
    """
    found, length = [], nominal(net)
    turned = any(node.config.get("data_format") == "channels_first" for node in net.nodes)
    for start in net.inputs:
        rank = len(start.shape) - 1
        axes = range(min(rank, 2 if turned else 1)) if rank >= 2 or _is_named(start) else ()
        looks = (Outlook.of(net, start, axis, length) for axis in axes)
        found += [look for look in looks if look.ends][:1]
    return found


def _is_named(start: Node) -> bool:
    """Whether an input holds whole numbers that stand for something."""
    embedded = any(reader.kind == "Embedding" for reader in start.readers)
    return len(start.shape) == 2 and (embedded or "int" in str(getattr(start.layer, "dtype", "")))


def sources(look: Outlook) -> dict[int, list[Sight]]:
    """Return the ids of the nodes before an output that leaks which see more than they may, in order, and
    what they see where those before them see no more.
    """
    reaching = reaching_to(look.net, {id(node) for node in look.leaking})
    return {key: seen for key, seen in look.healed().over.items() if key in reaching}


def telling(
    look: Outlook, over: dict[int, list[Sight]], changed: Mapping[int, Node]
) -> dict[int, list[Sight]]:
    """Return those sources that reach an output by themselves, where others are changed; where only several
    together do, these.
    """
    if len(over) < 2 or len(over) * len(look.net.nodes) > MOST:
        return over
    alone = {key for key in over if look.again(given={key: over[key]}, changed=changed).leaking}
    return {key: seen for key, seen in over.items() if key in alone} or over


def reaching_to(net: Net, ends: Collection[int]) -> set[int]:
    """Return the ids of the nodes from which one of these is reached, and their own."""
    found = set(ends)
    for node in reversed(net.nodes):
        if id(node) in found:
            found |= {id(source) for source in node.inputs}
    return found
