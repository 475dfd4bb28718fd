"""Mutants: a sound model with one fault put in. Each mutation names the rule that must find it."""

from collections.abc import Callable, Iterator
from typing import Any

from normcast.check.facts import Facts
from normcast.check.net import Net, Node, sources, through
from normcast.check.reading import read
from normcast.models.edits import Insert, Set
from normcast.models.graph.kinds import ACT, BATCH_NORM, CONV_1D, DENSE, NOISE, NORM, RNN, SHAPE
from tests.check.head_faults import attention, cells, improper_heads, one_unit
from tests.check.layer_faults import dropout, masks, normalization, recurrent
from tests.check.leak_faults import leaks
from tests.check.mutant import Mutant, head_of, is_float, layer, of, plain_head
from tests.check.training_faults import outputs, targets, training


def mutants(model: Any, facts: Facts) -> Iterator[Mutant]:
    """Yield every mutant that makes sense for a model."""
    net = read(model)
    for mutate in MUTATIONS:
        yield from mutate(net, facts)


def wiring(net: Net, facts: Facts) -> Iterator[Mutant]:
    yield Mutant("layer-never-called", facts={"lost_layers": ("lstm_lost",)})
    yield Mutant("unused-input", (Insert(layer("InputLayer", shape=[4], name="unused")),))
    head = plain_head(net)
    if head and head.is_output and len(head.shape) == 2 and head.config["units"] > 1:
        yield Mutant(
            "scalar-bottleneck", (Insert(layer("Dense", units=1, activation="tanh"), before=head.name),)
        )
    ends = [n for n in of(net, {"LSTM", "GRU"}) if not n.gives_sequence]
    if head and ends and head.inputs[0] in ends and head.is_output:
        yield Mutant(
            "constant-decoder",
            (Insert(layer("RepeatVector", n=5), after=ends[0].name),),
            drop=("target_shape",),
        )
    hidden = [
        n for n in of(net, DENSE | CONV_1D | {"LSTM"}) if n is not (head_of(net) and head_of(net).weights)
    ]
    hidden = [n for n in hidden if any(r.kind in {"Dense", "Conv1D", "LSTM"} for r in n.readers)]
    for node in hidden[:1]:
        units = node.config.get("units", node.config.get("filters"))
        if units > 1:
            yield Mutant("constant-init", (Set(node.name, kernel_initializer="zeros"),))


def entries(net: Net, facts: Facts) -> Iterator[Mutant]:
    if not is_float(net):
        return
    start = net.inputs[0]
    first = start.readers[0]
    steps, channels = start.shape[1:]
    if first.kind in RNN and len(start.readers) == 1 and steps and not first.wrappers and channels:
        edit = Set(start.name, batch_shape=[None, 1, channels])
        yield Mutant("rnn-single-timestep", (edit,), drop=("target_shape", "window_length", "n_features"))
    if first.kind in RNN | CONV_1D and len(start.readers) == 1 and steps and steps != channels:
        yield Mutant("axes-swapped", facts={"window_length": channels, "n_features": steps})
    yield Mutant(
        "activation-on-input",
        (Insert(layer("Activation", activation="relu"), after=start.name),),
        drop=("input_min",),
    )
    if first.kind in RNN | CONV_1D | DENSE:
        yield Mutant("unscaled-input", facts={"input_high": 500.0, "scaled": False})
        yield Mutant("bn-on-raw-input", (Insert("BatchNormalization", after=start.name),))
    for norm in of(net, BATCH_NORM):
        if norm.inputs[0].kind in CONV_1D and norm.shape[1] and norm.shape[1] > 1:
            yield Mutant("channel-axis-mismatch", (Set(norm.name, axis=1),))
            break
    for conv in of(net, {"Conv1D"}):
        if conv.steps and conv.config["padding"] in ("same", "causal") and conv.steps < 500:
            yield Mutant(
                "kernel-exceeds-length", (Set(conv.name, padding="causal", kernel_size=conv.steps + 5),)
            )
            break


def capacity(net: Net, facts: Facts) -> Iterator[Mutant]:
    head = plain_head(net)
    if net.parameters > 600:
        yield Mutant("params-vs-windows", facts={"n_windows": max(1, net.parameters // 5000)})
    if head and head.inputs[0].kind not in DENSE and not _is_linear_stack(head):
        yield Mutant("linear-dense-stack", (Insert(layer("Dense", units=64), before=head.name),))
    for node in of(net, {"LSTM", "GRU"}):
        before = node.inputs[0]
        if before.kind in CONV_1D and before.shape[1] and 8 < before.shape[1] <= 64:
            pool = Insert(layer("MaxPooling1D", pool_size=2), before=node.name)
            yield Mutant("pool-before-rnn", (pool,), drop=("target_shape",))
            break


def _is_linear_stack(head: Node) -> bool:
    before = sources(head, through(NOISE, SHAPE, NORM))
    return any(n.kind in DENSE | ACT for n in before)


MUTATIONS: tuple[Callable[[Net, Facts], Iterator[Mutant]], ...] = (
    wiring, entries, targets, outputs, recurrent, leaks, masks, normalization, dropout, capacity, training,
    improper_heads, one_unit, attention, cells,
)  # fmt: skip
