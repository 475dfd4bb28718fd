"""Layers by name, in a wiring and the wirings nested in it."""

from __future__ import annotations

from normcast.errors import unknown
from normcast.models.graph.wiring import INPUTS, OUTPUTS, WiredLayer, Wiring


def find(wiring: Wiring, path: str, where: str) -> tuple[Wiring, str]:
    """Return the wiring that owns the layer, and the layer's name in it.

    path: a name, a path through nested models ("encoder/lstm_1"), or the name of exactly one nested layer.
    """
    if path in wiring.parts or path in (INPUTS, OUTPUTS):
        return wiring, path
    first, _, rest = path.partition("/")
    inner = wiring.parts[first].inner if first in wiring.parts else None
    if rest and inner is not None:
        return find(inner, rest, where)
    paths = [p for p in all_paths(wiring) if p.rpartition("/")[2] == path and "/" in p]
    if len(paths) == 1:
        return find(wiring, paths[0], where)
    if paths:
        raise ValueError(f"{where}: {path!r} names several layers: {', '.join(paths)}. Give the path.")
    raise ValueError(unknown("layer", path, all_paths(wiring), where=where))


def all_paths(wiring: Wiring) -> list[str]:
    """Return the path of every layer, those of nested models behind their model's."""
    found = []
    for name, part in wiring.parts.items():
        found.append(name)
        if part.inner is not None:
            found += [f"{name}/{path}" for path in all_paths(part.inner)]
    return found


def layer_in(wiring: Wiring, name: str, where: str) -> WiredLayer:
    """Return the layer of that name. Raises ValueError, with the names there are."""
    part = wiring.parts.get(name)
    if part is None:
        raise ValueError(unknown("layer", name, wiring.parts, where=where))
    return part
