"""Networks of every build, each beside itself as the papers' loops, in float64.

A build makes Keras' tensors of an entrance; its double makes arrays, with a `Loops` that runs the layers of
the network by their place and moves what is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import keras
import numpy as np
from keras import ops

from normcast.layers import GRU, LSTM
from normcast.probes.opened import paths
from tests.layers import papers
from tests.layers.backends import numpy
from tests.probes.textbook import states_of, wide_tanh

CASES, STEPS, FEATURES = 2, 4, 2
K = keras.layers
VALID = np.array([[True, True, False, True], [False, True, True, True]])
MERGED = {
    "concat": lambda f, b: np.concatenate([f, b], axis=-1),
    "sum": np.add,
    "ave": lambda f, b: (f + b) / 2,
    "mul": np.multiply,
}


class Loops:
    """The layers of a network by place, each run as its loop with what is moved there.

    moved: by place and name of a tensor, what is added at each step.
    """

    def __init__(self, model: Any) -> None:
        self.layers = {path: each for each in model._flatten_layers() if (path := paths(model).get(id(each)))}
        self.moved: dict[str, dict[str, np.ndarray]] = {}
        self.weights = cache(lambda name: [numpy(v).astype("float64") for v in self.layers[name].weights])

    def __call__(
        self, place: str, x: np.ndarray, mask: Any = None, start: Any = None, cell: int | None = None
    ) -> tuple[np.ndarray, tuple]:
        """Return h of each step as the layer puts it out, and the last states. cell: one of those stacked."""
        layer = self.layers[place.split(" (call")[0]]
        place = place if cell is None else f"{place}/{cell}"
        layer = layer if cell is None else layer.cell.cells[cell]
        h, last, _ = states_of(layer, x, self.moved.get(place), mask, start)
        return h, last

    def dense(self, name: str, x: np.ndarray) -> np.ndarray:
        """Return what a Dense layer without an activation makes of x."""
        kernel, bias = self.weights(name)
        return x @ kernel + bias


@dataclass(frozen=True)
class Graph:
    """build: from the entrance to the outputs; double: the same in numpy, (array, which steps of it count).

    shape: of one case. valid: the steps of each case that are not masked.
    """

    build: Callable[[Any], Any]
    double: Callable[[Loops, np.ndarray], Any]
    shape: tuple[int, ...] = (STEPS, FEATURES)
    valid: np.ndarray | None = None
    fixed: bool = False  # whether the network reads batches of CASES


GRAPHS: dict[str, Graph] = {}


def graph(name: str, build: Callable[[Any], Any], **about: Any) -> Callable:
    """Enter a graph of that name, with the function below as its double."""

    def enter(double: Callable) -> Callable:
        GRAPHS[name] = Graph(build, double, **about)
        return double

    return enter


def keras_lstm(units: int = 2, **about: Any) -> Any:
    return K.LSTM(units, activation=wide_tanh, **about)


def keras_gru(units: int = 2, **about: Any) -> Any:
    return K.GRU(units, activation=wide_tanh, **about)


def simple(units: int = 2, **about: Any) -> Any:
    return K.SimpleRNN(units, activation=wide_tanh, **about)


def masking(x: Any) -> Any:
    return K.Masking(0.0)(x)


# Layers behind one another


def _deep(x: Any) -> Any:
    x = keras_gru(return_sequences=True, go_backwards=True, reset_after=False, name="one")(x)
    x = LSTM(2, norm="layer", return_sequences=True, go_backwards=True, name="two")(x)
    return K.Dense(1, name="head")(simple(name="three")(x))


@graph("one behind another, backwards", _deep)
def deep(run: Loops, x: np.ndarray) -> Any:
    x = run("two", run("one", x)[0])[0]
    return run.dense("head", run("three", x)[0][:, -1])


# Both directions

INSIDE = {
    "keras lstm concat": (lambda: keras_lstm(return_sequences=True, name="r"), "concat"),
    "keras gru sum": (lambda: keras_gru(return_sequences=True, name="r"), "sum"),
    "simple ave": (lambda: simple(name="r"), "ave"),
    "lstm mul": (lambda: LSTM(2, norm="rms", return_sequences=True, name="r"), "mul"),
    "gru concat": (lambda: GRU(2, name="r"), "concat"),
    "keras lstm mul": (lambda: keras_lstm(name="r"), "mul"),
}


def both(make: Callable[[], Any], merge: str, mask: Any = None) -> tuple[Callable, Callable]:
    """Return build and double of a network in both directions."""

    def build(x: Any) -> Any:
        x = x if mask is None else masking(x)
        return K.Dense(1, name="head")(K.Bidirectional(make(), merge_mode=merge, name="both")(x))

    def double(run: Loops, x: np.ndarray) -> Any:
        f, _ = run("both/forward_r", x, mask)
        b, _ = run("both/backward_r", x, mask)
        sequences = run.layers["both/forward_r"].return_sequences
        ends = (f, b[:, ::-1]) if sequences else (f[:, -1], b[:, -1])
        return run.dense("head", MERGED[merge](*ends)), (mask if sequences else None)

    return build, double


for _name, (_make, _merge) in INSIDE.items():
    for _words, _mask in (("", None), (" masked", VALID)):
        GRAPHS[f"both directions {_name}{_words}"] = Graph(*both(_make, _merge, _mask), valid=_mask)


def _apart(x: Any) -> Any:
    forward, backward = keras_lstm(name="to"), keras_gru(go_backwards=True, name="fro")
    f, b = K.Bidirectional(forward, backward_layer=backward, merge_mode=None, name="both")(x)
    return K.Dense(1, name="left")(f), K.Dense(1, name="right")(b)


@graph("both directions of two kinds, unmerged", _apart)
def apart(run: Loops, x: np.ndarray) -> Any:
    f, b = run("both/forward_to", x)[0][:, -1], run("both/fro", x)[0][:, -1]
    return run.dense("left", f), run.dense("right", b)


# Cells


def _stacked(x: Any) -> Any:
    cells = [
        K.LSTMCell(2, activation=wide_tanh),
        K.GRUCell(3, activation=wide_tanh, reset_after=False),
        K.SimpleRNNCell(2, activation=wide_tanh),
    ]
    return K.Dense(1, name="head")(K.RNN(cells, return_sequences=True, name="stack")(x))


@graph("stacked cells", _stacked)
def stacked(run: Loops, x: np.ndarray) -> Any:
    x = x + run.moved.get("stack/0", {}).get("x", 0)
    run.moved = {k: {n: v for n, v in moves.items() if n != "x"} for k, moves in run.moved.items()}
    for i in range(3):
        x, _ = run("stack", x, cell=i)
    return run.dense("head", x)


class Leaky(K.Layer):
    """A cell of the user's own: a trace c that forgets, and h that reads it, which is the output."""

    def __init__(self, units: int, **about: Any) -> None:
        super().__init__(**about)
        self.units, self.state_size = units, [units, units]

    def build(self, shape: Any) -> None:
        self.w = self.add_weight(shape=(shape[-1] + self.units, self.units), name="w")

    def call(self, x: Any, states: Any) -> Any:
        h, c = states
        c = 0.8 * c + wide_tanh(ops.concatenate([x, h], axis=-1) @ self.w)
        h = wide_tanh(c)
        return h, [h, c]


