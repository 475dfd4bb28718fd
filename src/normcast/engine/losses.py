"""Losses that Keras lacks, and any loss as one of Keras' kind."""

from collections.abc import Callable
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops

from normcast.engine.identity import is_own, module_of, number_of
from normcast.errors import unknown
from normcast.plain import text

LossLike: TypeAlias = str | keras.losses.Loss | Callable[..., Any]
LOSSES = {
    kind().name.removesuffix("_loss"): kind
    for kind in vars(keras.losses).values()
    if isinstance(kind, type) and issubclass(kind, keras.losses.Loss) and kind is not keras.losses.Loss
}
"""Keras' losses by the names of their functions."""


class FunctionLoss(keras.losses.Loss):
    """A function of (targets, outputs) as a Keras loss; what it returns is averaged, as Keras does.

    >>> float(FunctionLoss(lambda y, out: ops.abs(y - out))(ops.ones((2, 1)), ops.zeros((2, 1))))
    1.0
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(name=getattr(function, "__name__", type(function).__name__))
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return what the function returns: a number per case, or one for all."""
        return self.function(y_true, y_pred)


def loss_of(given: LossLike) -> keras.losses.Loss:
    """Return a loss as an object of Keras: from its name, its own, or a function.

    Raises ValueError for a name that Keras does not have, TypeError for what is no loss.
    """
    if isinstance(given, keras.losses.Loss):
        return given
    if isinstance(given, str):
        try:
            given = keras.losses.get(given)
        except ValueError as error:
            told = unknown("loss function", given, ("mse", "mae", *LOSSES), where="Training")
            raise ValueError(told) from error
        if isinstance(given, keras.losses.Loss):
            return given
    if not callable(given):
        raise TypeError(
            f"Training: loss is {given!r}; give a name, a keras loss or a function of (y, outputs)."
        )
    own = is_own(given) or getattr(given, "__name__", "") not in LOSSES
    return FunctionLoss(given) if own else LOSSES[given.__name__]()


def name_of(given: Any) -> str:
    """Return the name of a loss in lower case: of a text, a Keras loss or a function.

    >>> name_of("MSE"), name_of(keras.losses.Hinge()), name_of([keras.losses.poisson])
    ('mse', 'hinge', 'poisson')
    """
    if isinstance(given, list | tuple) and len(given) == 1:
        return name_of(given[0])
    told = given if isinstance(given, str) else getattr(given, "name", getattr(given, "__name__", ""))
    return str(told).lower()


def is_of_steps(given: LossLike) -> bool:
    """Say whether a loss is the mean of what it says of each step alone, so that steps can be left out of it.

    It is asked of numbers between 0 and 1; of the user's own code nobody knows.

    >>> is_of_steps("mse"), is_of_steps(keras.losses.Huber(0.1)), is_of_steps("cosine_similarity")
    (True, True, False)
    """
    loss = loss_of(given)
    if is_own(given) or loss.reduction not in ("mean", "sum_over_batch_size"):
        return False
    y, told = np.random.default_rng(0).uniform(0.1, 0.9, (2, 4, 3)).astype("float32")  # (cases, steps)
    try:
        whole = ops.convert_to_numpy(loss.call(y, told))
        alone = ops.convert_to_numpy(loss.call(y[..., None], told[..., None]))  # (cases, steps)
    except Exception:  # whatever a loss of another kind raises of these shapes
        return False
    return alone.shape == y.shape and np.allclose(whole, alone.mean(axis=1), rtol=1e-4)


def key_of(given: LossLike) -> str:
    """Return what tells a loss from others in this process: its configuration, or the very object."""
    if is_own(given):
        return f"loss {number_of(given)}"
    return text(plain_of(given))


def plain_of(given: LossLike) -> Any:
    """Return a loss as plain values; of the user's own code only the name."""
    if is_own(given):
        return f"{module_of(given)}.{getattr(given, '__qualname__', type(given).__qualname__)}"
    return given if isinstance(given, str) else keras.saving.serialize_keras_object(given)


