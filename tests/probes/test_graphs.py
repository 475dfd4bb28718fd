"""Networks of every build are looked into: gradients, gates and states are those of the papers' loops."""

import contextlib

import keras
import numpy as np
import pytest

from normcast.probes import look
from tests.layers.backends import BACKEND
from tests.probes.graphs import CASES, GRAPHS, Loops
from tests.probes.test_unchanged import same, state_of
from tests.probes.textbook import agree


@contextlib.contextmanager
def float64():
    """Let Keras compute in double precision in this block."""
    before, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        with contextlib.ExitStack() as stack:
            if BACKEND == "jax":
                import jax

                stack.enter_context(jax.enable_x64(True))
            yield
    finally:
        keras.config.set_floatx(before)
        keras.config.set_dtype_policy(policy)


def squares(y, found):
    """Return the sum of squares over the channels: Keras' own mean is one in single precision."""
    return keras.ops.sum(keras.ops.square(found - y), axis=-1)


def network(name):
    """Return the network of that graph with weights drawn by chance, what it reads, and targets."""
    given, rng = GRAPHS[name], np.random.default_rng(1)
    keras.utils.set_random_seed(0)
    entrance = keras.Input(given.shape, batch_size=CASES if given.fixed else None)
    outputs = given.build(entrance)
    model = keras.Model(entrance, outputs)
    model.compile("sgd", squares)
    for v in model.trainable_variables:
        v.assign(rng.uniform(-0.9, 0.9, v.shape))
    for v in model.non_trainable_variables:
        if "state" in v.path:
            v.assign(rng.uniform(-0.5, 0.5, v.shape))
    x = rng.normal(size=(CASES, *given.shape)).astype(keras.config.floatx())
    if given.valid is not None:
        x[~given.valid] = 0
    y = [rng.normal(size=(CASES, *each.shape[1:])).astype(x.dtype) for each in model.outputs]
    return model, x, y if len(y) > 1 else y[0]


def loss_of(name, model, x, y):
    """Return the function from what is moved to the loss, all of it in numpy."""

    run = Loops(model)

    def loss(moved):
        run.moved = moved
        found = GRAPHS[name].double(run, x.astype("float64"))
        if isinstance(y, list):
            return sum(
                np.mean(np.sum((one - other) ** 2, axis=-1)) for one, other in zip(found, y, strict=True)
            )
        found, valid = found if isinstance(found, tuple) else (found, None)
        each = np.sum((found - y) ** 2, axis=-1)
        return np.mean(each if valid is None else each[valid])

    return loss


FEW = (
    "both directions gru concat masked",
    "stacked cells",
    "our decoder, masked",
    "slices of a layer",
)  # in the short form


@pytest.mark.parametrize(
    "name", [name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in GRAPHS]
)
def test_gradients_are_finite_differences_of_the_network_in_numpy(name):
    with float64():
        model, x, y = network(name)
        _, before = state_of(model)
        seen = look(model, x, y)
        same(((), before), ((), state_of(model)[1]))  # weights, states and seeds, bit for bit
        loss = loss_of(name, model, x, y)
        assert seen.value == pytest.approx(loss({}), rel=1e-6)  # torch's Keras reduces it in single precision
        assert agree(seen, loss) > 0


@pytest.mark.slow
def test_slices_are_cases_and_this_is_said():
    name = "slices of a layer"
    model, x, y = network(name)
    seen = look(model, x, y, keep=1)
    inner = seen.recurrences["slices/inner"]
    assert list(seen.recurrences) == ["slices/inner", "outer"]
    assert inner.slices == 3
    assert inner.activations["h"].values.shape == (3, 4, 2)  # of the case that was kept
    assert inner.activations["h"].count.tolist() == [CASES * 3] * 4
    assert seen.recurrences["outer"].slices == 1
    assert "a case of its own in slices/inner" in " ".join(seen.notes)
