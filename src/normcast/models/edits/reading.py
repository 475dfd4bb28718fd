"""What a `Rewire` does: which tensors a call reads, and how it is called."""

from __future__ import annotations

from typing import Any

from normcast.errors import unknown
from normcast.models.edits.edit import Rewire
from normcast.models.graph.names import layer_in
from normcast.models.graph.wiring import INPUTS, OUTPUTS, Call, Wiring, refs_in, to_ref


def rewire(wiring: Wiring, name: str, edit: Rewire) -> None:
    """Let a call of a layer, or an end of the model, read other tensors."""
    refs = _refs(wiring, edit)
    if name in (INPUTS, OUTPUTS):
        setattr(wiring, name.strip("()"), _ends(wiring, edit.inputs))
        return
    part = layer_in(wiring, name, "Rewire")
    number = edit.call or 0
    if number > len(part.calls) or part.is_input:
        raise ValueError(f"Rewire: {name!r} has {len(part.calls)} calls, so there is no call {number}.")
    if edit.inputs == []:
        del part.calls[number:]
        return
    if number == len(part.calls):
        part.calls.append(Call(refs))
    call = part.calls[number]
    if edit.inputs is not None:
        merges = (
            bool(call.args) and isinstance(call.args[0], list) and not any(isinstance(r, list) for r in refs)
        )
        call.args = [refs, *call.args[1:]] if merges else _with_plain(refs, call)
    if edit.arguments is not None:
        call.kwargs = _tensors(wiring, edit.arguments)


def _ends(wiring: Wiring, tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _ref(wiring, value) for key, value in tree.items()}
    return _ref(wiring, tree[0]) if len(tree) == 1 else _ref(wiring, tree)


def _with_plain(refs: list[Any], call: Call) -> list[Any]:
    """Keep what is positional and no tensor (an operation's axis, a slice) unless new values are given."""
    if len(list(refs_in(refs))) < len(refs):
        return refs
    return refs + [arg for arg in call.args if not list(refs_in(arg))]


def _refs(wiring: Wiring, edit: Rewire) -> list[Any]:
    return [_ref(wiring, item) for item in edit.inputs or []] if isinstance(edit.inputs, list) else []


def _ref(wiring: Wiring, item: Any) -> Any:
    if isinstance(item, (list, tuple)):
        return [_ref(wiring, inner) for inner in item]
    if isinstance(item, dict):
        return item["value"]
    ref = to_ref(item)
    if ref.layer not in wiring.parts:
        raise ValueError(unknown("layer", ref.layer, wiring.parts, where="Rewire"))
    return ref


def _tensors(wiring: Wiring, tree: Any) -> Any:
    if isinstance(tree, dict):
        if set(tree) == {"tensor"}:
            return _ref(wiring, tree["tensor"])
        return {key: _tensors(wiring, value) for key, value in tree.items()}
    return [_tensors(wiring, item) for item in tree] if isinstance(tree, (list, tuple)) else tree
