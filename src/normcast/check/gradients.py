"""Gradients on any Keras backend, through an optimizer that only writes down what it is handed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


class Recorder(keras.optimizers.Optimizer):
    """An optimizer that keeps each gradient in a slot and leaves the weights alone."""

    def __init__(self) -> None:
        super().__init__(learning_rate=0.0, name="recorder")
        self.seen: list[Any] = []

    def build(self, variables: Any) -> None:
        """Make a slot for each variable."""
        if not self.built:
            super().build(variables)
            self.seen = [self.add_variable_from_reference(v, name="gradient") for v in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Write the gradient down."""
        self.assign(self.seen[self._get_variable_index(variable)], keras.ops.cast(gradient, variable.dtype))


class _Offset(keras.layers.Layer):
    """Adds a variable that is 0: its gradient is that of the input."""

    def build(self, input_shape: Any) -> None:
        self.offset = self.add_weight(shape=input_shape, initializer="zeros", name="offset")

    def call(self, inputs: Any) -> Any:
        return inputs + self.offset


@dataclass(frozen=True, eq=False)
class Gradients:
    """The loss of one batch; the gradient of each trainable variable by path; and of the inputs, (B, T,
    C)."""

    loss: float
    weights: dict[str, np.ndarray]
    inputs: np.ndarray | None


def gradients(model: Any, x: Any, y: Any, loss: Any) -> Gradients:
    """Return the gradients of one batch in training mode. The model's weights stay as they are.

    model: with a single input; x: (batch, ...), floating point or integer; loss: anything that compile takes.
    The input's gradient is None for integers.

    >>> net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    >>> gradients(net, np.ones((4, 2), "float32"), np.zeros((4, 1), "float32"), "mse").inputs.shape
    (4, 2)
    """
    x = np.asarray(x)
    probe = _Offset(name="input_offset") if np.issubdtype(x.dtype, np.floating) else None
    start = keras.Input(batch_shape=x.shape, dtype=str(x.dtype))
    whole = keras.Model(start, model(probe(start) if probe else start))
    recorder = Recorder()
    whole.compile(optimizer=recorder, loss=loss)
    value = whole.train_on_batch(x, y)
    found = {
        variable.path: np.array(keras.ops.convert_to_numpy(slot))
        for variable, slot in zip(whole.trainable_variables, recorder.seen, strict=True)
    }
    inputs = found.pop(probe.offset.path) if probe else None
    return Gradients(float(np.ravel(value)[0]), found, inputs)
