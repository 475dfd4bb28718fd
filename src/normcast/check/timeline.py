"""What becomes of the time axis: where it is kept, where a step can see a later one, how far back it sees."""

from __future__ import annotations

from normcast.check.net import Net, Node, Shape, ancestors
from normcast.models.graph.kinds import (
    ACT,
    ATTENTION,
    CONV,
    CONV_1D,
    DENSE,
    GLOBAL_POOL,
    MERGE,
    NOISE,
    NORM,
    POINTWISE,
    POOL_1D,
    RNN,
    SCALING,
)

KEEPING = (
    ACT | NOISE | NORM | SCALING | POOL_1D | ATTENTION
    | frozenset({"Masking", "ZeroPadding1D", "Cropping1D", "UpSampling1D", "SqueezeExcite1D", "Identity"})
)  # fmt: skip


def time_axes(net: Net) -> dict[int, int | None]:
    """Return, by id of node, which axis of its output is the input's time axis; None where there is none.

    Inputs of shape (batch, time, channels), and integer inputs (batch, time), have it at 1.
    """
    axes: dict[int, int | None] = {}
    for node in net.nodes:
        axes[id(node)] = _axis(node, [axes.get(id(source)) for source in node.inputs])
    return axes


def _axis(node: Node, before: list[int | None]) -> int | None:
    if node.kind == "InputLayer":
        return 1 if len(node.shape) >= 3 or "int" in str(getattr(node.layer, "dtype", "")) else None
    known = [axis for axis in before if axis is not None]
    if not known:
        return None
    if node.kind in MERGE:
        axis = (
            node.config.get("axis", -1) % len(node.shape)
            if node.kind == "Concatenate" and node.shape
            else None
        )
        return None if axis == known[0] else known[0]
    return _carried(node, known[0])


def _carried(node: Node, axis: int) -> int | None:
    if node.wrappers and node.wrappers[0] == "TimeDistributed":
        return axis if axis == 1 else None
    if node.kind in RNN:
        return 1 if axis == 1 and node.gives_sequence else None
    if node.kind in CONV:
        channels = 1 if node.config.get("data_format") == "channels_first" else len(node.shape) - 1
        return None if axis == channels else axis
    if node.kind in DENSE:
        return None if axis == len(node.shape) - 1 else axis
    if node.kind == "Embedding" or node.kind in KEEPING:
        return axis
    return _reshaped(node, axis)


def _reshaped(node: Node, axis: int) -> int | None:
    if node.kind == "Permute":
        dims = node.config.get("dims", ())
        return dims.index(axis) + 1 if axis in dims else None
    if node.kind == "Reshape":
        return axis if _same_front(node.input_shape, node.shape, axis) else None
    if node.kind == "GetItem":
        return axis if len(node.shape) == len(node.input_shape) and node.shape[axis] != 1 else None
    return None


def _same_front(before: Shape, after: Shape, axis: int) -> bool:
    return len(after) > axis and before[1 : axis + 1] == after[1 : axis + 1] and before[axis] is not None


def per_step_nodes(net: Net) -> tuple[list[Node], dict[int, int | None]]:
    """Return the nodes on a path that keeps the time axis from an input to a per-step output, and the
    axes."""
    axes = time_axes(net)
    found: dict[int, Node] = {}
    waiting = [node for node, _ in net.outputs if axes[id(node)] is not None]
    while waiting:
        node = waiting.pop()
        if id(node) not in found:
            found[id(node)] = node
            waiting += [source for source in node.inputs if axes[id(source)] is not None]
    return [node for node in net.nodes if id(node) in found], axes


def looks_ahead(node: Node) -> bool:
    """Say whether a convolution or pooling lets a step see later ones.

    Padding "valid" does not count: its outputs are read as ending at the newest step they see.
    """
    config = node.config
    if node.kind in ("Conv1D", "SeparableConv1D", "DepthwiseConv1D"):
        return (
            config.get("padding") == "same"
            and (first_of(config["kernel_size"]) - 1) * first_of(config["dilation_rate"]) > 0
        )
    if node.kind in POOL_1D:
        strides = config.get("strides") or config["pool_size"]
        return (
            config.get("padding") == "same" and first_of(strides) == 1 and first_of(config["pool_size"]) > 1
        )
    return (
        node.kind == "Conv1DTranspose"
        and config.get("padding") == "same"
        and first_of(config["kernel_size"]) > 1
    )


def mixes_all_steps(node: Node, axis: int) -> bool:
    """Say whether a layer that keeps the time axis lets each step see all of them."""
    if node.kind in ATTENTION:
        return not (node.arguments.get("use_causal_mask") or node.arguments.get("attention_mask") is not None)
    if node.kind in ("Softmax", "LayerNormalization"):
        axes = node.config.get("axis", -1)
        axes = axes if isinstance(axes, (list, tuple)) else [axes]
        return axis in [a % len(node.shape) for a in axes]
    if node.kind == "SqueezeExcite1D":
        return not node.config.get("causal", False)
    return node.kind == "GroupNormalization" and len(node.shape) > 2


