"""What may act inside the recurrence: batch or layer norm, recurrent dropout, zoneout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from normcast.layers import GRU, LSTM
from normcast.models.edits import Edit, Replace, Set
from normcast.models.graph import as_plain
from normcast.study.placement import Placement
from normcast.study.placements.norms import local
from normcast.study.placements.slots import Slot

OURS: dict[str, Any] = {"LSTM": LSTM, "GRU": GRU}
NOISE = ("recurrent_dropout", "zoneout")


def inside_placements(slot: Slot, rate: float, zoneout: float) -> Iterator[Placement]:
    """Yield what may act inside a recurrent layer, other than what does."""
    if slot.kind not in OURS:
        return
    for norm in (None, "batch", "layer"):
        if norm != slot.config.get("norm"):
            level = f"{norm} norm inside" if norm else "no norm inside"
            edits = (renewed(slot, norm=norm),)
            yield Placement(f"{slot.name}: {level}", edits, "inside", slot.name, level)
    for kind, level, put in (
        (None, "no recurrent dropout", None),
        ("recurrent_dropout", f"recurrent dropout {rate:g}", rate),
        ("zoneout", f"zoneout {zoneout:g}", zoneout),
    ):
        if kind != noise_now(slot):
            edits = (noisy(slot, kind, rate, zoneout),)
            name = f"{slot.name}: {level}"
            yield Placement(name, edits, "recurrent-dropout", slot.name, level, rate=put)


def noise_now(slot: Slot) -> str | None:
    """Return which noise acts inside now."""
    return next((kind for kind in NOISE if _acts(slot.config.get(kind))), None)


def _acts(value: Any) -> bool:
    return any(value) if isinstance(value, (list, tuple)) else bool(value)


def noisy(slot: Slot, kind: str | None, rate: float, zoneout: float) -> Edit:
    """Return the edit that leaves just this noise inside."""
    dropped = rate if kind == "recurrent_dropout" else 0.0
    if kind != "zoneout" and not _acts(slot.config.get("zoneout")):
        return Set(slot.name, recurrent_dropout=dropped)
    zones = zoneout if kind == "zoneout" else 0.0
    both = (zones, zones) if slot.kind == "LSTM" else zones  # of the hidden state and the cell
    return renewed(slot, recurrent_dropout=dropped, zoneout=both)


def renewed(slot: Slot, **arguments: Any) -> Edit:
    """Return the edit that puts our layer in the place of a recurrent layer, with these arguments changed."""
    known = {name: value for name, value in slot.config.items() if name in shared_arguments(slot)}
    if isinstance(known.get("dtype"), dict):
        known["dtype"] = known["dtype"]["config"]["name"]
    spec = keras.saving.serialize_keras_object(OURS[slot.kind].from_config({**known, **arguments}))
    if slot.part.spec["class_name"] != "Bidirectional":
        spec["config"]["name"] = local(slot.name)
        return Replace(slot.name, spec)
    outer = slot.part.spec
    config = {name: value for name, value in outer["config"].items() if name != "backward_layer"}
    return Replace(slot.name, {**outer, "config": {**config, "layer": spec}})


def shared_arguments(slot: Slot) -> set[str]:
    """Return the arguments of the layer as it is that our layer takes too."""
    ours = OURS[slot.kind](1).get_config()
    return {name for name, value in slot.config.items() if name in ours and as_plain(value) != "auto"}
