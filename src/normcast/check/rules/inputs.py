"""What comes in: axes, single steps, activations on raw data, scale."""

from __future__ import annotations

from collections.abc import Iterator

from normcast.check.examples import L, chain
from normcast.check.facts import Facts
from normcast.check.net import Net, Node, passed, sinks, sources, through
from normcast.check.recurrence import RECURRENT
from normcast.check.rule import ADVICE, UNSAFE, WARNING, Found, rule
from normcast.check.says import Says
from normcast.models.edits import Insert, Remove, Set
from normcast.models.graph.kinds import (
    ACT,
    CONV,
    CONV_1D,
    DENSE,
    GLOBAL_POOL,
    MERGE,
    NOISE,
    NORM,
    POOL,
    POOL_1D,
    RNN,
    SHAPE,
)

_ALONG = through(NOISE, ACT, NORM, SHAPE, frozenset({"Masking", "Normalization", "Rescaling"}))


@rule(
    6,
    "rnn-single-timestep",
    WARNING,
    hint="give the layer windows of shape (window, features): the steps belong on axis 1",
    sources=["keras-team/keras#13053", "stackoverflow.com/questions/51432661", "titu1994/LSTM-FCN#4"],
    exceptions="Silent for stateful layers, layers with an initial state, and decoders of one step.",
    bad=[
        chain((1, 8), L.LSTM(4), L.Dense(1)),
        chain((8,), L.Reshape((1, 8)), L.GRU(4), L.Dense(1)),
        chain((1, 8), L.RNN(L.LSTMCell(4)), L.Dense(1)),
    ],
    good=[
        chain((8, 1), L.LSTM(4), L.Dense(1)),
        chain((1, 8), L.LSTM(4, stateful=True), L.Dense(1), batch=2),
        chain((8, 3), L.LSTM(4), L.RepeatVector(1), L.LSTM(4, return_sequences=True), L.Dense(1)),
    ],
)
def rnn_single_timestep(net: Net, facts: Facts) -> Iterator[Found]:
    """A recurrent layer sees one time step only; it is a Dense layer with gates.

    With one step there is nothing to remember: the gradient of the recurrent kernel is exactly 0. Usually the
    lags were put on the feature axis.
    """
    for node in net.of(RECURRENT):
        is_decoder = any(n.kind == "RepeatVector" for n in [*node.inputs, *passed(node, _ALONG)])
        has_state = len(node.inputs) > 1 or node.config.get("stateful")
        if node.steps == 1 and not has_state and not is_decoder:
            yield Found((node,), f"{node.name} sees a single time step, so its recurrent kernel never learns")


@rule(
    7,
    "axes-swapped",
    WARNING,
    safety=UNSAFE,
    hint="insert Permute((2, 1)) behind the input, or swap the axes of the data",
    needs=["window_length", "n_features"],
    sources=["houshd/MLSTM-FCN#9", "keras-team/keras#10683"],
    exceptions="Silent where a branch permutes on purpose (LSTM-FCN), and for channels-first layers.",
    bad=[
        chain((3, 8), L.LSTM(4), L.Dense(1), window_length=8, n_features=3)
        >> chain((3, 8), L.Permute((2, 1)), L.LSTM(4), L.Dense(1))
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1), window_length=8, n_features=3),
        chain((3, 8), L.Permute((2, 1)), L.LSTM(4), L.Dense(1), window_length=8, n_features=3),
        chain((3, 8), L.LSTM(4), L.Dense(1)),
    ],
)
def axes_swapped(net: Net, facts: Facts) -> Iterator[Found]:
    """The input is (features, time) where Keras reads (time, features).

    The network then runs over the features and treats the time steps as channels.
    """
    steps, features = facts.data.window_length, facts.data.n_features
    if steps is None or features is None or steps == features:
        return
    for node in net.inputs:
        if node.shape[1:] == (features, steps) and _is_read_as_sequence(node):
            fix = (Insert({"class_name": "Permute", "config": {"dims": [2, 1]}}, after=node.name),)
            words = f"{node.name} is (features {features}, time {steps}); the axes are the other way round"
            yield Found((node,), words, fix=fix)


def _is_read_as_sequence(node: Node) -> bool:
    along = through(NOISE, ACT, NORM, frozenset({"Masking", "Normalization", "Rescaling"}))
    readers = sinks(node, along)
    return bool(readers) and all(
        n.kind in CONV_1D | RNN and n.config.get("data_format") != "channels_first" for n in readers
    )


@rule(
    9,
    "channel-axis-mismatch",
    WARNING,
    safety=UNSAFE,
    hint="give both layers the same idea of where the channels are",
    sources=["keras-team/keras-io#845", "keras.io, BatchNormalization: axis"],
    exceptions=(
        "Silent for consistent channels-first chains, behind Permute, and where the feature axis has size 1."
    ),
    bad=[
        chain((8, 3), L.Conv1D(4, 3, padding="same"), L.BatchNormalization(axis=1), L.LSTM(4), L.Dense(1))
        >> chain((8, 3), L.Conv1D(4, 3, padding="same"), L.BatchNormalization(), L.LSTM(4), L.Dense(1)),
        chain(
            (8, 3),
            L.LSTM(4, return_sequences=True),
            L.GlobalAveragePooling1D(data_format="channels_first"),
            L.Dense(1),
        )
        >> chain((8, 3), L.LSTM(4, return_sequences=True), L.GlobalAveragePooling1D(), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.Conv1D(4, 3, padding="same"), L.BatchNormalization(), L.LSTM(4), L.Dense(1)),
        chain(
            (8, 3), L.Conv1D(4, 3), L.Permute((2, 1)), L.BatchNormalization(axis=1), L.Flatten(), L.Dense(1)
        ),
    ],
)
def channel_axis_mismatch(net: Net, facts: Facts) -> Iterator[Found]:
    """A layer takes another axis for the channels than the layer that made them.

    Normalizing over the time axis, or pooling over the channels, is what then happens instead.
    """
    for node in net.of(POOL | GLOBAL_POOL | frozenset({"BatchNormalization"}) | CONV_1D):
        for maker in _makers(node):
            made, taken = _channels_made(maker), _channels_taken(node)
            if made is None or taken is None or made == taken or node.input_shape[made] == 1:
                continue
            change = {"axis": made if made == 1 else -1} if "axis" in node.config else {
                "data_format": "channels_first" if made == 1 else "channels_last"
            }  # fmt: skip
            words = f"{maker.name} has its channels on axis {made}, {node.name} takes axis {taken}"
            yield Found((node, maker), words, fix=(Set(node.name, **change),))


