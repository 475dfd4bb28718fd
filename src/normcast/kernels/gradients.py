"""The gradients of a native kernel: its input's is computed only where somebody asks for it."""

from collections.abc import Callable, Hashable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array

# What is differentiated reaches a custom gradient as it was given: by a test or a notebook, from NumPy.
Primal = Array | np.ndarray


def differentiable(run: Callable, forward: Callable, backward: Callable) -> Any:
    """Return run(facts, *arrays) with gradients, the first array being the layer's input.

    facts: hashable. forward(facts, *arrays) returns the results and what to save, which starts with arrays.
    backward(facts, saved, cotangents, shape) returns a gradient for each array, or None; shape is that of the
    input's gradient, (0,) where nobody asks for it.
    """
    kernel = jax.custom_vjp(run, nondiff_argnums=(0,))

    def ahead(facts: Hashable, *primals: Any) -> tuple[Any, Any]:
        results, saved = forward(facts, *(primal.value for primal in primals))
        # Only arrays may be saved: whether the gradient is asked for stands in their structure.
        return results, (saved, () if primals[0].perturbed else None)

    def back(facts: Hashable, saved: Any, cotangents: Any) -> tuple[Array | None, ...]:
        saved, asked = saved
        shape = saved[0][0].shape if asked is not None else (0,)
        dx, *others = backward(facts, saved, jax.tree.map(_filled, cotangents), shape)
        return (None if asked is None else dx, *others)

    kernel.defvjp(ahead, back, symbolic_zeros=True)
    return kernel


def _filled(cotangent: Array | SymbolicZero) -> Array:
    if isinstance(cotangent, SymbolicZero):
        return jnp.zeros(cotangent.shape, cotangent.dtype)
    return cotangent
