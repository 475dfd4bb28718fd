"""What stays the same at all steps of one pass over a sequence."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from normcast.layers.noise import Noise


@dataclass(frozen=True)
class Held:
    """The kernels of one call, with everything in them that is the same at each step.

    shift: what a folded normalization adds to the input term, or None; joint: kernel over recurrent kernel
    where one product gives the sum of both terms, else None; projected: whether the inputs are already
    multiplied.
    """

    kernel: Any
    recurrent_kernel: Any
    bias: Any
    shift: Any
    joint: Any
    noise: Noise
    projected: bool


def hold(layer: Any, x: Any, valid: Any, noise: Noise, training: bool) -> tuple[Any, Held, dict[str, Any]]:
    """Return the inputs, what is held for the loop, and the statistics of what was folded into the kernel.

    x: (time, batch, features). Input dropout and a normalization over the whole sequence are put in here,
    and the inputs are multiplied by the kernel ahead of the loop where that pays.
    """
    recurrent = ops.convert_to_tensor(layer.recurrent_kernel)
    if training and layer.weight_dropout > 0:
        recurrent = keras.random.dropout(recurrent, layer.weight_dropout, seed=layer.seed_generator)
    learns = layer.learns(training)
    if len(noise.inputs) > 1:
        x, folded = _per_gate(layer, x, valid, noise, learns)
        return x, _held(layer, None, recurrent, None, noise, projected=True), folded
    x = x * noise.inputs[0] if noise.inputs else x
    kernel, shift, folded = ops.convert_to_tensor(layer.kernel), None, {}
    if layer.folds_input():
        kernel, shift, folded["input"] = layer.norms["input"].fold(x, kernel, valid, learns)
        kernel = ops.cast(kernel, layer.compute_dtype)
    # Multiplying ahead is slower under XLA on a CPU, which reads the wide result back; torch, which runs each
    # product by itself, gains.
    ahead = keras.backend.backend() == "torch"
    x = x @ kernel if ahead else x
    return x, _held(layer, kernel, recurrent, shift, noise, projected=ahead), folded


def _per_gate(layer: Any, x: Any, valid: Any, noise: Noise, learns: bool) -> tuple[Any, dict[str, Any]]:
    """Return x W where each gate has a dropout mask of its own: (time, batch, gates * units)."""
    blocks = ops.split(ops.convert_to_tensor(layer.kernel), len(layer.gates), axis=1)
    z = ops.concatenate([(x * m) @ w for m, w in zip(noise.inputs, blocks, strict=True)], axis=-1)
    if not layer.folds_input():
        return z, {}
    z, statistics = layer.norms["input"].over_all(z, valid, learns)
    return z, {"input": statistics}


def _held(layer: Any, kernel: Any, recurrent: Any, shift: Any, noise: Noise, projected: bool) -> Held:
    joint = None
    if not (projected or noise.recurrent or "drop_h" in noise.steps) and layer.sums_terms():
        joint = ops.concatenate([kernel, recurrent], axis=0)
    bias = None if layer.bias is None else ops.cast(ops.convert_to_tensor(layer.bias), layer.accumulator)
    return Held(kernel, recurrent, bias, shift, joint, noise, projected)
