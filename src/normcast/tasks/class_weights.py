"""ClassWeighted, LabelWeighted: losses in which a case of a rare class, or with a rare label, counts more."""

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


@keras.saving.register_keras_serializable(package="normcast")
class LabelWeighted(keras.losses.Loss):
    """Another loss of labels, in which a label may count more where it holds than where it does not.

    loss: takes each label by itself, as the binary cross-entropy does. weights: (labels, 2), of each label
    where it does not hold, and where it does.

    >>> loss = LabelWeighted(keras.losses.BinaryCrossentropy(), [[1.0, 3.0], [1.0, 1.0]])
    >>> round(float(loss(ops.ones((1, 2)), ops.ones((1, 2)) * 0.5)), 4)  # 3 log 2 and log 2, their mean
    1.3863
    """

    def __init__(
        self,
        loss: LossLike,
        weights: Sequence[Sequence[float]],
        name: str = "label_weighted",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.loss = loss_of(keras.saving.deserialize_keras_object(loss) if isinstance(loss, dict) else loss)
        self.weights = [[float(each) for each in pair] for pair in weights]

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the weighted loss of each case, (batch,), the mean over its labels."""
        weights = ops.convert_to_tensor(self.weights, dtype=y_pred.dtype)
        each = self.loss.call(ops.expand_dims(y_true, -1), ops.expand_dims(y_pred, -1))  # (batch, labels)
        return ops.mean(each * (y_true * weights[:, 1] + (1 - y_true) * weights[:, 0]), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return everything that rebuilds this loss."""
        inner = keras.saving.serialize_keras_object(self.loss)
        return {**super().get_config(), "loss": inner, "weights": self.weights}
