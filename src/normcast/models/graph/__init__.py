"""Graph: a model's layers and what each of them reads, as values; and the words for kinds of layers."""

from normcast.models.graph.layer_spec import LayerLike, as_data, as_plain, as_spec, brief, brief_spec, snake
from normcast.models.graph.names import all_paths, find, layer_in
from normcast.models.graph.serialized import parse, wiring_of, write
from normcast.models.graph.wiring import INPUTS, OUTPUTS, Call, Ref, Spec, WiredLayer, Wiring, refs_in

__all__ = [
    "INPUTS",
    "OUTPUTS",
    "Call",
    "LayerLike",
    "Ref",
    "Spec",
    "WiredLayer",
    "Wiring",
    "all_paths",
    "as_data",
    "as_plain",
    "as_spec",
    "brief",
    "brief_spec",
    "find",
    "layer_in",
    "parse",
    "refs_in",
    "snake",
    "wiring_of",
    "write",
]
