"""What is differentiated: a model's loss as Keras computes it, or the sum of its outputs."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops, tree

from normcast import keras_seam
from normcast.errors import first_line


class _Judge(keras.Model):
    """A model of nothing: it holds a compiled loss, and computes it."""


class Objective:
    """The loss of a model's outputs, with what its layers add to it; without targets the sum of the outputs.

    Probabilities have a sum of 1 and no gradient of it: of a softmax it is the largest output of each case.
    words: what it is, for people. is_loss: whether it is a loss. is_mean: whether it is a mean over the
    cases, so that the loss of all cases is the mean of those of their parts. Raises ValueError if there are
    targets and no loss.
    """

    def __init__(self, model: keras.Model, y: Any, loss: Any = None) -> None:
        told = keras_seam.compile_arguments(model) or {} if loss is None else {"loss": loss}
        loss = told.get("loss")
        if y is not None and loss is None:
            raise ValueError(
                f"inspect: y is given, but model {model.name!r} has no loss. Compile it, give loss='mse' or "
                "another, or leave y out to see the gradients of the sum of its outputs."
            )
        self._judge = None
        self.is_loss = y is not None
        if y is None:
            self.largest = tuple(map(_is_softmax, getattr(model, "outputs", None) or []))
            self.words, self.is_mean = "the sum of the outputs", False
            if any(self.largest):
                self.words = "the sum of each case's largest output"
            return
        try:
            tree.map_structure(keras.losses.get, loss)
        except ValueError as error:
            raise ValueError(
                f"inspect: loss is {loss!r:.80}, which Keras does not know: {first_line(error)}"
            ) from error
        self.words = f"the loss ({_name(loss)})"
        self.is_mean = not all(getattr(each, "reduction", "") == "sum" for each in tree.flatten(loss))
        self._judge = _Judge(name="judge")
        self._judge.output_names = list(getattr(model, "output_names", None) or [])
        self._judge.compile(loss=loss, loss_weights=told.get("loss_weights"))

    def of(self, outputs: Any, y: Any) -> Any:
        """Return the loss of the outputs, a tensor without axes."""
        if self._judge is not None:
            return self._judge.compute_loss(y=y, y_pred=outputs)
        leaves = tree.flatten(outputs)
        largest = self.largest if len(self.largest) == len(leaves) else (False,) * len(leaves)
        leaves = [ops.max(v, axis=-1) if of_one else v for v, of_one in zip(leaves, largest, strict=True)]
        return added([ops.sum(ops.cast(each, _whole(each))) for each in leaves])

    def follow_the_largest(self, outputs: int) -> None:
        """Follow the largest output of each case in so many outputs, where their sum is always the same."""
        self.largest, self.words = (True,) * outputs, "the sum of each case's largest output"


def added(scalars: list[Any]) -> Any:
    """Return the sum of tensors without axes, of whatever precision."""
    dtype = "float64" if "float64" in map(_whole, scalars) else "float32"
    return sum((ops.cast(each, dtype) for each in scalars), ops.zeros((), dtype))


def _is_softmax(output: Any) -> bool:
    """Whether what makes a model's output is a softmax over its last axis: its sum is 1 whatever comes in."""
    layer = keras_seam.history(output)[0]
    if isinstance(layer, keras.layers.Softmax):
        return layer.axis == -1
    return getattr(layer, "activation", None) is keras.activations.softmax


def _whole(tensor: Any) -> str:
    return "float64" if keras.backend.standardize_dtype(tensor.dtype) == "float64" else "float32"


def _name(loss: Any) -> str:
    if isinstance(loss, str):
        return loss
    if isinstance(loss, (list, tuple)):
        return ", ".join(map(_name, loss))
    if isinstance(loss, dict):
        return ", ".join(f"{key}: {_name(value)}" for key, value in loss.items())
    return str(getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__))
