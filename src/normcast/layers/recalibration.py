"""Population statistics of recurrent batch normalization: one pass over the training data after training."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from normcast import keras_seam
from normcast.layers.norms import SequenceBatchNorm, StepBatchNorm
from normcast.layers.recurrent import Recurrent


def recalibrate(model: keras.Model, x: Any, batch_size: int = 256) -> None:
    """Replace the moving statistics of recurrent batch norm by their plain mean over the batches of x.

    Moving statistics trail behind weights that still change, and in a recurrence the error adds up over the
    steps. The authors of recurrent batch norm therefore estimate the statistics anew once the weights stand
    still. No weight changes, and nothing is dropped. It costs one pass over x.

    Parameters
    ----------
    model : keras.Model
        Any model that has an `LSTM` or `GRU` of ours with norm="batch", at any depth; changed in place.
    x : array or list of array
        Its inputs, as for `model.predict`; best those that it was trained on.
    batch_size : int, default 256
        Rows per batch: the larger, the closer to the variance of the population.

    Raises
    ------
    ValueError
        If the model has no recurrent batch norm.

    Notes
    -----
    Cooijmans et al. 2017, arXiv:1603.09025, section 4.

    Examples
    --------
    >>> import keras, numpy as np
    >>> from normcast.layers import LSTM
    >>> model = keras.Sequential([keras.Input((5, 2)), LSTM(4, norm="batch")])
    >>> recalibrate(model, np.ones((8, 5, 2)), batch_size=4)
    >>> [float(v) for v in model.layers[0].norms["cell"].updates.value]
    [2.0, 2.0, 2.0, 2.0, 2.0]
    """
    layers = [
        layer
        for layer in keras_seam.all_layers(model)
        if isinstance(layer, Recurrent) and layer.norm == "batch"
    ]
    if not layers:
        raise ValueError(f"recalibrate: model {model.name!r} has no LSTM or GRU with norm='batch'.")
    with _calibrating(model, layers):
        model.predict(x, batch_size=batch_size, verbose=0)


@contextmanager
def _calibrating(model: keras.Model, layers: list[Recurrent]) -> Iterator[None]:
    """Let inference learn the plain mean of the statistics, in a program compiled for that."""
    kinds = (StepBatchNorm, SequenceBatchNorm)
    norms = [norm for layer in layers for norm in layer.norms.values() if isinstance(norm, kinds)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
        norm.updates.assign(0 * norm.updates)
    _set(model, layers, True)
    try:
        yield
    finally:
        _set(model, layers, False)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def _set(model: keras.Model, layers: list[Recurrent], calibrating: bool) -> None:
    for layer in layers:
        layer.calibrating = calibrating
    model.predict_function = None  # compiled for the other way
