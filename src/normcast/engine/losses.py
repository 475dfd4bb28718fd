"""Losses that Keras lacks."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="normcast")
class PinballLoss(keras.losses.Loss):
    """Pinball loss: the mean over quantiles q of max(q e, (q - 1) e), where e is target minus forecast.

    quantiles: ascending, each within (0, 1).
    Call with targets (batch, h) and forecasts (batch, h, quantiles); the unit is that of the series.
    At q = 0.5 it is half of the absolute error.
    Source: Koenker & Bassett 1978, doi:10.2307/1913643

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
        """Return the loss of each target, (batch, h)."""
        if len(y_true.shape) < len(y_pred.shape):
            y_true = ops.expand_dims(y_true, -1)
        q = ops.convert_to_tensor(self.quantiles, dtype=y_pred.dtype)
        error = y_true - y_pred  # (batch, h, quantiles)
        return ops.mean(ops.maximum(q * error, (q - 1) * error), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return everything that rebuilds this loss."""
        return {**super().get_config(), "quantiles": self.quantiles}
