"""Recurrent layers: activations, recurrent dropout, state, cuDNN."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.net import Net, Node
from normcast.check.recurrence import RECURRENT, Cell, cells_of, set_cells
from normcast.check.rule import ADVICE, ERROR, UNSAFE, WARNING, Found, rule
from normcast.check.says import Says
from normcast.models.graph.kinds import CONV_LSTM, RNN, UNBOUNDED

LONG = 50
"""Steps from which on an unbounded LSTM diverged in measurements (2 layers, 3 seeds each)."""


def _is_long(node: Node) -> bool:
    """Say whether a recurrent layer runs over many steps, or over an unknown number of more than frames."""
    if node.steps is None:
        return node.kind not in CONV_LSTM
    return node.steps >= LONG


def _is_unbounded(cell: Cell) -> bool:
    return cell.activation in UNBOUNDED and not _is_irnn(cell)


def _is_irnn(cell: Cell) -> bool:
    start = cell.config.get("recurrent_initializer")
    name = start.get("class_name") if isinstance(start, dict) else start
    return cell.kind == "SimpleRNN" and cell.activation == "relu" and str(name).lower().startswith("identity")


def _is_rescaled(cell: Cell) -> bool:
    return _is_unbounded(cell) and cell.recurrent_dropout > 0


def _length(node: Node) -> str:
    return "an unknown number of" if node.steps is None else str(node.steps)


@rule(
    23,
    "rnn-unbounded-activation",
    WARNING,
    safety=UNSAFE,
    hint="`activation='tanh'` (which cuDNN also needs); gradient clipping does not help",
    says=[Says("relu-inside", "not better"), Says("relu-inside-with-dropout", "not better")],
    grounds="a state can overflow, which is no matter of averages",
    sources=[
        "keras-team/keras#2194, #13221, #15912",
        "measured: 2-layer LSTM with relu, 300 steps: NaN in 2 of 3 seeds; "
        "30 steps and fewer: none; tanh: 0 of 18 runs",
        "measured: 2-layer ConvLSTM1D with relu, 20, 100 and 300 steps: none in 9 runs (advice there)",
    ],
    exceptions=(
        "Advice for LSTM below 50 steps, GRU, SimpleRNN and ConvLSTM, and where recurrent-dropout-unbounded "
        "says more; silent for the IRNN (relu, identity start)."
    ),
    bad=[
        chain((60, 3), L.LSTM(4, activation="relu"), L.Dense(1)) >> chain((60, 3), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.GRU(4, activation="relu"), L.Dense(1)) >> chain((8, 3), L.GRU(4), L.Dense(1)),
        chain((60, 3), L.Bidirectional(L.LSTM(4, activation="relu")), L.Dense(1))
        >> chain((60, 3), L.Bidirectional(L.LSTM(4)), L.Dense(1)),
        chain((60, 3), L.RNN(L.LSTMCell(4, activation="elu")), L.Dense(1))
        >> chain((60, 3), L.RNN(L.LSTMCell(4)), L.Dense(1)),
        chain((60, 3), L.RNN([L.LSTMCell(4, activation="relu"), L.LSTMCell(2)]), L.Dense(1))
        >> chain((60, 3), L.RNN([L.LSTMCell(4), L.LSTMCell(2)]), L.Dense(1)),
        chain((60, 6, 1), L.ConvLSTM1D(2, 3, activation="relu"), L.Flatten(), L.Dense(1))
        >> chain((60, 6, 1), L.ConvLSTM1D(2, 3), L.Flatten(), L.Dense(1)),
    ],
    good=[
        chain((60, 3), L.LSTM(4), L.Dense(1)),
        chain((60, 3), L.RNN([L.LSTMCell(4), L.LSTMCell(2, recurrent_dropout=0.2)]), L.Dense(1)),
        chain((60, 6, 1), L.ConvLSTM1D(2, 3, recurrent_dropout=0.2), L.Flatten(), L.Dense(1)),
        chain((60, 3), L.SimpleRNN(4, activation="relu", recurrent_initializer="identity"), L.Dense(1)),
    ],
)
def rnn_unbounded_activation(net: Net, facts: Facts) -> Iterator[Found]:
    """A recurrent layer has an activation without an upper bound, so its state can grow at every step.

    In an LSTM the cell adds; with relu nothing holds the sum. A fresh layer is calm, but with recurrent
    weights of four times their start, as training may make them, the state overflows or passes 1e20 within
    200 steps, where tanh stays below 1. Clipping gradients comes too late for that.
    """
    for node in net.of(RECURRENT):
        cells = cells_of(node)
        loose = [cell for cell in cells if _is_unbounded(cell)]
        if loose:
            told = any(map(_is_rescaled, loose))  # by the next rule, which weighs more
            severe = any(cell.kind == "LSTM" for cell in loose) and _is_long(node) and not told
            words = f"{loose[0].activation} lets the state of {node.name} grow over {_length(node)} steps"
            fix = set_cells(node, _is_unbounded, activation="tanh")
            yield Found((node,), words, fix, WARNING if severe else ADVICE)


@rule(
    24,
    "recurrent-dropout-unbounded",
    ERROR,
    safety=UNSAFE,
    hint="`activation='tanh'`; the recurrent dropout may stay",
    says=[Says("relu-inside-with-dropout", "not better")],
    grounds="the state was seen to become NaN, which is no matter of averages",
    sources=[
        "keras-team/keras#13221",
        "measured: LSTM with relu, rate 0.5, 100 steps: loss above 50 in 3 of 3 seeds; tanh: 0 of 12",
        "measured: 2-layer ConvLSTM1D with relu, rate 0.3, 100 steps: NaN in 1 of 3 seeds; tanh: 0 of 3",
    ],
    exceptions=(
        "A warning for LSTM below 50 steps, and ConvLSTM over an unknown number of frames; advice for GRU "
        "and SimpleRNN."
    ),
    bad=[
        chain((60, 3), L.LSTM(4, activation="relu", recurrent_dropout=0.2), L.Dense(1))
        >> chain((60, 3), L.LSTM(4, recurrent_dropout=0.2), L.Dense(1)),
        chain((20, 3), L.LSTM(4, activation="relu", recurrent_dropout=0.5), L.Dense(1))
        >> chain((20, 3), L.LSTM(4, recurrent_dropout=0.5), L.Dense(1)),
        chain((60, 3), L.RNN(L.LSTMCell(4, activation="relu", recurrent_dropout=0.3)), L.Dense(1))
        >> chain((60, 3), L.RNN(L.LSTMCell(4, recurrent_dropout=0.3)), L.Dense(1)),
        chain(
            (60, 3),
            L.Bidirectional(L.RNN([L.LSTMCell(4), L.LSTMCell(2, activation="relu", recurrent_dropout=0.3)])),
            L.Dense(1),
        )
        >> chain(
            (60, 3), L.Bidirectional(L.RNN([L.LSTMCell(4), L.LSTMCell(2, recurrent_dropout=0.3)])), L.Dense(1)
        ),
        chain(
            (60, 6, 1), L.ConvLSTM1D(2, 3, activation="relu", recurrent_dropout=0.3), L.Flatten(), L.Dense(1)
        )
        >> chain((60, 6, 1), L.ConvLSTM1D(2, 3, recurrent_dropout=0.3), L.Flatten(), L.Dense(1)),
    ],
    good=[
        chain((60, 3), L.LSTM(4, recurrent_dropout=0.2), L.Dense(1)),
        chain((20, 3), L.LSTM(4, activation="relu"), L.Dense(1)),
        chain((60, 3), L.RNN([L.LSTMCell(4), L.LSTMCell(2, recurrent_dropout=0.3)]), L.Dense(1)),
    ],
)
def recurrent_dropout_unbounded(net: Net, facts: Facts) -> Iterator[Found]:
    """Recurrent dropout meets an unbounded activation; its rescaling multiplies the state at every step.

    Kept units are scaled by 1 / (1 - rate) in each step. A tanh takes that back, a relu does not: it
    compounds, once weights have grown. With recurrent weights of three times their start and a rate of 0.3
    the state of an LSTM is NaN within 200 steps, where tanh stays below 1.
    """
    for node in net.of(RECURRENT):
        rescaled = sorted(filter(_is_rescaled, cells_of(node)), key=lambda cell: not cell.is_lstm)
        if rescaled:
            cell = rescaled[0]
            severity = (ERROR if _is_long(node) else WARNING) if cell.is_lstm else ADVICE
            words = f"recurrent dropout {cell.recurrent_dropout:g} with {cell.activation}"
            fix = set_cells(node, _is_unbounded, activation="tanh")
            yield Found((node,), f"{words} over {_length(node)} steps", fix, severity)


@rule(
    25,
    "gru-recurrent-dropout-bug",
    ERROR,
    safety=UNSAFE,
    hint="upgrade Keras to 3.8 or later; or an LSTM; or dropout on the input",
    sources=[
        "keras-team/keras#20276, #20656",
        "tensorflow/tensorflow#32987, #39676",
        "measured: 3.7.0 reaches 4e6 at 20 steps",
    ],
    exceptions="Silent on Keras 3.8 and later, where it is repaired.",
    bad=[
        chain((8, 3), L.GRU(4, recurrent_dropout=0.5), L.Dense(1), keras_version="3.7.0")
        >> chain((8, 3), L.GRU(4), L.Dense(1)),
        chain((8, 3), L.RNN(L.GRUCell(4, recurrent_dropout=0.5)), L.Dense(1), keras_version="3.7.0")
        >> chain((8, 3), L.RNN(L.GRUCell(4)), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.GRU(4, recurrent_dropout=0.5), L.Dense(1), keras_version="3.8.0"),
        chain((8, 3), L.GRU(4, recurrent_dropout=0.2), L.Dense(1), keras_version="3.7.0"),
    ],
)
def gru_recurrent_dropout_bug(net: Net, facts: Facts) -> Iterator[Found]:
    """In Keras 3.0 to 3.7 the recurrent dropout of a GRU scales its carried state up at every step.

    The state grows without bound even with tanh; at rate 0.5 it overflows within a hundred steps.
    """
    version = facts.training.keras_version or keras.__version__
    if not (3, 0) <= _version(version) < (3, 8):
        return
    for node in net.of(RNN):
        rate = max((cell.recurrent_dropout for cell in cells_of(node) if cell.kind == "GRU"), default=0.0)
        if rate >= 0.3:
            fix = set_cells(node, lambda cell: cell.kind == "GRU", recurrent_dropout=0.0)
            words = f"recurrent dropout {rate:g} of a GRU overflows on Keras {version}"
            yield Found((node,), words, fix, ERROR if rate >= 0.5 else WARNING)


def _version(text: str) -> tuple[int, int]:
    numbers = [int(part) if part.isdigit() else 0 for part in text.split(".")[:2]]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (numbers[0], 0)


@rule(
    26,
    "rnn-off-cudnn",
    ADVICE,
    hint="only speed, and only on a GPU: keep it if the model needs it",
    says=[Says("recurrent-dropout", "silent")],
    sources=[
        "keras.io, LSTM and GRU: requirements of the cuDNN implementation",
        "tensorflow/tensorflow#40944",
    ],
    exceptions=(
        "Silent where the facts say that no GPU is used, and for cells, which have no such kernel. "
        "Plain `dropout` is fine."
    ),
    bad=[
        chain((8, 3), L.LSTM(4, recurrent_dropout=0.2), L.Dense(1)),
        chain((8, 3), L.GRU(4, reset_after=False), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.LSTM(4, dropout=0.2), L.Dense(1)),
        chain((8, 3), L.RNN(L.LSTMCell(4, recurrent_dropout=0.2)), L.Dense(1)),
        chain((8, 3), L.LSTM(4, recurrent_dropout=0.2), L.Dense(1), uses_gpu=False),
    ],
)
def rnn_off_cudnn(net: Net, facts: Facts) -> Iterator[Found]:
    """An argument keeps a recurrent layer off cuDNN's kernel; on a GPU it then runs several times slower.

    This is about speed only, and only on a GPU. Nothing is wrong with the model.
    """
    if facts.training.uses_gpu is False:
        return
    for node in net.of({"LSTM", "GRU"}):
        reasons = list(_off_cudnn(node))
        if reasons and "RNN" not in node.wrappers:
            yield Found((node,), f"{', '.join(reasons)}: no cuDNN kernel (slower on a GPU)")


def _off_cudnn(node: Node) -> Iterator[str]:
    config = node.config
    if config.get("recurrent_dropout"):
        yield f"recurrent_dropout={config['recurrent_dropout']:g}"
    if node.activation not in ("tanh", ""):
        yield f"activation={node.activation!r}"
    gate = config.get("recurrent_activation", "sigmoid")
    if gate != "sigmoid":
        yield f"recurrent_activation={gate!r}"
    yield from (f"{key}={config[key]!r}" for key in ("unroll", "norm", "zoneout") if config.get(key))
    yield from (f"{key}=False" for key in ("use_bias", "reset_after") if config.get(key) is False)


@rule(
    28,
    "stateful-shuffle",
    ERROR,
    hint=(
        "`fit(shuffle=False)`, and `batch_size=` the first number of the Input's `batch_shape` (leave out "
        "the windows that do not fill a batch); `reset_state()` between series; or `stateful=False` where "
        "windows stand alone"
    ),
    needs=["shuffle, or batch_size with a fixed batch axis"],
    sources=["keras-team/keras#1820, #1938, #1902, #4970", "tensorflow/tensorflow#40067"],
    exceptions="Silent for fit(shuffle=False).",
    bad=[
        chain((8, 3), L.LSTM(4, stateful=True), L.Dense(1), batch=4, shuffle=True),
        chain((8, 3), L.LSTM(4, stateful=True), L.Dense(1), batch=4, shuffle=False, batch_size=8),
        chain(
            (8, 3), L.LSTM(4, stateful=True), L.Dense(1), batch=4, shuffle=False, batch_size=4, n_windows=10
        ),
    ],
    good=[
        chain(
            (8, 3), L.LSTM(4, stateful=True), L.Dense(1), batch=4, shuffle=False, batch_size=4, n_windows=12
        ),
        chain((8, 3), L.LSTM(4), L.Dense(1), shuffle=True),
    ],
)
def stateful_shuffle(net: Net, facts: Facts) -> Iterator[Found]:
    """A stateful layer carries its state to the next batch, but the next batch is not the continuation.

    With shuffled windows, or batches of another size than declared, the state belongs to other rows.
    """
    stateful = [node for node in net.of(RECURRENT) if node.config.get("stateful")]
    if not stateful:
        return
    declared = next((node.shape[0] for node in net.inputs if node.shape and node.shape[0]), None)
    batch, windows = facts.training.batch_size, facts.data.n_windows
    if facts.training.shuffle:
        yield Found(tuple(stateful), "the windows are shuffled, so each batch starts from a foreign state")
    elif declared and batch and declared != batch:
        yield Found(
            tuple(stateful), f"the batch axis is fixed to {declared}, but batches have {batch} windows"
        )
    elif declared and windows and windows % declared:
        yield Found(tuple(stateful), f"{windows} windows do not divide into batches of {declared}")
