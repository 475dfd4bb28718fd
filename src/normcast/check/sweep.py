"""Sweep: what recurrences and attention see, which go over whole sequences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from normcast.check.net import Node, Shape
from normcast.check.sight import Sight, chained, joined


def is_backwards(node: Node) -> bool:
    """Whether a recurrence reads its steps from the last to the first, alone or beside the other way."""
    return "Bidirectional" in node.wrappers or bool(node.config.get("go_backwards"))


def recurrent(node: Node, read: list[Sight]) -> list[Sight]:
    """Return what each output of a recurrence sees: of a sequence each step, and of a state all."""
    seen, rank = read[0], 3 if node.kind[-2:] not in ("1D", "2D", "3D") else int(node.kind[-2]) + 3
    time = 1 - rank
    inner = range(time + 1, 0)
    steps = seen.mixed(inner)
    for state in read[1:]:  # states that it begins with
        steps = replace(steps, latest=np.maximum(steps.latest, state.latest.max()))
    last = steps.without([time])
    apart = "Bidirectional" in node.wrappers and node.layer.merge_mode is None
    swept = [_onwards(steps, time), steps.mixed([time])] if apart else [_swept(node, steps, time)]
    given = [*(swept if node.config.get("return_sequences") else ()), *[last] * len(node.shapes)]
    return [_of_shape(each, shape) for each, shape in zip(given, node.shapes, strict=False)]


def _swept(node: Node, steps: Sight, time: int) -> Sight:
    onwards = _onwards(steps, time)
    if not is_backwards(node):
        return onwards
    back = steps.mixed([time])
    if getattr(node.layer, "merge_mode", "") != "concat" or node.shape[-1] is None:
        return back
    # Beside each other, the units of one direction and those of the other.
    halves = [replace(each, shape=(*each.shape[:-1], node.shape[-1] // 2)) for each in (onwards, back)]
    both = chained([replace(each, line=None) for each in halves], len(steps.shape) - 1)
    return Sight(both.shape, both.latest, steps.line)


def _onwards(steps: Sight, time: int) -> Sight:
    return replace(steps, latest=np.maximum.accumulate(steps.full(time), axis=time))


def _of_shape(seen: Sight, shape: Shape) -> Sight:
    """Return the sight with the units, rows and columns of an output; what is not known is as it was."""
    if len(shape) - 1 != len(seen.shape):  # a state of a cell of the user's own
        return Sight.blind([n or 1 for n in shape[1:]])
    wanted = tuple(old if new is None else new for new, old in zip(shape[1:], seen.shape, strict=True))
    line = seen.line
    if line is not None and seen.shape[line.axis] != wanted[line.axis]:
        axis = line.axis
        return replace(seen.across(axis - len(wanted), wanted[axis]), shape=wanted)
    return replace(seen, shape=wanted)


def attention(node: Node, read: list[Sight]) -> Sight:
    """Return what attention sees: its query, and all keys and values that no mask hides from it.

    With a mask of the user's own only the query counts as seen.
    """
    query, others = read[0], read[1:] or read[:1]
    rank = len(query.shape)
    keys = joined([each.mixed([-1]) for each in others], others[0].shape)
    axes = node.config.get("attention_axes") or [*range(1, rank)]
    places = [int(axis) % (rank + 1) - 1 - rank for axis in ([axes] if isinstance(axes, int) else axes)]
    seen = query.mixed([-1])
    if node.arguments.get("use_causal_mask"):
        (axis,) = places
        upto = np.maximum.accumulate(keys.full(axis), axis=axis)
        at = np.minimum(np.arange(query.shape[axis]), keys.shape[axis] - 1)
        hidden = np.take(upto, at, axis=axis)
    else:
        hidden = keys.mixed(places).latest
    if node.arguments.get("attention_mask") is None:
        seen = replace(seen, latest=np.maximum(seen.latest, hidden))
    units = node.shape[-1]
    if units is None or units == query.shape[-1]:
        return seen
    return seen.across(-1, units)