def attends_elsewhere(node: Node, axes: dict[int, int | None]) -> bool:
    """Say whether attention reads the steps of another input than its queries come from, as a decoder that
    looks at an encoded past does."""
    if node.kind not in ATTENTION or len(node.inputs) < 2:
        return False
    own = _time_inputs(node.inputs[:1], axes)
    return bool(own) and not own & _time_inputs(node.inputs[1:], axes)


def _time_inputs(starts: list[Node], axes: dict[int, int | None]) -> set[int]:
    """Return the inputs of the model whose time axis these nodes have."""
    waiting, seen, found = list(starts), set(), set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or axes[id(node)] is None:
            continue
        seen.add(id(node))
        if node.kind == "InputLayer":
            found.add(id(node))
        waiting += node.inputs[:1] if node.kind in ATTENTION else node.inputs
    return found


def joins_global_context(node: Node, axes: dict[int, int | None], kept: set[int]) -> Node | None:
    """Return the global pooling that this merge puts beside single steps; None if it is no such merge.

    What is pooled over another input's steps, as a decoder's view of the past, is no context of these steps.
    """
    if node.kind not in MERGE:
        return None
    own = _time_inputs([source for source in node.inputs if axes[id(source)] is not None], axes)
    for source in node.inputs:
        if axes[id(source)] is None:
            pools = [n for n in [source, *ancestors(source)] if n.kind in GLOBAL_POOL]
            found = [
                pool
                for pool in pools
                if any(id(n) in kept for n in pool.inputs) and own & _time_inputs(pool.inputs, axes)
            ]
            if found:
                return found[0]
    return None


def dead_taps(node: Node) -> int:
    """Return how many kernel positions of a Conv1D never meet data, whatever the step; 0 if that is not
    known.

    Position j reads the step at offset j * dilation - left; it is dead when that offset is at least the
    length.
    """
    steps, config = node.steps, node.config
    if node.kind not in ("Conv1D", "SeparableConv1D") or steps is None or config.get("padding") == "valid":
        return 0
    size, dilation = first_of(config["kernel_size"]), first_of(config["dilation_rate"])
    reach = (size - 1) * dilation
    left = reach if config["padding"] == "causal" else reach // 2
    return sum(abs(j * dilation - left) >= steps for j in range(size))


def receptive_fields(net: Net) -> dict[int, int]:
    """Return, by id of node, how many input steps one step of its output depends on; none where that is not
    known, as behind a recurrent layer.
    """
    known: dict[int, tuple[int, int]] = {}  # field, and stride from the input on
    for node in net.nodes:
        before = [known.get(id(source)) for source in node.inputs]
        found = _field(node, [each for each in before if each is not None], len(before))
        if found is not None:
            known[id(node)] = found
    return {key: field for key, (field, _) in known.items()}


def _field(node: Node, before: list[tuple[int, int]], inputs: int) -> tuple[int, int] | None:
    if node.kind == "InputLayer":
        return 1, 1
    window = _window(node)
    if window is None or not before or len(before) < inputs or (inputs > 1 and node.kind not in MERGE):
        return None
    (reach, stride), apart = window, max(stride for _, stride in before)
    return max(field for field, _ in before) + reach * apart, stride * apart


def convolutions_see(net: Net) -> dict[str, int]:
    """Return the receptive field of each convolution by its name, where it is known; of one that is called
    several times the longest.
    """
    fields = receptive_fields(net)
    found: dict[str, int] = {}
    for node in net.nodes:
        if node.kind in CONV_1D and "TimeDistributed" not in node.wrappers and id(node) in fields:
            found[node.name] = max(fields[id(node)], found.get(node.name, 0))
    return found


def _window(node: Node) -> tuple[int, int] | None:
    """Return (steps seen beyond one, stride) of a layer along time; None where it sees everything or is
    unknown."""
    config = node.config
    if "TimeDistributed" in node.wrappers:
        return 0, 1
    if node.kind in ("Conv1D", "SeparableConv1D", "DepthwiseConv1D"):
        return (first_of(config["kernel_size"]) - 1) * first_of(config["dilation_rate"]), first_of(
            config["strides"]
        )
    if node.kind in POOL_1D:
        return first_of(config["pool_size"]) - 1, first_of(config.get("strides") or config["pool_size"])
    if mixes_all_steps(node, 1):
        return None
    pointwise = POINTWISE | MERGE | SCALING | frozenset({"ZeroPadding1D", "GetItem"})
    return (0, 1) if node.kind in pointwise else None


def first_of(value: object) -> int:
    """Return the number along time of an argument that may be a number or one for each axis.

    >>> first_of(3), first_of((5,))
    (3, 5)
    """
    return int(value[0]) if isinstance(value, (list, tuple)) else int(value)  # type: ignore[call-overload]