def _makers(node: Node) -> list[Node]:
    along = through(ACT, NOISE, NORM, POOL_1D, MERGE)
    return [n for n in sources(node, along) if n.kind in CONV | RNN | DENSE | frozenset({"Embedding"})]


def _channels_made(node: Node) -> int | None:
    if len(node.shape) < 3 or node.wrappers[:1] == ("TimeDistributed",):
        return None
    return 1 if node.config.get("data_format") == "channels_first" else len(node.shape) - 1


def _channels_taken(node: Node) -> int | None:
    rank = len(node.input_shape)
    if rank < 3 or node.wrappers[:1] == ("TimeDistributed",):
        return None
    if node.kind == "BatchNormalization":
        axis = node.config.get("axis", -1)
        return (axis if isinstance(axis, int) else axis[0]) % rank
    return 1 if node.config.get("data_format") == "channels_first" else rank - 1


@rule(
    10,
    "activation-on-input",
    WARNING,
    safety=UNSAFE,
    hint="remove the activation: it throws information of the data away",
    sources=["stackoverflow.com/questions/51432661"],
    exceptions="Advice only where the input is known to be at least 0 and the activation is relu.",
    bad=[
        chain((8, 3), L.Activation("relu"), L.LSTM(4), L.Dense(1)) >> chain((8, 3), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.Activation("tanh"), L.Conv1D(4, 3), L.Flatten(), L.Dense(1))
        >> chain((8, 3), L.Conv1D(4, 3), L.Flatten(), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.Conv1D(4, 3), L.Activation("relu"), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.Activation("linear"), L.LSTM(4)),
    ],
)
def activation_on_input(net: Net, facts: Facts) -> Iterator[Found]:
    """An activation stands directly behind an input.

    A relu there sets every negative value of the data to 0 before any layer has seen it; scaled series are
    negative half of the time.
    """
    for node in net.of(ACT):
        if node.activation in ("linear", "?") or not node.reads or node.inputs[0].kind != "InputLayer":
            continue
        lowest = facts.data.input_min
        mild = node.activation in ("relu", "leaky_relu", "prelu") and lowest is not None and lowest >= 0
        words = f"{node.name} ({node.activation}) acts on the raw input {node.inputs[0].name}"
        yield Found((node,), words, (Remove(node.name),), ADVICE if mild else WARNING)


_SCALING_FIRST = through(NOISE, SHAPE, MERGE, POOL, frozenset({"Masking", "ZeroPadding1D", "GetItem"}))


@rule(
    55,
    "unscaled-input",
    WARNING,
    hint="standardize on the training rows, or insert keras.layers.Normalization adapted on them",
    says=[Says("input-batch-norm", "silent")],
    grounds="a gate that saturates has no gradient",
    needs=["input_high or input_min and input_max", "input_spread"],
    sources=["LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp", "keras-team/keras#14630"],
    exceptions="Advice for relu and linear layers; silent behind Normalization, Rescaling or a norm layer.",
    bad=[
        chain((8, 3), L.LSTM(4), L.Dense(1), input_high=90.0),
        chain((8, 3), L.Conv1D(4, 3, activation="relu"), L.Flatten(), L.Dense(1), input_spread=500.0),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1), input_high=3.4, input_spread=2.0),
        chain((8, 3), L.Rescaling(0.01), L.LSTM(4), L.Dense(1), input_high=90.0),
        chain((8, 3), L.LSTM(4), L.Dense(1)),
    ],
)
def unscaled_input(net: Net, facts: Facts) -> Iterator[Found]:
    """Values far from unit scale go into gates that saturate.

    A sigmoid or tanh is flat beyond about 5: inputs of 90 leave it without a gradient. Features whose
    deviations differ by a factor of 100 leave the small ones unheard.
    """
    data = facts.data
    bounds = [abs(v) for v in (data.input_min, data.input_max) if v is not None]
    high = data.input_high if data.input_high is not None else max(bounds, default=0.0)
    wide = (data.input_spread or 1.0) > 100
    # Of scaled data a single extreme value says little; then only the percentile counts, or a far larger one.
    limit = 100 if data.scaled and data.input_high is None else 10
    if (high <= limit and not wide) or len(net.inputs) != 1 or not net.inputs[0].readers:
        return
    if "int" in str(getattr(net.inputs[0].layer, "dtype", "")):
        return
    first = sinks(net.inputs[0], _SCALING_FIRST)
    if not first or any(n.kind not in RNN | CONV | DENSE for n in first):
        return
    saturates = any(n.kind in RNN or n.activation in ("sigmoid", "tanh") for n in first)
    words = (
        f"inputs reach {high:g}"
        if high > limit
        else f"feature deviations differ by a factor of {data.input_spread:g}"
    )
    yield Found(
        (), f"{words} and are not scaled", severity=WARNING if saturates else ADVICE, evidence={"high": high}
    )
