"""The LSTM's recurrence with normalized terms, on arrays: natively on the CPU, else the best XLA form."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Shaped

from normcast.kernels import native
from normcast.kernels.gradients import Primal, differentiable
from normcast.kernels.inside import Inside
from normcast.kernels.lstm import (
    GATES,
    Bias,
    Inputs,
    Keep,
    Kernel,
    Recurrent,
    State,
    States,
    form_of,
    halves,
    lstm_cell,
    lstm_native,
    masked_products,
    plain_cell,
    time_major,
)
from normcast.kernels.masks import Masks, kept, or_empty, per_gate
from normcast.kernels.normalization import Moments, Normalization
from normcast.kernels.recurrence import Step, over_time
from normcast.kernels.sizes import Needed, check_recurrence, check_sizes

KINDS = ("layer", "rms", "batch")
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


def lstm_norm(
    x: Float[Array, "batch time features"],
    h0: Float[Array, "batch units"],
    c0: Float[Array, "batch units"],
    kernel: Float[Array, "features 4*units"],
    recurrent_kernel: Float[Array, "units 4*units"],
    bias: Float[Array, " 4*units"] | None,
    norm: Norm,
    *,
    mask: Shaped[Array | np.ndarray, "batch time"] | None = None,
    masks: Masks = Masks(),  # noqa: B008  (frozen)
    sequences: bool = True,
    form: str | None = None,
) -> Result:
    """Run an LSTM with z = N(x W) + N(h U) + b; c' = f * c + i * g; h' = o * tanh(N(c')).

    Arrays, masks and sequences as for `lstm`; mask is not for kind "batch". form: "native", "xla" or
    "steps"; None takes the fastest.
    Returns (outputs, h, c, statistics): for "batch" the (mean, variance) of each normalized term, "input",
    "recurrent" (time, 4 units) and "cell" (time, units), else nothing. Differentiable in the arrays up to
    bias and in the scales and shifts, not in the masks nor through the statistics.
    Source: Cooijmans et al. 2017, arXiv:1603.09025; Ba et al. 2016, arXiv:1607.06450.

    >>> shapes = [(2, 5, 3), (2, 4), (2, 4), (3, 16), (4, 16), (16,)]
    >>> outputs, *_ = lstm_norm(*(jnp.ones(s) for s in shapes), Norm("layer", gamma_h=jnp.ones(16)))
    >>> outputs.shape
    (2, 5, 4)
    """
    if norm.kind not in KINDS or (norm.kind == "batch" and mask is not None):
        raise ValueError(f"lstm_norm: no kind {norm.kind!r} with mask={mask is not None}; kinds are {KINDS}.")
    check_recurrence("lstm_norm", GATES, x, kernel, recurrent_kernel, mask, masks, h0=h0, c0=c0)
    units = recurrent_kernel.shape[0]
    check_sizes("lstm_norm", {"bias": (bias, (GATES * units,)), **_scales(norm, units)})
    masks = Masks(
        masks.inputs, masks.states, kept(mask, masks.keep_h, units), kept(mask, masks.keep_c, units)
    )
    if mask is not None:  # NaN in steps that are skipped must not reach the gradients
        x = jnp.where(jnp.asarray(mask, bool)[..., None], x, 0)
    bias = jnp.zeros(GATES * units, kernel.dtype) if bias is None else bias
    weights = (kernel, recurrent_kernel, bias)
    form = form_of(form, x, kernel)
    if form == "native" and _divides_rows(norm, masks):
        return *_by_rows(x, h0, c0, weights, norm, masks, sequences), {}
    run = {"native": _native, "xla": _xla, "steps": _steps}[form]
    outputs, h, c, told = run(x, h0, c0, weights, norm, masks)
    return outputs if sequences else outputs[:, -1:], h, c, told


def _scales(norm: Norm, units: int) -> Needed:
    sizes = {"gamma_x": GATES * units, "gamma_h": GATES * units, "gamma_c": units, "beta_c": units}
    return {name: (getattr(norm, name), (size,)) for name, size in sizes.items()}


def _divides_rows(norm: Norm, masks: Masks) -> bool:
    """Whether rows can be divided before their product: not where gates share a mean, but not their rows."""
    return norm.kind == "rms" or (norm.kind == "layer" and (norm.per_gate or not masks.are_per_gate))


def _by_rows(
    x: Inputs, h0: State, c0: State, weights: Weights, norm: Norm, masks: Masks, sequences: bool
) -> tuple[Array, State, State]:
    """Divide rows by their length in a metric, instead of normalizing products."""
    center = norm.kind == "layer"
    scales = (norm.gamma_x, norm.gamma_h, norm.gamma_c, norm.beta_c)
    inside = Inside(*scales, norm.per_gate, center, norm.epsilon)
    kernel, recurrent_kernel, bias = weights
    return lstm_native(x, h0, c0, kernel, recurrent_kernel, bias, masks, inside, sequences)


# ---- the plain form


def _steps(x: Inputs, h0: State, c0: State, weights: Weights, norm: Norm, masks: Masks) -> Result:
    """Run the recurrence as it stands in the papers, in any precision: the oracle."""
    *kernels, bias = weights
    into, over = (jnp.split(kernel, GATES, -1) for kernel in kernels)
    on_x, on_h = per_gate(masks.inputs, GATES, 1.0), per_gate(masks.states, GATES, 1.0)

    def step(carry: States, now: tuple[Array, State | None, State | None]) -> tuple[States, Any]:
        h, c = carry
        x_t, keep_h, keep_c = now
        z_x = jnp.concatenate([(x_t * m) @ w for m, w in zip(on_x, into, strict=True)], -1)
        z_h = jnp.concatenate([(h * m) @ w for m, w in zip(on_h, over, strict=True)], -1)
        z_x, told_x = _normalized(z_x, norm, norm.gamma_x, norm.parts)
        z_h, told_h = _normalized(z_h, norm, norm.gamma_h, norm.parts)
        i, f, g, o = jnp.split(z_x + z_h + bias, GATES, -1)
        c_new = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        y, told_c = _normalized(c_new, norm, norm.gamma_c, 1)
        y = y if norm.gamma_c is None or norm.beta_c is None else y + norm.beta_c
        h_new = jax.nn.sigmoid(o) * jnp.tanh(y)
        h = h_new if keep_h is None else keep_h * h + (1 - keep_h) * h_new
        c = c_new if keep_c is None else keep_c * c + (1 - keep_c) * c_new
        return (h, c), (h, {"input": told_x, "recurrent": told_h, "cell": told_c})

    over_steps = jax.tree.map(lambda a: jnp.swapaxes(a, 0, 1), (x, masks.keep_h, masks.keep_c))
    (h, c), (outputs, told) = lax.scan(step, (h0, c0), over_steps)
    return jnp.swapaxes(outputs, 0, 1), h, c, _said(told)


def _normalized(
    z: Float[Array, "batch columns"], norm: Norm, gamma: Float[Array, " columns"] | None, parts: int
) -> tuple[Float[Array, "batch columns"], Moments]:
    if gamma is None:
        return z, ()
    if norm.kind == "batch":
        mean, variance = z.mean(0), z.var(0)
        return (z - mean) * lax.rsqrt(variance + norm.epsilon) * gamma, (mean, variance)
    y = z.reshape(len(z), parts, -1)
    y = y - y.mean(-1, keepdims=True) if norm.kind == "layer" else y
    y = y * lax.rsqrt((y**2).mean(-1, keepdims=True) + norm.epsilon)
    return y.reshape(z.shape) * gamma, ()


def _said(told: dict[str, Moments]) -> Statistics:
    return {name: lax.stop_gradient(pair) for name, pair in told.items() if pair}


# ---- the XLA form


def _xla(x: Inputs, h0: State, c0: State, weights: Weights, norm: Norm, masks: Masks) -> Result:
    """Make the input's term of all steps at once, and run over the rest with one tanh for all gates."""
    kernel, recurrent_kernel, bias = weights
    half = halves(h0.shape[-1], kernel.dtype)
    over, (on_x, on_h), keep = time_major(x, masks)
    gates, cells = (Normalization(norm.kind, parts, norm.epsilon) for parts in (norm.parts, 1))
    z = masked_products(over, kernel, on_x)
    told_x: Moments = ()
    if norm.gamma_x is not None:
        z, told_x = gates(z)
        z = z * norm.gamma_x
    gamma = () if norm.gamma_h is None else norm.gamma_h * half
    over_h = recurrent_kernel * half if norm.gamma_h is None else recurrent_kernel
    cell: Any = plain_cell
    scales: Any = ()
    if norm.gamma_c is not None:
        cell, scales = partial(_normed_cell, cells), (norm.gamma_c, norm.beta_c)
    step, z = Step(masked_products, cell, None if norm.gamma_h is None else gates), (z + bias) * half
    outputs, (h, c), (told_h, told_c) = over_time(step, z, (h0, c0), over_h, gamma, scales, on_h, keep)
    told = {"input": told_x, "recurrent": told_h, "cell": told_c}
    return jnp.swapaxes(outputs, 0, 1), h, c, _said(told)


def _normed_cell(
    norm: Normalization, a: Array, states: States, keep: Keep, scales: tuple[Array, Array | None]
) -> tuple[States, Any]:
    def read(c: State) -> tuple[State, Moments]:
        gamma, beta = scales
        y, told = norm(c)
        y = y * gamma
        return y if beta is None else y + beta, told

    return lstm_cell(a, states, keep, read)


# ---- the native form


def _native(x: Inputs, h0: State, c0: State, weights: Weights, norm: Norm, masks: Masks) -> Result:
    if not native.is_available():
        raise RuntimeError(
            "lstm_norm: the native kernel is not available here; leave form=None, or take 'xla'."
        )
    gates = GATES if masks.are_per_gate else 1
    scales = [norm.gamma_x, norm.gamma_h, norm.gamma_c, None if norm.gamma_c is None else norm.beta_c]
    optional = [*masks.stacked(gates), *(or_empty(a) for a in scales)]
    facts = (gates, norm.kind == "batch", norm.epsilon)
    outputs, c, moments = _kernel(facts, x, h0, c0, *weights, *optional)
    return outputs, outputs[:, -1], c, _told(moments, norm)


def _told(moments: Float[Array, "steps columns"], norm: Norm) -> Statistics:
    """Take the statistics apart: means and variances of x W, of h U and of the cell stand side by side."""
    if norm.kind != "batch":
        return {}
    units = moments.shape[1] // 18
    ends = np.cumsum([4, 4, 4, 4, 1]) * units
    parts = jnp.split(lax.stop_gradient(moments), ends, -1)
    gammas = {"input": norm.gamma_x, "recurrent": norm.gamma_h, "cell": norm.gamma_c}
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    return {name: pair for (name, g), pair in zip(gammas.items(), pairs, strict=True) if g is not None}


def _attributes(facts: tuple) -> dict[str, Any]:
    gates, batch, epsilon = facts
    return {"groups": np.int64(gates), "batch": np.int64(batch), "epsilon": np.float32(epsilon)}


def _kernel_alone(facts: tuple, *arrays: Primal) -> tuple[Array, Array, Array]:
    hs, cs, moments, _ = _forward(facts, 0, arrays)
    return hs, cs[:, -1], moments


def _forward(facts: tuple, room: int, arrays: tuple[Primal, ...]) -> tuple[Array, ...]:
    x, h0 = arrays[:2]
    (batch, time, _), units = x.shape, h0.shape[-1]
    steps = time if facts[1] else 0
    cells = time if room else 1
    shapes: list[tuple[int, ...]] = [
        (batch, time, units),
        (batch, cells, units),
        (room,),
        (steps, 18 * units),
    ]
    structs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    call = jax.ffi.ffi_call("normcast_lstm_norm_forward", structs, vmap_method="sequential")
    hs, cs, kept, moments = call(*arrays, **_attributes(facts))
    return hs, cs, moments, kept


def _kernel_forward(facts: tuple, *arrays: Primal) -> tuple[tuple[Array, ...], tuple]:
    """Run forward with room for the recurrent term and three moments: of rows, or of columns."""
    batch, time, _ = arrays[0].shape
    columns = GATES * native.padded(arrays[1].shape[-1])
    moments = 3 * (columns if facts[1] else batch)
    hs, cs, told, kept = _forward(facts, time * (batch * columns + moments), arrays)
    return (hs, cs[:, -1], told), (arrays, hs, cs, kept)


def _kernel_backward(
    facts: tuple, saved: tuple, cotangents: tuple[Array, ...], shape_x: tuple[int, ...]
) -> tuple[Array | None, ...]:
    arrays, hs, cs, kept = saved
    d_hs, d_c, _ = cotangents
    shapes = (shape_x, *(a.shape for a in (*arrays[1:6], *arrays[10:])))
    structs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    call = jax.ffi.ffi_call("normcast_lstm_norm_backward", structs, vmap_method="sequential")
    grads = call(*arrays, hs, cs, kept, d_hs, d_c, **_attributes(facts))
    return (*grads[:6], *(None for _ in arrays[6:10]), *grads[6:])


_kernel = differentiable(_kernel_alone, _kernel_forward, _kernel_backward)
