import jax
import jax.numpy as jnp
import numpy as np
import pytest

from normcast.kernels import Norm, lstm_norm, native
from tests.kernels.test_lstm import arrays, some_masks


def gammas(units, which="xhc"):
    draw = np.random.default_rng(2).normal
    shapes = {"gamma_x": 4 * units, "gamma_h": 4 * units, "gamma_c": units, "beta_c": units}
    drawn = {name: jnp.asarray(0.5 + 0.3 * draw(size=size), "float32") for name, size in shapes.items()}
    return {name: value for name, value in drawn.items() if name[-1] in which}


def value_and_gradients(form, args, scales, masks, **norm):
    def loss(args, scales):
        outputs, h, c, _ = lstm_norm(*args, Norm(**scales, **norm), masks=masks, form=form)
        weights = jnp.cos(jnp.arange(outputs.size, dtype="float32")).reshape(outputs.shape)
        return jnp.sum(outputs * weights) + jnp.sum(jnp.sin(h)) + jnp.sum(c * c)

    return jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))(args, scales)


@pytest.mark.parametrize(
    ("sizes", "kind", "which", "masked", "gate"),
    [
        ((7, 3, 15, 3), "layer", "xhc", "none", False),
        ((70, 3, 24, 2), "layer", "xhc", "all", True),
        ((5, 4, 16, 9), "rms", "xh", "gates", False),
        ((9, 4, 20, 5), "batch", "xhc", "all", False),
        ((40, 3, 40, 3), "batch", "h", "gates", False),
        ((6, 3, 9, 2), "layer", "c", "tied", False),
    ],
)
def test_the_native_form_equals_the_plain_steps(sizes, kind, which, masked, gate):
    if not native.is_available():
        pytest.skip("no C++ compiler here")
    args, scales, masks = arrays(*sizes), gammas(sizes[2], which), some_masks(*sizes, masked)
    norm = {"kind": kind, "per_gate": gate, "epsilon": 1e-3}
    expected = value_and_gradients("steps", args, scales, masks, **norm)
    got = value_and_gradients("native", args, scales, masks, **norm)
    for one, two in zip(jax.tree.leaves(expected), jax.tree.leaves(got), strict=True):
        # Ten times what was seen, against the largest entry: a norm amplifies rounding.
        np.testing.assert_allclose(two, one, rtol=5e-6, atol=5e-6 * float(jnp.max(jnp.abs(one))) + 1e-6)


def test_statistics_are_those_of_each_steps_batch():
    if not native.is_available():
        pytest.skip("no C++ compiler here")
    args, scales = arrays(8, 3, 10, 4), gammas(10)
    told = {form: lstm_norm(*args, Norm("batch", **scales), form=form)[3] for form in ("steps", "native")}
    assert set(told["native"]) == {"input", "recurrent", "cell"}
    product = jnp.einsum("btf,fk->btk", args[0], args[3])
    np.testing.assert_allclose(told["native"]["input"][0], product.mean(0), rtol=1e-5, atol=1e-6)
    for one, two in zip(jax.tree.leaves(told["steps"]), jax.tree.leaves(told["native"]), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-5)
