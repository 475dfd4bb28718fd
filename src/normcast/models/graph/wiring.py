"""The wiring of a model as a value: its layers' configurations and which tensors each of their calls reads.

Edits work on this value, never on live tensors: it is read from `get_config()` and written back to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from normcast.plain import short

Spec = dict[str, Any]
INPUTS = "(inputs)"
OUTPUTS = "(outputs)"


@dataclass(frozen=True, order=True)
class Ref:
    """A tensor: output number `tensor` of call number `call` of a layer."""

    layer: str
    call: int = 0
    tensor: int = 0

    def __str__(self) -> str:
        call = f"#{self.call}" if self.call else ""
        return self.layer + call + (f":{self.tensor}" if self.tensor else "")


def to_ref(text: str) -> Ref:
    """Read a tensor from text: "lstm_1", "lstm_1:1" (its second output), "lstm_1#1" (its second call).

    >>> to_ref("lstm_1#1:2")
    Ref(layer='lstm_1', call=1, tensor=2)
    """
    place, _, tensor = text.partition(":") if isinstance(text, str) else ("", "", "?")
    layer, _, call = place.partition("#")
    if not all(number.isdecimal() for number in (call, tensor) if number):
        raise ValueError(f"Edit: {short(text)} names no tensor; write 'lstm_1', 'lstm_1:1' or 'lstm_1#1'.")
    return Ref(layer, int(call or 0), int(tensor or 0))


@dataclass
class Call:
    """One call of a layer: nested positional and named arguments with a `Ref` wherever a tensor stands."""

    args: list[Any]
    kwargs: dict[str, Any] = field(default_factory=dict)

    def refs(self) -> list[Ref]:
        """Return the tensors read, in the order of the arguments."""
        return list(refs_in([self.args, self.kwargs]))


@dataclass
class WiredLayer:
    """One layer: its serialized form without its wiring, its calls, and its own wiring if it is a model."""

    spec: Spec
    calls: list[Call] = field(default_factory=list)
    inner: Wiring | None = None
    virtual: bool = False  # an InputLayer that a Sequential model only implies

    @property
    def class_name(self) -> str:
        """The layer's class name."""
        return self.spec["class_name"]

    @property
    def is_input(self) -> bool:
        """Whether this is a model input."""
        return self.class_name == "InputLayer"

    def holder(self) -> Spec:
        """Return the specification whose "config" holds the inner model: this one, or the wrapped layer's."""
        return self.spec if is_model(self.spec) else self.spec["config"]["layer"]


@dataclass
class Wiring:
    """A model: parts by name in order, nested structures of `Ref` for inputs and outputs."""

    spec: Spec
    parts: dict[str, WiredLayer]
    inputs: Any
    outputs: Any

    @property
    def is_sequential(self) -> bool:
        """Whether the model is a Sequential one."""
        return self.spec["class_name"] == "Sequential"

    def replace_refs(self, change: Callable[[Ref], Ref], skip: str = "") -> None:
        """Replace every tensor that is read, in all calls but those of `skip`, and in the outputs."""
        for name, part in self.parts.items():
            if name != skip:
                for call in part.calls:
                    call.args = map_refs(call.args, change)
                    call.kwargs = map_refs(call.kwargs, change)
        self.outputs = map_refs(self.outputs, change)

    def readers(self, name: str) -> list[str]:
        """Return the names of the layers that read `name`, `OUTPUTS` among them if the model returns it."""
        found = [n for n, p in self.parts.items() for c in p.calls if any(r.layer == name for r in c.refs())]
        return found + [OUTPUTS] * any(r.layer == name for r in refs_in(self.outputs))


def refs_in(tree: Any) -> Iterator[Ref]:
    """Yield each `Ref` of nested lists, tuples and dicts, in order."""
    if isinstance(tree, Ref):
        yield tree
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from refs_in(value)
    elif isinstance(tree, (list, tuple)):
        for value in tree:
            yield from refs_in(value)


def map_refs(tree: Any, change: Callable[[Any], Any]) -> Any:
    """Return the nested structure with each `Ref` replaced by `change(ref)`."""
    if isinstance(tree, Ref):
        return change(tree)
    if isinstance(tree, dict):
        return {key: map_refs(value, change) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [map_refs(value, change) for value in tree]
    return tree


def is_model(spec: Any) -> bool:
    """Say whether a serialized layer is a model with layers of its own."""
    config = spec.get("config") if isinstance(spec, dict) else None
    return isinstance(config, dict) and isinstance(config.get("layers"), list)


def inner_model(spec: Spec) -> Spec | None:
    """Return the model inside a serialized layer: the layer itself, or what TimeDistributed wraps."""
    if is_model(spec):
        return spec
    wrapped = spec.get("config", {}).get("layer")
    return wrapped if is_model(wrapped) else None


def in_order(wiring: Wiring) -> dict[str, WiredLayer]:
    """Return the parts so that each stands behind everything it reads, otherwise in their order.

    Raises ValueError, naming the layers, when some layers wait for one another.
    """
    waiting, done = dict(wiring.parts), {}
    while waiting:
        ready = [
            n for n, p in waiting.items() if all(r.layer not in waiting for c in p.calls for r in c.refs())
        ]
        if not ready:
            raise ValueError(f"apply: the layers {', '.join(waiting)} read one another in a circle.")
        done[ready[0]] = waiting.pop(ready[0])
    return done
