"""The GRU's recurrence on arrays: the best XLA form, and the plain steps as its oracle."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from normcast.kernels.masks import Masks, kept, per_gate

Result = tuple[Any, Any]
GATES = 3


def gru(
    x: Any,
    h0: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    *,
    mask: Any = None,
    masks: Masks = Masks(),  # noqa: B008  (frozen)
    reset_after: bool = True,
    form: str | None = None,
) -> Result:
    """Run a GRU over time: h' = z * h + (1 - z) * tanh(x W_h + r * (h U_h)).

    Gates stand in Keras' order z, r, h; z and r pass through the sigmoid.
    x: (batch, time, features); h0: (batch, units); kernel: (features, 3 units);
    recurrent_kernel: (units, 3 units); bias: (2, 3 units), of the input and of the state, or (3 units,), of
    the input, or None.
    reset_after: whether r acts on h U_h, as above, or on h itself.
    mask: (batch, time), False where a step is to be skipped: the state stays, and is the output.
    masks: dropout, and zoneout as keep_h, see `Masks`. form: "xla" or "steps"; None takes the faster.
    Returns (outputs (batch, time, units), h), differentiable in the arrays up to bias.

    >>> outputs, h = gru(*(jnp.zeros(s) for s in [(2, 5, 3), (2, 4), (3, 12), (4, 12), (2, 12)]))
    >>> outputs.shape, h.shape
    ((2, 5, 4), (2, 4))
    """
    units = recurrent_kernel.shape[0]
    shifts = jnp.zeros((2, GATES * units), kernel.dtype)
    if bias is not None:
        shifts = bias if bias.ndim == 2 else shifts.at[0].set(bias)
    masks = Masks(masks.inputs, masks.states, kept(mask, masks.keep_h, units))
    if mask is not None:  # NaN in steps that are skipped must not reach the gradients
        x = jnp.where(jnp.asarray(mask, bool)[..., None], x, 0)
    joined = reset_after and not masks.are_per_gate and form != "steps"
    step = _joined(kernel, recurrent_kernel, shifts, masks) if joined else None
    step = step or _plain(kernel, recurrent_kernel, shifts, masks, reset_after)
    return _over_time(step, x, h0, masks)


def _over_time(step: Any, x: Any, h0: Any, masks: Masks) -> Result:
    @jax.checkpoint
    def kept_step(h: Any, now: Any) -> Any:
        x_t, keep = now
        new = step(x_t, h)
        new = new if keep is None else keep * h + (1 - keep) * new
        return new, new

    h, outputs = lax.scan(kept_step, h0, jax.tree.map(lambda a: jnp.swapaxes(a, 0, 1), (x, masks.keep_h)))
    return jnp.swapaxes(outputs, 0, 1), h


def _plain(kernel: Any, recurrent_kernel: Any, shifts: Any, masks: Masks, reset_after: bool) -> Any:
    """Return the step as it stands in the textbook."""
    into, over = jnp.split(kernel, GATES, -1), jnp.split(recurrent_kernel, GATES, -1)
    on_x, on_h = per_gate(masks.inputs, GATES, 1.0), per_gate(masks.states, GATES, 1.0)
    b_x, b_h = jnp.split(shifts[0], GATES), jnp.split(shifts[1], GATES)

    def step(x: Any, h: Any) -> Any:
        z_x = [(x * on_x[gate]) @ into[gate] + b_x[gate] for gate in range(GATES)]
        z, r = (jax.nn.sigmoid(z_x[gate] + (h * on_h[gate]) @ over[gate] + b_h[gate]) for gate in (0, 1))
        from_h = (
            r * ((h * on_h[2]) @ over[2] + b_h[2]) if reset_after else (r * h * on_h[2]) @ over[2] + b_h[2]
        )
        return z * h + (1 - z) * jnp.tanh(z_x[2] + from_h)

    return step


def _joined(kernel: Any, recurrent_kernel: Any, shifts: Any, masks: Masks) -> Any:
    """Return the step with one product: columns z, r, the candidate's input and the candidate's state."""
    units = recurrent_kernel.shape[0]
    none = jnp.zeros_like
    w, u = kernel[:, 2 * units :], recurrent_kernel[:, 2 * units :]
    top = jnp.concatenate([kernel[:, : 2 * units] / 2, w, none(w)], -1)
    low = jnp.concatenate([recurrent_kernel[:, : 2 * units] / 2, none(u), u], -1)
    weights = jnp.concatenate([top, low])
    both = (shifts[0] + shifts[1])[: 2 * units] / 2
    bias = jnp.concatenate([both, shifts[0][2 * units :], shifts[1][2 * units :]])

    def step(x: Any, h: Any) -> Any:
        seen = h if masks.states is None else h * masks.states
        x = x if masks.inputs is None else x * masks.inputs
        a = jnp.concatenate([x, seen], -1) @ weights + bias
        # sigmoid(a) = tanh(a / 2) / 2 + 1 / 2; the halves are in the weights.
        gates = 0.5 * jnp.tanh(a[:, : 2 * units]) + 0.5
        z, r = gates[:, :units], gates[:, units:]
        return z * h + (1 - z) * jnp.tanh(a[:, 2 * units : 3 * units] + r * a[:, 3 * units :])

    return step