class Doubled(Leaky):
    """Another, whose output is not its state."""

    def call(self, x: Any, states: Any) -> Any:
        h, new = super().call(x, states)
        return h * 2, new


def leaky(layer: Any, x: np.ndarray, moved: dict[str, np.ndarray], mask: Any = None) -> np.ndarray:
    """Return h of every step; h and c are moved where they are handed on."""
    x, w, watch = x + moved.get("x", 0), numpy(layer.cell.w).astype("float64"), papers.Watch()
    h = c = np.zeros((len(x), layer.cell.units))
    outputs = []
    for t in range(x.shape[1]):
        c_new = 0.8 * c + np.tanh(np.concatenate([x[:, t], h], axis=-1) @ w)
        h_new = np.tanh(c_new)
        own = h_new * 2
        c_new, h_new = c_new + moved.get("c", x * 0)[:, t], h_new + moved.get("h", x * 0)[:, t]
        valid = np.ones((len(x), 1), bool) if mask is None else mask[:, t, None]
        h, c = np.where(valid, h_new, h), np.where(valid, c_new, c)
        watch.keep(h=h, c=c)
        outputs.append(own if isinstance(layer.cell, Doubled) else h)
    return np.stack(outputs, axis=1)


def _own(x: Any) -> Any:
    return K.Dense(1, name="head")(K.RNN(Leaky(2), return_sequences=True, name="own")(masking(x)))


