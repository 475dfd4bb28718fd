"""The graph that rules read: each call of a layer with its neighbours, nested models and wrappers opened
up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from normcast.check.cells import inner_cells
from normcast.models.graph.kinds import ACTIVATION_OF, CONV_LSTM, KNOWN, NOISE, RNN

Shape = tuple[int | None, ...]


@dataclass(eq=False)
class Node:
    """One call of a layer or operation.

    name: as edits name it, with the path through nested models; layers: the names to report (the composite's,
    where the layer is a part of one); kind: the class that does the work, inside wrappers; wrappers:
    outermost first, "RNN" around cells of Keras: with the last cell an LSTMCell the kind is LSTM. shapes: of
    the outputs, with the batch axis; reads: the nodes and output numbers read. whole: the composite whose
    last part this is.
    """

    name: str
    layer: Any
    kind: str
    wrappers: tuple[str, ...] = ()
    reads: list[tuple[Node, int]] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    arguments: dict[str, Any] = field(default_factory=dict)
    args: tuple[Any, ...] = ()
    block: str = ""
    whole: Any = None
    call: int = 0
    readers: list[Node] = field(default_factory=list)
    is_output: bool = False

    @property
    def reported(self) -> str:
        """The layer name that a finding shows: that of the composite for its parts."""
        return self.block or self.name

    @property
    def lead(self) -> int:
        """How many axes in front, beside the batch, the layer does not know of: those of TimeDistributed."""
        return self.wrappers.count("TimeDistributed")

    @cached_property
    def parts(self) -> tuple[Any, ...]:
        """The layer, what it wraps, and what that wraps, down to the one that does the work."""
        parts = [self.layer]
        for wrapper in self.wrappers:
            parts.append(_wrapped(parts[-1], wrapper))
        return tuple(parts)

    @property
    def core(self) -> Any:
        """The layer inside the wrappers; of a recurrence over cells the last cell."""
        return self.parts[-1]

    @property
    def recurrence(self) -> Any:
        """The recurrent layer inside the wrappers: the core, or what the core is the last cell of."""
        return self.parts[-2] if "RNN" in self.wrappers else self.core

    @cached_property
    def config(self) -> dict[str, Any]:
        """The configuration of the layer inside the wrappers, of cells with that of the recurrence; empty
        where it cannot be had."""
        try:
            own = self.core.get_config()
            return {**own, **self.recurrence.get_config()} if "RNN" in self.wrappers else own
        except Exception:  # a custom layer without get_config: nothing is known of it
            return {}

    @property
    def inputs(self) -> list[Node]:
        """The nodes read."""
        return [node for node, _ in self.reads]

    @property
    def shape(self) -> Shape:
        """The shape of the first output, with the batch axis."""
        return self.shapes[0] if self.shapes else ()

    @property
    def input_shapes(self) -> list[Shape]:
        """The shapes read; inside TimeDistributed those of one slice."""
        return [node.shapes[i] for node, i in self.reads if i < len(node.shapes)]

    @property
    def input_shape(self) -> Shape:
        """The shape of the first input, as the layer inside the wrappers sees it."""
        shape = self.input_shapes[0] if self.input_shapes else ()
        for wrapper in self.wrappers:
            shape = (shape[0], *shape[2:]) if wrapper == "TimeDistributed" and len(shape) > 2 else shape
        return shape

    @property
    def steps(self) -> int | None:
        """The length of the time axis at the input of a layer over (batch, time, channels); None if
        unknown."""
        if len(self.input_shape) < 3:
            return None
        if self.kind in CONV_LSTM:
            return self.input_shape[1]
        return self.input_shape[2 if self.config.get("data_format") == "channels_first" else 1]

    @property
    def activation(self) -> str:
        """The activation's name; "" where the layer has none of its own, "?" for a function that is not
        Keras'."""
        if self.kind in ACTIVATION_OF:
            return ACTIVATION_OF[self.kind]
        if "activation" not in self.config:
            return ""
        name = getattr(self.core, "activation", None)
        name = self.config["activation"] if name is None else name
        return activation_name(name)

    @property
    def merge_mode(self) -> str | None:
        """How the two directions of a Bidirectional layer are joined; None where there is one alone."""
        pairs = zip(self.parts, self.wrappers, strict=False)
        return next((part.merge_mode for part, wrapper in pairs if wrapper == "Bidirectional"), None)

    @property
    def rate(self) -> float:
        """The rate of a noise layer, or its standard deviation."""
        return float(self.config.get("rate", self.config.get("stddev", 0)) or 0)

    @property
    def is_noise(self) -> bool:
        """Whether this is a noise layer that acts."""
        return self.kind in NOISE and self.rate > 0

    @property
    def is_known(self) -> bool:
        """Whether the rules know what this does; a walk stops at a node that is not."""
        return self.kind in KNOWN

    @property
    def gives_sequence(self) -> bool:
        """Whether a recurrent layer returns all its steps."""
        return self.kind in RNN and bool(self.config.get("return_sequences"))

    @property
    def is_frozen(self) -> bool:
        """Whether training leaves it as it is: of a batch normalization, it takes its running statistics."""
        return self.config.get("trainable") is False or self.arguments.get("training") is False

    @property
    def size(self) -> int | None:
        """The number of values per sample over all outputs; None if not static."""
        total = 0
        for shape in self.shapes:
            count = 1
            for length in shape[1:]:
                if length is None:
                    return None
                count *= length
            total += count
        return total

    @property
    def weights(self) -> list[Any]:
        """The layer's variables; empty if it is not built."""
        return list(getattr(self.layer, "weights", []))

    def __repr__(self) -> str:
        return f"Node({self.name}: {self.kind})"


