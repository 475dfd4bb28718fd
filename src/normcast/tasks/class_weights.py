"""ClassWeighted: a loss in which a case of a rare class may count more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from normcast.engine.losses import LossLike, loss_of


@keras.saving.register_keras_serializable(package="normcast")
class ClassWeighted(keras.losses.Loss):
    """Another loss, each case of which counts as much as its class does.

    loss: of targets (batch, classes) in which one is 1, (batch, 1) with the number of the class, or (batch,
    1) with 1 for the second of two classes. weights: (classes,).

    >>> loss = ClassWeighted(keras.losses.BinaryCrossentropy(), [1.0, 3.0])
    >>> round(float(loss(ops.ones((2, 1)), ops.ones((2, 1)) * 0.5)), 4)  # 3 log 2
    2.0794
    """

    def __init__(
        self, loss: LossLike, weights: Sequence[float], name: str = "class_weighted", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.loss = loss_of(keras.saving.deserialize_keras_object(loss) if isinstance(loss, dict) else loss)
        self.weights = [float(each) for each in weights]

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the weighted loss of each case, (batch,)."""
        weights = ops.convert_to_tensor(self.weights, dtype=y_pred.dtype)
        if y_true.shape[-1] == len(self.weights):
            each = ops.sum(y_true * weights, axis=-1)
        else:
            each = ops.take(weights, ops.cast(ops.reshape(y_true, (-1,)), "int32"))
        return self.loss.call(y_true, y_pred) * each

    def get_config(self) -> dict[str, Any]:
        """Return everything that rebuilds this loss."""
        inner = keras.saving.serialize_keras_object(self.loss)
        return {**super().get_config(), "loss": inner, "weights": self.weights}
