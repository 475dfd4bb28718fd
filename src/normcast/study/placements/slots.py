"""Slots: the places of a network where placements differ, found from its wiring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from normcast.models.graph import OUTPUTS, WiredLayer, Wiring, as_plain, refs_in, wiring_of
from normcast.models.graph.kinds import ACT, ACTIVATION_OF, CONV_1D, NOISE, NORM, POOL_1D, RNN
from normcast.models.network import HELD

if TYPE_CHECKING:
    import keras

CONVOLUTIONS = CONV_1D | {"CausalPatching"}
EXCITE = {"SqueezeExcite1D"}
PASSING = ACT | NORM | NOISE | POOL_1D | EXCITE


@dataclass(frozen=True, eq=False)
class Slot:
    """A convolution or recurrent layer with the layers that belong to it: those behind it, up to the next
    that has weights of its own.

    name: as edits name it, with the path through nested models; part: its specification; behind: (name,
    specification) in order; reads: the name of what it reads; follows: the slot in front of it, if nothing
    but passing layers is between; last: whether the output reads the end of it, through one layer.
    """

    name: str
    part: WiredLayer
    behind: tuple[tuple[str, WiredLayer], ...]
    follows: Slot | None = None
    last: bool = False
    steps: int | None = None

    @property
    def kind(self) -> str:
        """The class that does the work."""
        return inner(self.part.spec)["class_name"]

    @property
    def config(self) -> dict[str, Any]:
        """The configuration of the layer that does the work."""
        return inner(self.part.spec)["config"]

    @property
    def is_recurrent(self) -> bool:
        """Whether it is a recurrent layer."""
        return self.kind in RNN

    @property
    def activation(self) -> str:
        """The activation of a convolution, its own or that of a layer behind it."""
        own = str(as_plain(self.config.get("activation")) or "linear")
        layer = self.activation_layer
        if own != "linear" or layer is None:
            return own
        part = dict(self.behind)[layer]
        plain = as_plain(part.spec["config"].get("activation", "")) or part.class_name
        return ACTIVATION_OF.get(part.class_name, str(plain))

    @property
    def activation_layer(self) -> str | None:
        """The activation layer behind, if the layer has no activation of its own."""
        return next((name for name, part in self.behind if part.class_name in ACT), None)

    def found(self, kinds: frozenset[str] | set[str]) -> list[str]:
        """Return the names of the layers of these classes behind it."""
        return [name for name, part in self.behind if part.class_name in kinds]

    def is_before_activation(self, name: str) -> bool:
        """Say whether a layer behind it stands in front of the activation layer."""
        names = [each for each, _ in self.behind]
        layer = self.activation_layer
        return layer is not None and names.index(name) < names.index(layer)

    @property
    def end(self) -> str:
        """The last layer that belongs to it."""
        return self.behind[-1][0] if self.behind else self.name


def inner(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the specification of the layer inside a Bidirectional wrapper, or the layer's own."""
    return spec["config"]["layer"] if spec["class_name"] == "Bidirectional" else spec


def slots(model: keras.Model) -> list[Slot]:
    """Return the slots of a model in the order of its layers, those of nested models among them."""
    return list(_slots(wiring_of(model), model, ""))


def _slots(wiring: Wiring, model: Any, path: str) -> Iterator[Slot]:
    before: dict[str, Slot] = {}
    for name, part in wiring.parts.items():
        if part.inner is not None:
            yield from _slots(part.inner, model.get_layer(name), f"{path}{name}/")
            continue
        if inner(part.spec).get("class_name") not in CONVOLUTIONS | RNN or len(part.calls) != 1:
            continue
        behind = tuple(_behind(wiring, name))
        end = behind[-1][0] if behind else name
        source = part.calls[0].refs()[0].layer
        named = tuple((path + each, own) for each, own in behind)
        slot = Slot(path + name, part, named, before.get(source), _is_last(wiring, end), _steps(model, name))
        before[end] = slot
        yield slot


def _behind(wiring: Wiring, name: str) -> Iterator[tuple[str, WiredLayer]]:
    while True:
        readers = wiring.readers(name)
        if len(readers) != 1 or readers[0] == OUTPUTS:
            return
        name = readers[0]
        part = wiring.parts[name]
        if part.class_name not in PASSING or len(part.calls) != 1:
            return
        yield name, part


def _is_last(wiring: Wiring, end: str) -> bool:
    readers = wiring.readers(end)
    return len(readers) == 1 and (readers[0] == OUTPUTS or wiring.readers(readers[0]) == [OUTPUTS])


def _steps(model: Any, name: str) -> int | None:
    shape = model.get_layer(name).output.shape
    return shape[1] if len(shape) == 3 else None


def ends_of(model: keras.Model) -> tuple[list[str], str]:
    """Return the inputs, first the one that the past is read from, and the layer that gives the output.

    Where windows may be padded, the past is what is held in padded steps, without the mark.
    """
    wiring = wiring_of(model)
    inputs, outputs = ([ref.layer for ref in refs_in(end)] for end in (wiring.inputs, wiring.outputs))
    inputs = sorted(inputs, key=lambda name: name != "past")
    return [HELD, *inputs[1:]] if HELD in wiring.parts else inputs, outputs[0]
