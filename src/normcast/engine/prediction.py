"""Forecasts of trained replicas."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import jax
import keras
import numpy as np
from jaxtyping import Shaped

from normcast.engine.batches import Batches
from normcast.engine.devices import SHARED, local_mesh, placed
from normcast.engine.gather import laid_out
from normcast.engine.network import Network, stacked
from normcast.engine.order import size_class
from normcast.engine.program import compiled, forecasting_program

FEW, AT_ONCE, SHORT = 64, 16, 256  # windows that are few, how many of them at a time, rows that are few
BATCHES = 32  # of a device in a call: each call costs as much as forecasting some 20 windows


def predict(
    model: keras.Model | Network,
    weights: Sequence[Sequence[Any]],
    data: Batches,
    batch_size: int | None = None,
) -> Shaped[np.ndarray, "replicas windows *output"]:
    """Return the forecasts of every replica, in the order of the windows.

    A batch is gathered on the device from arrays held once, and batches are spread over the devices of this
    host. The result does not depend on `batch_size`.

    Parameters
    ----------
    model : keras.Model or Network
        The model that was trained; its own weights are not read.
    weights : sequence of sequence of array
        For each replica its arrays in the order of `model.weights`, as `Trained.weights` has them.
    data : Batches
        The windows; their target is not read.
    batch_size : int or None, default None
        Windows at a time; None means 240 on the CPU and 512 elsewhere.

    Returns
    -------
    float32 array (replicas, windows, ...)
        What the model gives for each window.

    Raises
    ------
    ValueError
        If there are no weights, or an input of the model has no field.

    Examples
    --------
    >>> from normcast.engine import Field
    >>> y = np.arange(10, dtype="float32")
    >>> data = Batches({"past": Field(y, 0, 3)}, None, np.arange(7, dtype="int32"), np.zeros(7, "int32"))
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> weights = [np.ones((3, 2), "float32"), np.zeros(2, "float32")]
    >>> predict(model, [weights], data)[0, 0]
    array([3., 3.], dtype=float32)
    """
    network = model if isinstance(model, Network) else Network(model)
    if not len(weights):
        raise ValueError("predict: weights is empty; give the arrays of at least one replica.")
    # Whatever is small, as the parts of a short series are, meets one program.
    few = len(data) <= FEW
    layout, arrays = laid_out(replace(data, target=None), network.matched(data.inputs), SHORT, FEW)
    usual = 240 if jax.default_backend() == "cpu" else 512
    size = min(batch_size or usual, AT_ONCE if few else size_class(len(data)))
    batches = max(1, -(-len(data) // size))
    mesh = local_mesh(1 if few else batches)
    variables = stacked([network.split(one) for one in weights])
    # Placed once: what is not where the program wants it would be moved there for each call.
    fixed = placed((np.arange(len(weights), dtype=np.int32), variables, arrays), mesh, SHARED)
    each = -(-batches // mesh.size)  # batches of a device; a call has room for the next power of two
    most = min(BATCHES, 1 << (max(each, FEW // size if few else 0) - 1).bit_length())
    key = ("forecast", network.key, network.rng, layout, size, most, mesh.size)
    run = forecasting_program(network, layout, size, most, mesh)
    devices = np.arange(mesh.size, dtype=np.int32)
    program = compiled(key, run, *fixed, devices, np.int32(0), one_thread=mesh.size > 1, network=network)

    def part(first: int, count: int) -> Shaped[np.ndarray, "replicas windows *output"]:
        rows = np.asarray(program(*fixed, (first + devices * count) * size, np.int32(count)))
        full = rows.reshape(len(weights), mesh.size, most, size, *rows.shape[2:])[:, :, :count]
        return full.reshape(len(weights), -1, *rows.shape[2:])

    parts = [part(first * mesh.size, count) for first, count in _calls(each, most)]
    return np.concatenate(parts, axis=1)[:, : len(data)]


def _calls(batches: int, most: int) -> list[tuple[int, int]]:
    """Return the first batch of each call, and how many it has, at most `most` and as even as can be.

    >>> _calls(10, most=8)
    [(0, 5), (5, 5)]
    """
    calls = -(-batches // most)
    bounds = [batches * call // calls for call in range(calls + 1)]
    return [(first, last - first) for first, last in pairwise(bounds)]
