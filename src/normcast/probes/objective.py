"""What is differentiated: a model's loss as Keras computes it, or the sum of its outputs."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops, tree

from normcast import keras_seam


class _Judge(keras.Model):
    """A model of nothing: it holds a compiled loss, and computes it."""


class Objective:
    """The loss of a model's outputs; without targets the sum of the outputs.

    words: what it is, for people. is_mean: whether it is a mean over the cases, so that the loss of all
    cases is the mean of those of their parts. Raises ValueError if there are targets and no loss, or a loss
    and no targets.
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
        if y is None:
            self.words, self.is_mean = "the sum of the outputs", False
            return
        self.words = f"the loss ({_name(loss)})"
        self.is_mean = getattr(loss, "reduction", "") != "sum"
        self._judge = _Judge(name="judge")
        self._judge.output_names = list(getattr(model, "output_names", None) or [])
        self._judge.compile(loss=loss, loss_weights=told.get("loss_weights"))

    def of(self, outputs: Any, y: Any) -> Any:
        """Return the loss of the outputs, a tensor without axes."""
        if self._judge is not None:
            return self._judge.compute_loss(y=y, y_pred=outputs)
        return sum(ops.sum(ops.cast(each, _whole(each))) for each in tree.flatten(outputs))


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
