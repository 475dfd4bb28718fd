"""Passage: what the outputs of a layer see, given what its inputs see. Of layers that are not known, nothing.

Axes are counted from the end, so that a layer inside TimeDistributed is its own self on each slice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from normcast.check import reach, taps
from normcast.check.net import Node, Shape
from normcast.check.reach import Passage
from normcast.check.sight import Line, Sight, chained, common_line, joined
from normcast.check.sweep import attention, recurrent
from normcast.models.graph.kinds import ACT, ATTENTION, BATCH_NORM, MERGE, NOISE, RNN, SCALING, named

CONVOLVING = named("Conv1D Conv2D Conv3D SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D")
TRANSPOSED = named("Conv1DTranspose Conv2DTranspose Conv3DTranspose")
RECURRENT = RNN | named("RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D")
OVER_AXES = named("LayerNormalization RMSNormalization UnitNormalization Softmax LogSoftmax Sparsemax")
ALONE = (ACT | NOISE | BATCH_NORM | SCALING | named(
    "Identity Masking ActivityRegularization Discretization Cast StopGradient Ordered Negative Abs "
    "Absolute Exp Expm1 Log Log1p Sqrt Rsqrt Square Sin Cos Softplus Softsign Swish HardSigmoid HardTanh "
    "Relu6 LogSigmoid Clip Round Floor Ceil Sign Reciprocal IsNan NanToNum"
)) - {"Softmax"}  # fmt: skip
"""Layers and operations of one tensor that treat each position by itself."""
TOGETHER = MERGE - {"Concatenate"} | named(
    "Divide TrueDivide FloorDivide Power Mod Where Equal NotEqual Greater GreaterEqual Less LessEqual "
    "LogicalAnd LogicalOr"
)
REDUCING = named("Mean Sum Max Min Amax Amin Prod Std Var Any All Logsumexp")
OF_ALL = frozenset({"softmax", "log_softmax", "sparsemax"})
"""Activations of all along the last axis."""


def passed(node: Node, read: list[Sight], shapes: Sequence[tuple[int, ...]]) -> tuple[list[Sight], bool]:
    """Return what each output sees, and whether that is known; read: what each input sees; shapes: of the
    outputs, where nothing is known.
    """
    try:
        seen = _passed(node, read)
    except Exception:  # whatever surprises here is a layer that is not known
        seen = []
    known = [_fits(sight, shape) for sight, shape in zip(seen, node.shapes, strict=False)]
    sights = [
        seen[i] if i < len(known) and known[i] else Sight.blind(shape, _line_kept(read, shape))
        for i, shape in enumerate(shapes)
    ]
    return sights, len(known) == len(shapes) and all(known)


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
    lead = node.lead
    inner = node.shape[1 + lead :]
    if None in inner or (seen.line is not None and seen.line.axis >= lead):
        raise ValueError(f"{node.name}: what becomes of a slice is not known.")
    slices = seen.mixed(range(lead, len(seen.shape))).without(range(lead, len(seen.shape)))
    for length in inner:
        slices = slices.with_axis(len(slices.shape), int(length or 0))
    return slices


def _passage(kind: str) -> Passage | None:
    if kind in _PASSAGES:
        return _PASSAGES[kind]
    plain = re.fullmatch(r"(Global|Adaptive)?(?:Max|Average)Pooling[123]D|(\w+?)[123]D", kind)
    if plain is None:
        return None
    return _PASSAGES.get(plain.group(2) or f"{plain.group(1) or ''}Pooling")


def _of(node: Node, name: str, default: Any = None) -> Any:
    """Return an argument of a layer, or of an operation, which keeps it as an attribute."""
    value = node.config.get(name)
    return getattr(node.core, name, default) if value is None else value


def _axes(node: Node, seen: Sight) -> list[int]:
    """Return the axes that a layer is told to work along, counted from the end; all if none is said."""
    rank = len(seen.shape) - node.lead + 1
    axes = _of(node, "axis", -1 if node.kind in OVER_AXES else None)
    if axes is None:
        return list(range(-len(seen.shape) + node.lead, 0))
    listed = list(axes) if isinstance(axes, (list, tuple)) else [axes]
    found = [int(axis) % rank - rank for axis in listed]
    if -rank in found:
        raise ValueError(f"{node.name}: it works along the batch.")
    return found


def _reduced(node: Node, read: list[Sight]) -> Sight:
    return read[0].gone(_axes(node, read[0]), kept=bool(_of(node, "keepdims")))


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
    rank, length = len(seen.shape) - node.lead, seen.shape[channels]
    others = [axis for axis in range(-rank, 0) if axis != channels]
    alike = taps.grouped(length, length, length if groups == -1 else groups)
    return replace(seen.mixed(others).read(channels, alike), line=seen.line)


def _permuted(node: Node, read: list[Sight]) -> Sight:
    lead = node.lead
    dims = node.config.get("dims")
    order = [d - 1 for d in dims] if dims else [int(a) - 1 for a in node.core.axes[1:]]
    return read[0].ordered([*range(lead), *(lead + each for each in order)])


def _reshaped(node: Node, read: list[Sight]) -> Sight:
    seen, lead = read[0], node.lead
    wanted = _of(node, "target_shape") or _of(node, "newshape")[1:]
    size = prod(seen.shape[lead:])
    free = [i for i, n in enumerate(wanted) if n in (-1, None)]
    shape = [int(n or -1) for n in wanted]
    for i in free:
        shape[i] = size // prod(n for k, n in enumerate(shape) if k != i)
    return seen.reshaped([*seen.shape[:lead], *shape])


def _flattened(node: Node, read: list[Sight]) -> Sight:
    seen, lead = read[0], node.lead
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


def _filled(node: Node, read: list[Sight]) -> Sight:
    seen, rank = read[0], len(read[0].shape) + 1
    pairs = list(node.core.pad_width) * (rank if len(node.core.pad_width) == 1 else 1)
    if tuple(pairs[0]) != (0, 0):
        raise ValueError(f"{node.name}: it pads the batch.")
    for axis, (before, after) in enumerate(pairs[1:], 1 - rank):
        if before or after:
            seen = seen.read(axis, taps.filled(seen.shape[axis], before, after, node.core.mode))
    return seen


def _expanded(node: Node, read: list[Sight]) -> Sight:
    rank = len(read[0].shape) + 2
    return read[0].with_axis(int(node.core.axis) % rank - 1)


_PASSAGES: dict[str, Passage] = {
    **dict.fromkeys(ALONE, lambda node, read: read[0]),
    **dict.fromkeys(CONVOLVING, reach.convolution),
    **dict.fromkeys(TRANSPOSED, reach.transposed),
    **dict.fromkeys(TOGETHER, _together),
    **dict.fromkeys(OVER_AXES, lambda node, read: read[0].mixed(_axes(node, read[0]))),
    **dict.fromkeys(REDUCING, _reduced),
    "Pooling": reach.pool,
    "GlobalPooling": reach.global_pool,
    "AdaptivePooling": reach.adaptive,
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
    "UpSampling": reach.upsampling,
    "ZeroPadding": reach.padding(1, "padding"),
    "Cropping": reach.padding(-1, "cropping"),
    "CausalAveragePooling": lambda node, read: read[0].running(-2),
    "Pad": _filled,
    "Squeeze": lambda node, read: read[0].without(_axes(node, read[0])),
    "ExpandDims": _expanded,
    "Flip": _along(lambda node, seen, axis: seen.read(
        axis, taps.sliced(seen.shape[axis], slice(None, None, -1)))),
    "Roll": _along(lambda node, seen, axis: seen.read(
        axis, taps.rolled(seen.shape[axis], int(node.core.shift)))),
    "Cumsum": _along(lambda node, seen, axis: seen.running(axis)),
    "Cumprod": _along(lambda node, seen, axis: seen.running(axis)),
}  # fmt: skip
