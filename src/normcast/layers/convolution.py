# ruff: noqa: D102  (build, call, compute_* and get_config mean what they mean in Keras)
"""The convolution block in front of a recurrent network."""

from typing import Any

import keras
from keras import ops

from normcast.layers.arguments import check_choice, check_rate
from normcast.layers.attention import SqueezeExcite1D
from normcast.layers.dropout import SpatialAlphaDropout1D, SpatialGaussianDropout1D, TimeStepDropout1D
from normcast.layers.part import INPUT, Part, append

NORMS = (None, "batch", "layer", "rms")
SIDES = ("before", "after")
DROPOUTS: dict[str, type[keras.Layer]] = {
    "standard": keras.layers.Dropout,
    "spatial": keras.layers.SpatialDropout1D,
    "alpha": keras.layers.AlphaDropout,
    "spatial_alpha": SpatialAlphaDropout1D,
    "gaussian": keras.layers.GaussianDropout,
    "spatial_gaussian": SpatialGaussianDropout1D,
    "time_step": TimeStepDropout1D,
}


@keras.saving.register_keras_serializable(package="normcast")
class ConvBlock(keras.Layer):
    """Convolution, normalization, activation, dropout and squeeze-excite, in the order its arguments state.

    With the defaults::

        y = squeeze_excite(dropout(activation(norm(conv(x)))))

    It is called with (batch, time, channels) and gives (batch, time / strides, filters). Further call
    arguments: `mask` (batch, time), False where a step does not count: such a step is zeroed before the
    convolution and left out of every statistic; `training`.

    Parameters
    ----------
    filters : int, default 10
        Width of the output.
    kernel_size : int, default 3
        How many steps each output reads.
    strides : int, default 1
        Steps from one output to the next.
    padding : {"causal", "same", "valid"}, default "causal"
        What stands beside the ends: zeros before the first step alone, so that no output sees a later step;
        zeros at both ends; or nothing, which shortens the output.
    dilation_rate : int, default 1
        Steps between the inputs of one output.
    groups : int, default 1
        Into how many groups the channels are parted, each convolved by itself.
    use_bias : bool or None, default None
        Whether the convolution learns a bias; None means only where no normalization that would take it away
        follows.
    kernel_initializer : str or Initializer, default "lecun_normal"
        How the kernel starts; SELU wants the default.
    kernel_regularizer : str or Regularizer or None, default None
        What is added to the loss for the kernel.
    kernel_constraint : str or Constraint or None, default None
        What the kernel is held to after each update.
    norm : {"batch", "layer", "rms", None}, default "batch"
        Which normalization is in the block.
    norm_at : {"before", "after"}, default "before"
        On which side of the activation it stands.
    norm_scale : bool or None, default None
        Whether the normalization learns a scale; None means that all but batch normalization do, since SELU
        wants an input of unit variance.
    norm_momentum : float, default 0.99
        Of norm="batch": the share of the old value that moving statistics keep at each update.
    norm_epsilon : float, default 1e-3
        What is added to variances.
    activation : str or callable or None, default "selu"
        Any activation of Keras.
    dropout : float, default 0.1
        Rate of the dropout, at least 0 and below 1; 0 means none.
    dropout_kind : str, default "alpha"
        What is dropped: "standard" or "alpha" (single values), "spatial" or "spatial_alpha" (whole channels),
        "time_step" (whole steps); "gaussian" and "spatial_gaussian" multiply by noise. The alpha ones keep
        the mean and variance that SELU relies on.
    dropout_at : {"before", "after"}, default "before"
        On which side of the squeeze-excite the dropout stands.
    squeeze_excite : int or None, default 4
        Ratio of the `SqueezeExcite1D`, or None for none.
    squeeze_causal : bool, default False
        Whether the squeeze-excite sees no later step.
    seed : int or None, default None
        Seed of the dropout; None draws one.
    **kwargs
        Of `keras.layers.Layer`: name, dtype, trainable.

    Raises
    ------
    ValueError
        If a name is unknown, the rate lies outside [0, 1), or norm="rms" is to have no scale.

    Notes
    -----
    The block conv, batch norm without scale, SELU, alpha dropout, squeeze-excite of Stack Overflow answer
    59294133; Klambauer et al. 2017, arXiv:1706.02515, for SELU, its dropout and its start.

    Examples
    --------
    >>> import numpy as np
    >>> ConvBlock(10)(np.ones((2, 7, 3))).shape
    (2, 7, 10)
    """

    def __init__(
        self,
        filters: int = 10,
        kernel_size: int = 3,
        strides: int = 1,
        padding: str = "causal",
        dilation_rate: int = 1,
        groups: int = 1,
        use_bias: bool | None = None,
        kernel_initializer: Any = "lecun_normal",
        kernel_regularizer: Any = None,
        kernel_constraint: Any = None,
        norm: str | None = "batch",
        norm_at: str = "before",
        norm_scale: bool | None = None,
        norm_momentum: float = 0.99,
        norm_epsilon: float = 1e-3,
        activation: Any = "selu",
        dropout: float = 0.1,
        dropout_kind: str = "alpha",
        dropout_at: str = "before",
        squeeze_excite: int | None = 4,
        squeeze_causal: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.norm_kind = check_choice("ConvBlock", "norm", norm, NORMS)
        self.norm_at = check_choice("ConvBlock", "norm_at", norm_at, SIDES)
        self.norm_scale = norm_scale
        if self.norm_kind == "rms" and norm_scale is False:
            raise ValueError("ConvBlock: norm='rms' always learns a scale; leave norm_scale unset.")
        self.norm_momentum = norm_momentum
        self.norm_epsilon = norm_epsilon
        self.dropout_rate = check_rate("ConvBlock", "dropout", dropout)
        self.dropout_kind = check_choice("ConvBlock", "dropout_kind", dropout_kind, DROPOUTS)
        self.dropout_at = check_choice("ConvBlock", "dropout_at", dropout_at, SIDES)
        self.ratio = squeeze_excite
        self.squeeze_causal = bool(squeeze_causal)
        self.seed = seed
        self.supports_masking = True
        self.conv = self._convolution(
            filters, kernel_size, strides, padding, dilation_rate, groups, use_bias,
            kernel_initializer, kernel_regularizer, kernel_constraint,
        )  # fmt: skip
        self.norm = self._norm()
        self.activation = keras.layers.Activation(activation, name="activation", dtype=self.dtype_policy)
        self.dropout = self._dropout()
        self.squeeze_excite = self._squeeze_excite()

    def _convolution(
        self, filters: int, kernel_size: int, strides: int, padding: str, dilation_rate: int, groups: int,
        use_bias: bool | None, initializer: Any, regularizer: Any, constraint: Any,
    ) -> keras.Layer:  # fmt: skip
        # Batch norm takes away what is constant in a channel, and so the bias; the other two do not.
        taken_away = self.norm_kind == "batch" and self.norm_at == "before"
        return keras.layers.Conv1D(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            dilation_rate=dilation_rate,
            groups=groups,
            use_bias=not taken_away if use_bias is None else use_bias,
            kernel_initializer=initializer,
            kernel_regularizer=regularizer,
            kernel_constraint=constraint,
            name="conv",
            dtype=self.dtype_policy,
        )

    def _norm(self) -> keras.Layer | None:
        about: dict[str, Any] = {
            "epsilon": self.norm_epsilon,
            "name": "norm",
            "dtype": self.dtype_policy,
        }
        scale = self.norm_scale
        if self.norm_kind == "batch":
            return keras.layers.BatchNormalization(scale=bool(scale), momentum=self.norm_momentum, **about)
        if self.norm_kind == "layer":
            return keras.layers.LayerNormalization(scale=scale is not False, **about)
        if self.norm_kind == "rms":
            return keras.layers.RMSNormalization(**about)
        return None

    def _dropout(self) -> keras.Layer | None:
        if self.dropout_rate == 0:
            return None
        kind = DROPOUTS[str(self.dropout_kind)]
        return kind(self.dropout_rate, seed=self.seed, name="dropout", dtype=self.dtype_policy)

    def _squeeze_excite(self) -> keras.Layer | None:
        if self.ratio is None:
            return None
        return SqueezeExcite1D(
            self.ratio, self.squeeze_causal, name="squeeze_excite", dtype=self.dtype_policy
        )

    @property
    def chain(self) -> tuple[Any, ...]:
        """The layers in the order in which they act."""
        middle = [self.norm, self.activation] if self.norm_at == "before" else [self.activation, self.norm]
        end = [self.dropout, self.squeeze_excite]
        if self.dropout_at == "after":
            end.reverse()
        return tuple(layer for layer in (self.conv, *middle, *end) if layer is not None)

    def build(self, input_shape: tuple) -> None:
        shape = tuple(input_shape)
        for layer in self.chain:
            if not layer.built:
                layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        x = inputs
        if mask is not None:
            valid = ops.cast(mask, "bool")[:, :, None]
            x = ops.where(valid, x, ops.zeros_like(x))
        x = self.conv(x)
        mask = self.compute_mask(inputs, mask)
        for layer in self.chain[1:]:
            x = self._apply(layer, x, mask, training)
        return x

    def _apply(self, layer: Any, x: Any, mask: Any, training: bool | None) -> Any:
        if isinstance(layer, keras.layers.BatchNormalization):
            return layer(x, training=training, mask=mask)
        if layer.name == "dropout":
            return layer(x, training=training)
        if isinstance(layer, SqueezeExcite1D):
            return layer(x, mask=mask)
        return layer(x)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Return the mask of the output: a step counts if the input step that it is aligned with does.

        Parameters
        ----------
        inputs : tensor (batch, time, channels)
            What the block is called with.
        previous_mask : tensor (batch, time) or None, default None
            Mask of the inputs.

        Returns
        -------
        tensor (batch, time / strides) or None
            None where the inputs have no mask.
        """
        if previous_mask is None:
            return None
        skip = self.conv.dilation_rate[0] * (self.conv.kernel_size[0] - 1)
        first = skip if self.conv.padding == "valid" else 0
        return ops.cast(previous_mask, "bool")[:, first :: self.conv.strides[0]]

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return self.conv.compute_output_shape(input_shape)

    def unfold(self) -> tuple[Part, ...]:
        """Return the plain layers that this one stands for, sharing its weights.

        Returns
        -------
        tuple of Part
            The layers in order, each with what it reads; the last one gives the output.

        Raises
        ------
        ValueError
            If the block is not built yet: call it first.
        """
        if not self.built:
            raise ValueError(f"ConvBlock: {self.name!r} has no parts before it is built. Call it first.")
        parts: tuple[Part, ...] = ()
        for layer in self.chain:
            more = layer.unfold() if isinstance(layer, SqueezeExcite1D) else (Part(layer, (INPUT,)),)
            parts = append(parts, more)
        return parts

    def get_config(self) -> dict[str, Any]:
        conv = self.conv.get_config()
        of_conv = ("filters", "padding", "groups", "use_bias", "kernel_initializer",
                   "kernel_regularizer", "kernel_constraint")  # fmt: skip
        return {
            **super().get_config(),
            **{name: conv[name] for name in of_conv},
            **{name: conv[name][0] for name in ("kernel_size", "strides", "dilation_rate")},
            "norm": self.norm_kind,
            "norm_at": self.norm_at,
            "norm_scale": self.norm_scale,
            "norm_momentum": self.norm_momentum,
            "norm_epsilon": self.norm_epsilon,
            "activation": self.activation.get_config()["activation"],
            "dropout": self.dropout_rate,
            "dropout_kind": self.dropout_kind,
            "dropout_at": self.dropout_at,
            "squeeze_excite": self.ratio,
            "squeeze_causal": self.squeeze_causal,
            "seed": self.seed,
        }
