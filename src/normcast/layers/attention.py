# ruff: noqa: D102  (build, call, compute_* and get_config mean what they mean in Keras)
"""Squeeze and excitation over channels, also in a form that sees no later step."""

from typing import Any

import keras
from keras import ops

from normcast.layers.arguments import check_count
from normcast.layers.part import INPUT, Part


@keras.saving.register_keras_serializable(package="normcast")
class CausalAveragePooling1D(keras.Layer):
    """Mean of all steps up to and including each one.

    As an equation::

        s_t = (x_1 + ... + x_t) / t

    It is called with (batch, time, channels) and keeps that shape. With a `mask` (batch, time), steps that
    are False there do not count; before the first step that counts, the mean is 0.

    Parameters
    ----------
    **kwargs
        Of `keras.layers.Layer`: name, dtype, trainable.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[2.0], [4.0], [9.0]]])
    >>> [float(s) for s in CausalAveragePooling1D()(x)[0, :, 0]]
    [2.0, 3.0, 5.0]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        # A sum over a long sequence loses digits in half precision.
        x = ops.cast(inputs, _accumulator(inputs.dtype))
        if mask is None:
            count = ops.cumsum(ops.ones_like(x[:, :, :1]), axis=1)
        else:
            valid = ops.cast(mask, "bool")[:, :, None]
            x = ops.where(valid, x, ops.zeros_like(x))
            count = ops.maximum(ops.cumsum(ops.cast(valid, x.dtype), axis=1), 1.0)
        return ops.cast(ops.cumsum(x, axis=1) / count, inputs.dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape


@keras.saving.register_keras_serializable(package="normcast")
class SqueezeExcite1D(keras.Layer):
    """Weighs each channel by what the whole sequence says about it.

    As an equation::

        s = mean over time of x;   e = sigmoid(relu(s W1) W2);   y = x * e

    With causal=True the mean at step t runs over the steps up to t, so the weight of each step is its own and
    no output depends on a later input: needed when the outputs are per step.

    It is called with (batch, time, channels) and keeps that shape. With a `mask` (batch, time), steps that
    are False there do not count and are 0 in the output; a row whose steps are all masked is weighed as a row
    of zeros would be. Weights: W1 (channels, hidden) and W2 (hidden, channels); no biases.

    Parameters
    ----------
    ratio : int, default 4
        How far the channels are squeezed: hidden is channels // ratio, but no less than 1. At least 1.
    causal : bool, default False
        Whether the mean is a running one, which sees no later step.
    kernel_initializer : str or Initializer, default "he_normal"
        How both weight matrices start.
    kernel_regularizer : str or Regularizer or None, default None
        What is added to the loss for both.
    kernel_constraint : str or Constraint or None, default None
        What both are held to after each update.
    **kwargs
        Of `keras.layers.Layer`: name, dtype, trainable.

    Raises
    ------
    ValueError
        If `ratio` is no whole number of at least 1, or the channels are unknown when the layer is built.

    Notes
    -----
    Hu et al. 2018, arXiv:1709.01507.

    Examples
    --------
    >>> import numpy as np
    >>> layer = SqueezeExcite1D(ratio=4)
    >>> layer(np.ones((2, 5, 10))).shape, [w.shape for w in layer.weights]
    ((2, 5, 10), [(10, 2), (2, 10)])
    """

    def __init__(
        self,
        ratio: int = 4,
        causal: bool = False,
        kernel_initializer: Any = "he_normal",
        kernel_regularizer: Any = None,
        kernel_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.ratio = check_count("SqueezeExcite1D", "ratio", ratio)
        self.causal = bool(causal)
        self.kernel_initializer = kernel_initializer
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(f"SqueezeExcite1D: the number of channels of {input_shape} must be known.")
        hidden = max(1, channels // self.ratio)
        # Built here, not in __init__, because the width of both follows from the channels.
        self.pool = self._pooling()
        self.spread = None if self.causal else keras.layers.Reshape((1, channels), dtype=self.dtype_policy)
        self.squeeze = self._dense(hidden, "relu", "squeeze")
        self.excite = self._dense(channels, "sigmoid", "excite")
        self.scale = keras.layers.Multiply(name="scale", dtype=self.dtype_policy)
        self.squeeze.build((*input_shape[:-1], channels))
        self.excite.build((*input_shape[:-1], hidden))

    def _pooling(self) -> keras.Layer:
        if self.causal:
            return CausalAveragePooling1D(name="pool", dtype=self.dtype_policy)
        return keras.layers.GlobalAveragePooling1D(name="pool", dtype=self.dtype_policy)

    def _dense(self, units: int, activation: str, name: str) -> keras.Layer:
        return keras.layers.Dense(
            units,
            activation=activation,
            use_bias=False,
            # get() makes a fresh initializer for each, so that the two kernels are drawn apart.
            kernel_initializer=keras.initializers.get(self._initializer_config()),
            kernel_regularizer=self.kernel_regularizer,
            kernel_constraint=self.kernel_constraint,
            name=name,
            dtype=self.dtype_policy,
        )

    def _initializer_config(self) -> Any:
        known = self.kernel_initializer
        return known if isinstance(known, str | dict) else keras.initializers.serialize(known)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        x = inputs
        if mask is not None:
            x = ops.where(ops.cast(mask, "bool")[:, :, None], x, ops.zeros_like(x))
        pooled = self.pool(x, mask=mask) if self.causal else _mean(x, mask)  # (B, T or 1, C)
        return x * self.excite(self.squeeze(pooled))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def unfold(self) -> tuple[Part, ...]:
        """Return the plain layers that this one stands for, sharing its weights.

        Returns
        -------
        tuple of Part
            The layers in order, each with what it reads; the last one gives the output.

        Raises
        ------
        ValueError
            If the layer is not built yet: call it first.
        """
        if not self.built:
            raise ValueError(
                f"SqueezeExcite1D: {self.name!r} has no parts before it is built. Call it first."
            )
        row = [self.pool, self.spread, self.squeeze, self.excite]
        chain = [layer for layer in row if layer is not None]
        parts = [Part(layer, (i - 1,)) for i, layer in enumerate(chain)]
        return (*parts, Part(self.scale, (INPUT, len(chain) - 1)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "ratio": self.ratio,
            "causal": self.causal,
            "kernel_initializer": self._initializer_config(),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
        }


def _mean(x: Any, mask: Any) -> Any:
    """Return the mean over time of the steps that count, (B, 1, C); x is 0 at the others."""
    if mask is None:
        return ops.sum(x, axis=1, keepdims=True) / ops.cast(ops.shape(x)[1], x.dtype)
    count = ops.sum(ops.cast(mask, x.dtype)[:, :, None], axis=1, keepdims=True)
    return ops.sum(x, axis=1, keepdims=True) / ops.maximum(count, 1)


def _accumulator(dtype: Any) -> str:
    return "float64" if keras.backend.standardize_dtype(dtype) == "float64" else "float32"
