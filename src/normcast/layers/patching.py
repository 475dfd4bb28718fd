# ruff: noqa: D102  (build, call, compute_* and get_config mean what they mean in Keras)
"""Strided causal convolution that drops no recent value."""

from typing import Any

import keras
from keras import ops

from normcast.layers.arguments import check_choice, check_count
from normcast.layers.part import INPUT, Part

FILLS = ("zeros", "first")


@keras.saving.register_keras_serializable(package="normcast")
class CausalPatching(keras.Layer):
    """Turns each patch of steps into one step; the last patch ends at the last step.

    As an equation::

        y_j = activation(W [x_{e-k+1} ... x_e] + b)
        e = T - 1 - (J - 1 - j) * stride,   J = ceil(T / stride)

    A strided convolution of Keras counts patches from the first step, so a rest at the end, the newest
    values, is dropped. Here the rest is at the start, where it is filled up.

    It is called with (batch, time, channels) and gives (batch, ceil(time / stride), filters); y_j depends on
    no step after e. With a `mask` (batch, time), steps that are False there are zeroed, and a patch counts if
    any of its steps does.

    Parameters
    ----------
    filters : int
        Width of the output.
    patch_size : int
        How many steps make a patch (k), at least 1.
    stride : int or None, default None
        Steps from patch to patch, at least 1 and at most `patch_size` (else values would be skipped); None
        means `patch_size`, patches side by side.
    fill : {"zeros", "first"}, default "zeros"
        What stands before the first step: zeros, or the first value again and again.
    activation : str or callable or None, default None
        Any activation of Keras.
    use_bias : bool, default True
        Whether b is learned.
    kernel_initializer : str or Initializer, default "glorot_uniform"
        How W starts.
    kernel_regularizer : str or Regularizer or None, default None
        What is added to the loss for W.
    kernel_constraint : str or Constraint or None, default None
        What W is held to after each update.
    **kwargs
        Of `keras.layers.Layer`: name, dtype, trainable.

    Raises
    ------
    ValueError
        If a size is no whole number of at least 1, `stride` is more than `patch_size`, or `fill` is unknown.

    Notes
    -----
    Patches as in PatchTST, Nie et al. 2023, arXiv:2211.14730, which pads at the end instead.

    Examples
    --------
    >>> import numpy as np
    >>> CausalPatching(8, patch_size=16, stride=8)(np.ones((2, 100, 3))).shape
    (2, 13, 8)
    """

    def __init__(
        self,
        filters: int,
        patch_size: int,
        stride: int | None = None,
        fill: str = "zeros",
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        kernel_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.patch_size = check_count("CausalPatching", "patch_size", patch_size)
        self.stride = self.patch_size if stride is None else check_count("CausalPatching", "stride", stride)
        if self.stride > self.patch_size:
            raise ValueError(
                f"CausalPatching: stride {self.stride} is more than patch_size {self.patch_size}, "
                "so values between the patches would be skipped. Lower stride or raise patch_size."
            )
        self.fill = check_choice("CausalPatching", "fill", fill, FILLS)
        self.supports_masking = True
        self.conv = keras.layers.Conv1D(
            filters,
            self.patch_size,
            strides=self.stride,
            padding="valid",
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            kernel_regularizer=kernel_regularizer,
            kernel_constraint=kernel_constraint,
            name="conv",
            dtype=self.dtype_policy,
        )

    def build(self, input_shape: tuple) -> None:
        self._time = input_shape[1]
        if not self.conv.built:
            self.conv.build((input_shape[0], self.patch_size, input_shape[2]))

    def call(self, inputs: Any, mask: Any = None) -> Any:
        x = inputs
        if mask is not None:
            valid = ops.cast(mask, "bool")[:, :, None]
            x = ops.where(valid, x, ops.zeros_like(x))
        return self.conv(self._align(x, first=x[:, :1]))

    def _align(self, x: Any, first: Any) -> Any:
        """Put k-1 steps in front, then skip the rest, so that the last patch ends at the last step."""
        rest = (ops.shape(x)[1] - 1) % self.stride
        ahead = ops.repeat(
            first if self.fill == "first" else ops.zeros_like(first), self.patch_size - 1, axis=1
        )
        return ops.concatenate([ahead, x], axis=1)[:, rest:]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Return the mask of the patches: one counts if any of its steps does.

        Parameters
        ----------
        inputs : tensor (batch, time, channels)
            What the layer is called with.
        previous_mask : tensor (batch, time) or None, default None
            Mask of the inputs.

        Returns
        -------
        tensor (batch, patches) or None
            None where the inputs have no mask.
        """
        if previous_mask is None:
            return None
        valid = ops.cast(previous_mask, "float32")[:, :, None]
        rest = (ops.shape(valid)[1] - 1) % self.stride
        ahead = ops.zeros_like(ops.repeat(valid[:, :1], self.patch_size - 1, axis=1))
        aligned = ops.concatenate([ahead, valid], axis=1)[:, rest:]
        return ops.max_pool(aligned, self.patch_size, self.stride, padding="valid")[:, :, 0] > 0

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        batch, time, _ = input_shape
        return batch, None if time is None else -(-time // self.stride), self.conv.filters

    def unfold(self) -> tuple[Part, ...]:
        """Return the plain layers that this one stands for, sharing its weights.

        Returns
        -------
        tuple of Part
            Zeros in front, and the convolution.

        Raises
        ------
        ValueError
            If the layer is not built yet, the number of steps is unknown, or fill="first", which no plain
            layer does.
        """
        if not self.built or self._time is None or self.fill != "zeros":
            raise ValueError(
                f"CausalPatching: {self.name!r} has plain parts only once it is built for a known number of "
                f"steps and with fill='zeros'; its steps are {getattr(self, '_time', 'unknown')}, "
                f"its fill is {self.fill!r}."
            )
        rest = (self._time - 1) % self.stride
        pad = keras.layers.ZeroPadding1D((self.patch_size - 1 - rest, 0), name="pad", dtype=self.dtype_policy)
        return Part(pad, (INPUT,)), Part(self.conv, (0,))

    def get_config(self) -> dict[str, Any]:
        conv = self.conv.get_config()
        of_conv = ("filters", "activation", "use_bias", "kernel_initializer",
                   "kernel_regularizer", "kernel_constraint")  # fmt: skip
        return {
            **super().get_config(),
            **{name: conv[name] for name in of_conv},
            "patch_size": self.patch_size,
            "stride": self.stride,
            "fill": self.fill,
        }
