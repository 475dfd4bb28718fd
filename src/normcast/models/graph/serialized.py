"""A wiring read from the form in which Keras serializes a model, and written back to it."""

from __future__ import annotations

from typing import Any

import keras

from normcast import keras_seam
from normcast.models.graph.wiring import (
    Call,
    Ref,
    Spec,
    WiredLayer,
    Wiring,
    inner_model,
    is_model,
    map_refs,
    refs_in,
)


def wiring_of(model: keras.Model) -> Wiring:
    """Return the wiring of a Sequential or functional model. Raises TypeError if the model has no graph."""
    spec = keras.saving.serialize_keras_object(model)
    if not isinstance(spec.get("config", {}).get("layers"), list):
        raise TypeError(
            f"apply: {model.name!r} ({type(model).__name__}) is neither Sequential nor functional."
        )
    return parse(spec)


def parse(spec: Spec) -> Wiring:
    """Read the wiring of a serialized Sequential or functional model."""
    spec = without_build(spec)
    config = spec["config"]
    head = {**spec, "config": {k: v for k, v in config.items() if k not in ("input_layers", "output_layers")}}
    head["config"]["layers"] = []
    if spec["class_name"] == "Sequential" or "input_layers" not in config:
        return _parse_chain(head, config)
    parts = {}
    for layer in config["layers"]:
        calls = [_call(node) for node in layer["inbound_nodes"]]
        body = {k: v for k, v in layer.items() if k not in ("inbound_nodes", "name")}
        parts[layer.get("name") or layer["config"]["name"]] = _part(body, calls)
    wiring = Wiring(head, parts, _history(config["input_layers"]), _history(config["output_layers"]))
    _drop_implied_masks(wiring)
    return wiring


def _drop_implied_masks(wiring: Wiring) -> None:
    """Drop the masks that Keras computes by itself, which it writes down as if they had been given.

    Kept, they would go on masking after the Masking layer is removed, and hide one that is inserted.
    """
    for part in wiring.parts.values():
        for call in part.calls:
            masks = {key: value for key, value in call.kwargs.items() if key.endswith("mask")}
            for key, value in masks.items():
                if any(_is_implied(wiring, ref) for ref in refs_in(value)):
                    del call.kwargs[key]
    while unread := [n for n, p in wiring.parts.items() if _is_operation(p) and not wiring.readers(n)]:
        for name in unread:
            del wiring.parts[name]


def _is_implied(wiring: Wiring, ref: Ref) -> bool:
    part = wiring.parts[ref.layer]
    if not _is_operation(part):
        return False
    sources = [r for call in part.calls for r in call.refs()]
    return part.class_name == "NotEqual" or any(_is_implied(wiring, source) for source in sources)


def _is_operation(part: WiredLayer) -> bool:
    return keras_seam.is_operation(part.spec)


def _parse_chain(head: Spec, config: Spec) -> Wiring:
    layers = list(config["layers"])
    parts: dict[str, WiredLayer] = {}
    if not layers or layers[0]["class_name"] != "InputLayer":
        shape = config.get("build_input_shape")
        first = {"module": "keras.layers", "class_name": "InputLayer", "registered_name": None}
        parts["input"] = WiredLayer(
            {**first, "config": {"batch_shape": shape, "name": "input"}}, virtual=True
        )
    for layer in layers:
        calls = [Call([Ref(next(reversed(parts)))])] if parts else []
        parts[layer["config"]["name"]] = _part(layer, calls)
    names = list(parts)
    return Wiring(head, parts, Ref(names[0]), Ref(names[-1]))


def _part(spec: Spec, calls: list[Call]) -> WiredLayer:
    inner = inner_model(spec)
    return WiredLayer(spec, calls, parse(inner) if inner else None)


def _call(node: Spec) -> Call:
    # Keras records mask=None and training=False where nothing was given; kept, they would hide a new Masking.
    noise = {"mask": (None,), "training": (None, False)}
    kwargs = {k: v for k, v in node.get("kwargs", {}).items() if k not in noise or v not in noise[k]}
    return Call(_revive(node.get("args", [])), _revive(kwargs))


def _revive(tree: Any) -> Any:
    if isinstance(tree, dict):
        if tree.get("class_name") == "__keras_tensor__":
            return Ref(*tree["config"]["keras_history"])
        return {key: _revive(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_revive(value) for value in tree]
    return tree


def _history(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _history(value) for key, value in tree.items()}
    if len(tree) == 3 and isinstance(tree[0], str) and isinstance(tree[1], int):
        return Ref(*tree)
    return [_history(value) for value in tree]


def without_build(tree: Any) -> Any:
    """Drop what Keras remembers of built shapes: after an edit those would be the shapes of another model."""
    if isinstance(tree, dict):
        drop = {"build_config", "compile_config"} if "class_name" in tree else set()
        return {key: without_build(value) for key, value in tree.items() if key not in drop}
    if isinstance(tree, (list, tuple)):
        return [without_build(value) for value in tree]
    return tree


def write(wiring: Wiring) -> Spec:
    """Write the wiring back to the form that Keras deserializes.

    A Sequential model stays one as long as it is a plain chain; otherwise it becomes a functional model.
    """
    if wiring.is_sequential and _is_chain(wiring):
        layers = [_body(part) for part in wiring.parts.values() if not part.virtual]
        return {**wiring.spec, "config": {**wiring.spec["config"], "layers": layers}}
    spec = _functional(wiring) if wiring.is_sequential else wiring.spec
    layers = [
        {**_body(part), "name": name, "inbound_nodes": [_node(call) for call in part.calls]}
        for name, part in wiring.parts.items()
    ]
    ends = {"input_layers": _unhistory(wiring.inputs), "output_layers": _unhistory(wiring.outputs)}
    return {**spec, "config": {**spec["config"], "layers": layers, **ends}}


def _functional(wiring: Wiring) -> Spec:
    first = next(iter(wiring.parts.values()))
    if first.virtual and first.spec["config"]["batch_shape"] is None:
        raise ValueError(
            "apply: the Sequential model has no input shape yet; build it before it is branched."
        )
    config = {k: v for k, v in wiring.spec["config"].items() if k in ("name", "trainable")}
    return {
        "module": keras_seam.functional_module(),
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    }


def _is_chain(wiring: Wiring) -> bool:
    names = list(wiring.parts)
    reads = [[Ref(before)] for before in names[:-1]]
    calls = [wiring.parts[name].calls for name in names[1:]]
    plain = all(len(c) == 1 and c[0].args == r and not c[0].kwargs for c, r in zip(calls, reads, strict=True))
    return plain and wiring.parts[names[0]].is_input and wiring.outputs == Ref(names[-1])


def _body(part: WiredLayer) -> Spec:
    if part.inner is None:
        return part.spec
    inner = write(part.inner)
    if is_model(part.spec):
        return inner
    return {**part.spec, "config": {**part.spec["config"], "layer": inner}}


def _node(call: Call) -> Spec:
    return {"args": map_refs(call.args, _tensor), "kwargs": map_refs(call.kwargs, _tensor)}


def _tensor(ref: Ref) -> Spec:
    # Keras asks for a shape and a dtype but takes both from the tensor that the history names.
    history = [ref.layer, ref.call, ref.tensor]
    config = {"shape": [], "dtype": "float32", "keras_history": history}
    return {"class_name": "__keras_tensor__", "config": config}


def _unhistory(tree: Any) -> Any:
    return map_refs(tree, lambda ref: [ref.layer, ref.call, ref.tensor])
