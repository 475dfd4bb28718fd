"""Passage: what the outputs of a layer see, given what its inputs see. Of layers that are not known, nothing.

Axes are counted from the end, so that a layer inside TimeDistributed is its own self on each slice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from normcast.check import taps
from normcast.check.net import Node, Shape
from normcast.check.sight import Line, Sight, chained, common_line, joined
from normcast.check.sweep import attention, recurrent
from normcast.models.graph.kinds import ACT, ATTENTION, BATCH_NORM, MERGE, NOISE, RNN, SCALING, named

CONVOLVING = named("Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D")
TRANSPOSED = named("Conv1DTranspose Conv2DTranspose Conv3DTranspose")
RECURRENT = RNN | named("RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D")
OVER_AXES = named("LayerNormalization RMSNormalization UnitNormalization Softmax LogSoftmax Sparsemax")
ALONE = (ACT | NOISE | BATCH_NORM | SCALING | named(
    "Identity Masking ActivityRegularization Discretization Cast StopGradient Ordered Negative Abs Absolute Exp "
    "Expm1 Log Log1p Sqrt Rsqrt Square Sin Cos Softplus Softsign Swish HardSigmoid HardTanh Relu6 LogSigmoid "
    "Clip Round Floor Ceil Sign Reciprocal IsNan NanToNum"
)) - {"Softmax"}  # fmt: skip
"""Layers and operations of one tensor that treat each position by itself."""
TOGETHER = MERGE - {"Concatenate"} | named(
    "Divide TrueDivide FloorDivide Power Mod Where Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd "
    "LogicalOr"
)
REDUCING = named("Mean Sum Max Min Amax Amin Prod Std Var Any All Logsumexp")
OF_ALL = frozenset({"softmax", "log_softmax", "sparsemax"})
"""Activations of all along the last axis."""

Passage = Callable[[Node, list[Sight]], Sight]


def passed(node: Node, read: list[Sight], shapes: Sequence[tuple[int, ...]]) -> list[Sight]:
    """Return what each output sees; read: what each input sees; shapes: of the outputs, where nothing is
    known.
    """
    try:
        seen = _passed(node, read)
    except Exception:  # whatever surprises here is a layer that is not known
        seen = []
    known = [_fits(sight, shape) for sight, shape in zip(seen, node.shapes, strict=False)]
    return [
        seen[i] if i < len(known) and known[i] else Sight.blind(shape, _line_kept(read, shape))
        for i, shape in enumerate(shapes)
    ]


def _fits(sight: Sight, shape: Shape) -> bool:
    return len(sight.shape) == len(shape) - 1 and all(
        wanted is None or wanted == length for wanted, length in zip(shape[1:], sight.shape, strict=True)
    )


def _line_kept(read: Sequence[Sight], shape: tuple[int, ...]) -> Line | None:
    """Return the line behind a layer that is not known: the axis, where it is still as long."""
    line = common_line(read)
    if line is None or len(shape) <= line.axis:
        return None
    before = next(sight.length for sight in read if sight.line == line)
    return line if shape[line.axis] == before else None


def _passed(node: Node, read: list[Sight]) -> list[Sight]:
    if node.kind in RECURRENT:
        return recurrent(node, read)
    if node.kind in ATTENTION:
        return [attention(node, read)]
    if node.kind == "ReversibleInstanceNorm":
        return [joined([read[0], read[0].mixed([-2])], read[0].shape)]
    found = _passage(node.kind)
    if found is None:
        return [_inside(node, read[0])] if "TimeDistributed" in node.wrappers else []
    seen = found(node, read)
    return [seen.mixed([-1]) if node.activation in OF_ALL and node.kind != "Softmax" else seen]


def _inside(node: Node, seen: Sight) -> Sight:
    """Return what a layer that is not known sees inside TimeDistributed: at most its whole slice."""
    lead = node.wrappers.count("TimeDistributed")
    inner = node.shape[1 + lead :]
    if None in inner or (seen.line is not None and seen.line.axis >= lead):
        raise ValueError(f"{node.name}: what becomes of a slice is not known.")
    slices = seen.mixed(range(lead, len(seen.shape))).without(range(lead, len(seen.shape)))
    for length in inner:
        slices = slices.with_axis(len(slices.shape), int(length or 0))
    return slices


def _passage(kind: str) -> Passage | None:
    if kind in ALONE:
        return lambda node, read: read[0]
    if kind in CONVOLVING:
        return _convolution
    if kind in TRANSPOSED:
        return _transposed
    if kind in TOGETHER:
        return _together
    if kind in OVER_AXES:
        return lambda node, read: read[0].mixed(_axes(node, read[0]))
    if kind in REDUCING:
        return _reduced
    plain = re.fullmatch(r"(Global|Adaptive)?(?:Max|Average)(Pooling)[123]D|(\w+?)[123]D", kind)
    if plain and plain.group(2):
        return {"Global": _pooled, "Adaptive": _adaptive, None: _pool}[plain.group(1)]
    return _OTHERS.get(plain.group(3) if plain else kind)


def _lead(node: Node) -> int:
    return node.wrappers.count("TimeDistributed")


def _of(node: Node, name: str, default: Any = None) -> Any:
    """Return an argument of a layer, or of an operation, which keeps it as an attribute."""
    value = node.config.get(name)
    return getattr(node.core, name, default) if value is None else value


def _axes(node: Node, seen: Sight) -> list[int]:
    """Return the axes that a layer is told to work along, counted from the end; all if none is said."""
    rank = len(seen.shape) - _lead(node) + 1
    axes = _of(node, "axis", -1 if node.kind in OVER_AXES else None)
    if axes is None:
        return list(range(-len(seen.shape) + _lead(node), 0))
    listed = list(axes) if isinstance(axes, (list, tuple)) else [axes]
    found = [int(axis) % rank - rank for axis in listed]
    if -rank in found:
        raise ValueError(f"{node.name}: it works along the batch.")
    return found


def _spatial(node: Node) -> tuple[list[int], int]:
    """Return the axes that a layer of one, two or three dimensions moves along, and that of the channels."""
    dimensions = int(re.findall(r"(\d)D", node.kind)[0])
    if node.config.get("data_format") == "channels_first":
        return list(range(-dimensions, 0)), -dimensions - 1
    return list(range(-dimensions - 1, -1)), -1


def _each(value: Any, count: int) -> list[int]:
    return [int(v) for v in value] if isinstance(value, (list, tuple)) else [int(value)] * count


def _convolution(node: Node, read: list[Sight]) -> Sight:
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


def _transposed(node: Node, read: list[Sight]) -> Sight:
    (axes, channels), config, seen = _spatial(node), node.config, read[0]
    names = ("kernel_size", "strides", "dilation_rate")
    given = [_each(config[name], len(axes)) for name in names]
    more = config.get("output_padding")
    mores: list[Any] = [None] * len(axes) if more is None else _each(more, len(axes))
    for axis, size, stride, dilation, extra in zip(axes, *given, mores, strict=True):
        length = seen.shape[axis]
        seen = seen.read(axis, taps.transposed(length, size, stride, dilation, config["padding"], extra))
    return _channels(node, seen, channels)


def _pool(node: Node, read: list[Sight]) -> Sight:
    (axes, _), config, seen = _spatial(node), node.config, read[0]
    sizes = _each(config["pool_size"], len(axes))
    strides = _each(config.get("strides") or config["pool_size"], len(axes))
    for axis, size, stride in zip(axes, sizes, strides, strict=True):
        seen = seen.read(axis, taps.windows(seen.shape[axis], size, stride, 1, config["padding"]))
    return seen


def _adaptive(node: Node, read: list[Sight]) -> Sight:
    (axes, _), seen = _spatial(node), read[0]
    for axis, length in zip(axes, _each(node.config["output_size"], len(axes)), strict=True):
        seen = seen.read(axis, taps.adaptive(seen.shape[axis], length))
    return seen


def _pooled(node: Node, read: list[Sight]) -> Sight:
    axes, _ = _spatial(node)
    return _gone(read[0], axes, bool(node.config.get("keepdims")))


def _reduced(node: Node, read: list[Sight]) -> Sight:
    return _gone(read[0], _axes(node, read[0]), bool(_of(node, "keepdims")))


def _gone(seen: Sight, axes: list[int], kept: bool) -> Sight:
    places = sorted(axis % len(seen.shape) for axis in axes)
    seen = seen.without(places)
    for place in places if kept else ():
        seen = seen.with_axis(place)
    return seen


def _upsampling(node: Node, read: list[Sight]) -> Sight:
    (axes, _), config, seen = _spatial(node), node.config, read[0]
    for axis, times in zip(axes, _each(config["size"], len(axes)), strict=True):
        how = config.get("interpolation", "nearest")
        seen = seen.read(axis, taps.repeated(seen.shape[axis], times, how))
    return seen


def _padding(sign: int, name: str) -> Passage:
    def padded(node: Node, read: list[Sight]) -> Sight:
        (axes, _), seen, given = _spatial(node), read[0], node.config[name]
        pairs = [given] if len(axes) == 1 else given
        for axis, pair in zip(axes, pairs, strict=True):
            before, after = _each(pair, 2)
            seen = seen.read(axis, taps.padded(seen.shape[axis], sign * before, sign * after))
        return seen

    return padded


def _dense(node: Node, read: list[Sight]) -> Sight:
    return read[0].across(-1, node.config["units"])


def _together(node: Node, read: list[Sight]) -> Sight:
    rank = max(len(sight.shape) for sight in read)
    if any(len(sight.shape) != rank for sight in read):
        raise ValueError(f"{node.name}: it merges tensors of different ranks.")
    return joined(read, [max(lengths) for lengths in zip(*(sight.shape for sight in read), strict=True)])


def _concatenate(node: Node, read: list[Sight]) -> Sight:
    (axis,) = _axes(node, read[0])
    return chained(read, axis % len(read[0].shape))


def _grouped_norm(node: Node, read: list[Sight]) -> Sight:
    (channels,), groups, seen = _axes(node, read[0]), node.config["groups"], read[0]
    rank, length = len(seen.shape) - _lead(node), seen.shape[channels]
    others = [axis for axis in range(-rank, 0) if axis != channels]
    alike = taps.grouped(length, length, length if groups == -1 else groups)
    return replace(seen.mixed(others).read(channels, alike), line=seen.line)


def _permuted(node: Node, read: list[Sight]) -> Sight:
    lead = _lead(node)
    dims = node.config.get("dims")
    order = [d - 1 for d in dims] if dims else [int(a) - 1 for a in node.core.axes[1:]]
    return read[0].ordered([*range(lead), *(lead + each for each in order)])


def _reshaped(node: Node, read: list[Sight]) -> Sight:
    seen, lead = read[0], _lead(node)
    wanted = _of(node, "target_shape") or _of(node, "newshape")[1:]
    size = prod(seen.shape[lead:])
    free = [i for i, n in enumerate(wanted) if n in (-1, None)]
    shape = [int(n or -1) for n in wanted]
    for i in free:
        shape[i] = size // prod(n for k, n in enumerate(shape) if k != i)
    return seen.reshaped([*seen.shape[:lead], *shape])


def _flattened(node: Node, read: list[Sight]) -> Sight:
    seen, lead = read[0], _lead(node)
    if node.config.get("data_format") == "channels_first":
        raise ValueError(f"{node.name}: it moves the channels before it flattens.")
    return seen.reshaped([*seen.shape[:lead], prod(seen.shape[lead:])])


def _item(node: Node, read: list[Sight]) -> Sight:
    key, seen = node.args[1], read[0]
    parts = list(key) if isinstance(key, (list, tuple)) else [key]
    if Ellipsis in parts:
        place = parts.index(Ellipsis)
        missing = len(seen.shape) + 1 - sum(p is not None and p is not Ellipsis for p in parts)
        parts[place : place + 1] = [slice(None)] * missing
    if not parts or parts[0] != slice(None):
        raise ValueError(f"{node.name}: it picks from the batch.")
    axis = 0
    for part in parts[1:]:
        if part is None:
            seen, axis = seen.with_axis(axis), axis + 1
        elif isinstance(part, slice):
            back = axis - len(seen.shape)
            whole = part in (slice(None), slice(None, None, None))
            seen = seen if whole else seen.read(back, taps.sliced(seen.shape[axis], part))
            axis += 1
        else:
            at = int(part) % seen.shape[axis]
            one = seen.read(axis - len(seen.shape), taps.sliced(seen.shape[axis], slice(at, at + 1)))
            seen = one.without([axis])
    return seen


def _repeated_vector(node: Node, read: list[Sight]) -> Sight:
    return read[0].without_line().with_axis(len(read[0].shape) - 1, node.config["n"])


def _embedded(node: Node, read: list[Sight]) -> Sight:
    return read[0].with_axis(len(read[0].shape), node.config["output_dim"])


def _along(move: Callable[[Node, Sight, int], Sight]) -> Passage:
    """Return the passage of an operation along one axis."""

    def along(node: Node, read: list[Sight]) -> Sight:
        (axis,) = _axes(node, read[0])
        return move(node, read[0], axis)

    return along


def _expanded(node: Node, read: list[Sight]) -> Sight:
    rank = len(read[0].shape) + 2
    return read[0].with_axis(int(node.core.axis) % rank - 1)


_OTHERS: dict[str, Passage] = {
    "Dense": _dense,
    "Embedding": _embedded,
    "Concatenate": _concatenate,
    "GroupNormalization": _grouped_norm,
    "Permute": _permuted,
    "Transpose": _permuted,
    "Reshape": _reshaped,
    "Flatten": _flattened,
    "GetItem": _item,
    "RepeatVector": _repeated_vector,
    "UpSampling": _upsampling,
    "ZeroPadding": _padding(1, "padding"),
    "Cropping": _padding(-1, "cropping"),
    "CausalAveragePooling": lambda node, read: read[0].running(-2),
    "Squeeze": lambda node, read: read[0].without(_axes(node, read[0])),
    "ExpandDims": _expanded,
    "Flip": _along(lambda node, seen, axis: seen.read(
        axis, taps.sliced(seen.shape[axis], slice(None, None, -1)))),
    "Roll": _along(lambda node, seen, axis: seen.read(
        axis, taps.rolled(seen.shape[axis], int(node.core.shift)))),
    "Cumsum": _along(lambda node, seen, axis: seen.running(axis)),
    "Cumprod": _along(lambda node, seen, axis: seen.running(axis)),
}  # fmt: skip
