import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from normcast.kernels import Masks, gru
from tests.kernels.test_lstm import assert_close


def arrays(batch=4, time=5, units=6, features=3):
    draw = np.random.default_rng(0).normal
    shapes = [
        (batch, time, features),
        (batch, units),
        (features, 3 * units),
        (units, 3 * units),
        (2, 3 * units),
    ]
    return tuple(jnp.asarray(0.5 * draw(size=shape), "float32") for shape in shapes)


def value_and_gradients(args, **settings):
    def loss(*args):
        outputs, h = gru(*args, **settings)
        weights = jnp.cos(jnp.arange(outputs.size, dtype="float32")).reshape(outputs.shape)
        return jnp.sum(outputs * weights) + jnp.sum(jnp.sin(h))

    return jax.jit(jax.value_and_grad(loss, argnums=tuple(range(5))))(*args)


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_recurrence_equals_keras(reset_after):
    args = arrays()
    bias = args[4] if reset_after else args[4][0]
    layer = keras.layers.GRU(6, return_sequences=True, return_state=True, reset_after=reset_after)
    layer.build((4, 5, 3))
    layer.set_weights([np.asarray(a) for a in (*args[2:4], bias)])
    expected = layer(args[0], initial_state=args[1])
    assert_close(list(expected), list(gru(*args[:4], bias, reset_after=reset_after)))


def test_one_product_equals_the_plain_steps():
    args, draw = arrays(), np.random.default_rng(1).random
    masks = Masks(
        jnp.asarray((draw((4, 3)) > 0.2) / 0.8, "float32"),
        jnp.asarray((draw((4, 6)) > 0.2) / 0.8, "float32"),
        jnp.asarray(draw((4, 5, 6)), "float32"),
    )
    assert_close(value_and_gradients(args, masks=masks, form="steps"), value_and_gradients(args, masks=masks))


def test_masked_steps_keep_the_state_and_hide_nan():
    args = arrays(batch=2)
    mask = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1]], bool)
    broken = (jnp.where(mask[..., None], args[0], jnp.nan), *args[1:])
    outputs, h = gru(*broken, mask=mask)
    np.testing.assert_allclose(outputs[0, 2], outputs[0, 4], rtol=1e-6)
    np.testing.assert_allclose(outputs[:, -1], h, rtol=1e-6)
    assert_close(value_and_gradients(args, mask=mask), value_and_gradients(broken, mask=mask))
