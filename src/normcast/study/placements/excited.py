"""Squeeze-excite made of plain layers: found, so that it can be taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from normcast.models.edits import Edit, Remove, Rewire
from normcast.models.graph import Wiring, wiring_of
from normcast.models.graph.kinds import ACT, DENSE, GLOBAL_POOL, SHAPE

if TYPE_CHECKING:
    import keras

GATE = GLOBAL_POOL | SHAPE | DENSE | ACT


def plain_excites(model: keras.Model) -> dict[str, tuple[Edit, ...]]:
    """Return, by the layer that is weighed by such a gate, the edits that take the gate out."""
    wiring = wiring_of(model)
    found: dict[str, tuple[Edit, ...]] = {}
    for name, part in wiring.parts.items():
        if part.class_name != "Multiply" or len(part.calls) != 1:
            continue
        read = [ref.layer for ref in part.calls[0].refs()]
        for weighed in read:
            gates = [_gate(wiring, other, weighed) for other in read if other != weighed]
            if gates and all(gates):
                chain = [layer for gate in gates for layer in gate]
                found[weighed] = (Rewire(name, [[weighed]]), Remove(name), *map(Remove, chain))
    return found


def _gate(wiring: Wiring, name: str, weighed: str) -> list[str]:
    """Return the layers from `name` back to what is weighed, if they make a gate: pooled over time."""
    chain: list[str] = []
    while name != weighed:
        part = wiring.parts[name]
        if part.class_name not in GATE or len(part.calls) != 1 or len(part.calls[0].refs()) != 1:
            return []
        chain.append(name)
        name = part.calls[0].refs()[0].layer
    pooled = any(wiring.parts[each].class_name in GLOBAL_POOL for each in chain)
    return chain if pooled else []
