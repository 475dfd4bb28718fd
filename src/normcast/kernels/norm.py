"""Norm: which terms of an LSTM are normalized, and what is told of it."""

from dataclasses import dataclass

from jax import lax
from jaxtyping import Array, Float

from normcast.kernels.lstm import GATES, Bias, Kernel, Recurrent, State
from normcast.kernels.normalization import Moments

Weights = tuple[Kernel, Recurrent, Bias]
Statistics = dict[str, tuple[Float[Array, "time _"], Float[Array, "time _"]]]
Result = tuple[Float[Array, "batch steps units"], State, State, Statistics]


@dataclass(frozen=True, eq=False)
class Norm:
    """Which terms of an LSTM are normalized, and how they are scaled after; not those without gamma.

    kind: "layer", "rms" or "batch", with statistics of each time step's batch, as in training.
    gamma_x, gamma_h: of x W and h U; gamma_c, beta_c: of the cell where it is read.
    per_gate: whether each gate has statistics of its own ("layer" and "rms"). epsilon: added to variances.
    """

    kind: str
    gamma_x: Float[Array, " gate_units"] | None = None
    gamma_h: Float[Array, " gate_units"] | None = None
    gamma_c: Float[Array, " units"] | None = None
    beta_c: Float[Array, " units"] | None = None
    per_gate: bool = False
    epsilon: float = 1e-5

    @property
    def parts(self) -> int:
        """How many parts of a row have statistics of their own ("layer" and "rms")."""
        return GATES if self.per_gate and self.kind != "batch" else 1


def said(told: dict[str, Moments]) -> Statistics:
    """Return the statistics of the terms that have some, without gradients."""
    return {name: lax.stop_gradient(pair) for name, pair in told.items() if pair}
