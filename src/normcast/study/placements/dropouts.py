"""Dropout between layers: plain, spatial or alpha, before, after and around."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from normcast.models.edits import Edit, Insert, Remove, Set
from normcast.models.graph.kinds import NOISE
from normcast.study.placement import Placement
from normcast.study.placements.norms import local
from normcast.study.placements.slots import Slot

CLASSES = {"plain": "Dropout", "spatial": "SpatialDropout1D", "alpha": "AlphaDropout"}
KIND = {"Dropout": "plain", "SpatialDropout1D": "spatial", "AlphaDropout": "alpha"}


def dropout_placements(slot: Slot, rate: float) -> Iterator[Placement]:
    """Yield where dropout may act at a slot, other than where it does.

    The gap between a convolution and the recurrent layer that reads it is the recurrent layer's.
    """
    for before, after in levels(slot):
        if (before, after) != current(slot):
            level = words(before, after, rate)
            edits = made(slot, before, after, rate)
            put = rate if before or after else None
            yield Placement(f"{slot.name}: {level}", edits, "dropout", slot.name, level, rate=put)


def levels(slot: Slot) -> list[tuple[str, str]]:
    """Return the kinds of dropout (before, after) that make sense at a slot."""
    if not slot.is_recurrent:
        kinds = ["plain", "spatial"] + ["alpha"] * (slot.activation == "selu")
        return [("", "")] + [("", kind) for kind in kinds]
    ahead = ["plain", "spatial"] + ["alpha"] * bool(slot.follows and slot.follows.activation == "selu")
    return [("", ""), *((kind, "") for kind in ahead), ("", "plain"), ("plain", "plain")]


def words(before: str, after: str, rate: float) -> str:
    """Return the level in words."""
    kind = {"plain": "", "spatial": "spatial ", "alpha": "alpha "}[before or after or "plain"]
    if not before and not after:
        return "no dropout"
    place = "around" if before and after else "before" if before else "after"
    return f"{kind}dropout {rate:g} {place}"


def gap_noise(slot: Slot) -> list[tuple[str, Any]]:
    """Return the noise layers in the gap in front of a recurrent layer."""
    front = slot.follows
    if front is None:
        return []
    return [(name, part) for name, part in front.behind if part.class_name in NOISE]


def current(slot: Slot) -> tuple[str, str] | None:
    """Return the dropout now as (before, after); None where that is none of the levels."""
    before = [KIND.get(part.class_name, "?") for _, part in gap_noise(slot)] if slot.is_recurrent else []
    before += ["plain"] if slot.is_recurrent and slot.config.get("dropout") else []
    after = [KIND.get(dict(slot.behind)[name].class_name, "?") for name in slot.found(NOISE)]
    if len(before) > 1 or len(after) > 1:
        return None
    return (before[0] if before else "", after[0] if after else "")


def made(slot: Slot, before: str, after: str, rate: float) -> tuple[Edit, ...]:
    """Return the edits that leave just this dropout at the slot."""
    now = current(slot) or ("?", "?")
    edits: list[Edit] = []
    if slot.is_recurrent and before != now[0]:
        edits += [Remove(name) for name, _ in gap_noise(slot)]
        edits += [Set(slot.name, dropout=0.0)] if slot.config.get("dropout") else []
        edits += [Insert(layer(before, rate, slot, "before"), before=slot.name)] if before else []
    if after != now[1]:
        noisy = slot.found(NOISE)
        edits += [Remove(name) for name in noisy]
        kept = [name for name, _ in slot.behind if name not in noisy]
        last = kept[-1] if kept else slot.name
        edits += [Insert(layer(after, rate, slot, "after"), after=last)] if after else []
    return tuple(edits)


def layer(kind: str, rate: float, slot: Slot, place: str) -> dict[str, Any]:
    """Return the dropout layer to insert."""
    return {
        "class_name": CLASSES[kind],
        "config": {"rate": rate, "name": f"{local(slot.name)}_{place}_dropout"},
    }
