"""The XLA form of the LSTM with normalized terms."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from normcast.kernels.lstm import (
    Inputs,
    Keep,
    State,
    States,
    halves,
    lstm_cell,
    masked_products,
    plain_cell,
    time_major,
)
from normcast.kernels.masks import Masks
from normcast.kernels.norm import Norm, Result, Weights, said
from normcast.kernels.normalization import Moments, Normalization
from normcast.kernels.recurrence import Step, over_time


def lstm_norm_xla(x: Inputs, h0: State, c0: State, weights: Weights, norm: Norm, masks: Masks) -> Result:
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
        cell, scales = _NormedCell(cells), (norm.gamma_c, norm.beta_c)
    step, z = Step(masked_products, cell, None if norm.gamma_h is None else gates), (z + bias) * half
    outputs, (h, c), (told_h, told_c) = over_time(step, z, (h0, c0), over_h, gamma, scales, on_h, keep)
    told = {"input": told_x, "recurrent": told_h, "cell": told_c}
    return jnp.swapaxes(outputs, 0, 1), h, c, said(told)


@dataclass(frozen=True)
class _NormedCell:
    """A step's states where the cell is normalized before it is read; equal steps share what is traced."""

    norm: Normalization

    def __call__(
        self, a: Array, states: States, keep: Keep, scales: tuple[Array, Array | None]
    ) -> tuple[States, Any]:
        def read(c: State) -> tuple[State, Moments]:
            gamma, beta = scales
            y, told = self.norm(c)
            y = y * gamma
            return y if beta is None else y + beta, told

        return lstm_cell(a, states, keep, read)
