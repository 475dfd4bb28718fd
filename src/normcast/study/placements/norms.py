"""Normalization between layers: none, batch or layer, before or after the activation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from normcast.models.edits import Edit, Insert, Remove, Set
from normcast.models.graph.kinds import NORM
from normcast.study.placement import Placement
from normcast.study.placements.slots import Slot

NORMS = {"batch": "BatchNormalization", "layer": "LayerNormalization"}
KIND = {"BatchNormalization": "batch", "LayerNormalization": "layer", "RMSNormalization": "rms"}


def norm_placements(slot: Slot) -> Iterator[Placement]:
    """Yield what may normalize a slot, other than what does."""
    levels: list[tuple[str | None, str]] = [(None, "")]
    levels += [(kind, side) for kind in NORMS for side in (("after",) if slot.is_recurrent else SIDES)]
    for kind, side in levels:
        if (kind, side) != current(slot):
            level = words(kind, side, slot)
            yield Placement(f"{slot.name}: {level}", edits(slot, kind, side), "norm", slot.name, level)


SIDES = ("before", "after")


def words(kind: str | None, side: str, slot: Slot) -> str:
    """Return the level in words."""
    if kind is None:
        return "no norm"
    if not slot.is_recurrent:
        return f"{kind} norm {side} the activation"
    return f"{kind} norm {'before the output' if slot.last else 'after'}"


def current(slot: Slot) -> tuple[str | None, str] | None:
    """Return what normalizes the slot now, as (kind, side); None where that is none of the levels."""
    found = slot.found(NORM)
    if not found:
        return (None, "")
    if len(found) > 1:
        return None
    kind = KIND.get(dict(slot.behind)[found[0]].class_name)
    side = "before" if not slot.is_recurrent and slot.is_before_activation(found[0]) else "after"
    return (kind, side)


def edits(slot: Slot, kind: str | None, side: str) -> tuple[Edit, ...]:
    """Return the edits that leave just this normalization at the slot."""
    made: list[Edit] = [Remove(name) for name in slot.found(NORM)]
    if kind is None:
        return tuple(made)
    layer = norm_layer(kind, slot)
    if slot.is_recurrent or (side == "after" and slot.activation_layer is None):
        return (*made, Insert(layer, after=slot.name))
    if side == "after":
        return (*made, Insert(layer, after=slot.activation_layer))
    if slot.activation_layer is not None:
        return (*made, Insert(layer, after=slot.name))
    # The layer's own activation moves behind the normalization.
    name = local(slot.name)
    activation = {"class_name": "Activation"}
    config = {"activation": slot.config["activation"], "name": f"{name}_activation"}
    return (
        *made,
        Set(slot.name, activation="linear"),
        Insert(layer, after=slot.name),
        Insert({**activation, "config": config}, after=beside(slot.name, layer["config"]["name"])),
    )


def norm_layer(kind: str, slot: Slot) -> dict[str, Any]:
    """Return the normalization to insert; before selu, batch norm learns no scale of its own."""
    config: dict[str, Any] = {"name": f"{local(slot.name)}_{kind}_norm"}
    return {"class_name": NORMS[kind], "config": config}


def local(name: str) -> str:
    """Return a layer's name without the path through nested models."""
    return name.rpartition("/")[2]


def beside(name: str, other: str) -> str:
    """Return the path of a layer in the same model as another."""
    path = name.rpartition("/")[0]
    return f"{path}/{other}" if path else other
