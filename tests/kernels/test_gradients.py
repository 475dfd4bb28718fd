import jax
import jax.numpy as jnp
import pytest

from normcast.kernels import Norm, gru, lstm, lstm_norm
from tests.kernels.test_lstm import arrays, assert_close, some_masks
from tests.short import in_turn

SIZES = (9, 4, 20, 5)
SCALES = {name: jnp.linspace(0.5, 1.5, 80) for name in ("gamma_x", "gamma_h")}
KERNELS = {
    "lstm": lambda args, **settings: lstm(*args, **settings)[0],
    "lstm, layer": lambda args, **settings: lstm_norm(*args, Norm("layer", **SCALES), **settings)[0],
    "lstm, batch": lambda args, **settings: lstm_norm(*args, Norm("batch", **SCALES), **settings)[0],
    "gru": lambda args, **settings: gru(
        *args[:2], *(a[..., :60] for a in args[3:5]), jnp.stack([args[5][:60]] * 2), **settings
    )[0],
}


@pytest.mark.parametrize(("kernel", "kind"), in_turn(list(KERNELS), ["none", "gates"]))
def test_gradients_are_the_same_where_that_of_the_input_is_not_asked_for(form, kernel, kind):
    args, masks = arrays(*SIZES), some_masks(*SIZES, kind)
    if kernel == "gru" and kind == "gates":
        masks = type(masks)(masks.inputs[:3], masks.states[:3])

    def loss(x, rest):
        return jnp.sum(jnp.cos(KERNELS[kernel]((x, *rest), masks=masks, form=form)))

    _, expected = jax.jit(jax.grad(loss, argnums=(0, 1)))(args[0], args[1:])
    got = jax.jit(jax.grad(loss, argnums=1))(args[0], args[1:])
    assert_close(expected, got)
