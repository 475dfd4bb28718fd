"""Learning rates and number formats."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.head import heads
from normcast.check.net import Net, Node
from normcast.check.rule import ADVICE, UNSAFE, WARNING, Found, rule
from normcast.models.edits import Set
from normcast.models.graph.kinds import ACT

ADAPTIVE = ("Adam", "AdamW", "Nadam", "RMSprop", "Adamax")


@rule(
    54,
    "lr-suspect",
    WARNING,
    hint="1e-3 for Adam and its kin, 1.0 for Adadelta",
    needs=["optimizer", "learning_rate"],
    sources=[
        "UMLAUT (0.01)",
        "Zeiler 2012, Adadelta, arXiv:1212.5701",
        "stackoverflow.com/questions/54368686 (0.06)",
    ],
    exceptions=(
        "Silent at exactly 0.01, for Adam with a large epsilon (DeepLOB), and for "
        "SGD up to 1. Schedules count by their maximum."
    ),
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(1), optimizer="Adam", learning_rate=0.06),
        chain((8, 3), L.LSTM(4), L.Dense(1), optimizer="Adadelta", learning_rate=0.001),
        chain((8, 3), L.LSTM(4), L.Dense(1), optimizer="rmsprop", learning_rate=0.1),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1), optimizer="Adam", learning_rate=0.01),
        chain((8, 3), L.LSTM(4), L.Dense(1), optimizer="SGD", learning_rate=0.1),
        chain((8, 3), L.LSTM(4), L.Dense(1), optimizer="Adam", learning_rate=0.05, epsilon=1.0),
    ],
)
def lr_suspect(net: Net, facts: Facts) -> Iterator[Found]:
    """The learning rate is out of the range in which this optimizer is used.

    Adam moves each weight by about the learning rate per step, whatever the gradient: 0.06 is a jump.
    Adadelta's own scale is 1; Keras' default of 0.001 hardly moves.
    """
    name, rate = facts.training.optimizer, facts.training.learning_rate
    if name is None or rate is None:
        return
    epsilon = facts.training.epsilon
    if name in ADAPTIVE and rate > 0.01 * (1 + 1e-6) and (epsilon is None or epsilon <= 1e-3):
        yield Found(
            (), f"{name} at a learning rate of {rate:g} (0.001 is usual, above 0.01 rare)", severity=WARNING
        )
    elif name == "Adadelta" and abs(rate - 0.001) < 1e-8:
        yield Found((), "Adadelta at 0.001 hardly moves: its own scale is 1.0", severity=ADVICE)
    elif name == "SGD" and rate > 1:
        yield Found((), f"SGD at a learning rate of {rate:g}", severity=ADVICE)


@rule(
    60,
    "float16-output",
    WARNING,
    safety=UNSAFE,
    hint="`dtype='float32'` on the output layer",
    sources=[
        "Micikevicius et al. 2018, Mixed Precision Training, arXiv:1710.03740",
        "tensorflow.org/guide/mixed_precision",
        "stackoverflow.com/questions/62300118",
    ],
    exceptions="Advice for bfloat16; silent where a float32 activation stands last.",
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax", dtype="float16"))
        >> chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax", dtype="float32"))
    ],
    good=[
        chain(
            (8, 3),
            L.LSTM(4, dtype="mixed_float16"),
            L.Dense(3, dtype="mixed_float16"),
            L.Activation("softmax", dtype="float32"),
        ),
        chain((8, 3), L.LSTM(4), L.Dense(3, activation="softmax")),
    ],
)
def float16_output(net: Net, facts: Facts) -> Iterator[Found]:
    """The output is computed in 16 bits.

    In float16 the largest number is 65504, and the logarithm of a small probability is minus infinity;
    the loss becomes NaN.
    """
    for head, (end, _) in zip(heads(net), net.outputs, strict=True):
        dtype = getattr(head.node.layer, "compute_dtype", "float32")
        if dtype not in ("float16", "bfloat16"):
            continue
        if _is_cast_back(end, head.node):
            continue
        fix = (Set(head.node.name, dtype="float32"),)
        yield Found(
            (head.node,),
            f"{head.node.name} computes in {dtype}",
            fix,
            WARNING if dtype == "float16" else ADVICE,
        )


def _is_cast_back(end: Node, head: Node) -> bool:
    """Say whether a float32 activation stands between a linear head and the output, as Keras' guide does
    it."""
    while end is not head and end.reads:
        if end.kind in ACT and getattr(end.layer, "compute_dtype", "") == "float32":
            return True
        end = end.inputs[0]
    return False
