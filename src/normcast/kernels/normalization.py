"""Normalization of an array, and its gradient from what it gave."""

from dataclasses import dataclass
from typing import Any

from jax import lax
from jaxtyping import Array, Float, PyTree

from normcast.kernels.fused import Fused

Moments = tuple[()] | tuple[Float[Array, "*steps columns"], Float[Array, "*steps columns"]]


@dataclass(frozen=True)
class Normalization:
    """What is normalized together: (z - mean) / sqrt(variance + epsilon), without scale and shift.

    kind: "batch", over the last axis but one; "layer", over the last; "rms", over the last, about zero.
    parts: of the last axis, each with statistics of its own ("layer" and "rms").

    >>> from jax import numpy as jnp
    >>> Normalization("layer")(jnp.array([[1.0, 3.0]]))[0].tolist()
    [[-1.0, 1.0]]
    """

    kind: str
    parts: int = 1
    epsilon: float = 0.0

    def __call__(self, z: Float[Array, "*rows columns"]) -> tuple[Float[Array, "*rows columns"], Moments]:
        """Return z normalized, and (mean, variance) for "batch", else nothing, which have no gradient."""
        y, *told = _normalized(self, z)
        return y, (told[0], told[1]) if told else ()

    def forward(
        self, z: Float[Array, "*rows columns"]
    ) -> tuple[tuple[Float[Array, "*rows columns"], Array], Moments]:
        """Return (z normalized, 1 / standard deviations), which `backward` wants, and the statistics."""
        y = self._split(z)
        mean: Any = self._mean(y) if self.kind != "rms" else 0.0
        y = y - mean
        variance = self._mean(y * y)
        inverse = lax.rsqrt(variance + self.epsilon)
        told = (mean.squeeze(-2), variance.squeeze(-2)) if self.kind == "batch" else ()
        return ((y * inverse).reshape(z.shape), inverse), told

    def backward(
        self, normed: tuple[Float[Array, "*rows columns"], Array], d_y: Float[Array, "*rows columns"]
    ) -> Float[Array, "*rows columns"]:
        """Return the gradient of z, from that of what it became."""
        y, inverse = normed
        shape, y, d_y = y.shape, self._split(y), self._split(d_y)
        d_z = d_y - y * self._mean(d_y * y)
        if self.kind != "rms":
            d_z = d_z - self._mean(d_y)
        return (d_z * inverse).reshape(shape)

    def _split(self, z: Array) -> Array:
        return z if self.parts == 1 else z.reshape(*z.shape[:-1], self.parts, -1)

    def _mean(self, z: Array) -> Array:
        return z.mean(-2 if self.kind == "batch" else -1, keepdims=True)


def _forward(norm: Normalization, z: Array) -> tuple[list[Array], list[Array]]:
    normed, told = norm.forward(z)
    return [normed[0], *lax.stop_gradient(told)], [*normed]


def _backward(
    norm: Normalization, _: PyTree, normed: list[Array], cotangents: list[Array], __: bool
) -> tuple[Array]:
    return (norm.backward((normed[0], normed[1]), cotangents[0]),)


def _results(norm: Normalization, z: Array) -> list[Array]:
    return _forward(norm, z)[0]


_normalized = Fused(_results, _forward, _backward, _results, is_portable=True)
