"""The output layer against the loss, the labels and the metrics."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain
from normcast.check.facts import CROSS_ENTROPY, ONE_OF_MANY, Facts
from normcast.check.head import Head, heads, show, to_activation, to_loss, with_losses
from normcast.check.net import Net
from normcast.check.rule import ADVICE, ERROR, UNSAFE, WARNING, Found, rule
from normcast.check.softmax import softmax_length
from normcast.models.edits import Edit, Set


@rule(
    17,
    "sigmoid-mse-classification",
    ADVICE,
    hint="take the cross-entropy that fits the labels",
    needs=["loss", "target_kind or type"],
    sources=["Golik, Doetsch, Ney 2013, Interspeech: Cross-entropy vs. squared error training"],
    exceptions="Advice only: published networks train this way (Time-CNN).",
    bad=[chain((8, 3), L.LSTM(4), L.Dense(2, activation="sigmoid"), loss="mse", target_kind="one_hot")],
    good=[
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(2, activation="softmax"),
            loss="categorical_crossentropy",
            target_kind="one_hot",
        )
    ],
)
def sigmoid_mse_classification(net: Net, facts: Facts) -> Iterator[Found]:
    """A classification is trained on squared or absolute error.

    Where the output saturates on the wrong side that error has almost no gradient; the cross-entropy has its
    largest one there.
    """
    labels = facts.data.target_kind in ("one_hot", "binary", "multilabel")
    for head, loss in with_losses(net, facts):
        squared = loss is not None and loss.name in ("mse", "mae")
        if head.is_probability and squared and (facts.task.type == "classification" or labels):
            name = loss.name if loss else ""
            yield Found(
                (head.node,), f"{head.activation} with {name} has little gradient where it is most wrong"
            )


@rule(
    18,
    "sigmoid-categorical-crossentropy",
    ERROR,
    safety=UNSAFE,
    hint="softmax for exclusive classes; sigmoid with binary cross-entropy for several labels at once",
    needs=["loss"],
    sources=[
        "keras-team/keras#6447",
        "stackoverflow.com/questions/64381457",
        "NeuraLint rules f015, f020",
        "measured on Keras 3.15: with one unit the loss of each label is the same whatever the unit gives",
    ],
    exceptions="One softmax unit is told as what it is: a constant output.",
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(3, activation="sigmoid"), loss="categorical_crossentropy")
        >> chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax")),
        chain((8, 3), L.LSTM(4), L.Dense(3), L.Activation("sigmoid"), loss="sparse_categorical_crossentropy")
        >> chain((8, 3), L.LSTM(4), L.Dense(3), L.Activation("softmax")),
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="sigmoid"), loss="categorical_crossentropy"),
        chain((8, 3), L.LSTM(4), L.Dense(1), loss="sparse_categorical_crossentropy", from_logits=True),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(1, activation="sigmoid"),
            loss="sparse_categorical_crossentropy",
            n_classes=3,
        )
        >> chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax")),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax"), loss="categorical_crossentropy"),
        chain((8, 3), L.LSTM(4), L.Dense(3, activation="sigmoid"), loss="binary_crossentropy"),
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="sigmoid"), loss="binary_crossentropy"),
        chain(
            (8, 3),
            L.LSTM(4, return_sequences=True),
            L.Dense(1),
            L.Flatten(),
            L.Softmax(),
            loss="sparse_categorical_crossentropy",
        ),
    ],
)
def sigmoid_categorical_crossentropy(net: Net, facts: Facts) -> Iterator[Found]:
    """Sigmoid outputs go into a cross-entropy that expects one distribution over the classes.

    The loss divides them by their sum, so only their ratios count, and none is the probability it looks like.
    Of a single unit that makes 1, whatever it gives: the loss is constant, and nothing is learned.
    """
    for head, loss in with_losses(net, facts):
        if loss is None or loss.name not in ONE_OF_MANY:
            continue
        if head.units == 1 and softmax_length(head.node) != 1:
            words = f"{loss.name} over one unit is constant, whatever {head.node.name} gives"
            yield Found((head.node,), words, _unit_of_each_class(head, facts), hint=_ONE_UNIT)
        elif head.activation in ("sigmoid", "hard_sigmoid") and (head.units or 0) >= 2:
            fix = () if facts.task.type == "multilabel" else to_activation(head, "softmax")
            yield Found((head.node,), f"{head.units} sigmoid outputs with {loss.name}", fix=fix)


_ONE_UNIT = "one sigmoid unit with binary_crossentropy for two classes; or as many softmax units as classes"


def _unit_of_each_class(head: Head, facts: Facts) -> tuple[Edit, ...]:
    classes = facts.data.n_classes or 0
    if classes < 2 or head.node.kind != "Dense":
        return ()
    return (Set(head.node.name, units=classes, activation="softmax"),)


@rule(
    19,
    "softmax-binary-crossentropy",
    WARNING,
    safety=UNSAFE,
    hint="`categorical_crossentropy` for exclusive classes",
    needs=["loss"],
    sources=["keras-team/keras#4994"],
    exceptions="Silent for tasks stated to have several labels at once, and for custom losses.",
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax"), loss="binary_crossentropy")
        >> chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax"), loss="categorical_crossentropy")
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax"), loss="categorical_crossentropy"),
        chain((8, 3), L.LSTM(4), L.Dense(1, activation="sigmoid"), loss="binary_crossentropy"),
    ],
)
def softmax_binary_crossentropy(net: Net, facts: Facts) -> Iterator[Found]:
    """A softmax over exclusive classes is trained with binary cross-entropy.

    Each class is then a question of its own. `accuracy` is categorical here and says how many are right;
    `binary_accuracy` counts every unit, and looks far too good.
    """
    if facts.task.type == "multilabel" or facts.data.target_kind == "multilabel":
        return
    for head, loss in with_losses(net, facts):
        each_class = loss is not None and loss.name == "binary_crossentropy"
        if each_class and head.activation == "softmax" and (head.units or 0) > 1:
            by_number = facts.data.target_kind in ("sparse", "binary")
            fix = to_loss(net, "sparse_categorical_crossentropy" if by_number else "categorical_crossentropy")
            yield Found((head.node,), f"softmax over {head.units} classes with binary_crossentropy", fix=fix)


@rule(
    21,
    "label-range",
    ERROR,
    safety=UNSAFE,
    hint="`Dense(n_classes, softmax)` with sparse_categorical_crossentropy, or labels from 0",
    needs=["target_min and target_max, or n_classes"],
    sources=["keras-team/keras#2172 (the loss goes to -8)"],
    bad=[
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(1, activation="sigmoid"),
            loss="binary_crossentropy",
            target_min=0,
            target_max=4,
        ),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(3, activation="softmax"),
            loss="sparse_categorical_crossentropy",
            target_max=3,
        )
        >> chain((8, 3), L.LSTM(4), L.Dense(4, activation="softmax")),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(3, activation="softmax"),
            loss="sparse_categorical_crossentropy",
            n_classes=5,
        )
        >> chain((8, 3), L.LSTM(4), L.Dense(5, activation="softmax")),
    ],
    good=[
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(1, activation="sigmoid"),
            loss="binary_crossentropy",
            target_min=0,
            target_max=1,
        ),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(3, activation="softmax"),
            loss="sparse_categorical_crossentropy",
            target_max=2,
        ),
    ],
)
def label_range(net: Net, facts: Facts) -> Iterator[Found]:
    """Labels lie outside what the output and the loss can mean.

    Binary cross-entropy with labels beyond 0 and 1 has no lower bound, so training runs away. A label
    that is not below the number of units indexes past the output, without an error on most devices.
    """
    data = facts.data
    low, high = data.target_min, data.target_max
    for head, loss in with_losses(net, facts):
        if loss is None or len(net.outputs) != 1:
            continue
        if loss.name == "binary_crossentropy" and (
            (low is not None and low < 0) or (high is not None and high > 1)
        ):
            yield Found((head.node,), f"binary_crossentropy with labels from {show(low)} to {show(high)}")
        if loss.name == "sparse_categorical_crossentropy" and head.units:
            classes = max(int(high) + 1 if high is not None else 0, data.n_classes or 0)
            if low is not None and low < 0:
                yield Found((head.node,), f"labels from {show(low)}, where they count from 0")
            elif classes > head.units:
                fix = (Set(head.node.name, units=classes),) if head.node.kind == "Dense" else ()
                yield Found((head.node,), f"{classes} classes, but {head.units} units", fix=fix)


_ACCURACY = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")


@rule(
    22,
    "metric-mismatch",
    WARNING,
    hint="take mae for a regression; BinaryAccuracy or SparseCategoricalAccuracy instead of Accuracy()",
    needs=["metrics"],
    sources=[
        "keras-team/keras#724, #108, #13053",
        "rstudio/keras3#30",
        "measured: Accuracy() 0.0 where BinaryAccuracy is 1.0",
    ],
    exceptions=(
        "Silent for classifications trained on squared error, and where an output has a cross-entropy "
        "(symbols that are rebuilt, or a second task)."
    ),
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(1), loss="mse", metrics=("accuracy",)),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(1, activation="sigmoid"),
            loss="binary_crossentropy",
            metrics=("Accuracy",),
        ),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1), loss="mse", metrics=("mae",)),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(2, activation="softmax"),
            loss="mse",
            metrics=("accuracy",),
            target_kind="one_hot",
        ),
        chain(
            (8, 3),
            L.LSTM(4, return_sequences=True),
            L.Dense(3, activation="softmax"),
            loss="categorical_crossentropy",
            metrics=("accuracy",),
            type="reconstruction",
        ),
    ],
)
def metric_mismatch(net: Net, facts: Facts) -> Iterator[Found]:
    """A metric that counts exact hits is used where there are none.

    Accuracy of a regression is near 0 or near meaningless whatever the model does; `keras.metrics.Accuracy()`
    compares for exact equality, which a probability never meets.
    """
    names = [str(m).removesuffix("()") for m in facts.training.metrics]
    classes = {"BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy", "Accuracy"}
    counting = [n for n in names if n in _ACCURACY or n in classes]
    probable = any(head.is_probability for head in heads(net))
    stated = facts.task.type is not None
    has_classes = any(loss is not None and loss.name in CROSS_ENTROPY for loss in facts.training.losses)
    if counting and facts.is_regression and not has_classes and (stated or not probable):
        yield Found((), f"{counting[0]} does not mean anything for a regression", severity=WARNING)
    elif "Accuracy" in names and not net.opaque:
        yield Found((), "Accuracy() compares for exact equality, which real-valued outputs never meet")
