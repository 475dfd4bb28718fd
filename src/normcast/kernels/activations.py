"""Exponential linear units without XLA's expm1, which the CPU computes number by number."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, arXiv:1706.02515


def elu(x: Float[Array | np.ndarray, "*shape"], alpha: float = 1.0) -> Float[Array, "*shape"]:
    """Return x where it is positive, else alpha (exp(x) - 1), as 2 t / (1 - t) with t = tanh(x / 2).

    >>> elu(jnp.array([1.0, 0.0])).tolist()
    [1.0, 0.0]
    """
    t = jnp.tanh(jnp.minimum(x, 0) / 2)
    return jnp.where(x > 0, x, alpha * (2 * t / (1 - t)))


def selu(x: Float[Array | np.ndarray, "*shape"]) -> Float[Array, "*shape"]:
    """Return the scaled `elu`, which keeps a mean of zero and a variance of one.

    >>> round(float(selu(jnp.array(1.0))), 4)
    1.0507
    """
    return SCALE * elu(x, ALPHA)
