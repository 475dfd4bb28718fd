"""Faults of what the network ends in, of attention, and of cells."""

from collections.abc import Iterator

from keras import layers as L

from normcast.check.facts import CROSS_ENTROPY, ONE_OF_MANY, Facts, Loss
from normcast.check.net import Net, Node
from normcast.models.edits import Edit, Insert, Remove, Replace, Rewire, Set
from normcast.models.graph.kinds import CONV_1D, RNN
from tests.check.mutant import Mutant, head_of, layer, of, plain_head

TARGET = ("target_shape", "target_kind", "target_min", "target_max", "n_classes")
IMPROPER = "from-logits-mismatch"


def improper_heads(net: Net, facts: Facts) -> Iterator[Mutant]:
    """Ends that give no probabilities, under a cross-entropy."""
    head, plain, loss = head_of(net), plain_head(net), facts.loss()
    if head is None or loss is None or len(net.outputs) != 1 or not head.node.is_output:
        return
    crossed = loss.name in CROSS_ENTROPY
    told = None if crossed else {"losses": (Loss("binary_crossentropy"),), "type": "classification"}
    drop = () if crossed else (*TARGET, "target_mean", "target_std")
    if loss.from_logits or (head.units == 1 and loss.name in ONE_OF_MANY) or head.node.wrappers:
        return
    if plain or head.node.kind == "Activation":
        for activation in ("tanh", "relu", "softsign", "elu"):
            yield Mutant(IMPROPER, (Set(head.node.name, activation=activation),), told, drop)
    if plain:
        for edits in _behind(plain, len(head.shape)):
            yield Mutant(IMPROPER, (Set(plain.name, activation="tanh"), *edits), told, drop)
        pooled = Insert("GlobalAveragePooling1D", after=plain.name)
        if len(head.shape) == 3:
            linear = Set(plain.name, activation="linear")
            yield Mutant(IMPROPER, (linear, pooled), told, (*drop, "target_shape", "granularity"))
        before = plain.inputs[0]
        if before.kind in RNN and before.activation == "tanh" and before.readers == [plain]:
            yield Mutant(IMPROPER, (Remove(plain.name),), told, (*drop, *TARGET))


def _behind(plain: Node, rank: int) -> Iterator[tuple[Edit, ...]]:
    """Yield the layers that hide an activation in front of them."""
    yield (Insert(layer("Activation", activation="linear"), after=plain.name),)
    if rank == 2:
        yield (Insert(layer("Reshape", target_shape=[plain.shape[-1]]), after=plain.name),)


def one_unit(net: Net, facts: Facts) -> Iterator[Mutant]:
    """One unit where each class needs one."""
    plain, loss = plain_head(net), facts.loss()
    if plain and plain.is_output and loss and loss.name in ONE_OF_MANY and len(net.outputs) == 1:
        for activation in ("sigmoid", "linear"):
            edit = Set(plain.name, units=1, activation=activation)
            yield Mutant("sigmoid-categorical-crossentropy", (edit,), drop=TARGET)


def attention(net: Net, facts: Facts) -> Iterator[Mutant]:
    """Weights of steps that are a softmax over the one unit of each."""
    for node in of(net, RNN | CONV_1D):
        if len(node.shape) != 3 or not node.readers or node.shape[1] == 1:
            continue
        joined = (
            Insert(L.Multiply(name="weighed"), after="weights"),
            Rewire("weighed", [[node.name, "weights"]]),
        )
        weights = L.Dense(1, activation="softmax", name="weights")
        yield Mutant("softmax-single-unit", (Insert(weights, after=node.name), *joined))
        last = Insert(L.Softmax(name="weights"), after="scores")
        yield Mutant(
            "softmax-single-unit", (Insert(L.Dense(1, name="scores"), after=node.name), last, *joined)
        )
        break


def cells(net: Net, facts: Facts) -> Iterator[Mutant]:
    """Recurrent layers written as cells."""
    for node in of(net, {"LSTM"}):
        given = [node.config.get(key) for key in ("stateful", "return_state", "go_backwards")]
        if any(given) or len(node.reads) > 1:
            continue
        loose = {"activation": "relu"}
        dropping = {**loose, "recurrent_dropout": 0.3}
        units = node.config["units"]
        for rule, kwargs in (("rnn-unbounded-activation", loose), ("recurrent-dropout-unbounded", dropping)):
            one, other = L.LSTMCell(units, **kwargs), L.LSTMCell(units)
            for held in (one, [other, one], [one, other]):
                recurrence = L.RNN(held, return_sequences=node.gives_sequence)
                yield Mutant(rule, (Replace(node.name, recurrence),))
        break
