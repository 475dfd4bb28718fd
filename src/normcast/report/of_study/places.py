"""Places: where in the network a placement acts, told from its edits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from normcast.models.edits import Edit, Insert, Move, Remove, Replace, Rewire, Set
from normcast.models.graph.kinds import ACT
from normcast.report.of_study.network import Layer

if TYPE_CHECKING:
    from normcast.study import Placement

MOST = 2  # layers taken out or changed that are still named one by one


class Place(NamedTuple):
    """A place of the drawing: on a layer (side "on"), or behind it, before the next one (side "after").

    layer: its position; −1 is in front of the first.
    """

    layer: int
    side: str


def places_of(placement: Placement, layers: Sequence[Layer]) -> tuple[Place, ...]:
    """Return where a placement acts; nowhere if it changes only how the network is trained.

    What it puts in counts before what it takes out or sets: "batch norm before the activation" also sets
    the activation, but it is about the norm.
    """
    at = {layer.name: i for i, layer in enumerate(layers)}
    at |= {layer.label: i for i, layer in reversed(list(enumerate(layers)))} | at
    stands = _inserted_names(placement.edits)
    for kinds in (Insert, Move), (Replace,), (Remove,), (Set,), (Rewire,):
        edits = [each for each in placement.edits if isinstance(each, kinds) and not _is_activation(each)]
        found = [place for each in edits if (place := _place(each, at, stands))]
        if found:
            kept = tuple(dict.fromkeys(Place(_end(layers, layer, side), side) for layer, side in found))
            return kept if kinds == (Insert, Move) or len(kept) <= MOST else kept[-1:]
    if placement.scaling is not None and layers:
        return (Place(0, "on"),)
    return (Place(at[placement.slot], "on"),) if placement.slot in at else ()


def _place(edit: Edit, at: dict[str, int], stands: dict[str, str]) -> Place | None:
    if isinstance(edit, (Insert, Move)):
        anchor = str(edit.after or edit.before)
        behind = edit.after is not None
        while anchor not in at and anchor in stands:
            anchor, behind = stands[anchor], True
        if anchor not in at:
            return None
        return Place(at[anchor] if behind else at[anchor] - 1, "after")
    return Place(at[edit.layer], "on") if edit.layer in at else None


def _end(layers: Sequence[Layer], layer: int, side: str) -> int:
    """Behind a nested model is behind the last of its layers."""
    if side == "on" or layer < 0 or not layers[layer].is_model:
        return layer
    inner = [i for i, each in enumerate(layers) if each.name.startswith(f"{layers[layer].name}/")]
    return max(inner, default=layer)


def _inserted_names(edits: Sequence[Edit]) -> dict[str, str]:
    """Return, for each layer that is put in, the one beside which it is put."""
    named = [(each.what["config"].get("name"), each.layer) for each in edits if isinstance(each, Insert)]
    return {str(name): layer for name, layer in named if name}


def _is_activation(edit: Edit) -> bool:
    return isinstance(edit, Insert) and edit.what["class_name"] in ACT
