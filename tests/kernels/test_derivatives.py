"""Every derivative that JAX takes, of every form: equal to that of the plain steps."""

import os
import subprocess
import sys
from itertools import product

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest

from normcast.kernels import Norm, fused, lstm_norm, native
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


def test_a_call_like_another_is_not_traced_again(form):
    args, norm = arrays(*SIZES), Norm("layer", gamma_c=jnp.ones(SIZES[2]))

    def of(args):
        return jnp.sum(lstm_norm(*args, norm, form=form)[0])

    jax.grad(of)(args)
    before = fused._traced.cache_info().misses
    jax.grad(of)(args)
    assert fused._traced.cache_info().misses == before


@pytest.mark.parametrize("kernel", every(2, list(KERNELS)))
def test_a_gradient_may_be_exported_for_any_batch(kernel):
    x, h0, c0, *weights = arrays(*SIZES)
    rows = jax.export.symbolic_shape("b")[0]
    run = jax.jit(jax.grad(lambda *states: jnp.sum(KERNELS[kernel]((*states, *weights))), argnums=(0, 1)))
    shapes = [jax.ShapeDtypeStruct((rows, *a.shape[1:]), a.dtype) for a in (x, h0, c0)]
    assert_close(run(x, h0, c0), jax.export.export(run)(*shapes).call(x, h0, c0))


def test_without_jit_it_runs_too(form):
    args = arrays(*SIZES)
    expected = jax.grad(energy("lstm", form))(args)
    with jax.disable_jit():
        got = jax.grad(energy("lstm", form))(args)
    assert_close(expected, got)


def test_batch_statistics_of_nothing_have_derivatives(form):
    args = arrays(*SIZES)

    def of(h0):
        return jnp.sum(lstm_norm(args[0], h0, *args[2:], Norm("batch"), form=form)[0])

    expected = jax.grad(of)(args[1])
    _, got = jax.jvp(of, (args[1],), (jnp.ones_like(args[1]),))
    np.testing.assert_allclose(got, jnp.sum(expected), rtol=1e-5)


SPREAD = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, PartitionSpec as P
from tests.kernels.test_derivatives import KERNELS, SIZES, arrays
mesh = Mesh(np.array(jax.devices()), ("b",))
x, h0, c0, *weights = arrays(4, *SIZES[1:])
for kernel in ("lstm", "lstm, layer", "gru"):
    for form in ("xla", "native"):
        def loss(weights, *data):
            return jnp.sum(jnp.cos(KERNELS[kernel]((*data, *weights), form=form)))
        def spread(weights, *data):
            each = jax.shard_map(lambda w, *d: jax.lax.psum(loss(w, *d), "b"), mesh=mesh,
                                 in_specs=(P(), P("b"), P("b"), P("b")), out_specs=P())
            return each(weights, *data)
        expected = jax.grad(loss)(weights, x, h0, c0)
        got = jax.jit(jax.grad(spread))(weights, x, h0, c0)
        for one, two in zip(expected, got, strict=True):
            np.testing.assert_allclose(two, one, atol=1e-5 * float(jnp.max(jnp.abs(one))))
"""


@pytest.mark.skipif(not hasattr(jax, "shard_map"), reason="this JAX has no jax.shard_map")
@pytest.mark.skipif(not native.is_available(), reason="no C++ compiler here")
def test_devices_that_share_weights_share_their_gradients():
    two = os.environ["XLA_FLAGS"] + " --xla_force_host_platform_device_count=2"
    done = subprocess.run(
        [sys.executable, "-c", SPREAD], env={**os.environ, "XLA_FLAGS": two}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
