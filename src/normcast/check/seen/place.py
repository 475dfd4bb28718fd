"""The place of a finding: a layer by the name that edits know, and what the graph knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from normcast.check.net import Net, Node, passed
from normcast.check.recurrence import RECURRENT, cells_of, is_stack
from normcast.check.rule import Found, Severity
from normcast.errors import listed
from normcast.models.edits import Edit
from normcast.models.graph.kinds import BATCH_NORM

MOST_NAMED = 8  # units or filters in one message


@dataclass(frozen=True, eq=False)
class Place:
    """A layer that was looked into.

    name: as findings report it; path: as the look has it, where a direction of Bidirectional has a path of
    its own. node: of the graph, None where there is no graph, or edits cannot reach the layer.
    """

    name: str
    path: str
    node: Node | None = None

    def found(
        self,
        message: str,
        fix: tuple[Edit, ...] = (),
        severity: Severity | None = None,
        hint: str | None = None,
        **evidence: Any,
    ) -> Found:
        """Return what was found here, with the path in front where findings report another name."""
        where = "" if self.name == self.path else f"{self.path}: "
        return Found((), where + message, fix, severity, evidence, layers=(self.name,), hint=hint)


def named(noun: str, numbers: Sequence[int]) -> str:
    """Return some units, or filters, of a layer by their numbers.

    >>> named("unit", [3]), named("filter", range(9))
    ('unit 3', 'filters 0, 1, 2, 3, 4, 5, 6, 7 and 1 more')
    """
    return f"{noun}{'s' if len(numbers) > 1 else ''} {listed(numbers, MOST_NAMED)}"


def place_of(net: Net | None, path: str) -> Place:
    """Return the place of a layer. path: as a look has it, "block/lstm_1", "bidirectional/forward_lstm"."""
    plain = path.partition(" (call")[0]
    node = _node_at(net, plain)
    if node is None:
        return Place(plain, plain)
    return Place(node.reported, node.name if node.name == plain else plain, _in_reach(node))


def is_noisy_before(net: Net | None, path: str) -> bool:
    """Say whether noise acts in front of a layer, up to the batch norms there; True where that is not
    known.
    """
    node = _node_at(net, path.partition(" (call")[0])
    if node is None:
        return True
    return any(map(_is_noisy, passed(node, lambda each: each.kind not in BATCH_NORM)))


def _is_noisy(node: Node) -> bool:
    held = [cell.config for cell in cells_of(node)] if node.kind in RECURRENT else [node.config]
    rates = (each.get(name) for each in held for name in ("dropout", "recurrent_dropout", "zoneout"))
    own = node.kind != "InputLayer" and not node.is_known  # a layer of the user's own may be
    return node.is_noise or own or any(np.any(np.asarray(rate or 0, "float64") > 0) for rate in rates)


def _node_at(net: Net | None, path: str) -> Node | None:
    nodes = [n for n in (net.nodes if net else []) if n.name == path or _wraps(n, path)]
    return max(nodes, key=lambda n: len(n.name), default=None)


def _wraps(node: Node, path: str) -> bool:
    return bool(node.wrappers) and path.startswith(f"{node.name}/")


def _in_reach(node: Node) -> Node | None:
    around = tuple(wrapper for wrapper in node.wrappers if wrapper != "RNN")
    is_out = node.block or node.call or around not in ((), ("Bidirectional",)) or is_stack(node)
    return None if is_out else node
