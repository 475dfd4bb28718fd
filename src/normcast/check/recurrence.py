"""Recurrence: the cells of a recurrent node, as rules ask after them, and the edit that sets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras

from normcast.check.cells import inner_cells, kind_of
from normcast.check.net import Node, activation_name
from normcast.models.edits import Edit, Set
from normcast.models.graph.kinds import CONV_LSTM, RNN

RECURRENT = RNN | CONV_LSTM


@dataclass(frozen=True, eq=False)
class Cell:
    """What a recurrent layer does at each step.

    kind: of the layer that does the same ("LSTM", "ConvLSTM2D"); activation: of its state; config: its
    arguments.
    """

    kind: str
    activation: str
    config: dict[str, Any]

    def rate(self, argument: str) -> float:
        """Return the rate of one of its dropouts: "dropout", or "recurrent_dropout"."""
        return float(self.config.get(argument) or 0)

    @property
    def recurrent_dropout(self) -> float:
        """The rate of the dropout on its state."""
        return self.rate("recurrent_dropout")

    @property
    def is_lstm(self) -> bool:
        """Whether its state is a sum over the steps."""
        return self.kind == "LSTM" or self.kind in CONV_LSTM


def cells_of(node: Node) -> list[Cell]:
    """Return the cells of a recurrent node in the order of their depth, then those that read backwards."""
    return [
        Cell(kind_of(each) or node.kind, activation_name(getattr(each, "activation", "?")), each.get_config())
        for layer in _directions(node)
        for each in inner_cells(layer) or [layer]
    ]


def _directions(node: Node) -> Iterator[Any]:
    yield node.recurrence
    if "Bidirectional" in node.wrappers:
        yield node.parts[node.wrappers.index("Bidirectional")].backward_layer


def is_stack(node: Node) -> bool:
    """Say whether a recurrent node has several cells on top of each other."""
    return len(inner_cells(node.recurrence)) > 1


def set_cells(node: Node, which: Callable[[Cell], bool], **arguments: Any) -> tuple[Edit, ...]:
    """Return the edit that gives those cells of a recurrent node other arguments.

    A layer that is a cell itself, and one around a single cell, takes them as its own. Of a stack the whole
    is written anew: edits have no names for the cells in it.
    """
    if not is_stack(node):
        return (Set(node.name, **arguments),)
    wanted = iter([which(cell) for cell in cells_of(node)])
    stack = keras.saving.serialize_keras_object(node.recurrence.cell)
    return (Set(node.name, cell=_changed(stack, wanted, arguments)),)


def _changed(spec: dict[str, Any], wanted: Iterator[bool], arguments: dict[str, Any]) -> dict[str, Any]:
    """Return a serialized cell, or stack of them, with other arguments where that is wanted.

    It is not built yet: the weights of cells built by themselves have other paths than those in a layer.
    """
    plain = {key: value for key, value in spec.items() if key != "build_config"}
    config = plain["config"]
    if "cells" in config:
        cells = [_changed(each, wanted, arguments) for each in config["cells"]]
        return {**plain, "config": {**config, "cells": cells}}
    return {**plain, "config": {**config, **arguments}} if next(wanted) else plain
