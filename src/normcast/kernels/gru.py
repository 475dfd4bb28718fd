"""The GRU's recurrence on arrays: a native kernel on the CPU where it can be built, else the best XLA form.

What was measured is told in docs/engine.md. The plain steps are the oracle of both.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Shaped

from normcast.kernels import native, platform
from normcast.kernels.fused import Fused, Primal
from normcast.kernels.masks import Masks, kept, per_gate
from normcast.kernels.recurrence import product
from normcast.kernels.sizes import check_recurrence, check_sizes

Inputs = Float[Array, "batch time features"]
State = Float[Array, "batch units"]
Kernel = Float[Array, "features 3*units"]
Recurrent = Float[Array, "units 3*units"]
Shifts = Float[Array, "2 3*units"]
Result = tuple[Float[Array, "batch time units"], State]
Step = Callable[[Float[Array, "batch features"], State], State]
GATES = 3
JOINED = 16  # units up to which one product a step is the fastest under XLA on the CPU


def gru(
    x: Float[Array, "batch time features"],
    h0: Float[Array, "batch units"],
    kernel: Float[Array, "features 3*units"],
    recurrent_kernel: Float[Array, "units 3*units"],
    bias: Float[Array, "2 3*units"] | Float[Array, " 3*units"] | None,
    *,
    mask: Shaped[Array | np.ndarray, "batch time"] | None = None,
    masks: Masks = Masks(),  # noqa: B008  (frozen)
    reset_after: bool = True,
    form: str | None = None,
) -> Result:
    """Run a GRU over time: h' = z * h + (1 - z) * tanh(x W_h + r * (h U_h)).

    Gates stand in Keras' order z, r, h; z and r pass through the sigmoid.
    bias: of the input and of the state, or of the input alone.
    reset_after: whether r acts on h U_h, as above, or on h itself.
    mask: False where a step is to be skipped: the state stays, and is the output.
    masks: dropout, and zoneout as keep_h, see `Masks`. form: "native", which has reset_after=True only, "xla"
    or "steps"; None takes the fastest.
    Returns (outputs, h), differentiable in the arrays up to bias, not in the masks. Raises ValueError where
    an array has another shape than the others ask for.

    >>> outputs, h = gru(*(jnp.zeros(s) for s in [(2, 5, 3), (2, 4), (3, 12), (4, 12), (2, 12)]))
    >>> outputs.shape, h.shape
    ((2, 5, 4), (2, 4))
    """
    check_recurrence("gru", GATES, x, kernel, recurrent_kernel, mask, masks, h0=h0)
    units = recurrent_kernel.shape[0]
    one_bias = () if bias is None or bias.ndim == 1 else (2,)
    check_sizes("gru", {"bias": (bias, (*one_bias, GATES * units))})
    shifts = jnp.zeros((2, GATES * units), kernel.dtype)
    if bias is not None:
        shifts = bias if bias.ndim == 2 else shifts.at[0].set(bias)
    masks = Masks(masks.inputs, masks.states, kept(mask, masks.keep_h, units))
    if mask is not None:  # NaN in steps that are skipped must not reach the gradients
        x = jnp.where(jnp.asarray(mask, bool)[..., None], x, 0)
    form = form or _fastest(reset_after, x, h0, kernel, recurrent_kernel, shifts)
    if form == "native":
        return _native(x, h0, kernel, recurrent_kernel, shifts, masks, reset_after)
    if reset_after and form == "xla":
        return _xla(x, h0, kernel, recurrent_kernel, shifts, masks)
    return _over_time(_plain(kernel, recurrent_kernel, shifts, masks, reset_after), x, h0, masks)


def _fastest(reset_after: bool, *arrays: Array) -> str:
    covered = reset_after and all(array.dtype == jnp.float32 for array in arrays)
    return "native" if covered and native.is_available() else "xla"


def _xla(
    x: Inputs, h0: State, kernel: Kernel, recurrent_kernel: Recurrent, shifts: Shifts, masks: Masks
) -> Result:
    """Run the form that is the fastest under XLA, of those where r acts on h U_h."""
    if masks.are_per_gate or (platform.is_cpu() and recurrent_kernel.shape[0] > JOINED):
        return _over_time(_plain(kernel, recurrent_kernel, shifts, masks, True), x, h0, masks)
    x = x if masks.inputs is None else x * masks.inputs[:, None]
    return _over_time(_joined(recurrent_kernel, shifts[1], masks), product(x, kernel) + shifts[0], h0, masks)


def _over_time(step: Step, x: Inputs, h0: State, masks: Masks) -> Result:
    def kept_step(h: State, now: tuple[Array, State | None]) -> tuple[State, State]:
        x_t, keep = now
        new = step(x_t, h)
        new = new if keep is None else keep * h + (1 - keep) * new
        return new, new

    # The CPU computes a step again faster than it reads back what the step would keep; a GPU does not.
    once = jax.checkpoint(kept_step) if platform.is_cpu() else kept_step
    over = jax.tree.map(lambda a: jnp.swapaxes(a, 0, 1), (x, masks.keep_h))
    h, outputs = lax.scan(once, h0, over, unroll=platform.unrolled())
    return jnp.swapaxes(outputs, 0, 1), h


def _plain(
    kernel: Array, recurrent_kernel: Recurrent, shifts: Shifts, masks: Masks, reset_after: bool
) -> Step:
    """Return the step as it stands in the textbook."""
    into, over = jnp.split(kernel, GATES, -1), jnp.split(recurrent_kernel, GATES, -1)
    on_x, on_h = per_gate(masks.inputs, GATES, 1.0), per_gate(masks.states, GATES, 1.0)
    b_x, b_h = jnp.split(shifts[0], GATES), jnp.split(shifts[1], GATES)

    def step(x: Float[Array, "batch features"], h: State) -> State:
        z_x = [(x * on_x[gate]) @ into[gate] + b_x[gate] for gate in range(GATES)]
        z, r = (jax.nn.sigmoid(z_x[gate] + (h * on_h[gate]) @ over[gate] + b_h[gate]) for gate in (0, 1))
        from_h = (
            r * ((h * on_h[2]) @ over[2] + b_h[2]) if reset_after else (r * h * on_h[2]) @ over[2] + b_h[2]
        )
        return z * h + (1 - z) * jnp.tanh(z_x[2] + from_h)

    return step


def _joined(recurrent_kernel: Recurrent, shift: Array, masks: Masks) -> Step:
    """Return the step with one product, of the state; what the inputs give was computed for all steps."""
    units = recurrent_kernel.shape[0]

    def step(z_x: Float[Array, "batch columns"], h: State) -> State:
        seen = h if masks.states is None else h * masks.states
        z_h = seen @ recurrent_kernel + shift
        # sigmoid(a) = tanh(a / 2) / 2 + 1 / 2
        gates = 0.5 * jnp.tanh(0.5 * (z_x + z_h)[:, : 2 * units]) + 0.5
        z, r = gates[:, :units], gates[:, units:]
        return z * h + (1 - z) * jnp.tanh(z_x[:, 2 * units :] + r * z_h[:, 2 * units :])

    return step


# ---- the native form


def _native(
    x: Inputs,
    h0: State,
    kernel: Kernel,
    recurrent_kernel: Recurrent,
    shifts: Shifts,
    masks: Masks,
    reset_after: bool,
) -> Result:
    """Call the C++ kernel. float32 on the CPU only."""
    if not reset_after or not native.is_available():
        raise RuntimeError(
            f"gru: no native kernel here for reset_after={reset_after}; leave form=None, or take 'xla'."
        )
    gates = GATES if masks.are_per_gate else 1
    (outputs,) = _kernels(gates, x, h0, kernel, recurrent_kernel, shifts, *masks.stacked(gates))
    return outputs, outputs[:, -1]


def _kernel_alone(gates: int, *arrays: Primal) -> Sequence[Array]:
    return _forward(gates, arrays, 0)[:1]


def _forward(gates: int, arrays: tuple[Primal, ...], room: int) -> Sequence[Array]:
    """Run forward; room: floats for what the backward pass would otherwise compute again."""
    (batch, time, _), units = arrays[0].shape, arrays[1].shape[-1]
    shapes: list[tuple[int, ...]] = [(batch, time, units), (room,)]
    structs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    call = jax.ffi.ffi_call("normcast_gru_forward", structs, vmap_method="sequential")
    return call(*arrays, groups=np.int64(gates))


def _kernel_forward(gates: int, *arrays: Primal) -> tuple[Sequence[Array], Sequence[Array]]:
    batch, time, _ = arrays[0].shape
    # Three gates, and the candidate's term of the state.
    hs, activations = _forward(
        gates, arrays, native.room(batch * time, (GATES + 1) * native.padded(arrays[1].shape[-1]))
    )
    return (hs,), (hs, activations)


def _kernel_backward(
    gates: int, arrays: tuple[Primal, ...], saved: list[Array], cotangents: list[Array], asked: bool
) -> tuple[Array | None, ...]:
    shapes = (arrays[0].shape if asked else (0,), *(a.shape for a in arrays[1:5]))
    structs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    call = jax.ffi.ffi_call("normcast_gru_backward", structs, vmap_method="sequential")
    grads = call(*arrays, *saved, *cotangents, groups=np.int64(gates))
    return (*grads, *(None for _ in arrays[5:]))


def _kernel_plain(gates: int, *arrays: Any) -> Sequence[Array]:
    x, h0, kernel, recurrent_kernel, shifts, *masks = arrays
    return _xla(x, h0, kernel, recurrent_kernel, shifts, Masks.unstacked(masks))[:1]


_kernels = Fused(_kernel_alone, _kernel_forward, _kernel_backward, _kernel_plain)
