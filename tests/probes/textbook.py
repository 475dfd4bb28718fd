"""Recurrent layers of a network as the loops of `papers`, with their own weights, masks and draws."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import numpy as np

from normcast.layers import GRU, LSTM
from normcast.layers.noise import Noise, draw
from tests.layers import papers
from tests.layers.backends import numpy

STEPS = 5


@keras.saving.register_keras_serializable("tests")
def wide_tanh(z: Any) -> Any:
    """Return tanh in the precision of z: that of Keras is float32 also where it is given float64."""
    return 2 * keras.ops.sigmoid(2 * z) - 1


CURVES = {
    "tanh": np.tanh,
    "wide_tanh": np.tanh,
    "sigmoid": papers.sigmoid,
    "relu": lambda z: np.maximum(z, 0),
    "linear": lambda z: z,
}
LOOPS = {LSTM: papers.lstm, GRU: papers.gru}
LOOPS |= {keras.layers.LSTM: papers.lstm, keras.layers.LSTMCell: papers.lstm}
LOOPS |= {keras.layers.GRU: papers.gru, keras.layers.GRUCell: papers.gru}
LOOPS |= {keras.layers.SimpleRNN: papers.simple, keras.layers.SimpleRNNCell: papers.simple}


def states_of(
    layer: Any,
    x: np.ndarray,
    moved: dict[str, np.ndarray] | None = None,
    mask: np.ndarray | None = None,
    start: Any = None,
    training: bool = False,
) -> tuple[np.ndarray, tuple, dict[str, np.ndarray]]:
    """Return h at each step (batch, time, units), the last states, and all that was watched, by name.

    moved: by name, what is added at each step, (batch, time, units) in the order of the input's steps; x is
    moved too. h of a layer that goes backwards is in the order in which the layer puts it out.
    """
    moved = moved or {}
    x = x + moved.get("x", 0)
    way = slice(None, None, -1) if getattr(layer, "go_backwards", False) else slice(None)
    steps = {
        (name, t): v[:, way][:, t] for name, v in moved.items() if name != "x" for t in range(x.shape[1])
    }
    watch = papers.Watch(steps)
    cell = layer.cell if isinstance(layer, keras.layers.RNN) else layer
    about = {"activation": CURVES[cell.activation.__name__], "watch": watch, "start": start}
    about["mask"] = None if mask is None else mask[:, way]
    if not isinstance(cell, keras.layers.SimpleRNNCell):
        about["recurrent_activation"] = CURVES[cell.recurrent_activation.__name__]
    if hasattr(cell, "reset_after"):
        about["reset_after"] = cell.reset_after
    read = ours if isinstance(layer, (LSTM, GRU)) else kerass
    x, weights, more = read(layer, cell, x[:, way], about["mask"], training)
    h, *last = LOOPS[type(layer)](x, weights, **about, **more)
    kept = {name: np.stack(rows, axis=1)[:, way] for name, rows in watch.kept.items()}
    return h, tuple(last), kept


def ours(layer: Any, cell: Any, x: np.ndarray, mask: Any, training: bool) -> tuple:
    """Return inputs, weights and more of one of our layers for its loop."""
    weights, drawn = drawn_by(layer, len(x), training)
    norms, draws = dict(norms_of(layer, training)), draws_of(drawn)
    if layer.folds_input():
        x, kernel, draws.x = folded(layer, x, weights[0], draws.x, mask, training)
        weights = (kernel, *weights[1:])
        del norms["input"]
    return x, weights, {"norms": norms, "zoneout": layer.zoneout, "draws": draws}


@cache
def drawn_by(layer: Any, batch: int, training: bool) -> tuple[tuple[np.ndarray, ...], Noise]:
    """Return the weights of the layer's next call, and what it would draw; its weights must stay then."""
    weights = [numpy(v) for v in (layer.kernel, layer.recurrent_kernel, layer.bias) if v is not None]
    drawn = Noise()
    if training:
        with keras.StatelessScope():
            ones = keras.ops.ones((STEPS, batch, weights[0].shape[0]), layer.compute_dtype)
            drawn = draw(layer._rates(), ones, layer.units, layer.seed_generator)
            if layer.weight_dropout:
                rate, seed = layer.weight_dropout, layer.seed_generator
                weights[1] = numpy(keras.random.dropout(layer.recurrent_kernel.value, rate, seed=seed))
    return tuple(v.astype("float64") for v in weights), drawn


