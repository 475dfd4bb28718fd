"""Whether the output has the shape that the loss compares with the target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from normcast.check.examples import L, chain
from normcast.check.facts import ELEMENTWISE, Facts
from normcast.check.head import Head, heads, to_loss
from normcast.check.net import Net, Node, Shape, passed, through
from normcast.check.rule import ERROR, UNSAFE, Found, rule
from normcast.models.edits import Edit, Set
from normcast.models.graph.kinds import ACT, DENSE, NOISE, NORM, RNN

_SOURCES = [
    "keras losses/loss.py, squeeze_or_expand_to_same_rank; measured on JAX, torch and TensorFlow",
    "keras-team/keras#14627, #8934, #6318, #3621, #5663, #14630",
    "stackoverflow.com/questions/51763983",
]


@rule(
    3,
    "target-shape-broadcast",
    ERROR,
    safety=UNSAFE,
    hint="make the output's shape that of the target: return_sequences, Flatten, RepeatVector or units",
    needs=["target_shape", "loss"],
    sources=_SOURCES,
    exceptions="Silent where Keras squeezes or expands to equal shapes: (n,) against (n, 1) is right.",
    bad=[
        chain((8, 3), L.LSTM(4, return_sequences=True), L.Dense(1), loss="mse", target_shape=(1,))
        >> chain((8, 3), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.LSTM(4), L.Dense(5), loss="mae", target_shape=(1,))
        >> chain((8, 3), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.LSTM(4), L.Dense(1), loss="mse", target_shape=(8,))
        >> chain((8, 3), L.LSTM(4), L.Dense(8)),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1), loss="mse", target_shape=()),
        chain((8, 3), L.LSTM(4, return_sequences=True), L.Dense(1), loss="mse", target_shape=(8,)),
        chain((8, 3), L.LSTM(4, return_sequences=True), L.Dense(1), target_shape=(1,)),
    ],
)
def target_shape_broadcast(net: Net, facts: Facts) -> Iterator[Found]:
    """Output and target differ in shape, and the loss broadcasts one against the other without a word.

    Every value of the one is then compared with several of the other; the network learns their mean. It
    trains, the loss falls, and the forecast is flat.
    """
    case = _case(net, facts)
    if case is None or case[1] != "broadcast":
        return
    yield _found(case[0], facts, "the loss broadcasts them")


@rule(
    4,
    "target-shape-mismatch",
    ERROR,
    safety=UNSAFE,
    hint="make the output's shape that of the target, or take the loss that fits the labels",
    needs=["target_shape or target_kind", "loss"],
    sources=["stackoverflow.com/questions/45120429, 53119432, 61030068, 56190344", "Tensfa, SFData"],
    exceptions="Silent where a dimension is not known.",
    bad=[
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(3, activation="softmax"),
            loss="categorical_crossentropy",
            target_shape=(),
            target_kind="sparse",
        )
        >> chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax"), loss="sparse_categorical_crossentropy"),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(3, activation="softmax"),
            loss="sparse_categorical_crossentropy",
            target_shape=(3,),
            target_kind="one_hot",
        )
        >> chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax"), loss="categorical_crossentropy"),
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.Dense(2, activation="softmax"),
            loss="categorical_crossentropy",
            target_shape=(2,),
        ),
        chain((8, 3), L.LSTM(4), L.Dense(4), loss="mse", target_shape=(3,))
        >> chain((8, 3), L.LSTM(4), L.Dense(3)),
    ],
    good=[
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(3, activation="softmax"),
            loss="sparse_categorical_crossentropy",
            target_shape=(),
        ),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(3, activation="softmax"),
            loss="categorical_crossentropy",
            target_shape=(3,),
        ),
    ],
)
def target_shape_mismatch(net: Net, facts: Facts) -> Iterator[Found]:
    """Output and target differ in shape, and the loss will raise.

    Found before fit, with the layer named: usually a Flatten or pooling is missing, or the labels are
    integers and the loss wants one-hot rows.
    """
    case = _case(net, facts)
    if case is None or case[1] != "error":
        return
    found = _found(case[0], facts, "the loss cannot compare them")
    yield replace(found, fix=_other_loss(net, facts, case[0]) or found.fix)


def _other_loss(net: Net, facts: Facts, head: Head) -> tuple[Edit, ...]:
    """Return the edit to the cross-entropy that reads such targets; none where they do not fit it either."""
    other = {
        ("sparse_categorical_crossentropy", "one_hot"): "categorical_crossentropy",
        ("categorical_crossentropy", "sparse"): "sparse_categorical_crossentropy",
    }
    loss, data = facts.loss(), facts.data
    name = other.get((loss.name if loss else "", data.target_kind or ""))
    if name is None or _verdict(name, data.target_kind, (None, *(data.target_shape or ())), head) != "equal":
        return ()
    return to_loss(net, name)


def _case(net: Net, facts: Facts) -> tuple[Head, str] | None:
    loss, target = facts.loss(), facts.data.target_shape
    if len(net.outputs) != 1 or loss is None or target is None:
        return None
    head = heads(net)[0]
    verdict = _verdict(loss.name, facts.data.target_kind, (None, *target), head)
    return None if verdict is None else (head, verdict)


def _verdict(loss: str, kind: str | None, true: Shape, head: Head) -> str | None:
    """Return what a loss makes of targets of this kind and shape; None for a loss that is not known."""
    if loss in ELEMENTWISE:
        return compare(true, head.shape)
    if loss == "sparse_categorical_crossentropy":
        fits = [head.shape[:-1], (*head.shape[:-1], 1)]
        wrong = kind == "one_hot" or all(_equality(true, shape) == "no" for shape in fits)
        return "error" if wrong else "equal"
    if loss == "categorical_crossentropy":
        return "error" if kind == "sparse" or compare(true, head.shape) != "equal" else "equal"
    if loss == "binary_crossentropy":
        return "equal" if compare(true, head.shape) == "equal" else "error"
    return None


def compare(true: Shape, pred: Shape) -> str:
    """Return what a loss makes of two shapes: "equal", "broadcast" or "error"; unknown lengths fit
    anything but 1.

    >>> compare((None,), (None, 1)), compare((None, 1), (None, 8, 1)), compare((None, 3), (None, 4))
    ('equal', 'broadcast', 'error')
    """
    if len(pred) == len(true) + 1 and pred[-1] == 1:
        true, pred = ((*true, 1), pred) if len(true) == 1 else (true, pred[:-1])
    elif len(true) == len(pred) + 1 and true[-1] == 1:
        true, pred = (true, (*pred, 1)) if len(pred) == 1 else (true[:-1], pred)
    if len(true) == len(pred) and _equality(true, pred) == "yes":
        return "equal"
    short, long = sorted((("batch", *true[1:]), ("batch", *pred[1:])), key=len)
    pairs = list(zip(short, long[-len(short) :], strict=True))
    return "broadcast" if all(1 in pair or _same(*pair) for pair in pairs) else "error"


def _same(a: object, b: object) -> bool:
    return a == b or ("batch" not in (a, b) and ((a is None and b != 1) or (b is None and a != 1)))


def _equality(a: Shape, b: Shape) -> str:
    return "yes" if len(a) == len(b) and all(_same(x, y) for x, y in zip(a[1:], b[1:], strict=True)) else "no"


def _found(head: Head, facts: Facts, consequence: str) -> Found:
    target = facts.data.target_shape or ()
    repairs = list(_repairs(head, target))
    causes = [node for node, _ in repairs]
    words = f"the output is {_text(head.shape[1:])}, the target {_text(target)}: {consequence}"
    if causes:
        words += "; " + ", or ".join(str(edit) for _, edit in repairs)
    fix = (repairs[0][1],) if len(repairs) == 1 else ()
    nodes = (head.weights or head.node, head.node, *causes)
    return Found(nodes, words, fix=fix, evidence={"output": list(head.shape[1:]), "target": list(target)})


def _text(shape: Shape) -> str:
    return f"({', '.join('any' if n is None else str(n) for n in shape)})"


def _repairs(head: Head, target: Shape) -> Iterator[tuple[Node, Edit]]:
    """Yield the single changes that would make the shapes equal."""
    output, node = head.shape, head.weights or head.node
    along = through(DENSE, ACT, NOISE, NORM, frozenset({"Add"}))
    chain_ = [node, *passed(node, along)]
    makers = [n for c in chain_ for n in [c, *c.inputs] if n.kind in RNN and n.gives_sequence]
    shortened = (*output[:1], *output[2:])
    if makers and len(output) == 3 and compare((None, *target), shortened) == "equal":
        yield makers[0], Set(makers[0].name, return_sequences=False)
    same_but_units = len(output) == len(target) + 1 and _equality((None, *target[:-1]), output[:-1]) == "yes"
    if same_but_units and target and target[-1] and node.kind == "Dense" and head.node is node:
        yield node, Set(node.name, units=target[-1])
    decoder = [node, *passed(node, through(DENSE, ACT, NOISE, NORM, RNN))]
    repeats = [n for c in decoder for n in [c, *c.inputs] if n.kind == "RepeatVector"]
    if repeats and len(output) == 3 and target[1:] == output[2:] and target[0]:
        yield repeats[0], Set(repeats[0].name, n=target[0])
