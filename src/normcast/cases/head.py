"""Head: what a keras model gives of the class, or the labels, of a case."""

from __future__ import annotations

from typing import Any, Literal

import keras
import numpy as np

from normcast.check.head import heads
from normcast.check.reading import read
from normcast.engine.losses import name_of as loss_name
from normcast.tasks import ClassHead
from normcast.tasks.classify import is_hot
from normcast.tasks.label import is_binary

PROBABLE = ("sigmoid", "softmax", "hard_sigmoid", "?")
CLASSIFYING = ("crossentropy", "cross_entropy", "focal", "hinge")
"""What the names of losses of classes, or labels, hold."""
OF_LABELS = ("binary_crossentropy", "binary_focal_crossentropy")
"""Losses that take each unit of a model by itself."""


def activation_of(model: keras.Model) -> str:
    """Return the activation that bounds what a model gives; "?" where that cannot be known.

    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> activation_of(net), activation_of(keras.Sequential([net, keras.layers.Softmax()]))
    ('linear', 'softmax')
    """
    found = heads(read(model))
    return found[0].activation if found else "?"


def class_head(model: keras.Model, loss: Any, classes: int, where: str = "Study") -> ClassHead:
    """Return what a model gives for so many classes.

    loss: what it is compiled with, or None; a head without activation then gives logits.
    Raises ValueError for a model that gives neither probabilities nor, as its loss says, logits.
    """
    kind: Literal["softmax", "sigmoid"] = (
        "sigmoid" if classes == 2 and model.output_shape[-1] == 1 else "softmax"
    )
    activation = activation_of(model)
    is_logits = has_logits(model, loss)
    if not is_logits and activation not in PROBABLE:
        raise ValueError(
            f"{where}: model {model.name!r} gives no probabilities of classes: its last activation is "
            f"{activation!r}. End with {kind}, or compile with a cross-entropy of from_logits=True."
        )
    return ClassHead(kind, is_logits, kind == "softmax" and "sparse" in loss_name(loss))


def label_head(model: keras.Model, loss: Any, where: str = "Study") -> ClassHead:
    """Return what a model gives of labels, each by itself.

    loss: what it is compiled with, or None; a head without activation then gives logits.
    Raises ValueError for a model that gives probabilities which sum to one, or none.
    """
    activation, is_logits = activation_of(model), has_logits(model, loss)
    is_shared = activation == "softmax" or (loss is not None and "categorical" in loss_name(loss))
    if is_shared or (not is_logits and activation not in PROBABLE):
        loss_words = "" if loss is None else f", its loss {loss_name(loss)}"
        raise ValueError(
            f"{where}: several labels may hold of a case, but model {model.name!r} does not give the "
            f"probability of each by itself: its last activation is {activation!r}{loss_words}. End with "
            "Dense(labels, activation='sigmoid'), and compile with 'binary_crossentropy'."
        )
    return ClassHead("labels", is_logits)


def has_logits(model: keras.Model, loss: Any) -> bool:
    """Say whether a model gives logits: where its loss says so, or it has none and no activation."""
    if loss is None:
        return activation_of(model) == "linear"
    config = loss.get_config() if isinstance(loss, keras.losses.Loss) else {}
    return bool(config.get("from_logits", False))


def tells_labels(y: np.ndarray, model: keras.Model | None) -> bool:
    """Say whether y holds labels of which several may hold, or none: by its rows, else by the model.

    Rows of 0 and 1 are labels, unless the model was compiled with a loss of numbers. Where each row holds one
    1 alone it is a class, unless the model gives a unit per label to a binary cross-entropy.

    >>> y = np.array([[1, 0], [0, 1]])
    >>> net = keras.Sequential([keras.Input((4, 1)), keras.layers.LSTM(2), keras.layers.Dense(2, "sigmoid")])
    >>> net.compile("adam", "binary_crossentropy")
    >>> tells_labels(y, None), tells_labels(1 - y * 0, None), tells_labels(y, net)
    (False, True, True)
    """
    if not is_binary(y):
        return False
    if model is None or not getattr(model, "inputs", None) or not model.compiled or model.loss is None:
        return not is_hot(y)
    name = loss_name(model.loss)
    if is_hot(y):
        is_per_unit = name in OF_LABELS and activation_of(model) != "softmax"
        return is_per_unit and model.output_shape[-1] == y.shape[1]
    return any(word in name for word in CLASSIFYING)
