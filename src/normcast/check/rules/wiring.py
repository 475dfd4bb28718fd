"""How layers are connected: unused parts, bottlenecks, symmetric starts."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from normcast.check.examples import L, chain, fork
from normcast.check.facts import Facts
from normcast.check.net import Net, Node, descendants, sinks, through
from normcast.check.recurrence import RECURRENT, cells_of, set_cells
from normcast.check.rule import ERROR, UNSAFE, WARNING, Found, rule
from normcast.models.edits import Insert, Remove
from normcast.models.graph.kinds import ACT, CONV, DENSE, MERGE, NOISE, POINTWISE, SHAPE


@rule(
    1,
    "layer-never-called",
    ERROR,
    hint="apply the layer to the tensor that is now the output, or delete it",
    sources=["stackoverflow.com/questions/59285058"],
    needs=["lost_layers"],
    exceptions="Silent for layers that are used elsewhere, passed to a wrapper, or kept in a list.",
    bad=[chain((8, 3), L.Conv1D(4, 3), L.Flatten(), L.Dense(1), lost_layers=("lstm_1",))],
    good=[chain((8, 3), L.LSTM(4), L.Dense(1), lost_layers=())],
)
def layer_never_called(net: Net, facts: Facts) -> Iterator[Found]:
    """A layer is made but never applied to a tensor, so the network does not contain it.

    `x = LSTM(32)` makes a layer and `x = LSTM(32)(x)` uses it; with the call forgotten the network
    trains, without what was meant to be its heart. A built model no longer shows such a layer: the rule
    reads the list of layers that the caller made (`made=` of `check_model`), or the source text.
    """
    names = {node.name.rpartition("/")[2] for node in net.nodes}
    for name in facts.lost_layers:
        if name not in names:
            yield Found((), f"{name} is made, but no tensor goes through it", layers=(name,))


@rule(
    2,
    "unused-input",
    WARNING,
    safety=UNSAFE,
    hint="use the input, or drop it (and what fit is given for it)",
    sources=["measured on Keras 3.15: a model with an input that reaches no output is built without a word"],
    exceptions="Silent where train_step, compute_loss or add_loss is the user's own: it may use the input.",
    bad=[chain((8, 3), L.LSTM(4), L.Dense(1), extra_input=(2,)) >> chain((8, 3), L.LSTM(4), L.Dense(1))],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(1)),
        chain((8, 3), L.LSTM(4), L.Dense(1), extra_input=(2,), custom_step=True),
    ],
)
def unused_input(net: Net, facts: Facts) -> Iterator[Found]:
    """An input of the model reaches none of its outputs.

    Keras builds and trains such a model without a word; what the input carries is ignored.
    """
    if facts.training.custom_step:
        return
    for node in net.unused_inputs:
        yield Found((node,), f"no output depends on the input {node.name}", fix=(Remove(node.name),))


@rule(
    5,
    "scalar-bottleneck",
    WARNING,
    hint="widen that layer, or take the pooling away that leaves one number",
    sources=["keras-team/keras#4994", "keras-team/keras#20627", "stackoverflow.com/questions/57423915"],
    exceptions=(
        "Silent for outputs of size 1, reconstruction with a one-number "
        "code, and squeezes beside the main path."
    ),
    bad=[
        chain((8, 3), L.Conv1D(1, 3), L.GlobalAveragePooling1D(), L.Dense(5)),
        chain((8, 3), L.LSTM(1), L.Dense(8, activation="relu"), L.Dense(3, activation="softmax")),
    ],
    good=[
        chain((8, 3), L.Conv1D(4, 3), L.GlobalAveragePooling1D(), L.Dense(5)),
        chain((8, 3), L.LSTM(1)),
        chain((8, 3), L.LSTM(1), L.Dense(24), type="reconstruction"),
    ],
)
def scalar_bottleneck(net: Net, facts: Facts) -> Iterator[Found]:
    """Everything passes through a single number, so all outputs are functions of that number.

    Pooling over a one-filter convolution, or a recurrent layer of one unit, leaves one value per sample; what
    stands behind it cannot tell more apart than that value does. Accuracy stays near chance.
    """
    if facts.task.type == "reconstruction":
        return
    wide = [node for node, i in net.outputs if _count(node.shapes[i]) not in (1, None)]
    for node in net.nodes:
        narrows = node.size == 1 and any(source.size != 1 for source in node.inputs)
        if narrows and not node.is_output and any(_is_cut(net, node, end) for end in wide):
            yield Found((node,), f"{node.name} leaves one number per sample; all outputs depend on it alone")


def _count(shape: tuple[int | None, ...]) -> int | None:
    return None if None in shape[1:] else prod(n or 0 for n in shape[1:])


def _is_cut(net: Net, node: Node, end: Node) -> bool:
    """Say whether every path from an input to `end` goes through `node`."""
    waiting, seen = [end], {id(node)}
    if id(end) in seen or id(end) not in {id(n) for n in descendants(node)}:
        return False
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if current.kind == "InputLayer":
            return False
        waiting += current.inputs
    return True


@rule(
    11,
    "constant-decoder",
    ERROR,
    safety=UNSAFE,
    hint="put a recurrent decoder behind the repetition, or use Dense(n * k) and Reshape",
    sources=["keras-team/keras#2194", "measured: the largest difference between output steps is exactly 0.0"],
    exceptions="Silent where a recurrent layer, attention, a padded convolution or another sequence follows.",
    bad=[
        chain((8, 3), L.LSTM(4), L.RepeatVector(5), L.TimeDistributed(L.Dense(2)))
        >> chain(
            (8, 3),
            L.LSTM(4),
            L.RepeatVector(5),
            L.LSTM(4, return_sequences=True),
            L.TimeDistributed(L.Dense(2)),
        ),
        chain((8, 3), L.LSTM(4), L.RepeatVector(5), L.Dropout(0.2), L.Dense(4, activation="relu"), L.Dense(1))
        >> chain(
            (8, 3),
            L.LSTM(4),
            L.RepeatVector(5),
            L.LSTM(4, return_sequences=True),
            L.Dropout(0.2),
            L.Dense(4, activation="relu"),
            L.Dense(1),
        ),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.RepeatVector(5), L.LSTM(4, return_sequences=True), L.Dense(1)),
        chain((8, 3), L.LSTM(4), L.RepeatVector(5), L.Flatten(), L.Dense(5)),
    ],
)
def constant_decoder(net: Net, facts: Facts) -> Iterator[Found]:
    """A vector is repeated over time and then only treated step by step: all output steps are the same.

    `RepeatVector` gives each step the same values, and Dense layers (with or without TimeDistributed)
    treat each step alike, so at inference every step of the output is identical.
    """
    constant: dict[int, list[Node]] = {}
    for node in net.nodes:
        origins = [constant.get(id(source)) for source in node.inputs]
        if _repeats(node):
            constant[id(node)] = [node]
        elif origins and all(origins) and _treats_steps_alike(node):
            constant[id(node)] = list(dict.fromkeys(n for origin in origins if origin for n in origin))
    for end, i in net.outputs:
        shape = end.shapes[i]
        if id(end) in constant and len(shape) == 3 and shape[1] != 1:
            for repeat in constant[id(end)]:
                units = repeat.shape[-1]
                fix = (Insert(_lstm(units), after=repeat.name),) if units and units < 2048 else ()
                yield Found(
                    (repeat, end), f"each of the steps behind {repeat.name} gives the same output", fix=fix
                )


def _lstm(units: int) -> dict[str, Any]:
    return {"class_name": "LSTM", "config": {"units": units, "return_sequences": True}}


def _repeats(node: Node) -> bool:
    if node.kind == "UpSampling1D":
        return node.input_shape[1:2] == (1,)
    return node.kind == "RepeatVector" and node.config.get("n") != 1


def _treats_steps_alike(node: Node) -> bool:
    if node.kind == "Conv1D" and node.config.get("padding") != "valid":
        return _size(node.config["kernel_size"]) == 1
    return node.kind in POINTWISE | MERGE or node.kind == "Conv1D"


def _size(value: Any) -> int:
    return value[0] if isinstance(value, (list, tuple)) else value


@rule(
    12,
    "constant-init",
    ERROR,
    safety=UNSAFE,
    hint="start the kernel at random: glorot_uniform, or he_normal in front of a relu",
    sources=[
        "Goodfellow, Bengio, Courville 2016, Deep Learning, section 8.4",
        "NeuraLint rule f004, arXiv:2105.08095",
    ],
    exceptions=(
        "Silent for the last layer, for what ends a residual branch, for biases, and for fixed filters "
        "(trainable=False)."
    ),
    bad=[
        chain((8, 3), L.LSTM(4, kernel_initializer="zeros"), L.Dense(1))
        >> chain((8, 3), L.LSTM(4), L.Dense(1)),
        chain((8,), L.Dense(4, activation="relu", kernel_initializer="ones"), L.Dense(1))
        >> chain((8,), L.Dense(4, activation="relu", kernel_initializer="he_normal"), L.Dense(1)),
        chain((8, 3), L.RNN([L.GRUCell(4, kernel_initializer="zeros"), L.GRUCell(2)]), L.Dense(1))
        >> chain((8, 3), L.RNN([L.GRUCell(4), L.GRUCell(2)]), L.Dense(1)),
        chain(
            (8, 3),
            L.Conv1D(4, 1, kernel_initializer="zeros"),
            fork(L.Add(), (), (L.Conv1D(4, 1),)),
            L.LSTM(4),
            L.Dense(1),
        )
        >> chain((8, 3), L.Conv1D(4, 1), fork(L.Add(), (), (L.Conv1D(4, 1),)), L.LSTM(4), L.Dense(1)),
    ],
    good=[
        chain((8, 3), L.LSTM(4), L.Dense(6, kernel_initializer="zeros"), L.Reshape((3, 2))),
        chain((8, 3), fork(L.Add(), (), (L.Dense(3, kernel_initializer="zeros"),)), L.LSTM(3), L.Dense(1)),
        chain((8, 3), L.Conv1D(4, 3, kernel_initializer="ones", trainable=False), L.LSTM(4), L.Dense(1)),
    ],
)
def constant_init(net: Net, facts: Facts) -> Iterator[Found]:
    """A hidden kernel starts constant, so all units of the layer compute the same and learn in one direction.

    Units with equal weights give equal values, and their gradients differ by a factor alone, the weight with
    which each is read: they learn one feature, each at its own speed.
    """
    for node in net.of(DENSE | CONV | RECURRENT):
        cells = [cell.config for cell in cells_of(node)] if node.kind in RECURRENT else [node.config]
        alike = next((config for config in cells if _starts_alike(config)), None)
        if alike is None or not node.core.trainable or not node.layer.trainable:
            continue
        if _has_weights_behind(node) and not _ends_a_branch(node):
            units, name = alike.get("units", alike.get("filters")), _start(alike)
            better = {"relu": "he_normal", "selu": "lecun_normal"}.get(node.activation, "glorot_uniform")
            fix = set_cells(node, lambda cell: _starts_alike(cell.config), kernel_initializer=better)
            yield Found(
                (node,), f"all {units} units of {node.name} start with the same weights ({name})", fix
            )


def _start(config: dict[str, Any]) -> str:
    start = config.get("kernel_initializer")
    return str(start.get("class_name") if isinstance(start, dict) else start)


def _starts_alike(config: dict[str, Any]) -> bool:
    units = config.get("units", config.get("filters", 1)) or 1
    return units > 1 and _start(config).lower() in ("zeros", "ones", "constant")


def _ends_a_branch(node: Node) -> bool:
    """Say whether what this layer gives is added to something that does not come from it."""
    own = {id(n) for n in [node, *descendants(node)]}
    sums = [n for n in sinks(node, through(SHAPE, NOISE, ACT)) if n.kind in ("Add", "Average")]
    return any(id(source) not in own for total in sums for source in total.inputs)


def _has_weights_behind(node: Node) -> bool:
    return any(n.kind in DENSE | CONV | RECURRENT for n in descendants(node))
