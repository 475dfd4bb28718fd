import jax
import jax.numpy as jnp
import numpy as np
import pytest

from normcast.kernels import elu, selu

POINTS = np.concatenate([-np.logspace(-8, 2, 200), [0.0], np.logspace(-8, 2, 200)]).astype("float32")


@pytest.mark.parametrize(("ours", "jax_own"), [(elu, jax.nn.elu), (selu, jax.nn.selu)])
def test_values_and_slopes_are_those_of_expm1_also_near_zero(ours, jax_own):
    np.testing.assert_allclose(ours(POINTS), jax_own(POINTS), rtol=1e-6)
    slopes = [jax.vmap(jax.grad(function))(POINTS[POINTS != 0]) for function in (ours, jax_own)]
    # Far below zero a slope is exp(x), the difference of two numbers near one.
    np.testing.assert_allclose(*slopes, rtol=1e-6, atol=3e-7)


@pytest.mark.parametrize("function", [elu, selu])
def test_what_is_not_finite_stays_so_or_saturates(function):
    told = function(jnp.array([jnp.nan, jnp.inf, -jnp.inf]))
    assert np.isnan(told[0])
    assert np.isposinf(told[1])
    np.testing.assert_allclose(told[2], function(jnp.float32(-50)), rtol=1e-6)
    assert np.isfinite(jax.grad(function)(-jnp.inf))
