"""Layer and RMS normalization inside a recurrence, done to the rows before the products, not to the products.

Of z = a W with n columns, sum(z**2) / n is a' G a with G = W W' / n. So z / sqrt(mean(z**2) + epsilon) is the
product of W with a / sqrt(a' G a + epsilon): a small quadratic form, and z is never looked at. Layer
normalization is the same with weights whose rows have a mean of zero. Scales go into W. Everything but the
division is linear algebra outside the recurrence, where gradients come by themselves.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jax import lax

from normcast.kernels.masks import or_empty


@dataclass(frozen=True, eq=False)
class Inside:
    """What normalizes inside the native recurrence besides its weights; nothing by default.

    metric_x, metric_h: (groups, features, features) and (groups, units, units), or None; each row a of the
    input and of the state becomes a / sqrt(a' G a + epsilon) before its product. One group, or one per gate.
    is_per_gate: whether each group has a length of its own, else there is one for all.
    gamma, beta: (units,), or None: the cell is normalized where it is read, over its units.
    center: whether the cell's mean is taken off.
    """

    metric_x: Any = None
    metric_h: Any = None
    gamma: Any = None
    beta: Any = None
    is_per_gate: bool = False
    center: bool = True
    epsilon: float = 0.0

    def stacked(self) -> list[Any]:
        """Return the arrays as the native kernel reads them, empty for None."""
        return [or_empty(a) for a in (self.metric_x, self.metric_h, self.gamma, self.beta)]


def folded(kernel: Any, gamma: Any, *, center: bool, per_gate: bool, groups: int) -> tuple[Any, Any]:
    """Return weights (rows, 4 units) that bring normalization along, and the metric of their rows.

    center: for layer normalization; the gates must then read the same rows, or have statistics of their own.
    """
    if gamma is None:
        return kernel, None
    if center:
        kernel = _centred(kernel, 4 if per_gate else 1)
    parts = kernel.reshape(len(kernel), groups, -1)
    count = parts.shape[-1] if per_gate else kernel.shape[-1]
    metric = jnp.einsum("kgc,lgc->gkl", parts, parts, precision=lax.Precision.HIGHEST) / count
    return kernel * gamma, metric


def _centred(kernel: Any, parts: int) -> Any:
    """Take the mean of each part off every row."""
    split = kernel.reshape(len(kernel), parts, -1)
    for _ in range(2):  # the second time takes away what rounding left of the mean
        split = split - split.mean(-1, keepdims=True)
    return split.reshape(kernel.shape)
