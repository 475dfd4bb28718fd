"""Trained: one replica after training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from normcast.errors import at_least_one
from normcast.probes.flow import Flow


@dataclass(frozen=True, eq=False)
class Trained:
    """One replica after training.

    Parameters
    ----------
    seed : int
        Its seed.
    weights : list of array
        The best by validation loss (the last without validation data), in the order of `model.weights`, so
        that `model.set_weights(trained.weights)` takes them.
    history : dict of str to list of float
        "loss" and "learning_rate" hold one number per epoch; "val_loss" one more, the first being that of the
        initial weights (empty without validation data).
    best_epoch : int
        The epoch the weights are from; 0 means the initial weights.
    status : str
        "complete", "stopped early in epoch 7" or "failed in epoch 2, step 5: first non-finite is ...";
        trained by Keras itself "failed in epoch 2, step 5: the loss is nan".
    model : int, default 0
        Position among the models given to `train`.
    flow : Flow or None, default None
        What gradients and gates did, epoch by epoch, if `Training.record` asked for it.
    recurrence : str, default ""
        The form in which recurrences were computed, "native" or "xla", or "native and xla" where a training
        went on in another than it began; "" for a network without an LSTM or GRU. What the native kernels do
        not cover, such as a relu inside or bfloat16, runs in XLA's form in either. Results repeat to the bit
        within a form.

    Examples
    --------
    >>> history = {"loss": [0.5], "learning_rate": [0.001], "val_loss": []}
    >>> Trained(0, [], history, best_epoch=1, status="complete").failed
    False
    """

    seed: int
    weights: list[np.ndarray]
    history: dict[str, list[float]]
    best_epoch: int
    status: str
    model: int = 0
    flow: Flow | None = None
    recurrence: str = ""

    @property
    def failed(self) -> bool:
        """Whether the loss stopped being finite; the weights are then the best before that."""
        return self.status.startswith("failed")


class Recorded:
    """Gives an estimator what was recorded while its networks trained; learned_: has them as `trained`."""

    learned_: Any

    def _refuse_record(self, record: int | None) -> None:
        """Raise ValueError for a number of cases to look at that cannot be."""
        if record is not None:
            at_least_one(type(self).__name__, "record", record)

    @property
    def flow_(self) -> tuple[Flow, ...]:
        """What gradients and gates did over the training, network by network; see `fit`, record.

        Raises RuntimeError where nothing was recorded.
        """
        trained: Sequence[Trained] = () if self.learned_ is None else self.learned_.trained
        flows = tuple(each.flow for each in trained if each.flow is not None)
        if not flows:
            name = type(self).__name__
            raise RuntimeError(f"{name}: nothing was recorded; fit with record=16 to look at 16 cases.")
        return flows
