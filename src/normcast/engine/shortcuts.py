"""What Keras computes while a program is traced, done faster: same results to float tolerance.

Replaced for the time of tracing, on the CPU: the recurrence of `keras.layers.LSTM` and `GRU`,
one-dimensional convolutions, elu and selu; and with rng="fast", everywhere, the generator behind Keras'
random layers. What a shortcut does not cover runs as Keras has it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import jax
import keras
from keras import ops
from keras.src import backend

from normcast.kernels import Masks, convolution, elu, fast_key, gru, lstm, native, selu

_keras_lstm = keras.layers.LSTM.inner_loop
_keras_gru = keras.layers.GRU.inner_loop


@contextmanager
def shortcuts(rng: str, with_native: bool = True) -> Iterator[None]:
    """Trace with the shortcuts; with_native: also native code, which the compiler cannot spread over devices.

    Not to be entered by two threads at once.
    """
    replaced: list[tuple[Any, str, Any]] = []
    if rng == "fast":
        random = backend.random
        replaced.append((random, "jax_draw_seed", _fast(random.jax_draw_seed)))
    if jax.default_backend() == "cpu":
        replaced.append((keras.layers.LSTM, "inner_loop", _lstm_loop))
        replaced.append((keras.layers.GRU, "inner_loop", _gru_loop))
        replaced.append((backend.nn, "conv", _convolve(backend.nn.conv)))
        replaced += [(backend.nn, "elu", _on_tensors(elu)), (backend.nn, "selu", _on_tensors(selu))]
    patches = [patch.object(*each) for each in replaced]
    for each in patches:
        each.start()
    try:
        with nullcontext() if with_native else native.left_out():
            yield
    finally:
        for each in patches:
            each.stop()


def _fast(draw_seed: Callable[..., Any]) -> Callable[..., Any]:
    return lambda seed: fast_key(draw_seed(seed))


def _on_tensors(activation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, *rest, **more: activation(ops.convert_to_tensor(x), *rest, **more)


def _convolve(keras_conv: Callable[..., Any]) -> Callable[..., Any]:
    def conv(
        inputs: Any,
        kernel: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
    ) -> Any:
        stride, dilation = _only(strides), _only(dilation_rate)
        covered = inputs.ndim == 3 and padding == "valid" and data_format != "channels_first"
        if not covered or stride is None or dilation is None or inputs.shape[-1] != kernel.shape[1]:
            return keras_conv(inputs, kernel, strides, padding, data_format, dilation_rate)
        kernel = ops.convert_to_tensor(kernel)
        return convolution(ops.convert_to_tensor(inputs, kernel.dtype), kernel, stride, dilation)

    return conv


def _only(value: Any) -> int | None:
    values = (value,) if isinstance(value, int) else tuple(value)
    return values[0] if len(values) == 1 else None


def _lstm_loop(layer: Any, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
    """Stand in for `keras.layers.LSTM.inner_loop`."""
    if not _is_covered(layer, keras.layers.LSTMCell, sequences, mask):
        return _keras_lstm(layer, sequences, initial_state, mask, training)
    x, masks = _prepared(layer, sequences, initial_state, training)
    more = {"masks": masks, "sequences": layer.return_sequences}
    outputs, h, c = lstm(x, initial_state[0], initial_state[1], *_weights(layer.cell), **more)
    return h, outputs, [h, c]


def _gru_loop(layer: Any, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
    """Stand in for `keras.layers.GRU.inner_loop`."""
    if not _is_covered(layer, keras.layers.GRUCell, sequences, mask):
        return _keras_gru(layer, sequences, initial_state, mask, training)
    x, masks = _prepared(layer, sequences, initial_state, training)
    weights = _weights(layer.cell)
    outputs, h = gru(x, initial_state[0], *weights, masks=masks, reset_after=layer.cell.reset_after)
    return h, outputs, [h]


def _prepared(layer: Any, sequences: Any, initial_state: Any, training: bool) -> tuple[Any, Masks]:
    """Return the sequences in the order of processing, and the masks that Keras drew for this call."""
    cell = layer.cell
    x = ops.flip(sequences, axis=1) if layer.go_backwards else sequences
    on_x = training and 0 < cell.dropout < 1
    on_h = training and 0 < cell.recurrent_dropout < 1
    inputs = _stacked(cell.get_dropout_mask(x[:, 0])) if on_x else None
    return x, Masks(inputs, _stacked(cell.get_recurrent_dropout_mask(initial_state[0])) if on_h else None)


def _weights(cell: Any) -> tuple[Any, Any, Any]:
    bias = ops.convert_to_tensor(cell.bias) if cell.use_bias else None
    return ops.convert_to_tensor(cell.kernel), ops.convert_to_tensor(cell.recurrent_kernel), bias


def _is_covered(layer: Any, cell_class: Any, sequences: Any, mask: Any) -> bool:
    cell: Any = layer.cell
    return (
        mask is None
        and cell.__class__ is cell_class
        and cell.activation is keras.activations.tanh
        and cell.recurrent_activation is keras.activations.sigmoid
        and sequences.dtype == "float32"
        and sequences.shape[1] is not None
    )


def _stacked(mask: Any) -> Any:
    return ops.stack(mask) if isinstance(mask, list) else mask
