"""Whether the statistics of a normalization can be right."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.net import Net, Node
from normcast.check.rule import ADVICE, UNSAFE, WARNING, Found, rule
from normcast.models.edits import Replace, Set
from normcast.models.graph.kinds import BATCH_NORM
from normcast.pages.percent import whole


@rule(
    37,
    "bn-moving-stats-unconverged",
    WARNING,
    safety=UNSAFE,
    hint="a lower momentum: 0.05 ** (1 / steps), or train longer",
    needs=["n_windows", "batch_size", "epochs"],
    sources=[
        "keras.io, BatchNormalization: momentum",
        "keras-team/keras#7265",
        "measured: 264 steps at 0.99: test MSE 0.60 against 0.054",
    ],
    bad=[
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(),
            L.LSTM(4),
            L.Dense(1),
            n_windows=320,
            batch_size=32,
            epochs=10,
        )
        >> chain((8, 3), L.Conv1D(4, 3), L.BatchNormalization(momentum=0.97), L.LSTM(4), L.Dense(1))
    ],
    good=[
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(momentum=0.9),
            L.LSTM(4),
            L.Dense(1),
            n_windows=320,
            batch_size=32,
            epochs=10,
        ),
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(trainable=False),
            L.LSTM(4),
            L.Dense(1),
            n_windows=320,
            batch_size=32,
            epochs=10,
        ),
        chain(
            (8, 3),
            L.Conv1D(4, 3),
            L.BatchNormalization(),
            L.LSTM(4),
            L.Dense(1),
            n_windows=320,
            batch_size=32,
        ),
    ],
)
def bn_moving_stats_unconverged(net: Net, facts: Facts) -> Iterator[Found]:
    """Training is too short for the moving statistics of a batch normalization to leave their start.

    They begin at mean 0 and variance 1 and keep momentum ** steps of that. What is left of it is an error
    that appears at inference only.
    """
    steps = facts.steps
    if not steps:
        return
    for node in (each for each in net.of(BATCH_NORM) if not each.is_frozen):
        momentum = float(node.config.get("momentum", 0.99))
        left = momentum**steps
        if left > 0.05:
            better = max(0.5, int(0.05 ** (1 / steps) * 1000) / 1000)
            fix = (Set(node.name, momentum=better),) if better**steps <= 0.05 else ()
            still = f"{whole(left)} of the starting statistics are left"
            words = f"after {steps} steps {still} (momentum {momentum:g})"
            yield Found((node,), words, fix, evidence={"steps": steps, "left": left})


@rule(
    38,
    "bn-small-batch",
    WARNING,
    safety=UNSAFE,
    hint="LayerNormalization or GroupNormalization, or a larger batch",
    needs=["batch_size"],
    sources=[
        "Wu & He 2018, Group Normalization, arXiv:1803.08494",
        "Ioffe 2017, Batch Renormalization, arXiv:1702.03275",
    ],
    exceptions="Advice for batches of 5 to 7; over time, batch times steps below 64 is what counts.",
    bad=[
        chain((8, 3), L.LSTM(4), L.BatchNormalization(), L.Dense(2, activation="softmax"), batch_size=2)
        >> chain((8, 3), L.LSTM(4), L.LayerNormalization(), L.Dense(2, activation="softmax")),
        chain(
            (8, 3),
            L.Conv1D(4, 3, padding="same"),
            L.BatchNormalization(),
            L.LSTM(4),
            L.Dense(1),
            batch_size=6,
        )
        >> chain((8, 3), L.Conv1D(4, 3, padding="same"), L.LayerNormalization(), L.LSTM(4), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.BatchNormalization(), L.Dense(2, activation="softmax"), batch_size=32),
        chain((100, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.LSTM(4), L.Dense(1), batch_size=4),
        chain((8, 3), L.LSTM(4), L.BatchNormalization(trainable=False), L.Dense(1), batch_size=2),
    ],
)
def bn_small_batch(net: Net, facts: Facts) -> Iterator[Found]:
    """Batch normalization estimates mean and variance from a handful of values.

    The estimates are noise, differ from the moving averages used later, and training and inference drift
    apart.
    """
    batch = facts.training.batch_size
    if not batch:
        return
    batch = max(1, batch // max(1, facts.training.replicas))
    for node in (each for each in net.of(BATCH_NORM) if not each.is_frozen):
        values = _values_per_channel(node, batch)
        if batch <= 7 and values is not None and (len(node.input_shape) == 2 or values < 64):
            severity = WARNING if batch <= 4 else ADVICE
            fix = (Replace(node.name, "LayerNormalization"),)
            yield Found((node,), f"statistics of {values} values per channel (batch {batch})", fix, severity)


def _values_per_channel(node: Node, batch: int) -> int | None:
    shape = node.input_shape
    axis = node.config.get("axis", -1)
    axis = (axis if isinstance(axis, int) else axis[0]) % max(1, len(shape))
    lengths = [n for i, n in enumerate(shape) if i not in (0, axis)]
    total = batch
    for length in lengths:
        if length is None:
            return None
        total *= length
    return total
