"""Cells: the equations inside a recurrent layer, its own or those that a recurrence over cells is given."""

from __future__ import annotations

from typing import Any

import keras

KINDS = {
    keras.layers.LSTMCell: "LSTM",
    keras.layers.GRUCell: "GRU",
    keras.layers.SimpleRNNCell: "SimpleRNN",
}


def kind_of(cell: Any) -> str:
    """Return the kind of layer that a cell of Keras does the work of; "" for any other.

    >>> kind_of(keras.layers.GRUCell(4)), kind_of(keras.layers.Dense(4))
    ('GRU', '')
    """
    return KINDS.get(type(cell), "")


def inner_cells(layer: Any) -> list[Any]:
    """Return the cells that a plain recurrence is given, the input's first; none if one is not of Keras.

    >>> [kind_of(cell) for cell in inner_cells(keras.layers.RNN([keras.layers.LSTMCell(4)]))]
    ['LSTM']
    """
    if type(layer) is not keras.layers.RNN:
        return []
    cells = _unstacked(layer.cell)
    return cells if all(kind_of(cell) for cell in cells) else []


def _unstacked(cell: Any) -> list[Any]:
    if isinstance(cell, keras.layers.StackedRNNCells):
        return [inner for each in cell.cells for inner in _unstacked(each)]
    return [cell]
