"""Faults of single layers and their neighbours."""

from collections.abc import Iterator

from normcast.check.facts import Facts
from normcast.check.head import heads
from normcast.check.net import Net, sources, through
from normcast.models.edits import Edit, Insert, Set
from normcast.models.graph.kinds import BATCH_NORM, CONV_1D, DENSE, NOISE, NORM, RNN
from tests.check.mutant import Mutant, head_of, is_float, layer, of


def recurrent(net: Net, facts: Facts) -> Iterator[Mutant]:
    for node in of(net, {"LSTM"})[:1]:
        yield Mutant("rnn-unbounded-activation", (Set(node.name, activation="relu"),))
        yield Mutant(
            "recurrent-dropout-unbounded", (Set(node.name, activation="elu", recurrent_dropout=0.4),)
        )
        yield Mutant("rnn-off-cudnn", (Set(node.name, recurrent_dropout=0.2),))
        yield (
            Mutant("rnn-off-cudnn", (Set(node.name, unroll=True),))
            if node.steps and node.steps < 30
            else Mutant("rnn-off-cudnn", (Set(node.name, use_bias=False),))
        )
        yield Mutant("dropout-rate-extreme", (Set(node.name, dropout=0.95),))
    for node in of(net, {"GRU"})[:1]:
        bug = Set(node.name, recurrent_dropout=0.5)
        yield Mutant("gru-recurrent-dropout-bug", (bug,), {"keras_version": "3.6.0"})
    for node in of(net, {"LSTM", "GRU"})[:1]:
        yield Mutant("stateful-shuffle", (Set(node.name, stateful=True), *_fixed(net)), {"shuffle": True})
        if (
            not node.gives_sequence
            and node.activation == "tanh"
            and node.readers
            and node.readers[0].kind == "Dense"
        ):
            yield Mutant(
                "stacked-activation", (Insert(layer("Activation", activation="sigmoid"), after=node.name),)
            )
    softmax = [h.node for h in heads(net) if h.activation == "softmax" and h.node.is_output]
    for node in softmax:
        yield Mutant(
            "stacked-activation", (Insert(layer("Activation", activation="softmax"), after=node.name),)
        )


def _fixed(net: Net) -> tuple[Edit, ...]:
    return tuple(Set(n.name, batch_shape=[4, *n.shape[1:]]) for n in net.inputs)


def masks(net: Net, facts: Facts) -> Iterator[Mutant]:
    if not is_float(net) or net.inputs[0].readers[0].kind not in CONV_1D | RNN:
        return
    start, first = net.inputs[0], net.inputs[0].readers[0]
    mask = Insert(layer("Masking", name="the_mask"), after=start.name)
    if first.kind in RNN and len(start.readers) == 1 and not first.gives_sequence:
        yield Mutant("mask-value-is-data", (mask,), {"masked_real_share": 0.3})
    if first.kind in CONV_1D:
        yield Mutant("mask-dropped", (mask,))


def normalization(net: Net, facts: Facts) -> Iterator[Mutant]:
    head = head_of(net)
    last = head.weights if head else None
    if facts.is_regression and last and last.kind == "Dense" and last.inputs[0].kind in RNN | NOISE:
        yield Mutant("bn-before-regression-output", (Insert("BatchNormalization", before=last.name),))
    for norm in of(net, BATCH_NORM)[:1]:
        few = {"n_windows": 100, "batch_size": 32, "epochs": 3}
        yield Mutant("bn-moving-stats-unconverged", facts=few)
        yield Mutant("norm-param-weight-decay", (Set(norm.name, gamma_regularizer="l2"),))
        if len(norm.shape) == 2:
            yield Mutant("bn-small-batch", facts={"batch_size": 2})
        if not [n for n in sources(norm, through(NOISE)) if n.kind == "InputLayer"]:
            yield Mutant("dropout-before-bn", (Insert(layer("Dropout", rate=0.3), before=norm.name),))
            yield Mutant("dropout-before-bn", (Insert(layer("GaussianNoise", stddev=0.3), before=norm.name),))
    if of(net, BATCH_NORM):
        yield Mutant("norm-param-weight-decay", facts={"optimizer": "AdamW", "weight_decay": 0.01})
    for node in of(net, CONV_1D | DENSE):
        direct = node.readers and all(r.kind in BATCH_NORM for r in node.readers)
        if direct and node.activation == "linear" and not node.config["use_bias"]:
            yield Mutant("bias-before-bn", (Set(node.name, use_bias=True),))
            break


def dropout(net: Net, facts: Facts) -> Iterator[Mutant]:
    for node in of(net, {"Dropout", "SpatialDropout1D"})[:1]:
        yield Mutant("dropout-rate-extreme", (Set(node.name, rate=0.95),))
    relus = [
        n
        for n in of(net, CONV_1D | DENSE)
        if n.activation == "relu" and not any(r.kind in NORM for r in n.readers)
    ]
    relus = [n for n in relus if not n.is_output]
    for node in relus[:1]:
        yield Mutant("alphadropout-without-selu", (Insert(layer("AlphaDropout", rate=0.1), after=node.name),))
        selu = Set(node.name, activation="selu", kernel_initializer="he_normal")
        if not any(r.kind in NOISE for r in node.readers):
            yield Mutant("selu-init", (selu,))
        lecun = Set(node.name, activation="selu", kernel_initializer="lecun_normal")
        yield Mutant("selu-plain-dropout", (lecun, Insert(layer("Dropout", rate=0.2), after=node.name)))
        shape = [32, *[1] * (len(node.shape) - 2), node.shape[-1]]
        yield Mutant(
            "noise-shape-batch", (Insert(layer("Dropout", rate=0.2, noise_shape=shape), after=node.name),)
        )
