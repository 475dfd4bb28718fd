"""A one-dimensional convolution as one matrix product: several times faster than XLA's own on the CPU.

Mapped over replicas it is a batch of products, where XLA's own would be one with groups of channels.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from normcast.kernels import platform
from normcast.kernels.fused import Fused, Primal


def convolution(
    x: Float[Array, "batch time channels"],
    kernel: Float[Array, "size channels filters"],
    stride: int = 1,
    dilation: int = 1,
) -> Float[Array, "batch new_time filters"]:
    """Convolve over time without padding: y_t = sum over j of x_(t stride + j dilation) W_j.

    >>> convolution(jnp.ones((1, 5, 2)), jnp.ones((3, 2, 4))).shape
    (1, 3, 4)
    """
    size, channels, filters = kernel.shape
    steps = (x.shape[1] - (size - 1) * dilation - 1) // stride + 1
    last = (steps - 1) * stride + 1
    taps = [x[:, j * dilation : j * dilation + last : stride] for j in range(size)]
    rows = jnp.concatenate(taps, -1).reshape(-1, size * channels)
    # Elsewhere JAX's own gradient, which under vmap does not copy the rows that all replicas share.
    (outputs,) = _filtered(None, rows, kernel) if platform.is_cpu() else _product(None, rows, kernel)
    return outputs.reshape(x.shape[0], steps, filters)


def _product(_: None, rows: Primal, kernel: Primal) -> list[Array]:
    return [jnp.matmul(rows, kernel.reshape(-1, kernel.shape[-1]))]


def _backward(
    _: None, arrays: tuple[Primal, Primal], __: list[Array], cotangents: list[Array], ___: bool
) -> tuple[Array, Array]:
    """Return the gradients; that of the kernel as (filters, size * channels), whose rows fill vectors."""
    (rows, kernel), (d,) = arrays, cotangents
    size, channels, filters = kernel.shape
    d_kernel = (d.T @ rows).reshape(filters, size, channels).transpose(1, 2, 0)
    d_rows = d @ kernel.reshape(-1, filters).T
    return d_rows, d_kernel


def _forward(_: None, *arrays: Primal) -> tuple[list[Array], list[Array]]:
    return _product(_, *arrays), []


_filtered = Fused(_product, _forward, _backward, _product, is_portable=True)
