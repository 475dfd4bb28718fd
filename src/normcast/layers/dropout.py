# ruff: noqa: D102  (build, call, compute_* and get_config mean what they mean in Keras)
"""Dropouts for sequences that Keras lacks: of whole channels, for SELU or by noise, and of whole steps."""

from typing import Any

import keras
from keras import ops

from normcast.layers.arguments import check_rate

# selu(-inf) = -lambda * alpha: what a dropped unit is set to (Klambauer et al. 2017, section 3).
SELU_FLOOR = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717


class _SequenceDropout(keras.Layer):
    """What the three share: a rate in [0, 1), a seed, and nothing done outside training."""

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = check_rate(type(self).__name__, "rate", rate)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True
        self.input_spec = keras.layers.InputSpec(ndim=3)

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return self.disturb(inputs)

    def disturb(self, x: Any) -> Any:
        """Return the inputs (batch, time, channels) as training sees them."""
        raise NotImplementedError

    def keep(self, shape: tuple, dtype: Any) -> Any:
        """Draw 1 (kept) with probability 1 - rate, else 0, in the given shape."""
        drawn = keras.random.uniform(shape, seed=self.seed_generator, dtype="float32")
        return ops.cast(drawn >= self.rate, dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(package="normcast")
class SpatialAlphaDropout1D(_SequenceDropout):
    """Alpha dropout of whole channels: keeps the mean and variance that SELU relies on.

    As an equation::

        y = a * (x * m + floor * (1 - m)) + b,    a = ((1 - p) (1 + p floor^2))^-1/2,    b = -a p floor

    m is 1 with probability 1 - p, drawn once per sample and channel and the same at all steps; floor =
    -1.7581 is where SELU saturates. It is called with (batch, time, channels) and `training`, and keeps the
    shape; outside training nothing is done.

    Parameters
    ----------
    rate : float
        The probability p that a channel is dropped, at least 0 and below 1; 0.05 to 0.1 is recommended.
    seed : int or None, default None
        Seed of what is drawn; None draws one.
    **kwargs
        Of `keras.layers.Layer`: name, dtype, trainable.

    Raises
    ------
    ValueError
        If `rate` lies outside [0, 1).

    Notes
    -----
    Klambauer et al. 2017, arXiv:1706.02515; the same as `torch.nn.FeatureAlphaDropout`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(1, 3, 8)).astype("float32")
    >>> y = np.asarray(SpatialAlphaDropout1D(0.5, seed=1)(x, training=True))
    >>> bool((np.ptp(y, axis=1) == 0).any())
    True
    """

    def disturb(self, x: Any) -> Any:
        batch, _, channels = ops.shape(x)
        m = self.keep((batch, 1, channels), x.dtype)
        p = self.rate
        a = ((1 - p) * (1 + p * SELU_FLOOR**2)) ** -0.5
        b = -a * p * SELU_FLOOR
        return a * (x * m + SELU_FLOOR * (1 - m)) + b


@keras.saving.register_keras_serializable(package="normcast")
class SpatialGaussianDropout1D(_SequenceDropout):
    """Gaussian dropout of whole channels: each channel is multiplied by one draw around 1 for all steps.

    As an equation::

        y = x * n,    n ~ Normal(1, p / (1 - p)) once per sample and channel

    It is called with (batch, time, channels) and `training`, and keeps the shape; outside training nothing is
    done.

    Parameters
    ----------
    rate : float
        The rate p, at least 0 and below 1; the noise has the variance that dropout at that rate has.
    seed : int or None, default None
        Seed of what is drawn; None draws one.
    **kwargs
        Of `keras.layers.Layer`: name, dtype, trainable.

    Raises
    ------
    ValueError
        If `rate` lies outside [0, 1).

    Notes
    -----
    Srivastava et al. 2014 (JMLR 15), section 10; Tompson et al. 2015, arXiv:1411.4280, for the shape.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.asarray(SpatialGaussianDropout1D(0.2, seed=1)(np.ones((2, 9, 3)), training=True))
    >>> bool((np.ptp(y, axis=1) == 0).all())
    True
    """

    def disturb(self, x: Any) -> Any:
        batch, _, channels = ops.shape(x)
        stddev = (self.rate / (1 - self.rate)) ** 0.5
        return x * keras.random.normal(
            (batch, 1, channels), mean=1.0, stddev=stddev, dtype=x.dtype, seed=self.seed_generator
        )


@keras.saving.register_keras_serializable(package="normcast")
class TimeStepDropout1D(_SequenceDropout):
    """Dropout of whole steps: all channels of a step are dropped together.

    As an equation::

        y_t = x_t * m_t / (1 - p),    m_t ~ Bernoulli(1 - p) once per sample and step

    It is called with (batch, time, channels) and `training`, and keeps the shape; outside training nothing is
    done.

    Parameters
    ----------
    rate : float
        The probability p that a step is dropped, at least 0 and below 1.
    seed : int or None, default None
        Seed of what is drawn; None draws one.
    **kwargs
        Of `keras.layers.Layer`: name, dtype, trainable.

    Raises
    ------
    ValueError
        If `rate` lies outside [0, 1).

    Notes
    -----
    Word dropout for embeddings, Gal & Ghahramani 2016, arXiv:1512.05287, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.asarray(TimeStepDropout1D(0.5, seed=1)(np.ones((2, 9, 3)), training=True))
    >>> bool((np.ptp(y, axis=2) == 0).all()), sorted({float(v) for v in y.flat})
    (True, [0.0, 2.0])
    """

    def disturb(self, x: Any) -> Any:
        batch, time, _ = ops.shape(x)
        return x * self.keep((batch, time, 1), x.dtype) / (1 - self.rate)
