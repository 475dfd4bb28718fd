# ruff: noqa: D102  (build, call, compute_* and get_config mean what they mean in Keras)
"""Normalization of each window by its own statistics, and the way back."""

from typing import Any

import keras
from keras import ops

from normcast.layers.arguments import check_choice

CENTERS = ("mean", "last")


@keras.saving.register_keras_serializable(package="normcast")
class ReversibleInstanceNorm(keras.Layer):
    """Normalizes each sample and channel by its own statistics over time, and hands on what undoes it.

    As an equation::

        y = (x - center) / sqrt(var + epsilon) * gamma + beta

    It is called with (batch, time, channels) and gives two tensors: y, of the same shape, and the statistics
    (batch, 2, channels), location and spread with gamma and beta folded in, so that x = y * spread +
    location. Give both a forecast and the statistics to `InverseInstanceNorm`; that graph edge is all the two
    layers share, so it survives saving and cloning.

    With a `mask` (batch, time), steps that are False there are left out of the statistics and are 0 in y; a
    row without a step that counts has location 0 and spread 1. The statistics are computed in float32 at
    least. No gradient flows through the mean and the variance (as in the authors' code); gamma and beta are
    trained.

    Parameters
    ----------
    center : {"mean", "last"}, default "mean"
        What is taken away: the mean over time, or the last step that counts.
    scale : bool, default True
        Whether to divide by the (biased) standard deviation; False with center="last" is NLinear.
    affine : bool, default True
        Whether gamma and beta, one per channel, are learned.
    epsilon : float, default 1e-5
        What is added to the variance, above 0.
    **kwargs
        Of `keras.layers.Layer`: name, dtype, trainable.

    Raises
    ------
    ValueError
        If `center` is unknown, or `epsilon` is not above 0.

    See Also
    --------
    InverseInstanceNorm : The way back.

    Notes
    -----
    RevIN, Kim et al. 2022, openreview.net/forum?id=cGDAkQo1C0p; NLinear, Zeng et al. 2023, arXiv:2205.13504.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[1.0], [3.0], [8.0]]])
    >>> y, statistics = ReversibleInstanceNorm(center="last", scale=False, affine=False)(x)
    >>> [float(v) for v in y[0, :, 0]], [float(v) for v in statistics[0, :, 0]]
    ([-7.0, -5.0, 0.0], [8.0, 1.0])
    """

    def __init__(
        self,
        center: str = "mean",
        scale: bool = True,
        affine: bool = True,
        epsilon: float = 1e-5,
        **kwargs: Any,
    ) -> None:
        # A series at level 1000 has nothing left of its shape once it is rounded to half precision.
        super().__init__(autocast=False, **kwargs)
        self.center = check_choice("ReversibleInstanceNorm", "center", center, CENTERS)
        self.scale = bool(scale)
        self.affine = bool(affine)
        if not epsilon > 0:
            raise ValueError(
                f"ReversibleInstanceNorm: epsilon is {epsilon!r}, but must be above 0: "
                "a constant window has no variance to divide by."
            )
        self.epsilon = float(epsilon)
        self.supports_masking = True
        self.input_spec = keras.layers.InputSpec(ndim=3)

    def build(self, input_shape: tuple) -> None:
        if not self.affine:
            return
        channels = (input_shape[-1],)
        self.gamma = self.add_weight(shape=channels, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=channels, initializer="zeros", name="beta")

    def call(self, inputs: Any, mask: Any = None) -> tuple[Any, Any]:
        x = ops.cast(inputs, _at_least_float32(inputs.dtype))
        valid = None if mask is None else ops.cast(mask, "bool")[:, :, None]
        if valid is not None:
            x = ops.where(valid, x, ops.zeros_like(x))
        location, spread = self._statistics(x, valid)  # (B, 1, C) each
        if self.affine:
            spread = spread / _away_from_zero(ops.cast(self.gamma, x.dtype), self.epsilon)
            location = location - ops.cast(self.beta, x.dtype) * spread
        y = (x - location) / spread
        if valid is not None:
            y = ops.where(valid, y, ops.zeros_like(y))
        return ops.cast(y, self.compute_dtype), ops.concatenate([location, spread], axis=1)

    def _statistics(self, x: Any, valid: Any) -> tuple[Any, Any]:
        weight = ops.ones_like(x[:, :, :1]) if valid is None else ops.cast(valid, x.dtype)
        count = ops.maximum(ops.sum(weight, axis=1, keepdims=True), 1.0)
        mean = ops.sum(x * weight, axis=1, keepdims=True) / count
        location = mean if self.center == "mean" else _last(x, weight)
        spread = ops.ones_like(mean)
        if self.scale:
            var = ops.sum(ops.square(x - mean) * weight, axis=1, keepdims=True) / count
            seen = ops.sum(weight, axis=1, keepdims=True) > 0
            apart = var + self.epsilon
            spread = ops.where(seen, apart * ops.rsqrt(apart), spread)  # sqrt would leave float64
        return ops.stop_gradient(location), ops.stop_gradient(spread)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> list[Any]:
        """Return the mask of y, which is the input's, and none for the statistics.

        Parameters
        ----------
        inputs : tensor (batch, time, channels)
            What the layer is called with.
        previous_mask : tensor (batch, time) or None, default None
            Mask of the inputs.

        Returns
        -------
        list
            The mask of y, and None.
        """
        return [previous_mask, None]

    def compute_output_shape(self, input_shape: tuple) -> tuple[tuple, tuple]:
        return input_shape, (input_shape[0], 2, input_shape[2])

    def compute_output_spec(self, inputs: Any, mask: Any = None) -> tuple[Any, Any]:
        shape, of_statistics = self.compute_output_shape(tuple(inputs.shape))
        dtype = _at_least_float32(self.compute_dtype)
        return (
            keras.KerasTensor(shape, dtype=self.compute_dtype),
            keras.KerasTensor(of_statistics, dtype=dtype),
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "center": self.center,
            "scale": self.scale,
            "affine": self.affine,
            "epsilon": self.epsilon,
        }


