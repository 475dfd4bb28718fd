"""Trained: one replica after training."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Trained:
    """One replica after training.

    seed: its seed; model: position among the models given to `train`.
    weights: the best by validation loss (the last without validation data), in the order of `model.weights`.
    history: "loss" and "learning_rate" hold one number per epoch; "val_loss" one more, the first being that
    of the initial weights (empty without validation data).
    best_epoch: the epoch the weights are from; 0 means the initial weights.
    status: "complete", "stopped early in epoch 7" or "failed in epoch 2, step 5: first non-finite is ...";
    trained by Keras itself "failed in epoch 2, step 5: the loss is nan".
    """

    seed: int
    weights: list[np.ndarray]
    history: dict[str, list[float]]
    best_epoch: int
    status: str
    model: int = 0

    @property
    def failed(self) -> bool:
        """Whether the loss stopped being finite; the weights are then the best before that."""
        return self.status.startswith("failed")
