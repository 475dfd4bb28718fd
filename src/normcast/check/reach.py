"""Reach: what layers of one, two or three dimensions see, which read along rows, columns and steps."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from normcast.check import taps
from normcast.check.net import Node
from normcast.check.sight import Sight

Passage = Callable[[Node, list[Sight]], Sight]
"""From what the inputs of a layer see to what its output does."""


def _spatial(node: Node) -> tuple[list[int], int]:
    """Return the axes that a layer of one, two or three dimensions moves along, and that of the channels."""
    dimensions = int(re.findall(r"(\d)D", node.kind)[0])
    if node.config.get("data_format") == "channels_first":
        return list(range(-dimensions, 0)), -dimensions - 1
    return list(range(-dimensions - 1, -1)), -1


def _each(value: Any, count: int) -> list[int]:
    return [int(v) for v in value] if isinstance(value, (list, tuple)) else [int(value)] * count


def convolution(node: Node, read: list[Sight]) -> Sight:
    """Return what a convolution sees, along its axes and of the channels."""
    (axes, channels), config, seen = _spatial(node), node.config, read[0]
    given = [_each(config[name], len(axes)) for name in ("kernel_size", "strides", "dilation_rate")]
    for axis, size, stride, dilation in zip(axes, *given, strict=True):
        seen = seen.read(axis, taps.windows(seen.shape[axis], size, stride, dilation, config["padding"]))
    return _channels(node, seen, channels)


def _channels(node: Node, seen: Sight, axis: int) -> Sight:
    config, inputs = node.config, seen.shape[axis]
    depthwise = node.kind.startswith("Depthwise")
    units = inputs * config["depth_multiplier"] if depthwise else config["filters"]
    groups = inputs if depthwise else config.get("groups", 1)
    if groups > 1 and seen.latest.shape[axis] > 1:
        line = seen.line
        return replace(seen.read(axis, taps.grouped(inputs, units, groups)), line=line)
    if depthwise and (seen.line is None or seen.line.axis != axis % len(seen.shape)):
        return replace(seen, shape=_changed(seen.shape, axis, units))
    return seen.across(axis, units)


def _changed(shape: tuple[int, ...], axis: int, length: int) -> tuple[int, ...]:
    changed = [*shape]
    changed[axis] = length
    return tuple(changed)


def transposed(node: Node, read: list[Sight]) -> Sight:
    """Return what a transposed convolution sees."""
    (axes, channels), config, seen = _spatial(node), node.config, read[0]
    names = ("kernel_size", "strides", "dilation_rate")
    given = [_each(config[name], len(axes)) for name in names]
    more = config.get("output_padding")
    mores: list[Any] = [None] * len(axes) if more is None else _each(more, len(axes))
    for axis, size, stride, dilation, extra in zip(axes, *given, mores, strict=True):
        length = seen.shape[axis]
        seen = seen.read(axis, taps.transposed(length, size, stride, dilation, config["padding"], extra))
    return _channels(node, seen, channels)


def pool(node: Node, read: list[Sight]) -> Sight:
    """Return what a pooling sees."""
    (axes, _), config, seen = _spatial(node), node.config, read[0]
    sizes = _each(config["pool_size"], len(axes))
    strides = _each(config.get("strides") or config["pool_size"], len(axes))
    for axis, size, stride in zip(axes, sizes, strides, strict=True):
        seen = seen.read(axis, taps.windows(seen.shape[axis], size, stride, 1, config["padding"]))
    return seen


def adaptive(node: Node, read: list[Sight]) -> Sight:
    """Return what a pooling to a given length sees."""
    (axes, _), seen = _spatial(node), read[0]
    for axis, length in zip(axes, _each(node.config["output_size"], len(axes)), strict=True):
        seen = seen.read(axis, taps.adaptive(seen.shape[axis], length))
    return seen


def global_pool(node: Node, read: list[Sight]) -> Sight:
    """Return what a pooling of whole axes sees."""
    axes, _ = _spatial(node)
    return read[0].gone(axes, kept=bool(node.config.get("keepdims")))


def upsampling(node: Node, read: list[Sight]) -> Sight:
    """Return what an upsampling sees, between the points of which it may interpolate."""
    (axes, _), config, seen = _spatial(node), node.config, read[0]
    for axis, times in zip(axes, _each(config["size"], len(axes)), strict=True):
        how = config.get("interpolation", "nearest")
        seen = seen.read(axis, taps.repeated(seen.shape[axis], times, how))
    return seen


def padding(sign: int, name: str) -> Passage:
    """Return the passage of a padding, or, with sign -1, of a cropping, by the name of its argument."""

    def padded(node: Node, read: list[Sight]) -> Sight:
        (axes, _), seen, given = _spatial(node), read[0], node.config[name]
        pairs = [given] if len(axes) == 1 else given
        for axis, pair in zip(axes, pairs, strict=True):
            before, after = _each(pair, 2)
            seen = seen.read(axis, taps.padded(seen.shape[axis], sign * before, sign * after))
        return seen

    return padded
