"""The output layer against the range of the targets."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain, fork
from normcast.check.facts import REGRESSION, Facts
from normcast.check.head import heads, show, to_activation, with_losses
from normcast.check.net import Net, Node
from normcast.check.rule import ADVICE, ERROR, UNSAFE, WARNING, Found, rule
from normcast.check.softmax import softmaxes
from normcast.models.edits import Edit, Insert, Replace, Set
from normcast.models.graph.kinds import ACT, ATTENTION, CONV_LSTM, RNN


@rule(
    13,
    "output-range-excludes-target",
    ERROR,
    safety=UNSAFE,
    hint="make the output linear, or scale the targets into its range",
    needs=["target_min or target_max"],
    sources=[
        "keras-team/keras#1641, #321",
        "stackoverflow.com/questions/48251943, 48221692",
        "DeepFD, DeepLocalize",
    ],
    exceptions=(
        "Silent for outputs that are rescaled by a layer behind the head, custom losses, and unknown ranges."
    ),
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="relu"), loss="mse", target_min=-3.0, target_max=3.0)
        >> chain((8, 3), L.LSTM(4), L.Dense(1)),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(1),
            L.Activation("sigmoid"),
            loss="mae",
            target_min=0.0,
            target_max=24.0,
        )
        >> chain((8, 3), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.LSTM(1), loss="mse", target_min=-3.0, target_max=3.0)
        >> chain((8, 3), L.LSTM(1), L.Dense(1)),
        chain(
            (8, 3), L.Bidirectional(L.LSTM(1), merge_mode="sum"), loss="mse", target_min=-3.0, target_max=3.0
        )
        >> chain((8, 3), L.Bidirectional(L.LSTM(1), merge_mode="sum"), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1), loss="mse", target_min=-3.0, target_max=3.0),
        chain(
            (8, 3), L.Bidirectional(L.LSTM(1), merge_mode="sum"), loss="mse", target_min=-1.5, target_max=1.5
        ),
        chain(
            (8, 3), L.LSTM(4), L.Dense(1, activation="sigmoid"), loss="mse", target_min=0.0, target_max=1.0
        ),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(1, activation="sigmoid"),
            L.Rescaling(24.0),
            loss="mse",
            target_max=24.0,
        ),
    ],
)
def output_range_excludes_target(net: Net, facts: Facts) -> Iterator[Found]:
    """The output cannot reach the targets: they lie outside the range of its activation.

    A relu never gives a negative value, a sigmoid nothing above 1, a tanh (and an LSTM used as the
    output) nothing beyond 1 in size. The loss then has a floor that no training removes.
    """
    low, high = facts.data.target_min, facts.data.target_max
    if not facts.is_regression or len(net.outputs) != 1 or (low is None and high is None):
        return
    head, loss = with_losses(net, facts)[0]
    if head.range is None or (loss is not None and loss.name not in REGRESSION):
        return
    slack = 1e-6 * ((high - low) if low is not None and high is not None else 1.0)
    below = low is not None and low < head.range[0] - slack
    above = high is not None and high > head.range[1] + slack
    if below or above:
        words = (
            f"{head.activation} gives {_interval(head.range)}, targets go from {show(low)} to {show(high)}"
        )
        fix = to_activation(head, "linear")
        if head.node.kind in RNN | CONV_LSTM and head.units:
            fix = (Insert({"class_name": "Dense", "config": {"units": head.units}}, after=head.node.name),)
        yield Found((head.node,), words, fix=fix, evidence={"range": list(head.range)})


def _interval(bounds: tuple[float, float]) -> str:
    return f"values in [{bounds[0]:g}, {bounds[1]:g}]"


@rule(
    14,
    "relu-regression-head",
    ADVICE,
    safety=UNSAFE,
    hint="a linear output, or softplus where targets cannot be negative",
    needs=["loss or type"],
    sources=["Lu et al. 2019, Dying ReLU, arXiv:1903.06733", "stackoverflow.com/questions/51432661"],
    exceptions=(
        "Silent for softplus, exponential, Poisson losses and reconstruction; "
        "negative targets are another rule."
    ),
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="relu"), loss="mse")
        >> chain((8, 3), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.LSTM(4), L.Dense(1), L.ReLU(), loss="mae", target_min=0.0)
        >> chain((8, 3), L.LSTM(4), L.Dense(1), L.Activation("softplus")),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="softplus"), loss="mse", target_min=0.0),
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="relu"), loss="poisson"),
    ],
)
def relu_regression_head(net: Net, facts: Facts) -> Iterator[Found]:
    """A regression ends in a relu; once its unit is negative for the whole batch, it has no gradient any
    more.

    The output is then 0 for ever. A linear output has no such trap, and softplus keeps outputs positive.
    """
    lowest = facts.data.target_min
    if not facts.is_regression or facts.task.type == "reconstruction" or (lowest is not None and lowest < 0):
        return
    for head, loss in with_losses(net, facts):
        fits = loss.name in REGRESSION - {"poisson"} if loss is not None else not facts.training.losses
        if head.activation == "relu" and fits:
            fix = to_activation(head, "linear" if lowest is None else "softplus") or to_activation(
                head, "linear"
            )
            yield Found((head.node,), f"{head.node.name} ends the network in a relu", fix=fix)


@rule(
    15,
    "softmax-single-unit",
    ERROR,
    safety=UNSAFE,
    hint="sigmoid for two classes, as many units as classes, or linear for a regression",
    sources=["stackoverflow.com/questions/46620813, 45378493, 51749207", "keras-team/keras#1261"],
    exceptions="Silent for softmax over an axis that is longer (attention over steps), or of unknown length.",
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="softmax"), loss="binary_crossentropy")
        >> chain((8, 3), L.LSTM(4), L.Dense(1, activation="sigmoid")),
        chain((8, 3), L.LSTM(4), L.Dense(1), L.Softmax(), loss="mse") >> chain((8, 3), L.LSTM(4), L.Dense(1)),
        chain(
            (8, 3),
            fork(L.Multiply(), (), (L.Dense(1, activation="softmax"),)),
            L.GlobalAveragePooling1D(),
            L.Dense(1),
        )
        >> chain(
            (8, 3),
            fork(L.Multiply(), (), (L.Dense(1), L.Softmax(axis=1))),
            L.GlobalAveragePooling1D(),
            L.Dense(1),
        ),
        chain(
            (8, 3),
            fork(L.Multiply(), (), (L.TimeDistributed(L.Dense(1)), L.Activation("softmax"))),
            L.LSTM(4),
            L.Dense(1),
        )
        >> chain(
            (8, 3),
            fork(L.Multiply(), (), (L.TimeDistributed(L.Dense(1)), L.Softmax(axis=1))),
            L.LSTM(4),
            L.Dense(1),
        ),
        chain((8, 3), L.LSTM(4), L.Reshape((1, 4)), L.MultiHeadAttention(1, 4), L.Flatten(), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="sigmoid"), loss="binary_crossentropy"),
        chain((8, 3), L.LSTM(4), L.Dense(2, activation="softmax"), loss="categorical_crossentropy"),
        chain(
            (8, 3),
            fork(L.Multiply(), (), (L.Dense(1), L.Softmax(axis=1))),
            L.GlobalAveragePooling1D(),
            L.Dense(1),
        ),
        chain(
            (8, 3),
            fork(L.Multiply(), (), (L.Dense(1), L.Flatten(), L.Activation("softmax"), L.Reshape((8, 1)))),
            L.LSTM(4),
            L.Dense(1),
        ),
        chain((None, 3), L.MultiHeadAttention(1, 4), L.GlobalAveragePooling1D(), L.Dense(1)),
    ],
)
def softmax_single_unit(net: Net, facts: Facts) -> Iterator[Found]:
    """A softmax over one element is always 1.

    Softmax divides by the sum over the axis; with one value that is the value itself, whatever the
    weights are. As attention it weighs nothing: over the one unit of `Dense(1, activation="softmax")` each
    step gets the weight 1, where a softmax over the steps (axis 1) was meant.
    """
    ends = {id(head.node): head for head in heads(net)}
    for node, length in softmaxes(net):
        if length == 1:
            head = ends.get(id(node))
            what = "unit" if head else "element"
            value = 0 if node.activation == "log_softmax" else 1
            gives = "its output is" if node.kind not in ATTENTION else "each weight is"
            words = f"{node.name} is a softmax over one {what}: {gives} {value}"
            fix = (
                to_activation(head, "linear" if facts.is_regression else "sigmoid")
                if head
                else _over_steps(node)
            )
            yield Found((node,), words, fix, hint=None if head else _ATTENTION)


_ATTENTION = "a softmax over the steps: Softmax(axis=1) behind a linear layer"


def _over_steps(node: Node) -> tuple[Edit, ...]:
    """Return the edits that make weights of the steps out of a softmax over one unit of each."""
    if len(node.shape) != 3 or node.shape[1] == 1 or node.kind in RNN | ATTENTION:
        return ()
    over = {"class_name": "Softmax", "config": {"axis": 1}}
    if node.kind in ACT:
        return () if node.wrappers else (Replace(node.name, over),)
    return Set(node.name, activation="linear"), Insert(over, after=node.name)


@rule(
    16,
    "softmax-regression",
    WARNING,
    safety=UNSAFE,
    hint="make the output linear",
    needs=["type"],
    sources=["keras-team/keras#321"],
    exceptions="Silent for one-hot targets (Brier score); the task must be stated to be a regression.",
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(2), L.Activation("softmax"), loss="mse", type="regression")
        >> chain((8, 3), L.LSTM(4), L.Dense(2))
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(2), loss="mse", type="regression"),
        chain((8, 3), L.LSTM(4), L.Dense(2, activation="softmax"), loss="mse", target_kind="one_hot"),
    ],
)
def softmax_regression(net: Net, facts: Facts) -> Iterator[Found]:
    """A regression ends in a softmax, so its outputs sum to 1.

    Each forecast then depends on the others being small. Unless the targets are shares of a whole, they
    cannot be reached.
    """
    low, high = facts.data.target_min, facts.data.target_max
    outside = (low is not None and low < -1e-6) or (high is not None and high > 1 + 1e-6)
    if facts.task.type != "regression" and not (facts.is_regression and outside):
        return
    for head, loss in with_losses(net, facts):
        fits = loss.name in REGRESSION if loss is not None else not facts.training.losses
        if head.activation == "softmax" and head.units != 1 and fits and facts.data.target_kind != "one_hot":
            fix = to_activation(head, "linear")
            yield Found((head.node,), f"{head.node.name} makes the outputs of a regression sum to 1", fix=fix)
