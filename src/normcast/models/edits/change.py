"""What each edit does to a wiring. Nothing is built here: a wrong name is found before Keras sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from inspect import signature
from typing import Any

import keras

from normcast.errors import unknown
from normcast.models.edits.edit import Edit, Insert, Move, Remove, Replace, Rewire, Set
from normcast.models.edits.losses import Compile
from normcast.models.edits.reading import rewire
from normcast.models.graph.layer_spec import snake
from normcast.models.graph.names import find, layer_in
from normcast.models.graph.serialized import parse
from normcast.models.graph.wiring import (
    INPUTS,
    Call,
    Ref,
    Spec,
    WiredLayer,
    Wiring,
    in_order,
    inner_model,
    map_refs,
    refs_in,
)
from normcast.models.revival import refuse_argument

Complete = Callable[[Spec], Spec]


def edited(wiring: Wiring, edits: Iterable[Edit], complete: Complete = lambda spec: spec) -> Wiring:
    """Return the wiring after the edits, in their order.

    complete: makes a layer's specification the full one (it fills in defaults and finds wrong arguments).
    Raises ValueError on a layer, argument or place that does not exist, and on wirings that cannot be.
    """
    wiring = deepcopy(wiring)
    make(wiring, edits, complete)
    return _sorted(wiring)


def make(wiring: Wiring, edits: Iterable[Edit], complete: Complete) -> None:
    """Make the edits in the given wiring, without looking for circles."""
    for edit in edits:
        owner, name = find(wiring, edit.layer, type(edit).__name__)
        if isinstance(edit, Move):
            _move(owner, name, edit, _anchor(wiring, owner, edit.after or edit.before or ""))
        else:
            _CHANGES[type(edit)](owner, name, edit, complete)


def _sorted(wiring: Wiring) -> Wiring:
    wiring.parts = in_order(wiring)
    for part in wiring.parts.values():
        if part.inner is not None:
            _sorted(part.inner)
    return wiring


def _set(wiring: Wiring, name: str, edit: Set, _: Complete) -> None:
    part = layer_in(wiring, name, "Set")
    for key, value in edit.config.items():
        holders = _holders(part.spec, key)
        if not holders:
            raise ValueError(
                unknown("argument", key, _arguments(part.spec), where=f"Set: {name} ({part.class_name})")
            )
        for spec in holders:
            refuse_argument(spec, key, value, f"Set: {name}")
            spec["config"][key] = deepcopy(value)
        if key == "trainable" and part.inner is not None:
            _train(part.inner, value)


def _train(inner: Wiring, value: Any) -> None:
    """Let the layers of a nested model train or not, as Keras does where it is set on the model itself."""
    inner.spec["config"]["trainable"] = value
    for part in inner.parts.values():
        if not part.is_input:
            part.spec["config"]["trainable"] = value
        if part.inner is not None:
            _train(part.inner, value)


def _holders(spec: Spec, key: str) -> list[Spec]:
    """Return what has the argument: the layer itself, else the layers it wraps."""
    if key in _arguments(spec, wrapped=False):
        return [spec]
    inner = [spec["config"].get(k) for k in ("layer", "backward_layer", "cell")]
    return [h for item in inner if isinstance(item, dict) and "config" in item for h in _holders(item, key)]


def _arguments(spec: Spec, wrapped: bool = True) -> list[str]:
    known = [key for key in spec["config"] if key not in ("name", "layers")]
    cls = getattr(keras.layers, spec["class_name"], None)
    if cls is not None and spec.get("module") == "keras.layers":
        known += [k for k, p in signature(cls.__init__).parameters.items() if p.kind is not p.VAR_KEYWORD]
    inner = [spec["config"].get(k) for k in ("layer", "cell")] if wrapped else []
    known += [k for item in inner if isinstance(item, dict) and "config" in item for k in _arguments(item)]
    return [key for key in dict.fromkeys(known) if key != "self"]


def _insert(wiring: Wiring, name: str, edit: Insert, complete: Complete) -> None:
    part = _new_part(wiring, edit.what, complete)
    new = part.spec["config"]["name"]
    if name == INPUTS:
        wiring.parts = {new: part, **wiring.parts}
        wiring.inputs = [*_listed(wiring.inputs), Ref(new)]
    elif edit.after:
        _place_after(wiring, new, part, name)
    else:
        _place_before(wiring, new, part, name)


def _new_part(wiring: Wiring, what: Spec, complete: Complete, name: str = "") -> WiredLayer:
    spec = complete(deepcopy(what))
    wanted = what["config"].get("name") or name
    if wanted and wanted in wiring.parts:
        raise ValueError(f"Insert: there is a layer {wanted!r} already; give the new one another name.")
    spec["config"]["name"] = wanted or _free_name(wiring, snake(spec["class_name"]))
    inner = inner_model(spec)
    return WiredLayer(spec, [], parse(inner) if inner else None)


def _free_name(wiring: Wiring, base: str) -> str:
    name, count = base, 0
    while name in wiring.parts:
        count += 1
        name = f"{base}_{count}"
    return name


def _place_after(wiring: Wiring, new: str, part: WiredLayer, name: str) -> None:
    count = max(1, len(layer_in(wiring, name, "Insert").calls))
    part.calls = [Call([Ref(name, call)]) for call in range(count)]
    wiring.replace_refs(lambda r: Ref(new, r.call) if r.layer == name and r.tensor == 0 else r)
    wiring.parts = _with(wiring.parts, new, part, after=name)


def _place_before(wiring: Wiring, new: str, part: WiredLayer, name: str) -> None:
    target = layer_in(wiring, name, "Insert")
    if target.is_input:
        raise ValueError(f"Insert: nothing can stand before the input {name!r}; use after=.")
    part.calls = [Call([_single_input(call, name)]) for call in target.calls]
    for i, call in enumerate(target.calls):
        call.args = [Ref(new, i), *call.args[1:]]
    wiring.parts = _with(wiring.parts, new, part, before=name)


def _single_input(call: Call, name: str) -> Ref:
    first = call.args[0] if call.args else None
    if isinstance(first, list) and len(first) == 1:
        first = first[0]
    if not isinstance(first, Ref):
        read = ", ".join(str(ref) for ref in call.refs())
        raise ValueError(f"Insert: {name!r} reads several tensors ({read}); put the layer after one of them.")
    return first


def _with(
    parts: dict[str, WiredLayer], new: str, part: WiredLayer, after: str = "", before: str = ""
) -> dict[str, WiredLayer]:
    out: dict[str, WiredLayer] = {}
    for name, old in parts.items():
        if name == before:
            out[new] = part
        out[name] = old
        if name == after:
            out[new] = part
    return out


def _remove(wiring: Wiring, name: str, edit: Edit, _: Complete) -> None:
    part = layer_in(wiring, name, type(edit).__name__)
    readers = wiring.readers(name)
    if part.is_input:
        if readers:
            raise ValueError(f"Remove: the input {name!r} is read by {', '.join(readers)}.")
        wiring.inputs = _without(wiring.inputs, name)
    elif readers:
        through = {i: _passed(call, name, readers) for i, call in enumerate(part.calls)}
        for i, ref in through.items():  # a call may read what an earlier one gave
            through[i] = through[ref.call] if ref.layer == name else ref
        wiring.replace_refs(lambda r: _stand_in(r, through) if r.layer == name else r, skip=name)
    del wiring.parts[name]
    if not wiring.parts or all(p.is_input for p in wiring.parts.values()):
        raise ValueError(f"Remove: {name!r} is the model's only layer.")


def _stand_in(ref: Ref, through: dict[int, Ref]) -> Ref:
    if ref.call not in through:
        raise ValueError(f"Remove: {ref.layer!r} is read, but no longer called. Rewire its readers first.")
    return through[ref.call]


def _passed(call: Call, name: str, readers: list[str]) -> Ref:
    refs = list(dict.fromkeys(refs_in(call.args[:1])))
    if len(refs) != 1:
        read = ", ".join(map(str, refs))
        hint = f"Rewire its readers ({', '.join(readers)}) first."
        raise ValueError(f"Remove: {name!r} merges {read}; which of them is to stay is not clear. {hint}")
    return refs[0]


def _without(tree: Any, name: str) -> Any:
    if isinstance(tree, dict):
        return {key: value for key, value in tree.items() if value != Ref(name)}
    left = [ref for ref in _listed(tree) if ref != Ref(name)]
    return left[0] if len(left) == 1 else left


def _anchor(root: Wiring, owner: Wiring, path: str) -> str:
    """Return the name, in the model that owns the layer to move, of the one to put it beside.

    A name alone is looked for in that model first. Raises ValueError for a layer of another model.
    """
    if path in owner.parts:
        return path
    found, name = find(root, path, "Move")
    if found is not owner:
        raise ValueError(f"Move: {path!r} is in another model than what is moved; use Remove and Insert.")
    return name


def _move(wiring: Wiring, name: str, edit: Move, anchor: str) -> None:
    part = layer_in(wiring, name, "Move")
    layer_in(wiring, anchor, "Move")
    if anchor == name:
        raise ValueError(f"Move: {name!r} cannot stand beside itself.")
    _remove(wiring, name, edit, lambda spec: spec)
    if edit.after:
        _place_after(wiring, name, part, anchor)
    else:
        _place_before(wiring, name, part, anchor)


def _replace(wiring: Wiring, name: str, edit: Replace, complete: Complete) -> None:
    old = layer_in(wiring, name, "Replace")
    position = list(wiring.parts)
    del wiring.parts[name]
    part = _new_part(wiring, edit.what, complete, name)
    part.calls = old.calls
    new = part.spec["config"]["name"]
    others = wiring.parts
    wiring.parts = {new if n == name else n: part if n == name else others[n] for n in position}
    rename: Callable[[Ref], Ref] = lambda r: Ref(new, r.call, r.tensor) if r.layer == name else r  # noqa: E731
    wiring.replace_refs(rename)
    wiring.inputs = map_refs(wiring.inputs, rename)


def _listed(tree: Any) -> list[Any]:
    return list(tree) if isinstance(tree, list) else [tree]


_CHANGES: dict[type[Edit], Any] = {
    Set: _set,
    Insert: _insert,
    Remove: _remove,
    Replace: _replace,
    Rewire: lambda wiring, name, edit, _: rewire(wiring, name, edit),
    Compile: lambda *_: None,  # of how the model is trained, not of its wiring
}
