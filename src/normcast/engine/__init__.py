"""The training engine: many Keras models times many seeds in one compiled program.

The only floor that trains. `train` yields `Trained` replicas, `predict` runs them; `Batches`, of a `Field`
for each input, say where windows are read.
"""

from normcast.engine.batches import Batches, Field
from normcast.engine.losses import ObservedLoss, PinballLoss
from normcast.engine.prediction import predict
from normcast.engine.progress import Progress, progress_bar
from normcast.engine.source import Shards
from normcast.engine.trainer import Trained, train
from normcast.engine.training import Training

__all__ = [
    "Batches",
    "Field",
    "ObservedLoss",
    "PinballLoss",
    "Progress",
    "Shards",
    "Trained",
    "Training",
    "predict",
    "progress_bar",
    "train",
]
