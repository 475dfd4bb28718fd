"""Recording: what gradients and gates do in the replicas of a network while they train."""

from typing import Any
from weakref import WeakKeyDictionary

import keras
import numpy as np

from normcast.engine.batches import Batches
from normcast.engine.network import Leaves, Network, initial_model
from normcast.engine.training import Training
from normcast.probes.objective import Objective
from normcast.probes.watching import Watcher, spread_rows

_watchers: WeakKeyDictionary[Network, dict[str, Watcher]] = WeakKeyDictionary()  # by what tells the loss


class Recorder:
    """Notes after an epoch what gradients and gates do in a replica, in inference mode; see `Flow`.

    What it looks into is a model of its own, which is lent the replica's weights for that while: nothing of
    the training changes. All who train one network with the same loss share that model and its program.

    data: windows, of which `training.record` are looked at, evenly spread.
    """

    def __init__(self, network: Network, training: Training, data: Batches) -> None:
        rows = spread_rows(network.model, len(data), training.record or len(data))
        inputs, target = data.at(rows)
        x = network.packed([inputs[name] for name in network.matched(inputs)])
        self._watcher = _watcher_of(network, training, x, target)
        self._before: dict[int, Leaves] = {}

    def begin(self, replica: int, trainable: Leaves) -> None:
        """Keep the weights that a replica begins its next epoch with."""
        self._before[replica] = trainable

    def note(self, replica: int, epoch: int, trainable: Leaves, frozen: Leaves) -> dict[str, Any]:
        """Return what is seen with the weights after an epoch, as plain values."""
        lent = zip(self._watcher.variables, [*trainable, *frozen], strict=True)
        with keras.StatelessScope(state_mapping=lent):
            seen = self._watcher.note(epoch, self._before[replica], trainable)
        self.begin(replica, trainable)
        return seen


def _watcher_of(network: Network, training: Training, x: Any, target: np.ndarray | None) -> Watcher:
    kept = _watchers.setdefault(network, {})
    if training.loss_key not in kept:
        model = initial_model(network, training.seed)
        weight = None if training.loss_weight == 1 else training.loss_weight
        model.compile(loss=training.build_loss(), loss_weights=weight)
        kept[training.loss_key] = Watcher(model, x, target, Objective(model, target))
    return kept[training.loss_key].on(x, target)
