"""The native form of the LSTM with normalized terms: C++ on the CPU."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from normcast.kernels import native
from normcast.kernels.fused import Fused, Primal
from normcast.kernels.inside import Inside
from normcast.kernels.lstm import GATES, KERNELS, Inputs, State, lstm_native
from normcast.kernels.lstm_norm_xla import lstm_norm_xla
from normcast.kernels.masks import Masks, or_empty, or_none
from normcast.kernels.norm import Norm, Result, Statistics, Weights


def lstm_norm_native(x: Inputs, h0: State, c0: State, weights: Weights, norm: Norm, masks: Masks) -> Result:
    """Call the C++ kernel that normalizes products, of layers and batches. float32 on the CPU only."""
    if not native.is_available():
        raise RuntimeError(
            "lstm_norm: the native kernel is not available here; leave form=None, or take 'xla'."
        )
    gates = GATES if masks.are_per_gate else 1
    scales = [norm.gamma_x, norm.gamma_h, norm.gamma_c, None if norm.gamma_c is None else norm.beta_c]
    optional = [*masks.stacked(gates), *(or_empty(a) for a in scales)]
    facts = (gates, norm.kind == "batch", norm.epsilon)
    outputs, c, moments = _kernels(facts, x, h0, c0, *weights, *optional)
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


def _forward(facts: tuple, room: Any, arrays: tuple[Primal, ...]) -> tuple[Array, ...]:
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


def _kernel_forward(facts: tuple, *arrays: Primal) -> tuple[Sequence[Array], Sequence[Array]]:
    """Run forward with room for the recurrent term and three moments: of rows, or of columns."""
    batch, time, _ = arrays[0].shape
    columns = GATES * native.padded(arrays[1].shape[-1])
    moments = 3 * (columns if facts[1] else batch)
    hs, cs, told, kept = _forward(facts, time * (batch * columns + moments), arrays)
    return (hs, cs[:, -1], told), (hs, cs, kept)


def _kernel_backward(
    facts: tuple, arrays: tuple[Primal, ...], saved: list[Array], cotangents: list[Array], asked: bool
) -> tuple[Array | None, ...]:
    shapes = (arrays[0].shape if asked else (0,), *(a.shape for a in (*arrays[1:6], *arrays[10:])))
    structs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    call = jax.ffi.ffi_call("normcast_lstm_norm_backward", structs, vmap_method="sequential")
    grads = call(*arrays, *saved, *cotangents[:2], **_attributes(facts))
    return (*grads[:6], *(None for _ in arrays[6:10]), *grads[6:])


def _kernel_plain(facts: tuple, *arrays: Any) -> tuple[Array, Array, Array]:
    _, is_batch, epsilon = facts
    outputs, c, told = _plain(_norm("batch" if is_batch else "layer", arrays[10:], False, epsilon), arrays)
    return outputs, c, _moments(told, arrays[0], arrays[1], is_batch)


def _norm(kind: str, scales: Sequence[Array], per_gate: bool, epsilon: float) -> Norm:
    gamma_x, gamma_h, gamma_c, beta_c = map(or_none, scales)
    return Norm(kind, gamma_x, gamma_h, gamma_c, beta_c, per_gate, epsilon)


def _plain(norm: Norm, arrays: Sequence[Array]) -> tuple[Array, Array, Statistics]:
    x, h0, c0, kernel, recurrent_kernel, bias, *masks = arrays[:10]
    weights = (kernel, recurrent_kernel, bias)
    outputs, _, c, told = lstm_norm_xla(x, h0, c0, weights, norm, Masks.unstacked(masks))
    return outputs, c, told


def _moments(told: Statistics, x: Array, h0: Array, is_batch: bool) -> Float[Array, "steps columns"]:
    """Return the statistics side by side, as `_told` takes them apart; zeros where nothing is normalized."""
    if not is_batch:
        return jnp.zeros((0, 18 * h0.shape[-1]), x.dtype)
    sizes = {"input": GATES, "recurrent": GATES, "cell": 1}
    (_, time, _), units = x.shape, h0.shape[-1]
    nothing = {name: (jnp.zeros((time, size * units), x.dtype),) * 2 for name, size in sizes.items()}
    return jnp.concatenate([part for pair in (nothing | told).values() for part in pair], -1)


_kernels = Fused(_kernel_alone, _kernel_forward, _kernel_backward, _kernel_plain)


# ---- rows that are divided before their product


def divides_rows(norm: Norm, masks: Masks) -> bool:
    """Whether rows can be divided before their product: not where gates share a mean, but not their rows."""
    return norm.kind == "rms" or (norm.kind == "layer" and (norm.per_gate or not masks.are_per_gate))


def lstm_norm_by_rows(
    x: Inputs, h0: State, c0: State, weights: Weights, norm: Norm, masks: Masks, sequences: bool
) -> tuple[Array, State, State]:
    """Divide rows by their length in a metric, instead of normalizing products."""
    center = norm.kind == "layer"
    scales = (norm.gamma_x, norm.gamma_h, norm.gamma_c, norm.beta_c)
    inside = Inside(*scales, norm.per_gate, center, norm.epsilon)
    kernel, recurrent_kernel, bias = weights
    return lstm_native(x, h0, c0, kernel, recurrent_kernel, bias, masks, inside, sequences, _row_kernels)


def _plain_by_rows(facts: tuple, *arrays: Any) -> tuple[Array, Array]:
    _, joint, center, epsilon, sequences = facts
    norm = _norm("layer" if center else "rms", arrays[10:], not joint, epsilon)
    outputs, c, _ = _plain(norm, arrays)
    return outputs if sequences else outputs[:, -1:], c


_row_kernels = replace(KERNELS, plain=_plain_by_rows)
