"""GradientFlow: what gradients and gates do over the epochs of Keras' own fit."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import tree

from normcast.errors import at_least_one
from normcast.probes.flow import Flow
from normcast.probes.given import read_x, read_y, refuse_unbuilt
from normcast.probes.objective import Objective
from normcast.probes.watching import Watcher, spread_rows

__all__ = ["Flow", "GradientFlow"]


class GradientFlow(keras.callbacks.Callback):
    """Record what gradients and gates do over the epochs of Keras' own fit, on some cases, in inference mode.

    After every `every`-th epoch the norm of dL/dh at each step of each recurrent layer, the means and shares
    of its gates and how far each weight moved join `flow`, also while the training goes on and after one that
    was interrupted. Each fit begins anew. Nothing of the training changes: weights and losses are bit for bit
    those without it. A program is compiled after the first epoch that is recorded; then each takes about as
    long as a step of so many cases.

    Parameters
    ----------
    x : array (cases, time, channels), list or dict of arrays
        Inputs as given to fit, in arrays: Keras hands a callback none. Up to `cases` of them, evenly spread,
        are looked at; a model of fixed batches reads one batch.
    y : array (cases, ...), optional
        Targets as given to fit; without them the gradients are those of the sum of the outputs.
    every : int, default 1
        Every how many epochs it records.
    cases : int, default 32
        How many cases are looked at, at most.
    layers : iterable of str, optional
        The names of the layers to record, all by default.
    loss : str, keras.losses.Loss or callable, optional
        What gradients are of; by default that of compile.

    Raises
    ------
    TypeError
        If x is missing.
    ValueError
        If every or cases is below 1; at the beginning of fit, if arrays do not fit the model.

    See Also
    --------
    inspect_model : One look at a model as it is.

    Examples
    --------
    >>> from keras.layers import LSTM, Dense
    >>> x, y = np.ones((8, 9, 2), "float32"), np.ones((8, 1), "float32")
    >>> net = keras.Sequential([keras.Input((9, 2)), LSTM(4, name="lstm"), Dense(1)])
    >>> net.compile("adam", "mse")
    >>> recorded = GradientFlow(x, y)
    >>> _ = net.fit(x, y, epochs=2, verbose=0, callbacks=[recorded])
    >>> recorded.flow.gradients["lstm"].shape
    (2, 9)
    """

    def __init__(
        self,
        x: Any = None,
        y: Any = None,
        *,
        every: int = 1,
        cases: int = 32,
        layers: Any = None,
        loss: Any = None,
    ) -> None:
        super().__init__()
        if x is None:
            raise TypeError(
                "GradientFlow: x is missing. Keras hands a callback no data of fit, so give it cases: "
                "GradientFlow(x, y)."
            )
        at_least_one("GradientFlow", "every", every)
        at_least_one("GradientFlow", "cases", cases)
        self.every, self.cases = every, cases
        self._x, self._y, self._layers, self._loss = x, y, layers, loss
        self._rows: list[dict[str, Any]] = []
        self._before: list[np.ndarray] = []
        self._watcher: Watcher | None = None

    @property
    def flow(self) -> Flow:
        """What was recorded so far, as a `Flow`."""
        return Flow.of(self._rows)

    def on_train_begin(self, logs: Any = None) -> None:
        """Refuse what does not fit the model, and begin anew; Keras calls it.

        Parameters
        ----------
        logs : Any, default None
            What Keras hands in; it is not read.

        Raises
        ------
        ValueError
            If arrays do not fit the model.
        """
        refuse_unbuilt(self.model)
        x = read_x(self.model, self._x)
        count = len(tree.flatten(x)[0])
        y = None if self._y is None else read_y(self._y, count)
        rows = spread_rows(self.model, count, self.cases)
        x, y = (tree.map_structure(lambda leaf: leaf[rows], each) for each in (x, y))
        self._watcher = Watcher(self.model, x, y, Objective(self.model, y, self._loss), self._layers)
        self._rows = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keep the weights of an epoch that will be recorded: fit takes them out of the model on JAX.

        Parameters
        ----------
        epoch : int
            The epoch, from 0.
        logs : Any, default None
            What Keras hands in; it is not read.
        """
        if self._is_recorded(epoch):
            self._before = self._weights()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record, if it is the turn of this epoch; Keras calls it.

        Parameters
        ----------
        epoch : int
            The epoch, from 0.
        logs : Any, default None
            What Keras hands in; it is not read.
        """
        if self._is_recorded(epoch) and self._watcher is not None:
            self._rows.append(self._watcher.note(epoch + 1, self._before, self._weights()))

    def _is_recorded(self, epoch: int) -> bool:
        return (epoch + 1) % self.every == 0

    def _weights(self) -> list[np.ndarray]:
        return [np.array(keras.ops.convert_to_numpy(v)) for v in self.model.trainable_variables]
