"""The place of a finding: a layer by the name that edits know, and what the graph knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from normcast.check.net import Net, Node
from normcast.check.rule import DISPLAY, UNSAFE, Finding, Severity
from normcast.models.edits import Edit

MEASURE = "normcast check MODEL.keras --data FILE.npz --run --measure"


@dataclass(frozen=True, eq=False)
class Place:
    """A layer that was looked into.

    name: as findings report it; path: as the look has it, where a direction of Bidirectional has a path of
    its own. node: of the graph, None where there is no graph, or edits cannot reach the layer.
    """

    name: str
    path: str
    node: Node | None = None

    def finding(
        self,
        number: int,
        slug: str,
        severity: Severity,
        message: str,
        hint: str,
        fix: tuple[Edit, ...] = (),
        **evidence: Any,
    ) -> Finding:
        """Return a finding here; what edits would do can be measured, which the hint says how."""
        where = "" if self.name == self.path else f"{self.path}: "
        return finding(number, slug, severity, (self.name,), where + message, hint, fix, **evidence)


def finding(
    number: int,
    slug: str,
    severity: Severity,
    layers: tuple[str, ...],
    message: str,
    hint: str,
    fix: tuple[Edit, ...] = (),
    **evidence: Any,
) -> Finding:
    """Return a finding of what is seen when a model runs; their codes begin at NC101.

    fix: edits that change what the model computes, so they are to be measured on the data; the hint says how.
    """
    hint = f"{hint}; to measure it: {MEASURE}" if fix else hint
    safety = UNSAFE if fix else DISPLAY
    return Finding(slug, f"NC{number}", severity, layers, message, hint, evidence, fix, safety)


def place_of(net: Net | None, path: str) -> Place:
    """Return the place of a layer. path: as a look has it, "block/lstm_1", "bidirectional/forward_lstm"."""
    plain = path.partition(" (call")[0]
    nodes = [n for n in (net.nodes if net else []) if n.name == plain or _wraps(n, plain)]
    node = max(nodes, key=lambda n: len(n.name), default=None)
    if node is None:
        return Place(plain, plain)
    return Place(node.reported, node.name if node.name == plain else plain, _in_reach(node))


def _wraps(node: Node, path: str) -> bool:
    return bool(node.wrappers) and path.startswith(f"{node.name}/")


def _in_reach(node: Node) -> Node | None:
    return None if node.block or node.call or node.wrappers not in ((), ("Bidirectional",)) else node
