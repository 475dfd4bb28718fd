"""Given: x and y as an inspection takes them, refused where the model can make nothing of their values."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import tree

from normcast import keras_seam
from normcast.check.facts import Facts, Loss
from normcast.check.gather import facts_from, loss_name
from normcast.check.lookups import lookups, size_of
from normcast.check.net import Net
from normcast.check.rule import RULES
from normcast.errors import counted
from normcast.probes.given import input_names, output_names, read_x, read_y, refuse_unbuilt

SHAPES = ("NC004", "NC003")  # target-shape-mismatch, target-shape-broadcast
SPARSE = "sparse_categorical_crossentropy"


def read_given(
    model: keras.Model, net: Net, x: Any, y: Any, loss: Any, where: str = "inspect"
) -> tuple[Any, Any, tuple[str, ...]]:
    """Return x and y as arrays, and what is to be said of them.

    net: the graph of the model; loss: that of compile if None; where: what messages call the data, as the
    file. Raises ValueError for shapes that do not fit, values that are not finite, numbers that an embedding
    does not know, and labels that the output has no class for.
    """
    refuse_unbuilt(model)
    x = read_x(model, x, where=where)
    leaves = tree.flatten(x)
    for name, values in zip(input_names(model), leaves, strict=False):
        _refuse_unknown_codes(net, name, values, where)
    if y is None:
        return x, None, ()
    y = read_y(y, len(leaves[0]), where=where)
    _refuse_other_count(model, y, loss, where)
    return x, y, _said_of_targets(model, net, y, loss, where)


def _refuse_unknown_codes(net: Net, name: str, values: np.ndarray, where: str) -> None:
    for layer in lookups(net).get(name, []):
        size = size_of(layer)
        wrong = (values != np.rint(values)) | (values < 0) | (values >= (np.inf if size is None else size))
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            place = ", ".join(f"{word} {i}" for word, i in zip(("case", "step", "channel"), at, strict=False))
            known = "whole numbers from 0 on" if size is None else f"whole numbers from 0 to {size - 1}"
            raise ValueError(
                f"{where}: input {name!r} is {values[at]:g} at {place}, but layer {layer.name!r} looks up "
                f"{known}. Give the numbers that it was trained on."
            )


def _refuse_other_count(model: keras.Model, y: Any, loss: Any, where: str) -> None:
    """Refuse targets that are not one array for each output, or for each that has a loss."""
    wanted, given = len(getattr(model, "outputs", None) or []), len(tree.flatten(y))
    told = (keras_seam.compile_arguments(model) or {}).get("loss") if loss is None else loss
    losses = [each for each in tree.flatten(told) if each is not None]
    if wanted and given not in (wanted, len(losses)):
        names = f" ({', '.join(output_names(model))})" if output_names(model) else ""
        raise ValueError(
            f"{where}: model {model.name!r} has {counted(wanted, 'output')}{names}, but y holds "
            f"{counted(given, 'array')}. Give one array for each, in a list or a dict where they are several."
        )


def _said_of_targets(model: keras.Model, net: Net, y: Any, loss: Any, where: str) -> tuple[str, ...]:
    """Return what check says of targets that the loss compares with outputs of another shape."""
    try:
        facts = facts_from(model, y=y)
    except Exception:  # compile settings that cannot be read do not keep anyone from looking
        facts = facts_from(y=y)
    if loss is not None:
        told = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", "custom"))
        facts = facts.known(losses=(Loss(loss_name(told)),) if isinstance(told, str) else ())
    _refuse_unknown_labels(net, y, facts, where)
    for code in SHAPES:
        for finding in RULES[code].findings(net, facts):
            words = f"{finding.message}. To mend it: {finding.hint}."
            if code == SHAPES[0]:
                raise ValueError(f"{where}: y does not fit: {words}")
            return (f"y does not fit: {words}",)
    return ()


def _refuse_unknown_labels(net: Net, y: Any, facts: Facts, where: str) -> None:
    told = facts.loss()
    classes = net.outputs[0][0].shape[-1] if len(net.outputs) == 1 else None
    if told is None or told.name != SPARSE or classes is None or not isinstance(y, np.ndarray):
        return
    wrong = (y < 0) | (y >= classes)
    if wrong.any():
        at = int(np.argwhere(wrong)[0][0])
        raise ValueError(
            f"{where}: y is {y[wrong].ravel()[0]:g} in case {at}, but the output has {classes} classes: "
            f"labels are from 0 to {classes - 1}. Number them so, or leave y out."
        )
