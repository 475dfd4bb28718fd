"""The edits that lead from one model to another."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import keras

from normcast.models.edits.change import make
from normcast.models.edits.edit import Edit, Insert, Remove, Replace, Rewire, Set
from normcast.models.graph.serialized import wiring_of
from normcast.models.graph.wiring import INPUTS, OUTPUTS, Call, Ref, WiredLayer, Wiring, map_refs, refs_in


def diff(a: keras.Model, b: keras.Model) -> tuple[Edit, ...]:
    """Return edits so that `apply(a, edits)` equals b in configuration.

    Layers are matched by name.

    Parameters
    ----------
    a, b : keras.Model
        The model to start from, and the one to arrive at.

    Returns
    -------
    tuple of Edit
        What leads from a to b; empty where they have the same configuration.

    Raises
    ------
    TypeError
        If a model has no graph.

    See Also
    --------
    apply : Makes edits.

    Examples
    --------
    >>> import keras
    >>> from normcast.models.edits import Set, apply
    >>> net = keras.Sequential([keras.Input((8, 3)), keras.layers.LSTM(4, name="lstm_1")])
    >>> diff(net, apply(net, [Set("lstm_1", recurrent_dropout=0.2)]))
    (Set('lstm_1', recurrent_dropout=0.2),)
    """
    return tuple(_edits(wiring_of(a), wiring_of(b), ""))


def _edits(a: Wiring, b: Wiring, prefix: str) -> list[Edit]:
    edits: list[Edit] = []
    for name, part in b.parts.items():
        if name in a.parts:
            edits += _layer_edits(a.parts[name], part, prefix + name)
    edits += _insert_edits(b, [name for name in b.parts if name not in a.parts], prefix)
    gone = [name for name in reversed(a.parts) if name not in b.parts]
    late = [name for name in gone if a.parts[name].is_input or _merges(a.parts[name])]
    edits += [Remove(prefix + name) for name in gone if name not in late]
    edits += _wire_edits(_simulated(a, edits, prefix), b, prefix)
    edits += [Remove(prefix + name) for name in late]
    if _simulated(a, edits, prefix).inputs != b.inputs:
        edits.append(Rewire(prefix + INPUTS, _ends(b.inputs)))
    return edits


def _ends(tree: Any) -> Any:
    return [str(tree)] if isinstance(tree, Ref) else _texts(tree)


def _merges(part: WiredLayer) -> bool:
    """Say whether removing the layer leaves open which tensor stays, so that readers go first."""
    return any(len(set(refs_in(call.args[:1]))) != 1 for call in part.calls)


def _layer_edits(a: WiredLayer, b: WiredLayer, path: str) -> list[Edit]:
    if a.class_name != b.class_name or (a.inner is None) != (b.inner is None):
        return [Replace(path, b.spec)]
    edits: list[Edit] = []
    changed = {k: v for k, v in b.spec["config"].items() if a.spec["config"].get(k, _MISSING) != v}
    if a.inner is not None and b.inner is not None:
        changed = {
            k: v for k, v in changed.items() if k not in ("layers", "layer", "input_layers", "output_layers")
        }
        edits += _edits(a.inner, b.inner, path + "/")
    changed.pop("name", None)
    if b.inner is not None and b.spec["class_name"] in ("Sequential", "Functional"):
        changed.pop("build_input_shape", None)
    return ([Set(path, **changed)] if changed else []) + edits


_MISSING = object()


def _insert_edits(b: Wiring, new: list[str], prefix: str) -> list[Edit]:
    edits: list[Edit] = []
    for name in new:
        part = b.parts[name]
        if part.is_input:
            edits.append(Insert(part.spec, after=prefix + INPUTS))
        else:
            edits.append(Insert(part.spec, after=prefix + part.calls[0].refs()[0].layer))
    return edits


def _simulated(a: Wiring, edits: list[Edit], prefix: str) -> Wiring:
    local = [Edit.from_dict(_without_prefix(edit.to_dict(), prefix)) for edit in edits]
    wiring = deepcopy(a)
    make(wiring, local, lambda spec: spec)
    return wiring


def _without_prefix(data: dict[str, Any], prefix: str) -> dict[str, Any]:
    cut = {
        k: data[k].removeprefix(prefix) for k in ("layer", "after", "before") if isinstance(data.get(k), str)
    }
    return {**data, **cut}


def _wire_edits(now: Wiring, b: Wiring, prefix: str) -> list[Edit]:
    edits: list[Edit] = []
    for name, part in b.parts.items():
        calls = now.parts[name].calls
        for i, call in enumerate(part.calls):
            edits += _call_edits(prefix + name, i, calls[i] if i < len(calls) else None, call)
        if len(calls) > len(part.calls):
            edits.append(Rewire(prefix + name, [], call=len(part.calls)))
    if now.outputs != b.outputs:
        edits.append(Rewire(prefix + OUTPUTS, _ends(b.outputs)))
    return edits


def _call_edits(path: str, number: int, now: Call | None, call: Call) -> list[Edit]:
    if now is not None and now.args == call.args and now.kwargs == call.kwargs:
        return []
    same_args = now is not None and now.args == call.args
    same_kwargs = call.kwargs == ({} if now is None else now.kwargs)
    inputs = None if same_args else [_argument(arg) for arg in call.args]
    return [Rewire(path, inputs, call=number, arguments=None if same_kwargs else _tensors(call.kwargs))]


def _argument(arg: Any) -> Any:
    """Return one positional argument as `Rewire` writes it: what is no tensor becomes {"value": ...}."""
    return _texts(arg) if list(refs_in(arg)) else {"value": arg}


def _texts(tree: Any) -> Any:
    return map_refs(tree, str)


def _tensors(tree: Any) -> Any:
    return map_refs(tree, lambda ref: {"tensor": str(ref)})
