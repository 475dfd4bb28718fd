"""Read a Keras model into the graph that rules see."""

from __future__ import annotations

import re
from typing import Any

import keras

from normcast import keras_seam
from normcast.check.cells import inner_cells, kind_of
from normcast.check.net import Net, Node
from normcast.errors import in_short

_CALL = re.compile("\x00\\d+\x00")  # marks, in a path, that this is a later call of a nested model
_WRAPPERS = ("Bidirectional", "TimeDistributed")
Scope = dict[tuple[int, int, int], tuple[Node, int]]


def read(model: Any) -> Net:
    """Return the graph of a model; one without a graph (subclassed, or not built) is opaque and has no nodes.

    What could not be looked into stands in `Net.unread`, a model or layer inside that keeps its layers to
    itself among it.
    """
    reader = _Reader()
    name = getattr(model, "name", "")
    if not _is_graph(model):
        return Net([], [], [], name=name, opaque=True, unread=(_without_graph(model),))
    try:
        inputs, outputs = _flat(model.inputs), _flat(model.outputs)
        ends = reader.trace(outputs, {}, "")
        parameters = model.count_params()
    except Exception as error:  # whatever a model does on being read, `check` must go on
        why = f"the layers of {name!r}: its graph cannot be read ({in_short(error)})."
        return Net([], [], [], name=name, opaque=True, unread=(why,))
    starts = [reader.input_node(tensor) for tensor in inputs]
    for node, _ in ends:
        node.is_output = True
    nodes = [n for n in starts if n not in reader.nodes] + reader.nodes
    for node in nodes:
        for source in dict.fromkeys(node.inputs):
            source.readers.append(node)
    unread = tuple(dict.fromkeys(reader.closed))
    compiled = bool(getattr(model, "compiled", False))
    return Net(
        nodes, starts, ends, model.name, parameters, masks=reader.masks(), unread=unread, compiled=compiled
    )


