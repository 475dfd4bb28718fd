"""Leaks put into networks whose output at each step may not see later ones."""

from collections.abc import Iterator

from normcast.check.facts import Facts
from normcast.check.net import Net, Node
from normcast.check.outlook import Outlook, outlooks, reaching_to
from normcast.models.edits import Edit, Insert, Replace, Rewire, Set
from normcast.models.graph import as_spec
from normcast.models.graph.kinds import CONV_1D, DENSE, RNN
from tests.check.mutant import Mutant, layer

CENTRED, WHOLE, BACK = "noncausal-conv-leak", "global-context-leak", "bidirectional-future-leak"


def leaks(net: Net, facts: Facts) -> Iterator[Mutant]:
    """Yield one leak of each kind that the network has a place for."""
    looks = outlooks(net) if facts.needs_causal_steps else []
    for look in looks:
        ends = reaching_to(net, {id(node) for node, _ in look.ends})
        nodes = [n for n in net.nodes if id(n) in ends and look.sights[id(n)][0].length > 1]
        nodes = [n for n in nodes if not n.wrappers and not n.block and not n.call and n.layer.weights]
        yield from of_layers(nodes)
        for node in [n for n in nodes if n.kind in RNN | CONV_1D | DENSE and len(n.shape) == 3][:1]:
            yield from behind(node, look)


def of_layers(nodes: list[Node]) -> Iterator[Mutant]:
    """Yield leaks that an argument of a layer makes."""
    makers = {
        "backwards": (BACK, lambda n: n.kind in RNN, lambda n: Set(n.name, go_backwards=True)),
        "bidirectional": (BACK, lambda n: n.kind in RNN and n.config["units"] % 2 == 0, both_ways),
        "centred": (CENTRED, is_causal, lambda n: Set(n.name, padding="same")),
        "mask": (WHOLE, lambda n: bool(n.arguments.get("use_causal_mask")), unmasked),
    }
    for rule, fits, edit in makers.values():
        for node in [n for n in nodes if fits(n)][:1]:
            yield Mutant(rule, (edit(node),))


def is_causal(node: Node) -> bool:
    is_wide = node.kind == "Conv1D" and node.config["kernel_size"][0] > 1
    return is_wide and node.config["padding"] == "causal" and node.config["strides"][0] == 1


def both_ways(node: Node) -> Edit:
    """Return the edit that makes of a recurrence two, of half its units, one of them backwards."""
    inner = as_spec(node.core)
    inner["config"] = {**inner["config"], "units": node.config["units"] // 2, "name": f"{node.name}_ways"}
    return Replace(node.name, layer("Bidirectional", layer=inner, merge_mode="concat"))


def unmasked(node: Node) -> Edit:
    return Rewire(node.name, arguments={**node.arguments, "use_causal_mask": False})


def behind(node: Node, look: Outlook) -> Iterator[Mutant]:
    """Yield leaks of layers that are put behind a node of shape (steps, channels)."""
    steps, channels = node.shape[1:]
    rows = [
        (CENTRED, [layer("AveragePooling1D", pool_size=3, strides=1, padding="same")]),
        (CENTRED, [layer("Conv1DTranspose", filters=channels, kernel_size=3, padding="same")]),
        (CENTRED, [layer("DepthwiseConv1D", kernel_size=3, padding="same")]),
        (CENTRED, [layer("ZeroPadding1D", padding=[0, 1]), layer("Cropping1D", cropping=[1, 0])]),
        (WHOLE, [layer("Softmax", axis=1)]),
        (WHOLE, [layer("GroupNormalization", groups=1)]),
        (WHOLE, [layer("UnitNormalization", axis=1)]),
    ]
    even = steps is not None and steps % 2 == 0
    if even:
        spread = layer("UpSampling1D", size=2)
        rows += [
            (CENTRED, [layer("MaxPooling1D", pool_size=2), spread]),
            (CENTRED, [
                layer("AveragePooling1D", pool_size=2),
                layer("Conv1DTranspose", filters=channels, kernel_size=2, strides=2),
            ]),
            (CENTRED, [
                layer("Reshape", target_shape=[steps // 2, 2 * channels]),
                layer("Dense", units=2 * channels),
                layer("Reshape", target_shape=[steps, channels]),
            ]),
        ]  # fmt: skip
    if steps:
        image = layer("Reshape", target_shape=[steps, channels, 1])
        rows += [
            (WHOLE, [layer("LayerNormalization", axis=1)]),
            (WHOLE, [
                layer("Permute", dims=[2, 1]),
                layer("Dense", units=steps),
                layer("Permute", dims=[2, 1]),
            ]),
            (CENTRED, [
                image,
                layer("Conv2D", filters=1, kernel_size=3, padding="same"),
                layer("Reshape", target_shape=[steps, channels]),
            ]),
            (WHOLE, [
                layer("Flatten"),
                layer("Dense", units=steps * channels),
                layer("Reshape", target_shape=[steps, channels]),
            ]),
        ]  # fmt: skip
    for rule, specs in rows:
        yield Mutant(rule, in_a_row(specs, node.name))


def in_a_row(specs: list[dict], after: str) -> tuple[Edit, ...]:
    """Return the edits that put layers one behind the other."""
    edits, place = [], after
    for number, spec in enumerate(specs):
        name = f"leak_{number}"
        edits.append(Insert({**spec, "config": {**spec["config"], "name": name}}, after=place))
        place = name
    return tuple(edits)