@keras.saving.register_keras_serializable(package="normcast")
class InverseInstanceNorm(keras.Layer):
    """Undoes a `ReversibleInstanceNorm`: x = y * spread + location.

    It is called with a list of the forecast and the statistics (batch, 2, channels) of the normalization. The
    forecast is (batch, h, channels) with channel=None, else (batch, h) or (batch, h, anything), all of which
    is of that one channel. The output has the shape of the forecast.

    Parameters
    ----------
    channel : int or None, default None
        Which channel of the input the forecast is of (negative ones count from the end); None means that the
        last axis of the forecast is the channels.
    **kwargs
        Of `keras.layers.Layer`: name, dtype, trainable.

    Raises
    ------
    ValueError
        If the forecast does not fit the channels of the input, when the layer is built.

    See Also
    --------
    ReversibleInstanceNorm : Makes the statistics.

    Examples
    --------
    >>> import keras
    >>> x = keras.Input((48, 3))
    >>> y, statistics = ReversibleInstanceNorm()(x)
    >>> forecast = keras.layers.Dense(24)(keras.layers.LSTM(8)(y))
    >>> keras.Model(x, InverseInstanceNorm(channel=0)([forecast, statistics])).output_shape
    (None, 24)
    """

    def __init__(self, channel: int | None = None, **kwargs: Any) -> None:
        # The statistics must not be rounded to half precision on the way in.
        super().__init__(autocast=False, **kwargs)
        self.channel = channel
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        forecast, statistics = input_shape
        channels = statistics[-1]
        if self.channel is None and (len(forecast) != 3 or forecast[-1] not in (None, channels)):
            raise ValueError(
                f"InverseInstanceNorm: the forecast is {tuple(forecast)}, but with channel=None its last "
                f"axis must be the {channels} channels. Say which it is of: channel=0 to {channels - 1}."
            )
        if self.channel is not None and not -channels <= self.channel < channels:
            raise ValueError(
                f"InverseInstanceNorm: channel is {self.channel}, but the input had {channels} channels "
                f"(0 to {channels - 1})."
            )

    def call(self, inputs: Any) -> Any:
        forecast, statistics = inputs
        y = ops.cast(forecast, statistics.dtype)
        if self.channel is not None:
            channel = self.channel % statistics.shape[-1]
            statistics = statistics[:, :, channel : channel + 1]  # (B, 2, 1)
        location, spread = statistics[:, :1], statistics[:, 1:]
        if len(y.shape) == 2:
            location, spread = location[:, :, 0], spread[:, :, 0]
        return y * spread + location

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Return the mask of the forecast.

        Parameters
        ----------
        inputs : list of two tensor
            The forecast and the statistics.
        previous_mask : list or None, default None
            Their masks.

        Returns
        -------
        tensor or None
            The first of them.
        """
        return previous_mask[0] if isinstance(previous_mask, list | tuple) else None

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return tuple(input_shape[0])

    def compute_output_spec(self, inputs: Any) -> Any:
        forecast, statistics = inputs
        return keras.KerasTensor(tuple(forecast.shape), dtype=statistics.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "channel": self.channel}


def _last(x: Any, weight: Any) -> Any:
    """Return the last step that counts, (B, 1, C); 0 where none does."""
    position = ops.cumsum(ops.ones_like(weight), axis=1) * weight
    is_last = ops.cast(position == ops.max(position, axis=1, keepdims=True), x.dtype)
    return ops.sum(x * is_last * weight, axis=1, keepdims=True)


def _away_from_zero(gamma: Any, epsilon: float) -> Any:
    """Return gamma, moved off zero as the authors' code does, since the way back divides by it."""
    return gamma + epsilon**2


def _at_least_float32(dtype: Any) -> str:
    return "float64" if keras.backend.standardize_dtype(dtype) == "float64" else "float32"
