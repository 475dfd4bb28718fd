"""Leak: a layer through which the steps of an output see later ones, and what takes that away."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil
from typing import Any
from weakref import WeakKeyDictionary

import keras

from normcast.check.net import Net, Node
from normcast.check.outlook import Outlook, outlooks, reaching_to, sources, telling, unfollowed
from normcast.check.passage import RECURRENT
from normcast.check.sight import Sight
from normcast.check.sweep import is_backwards
from normcast.models.edits import Edit, Replace, Rewire, Set
from normcast.models.graph import as_spec
from normcast.models.graph.kinds import ATTENTION, DENSE, NORM, named

BACKWARDS, LOCAL, GLOBAL = "backwards", "local", "global"
_GLOBAL = ATTENTION | NORM | DENSE | RECURRENT | named(
    "UnitNormalization Softmax LogSoftmax ReversibleInstanceNorm RepeatVector"
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Leak:
    """node: through which the future comes; steps: by how many of its own steps at most.

    way: BACKWARDS of a recurrence, LOCAL where some later steps are seen, GLOBAL where something of the whole
    window is put on each; pool: what made that, where another layer did. fix: edits after which, with those
    of the other leaks, no output sees ahead; none where such are not known; is_withheld: whether that is for
    the others.
    """

    node: Node
    steps: int
    way: str
    pool: Node | None = None
    fix: tuple[Edit, ...] = ()
    is_withheld: bool = False


_KNOWN: WeakKeyDictionary[Net, tuple[list[Leak], tuple[str, ...]]] = WeakKeyDictionary()


def leaks(net: Net) -> list[Leak]:
    """Return the leaks of a network whose outputs are to see no later step than their own, in its order."""
    return _looked_through(net)[0]


def not_followed(net: Net) -> tuple[str, ...]:
    """Return a sentence on the layers through which a leak would not be found, if there are any: nobody knows
    what they see."""
    return _looked_through(net)[1]


def _looked_through(net: Net) -> tuple[list[Leak], tuple[str, ...]]:
    if net not in _KNOWN:
        every = outlooks(net)
        closed = dict.fromkeys(node.reported for look in every for node in unfollowed(look))
        words = f"leaks through {', '.join(map(repr, closed))}: only a run of the model tells (--run)."
        told = (words,) if closed else ()
        _KNOWN[net] = _found(net, [look for look in every if look.leaking]), told
    return _KNOWN[net]


def _found(net: Net, looks: list[Outlook]) -> list[Leak]:
    over = [sources(look) for look in looks]
    mended = _mended(net, {key for each in over for key in each})
    over = [telling(look, each, mended) for look, each in zip(looks, over, strict=True)]
    unmended: set[int] = set()
    for look in looks:
        left = {id(node) for node in look.again(changed=mended).leaking}
        unmended |= reaching_to(net, left)
    found: dict[int, Leak] = {}
    for node in net.nodes:
        for look, seen in zip(looks, over, strict=True):
            if id(node) in seen and id(node.layer) not in found:
                fix = _remedy(node)[0] if id(node) in mended else ()
                leak = _leak(look, node, seen[id(node)], fix)
                is_vain = bool(fix) and id(node) in unmended
                found[id(node.layer)] = replace(leak, fix=(), is_withheld=True) if is_vain else leak
    return list(found.values())


def _leak(look: Outlook, node: Node, seen: list[Sight], fix: tuple[Edit, ...]) -> Leak:
    worst = max(seen, key=lambda sight: sight.ahead(look.steps))
    assert worst.line is not None
    steps = ceil(worst.ahead(look.steps) / worst.line.rate)
    pool = _pool(look, node)
    is_mixed = worst.line.mixed and not any(s.line and s.line.mixed for s in _read(look, node))
    if node.kind in RECURRENT and is_backwards(node):
        way = BACKWARDS
    else:
        way = GLOBAL if pool is not None or is_mixed or node.kind in _GLOBAL else LOCAL
    return Leak(node, steps, way, pool, fix)


def _read(look: Outlook, node: Node) -> list[Sight]:
    return [look.sights[id(source)][output] for source, output in node.reads]


def _pool(look: Outlook, node: Node) -> Node | None:
    """Return the layer that made one thing of all steps which this node puts on each; None if none did."""
    waiting = [source for source, output in node.reads if look.sights[id(source)][output].line is None]
    seen: set[int] = set()
    while waiting:
        source = waiting.pop(0)
        if id(source) in seen or all(sight.latest.max() < 0 for sight in look.sights[id(source)]):
            continue
        seen.add(id(source))
        if any(sight.line is not None for sight in _read(look, source)):
            return source
        waiting += source.inputs
    return None


def _mended(net: Net, places: Iterable[int]) -> dict[int, Node]:
    """Return, by id of node, what stands there after the fixes of these sources; of all calls of a layer."""
    wanted, places = {}, set(places)
    for node in net.nodes:
        if id(node) in places and not node.block and not node.call and _remedy(node)[0]:
            wanted[id(node.layer)] = node
    return {id(node): _remedy(node)[1] for node in net.nodes if id(node.layer) in wanted}


def _remedy(node: Node) -> tuple[tuple[Edit, ...], Node]:
    """Return the edits that take away what this node sees too much, and the node after them."""
    if node.kind in RECURRENT and node.wrappers == ("Bidirectional",):
        return _unwrapped(node)
    if node.wrappers:
        return (), node
    if node.kind in RECURRENT and is_backwards(node):
        return (Set(node.name, go_backwards=False),), _changed(node, go_backwards=False)
    if node.kind == "Conv1D" and node.config["padding"] == "same":
        return (Set(node.name, padding="causal"),), _changed(node, padding="causal")
    if node.kind in ATTENTION and not any(isinstance(v, keras.KerasTensor) for v in node.arguments.values()):
        arguments = {**node.arguments, "use_causal_mask": True}
        changed = copy.copy(node)
        changed.arguments = arguments
        return (Rewire(node.name, arguments=arguments),), changed
    return (), node


def _unwrapped(node: Node) -> tuple[tuple[Edit, ...], Node]:
    spec = as_spec(node.core)
    if "units" not in spec["config"]:
        return (), node
    factor = 2 if node.layer.merge_mode == "concat" else 1
    config = {**spec["config"], "units": spec["config"]["units"] * factor}
    # The second is forced upon the layer by Bidirectional: alone, it holds its last output where masked.
    config = {k: v for k, v in config.items() if k not in ("name", "zero_output_for_mask")}
    config["go_backwards"] = False
    changed = _changed(node, **config)
    changed.wrappers = ()
    return (Replace(node.name, {**spec, "config": config}),), changed


def _changed(node: Node, **config: Any) -> Node:
    changed = copy.copy(node)
    changed.__dict__["config"] = {**node.config, **config}
    return changed
