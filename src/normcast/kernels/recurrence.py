"""A recurrence under XLA with a backward pass of its own.

JAX would keep every intermediate of a step, or compute the step again, and sum the weights' gradients step by
step. Here the squashed gates and the states are kept, the backward loop passes gradients from state to state
alone, and what flows into the weights is computed for all steps at once after it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PyTree

from normcast.kernels import native, platform
from normcast.kernels.fused import Fused, Primal
from normcast.kernels.normalization import Moments, Normalization


@dataclass(frozen=True)
class Step:
    """One step: a = tanh(z + gamma * N(linear(h))), states = cell(a, states), the first state being h.

    linear(h, weights, masks) -> (batch, n), linear in h and in the weights; it must also take all steps at
    once, (time, batch, units). cell(a, states, keep, scales) -> (states, told). norm: N, or None. told: what
    to hand out of each step, without gradients.
    """

    linear: Callable[..., Any]
    cell: Callable[..., Any]
    norm: Normalization | None = None


def over_time(
    step: Step,
    z: Float[Array, "time batch columns"],
    states: tuple[Float[Array, "batch units"], ...],
    weights: Float[Array, "units columns"],
    gamma: Float[Array, " columns"] | tuple[()],
    scales: PyTree[Float[Array, "..."]],
    masks: PyTree[Float[Array, "..."]],
    keep: PyTree[Float[Array, "time batch ..."]],
) -> tuple[Float[Array, "time batch units"], tuple[Float[Array, "batch units"], ...], PyTree]:
    """Run a step over time. Trees of arrays may be empty.

    z: what the inputs give; states: the first ones; weights, masks: read by `linear`; gamma: where there is
    a norm; scales, keep: read by the cell.
    Returns (outputs, last states, told by norm and cell), differentiable in z, states, weights, gamma and
    scales.
    """
    fixed = lax.stop_gradient((masks, keep))
    outputs, *rest = _recurrence(step, z, states, weights, gamma, scales, *fixed)
    count = len(states)
    last, told = rest[:count], rest[count:]
    moments = 2 * (step.norm is not None and step.norm.kind == "batch")
    return outputs, tuple(last), (tuple(told[:moments]), tuple(told[moments:]))


def _forward(
    step: Step,
    z: Array,
    states: tuple[Primal, ...],
    weights: Array,
    gamma: Array | tuple[()],
    scales: PyTree,
    masks: PyTree,
    keep: PyTree,
) -> tuple[list[Array], list[Array]]:
    def one(states: tuple[Primal, ...], now: PyTree) -> tuple[PyTree, PyTree]:
        z_t, keep_t = now
        term = step.linear(states[0], weights, masks)
        normed: Any = ()
        told: Moments = ()
        if step.norm is not None:
            normed, told = step.norm.forward(term)
            term = gamma * normed[0]
        a = jnp.tanh(z_t + term)
        states, told_c = step.cell(a, states, keep_t, scales)
        return states, ((a, states, normed), (told, told_c))

    last, ((a, after, normed), told) = lax.scan(one, states, (z, keep), unroll=platform.unrolled())
    return [after[0], *last, *jax.tree.leaves(lax.stop_gradient(told))], [a, *after, *normed]


def _backward(
    step: Step, trees: tuple[PyTree, ...], saved: list[Array], cotangents: list[Array], _: bool
) -> tuple[PyTree, ...]:
    _, states, weights, gamma, scales, masks, keep = trees
    count = len(states)
    a, after, normed = saved[0], tuple(saved[1 : count + 1]), tuple(saved[count + 1 :])
    d_outputs, d_last = cotangents[0], tuple(cotangents[1 : count + 1])
    before = jax.tree.map(lambda first, later: jnp.concatenate([first[None], later[:-1]]), states, after)

    def one(carry: PyTree, now: PyTree) -> tuple[PyTree, PyTree]:
        d_states, d_scales = carry
        a_t, before_t, normed_t, keep_t, d_output = now
        d_states = (d_states[0] + d_output, *d_states[1:])
        d_scales_t, d_a, d_before = _pulled(
            lambda scales, *at: step.cell(*at, keep_t, scales)[0], d_states, scales, a_t, before_t
        )
        d_z = d_term = d_a * (1 - a_t * a_t)
        if step.norm is not None:
            d_term = step.norm.backward(normed_t, d_z * gamma)
        (d_h,) = jax.linear_transpose(lambda h: step.linear(h, weights, masks), before_t[0])(d_term)
        d_scales = jax.tree.map(jnp.add, d_scales, d_scales_t)
        return ((d_before[0] + d_h, *d_before[1:]), d_scales), (d_z, d_term)

    start = d_last, jax.tree.map(jnp.zeros_like, scales)
    steps = a, before, normed, keep, d_outputs
    (d_first, d_scales), (d_z, d_term) = lax.scan(one, start, steps, reverse=True, unroll=platform.unrolled())
    (d_weights,) = jax.linear_transpose(lambda all_: step.linear(before[0], all_, masks), weights)(d_term)
    d_gamma = None if step.norm is None else (d_z * normed[0]).sum((0, 1))
    return d_z, d_first, d_weights, d_gamma, d_scales, None, None


def _pulled(function: Callable[..., Any], cotangent: PyTree, *at: PyTree) -> tuple[PyTree, ...]:
    """Return the gradients that flow back through a function, at some arguments."""
    return jax.vjp(function, *at)[1](cotangent)


def _results(step: Step, *trees: PyTree) -> list[Array]:
    return _forward(step, *trees)[0]


_recurrence = Fused(_results, _forward, _backward, _results, is_portable=True)


def product(
    rows: Float[Array, "*rows n"], weights: Float[Array, "n columns"]
) -> Float[Array, "*rows columns"]:
    """Return rows @ weights by one product of two axes, which XLA computes and differentiates fastest."""
    if native.are_left_out():  # a batch that is spread over devices cannot be merged with another axis
        return rows @ weights
    return (rows.reshape(-1, rows.shape[-1]) @ weights).reshape(*rows.shape[:-1], weights.shape[-1])