def draws_of(noise: Noise) -> papers.Draws:
    def masks(many: tuple) -> Any:
        found = [numpy(each) for each in many]
        return found[0] if len(found) == 1 else found or None

    steps = {name: numpy(value) for name, value in noise.steps.items()}
    return papers.Draws(
        x=masks(noise.inputs),
        h=masks(noise.recurrent),
        h_step=steps.get("drop_h"),
        g_step=steps.get("drop_g"),
        cell=None if noise.cell is None else numpy(noise.cell),
        keep_h=steps.get("keep_h"),
        keep_c=steps.get("keep_c"),
    )


@cache
def norms_of(layer: Any, training: bool) -> dict[str, papers.Norm]:
    found = {}
    for term, norm in layer.norms.items():
        moving = None
        if layer.norm == "batch" and not training:
            moving = (
                numpy(norm.moving_mean).astype("float64"),
                numpy(norm.moving_variance).astype("float64"),
            )
        beta = 0.0 if norm.beta is None else numpy(norm.beta).astype("float64")
        gamma = numpy(norm.gamma).astype("float64")
        groups = getattr(norm, "groups", 1)
        found[term] = papers.Norm(layer.norm, gamma, beta, norm.epsilon, groups, moving)
    return found


def folded(layer: Any, x: np.ndarray, kernel: np.ndarray, masks: Any, mask: Any, training: bool) -> tuple:
    """Return x W, normalized over all steps, beside a kernel that changes nothing."""
    z = np.stack(
        [papers.product(x[:, t], kernel, masks, len(layer.gates)) for t in range(x.shape[1])], axis=1
    )
    norm = layer.norms["input"]
    rows = z.reshape(-1, z.shape[-1]) if mask is None else z[mask]
    mean, var = rows.mean(0), rows.var(0)
    if not training:
        mean, var = numpy(norm.moving_mean), numpy(norm.moving_variance)
    return (z - mean) / np.sqrt(var + norm.epsilon) * numpy(norm.gamma), np.eye(z.shape[-1]), None


def kerass(layer: Any, cell: Any, x: np.ndarray, mask: Any, training: bool) -> tuple:
    """Return inputs, weights and more of one of Keras' layers or cells for its loop."""
    weights, draws = drawn_by_keras(cell, len(x), training)
    return x, weights, {"draws": draws}


@cache
def drawn_by_keras(cell: Any, batch: int, training: bool) -> tuple[tuple[np.ndarray, ...], papers.Draws]:
    weights = [cell.kernel, cell.recurrent_kernel] + ([cell.bias] if cell.use_bias else [])
    draws = papers.Draws()
    if training and (cell.dropout or cell.recurrent_dropout):
        with keras.StatelessScope():
            ones = keras.ops.ones((batch, cell.kernel.shape[0]), cell.compute_dtype)
            draws.x = _masks(cell.get_dropout_mask(ones))
            draws.h = _masks(cell.get_recurrent_dropout_mask(keras.ops.ones((batch, cell.units), ones.dtype)))
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
    return tuple(numpy(v).astype("float64") for v in weights), draws


def _masks(found: Any) -> Any:
    if isinstance(found, (list, tuple)):
        return [numpy(each) for each in found]
    return None if found is None else numpy(found)


Loss = Callable[[dict[str, dict[str, np.ndarray]]], float]
STEP = 2e-6


def agree(seen: Any, loss: Loss, masks: dict[str, np.ndarray] | None = None, atol: float = 1e-8) -> int:
    """Hold each gradient of a look against central differences of the loss, and return how many there were.

    loss: of what is added where, by place and name, (batch, time, units).
    """
    checked = 0
    for place, recurrence in seen.recurrences.items():
        for name, trace in recurrence.gradients.items():
            found = trace.values
            slopes = np.full(found.shape, np.nan)
            known = np.isfinite(found)
            if recurrence.activation == "relu" and name in recurrence.activations:
                known &= recurrence.activations[name].values != 0  # a kink has no derivative
            found = np.where(known, found, np.nan)
            for at in np.argwhere(known):
                moved = np.zeros(found.shape)
                moved[tuple(at)] = STEP
                ends = [loss({place: {name: sign * moved}}) for sign in (1, -1)]
                slopes[tuple(at)] = (ends[0] - ends[1]) / (2 * STEP)
                checked += 1
            np.testing.assert_allclose(found, slopes, rtol=1e-5, atol=atol, err_msg=f"{place}: {name}")
    return checked