@keras.saving.register_keras_serializable(package="normcast")
class PinballLoss(keras.losses.Loss):
    """Pinball loss: the mean over quantiles q of max(q e, (q - 1) e), where e is target minus forecast.

    It is called with targets (batch, h) and forecasts (batch, h, quantiles); the unit is that of the series.
    At q = 0.5 it is half of the absolute error.

    Parameters
    ----------
    quantiles : sequence of float
        The quantiles that the last axis of the forecasts stands for, ascending, each within (0, 1).
    name : str, default "pinball"
        Name of the loss.
    **kwargs
        Of `keras.losses.Loss`: reduction, dtype.

    Raises
    ------
    ValueError
        If the quantiles do not ascend within (0, 1), or shapes do not go together when it is called.

    Notes
    -----
    Koenker & Bassett 1978, doi:10.2307/1913643.

    Examples
    --------
    >>> float(PinballLoss([0.5])(ops.ones((1, 1)) * 3.0, ops.ones((1, 1, 1))))
    1.0
    """

    def __init__(self, quantiles: Any, name: str = "pinball", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.quantiles = [float(q) for q in quantiles]
        inside = all(0 < q < 1 for q in self.quantiles)
        if not self.quantiles or not inside or sorted(set(self.quantiles)) != self.quantiles:
            raise ValueError(f"PinballLoss: quantiles {self.quantiles} must ascend within (0, 1).")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Reduce the loss of a batch. y_true: (batch, h); y_pred: (batch, h, quantiles)."""
        if y_pred.shape[-1] != len(self.quantiles) or len(y_pred.shape) != len(y_true.shape) + 1:
            raise ValueError(
                f"PinballLoss: forecasts of shape {tuple(y_pred.shape)} for targets {tuple(y_true.shape)} "
                f"and {len(self.quantiles)} quantiles; expected {(*y_true.shape, len(self.quantiles))}."
            )
        # One more axis stops Keras from squeezing the axis of a single quantile.
        return super().__call__(ops.expand_dims(y_true, -1), y_pred, sample_weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each target.

        Parameters
        ----------
        y_true : tensor (batch, h)
            The targets.
        y_pred : tensor (batch, h, quantiles)
            The forecasts.

        Returns
        -------
        tensor (batch, h)
            The mean over the quantiles.
        """
        if len(y_true.shape) < len(y_pred.shape):
            y_true = ops.expand_dims(y_true, -1)
        q = ops.convert_to_tensor(self.quantiles, dtype=y_pred.dtype)
        error = y_true - y_pred  # (batch, h, quantiles)
        return ops.mean(ops.maximum(q * error, (q - 1) * error), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return everything that rebuilds this loss.

        Returns
        -------
        dict
            Its arguments.
        """
        return {**super().get_config(), "quantiles": self.quantiles}


@keras.saving.register_keras_serializable(package="normcast")
class ObservedLoss(keras.losses.Loss):
    """Another loss, to which targets that are NaN, since nobody observed them, contribute nothing.

    It is called with targets (batch, h) and forecasts (batch, h), or (batch, h, quantiles). The mean is over
    all steps, in which those that are NaN count 0: each that was observed weighs the same, in whatever window
    it stands.

    Parameters
    ----------
    loss : str or keras.losses.Loss or callable
        One of Keras' that is a mean over steps, such as "mse" or "huber", or `PinballLoss`; it is asked for
        each step alone.
    name : str, default "observed"
        Name of the loss.
    **kwargs
        Of `keras.losses.Loss`: reduction, dtype.

    Examples
    --------
    >>> loss = ObservedLoss("mse")
    >>> float(loss(ops.array([[1.0, float("nan")], [5.0, 0.0]]), ops.zeros((2, 2))))  # (1 + 0 + 25 + 0) / 4
    6.5
    """

    def __init__(self, loss: LossLike | dict[str, Any], name: str = "observed", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.loss = loss_of(keras.saving.deserialize_keras_object(loss) if isinstance(loss, dict) else loss)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each step.

        Parameters
        ----------
        y_true : tensor (batch, h)
            The targets, NaN where nobody observed them.
        y_pred : tensor (batch, h) or (batch, h, quantiles)
            The forecasts.

        Returns
        -------
        tensor (batch, h)
            The loss, 0 where the target is NaN.
        """
        seen = ~ops.isnan(y_true)
        # What is left out must be finite too: 0 times the gradient of NaN is NaN.
        filled = ops.expand_dims(ops.where(seen, y_true, 0.0), -1)  # (batch, h, 1)
        if len(y_pred.shape) == len(y_true.shape):
            y_pred = ops.expand_dims(y_pred, -1)
        return ops.where(seen, self.loss.call(filled, y_pred), 0.0)

    def get_config(self) -> dict[str, Any]:
        """Return everything that rebuilds this loss.

        Returns
        -------
        dict
            Its arguments.
        """
        return {**super().get_config(), "loss": keras.saving.serialize_keras_object(self.loss)}
