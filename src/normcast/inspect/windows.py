"""Windows: what a model is looked at with, where nobody gives arrays: drawn ones, or those of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import tree

from normcast import keras_seam
from normcast.check.lookups import lookups, size_of
from normcast.check.net import Node
from normcast.check.reading import read
from normcast.data import Panel
from normcast.errors import counted
from normcast.probes.budget import fixed_batch
from normcast.probes.given import refuse_unbuilt
from normcast.windows import sliding
from normcast.windows.arrays import Arrays
from normcast.windows.table_scaling import TableScaling

CASES, STEPS = 64, 100
MOST = 1000  # windows of tables: more of them change no summary


def drawn(model: keras.Model, cases: int = CASES, seed: int = 0) -> Any:
    """Return cases for a model, drawn from the normal distribution: in the structure of its inputs.

    Whole numbers where a layer looks them up, all that it knows but the 0 that a mask hides; yes or no where
    an input reads that. A length that the model leaves open is 100. Raises ValueError for a model that is not
    built, or whose inputs are not known.

    >>> net = keras.Sequential([keras.Input((9, 2)), keras.layers.LSTM(4)])
    >>> drawn(net).shape
    (64, 9, 2)
    """
    refuse_unbuilt(model)
    if not getattr(model, "inputs", None):
        raise ValueError(
            f"inspect: model {model.name!r} does not say what it reads, so that no windows can be drawn for "
            "it. Give it some data."
        )
    rng = np.random.default_rng(seed)
    fixed = fixed_batch(model) or cases
    looking = lookups(read(model))

    def of(tensor: Any) -> np.ndarray:
        shape = (fixed, *(STEPS if n is None else n for n in tensor.shape[1:]))
        dtype = keras.backend.standardize_dtype(tensor.dtype)
        if dtype == "bool":
            return rng.integers(0, 2, shape).astype("bool")
        if tensor.name in looking or "int" in dtype:
            return rng.integers(*_codes(model, looking.get(tensor.name, [])), shape).astype("int32")
        return rng.normal(size=shape).astype("float32")

    arrays = [of(tensor) for tensor in model.inputs]
    if len(arrays) == 1:
        return arrays[0]
    return tree.pack_sequence_as(model.input, arrays) if keras_seam.is_functional(model) else arrays


def _codes(model: keras.Model, looking: Sequence[Node]) -> tuple[int, int]:
    """Return the least number that these layers look up, and the one behind the largest.

    Where none is known: what the smallest embedding inside the model knows, else 0 and 1.
    """
    sizes = [size for each in looking if (size := size_of(each))]
    layers = [each for each in keras_seam.all_layers(model) if isinstance(each, keras.layers.Embedding)]
    most = min(sizes or [each.input_dim for each in layers], default=2)
    is_masked = any(each.config.get("mask_zero") for each in looking)
    return (1 if is_masked and most > 1 else 0), most


def of_tables(model: keras.Model, panels: Sequence[Panel]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the windows of tables as the model reads them: (cases, steps, 1), and what comes behind each.

    Each series is scaled by its mean and its deviation, as a forecaster does. The second is (cases, rows)
    where the model gives so many numbers, else None. A window of a value that is missing is left out; of
    more than 1,000, as many are taken, evenly spread. Raises ValueError for a model that reads no windows of
    one channel, and for series that are too short.
    """
    refuse_unbuilt(model)
    shape = tuple(model.inputs[0].shape[1:]) if len(getattr(model, "inputs", None) or []) == 1 else ()
    if len(shape) != 2 or shape[1] not in (None, 1):
        raise ValueError(
            f"inspect: a table to forecast gives windows of (steps, 1), but model {model.name!r} reads "
            f"{[tuple(each.shape[1:]) for each in getattr(model, 'inputs', None) or []]}. Give windows as "
            "x of an .npz, or a table of cases, with --task regress or classify."
        )
    input_size, h = shape[0] or STEPS, _horizon(model)
    parts = [_windows(panel, input_size, h) for panel in panels]
    rows = np.concatenate(parts)
    if not len(rows):
        longest = max(int(panel.lengths.max()) for panel in panels)
        raise ValueError(
            f"inspect: no series has {counted(input_size + h, 'row')} without a gap, which model "
            f"{model.name!r} reads and gives; the longest has {longest}. Give longer ones, or leave the data "
            "out."
        )
    return rows[:, :input_size, None], rows[:, input_size:] if h else None


def _windows(panel: Panel, input_size: int, h: int) -> np.ndarray:
    """Return windows of a table without missing values, scaled: (windows, input_size + h), 1,000 at most."""
    arrays = Arrays.of(panel, 0 if h else 1)  # a window has one row behind it at least
    scaled = TableScaling.fit(arrays, arrays.rows, "standard").scaled(arrays)
    lengths = np.diff(arrays.offsets)
    start = sliding(arrays.offsets, np.zeros_like(lengths), lengths, input_size, max(h, 1)).start
    size = input_size + h
    gaps = np.concatenate([[0], np.cumsum(~arrays.observed)])
    whole = start[gaps[start + size] == gaps[start]]
    chosen = whole[np.unique(np.linspace(0, len(whole) - 1, MOST).astype(int))] if len(whole) else whole
    return scaled.past[:, 0][chosen[:, None] + np.arange(size)]


def _horizon(model: keras.Model) -> int:
    """Return how many rows a model forecasts: 0 where its output is no row of numbers."""
    outputs = [tuple(each.shape[1:]) for each in getattr(model, "outputs", None) or []]
    if len(outputs) != 1 or len(outputs[0]) > 2 or (len(outputs[0]) == 2 and outputs[0][1] != 1):
        return 0
    return int(outputs[0][0] or 0) if outputs[0] else 0
