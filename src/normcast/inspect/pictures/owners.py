"""To which layer each trained weight belongs, by its path, and the order of the layers that this tells."""

from __future__ import annotations

from collections.abc import Iterable

from normcast.probes.flow import Flow


def owner_of(path: str, layers: tuple[str, ...]) -> str:
    """Return the layer that a weight belongs to: one of these, else the first part of its path.

    >>> owner_of("lstm/lstm_cell/kernel", ("lstm",)), owner_of("head/kernel", ())
    ('lstm', 'head')
    """
    parts = path.split("/")[:-1]
    for end in range(len(parts), 0, -1):
        for name in ("/".join(parts[:end]), parts[end - 1]):
            if name in layers:
                return name
    return parts[0] if parts else path


def weights_of(flow: Flow) -> dict[str, dict[str, str]]:
    """Return the trained weights of each layer in the order of the network, by path what each is called."""
    model = _shared(flow.updates)
    found: dict[str, list[str]] = {}
    for path in flow.updates:
        owner = owner_of(path, tuple(flow.gradients))
        layer = owner if owner in flow.gradients else path[len(model) :].rpartition("/")[0] or path
        found.setdefault(layer, []).append(path)
    return {layer: {path: path[len(_shared(paths)) :] for path in paths} for layer, paths in found.items()}


def in_order(flow: Flow) -> list[str]:
    """Return the recurrent layers in the order of the network, as far as its weights tell it."""
    places = {layer: place for place, layer in enumerate(weights_of(flow))}
    return sorted(flow.gradients, key=lambda name: places.get(name, places.get(name.split("/")[0], 0)))


def _shared(paths: Iterable[str]) -> str:
    """Return the folders that all paths begin with.

    >>> _shared(["net/lstm/kernel", "net/lstm/norm/gamma"])
    'net/lstm/'
    """
    kept = ""
    folders = [path.split("/")[:-1] for path in paths]
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        kept += f"{parts[0]}/"
    return kept