@graph("a cell of one's own, masked", _own, valid=VALID)
def own(run: Loops, x: np.ndarray) -> Any:
    return run.dense("head", leaky(run.layers["own"], x, run.moved.get("own", {}), VALID)), VALID


@graph(
    "a cell whose output is not its state",
    lambda x: K.Dense(1, name="head")(K.RNN(Doubled(2), name="own")(x)),
)
def doubled(run: Loops, x: np.ndarray) -> Any:
    return run.dense("head", leaky(run.layers["own"], x, run.moved.get("own", {}))[:, -1])


# States handed over


def _decoder(x: Any) -> Any:
    _, *states = keras_lstm(return_state=True, name="reads")(x)
    h = K.RepeatVector(3)(states[0])
    return K.Dense(1, name="head")(keras_lstm(return_sequences=True, name="writes")(h, initial_state=states))


@graph("decoder", _decoder)
def decoder(run: Loops, x: np.ndarray) -> Any:
    _, states = run("reads", x)
    h = np.repeat(states[0][:, None], 3, axis=1)
    return run.dense("head", run("writes", h, start=states)[0])


def _our_decoder(x: Any) -> Any:
    mask = x[:, :, 0] != 0  # beside an initial state Keras hands on no mask by itself
    _, h, c = LSTM(2, norm="layer", return_state=True, name="reads")(x, mask=mask)
    y, state = GRU(2, return_state=True, name="between")(x, initial_state=[h], mask=mask)
    writes = LSTM(2, return_sequences=True, zoneout=(0.1, 0.2), name="writes")
    y = writes(K.RepeatVector(3)(y), initial_state=[state, c])
    return K.Dense(1, name="head")(y)


@graph("our decoder, masked", _our_decoder, valid=VALID)
def our_decoder(run: Loops, x: np.ndarray) -> Any:
    _, (h, c) = run("reads", x, VALID)
    y, (state,) = run("between", x, VALID, start=h)
    y = np.repeat(y[:, -1:], 3, axis=1)
    return run.dense("head", run("writes", y, start=(state, c))[0])


def _both_decoder(x: Any) -> Any:
    about = {"return_state": True, "name": "r"}
    y, *states = K.Bidirectional(keras_gru(**about), name="reads")(x)
    y = K.RepeatVector(3)(y)
    y = K.Bidirectional(keras_gru(name="r"), name="writes")(y, initial_state=states)
    return K.Dense(1, name="head")(y)


@graph("decoder in both directions", _both_decoder)
def both_decoder(run: Loops, x: np.ndarray) -> Any:
    (f, (h_f,)), (b, (h_b,)) = run("reads/forward_r", x), run("reads/backward_r", x)
    y = np.repeat(np.concatenate([f[:, -1], b[:, -1]], axis=-1)[:, None], 3, axis=1)
    f, _ = run("writes/forward_r", y, start=h_f)
    b, _ = run("writes/backward_r", y, start=h_b)
    return run.dense("head", np.concatenate([f[:, -1], b[:, -1]], axis=-1))


# Layers called again, and slices


def _shared(x: Any) -> Any:
    again = LSTM(2, norm="layer", return_sequences=True, name="again")
    return K.Dense(1, name="head")(again(again(x)))


@graph("a layer called twice", _shared)
def shared(run: Loops, x: np.ndarray) -> Any:
    return run.dense("head", run("again (call 2)", run("again", x)[0])[0])


def in_slices(run: Callable, x: np.ndarray, mask: Any = None) -> np.ndarray:
    """Return what a run makes of each slice, (cases, slices, ...), where each is a case."""
    told = None if mask is None else np.repeat(mask, x.shape[1], axis=0)
    y = run(x.reshape(-1, *x.shape[2:]), told)
    return y.reshape(*x.shape[:2], *y.shape[1:])


def _distributed(x: Any) -> Any:
    x = K.TimeDistributed(keras_lstm(name="inner"), name="slices")(x)
    return K.Dense(1, name="head")(GRU(2, name="outer")(x))


@graph("slices of a layer", _distributed, shape=(3, STEPS, FEATURES))
def distributed(run: Loops, x: np.ndarray) -> Any:
    x = in_slices(lambda each, _: run("slices/inner", each)[0][:, -1], x)
    return run.dense("head", run("outer", x)[0][:, -1])


