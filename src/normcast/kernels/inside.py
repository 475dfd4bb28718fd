"""Layer and RMS normalization inside a recurrence, done to the rows before the products, not to the products.

Of z = a W with n columns, sum(z**2) / n is a' G a with G = W W' / n. So z / sqrt(mean(z**2) + epsilon) is the
product of W with a / sqrt(a' G a + epsilon): a small quadratic form, and z is never looked at. Layer
normalization is the same with weights whose rows have a mean of zero. Scales go into W.
"""

from dataclasses import dataclass

from jaxtyping import Array, Float

from normcast.kernels.masks import or_empty


@dataclass(frozen=True, eq=False)
class Inside:
    """What normalizes inside the native recurrence besides its weights; nothing by default.

    gamma_x, gamma_h: the scales of the normalized products of the input and the state.
    gamma, beta: the cell is normalized where it is read, over its units.
    per_gate: whether each gate has statistics of its own, else there is one set for all.
    center: whether means are taken off; then all gates must read the same rows, or be normalized apart.
    """

    gamma_x: Float[Array, " gate_units"] | None = None
    gamma_h: Float[Array, " gate_units"] | None = None
    gamma: Float[Array, " units"] | None = None
    beta: Float[Array, " units"] | None = None
    per_gate: bool = False
    center: bool = True
    epsilon: float = 0.0

    def stacked(self) -> list[Array]:
        """Return the arrays as the native kernel reads them, empty for None."""
        return [or_empty(a) for a in (self.gamma_x, self.gamma_h, self.gamma, self.beta)]
