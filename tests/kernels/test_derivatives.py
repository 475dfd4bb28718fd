"""Every derivative that JAX takes, of every form: equal to that of the plain steps."""

from itertools import product

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest

from tests.kernels.test_gradients import KERNELS
from tests.kernels.test_lstm import arrays, assert_close, some_masks
from tests.short import every, in_turn

SIZES = (5, 3, 20, 3)


def energy(kernel, form):
    """A number that depends on every argument that has a gradient, in curves."""
    masks = some_masks(*SIZES, "tied")

    def of(args):
        return jnp.sum(jnp.cos(KERNELS[kernel](args, masks=masks, form=form)))

    return of


def hessian_product(of, args, along):
    return jax.jvp(jax.grad(of), (args,), (along,))[1]


def penalty(of, args, along):
    """The gradient of the gradient's length."""
    return jax.grad(lambda args: sum(jnp.sum(g**2) for g in jax.grad(of)(args)))(args)


def twice_forward(of, args, along):
    return jax.jvp(lambda args: jax.jvp(of, (args,), (along,))[1], (args,), (along,))[1]


def for_each(of, args, along):
    """The gradient of each of three, and of their sum."""
    many = tuple(jnp.stack([a, a + 0.1 * b, b]) for a, b in zip(args, along, strict=True))
    return jax.vmap(jax.grad(of))(many), jax.grad(lambda many: jax.vmap(of)(many).sum())(many)


def shared(of, args, along):
    """The gradient where three inputs share their weights."""
    x, *rest = args
    many = jnp.stack([x, along[0], x + along[0]])
    return jax.grad(lambda rest: jax.vmap(lambda x: of((x, *rest)))(many).sum())(rest)


DERIVATIVES = {
    "forward": lambda of, args, along: jax.jvp(of, (args,), (along,))[1],
    "linearized": lambda of, args, along: jax.linearize(of, args)[1](along),
    "hessian": hessian_product,
    "gradient of a gradient": penalty,
    "mapped": for_each,
    "forward twice": twice_forward,
    "mapped with shared weights": shared,
    "computed again": lambda of, args, along: jax.grad(jax.checkpoint(of))(args),
}


FORMS = list(product(KERNELS, ["native", "xla"]))


@pytest.mark.parametrize(
    ("way", "kernel", "form"), in_turn(list(DERIVATIVES), FORMS, step=2), indirect=["form"]
)
def test_derivatives(kernel, form, way):
    args, along = arrays(*SIZES), arrays(*SIZES, seed=1)
    derive = jax.jit(lambda form_, *rest: DERIVATIVES[way](energy(kernel, form_), *rest), static_argnums=0)
    expected, got = derive("steps", args, along), derive(form, args, along)
    for one, two in zip(jax.tree.leaves(expected), jax.tree.leaves(got), strict=True):
        # A second derivative adds a second time, and a batch's deviation stands in it to the third power.
        np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-5 * float(jnp.max(jnp.abs(one))) + 1e-7)


@pytest.mark.parametrize(
    ("kernel", "way", "form"),
    in_turn(list(KERNELS), list(product(["value", "gradient"], ["native", "xla"]))),
    indirect=["form"],
)
def test_what_is_exported_runs_without_the_kernels(kernel, form, way):
    """A program for another machine carries operations of XLA alone, and computes the same."""
    of, args = energy(kernel, form), arrays(*SIZES)
    run = jax.jit(of if way == "value" else jax.grad(of))
    exported = jax.export.export(run)(args)
    assert "custom_call @normcast" not in exported.mlir_module()
    assert_close(run(args), exported.call(args))


@pytest.mark.parametrize("kernel", every(2, list(KERNELS)))
def test_a_program_may_be_exported_for_any_batch(kernel):
    x, h0, c0, *weights = arrays(*SIZES)
    rows = jax.export.symbolic_shape("b")[0]
    shapes = [jax.ShapeDtypeStruct((rows, *a.shape[1:]), a.dtype) for a in (x, h0, c0)]
    run = jax.jit(lambda *states: KERNELS[kernel]((*states, *weights)))
    exported = jax.export.export(run)(*shapes)
    for batch in (2, 5):
        given = arrays(batch, *SIZES[1:])[:3]
        assert_close(run(*given), exported.call(*given))