class _Reader:
    """Walks back from tensors to inputs; what it met stays in `nodes`, each behind what it reads."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.closed: list[str] = []  # what keeps its layers to itself
        self._known: dict[tuple[str, int, int], list[tuple[Node, int]]] = {}
        self._inputs: dict[int, Node] = {}
        self._calls: dict[tuple[str, int], list[int]] = {}
        self._masks: list[Any] = []

    def trace(self, tensors: list[Any], scope: Scope, path: str) -> list[tuple[Node, int]]:
        """Return (node, output number) for each tensor; scope: what the inputs of a nested model stand
        for."""
        stack = [keras_seam.history(t) for t in reversed(tensors)]
        while stack:
            operation, number = stack[-1][:2]
            if self._is_known(operation, number, scope, path):
                stack.pop()
                continue
            node = keras_seam.call_of(operation, number)
            tensors_read = _read_tensors(node)
            self._masks += _mask_tensors(node)
            missing = [
                h
                for h in map(keras_seam.history, tensors_read)
                if not self._is_known(h[0], h[1], scope, path)
            ]
            if missing:
                stack += reversed(missing)
            else:
                reads = [self._find(t, scope, path) for t in tensors_read]
                self._known[path, id(operation), number] = self._add(operation, number, node, reads, path)
                stack.pop()
        return [self._find(t, scope, path) for t in tensors]

    def input_node(self, tensor: Any) -> Node:
        """Return the node of a model input, also of one that nothing reads."""
        operation = keras_seam.history(tensor)[0]
        if id(operation) not in self._inputs:
            self._inputs[id(operation)] = Node(
                operation.name, operation, "InputLayer", shapes=[tuple(tensor.shape)]
            )
        return self._inputs[id(operation)]

    def masks(self) -> frozenset[str]:
        """Return the names of the inputs that masks are made of."""
        found, seen, waiting = set(), set(), [keras_seam.history(t)[:2] for t in self._masks]
        while waiting:
            operation, number = waiting.pop()
            if (id(operation), number) in seen:
                continue
            seen.add((id(operation), number))
            if type(operation).__name__ == "InputLayer":
                found.add(operation.name)
            given = keras_seam.call_of(operation, number).input_tensors
            waiting += [keras_seam.history(t)[:2] for t in given]
        return frozenset(found)

    def _is_known(self, operation: Any, number: int, scope: Scope, path: str) -> bool:
        return (id(operation), number, 0) in scope or (path, id(operation), number) in self._known

    def _find(self, tensor: Any, scope: Scope, path: str) -> tuple[Node, int]:
        operation, number, output = keras_seam.history(tensor)
        if (id(operation), number, output) in scope:
            return scope[id(operation), number, output]
        return self._known[path, id(operation), number][output]

    def _add(
        self, operation: Any, number: int, node: Any, reads: list[tuple[Node, int]], path: str
    ) -> list[tuple[Node, int]]:
        if type(operation).__name__ == "InputLayer":
            made = Node(_CALL.sub("", path) + operation.name, operation, "InputLayer", shapes=_shapes(node))
            self._inputs[id(operation)] = made
            self.nodes.append(made)
            return [(made, 0)]
        # Keras also counts calls outside of this model (a loaded Sequential is called twice).
        calls = self._calls.setdefault((path, id(operation)), [])
        calls.append(number)
        call = len(calls) - 1
        if _is_graph(operation):
            keys = [(id(o), n, i) for o, n, i in map(keras_seam.history, _flat(operation.inputs))]
            scope = dict(zip(keys, reads, strict=True))
            inner = f"{path}{operation.name}/" + (f"\x00{call}\x00" if call else "")
            return self.trace(_flat(operation.outputs), scope, inner)
        if hasattr(operation, "unfold"):
            return [(self._unfold(operation, reads, path), 0)]
        call = call or path.count("\x00")
        made = self._node(_CALL.sub("", path) + operation.name, operation, reads, _shapes(node), call)
        made.arguments = {k: v for k, v in node.arguments.kwargs.items() if v is not None}
        made.args = tuple(node.arguments.args)
        return [(made, i) for i in range(max(1, len(made.shapes)))]

    def _unfold(self, block: Any, reads: list[tuple[Node, int]], path: str) -> Node:
        parts: list[Node] = []
        for part in block.unfold():
            sources = [reads[0] if i < 0 else (parts[i], 0) for i in part.inputs]
            shapes = [source.shapes[i] for source, i in sources]
            shape = part.layer.compute_output_shape(shapes if len(shapes) > 1 else shapes[0])
            node = self._node(f"{path}{block.name}/{part.layer.name}", part.layer, sources, [tuple(shape)], 0)
            node.block = path + block.name
            parts.append(node)
        parts[-1].whole = block
        return parts[-1]

    def _node(
        self, name: str, layer: Any, reads: list[tuple[Node, int]], shapes: list[Any], call: int
    ) -> Node:
        wrappers, core = [], layer
        while type(core).__name__ in _WRAPPERS:
            wrappers.append(type(core).__name__)
            core = core.forward_layer if hasattr(core, "forward_layer") else core.layer
        cells = inner_cells(core)
        if cells:
            wrappers.append("RNN")
        kind = kind_of(cells[-1]) if cells else _kind(core)
        made = Node(name, layer, kind, tuple(wrappers), reads, shapes, call=call)
        self.nodes.append(made)
        if _is_closed(core):
            kind = type(core).__name__
            self.closed.append(
                f"what is inside {name!r}: {kind} has layers of its own, and no graph to read."
            )
        return made


def _kind(layer: Any) -> str:
    """Return the class name, or of a subclass of a Keras layer that only adds to it still its own name."""
    return type(layer).__name__


def _without_graph(model: Any) -> str:
    """Say why a model has no graph, and what to do."""
    name = getattr(model, "name", type(model).__name__)
    if isinstance(model, keras.Sequential):
        return f"the layers of {name!r}: it is not built. Give it a keras.Input, or call it once on data."
    return (
        f"the layers of {name!r}: a subclassed model ({type(model).__name__}) has no graph. Build it from "
        "keras.Input with keras.Model to have it checked."
    )


def _is_closed(layer: Any) -> bool:
    """Say whether a layer of the user's holds layers that the graph does not show."""
    module = (type(layer).__module__ or "").partition(".")[0]
    if isinstance(layer, keras.Model):
        return True  # a graph was opened up already, but not behind TimeDistributed
    return module not in ("keras", "normcast") and any(
        each is not layer for each in keras_seam.all_layers(layer)
    )


def _is_graph(operation: Any) -> bool:
    if not isinstance(operation, keras.Model):
        return False
    try:
        return bool(operation.inputs) and hasattr(operation, "outputs")
    except AttributeError:  # a Sequential that is not built says so in this way
        return False


def _read_tensors(node: Any) -> list[Any]:
    """Return the tensors a call reads. Masks are left out: Keras passes them along by itself."""
    arguments = node.arguments
    given = {k: v for k, v in arguments.kwargs.items() if not k.endswith("mask")}
    return [t for t in _flat([arguments.args, given]) if isinstance(t, keras.KerasTensor)]


def _mask_tensors(node: Any) -> list[Any]:
    """Return the tensors that a call is given as masks, by its caller or by Keras."""
    given = {k: v for k, v in node.arguments.kwargs.items() if k.endswith("mask")}
    return [t for t in _flat(given) if isinstance(t, keras.KerasTensor)]


def _shapes(node: Any) -> list[Any]:
    return [tuple(t.shape) for t in _flat(node.output_tensors)]


def _flat(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in _flat(value)]
    if isinstance(tree, (list, tuple)):
        return [leaf for value in tree for leaf in _flat(value)]
    return [tree]
