"""A pass over a sequence by the fast kernels, where Keras runs on JAX and one does all that a layer asks for.

Everything else runs the layer's own steps, which are what the kernels are tested against.
"""

from dataclasses import replace
from typing import Any

import keras
from keras import ops

from normcast.layers.held import Held, hold
from normcast.layers.noise import Noise

Passed = tuple[Any, tuple, dict[str, Any]]


def lstm_pass(layer: Any, x: Any, valid: Any, noise: Noise, states: tuple, training: bool) -> Passed | None:
    """Return outputs (time, batch, units), last states and batch statistics, or None if no kernel covers it.

    x: (time, batch, features); valid: (time, batch, 1) or None. The outputs may be the last alone, where the
    layer returns no others.
    """
    learns = layer.learns(training)
    folds = layer.folds_input()
    normed = [term for term in layer.norms if not (term == "input" and folds)]
    if not _is_covered(layer, x, noise) or (folds and not _tied(noise)):
        return None
    from normcast.kernels import lstm, lstm_norm

    if normed and layer.norm == "batch" and (not learns or valid is not None):
        return None
    x, held, folded = hold(layer, x, valid, replace(noise, inputs=noise.inputs * _tied(noise)), training)
    arrays = (_swapped(x), states[0], states[1], held.kernel, held.recurrent_kernel, _bias(held))
    mask = None if valid is None else _swapped(valid)[..., 0]
    masks = _masks(layer, x, noise, training)
    # Masked steps are looked at to blank their outputs.
    more = {"mask": mask, "masks": masks, "sequences": layer.return_sequences or valid is not None}
    if not normed:
        h, *last = lstm(*arrays, **more)
        return _outputs(layer, h, valid), tuple(last), folded
    h, *last, told = lstm_norm(*arrays, _norm(layer, normed), **more)
    return _outputs(layer, h, valid), tuple(last), {**dict.fromkeys(normed, ()), **told, **folded}


def gru_pass(layer: Any, x: Any, valid: Any, noise: Noise, states: tuple, training: bool) -> Passed | None:
    """Return what `lstm_pass` does, for a GRU."""
    folds = layer.folds_input()
    normed = [term for term in layer.norms if not (term == "input" and folds)]
    if not _is_covered(layer, x, noise) or normed or (folds and not _tied(noise)) or not layer.reset_after:
        return None
    from normcast.kernels import gru, native

    if (len(noise.recurrent) > 1 or not _tied(noise)) and not native.is_available():
        return None  # the XLA form with masks per gate is no faster than the layer's own steps
    x, held, folded = hold(layer, x, valid, replace(noise, inputs=noise.inputs * _tied(noise)), training)
    bias = held.bias
    if held.shift is not None:
        shift = ops.stack([held.shift, ops.zeros_like(held.shift)])
        bias = shift if bias is None else bias + shift
    arrays = (_swapped(x), states[0], held.kernel, held.recurrent_kernel, bias)
    mask = None if valid is None else _swapped(valid)[..., 0]
    h, last = gru(*arrays, mask=mask, masks=_masks(layer, x, noise, training))
    return _outputs(layer, h, valid), (last,), folded


def _is_covered(layer: Any, x: Any, noise: Noise) -> bool:
    return (
        keras.backend.backend() == "jax"
        and layer.compute_dtype == layer.variable_dtype == "float32"
        and layer.activation is keras.activations.tanh
        and layer.recurrent_activation is keras.activations.sigmoid
        and not layer.unroll
        and noise.cell is None
        and not {"drop_h", "drop_g"} & set(noise.steps)
        and all(isinstance(size, int) for size in x.shape)
    )


def _outputs(layer: Any, h: Any, valid: Any) -> Any:
    h = _swapped(h)
    return ops.where(valid, h, ops.zeros_like(h)) if valid is not None and layer.zero_output_for_mask else h


def _tied(noise: Noise) -> bool:
    """Whether all gates see the inputs through one mask, which is put on before the loop."""
    return len(noise.inputs) <= 1


def _bias(held: Held) -> Any:
    given = [part for part in (held.bias, held.shift) if part is not None]
    return sum(given[1:], start=given[0]) if given else None


def _masks(layer: Any, x: Any, noise: Noise, training: bool) -> Any:
    from normcast.kernels import Masks

    keep = {
        name: None if rate == 0 else _kept(layer, x, noise, name, rate)
        for name, rate in layer._zoneout().items()
    }
    return Masks(None if _tied(noise) else _joined(noise.inputs), _joined(noise.recurrent), **keep)


def _joined(masks: tuple) -> Any:
    """Return no mask, the one for all gates, or all of them, gates first."""
    if not masks:
        return None
    return masks[0] if len(masks) == 1 else ops.stack(masks)


def _kept(layer: Any, x: Any, noise: Noise, name: str, rate: float) -> Any:
    if name in noise.steps:
        return _swapped(noise.steps[name])
    steps, batch, _ = x.shape
    return ops.full((batch, steps, layer.units), rate, x.dtype)


def _norm(layer: Any, normed: list[str]) -> Any:
    from normcast.kernels import Norm

    gamma = {term: ops.convert_to_tensor(layer.norms[term].gamma) for term in normed}
    beta = layer.norms["cell"].beta if "cell" in normed else None
    return Norm(
        layer.norm,
        gamma.get("input"),
        gamma.get("recurrent"),
        gamma.get("cell"),
        None if beta is None else ops.convert_to_tensor(beta),
        per_gate=layer.norm_scope == "gate",
        epsilon=layer.epsilon,
    )


def _swapped(a: Any) -> Any:
    return ops.swapaxes(a, 0, 1)
