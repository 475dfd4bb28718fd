"""The LSTM's recurrence on arrays: a native kernel on the CPU where it can be built, else the best XLA form.

What was measured is told in docs/engine.md. The plain form, `lstm_steps`, is the oracle of both.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike, Float, Shaped

from normcast.kernels import native
from normcast.kernels.fused import Fused, Primal
from normcast.kernels.inside import Inside
from normcast.kernels.masks import Masks, kept, per_gate
from normcast.kernels.recurrence import Step, over_time, product
from normcast.kernels.sizes import check_recurrence, check_sizes

Inputs = Float[Array, "batch time features"]
State = Float[Array, "batch units"]
Kernel = Float[Array, "features 4*units"]
Recurrent = Float[Array, "units 4*units"]
Bias = Float[Array, " 4*units"]
States = tuple[State, State]
Keep = tuple[State | None, State | None]
Result = tuple[Float[Array, "batch steps units"], State, State]
GATES = 4
FORMS = ("native", "xla", "steps")


def lstm(
    x: Float[Array, "batch time features"],
    h0: Float[Array, "batch units"],
    c0: Float[Array, "batch units"],
    kernel: Float[Array, "features 4*units"],
    recurrent_kernel: Float[Array, "units 4*units"],
    bias: Float[Array, " 4*units"] | None,
    *,
    mask: Shaped[Array | np.ndarray, "batch time"] | None = None,
    masks: Masks = Masks(),  # noqa: B008  (frozen)
    sequences: bool = True,
    form: str | None = None,
) -> Result:
    """Run an LSTM over time: z = x W + h U + b; c' = f * c + i * g; h' = o * tanh(c').

    Gates stand in Keras' order i, f, g, o; i, f, o pass through the sigmoid, g through tanh.
    mask: False where a step is to be skipped: states stay, the output is the state before.
    masks: dropout and zoneout, see `Masks`. sequences: whether the outputs of all steps are wanted, or the
    last alone, which costs less.
    form: "native", "xla" or "steps"; None takes the fastest.
    Returns (outputs, h, c), differentiable in the arrays up to bias, not in the masks. Raises ValueError
    where an array has another shape than the others ask for.

    >>> outputs, h, c = lstm(*(jnp.zeros(s) for s in [(2, 5, 3), (2, 4), (2, 4), (3, 16), (4, 16), (16,)]))
    >>> outputs.shape, h.shape
    ((2, 5, 4), (2, 4))
    """
    check_recurrence("lstm", GATES, x, kernel, recurrent_kernel, mask, masks, h0=h0, c0=c0)
    units = recurrent_kernel.shape[0]
    check_sizes("lstm", {"bias": (bias, (GATES * units,))})
    if bias is None:
        bias = jnp.zeros(GATES * units, kernel.dtype)
    masks = Masks(
        masks.inputs, masks.states, kept(mask, masks.keep_h, units), kept(mask, masks.keep_c, units)
    )
    if mask is not None:  # NaN in steps that are skipped must not reach the gradients
        x = jnp.where(jnp.asarray(mask, bool)[..., None], x, 0)
    form = form_of(form, x, h0, c0, kernel, recurrent_kernel, bias)
    arguments = (x, h0, c0, kernel, recurrent_kernel, bias, masks)
    if form == "native":
        return lstm_native(*arguments, Inside(), sequences)
    outputs, h, c = (_xla if form == "xla" else lstm_steps)(*arguments)
    return outputs if sequences else outputs[:, -1:], h, c


def form_of(form: str | None, *arrays: Array) -> str:
    """Return the form that is asked for, None being the one that runs these fastest here."""
    if form is not None and form not in FORMS:
        raise ValueError(f"lstm: no form {form!r}; forms are {', '.join(FORMS)}, or None for the fastest.")
    single = all(array.dtype == jnp.float32 for array in arrays)
    return form or ("native" if single and native.is_available() else "xla")


# ---- the plain form


def lstm_steps(
    x: Inputs, h: State, c: State, kernel: Kernel, recurrent_kernel: Recurrent, bias: Bias, masks: Masks
) -> Result:
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


def _mixed(keep: Array, old: Array, new: Array) -> Array:
    # Where keep is 1 this is the old value to the bit; old + keep * (new - old) is not.
    return keep * old + (1 - keep) * new


# ---- the XLA form


def _xla(
    x: Inputs, h0: State, c0: State, kernel: Kernel, recurrent_kernel: Recurrent, bias: Bias, masks: Masks
) -> Result:
    """Project the inputs of all steps at once, and run over the rest with one tanh for all gates."""
    half = halves(h0.shape[-1], kernel.dtype)
    over, (on_x, on_h), keep = time_major(x, masks)
    z = masked_products(over, kernel * half, on_x) + bias * half
    step = Step(masked_products, plain_cell)
    outputs, (h, c), _ = over_time(step, z, (h0, c0), recurrent_kernel * half, (), (), on_h, keep)
    return jnp.swapaxes(outputs, 0, 1), h, c


def halves(units: int, dtype: DTypeLike) -> Float[Array, " 4*{units}"]:
    """Return what scales z so that one tanh serves all gates: sigmoid(z) = tanh(z / 2) / 2 + 1 / 2."""
    return jnp.repeat(jnp.array([0.5, 0.5, 1.0, 0.5], dtype), units)


def time_major(
    x: Inputs, masks: Masks
) -> tuple[Float[Array, "time batch features"], list[list[Any]], tuple[Array | None, Array | None]]:
    """Return x, lists of masks for inputs and states, and (keep_h, keep_c)."""
    over, keep = jax.tree.map(lambda a: jnp.swapaxes(a, 0, 1), (x, (masks.keep_h, masks.keep_c)))
    on = [
        per_gate(mask, GATES if each else 1, None)
        for mask, each in zip((masks.inputs, masks.states), masks.per_gate, strict=True)
    ]
    return over, on, keep


def masked_products(
    rows: Float[Array, "*steps batch n"], weights: Float[Array, "n columns"], masks: list[Array | None]
) -> Float[Array, "*steps batch columns"]:
    """Return the products of rows with the columns of the gates, through one mask or one for each gate.

    rows: of a step, or of all.
    """
    seen = [rows if mask is None else rows * mask for mask in masks]
    if len(seen) == 1:
        return product(seen[0], weights)
    parts = jnp.split(weights, len(seen), -1)
    if rows.ndim == 2:  # of a step: one product, also of zeros, is faster than several small ones
        return jnp.concatenate(seen, -1) @ jax.scipy.linalg.block_diag(*parts)
    return jnp.concatenate([product(row, part) for row, part in zip(seen, parts, strict=True)], -1)


def lstm_cell(
    a: Float[Array, "batch columns"], states: States, keep: Keep, read: Callable[[State], tuple[State, Any]]
) -> tuple[States, Any]:
    """Return the states after a step, and what was told of it, of tanh(z / 2) for i, f, o and tanh(z) for g.

    keep: (keep_h, keep_c); read: returns what the output's tanh reads of a cell, and what to tell of it.
    """
    h, c = states
    i, f, g, o = jnp.split(a, GATES, -1)
    i, f, o = (0.5 * gate + 0.5 for gate in (i, f, o))
    c_new = f * c + i * g
    y, told = read(c_new)
    h_new = o * jnp.tanh(y)
    keep_h, keep_c = keep
    h = h_new if keep_h is None else _mixed(keep_h, h, h_new)
    return (h, c_new if keep_c is None else _mixed(keep_c, c, c_new)), told


def plain_cell(a: Array, states: States, keep: Keep, _: tuple[()]) -> tuple[States, Any]:
    """Return `lstm_cell` with the cell read as it is."""
    return lstm_cell(a, states, keep, lambda c: (c, ()))


# ---- the native form


def lstm_native(
    x: Inputs,
    h0: State,
    c0: State,
    kernel: Kernel,
    recurrent_kernel: Recurrent,
    bias: Bias,
    masks: Masks,
    inside: Inside,
    sequences: bool,
    kernels: Fused | None = None,
) -> Result:
    """Call the C++ kernel. float32 on the CPU only.

    inside: what normalizes, see `Inside`; kernels: `KERNELS` with a plain way that normalizes as well.
    """
    if not native.is_available():
        raise RuntimeError("lstm: the native kernel is not available here; leave form=None, or take 'xla'.")
    gates = GATES if masks.are_per_gate or inside.per_gate else 1
    facts = (gates, not inside.per_gate, inside.center, inside.epsilon, sequences)
    weights = (kernel, recurrent_kernel, bias)
    call = kernels or KERNELS
    outputs, cs = call(facts, x, h0, c0, *weights, *masks.stacked(gates), *inside.stacked())
    return outputs, outputs[:, -1], cs


def _attributes(facts: tuple) -> dict[str, Any]:
    gates, joint, center, epsilon, _ = facts
    return {
        "groups": np.int64(gates),
        "joint": np.int64(joint),
        "center": np.int64(center),
        "epsilon": np.float32(epsilon),
    }


def _kernel_alone(facts: tuple, *arrays: Primal) -> tuple[Array, Array]:
    keeps_h = bool(arrays[8].size)  # the state before is then read from the outputs
    hs, cs, _ = _forward(facts, arrays, arrays[0].shape[1] if facts[-1] or keeps_h else 1, 1, 0)
    return _asked(facts, hs), cs[:, -1]


def _asked(facts: tuple, hs: Float[Array, "batch time units"]) -> Float[Array, "batch steps units"]:
    return hs if facts[-1] else hs[:, -1:]


def _forward(
    facts: tuple, arrays: tuple[Primal, ...], outputs: int, cells: int, room: int
) -> Sequence[Array]:
    """Run forward; outputs, cells: of how many steps, all or the last one; room: floats for the gates."""
    batch, units = arrays[1].shape
    shapes: list[tuple[int, ...]] = [(batch, outputs, units), (batch, cells, units), (room,)]
    structs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    call = jax.ffi.ffi_call("normcast_lstm_forward", structs, vmap_method="sequential")
    return call(*arrays, **_attributes(facts))


def _kernel_forward(facts: tuple, *arrays: Primal) -> tuple[tuple[Array, Array], Sequence[Array]]:
    (batch, time, features), units = arrays[0].shape, arrays[1].shape[-1]
    # The gates; of each metric what it makes of the rows, and their lengths; two moments of the cell.
    lengths, scales = 1 if facts[1] else GATES, arrays[10:13]
    sizes = [size for size, scale in zip((features, units), scales, strict=False) if scale.size]
    told = sum(facts[0] * native.padded(size) + lengths for size in sizes) + 2 * bool(scales[2].size)
    room = native.room(batch * time, GATES * native.padded(units) + told)
    hs, cs, activations = _forward(facts, arrays, time, time, room)
    return (_asked(facts, hs), cs[:, -1]), (hs, cs, activations)


def _kernel_backward(
    facts: tuple, arrays: tuple[Primal, ...], saved: list[Array], cotangents: list[Array], asked: bool
) -> tuple[Array | None, ...]:
    d_hs, d_c = cotangents
    shapes = (arrays[0].shape if asked else (0,), *(a.shape for a in (*arrays[1:6], *arrays[10:])))
    structs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    call = jax.ffi.ffi_call("normcast_lstm_backward", structs, vmap_method="sequential")
    # With the last output alone, its gradient is that of the last state.
    d_h = (jnp.zeros(0, jnp.float32), d_hs[:, 0]) if not facts[-1] else (d_hs, jnp.zeros_like(d_c))
    grads = call(*arrays, *saved, *d_h, d_c, **_attributes(facts))
    return (*grads[:6], *(None for _ in arrays[6:10]), *grads[6:])


def _kernel_plain(facts: tuple, *arrays: Any) -> tuple[Array, Array]:
    x, h0, c0, kernel, recurrent_kernel, bias, *masks = arrays[:10]
    outputs, _, c = _xla(x, h0, c0, kernel, recurrent_kernel, bias, Masks.unstacked(masks))
    return _asked(facts, outputs), c


KERNELS = Fused(_kernel_alone, _kernel_forward, _kernel_backward, _kernel_plain)
