"""How far back convolutions see along time, and which of their taps meet data."""

from __future__ import annotations

from normcast.check.net import Net, Node
from normcast.models.graph.kinds import CONV_1D, MERGE, POINTWISE, POOL_1D, SCALING


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
    pointwise = POINTWISE | MERGE | SCALING | frozenset({"ZeroPadding1D", "GetItem"})
    return (0, 1) if node.kind in pointwise and not _is_over_steps(node) else None


def _is_over_steps(node: Node) -> bool:
    """Say whether a layer normalization or a softmax goes over the steps, too."""
    if node.kind not in ("Softmax", "LayerNormalization"):
        return False
    axes = node.config.get("axis", -1)
    return 1 in [axis % len(node.shape) for axis in (axes if isinstance(axes, (list, tuple)) else [axes])]


def first_of(value: object) -> int:
    """Return the number along time of an argument that may be a number or one for each axis.

    >>> first_of(3), first_of((5,))
    (3, 5)
    """
    return int(value[0]) if isinstance(value, (list, tuple)) else int(value)  # type: ignore[call-overload]
