"""A model opened for a while: its own layers, under classes that look at what goes on inside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from numbers import Integral
from threading import RLock
from typing import Any

import keras

from normcast import keras_seam
from normcast.layers import GRU, LSTM
from normcast.probes import loops, own
from normcast.probes.channels import OpenChannels
from normcast.probes.slices import OpenSlices

CONVOLUTIONS = (
    keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D, keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D, keras.layers.SeparableConv1D, keras.layers.SeparableConv2D,
    keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose,
)  # fmt: skip
NORMS = (
    keras.layers.BatchNormalization, keras.layers.LayerNormalization, keras.layers.GroupNormalization,
    keras.layers.UnitNormalization, keras.layers.RMSNormalization,
)  # fmt: skip
SLICES = keras.layers.TimeDistributed
_turn = RLock()


@contextmanager
def opened(model: keras.Model, layers: list[Any]) -> Iterator[None]:
    """Open these layers of a model while the block runs. Weights, states and seeds are not touched.

    One thread at a time: a layer is of one class at a time.
    """
    with _turn:
        wrappers = [each for each in keras_seam.all_layers(model) if isinstance(each, SLICES)]
        found = [*wrappers, *(each for layer in layers for each in (layer, *_cells(layer)))]
        before = [(each, each.__class__) for each in {id(each): each for each in found}.values()]
        try:
            with keras_seam.losses_kept(model):
                for each, kind in before:
                    each.__class__ = _open_class(kind)
                yield
        finally:
            for each, kind in before:
                each.__class__ = kind
                _forget_masks(each)


def _forget_masks(cell: Any) -> None:
    """Forget the dropout masks of a run that broke off: they are of that run alone."""
    for forget in ("reset_dropout_mask", "reset_recurrent_dropout_mask"):
        getattr(cell, forget, lambda: None)()


def _cells(layer: Any) -> list[Any]:
    return loops.cells_of(layer) if is_loop(layer) else []


def is_loop(layer: Any) -> bool:
    """Whether it is a recurrent layer of Keras over vectors."""
    loop = isinstance(layer, keras.layers.RNN) and hasattr(layer, "inner_loop") and not _is_spatial(layer)
    return loop and all(map(_has_rows, loops.cells_of(layer)))


def _is_spatial(layer: Any) -> bool:
    kinds = (keras.layers.ConvLSTM1D, keras.layers.ConvLSTM2D, keras.layers.ConvLSTM3D)
    return isinstance(layer, kinds)


def is_recurrent(layer: Any) -> bool:
    """Whether it can be looked into step by step."""
    return isinstance(layer, (LSTM, GRU)) or is_loop(layer)


def _has_rows(cell: Any) -> bool:
    """Whether each state of a cell is one row of numbers for each case."""
    sizes = cell.state_size if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]
    return all(isinstance(size, Integral) for size in sizes)


def is_plain(layer: Any) -> bool:
    """Whether it is a normalization or a convolution that can be looked at channel by channel."""
    return isinstance(layer, (*CONVOLUTIONS, *NORMS))


@cache
def _open_class(kind: type) -> type:
    face = next(face for is_one, face in _FACES if is_one(kind))
    return type(kind.__name__, (face, kind), {"__module__": kind.__module__, "__doc__": kind.__doc__})


def _below(*kinds: type) -> Any:
    return lambda kind: issubclass(kind, kinds)


_FACES = (
    (_below(LSTM), own.OpenLSTM),
    (_below(GRU), own.OpenGRU),
    (_below(keras.layers.RNN), loops.OpenLoop),
    (_below(*CONVOLUTIONS, *NORMS), OpenChannels),
    (_below(SLICES), OpenSlices),
    (lambda kind: loops.known_kind(kind) is not None, loops.OpenGates),
    (lambda kind: True, loops.OpenCell),
)


def paths(model: keras.Model) -> dict[int, str]:
    """Return the path of each layer inside a model, by its id: "block/lstm_1", "bidirectional/forward_lstm".

    >>> net = keras.Sequential([keras.Input((4, 1)), keras.layers.LSTM(2, name="lstm")])
    >>> list(paths(net).values())
    ['lstm', 'lstm/lstm_cell']
    """
    found: dict[int, str] = {}
    _walk(model, "", found)
    return found


def _walk(layer: Any, path: str, found: dict[int, str]) -> None:
    for inner in _children(layer):
        if id(inner) not in found:
            found[id(inner)] = f"{path}{inner.name}"
            _walk(inner, f"{path}{inner.name}/", found)


def _children(layer: Any) -> list[Any]:
    """Return the layers that are directly inside: all inside, without those inside another of them."""
    inside = [each for each in keras_seam.all_layers(layer) if each is not layer]
    deeper = {id(e) for each in inside for e in keras_seam.all_layers(each) if e is not each}
    return [
        each for each in inside if id(each) not in deeper and not isinstance(each, keras.layers.InputLayer)
    ]
