"""What may act inside a recurrence besides its weights: dropout masks, and states that are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Shaped


@dataclass(frozen=True, eq=False)
class Masks:
    """What acts inside a recurrence, drawn before it starts. Any may be None.

    inputs, states: multiply the input and the state before the gates' products, the same at every step;
    one for all gates, or with a first axis of gates.
    keep_h, keep_c: how much of the old state stays, within 0 and 1; 1 at steps that are masked, 0 or 1 for
    zoneout in training, its rate at inference.
    """

    inputs: Float[Array, "... batch features"] | None = None
    states: Float[Array, "... batch units"] | None = None
    keep_h: Float[Array, "batch time units"] | None = None
    keep_c: Float[Array, "batch time units"] | None = None

    @property
    def per_gate(self) -> tuple[bool, bool]:
        """Whether the gates have masks of their own for the inputs, and for the states."""
        inputs, states = (mask is not None and mask.ndim == 3 for mask in (self.inputs, self.states))
        return inputs, states

    @property
    def are_per_gate(self) -> bool:
        """Whether the gates have masks of their own for any."""
        return any(self.per_gate)

    def stacked(self, gates: int) -> list[Array]:
        """Return all four as the native kernels read them: a mask for each of the gates, empty for None.

        They have no gradients.
        """
        wide = [
            mask if mask is None or mask.ndim == 3 else jnp.broadcast_to(mask, (gates, *mask.shape))
            for mask in (self.inputs, self.states)
        ]
        return lax.stop_gradient([or_empty(a) for a in (*wide, self.keep_h, self.keep_c)])

    @classmethod
    def unstacked(cls, arrays: Sequence[Any]) -> "Masks":
        """Return the masks that `stacked` gave these of."""
        inputs, states, keep_h, keep_c = map(or_none, arrays)
        inputs, states = (one if one is None or len(one) > 1 else one[0] for one in (inputs, states))
        return cls(inputs, states, keep_h, keep_c)


def or_empty(a: Array | None) -> Float[Array, "..."]:
    """Return what a native kernel takes for an array that may be None."""
    return jnp.zeros(0, jnp.float32) if a is None else jnp.asarray(a, jnp.float32)


def or_none(a: Any) -> Any:
    """Return an array, or None for what `or_empty` takes for it."""
    return None if a.shape == (0,) else a


def kept(
    mask: Shaped[Array | np.ndarray, "batch time"] | None,
    keep: Float[Array, "batch time {units}"] | None,
    units: int,
) -> Float[Array, "batch time {units}"] | None:
    """Join a mask of steps, True where there is data, and a zoneout into one keep, or None."""
    if mask is None:
        return keep
    masked = 1.0 - jnp.asarray(mask, "float32")[..., None]
    if keep is None:
        return jnp.broadcast_to(masked, (*mask.shape, units))
    return jnp.maximum(masked, keep)


def per_gate(mask: Array | None, gates: int, default: float | None) -> list[Any]:
    """Return one mask per gate."""
    if mask is None:
        return [default] * gates
    return list(mask) if mask.ndim == 3 else [mask] * gates
