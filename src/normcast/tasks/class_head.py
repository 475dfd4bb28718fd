"""ClassHead: what a network gives for the class, or the labels, of a case, and what its loss takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
from scipy.special import expit, logit, softmax

from normcast.scoring.of_classes import SURE


@dataclass(frozen=True)
class ClassHead:
    """What a network gives for the class of a case.

    kind: "softmax" gives a number per class, "sigmoid" one, for the second of two classes, "labels" one per
    label, each of which holds or not, whatever the others do. is_logits: whether these are logits, else
    probabilities. is_sparse: whether the loss takes the number of the class, else one column per class.

    >>> ClassHead("sigmoid").probabilities(np.array([[0.2]]))
    array([[0.8, 0.2]])
    >>> ClassHead("labels", is_logits=True).probabilities(np.array([[0.0, 100.0]]))
    array([[0.5, 1. ]])
    """

    kind: Literal["softmax", "sigmoid", "labels"] = "softmax"
    is_logits: bool = False
    is_sparse: bool = False

    @property
    def loss(self) -> keras.losses.Loss:
        """The cross-entropy of this head."""
        if self.kind != "softmax":
            return keras.losses.BinaryCrossentropy(from_logits=self.is_logits)
        if self.is_sparse:
            return keras.losses.SparseCategoricalCrossentropy(from_logits=self.is_logits)
        return keras.losses.CategoricalCrossentropy(from_logits=self.is_logits)

    @property
    def is_of_labels(self) -> bool:
        """Whether several labels may hold of a case, or none."""
        return self.kind == "labels"

    def targets(self, hot: np.ndarray) -> np.ndarray:
        """Return what the loss takes. hot: (cases, classes), which class each case is of."""
        return hot.argmax(axis=1)[:, None] if self.kind == "sigmoid" or self.is_sparse else hot

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return (cases, classes) probabilities of outputs (cases, units)."""
        if self.kind == "sigmoid":
            second = expit(outputs) if self.is_logits else outputs
            return np.concatenate([1 - second, second], axis=1)
        if self.kind == "labels":
            return expit(outputs) if self.is_logits else outputs
        return softmax(outputs, axis=1) if self.is_logits else outputs

    def outputs(self, probabilities: np.ndarray) -> np.ndarray:
        """Return what a network would give for these probabilities (cases, classes), (cases, units).

        >>> ClassHead("sigmoid").outputs(np.array([[0.75, 0.25]]))
        array([[0.25]])
        """
        told = probabilities[:, 1:] if self.kind == "sigmoid" else probabilities
        if not self.is_logits:
            return told
        sure = np.clip(told, SURE, 1 - SURE)
        return np.log(sure) if self.kind == "softmax" else logit(sure)