def _block() -> Any:
    entrance = keras.Input((STEPS, FEATURES))
    x = K.Bidirectional(LSTM(2, norm="rms", return_sequences=True, name="r"), name="both")(masking(entrance))
    again = keras_gru(4, name="again", return_sequences=True)
    return keras.Model(entrance, again(again(x)), name="block")


def block(run: Loops, place: str, x: np.ndarray, mask: Any = None) -> np.ndarray:
    """Return what a nested model puts out: both directions, and a layer called twice."""
    f, b = (run(f"{place}/both/{way}_r", x, mask)[0] for way in ("forward", "backward"))
    x = np.concatenate([f, b[:, ::-1]], axis=-1)
    return run(f"{place}/again (call 2)", run(f"{place}/again", x, mask)[0], mask)[0]


def _distributed_block(x: Any) -> Any:
    x = K.TimeDistributed(_block(), name="slices")(x)
    return K.Dense(1, name="head")(x)


@graph("slices of a nested model, in slices", _distributed_block, shape=(3, STEPS, FEATURES))
def distributed_block(run: Loops, x: np.ndarray) -> Any:
    return run.dense("head", in_slices(lambda each, _: block(run, "slices/block", each), x))


def _twofold(x: Any) -> Any:
    x = K.TimeDistributed(K.TimeDistributed(LSTM(2, name="inner"), name="few"), name="slices")(x)
    return K.Dense(1, name="head")(x)


@graph("slices of slices", _twofold, shape=(2, 3, STEPS, FEATURES))
def twofold(run: Loops, x: np.ndarray) -> Any:
    y = run("slices/few/inner", x.reshape(-1, STEPS, FEATURES))[0][:, -1]
    return run.dense("head", y.reshape(*x.shape[:3], -1))


# Models in models


@graph("nested, masked", lambda x: K.Dense(1, name="head")(_block()(x)), valid=VALID)
def nested(run: Loops, x: np.ndarray) -> Any:
    return run.dense("head", block(run, "block", x, VALID)), VALID


def _sequential(x: Any) -> Any:
    inner = keras.Sequential([simple(return_sequences=True, name="a"), keras_lstm(name="b")], name="chain")
    return K.Dense(1, name="head")(inner(x))


@graph("a chain in a model", _sequential)
def chain(run: Loops, x: np.ndarray) -> Any:
    return run.dense("head", run("chain/b", run("chain/a", x)[0])[0][:, -1])


# Masks


def _explicit(x: Any) -> Any:
    mask = x[:, :, 0] != 0
    y = keras_lstm(return_sequences=True, name="one")(x, mask=mask)
    return K.Dense(1, name="head")(GRU(2, name="two")(y, mask=mask))


@graph("a mask handed over", _explicit, valid=VALID)
def explicit(run: Loops, x: np.ndarray) -> Any:
    return run.dense("head", run("two", run("one", x, VALID)[0], VALID)[0][:, -1])


def _zeros(x: Any) -> Any:
    x = masking(x)
    one = keras_lstm(return_sequences=True, zero_output_for_mask=True, name="one")(x)
    two = LSTM(2, return_sequences=True, zero_output_for_mask=True, name="two")(x)
    return K.Dense(1, name="head")(K.Flatten()(K.Concatenate()([one, two])))


@graph("zeros for what is masked", _zeros, valid=VALID)
def zeros(run: Loops, x: np.ndarray) -> Any:
    each = [run(name, x, VALID)[0] * VALID[:, :, None] for name in ("one", "two")]
    return run.dense("head", np.concatenate(each, axis=-1).reshape(CASES, -1))


# States kept from call to call


def _stateful(x: Any) -> Any:
    x = LSTM(2, stateful=True, return_sequences=True, name="one")(x)
    return K.Dense(1, name="head")(keras_gru(stateful=True, name="two")(x))


@graph("stateful", _stateful, fixed=True)
def stateful(run: Loops, x: np.ndarray) -> Any:
    first, second = ([numpy(s).astype("float64") for s in run.layers[n].states] for n in ("one", "two"))
    x, _ = run("one", x, start=tuple(first))
    return run.dense("head", run("two", x, start=second[0])[0][:, -1])
