"""A look in each precision that a network may have, and beside the native kernels and without them."""

import keras
import numpy as np
import pytest

from normcast.layers import GRU, LSTM
from normcast.probes import Objective, look, read
from normcast.probes.watching import Watcher
from tests.layers.backends import BACKEND, numpy

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(4, 5, 2)).astype("float32"), RNG.normal(size=(4, 1)).astype("float32")
LAST_BIT = {"mixed_float16": 2**-11, "mixed_bfloat16": 2**-8, "bfloat16": 2**-8, "float64": 2**-24}


START = {"recurrent_initializer": "glorot_uniform"}  # none is orthogonal in bfloat16


def network(policy="float32"):
    keras.utils.set_random_seed(0)
    entrance = keras.Input((5, 2), dtype="float32")
    x = keras.layers.LSTM(3, return_sequences=True, name="theirs", dtype=policy, **START)(entrance)
    x = GRU(3, norm="layer", name="ours", dtype=policy, **START)(x)
    return keras.Model(entrance, keras.layers.Dense(1, dtype=policy)(x))


def told(seen):
    """Return every value of every step that was seen, by its name."""
    found = {"outputs": seen.outputs, **seen.gradients}
    for name, each in seen.recurrences.items():
        found |= {f"{name} {k}": v.values for k, v in each.activations.items()}
        found |= {f"{name} back {k}": v.values for k, v in each.gradients.items()}
        found[f"{name} carried"] = each.carried
    return found


@pytest.fixture(scope="module")
def plain():
    """A network in single precision, and what is seen in it."""
    net = network()
    return net, look(net, X, Y, loss="mse")


@pytest.mark.parametrize(
    "policy", ["mixed_float16", *(pytest.param(each, marks=pytest.mark.slow) for each in list(LAST_BIT)[1:])]
)
def test_a_network_of_another_precision_is_looked_into_in_its_own(policy, plain):
    (net, one), other = plain, network(policy)
    other.set_weights(net.get_weights())
    two = look(other, X, Y, loss="mse")
    near = 32 * LAST_BIT[policy]  # some tens of roundings behind one another
    assert two.outputs == pytest.approx(numpy(other(X)), abs=near)
    there = told(two)
    for (name, value), found in zip(told(one).items(), there.values(), strict=True):
        assert np.abs(found - value).max() <= near * np.abs(value).max(), name
    for name, each in two.recurrences.items():
        assert read(each).verdict == read(one.recurrences[name]).verdict
        assert np.isfinite(each.weight("recurrent", each.gates[0]).spectral_radius)


def test_a_watcher_counts_more_steps_than_half_precision_holds():
    lstm = keras.layers.LSTM(1, name="lstm", dtype="mixed_float16")
    net = keras.Sequential([keras.Input((100, 1)), keras.layers.Masking(), lstm, keras.layers.Dense(1)])
    x = np.full((700, 100, 1), 1e-3, "float32")
    x[0, 50:] = 0
    weights = [numpy(v) for v in net.trainable_weights]
    told = Watcher(net, x, None, Objective(net, None)).note(1, weights, weights)
    mean, *ends = told["gates"]["lstm"]["f"]
    assert mean == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-3)  # the bias of a fresh forget gate is 1
    assert ends == [0, 0]
    assert np.isfinite(told["gradients"]["lstm"]).all()


@pytest.mark.skipif(BACKEND != "jax", reason="only JAX has the native kernels")
def test_a_look_is_the_same_with_the_native_kernels_and_without(monkeypatch):
    from normcast.kernels import native

    answers, available = [], native.is_available

    def answer():
        answers.append(available())
        return answers[-1]

    monkeypatch.setattr(native, "is_available", answer)

    def seen():
        keras.utils.set_random_seed(0)
        front = LSTM(8, norm="layer", return_sequences=True, name="front")
        behind = [
            keras.layers.LayerNormalization(name="norm"),
            LSTM(8, name="last"),
            keras.layers.Dense(1, name="head"),
        ]
        net = keras.Sequential([keras.Input((12, 4)), front, *behind], name="net")
        x = np.random.default_rng(1).normal(size=(16, 12, 4)).astype("float32")
        return told(look(net, x, x[:, 0, :1], loss="mse", layers=["front"])), net(x)

    on, outputs = seen()
    if not any(answers):
        pytest.skip("the native kernels do not run here")
    answers.clear()
    with native.left_out():
        off, _ = seen()
    assert answers
    assert not any(answers)
    for name, value in on.items():
        assert off[name] == pytest.approx(value, rel=1e-5, abs=1e-5), name
    assert on["outputs"] == pytest.approx(numpy(outputs), abs=1e-5)
