"""The LSTM's recurrence with normalized terms, on arrays: natively on the CPU, else the best XLA form."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Shaped

from normcast.kernels.lstm import GATES, Inputs, State, States, form_of
from normcast.kernels.lstm_norm_native import divides_rows, lstm_norm_by_rows, lstm_norm_native
from normcast.kernels.lstm_norm_xla import lstm_norm_xla
from normcast.kernels.masks import Masks, kept, per_gate
from normcast.kernels.norm import Norm, Result, Weights, said
from normcast.kernels.normalization import Moments
from normcast.kernels.sizes import Needed, check_recurrence, check_sizes

KINDS = ("layer", "rms", "batch")


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
    form = form_of(form, x, h0, c0, *weights)
    if form == "native" and divides_rows(norm, masks):
        return *lstm_norm_by_rows(x, h0, c0, weights, norm, masks, sequences), {}
    run = {"native": lstm_norm_native, "xla": lstm_norm_xla, "steps": _steps}[form]
    outputs, h, c, told = run(x, h0, c0, weights, norm, masks)
    return outputs if sequences else outputs[:, -1:], h, c, told


def _scales(norm: Norm, units: int) -> Needed:
    sizes = {"gamma_x": GATES * units, "gamma_h": GATES * units, "gamma_c": units, "beta_c": units}
    return {name: (getattr(norm, name), (size,)) for name, size in sizes.items()}


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
    return jnp.swapaxes(outputs, 0, 1), h, c, said(told)


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
