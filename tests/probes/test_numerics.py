"""Gradients, gates and states of a look are those of the papers' loops, on every backend."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from normcast import inspect_model
from normcast.layers import LSTM
from normcast.probes import look
from tests.layers.backends import BACKEND
from tests.probes.branches import ALL, MASKS, network
from tests.probes.textbook import states_of

FEW = ["lstm batch", "lstm moon", "gru before", "keras lstm", "keras gru relu", "keras simple"]
EXCHANGE = os.environ.get("NORMCAST_EXCHANGE")


@pytest.mark.skipif(BACKEND != "jax", reason="one backend is enough for the derivative of an equation")
@pytest.mark.parametrize(
    ("mask", "mode", "names"),
    [
        ("inside", "training", FEW),
        *(
            pytest.param(mask, mode, list(ALL), marks=pytest.mark.slow)
            for mask, mode in (("none", "training"), ("front", "training"), ("end", "inference"))
        ),
    ],
    ids=str,
)
def test_gradients_agree_with_finite_differences_of_the_papers_in_float64(mask, mode, names):
    code = [sys.executable, "-m", "tests.probes.finite_differences", mask, mode, ",".join(names)]
    environment = {**os.environ, "JAX_ENABLE_X64": "1"}
    done = subprocess.run(code, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("mask", ["none", "front"])
def test_gates_and_states_are_those_of_the_papers(mask):
    model, x, layers = network(FEW, mask)
    seen = look(model, x)
    for layer in layers.values():
        _, _, kept = states_of(layer, x.astype("float64"), None, None if mask == "none" else MASKS[mask])
        for name, trace in seen.recurrences[layer.name].activations.items():
            there = np.isfinite(trace.values)
            assert np.array_equal(there.all(axis=2), MASKS[mask])
            assert trace.values[there] == pytest.approx(kept[name][there], abs=1e-6), f"{layer.name} {name}"


@pytest.mark.skipif(BACKEND == "torch", reason="a hundred steps one by one take a minute there")
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_batch_norm_inside_carries_the_gradient_over_a_hundred_steps_and_a_plain_lstm_does_not(seed):
    assert 0.1 < carried_over_a_hundred_steps("batch", seed) < 10
    assert carried_over_a_hundred_steps(None, seed) < 1e-6


def carried_over_a_hundred_steps(norm, seed):
    rng = np.random.default_rng(seed)
    x, y = (rng.normal(size=(64, *shape)).astype("float32") for shape in ((100, 8), (1,)))
    keras.utils.set_random_seed(seed)
    lstm = LSTM(64, norm=norm, name="lstm")
    net = keras.Sequential([keras.Input((100, 8)), lstm, keras.layers.Dense(1)])
    size = inspect_model(net, x, y, loss="mse", training=True)["lstm"].gradients["h"].norm
    return size[0] / size[-1]


@pytest.mark.skipif(EXCHANGE is None, reason="NORMCAST_EXCHANGE names no folder")
def test_a_look_is_the_same_on_every_backend():
    names = FEW[:5]
    model, x, _layers = network(names, "end")
    file = os.path.join(EXCHANGE, "look.npz")
    if BACKEND == "jax":
        os.makedirs(EXCHANGE, exist_ok=True)
        weights = {f"w{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(model.weights)}
        np.savez(file, **weights, **told(look(model, x)))
    there = np.load(file)
    model.set_weights([there[f"w{i}"] for i in range(len(model.weights))])
    for key, value in told(look(model, x)).items():
        np.testing.assert_allclose(value, there[key], rtol=1e-5, atol=1e-5, err_msg=key)


def told(seen):
    found = {}
    for name, each in seen.recurrences.items():
        found |= {f"{name} {k} act": v.values for k, v in each.activations.items()}
        found |= {f"{name} {k} back": v.values for k, v in each.gradients.items()}
    return found
