"""Dropout: where it stands, its rate, its shape."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.head import heads, supervised
from normcast.check.net import Net, Node, ancestors, reaches_output, through
from normcast.check.recurrence import RECURRENT, Cell, cells_of, set_cells
from normcast.check.rule import ERROR, UNSAFE, WARNING, Found, rule
from normcast.models.edits import Edit, Move, Set
from normcast.models.graph.kinds import ACT, GLOBAL_POOL, JOIN, NOISE, NORM, POOL, SHAPE, WEIGHTED


@rule(
    43,
    "dropout-after-output",
    ERROR,
    safety=UNSAFE,
    hint="put the dropout in front of the output layer",
    needs=["loss or type"],
    sources=[
        "Srivastava et al. 2014, Dropout, JMLR 15: dropout is for hidden and input units",
        "follows from the definition",
    ],
    exceptions=(
        "Silent for rate 0, sampling (training=True), what is only added to the output (TiDE), outputs "
        "without a loss, and under a custom loss unless the task is stated (embeddings)."
    ),
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(1), L.Dropout(0.2), loss="mse")
        >> chain((8, 3), L.LSTM(4), L.Dropout(0.2), L.Dense(1)),
        chain(
            (8, 3),
            L.LSTM(4),
            L.Dense(3),
            L.Dropout(0.2),
            L.Activation("softmax"),
            loss="categorical_crossentropy",
        )
        >> chain((8, 3), L.LSTM(4), L.Dropout(0.2), L.Dense(3), L.Activation("softmax")),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dropout(0.2), L.Dense(1), loss="mse"),
        chain((8, 3), L.LSTM(4), L.Dense(1), L.Dropout(0.2).called(training=True), loss="mse"),
        chain((8, 3), L.Conv1D(4, 3), L.Dropout(0.2), L.GlobalMaxPooling1D(), loss="custom"),
    ],
)
def dropout_after_output(net: Net, facts: Facts) -> Iterator[Found]:
    """Dropout stands behind the last layer with weights, and so zeroes predictions.

    In training a share of the forecasts is replaced by 0 and the rest is scaled up; the loss then asks for
    something that inference never gives.
    """
    ends = supervised(net, facts)
    along = through(ACT, NOISE, SHAPE, POOL, GLOBAL_POOL, NORM, JOIN)
    for node in net.of(NOISE):
        is_sampler = node.arguments.get("training") is True
        acts = node.is_noise and not is_sampler
        if acts and reaches_output(node, along, ends) and _has_weights_before(node):
            yield Found(
                (node,), f"{node.name} (rate {node.rate:g}) acts on the output", _before_head(net, node)
            )


def _has_weights_before(node: Node) -> bool:
    return any(n.kind in WEIGHTED for n in ancestors(node))


def _before_head(net: Net, node: Node) -> tuple[Edit, ...]:
    lasts = [h.weights for h in heads(net) if h.weights is not None and h.weights in ancestors(node)]
    return (Move(node.name, before=lasts[0].name),) if len(lasts) == 1 else ()


@rule(
    44,
    "dropout-rate-extreme",
    WARNING,
    safety=UNSAFE,
    hint="0.5 or less; published networks go up to 0.8",
    sources=["Srivastava et al. 2014, Dropout, JMLR 15", "Karim et al. 2018, LSTM-FCN (0.8)"],
    exceptions="An error at rate 1, where nothing passes.",
    bad=[
        chain((8, 3), L.LSTM(4), L.Dropout(0.95), L.Dense(1))
        >> chain((8, 3), L.LSTM(4), L.Dropout(0.5), L.Dense(1)),
        chain((8, 3), L.LSTM(4), L.Dropout(1.0), L.Dense(1))
        >> chain((8, 3), L.LSTM(4), L.Dropout(0.5), L.Dense(1)),
        chain((8, 3), L.LSTM(4, dropout=0.9), L.Dense(1))
        >> chain((8, 3), L.LSTM(4, dropout=0.5), L.Dense(1)),
        chain((8, 3), L.RNN([L.LSTMCell(4, recurrent_dropout=0.95), L.LSTMCell(2)]), L.Dense(1))
        >> chain((8, 3), L.RNN([L.LSTMCell(4, recurrent_dropout=0.5), L.LSTMCell(2)]), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dropout(0.8), L.Dense(1)),
        chain((8, 3), L.GaussianNoise(1.0), L.LSTM(4), L.Dense(1)),
    ],
)
def dropout_rate_extreme(net: Net, facts: Facts) -> Iterator[Found]:
    """A dropout rate leaves next to nothing.

    At 0.9 the kept tenth is scaled up ten times, so the noise is larger than the signal. At 1 the output
    is 0.
    """
    for node in net.of(NOISE | RECURRENT):
        for key, rate, fix in _rates(node):
            if rate >= 0.9:
                words = f"{key} {rate:g} of {node.name} " + (
                    "passes nothing" if rate >= 1 else "leaves almost nothing"
                )
                yield Found((node,), words, fix, ERROR if rate >= 1 else WARNING)


def _rates(node: Node) -> Iterator[tuple[str, float, tuple[Edit, ...]]]:
    """Yield the rates of a node by argument, of cells the highest, each with the edit that makes it 0.5."""
    if node.kind in NOISE:
        yield "rate", float(node.config.get("rate") or 0), (Set(node.name, rate=0.5),)
        return
    for key in ("dropout", "recurrent_dropout"):
        rate = max(cell.rate(key) for cell in cells_of(node))
        yield key, rate, set_cells(node, partial(_is_extreme, key), **{key: 0.5})


def _is_extreme(key: str, cell: Cell) -> bool:
    return cell.rate(key) >= 0.9


@rule(
    48,
    "noise-shape-batch",
    WARNING,
    safety=UNSAFE,
    hint="None for the batch axis, or SpatialDropout1D",
    sources=[
        "measured: a last, smaller batch raises ValueError; (None, 1, channels) equals SpatialDropout1D"
    ],
    exceptions="Silent where the batch axis of the model is fixed to that size.",
    bad=[
        chain((8, 3), L.Conv1D(4, 3), L.Dropout(0.2, noise_shape=(32, 1, 4)), L.LSTM(4), L.Dense(1))
        >> chain((8, 3), L.Conv1D(4, 3), L.Dropout(0.2, noise_shape=(None, 1, 4)), L.LSTM(4), L.Dense(1))
    ],
    good=[
        chain((8, 3), L.Conv1D(4, 3), L.Dropout(0.2, noise_shape=(None, 1, 4)), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.Conv1D(4, 3), L.SpatialDropout1D(0.2), L.LSTM(4), L.Dense(1)),
    ],
)
def noise_shape_batch(net: Net, facts: Facts) -> Iterator[Found]:
    """The noise shape of a dropout states the batch size.

    The last batch of an epoch, and every prediction, usually has another size; then the call fails.
    """
    for node in net.of({"Dropout"}):
        shape = node.config.get("noise_shape")
        first = shape[0] if isinstance(shape, (list, tuple)) and shape else None
        fixed = node.input_shape[0] if node.input_shape else None
        if isinstance(first, int) and first > 1 and first != fixed and isinstance(shape, (list, tuple)):
            fix = (Set(node.name, noise_shape=[None, *shape[1:]]),)
            yield Found((node,), f"{node.name} works for batches of exactly {first} windows", fix)
