"""ClassHead: what a network gives for the class of a case, and what its loss takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
from scipy.special import expit, softmax

from normcast.engine.losses import name_of


@dataclass(frozen=True)
class ClassHead:
    """What a network gives for the class of a case.

    kind: "softmax" gives a number per class, "sigmoid" one, for the second of two classes. is_logits: whether
    these are logits, else probabilities. is_sparse: whether the loss takes the number of the class, else one
    column per class.

    >>> ClassHead("sigmoid").probabilities(np.array([[0.2]]))
    array([[0.8, 0.2]])
    """

    kind: Literal["softmax", "sigmoid"] = "softmax"
    is_logits: bool = False
    is_sparse: bool = False

    @classmethod
    def of(cls, model: keras.Model, loss: Any, classes: int) -> ClassHead:
        """Return the head of a model for so many classes.

        loss: what it is compiled with, or None; a head without activation then gives logits.
        """
        kind: Literal["softmax", "sigmoid"] = (
            "sigmoid" if classes == 2 and model.output_shape[-1] == 1 else "softmax"
        )
        if loss is None:
            return cls(kind, is_logits=is_linear(model))
        config = loss.get_config() if isinstance(loss, keras.losses.Loss) else {}
        name = name_of(loss)
        return cls(kind, bool(config.get("from_logits", False)), kind == "softmax" and "sparse" in name)

    @property
    def loss(self) -> keras.losses.Loss:
        """The cross-entropy of this head."""
        if self.kind == "sigmoid":
            return keras.losses.BinaryCrossentropy(from_logits=self.is_logits)
        if self.is_sparse:
            return keras.losses.SparseCategoricalCrossentropy(from_logits=self.is_logits)
        return keras.losses.CategoricalCrossentropy(from_logits=self.is_logits)

    def targets(self, hot: np.ndarray) -> np.ndarray:
        """Return what the loss takes. hot: (cases, classes), which class each case is of."""
        return hot.argmax(axis=1)[:, None] if self.kind == "sigmoid" or self.is_sparse else hot

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return (cases, classes) probabilities of outputs (cases, units)."""
        if self.kind == "sigmoid":
            second = expit(outputs) if self.is_logits else outputs
            return np.concatenate([1 - second, second], axis=1)
        return softmax(outputs, axis=1) if self.is_logits else outputs


def is_linear(model: keras.Model) -> bool:
    """Say whether nothing bounds what a model gives: its last layer has no activation and is none.

    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> is_linear(net), is_linear(keras.Sequential([net, keras.layers.Softmax()]))
    (True, False)
    """
    layers = getattr(model, "layers", None)
    if not layers:
        return True
    last = layers[-1]
    if isinstance(last, keras.Model):
        return is_linear(last)
    last = getattr(last, "layer", last)  # a wrapper, such as TimeDistributed
    if type(last).__module__.startswith("keras.src.layers.activations"):
        return getattr(last, "activation", None) is keras.activations.linear
    return getattr(last, "activation", keras.activations.linear) is keras.activations.linear
