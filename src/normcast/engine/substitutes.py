"""Layers of Keras that compute the same faster, with the same variables and arguments.

What one of them does not cover runs as Keras has it; so does everything where a new Keras no longer calls
what is overridden here.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from normcast.kernels import Masks, convolution, elu, fast_key, gru, lstm, selu


class FastLSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` on our recurrence."""

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Return (last output, outputs, states) as Keras' own loop does."""
        if not _is_covered(self, keras.layers.LSTMCell, sequences, mask):
            return super().inner_loop(sequences, initial_state, mask, training)
        x, masks = _prepared(self, sequences, initial_state, training)
        more = {"masks": masks, "sequences": self.return_sequences}
        outputs, h, c = lstm(x, initial_state[0], initial_state[1], *_weights(self.cell), **more)
        return h, outputs, [h, c]


class FastGRU(keras.layers.GRU):
    """`keras.layers.GRU` on our recurrence."""

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Return (last output, outputs, states) as Keras' own loop does."""
        if not _is_covered(self, keras.layers.GRUCell, sequences, mask):
            return super().inner_loop(sequences, initial_state, mask, training)
        x, masks = _prepared(self, sequences, initial_state, training)
        weights = _weights(self.cell)
        outputs, h = gru(x, initial_state[0], *weights, masks=masks, reset_after=self.cell.reset_after)
        return h, outputs, [h]


class FastConv1D(keras.layers.Conv1D):
    """`keras.layers.Conv1D` as one matrix product."""

    def call(self, inputs: Any) -> Any:
        """Return the convolved inputs."""
        kernel = ops.convert_to_tensor(self.kernel)
        # With strides, how much "same" pads depends on the length.
        covered = self.data_format == "channels_last" and (self.padding != "same" or self.strides[0] == 1)
        if not covered or inputs.shape[-1] != kernel.shape[1]:
            return super().call(inputs)
        dilation = self.dilation_rate[0]
        if self.padding != "valid":
            reach = dilation * (self.kernel_size[0] - 1)
            before = reach if self.padding == "causal" else reach // 2
            inputs = ops.pad(inputs, [[0, 0], [before, reach - before], [0, 0]])
        inputs = ops.convert_to_tensor(inputs, kernel.dtype)
        outputs = convolution(inputs, kernel, self.strides[0], dilation)
        if self.use_bias:
            outputs = ops.add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)


class FastELU(keras.layers.ELU):
    """`keras.layers.ELU` without XLA's expm1."""

    def call(self, inputs: Any) -> Any:
        """Return the activated inputs."""
        return elu(ops.convert_to_tensor(inputs), self.alpha)


class FastSeeds(keras.random.SeedGenerator):
    """Keras' generator of seeds, which hands out keys of the cheap random numbers."""

    def next(self, ordered: bool = True) -> Any:
        """Return the next key; the state moves on as Keras moves it."""
        return fast_key(super().next(ordered))


def fast_elu(x: Any, alpha: float = 1.0) -> Any:
    """Stand in for `keras.activations.elu`."""
    return elu(ops.convert_to_tensor(x), alpha)


def fast_selu(x: Any) -> Any:
    """Stand in for `keras.activations.selu`."""
    return selu(ops.convert_to_tensor(x))


LAYERS: dict[type, type] = {
    keras.layers.LSTM: FastLSTM,
    keras.layers.GRU: FastGRU,
    keras.layers.Conv1D: FastConv1D,
}
ON_CPU: dict[type, type] = {keras.layers.ELU: FastELU}
ACTIVATIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    keras.activations.elu: fast_elu,
    keras.activations.selu: fast_selu,
}


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
