"""Graph: a model's layers and what each of them reads, as values; and the words for kinds of layers."""

from normcast.models.graph.layer_spec import as_plain, as_spec, brief_spec, snake
from normcast.models.graph.serialized import parse, wiring_of
from normcast.models.graph.wiring import OUTPUTS, WiredLayer, Wiring, refs_in

__all__ = [
    "OUTPUTS",
    "WiredLayer",
    "Wiring",
    "as_plain",
    "as_spec",
    "brief_spec",
    "parse",
    "refs_in",
    "snake",
    "wiring_of",
]
