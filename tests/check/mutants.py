"""Mutants: a sound model with one fault put in. Each mutation names the rule that must find it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from normcast.check.facts import Facts, Loss
from normcast.check.graph import Net, Node, sources, through
from normcast.check.head import heads
from normcast.check.kinds import ACT, BATCH_NORM, CONV_1D, DENSE, NOISE, NORM, RNN, SHAPE
from normcast.check.reading import read
from normcast.check.timeline import per_step_nodes
from normcast.models.edits import Edit, Insert, Set, apply


@dataclass(frozen=True)
class Mutant:
    """A rule that must fire, the edits that put the fault in, and the facts that change with it."""

    rule: str
    edits: tuple[Edit, ...] = ()
    facts: dict[str, Any] | None = None
    drop: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = [str(edit) for edit in self.edits] + [f"{k}={v}" for k, v in (self.facts or {}).items()]
        return f"{self.rule}: {'; '.join(what)}"

    def made_from(self, model: Any, facts: Facts) -> tuple[Any, Facts]:
        """Return the faulty model and what is known of it."""
        stated = {k: v for k, v in facts.stated().items() if k not in self.drop}
        model = apply(model, self.edits) if self.edits else model
        return model, Facts().known(**(stated | (self.facts or {})))


def mutants(model: Any, facts: Facts) -> Iterator[Mutant]:
    """Yield every mutant that makes sense for a model."""
    net = read(model)
    for mutate in MUTATIONS:
        yield from mutate(net, facts)


def layer(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}


def of(net: Net, kinds: Any) -> list[Node]:
    return [n for n in net.of(kinds) if not n.wrappers and not n.block]


def head_of(net: Net) -> Any:
    found = heads(net)
    return found[0] if len(found) == 1 and found[0].weights is not None else None


def plain_head(net: Net) -> Node | None:
    head = head_of(net)
    return head.node if head and head.node.kind == "Dense" and not head.node.wrappers else None


def is_float(net: Net) -> bool:
    return (
        len(net.inputs) == 1 and "int" not in str(net.inputs[0].layer.dtype) and len(net.inputs[0].shape) == 3
    )


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


def targets(net: Net, facts: Facts) -> Iterator[Mutant]:
    head, plain = head_of(net), plain_head(net)
    loss = facts.loss()
    if head is None or loss is None:
        return
    if loss.name in ("mse", "mae", "huber") and len(head.shape) == 2 and head.units:
        yield Mutant(
            "target-shape-broadcast", facts={"target_shape": (head.units + 3,) if head.units == 1 else (1,)}
        )
        yield Mutant(
            "target-shape-mismatch", facts={"target_shape": (head.units + 3,) if head.units > 1 else (5, 4)}
        )
    ends = [n for n in of(net, {"LSTM", "GRU"}) if not n.gives_sequence and (n.steps or 0) > 1]
    if (
        ends
        and plain
        and plain.is_output
        and facts.data.target_shape in ((1,), ())
        and loss.name in ("mse", "mae")
    ) and not any(n.kind not in DENSE | NOISE for n in ends[0].readers):
        edit = Set(ends[0].name, return_sequences=True)
        yield Mutant("target-shape-broadcast", (edit,), {"target_shape": (1,)})
    if loss.name == "categorical_crossentropy":
        yield Mutant("target-shape-mismatch", facts={"target_kind": "sparse", "target_shape": ()})


def outputs(net: Net, facts: Facts) -> Iterator[Mutant]:
    head, plain, loss = head_of(net), plain_head(net), facts.loss()
    if head is None or loss is None:
        return
    one = head.node.kind == "Activation" or (head.node.kind == "Dense" and not head.node.wrappers)
    regression = facts.is_regression
    if regression and one and plain:
        yield Mutant(
            "output-range-excludes-target",
            (Set(plain.name, activation="sigmoid"),),
            {"target_min": -4.0, "target_max": 4.0},
        )
        yield Mutant("relu-regression-head", (Set(plain.name, activation="relu"),), {"target_min": 0.0})
        if head.units and head.units > 1:
            yield Mutant("softmax-regression", (Set(plain.name, activation="softmax"),))
    if regression:
        yield Mutant("metric-mismatch", facts={"metrics": ("accuracy",)})
        yield (
            Mutant(
                "unscaled-target",
                facts={"target_mean": 5000.0, "target_std": 800.0, "target_min": 1.0, "target_max": 1e4},
            )
            if head.is_linear and head.node.is_output
            else Mutant("metric-mismatch", facts={"metrics": ("acc",)})
        )
    if head.activation == "softmax" and one:
        yield Mutant("sigmoid-categorical-crossentropy", (Set(head.node.name, activation="sigmoid"),))
        yield Mutant(
            "softmax-binary-crossentropy",
            facts={"losses": (Loss("binary_crossentropy"),)},
            drop=("target_shape",),
        )
        yield Mutant("from-logits-mismatch", facts={"losses": (Loss(loss.name, True),)})
        yield Mutant("from-logits-mismatch", (Set(head.node.name, activation="linear"),))
        yield Mutant(
            "sigmoid-mse-classification",
            facts={"losses": (Loss("mse"),), "metrics": (), "target_kind": "one_hot"},
            drop=("target_shape",),
        )
        if plain:
            yield Mutant(
                "softmax-single-unit",
                (Set(plain.name, units=1),),
                drop=("target_shape", "target_kind", "n_classes"),
            )
        sparse = (Loss("sparse_categorical_crossentropy", False),)
        yield Mutant(
            "label-range",
            facts={"losses": sparse, "target_max": head.units},
            drop=("target_shape", "target_kind"),
        )
    if head.node.is_output and one and len(net.outputs) == 1:
        yield Mutant("bn-after-output", (Insert("BatchNormalization", after=head.node.name),))
        yield Mutant("dropout-after-output", (Insert(layer("Dropout", rate=0.3), after=head.node.name),))
    if plain:
        yield Mutant("float16-output", (Set(plain.name, dtype="float16"),))


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


def leaks(net: Net, facts: Facts) -> Iterator[Mutant]:
    nodes, _ = per_step_nodes(net)
    if not facts.needs_causal_steps or not nodes:
        return
    for node in nodes:
        if node.kind in RNN and not node.wrappers:
            yield Mutant("bidirectional-future-leak", (Set(node.name, go_backwards=True),))
            break
    for node in nodes:
        if node.kind == "Conv1D" and node.config["padding"] == "causal" and node.config["kernel_size"][0] > 1:
            yield Mutant("noncausal-conv-leak", (Set(node.name, padding="same"),))
            break
    for node in nodes:
        if node.kind in RNN | CONV_1D and len(node.shape) == 3:
            yield (
                Mutant("global-context-leak", (Insert(layer("LayerNormalization", axis=1), after=node.name),))
                if node.shape[1]
                else Mutant(
                    "global-context-leak", (Insert(layer("GroupNormalization", groups=1), after=node.name),)
                )
            )
            break


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


def training(net: Net, facts: Facts) -> Iterator[Mutant]:
    yield Mutant("lr-suspect", facts={"optimizer": "Adam", "learning_rate": 0.1})
    yield Mutant("normalizer-fit-on-all", facts={"normalizer_fit_on": "all"})
    yield Mutant("shuffled-window-split", facts={"split": "random", "windows_overlap": True})
    yield (
        Mutant("target-in-window", facts={"target_offset": 0, "type": "regression"})
        if facts.is_regression
        else Mutant("normalizer-fit-on-all", facts={"normalizer_fit_on": "all"})
    )


MUTATIONS: tuple[Callable[[Net, Facts], Iterator[Mutant]], ...] = (
    wiring, entries, targets, outputs, recurrent, leaks, masks, normalization, dropout, capacity, training,
)  # fmt: skip
