"""The LSTM's recurrence on arrays: a native kernel on the CPU where it can be built, else the best XLA form.

What was measured is told in docs/engine.md. The plain form, `lstm_steps`, is the oracle of both.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from normcast.kernels import native
from normcast.kernels.masks import Masks, kept, per_gate

Result = tuple[Any, Any, Any]
GATES = 4


def lstm(
    x: Any,
    h0: Any,
    c0: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    *,
    mask: Any = None,
    masks: Masks = Masks(),  # noqa: B008  (frozen)
    form: str | None = None,
) -> Result:
    """Run an LSTM over time: z = x W + h U + b; c' = f * c + i * g; h' = o * tanh(c').

    Gates stand in Keras' order i, f, g, o; i, f, o pass through the sigmoid, g through tanh.
    x: (batch, time, features); h0, c0: (batch, units); kernel: (features, 4 units);
    recurrent_kernel: (units, 4 units); bias: (4 units,) or None.
    mask: (batch, time), False where a step is to be skipped: states stay, the output is the state before.
    masks: dropout and zoneout, see `Masks`. form: "native", "xla" or "steps"; None takes the fastest.
    Returns (outputs (batch, time, units), h, c), differentiable in the arrays up to bias, not in the masks.

    >>> outputs, h, c = lstm(*(jnp.zeros(s) for s in [(2, 5, 3), (2, 4), (2, 4), (3, 16), (4, 16), (16,)]))
    >>> outputs.shape, h.shape
    ((2, 5, 4), (2, 4))
    """
    units = recurrent_kernel.shape[0]
    if bias is None:
        bias = jnp.zeros(GATES * units, kernel.dtype)
    masks = Masks(
        masks.inputs, masks.states, kept(mask, masks.keep_h, units), kept(mask, masks.keep_c, units)
    )
    if mask is not None:  # NaN in steps that are skipped must not reach the gradients
        x = jnp.where(jnp.asarray(mask, bool)[..., None], x, 0)
    runs = {"native": _native, "xla": _xla, "steps": lstm_steps}
    return runs[form or _fastest(x, kernel)](x, h0, c0, kernel, recurrent_kernel, bias, masks)


def _fastest(x: Any, kernel: Any) -> str:
    single = x.dtype == kernel.dtype == jnp.float32
    return "native" if single and native.is_available() else "xla"


# ---- the plain form


def lstm_steps(x: Any, h: Any, c: Any, kernel: Any, recurrent_kernel: Any, bias: Any, masks: Masks) -> Result:
    """Run the recurrence as it stands in the textbook, in any precision: the oracle."""
    into, over, shift = (jnp.split(a, GATES, -1) for a in (kernel, recurrent_kernel, bias))
    on_x, on_h = per_gate(masks.inputs, GATES, 1.0), per_gate(masks.states, GATES, 1.0)
    outputs = []
    for t in range(x.shape[1]):
        z = [
            (x[:, t] * on_x[gate]) @ into[gate] + (h * on_h[gate]) @ over[gate] + shift[gate]
            for gate in range(GATES)
        ]
        i, f, o = (jax.nn.sigmoid(z[gate]) for gate in (0, 1, 3))
        c_new = f * c + i * jnp.tanh(z[2])
        h_new = o * jnp.tanh(c_new)
        h = h_new if masks.keep_h is None else _mixed(masks.keep_h[:, t], h, h_new)
        c = c_new if masks.keep_c is None else _mixed(masks.keep_c[:, t], c, c_new)
        outputs.append(h)
    return jnp.stack(outputs, 1), h, c


def _mixed(keep: Any, old: Any, new: Any) -> Any:
    # Where keep is 1 this is the old value to the bit; old + keep * (new - old) is not.
    return keep * old + (1 - keep) * new


# ---- the XLA form


def _xla(x: Any, h0: Any, c0: Any, kernel: Any, recurrent_kernel: Any, bias: Any, masks: Masks) -> Result:
    """One product per step and one tanh for all gates; the backward pass computes the step again."""
    weights = _joined(kernel, recurrent_kernel, masks.are_per_gate)
    units = h0.shape[-1]
    # sigmoid(a) = tanh(a / 2) / 2 + 1 / 2: scaling the columns once leaves one tanh for the four gates.
    half = jnp.repeat(jnp.array([0.5, 0.5, 1.0, 0.5], kernel.dtype), units)
    weights, bias = weights * half, bias * half

    @jax.checkpoint
    def step(carry: Any, now: Any) -> Any:
        h, c = carry
        x_t, keep_h, keep_c = now
        a = jnp.tanh(_masked(x_t, h, masks) @ weights + bias)
        i, f, o = (0.5 * a[:, k * units : (k + 1) * units] + 0.5 for k in (0, 1, 3))
        c_new = f * c + i * a[:, 2 * units : 3 * units]
        h_new = o * jnp.tanh(c_new)
        h = h_new if keep_h is None else keep_h * h + (1 - keep_h) * h_new
        c = c_new if keep_c is None else keep_c * c + (1 - keep_c) * c_new
        return (h, c), h

    over_time = jax.tree.map(lambda a: jnp.swapaxes(a, 0, 1), (x, masks.keep_h, masks.keep_c))
    (h, c), outputs = lax.scan(step, (h0, c0), over_time)
    return jnp.swapaxes(outputs, 0, 1), h, c


def _joined(kernel: Any, recurrent_kernel: Any, gates: bool) -> Any:
    """Stack both kernels for one product: plain, or with the gates as blocks of their own rows."""
    stacked = jnp.concatenate([kernel, recurrent_kernel])
    if not gates:
        return stacked
    return jax.scipy.linalg.block_diag(*jnp.split(stacked, GATES, -1))


def _masked(x: Any, h: Any, masks: Masks) -> Any:
    gates = GATES if masks.are_per_gate else 1
    on_x, on_h = per_gate(masks.inputs, gates, None), per_gate(masks.states, gates, None)
    parts = []
    for gate in range(gates):
        parts.append(x if on_x[gate] is None else x * on_x[gate])
        parts.append(h if on_h[gate] is None else h * on_h[gate])
    return jnp.concatenate(parts, -1)


# ---- the native form


def _native(x: Any, h0: Any, c0: Any, kernel: Any, recurrent_kernel: Any, bias: Any, masks: Masks) -> Result:
    """Call the C++ kernel. float32 on the CPU only."""
    if not native.is_available():
        raise RuntimeError("lstm: the native kernel is not available here; leave form=None, or take 'xla'.")
    gates = GATES if masks.are_per_gate else 1
    outputs, cs = _kernel(gates, x, h0, c0, kernel, recurrent_kernel, bias, *masks.stacked(gates))
    return outputs, outputs[:, -1], cs


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _kernel(gates: int, *arrays: Any) -> tuple[Any, Any]:
    hs, cs, _ = _forward(gates, arrays, 1, 0)
    return hs, cs[:, -1]


def _forward(gates: int, arrays: Any, cells: int, room: int) -> Any:
    """Run forward; cells: of how many steps, all or the last one; room: floats for the gates."""
    (batch, time, _), units = arrays[0].shape, arrays[1].shape[-1]
    shapes: list[tuple[int, ...]] = [(batch, time, units), (batch, cells, units), (room,)]
    structs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    call = jax.ffi.ffi_call("normcast_lstm_forward", structs, vmap_method="sequential")
    return call(*arrays, groups=np.int64(gates))


def _kernel_forward(gates: int, *arrays: Any) -> Any:
    batch, time, _ = arrays[0].shape
    room = native.room(batch * time, GATES, arrays[1].shape[-1])
    hs, cs, activations = _forward(gates, arrays, time, room)
    return (hs, cs[:, -1]), (arrays, hs, cs, activations)


def _kernel_backward(gates: int, saved: Any, cotangents: Any) -> Any:
    arrays, hs, cs, activations = saved
    d_hs, d_c = cotangents
    shapes = tuple(jax.ShapeDtypeStruct(a.shape, jnp.float32) for a in arrays[:6])
    call = jax.ffi.ffi_call("normcast_lstm_backward", shapes, vmap_method="sequential")
    grads = call(*arrays, hs, cs, activations, d_hs, jnp.zeros_like(d_c), d_c, groups=np.int64(gates))
    return (*grads, *(jnp.zeros_like(mask) for mask in arrays[6:]))


_kernel.defvjp(_kernel_forward, _kernel_backward)
