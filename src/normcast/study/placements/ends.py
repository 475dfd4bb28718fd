"""What may stand at the two ends of a network: batch norm or instance norm on its input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import keras

from normcast.layers import InverseInstanceNorm, ReversibleInstanceNorm
from normcast.models.edits import Insert, Rewire
from normcast.study.placement import Placement
from normcast.study.placements.slots import ends_of
from normcast.tasks import RAW_INPUTS

if TYPE_CHECKING:
    from normcast.models.edits import Edit


def input_placements(model: keras.Model, forecasts: bool = True) -> Iterator[Placement]:
    """Yield batch norm in the place of standardized inputs, and reversible instance normalization."""
    inputs, last = ends_of(model)
    names = {layer.name for layer in model.layers}
    if not names & {"input_batch_norm", "instance_norm"}:
        level = "batch norm instead of standardizing"
        edits = tuple(batch_norms(inputs))
        yield Placement(f"input: {level}", edits, "input", "input", level, scaling=RAW_INPUTS)
        if forecasts and len(model.outputs) == 1:
            level = "reversible instance norm"
            yield Placement(f"input: {level}", instance_norm(inputs[0], last), "input", "input", level)


def batch_norms(inputs: Sequence[str]) -> Iterator[Edit]:
    """Yield the edits that put batch norm behind each input."""
    for number, name in enumerate(inputs, start=1):
        own = "input_batch_norm" if number == 1 else f"input_batch_norm_{number}"
        yield Insert({"class_name": "BatchNormalization", "config": {"name": own}}, after=name)


def instance_norm(first: str, last: str) -> tuple[Edit, ...]:
    """Return the edits that normalize each window at the input and undo it at the output."""
    norm = ReversibleInstanceNorm(affine=False, name="instance_norm")
    undo = InverseInstanceNorm(channel=0, name="instance_norm_undone")
    return (
        Insert(keras.saving.serialize_keras_object(norm), after=first),
        Insert(keras.saving.serialize_keras_object(undo), after=last),
        Rewire("instance_norm_undone", [[last, "instance_norm:1"]]),
    )
