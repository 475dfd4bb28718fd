from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from normcast.kernels import Norm, lstm_norm, native
from tests.kernels.test_lstm import arrays, some_masks
from tests.short import every


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


CASES = [
    ((7, 3, 15, 3), "layer", "xhc", "none", False),
    ((70, 3, 24, 2), "layer", "xhc", "all", True),
    ((5, 4, 16, 9), "rms", "xhc", "gates", False),
    ((9, 4, 20, 17), "rms", "h", "gates", True),
    ((5, 3, 17, 4), "layer", "xhc", "gates", False),
    ((6, 3, 9, 2), "layer", "c", "tied", False),
    ((9, 4, 20, 5), "batch", "xhc", "all", False),
    ((40, 3, 40, 3), "batch", "h", "gates", False),
    ((5, 3, 16, 2), "batch", "xhc", "none", True),
]


def assert_close(expected, got):
    for one, two in zip(jax.tree.leaves(expected), jax.tree.leaves(got), strict=True):
        # Ten times what was seen, against the largest entry: a norm amplifies rounding.
        np.testing.assert_allclose(two, one, rtol=5e-6, atol=5e-6 * float(jnp.max(jnp.abs(one))) + 1e-6)


@pytest.mark.parametrize(("sizes", "kind", "which", "masked", "gate"), every(4, CASES))
def test_each_form_equals_the_plain_steps(form, sizes, kind, which, masked, gate):
    args, scales, masks = arrays(*sizes), gammas(sizes[2], which), some_masks(*sizes, masked)
    norm = {"kind": kind, "per_gate": gate, "epsilon": 1e-3}
    expected = value_and_gradients("steps", args, scales, masks, **norm)
    assert_close(expected, value_and_gradients(form, args, scales, masks, **norm))


@pytest.mark.parametrize(
    ("sizes", "kind", "masked", "gate"),
    [
        ((7, 3, 15, 3), "layer", "none", False),
        ((9, 4, 20, 17), "rms", "gates", False),
        ((9, 4, 7, 40), "layer", "all", True),
    ],
)
def test_gradients_are_the_same_where_nobody_asks_for_that_of_the_input(form, sizes, kind, masked, gate):
    (x, *args), scales, masks = arrays(*sizes), gammas(sizes[2]), some_masks(*sizes, masked)

    def loss(form, args, scales):
        norm = Norm(kind, **scales, per_gate=gate, epsilon=1e-3)
        return jnp.sum(jnp.sin(lstm_norm(x, *args, norm, masks=masks, form=form)[0]))

    expected, got = (
        jax.jit(jax.grad(partial(loss, each), argnums=(0, 1)))(args, scales) for each in ("steps", form)
    )
    assert_close(expected, got)


@pytest.mark.parametrize("masked", ["all", "gates"])
def test_gates_computed_again_equal_gates_kept(monkeypatch, masked):
    if not native.is_available():
        pytest.skip("no C++ compiler here")
    args, scales, masks = arrays(33, 7, 12, 4), gammas(12), some_masks(33, 7, 12, 4, masked)
    kept = value_and_gradients("native", args, scales, masks, kind="rms", epsilon=1e-3)
    monkeypatch.setattr(native, "KEPT", 0)
    assert_close(kept, value_and_gradients("native", args, scales, masks, kind="rms", epsilon=1e-3))


def test_rows_that_nearly_vanish_in_the_product_are_normalized_alike(form):
    """Features that nearly cancel: the length of a row is a small difference of large terms."""
    args = list(arrays(6, 5, 16, 4))
    args[0] = args[0].at[..., 1].set(-args[0][..., 0] + 1e-2 * args[0][..., 1])
    args[3] = args[3].at[1].set(args[3][0])
    scales, norm = gammas(16), {"kind": "layer", "epsilon": 1e-5}
    expected, got = (lstm_norm(*args, Norm(**scales, **norm), form=f)[0] for f in ("steps", form))
    np.testing.assert_allclose(got, expected, atol=2e-5)


def test_statistics_are_those_of_each_steps_batch(form):
    args, scales = arrays(8, 3, 10, 4), gammas(10)
    expected, told = (lstm_norm(*args, Norm("batch", **scales), form=f)[3] for f in ("steps", form))
    assert set(told) == {"input", "recurrent", "cell"}
    product = jnp.einsum("btf,fk->btk", args[0], args[3])
    np.testing.assert_allclose(told["input"][0], product.mean(0), rtol=1e-5, atol=1e-6)
    for one, two in zip(jax.tree.leaves(expected), jax.tree.leaves(told), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-4, atol=1e-5)


def test_a_scale_of_another_size_is_refused_by_name(form):
    args = arrays(3, 2, 8, 2)
    with pytest.raises(ValueError, match=r"gamma_h has shape \(8,\), but must have \(32,\)"):
        lstm_norm(*args, Norm("layer", gamma_h=jnp.ones(8)), form=form)
