"""Faults of targets, losses and training."""

from collections.abc import Iterator

from normcast.check.facts import Facts, Loss
from normcast.check.net import Net
from normcast.models.edits import Insert, Set
from normcast.models.graph.kinds import DENSE, NOISE
from tests.check.mutant import Mutant, head_of, layer, of, plain_head


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


def training(net: Net, facts: Facts) -> Iterator[Mutant]:
    yield Mutant("lr-suspect", facts={"optimizer": "Adam", "learning_rate": 0.1})
    yield Mutant("normalizer-fit-on-all", facts={"normalizer_fit_on": "all"})
    yield Mutant("shuffled-window-split", facts={"split": "random", "windows_overlap": True})
    yield (
        Mutant("target-in-window", facts={"target_offset": 0, "type": "regression"})
        if facts.is_regression
        else Mutant("normalizer-fit-on-all", facts={"normalizer_fit_on": "all"})
    )
