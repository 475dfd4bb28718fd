"""Forecasts of trained replicas."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from normcast.engine.batches import Batches
from normcast.engine.devices import SHARED, local_mesh, placed
from normcast.engine.gather import planned
from normcast.engine.network import Network, stacked
from normcast.engine.order import size_class
from normcast.engine.program import compiled, forecasting_program


def predict(
    model: keras.Model, weights: Sequence[Sequence[Any]], data: Batches, batch_size: int = 512
) -> np.ndarray:
    """Return the forecasts of every replica: (replicas, windows, *output shape), in the order of the windows.

    weights: for each replica its arrays in the order of `model.weights`, as `Trained.weights` has them.
    The result does not depend on batch_size; a batch is gathered on the device from arrays held once. Batches
    are spread over the devices of this host.
    Raises ValueError if there are no weights, or if an input of the model has no field.
    """
    network = Network(model)
    if not len(weights):
        raise ValueError("predict: weights is empty; give the arrays of at least one replica.")
    plan, arrays = planned(replace(data, target=None), network.matched(data.inputs))
    size = min(batch_size, size_class(len(data)))
    batches = max(1, -(-len(data) // size))
    mesh = local_mesh(batches)
    variables = stacked([network.split(one) for one in weights])
    # Placed once: what is not where the program wants it would be moved there for each batch.
    fixed = placed((np.arange(len(weights), dtype=np.int32), variables, arrays), mesh, SHARED)
    rounds = np.arange(-(-batches // mesh.size) * mesh.size, dtype=np.int32).reshape(-1, mesh.size) * size
    key = ("forecast", network.key, plan, size, mesh.size)
    run = forecasting_program(network, plan, size, mesh)
    program = compiled(key, run, *fixed, rounds[0], one_thread=mesh.size > 1)
    parts = [np.asarray(program(*fixed, firsts)) for firsts in rounds]
    return np.concatenate(parts, axis=1)[:, : len(data)]