@dataclass(eq=False)
class Net:
    """A model as rules see it: nodes in an order in which each stands behind what it reads.

    masks: the names of the inputs that masks are made of; the edges of masks are not in the graph. unread:
    what could not be looked into, and why, as sentences; opaque: whether that is the whole model. compiled:
    whether the model is, so that an edit can change its loss.
    """

    nodes: list[Node]
    inputs: list[Node]
    outputs: list[tuple[Node, int]]
    name: str = ""
    parameters: int = 0
    opaque: bool = False
    unread: tuple[str, ...] = ()
    masks: frozenset[str] = frozenset()
    compiled: bool = False

    def of(self, kinds: Collection[str]) -> Iterator[Node]:
        """Yield the nodes of these classes; a layer that is called several times comes once."""
        seen = set()
        for node in self.nodes:
            if node.kind in kinds and id(node.layer) not in seen:
                seen.add(id(node.layer))
                yield node

    @cached_property
    def unused_inputs(self) -> list[Node]:
        """Return the inputs that no output depends on."""
        used = [node for node in self.inputs if node.readers or node.is_output or node.name in self.masks]
        return [node for node in self.inputs if node not in used]


Through = Callable[[Node], bool]


def through(*kinds: Collection[str]) -> Through:
    """Return the test whether a node is one of these classes."""
    union = frozenset().union(*kinds)
    return lambda node: node.kind in union


def sources(node: Node, passes: Through) -> list[Node]:
    """Return the nearest nodes before `node` that do not pass, over all its inputs."""
    return [n for n in _spread(node.inputs, lambda n: n.inputs, passes) if not passes(n)]


def passed(node: Node, passes: Through) -> list[Node]:
    """Return the nodes before `node` that are reached through nodes that pass, and pass themselves."""
    return [n for n in _spread(node.inputs, lambda n: n.inputs, passes) if passes(n)]


def sinks(node: Node, passes: Through) -> list[Node]:
    """Return the nearest nodes behind `node` that do not pass."""
    return [n for n in _spread(node.readers, lambda n: n.readers, passes) if not passes(n)]


def reaches_output(node: Node, passes: Through, ends: Collection[Node] | None = None) -> bool:
    """Say whether the model returns this node, or one that is reached from it through nodes that pass.

    ends: the only outputs that count; by default all of them.
    """
    reached = [node, *(n for n in _spread(node.readers, lambda n: n.readers, passes) if passes(n))]
    return any(n.is_output if ends is None else n in ends for n in reached)


def _spread(start: list[Node], step: Callable[[Node], list[Node]], passes: Through) -> list[Node]:
    found: dict[int, Node] = {}
    waiting = list(start)
    while waiting:
        node = waiting.pop(0)
        if id(node) not in found:
            found[id(node)] = node
            if passes(node):
                waiting += step(node)
    return list(found.values())


def ancestors(node: Node) -> list[Node]:
    """Return every node that this one depends on."""
    return _spread(node.inputs, lambda n: n.inputs, lambda n: True)


def descendants(node: Node) -> list[Node]:
    """Return every node that depends on this one."""
    return _spread(node.readers, lambda n: n.readers, lambda n: True)


def activation_name(value: Any) -> str:
    """Return the name of an activation given as name, serialized form, or function; "?" if it is not
    Keras'."""
    if value is None:
        return "linear"
    if isinstance(value, dict):
        value = value.get("config") if isinstance(value.get("config"), str) else value.get("class_name", "?")
    if callable(value):
        module = getattr(value, "__module__", "") or ""
        value = (
            getattr(value, "__name__", None) or _named_layer(value) if module.startswith("keras.") else "?"
        )
    return {"swish": "silu"}.get(str(value), str(value))


def _named_layer(layer: Any) -> str:
    """Return the activation that a layer of Keras, given in place of a function, is; "?" for settings of its
    own."""
    config = layer.get_config()
    plain: dict[str, Any] = {"max_value": None, "threshold": 0.0, "axis": -1}
    plain |= {"negative_slope": 0.0} if type(layer).__name__ == "ReLU" else {}
    is_plain = all(config.get(key, value) == value for key, value in plain.items())
    return ACTIVATION_OF.get(type(layer).__name__, "?") if is_plain else "?"


def _wrapped(layer: Any, wrapper: str) -> Any:
    """Return the layer inside a wrapper; of a recurrence its last cell."""
    if wrapper == "Bidirectional":
        return layer.forward_layer
    if wrapper == "RNN":
        return inner_cells(layer)[-1]
    return layer.layer
