"""An inspection: what was seen in a model, what it means, and how to get it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import pandas as pd

from normcast.errors import unknown
from normcast.probes import Channels, Look, Reading, Recurrence, look, read


@dataclass(frozen=True, eq=False)
class Inspection:
    """What was seen in a model: frozen values with named axes.

    seen: all of them, as `normcast.probes.Look` has them. `inspection["lstm_1"]` is one recurrent layer (or
    one direction or cell of it, "bidirectional/backward_lstm", "rnn/0"): its `activations` and `gradients`
    by name (i, f, g, o or z, r, n; h, c; x), its `weights` gate by gate. `readings` say what they mean.
    """

    seen: Look

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of all that was looked into."""
        return (*self.seen.recurrences, *self.seen.channels)

    @cached_property
    def readings(self) -> dict[str, Reading]:
        """What each recurrent layer shows: how long it remembers, which gates are shut, which units are
        dead.
        """
        return {name: read(each) for name, each in self.seen.recurrences.items()}

    def __getitem__(self, name: str) -> Recurrence | Channels:
        """Return one layer by its name; raises KeyError with the names there are."""
        found = self.seen.recurrences.get(name) or self.seen.channels.get(name)
        if found is None:
            raise KeyError(unknown("layer", name, self.layers, where="inspection"))
        return found

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each layer, tensor, step and unit: mean, rms, least and most over all cases.

        Columns: layer, kind ("activation" or "gradient"), tensor, step, unit, mean, rms, least, most, low,
        high; the last two are shares of saturated values, NaN where the tensor is no gate.
        """
        return pd.concat(list(self._frames()), ignore_index=True) if self.seen.recurrences else pd.DataFrame()

    def _frames(self) -> Iterator[pd.DataFrame]:
        for name, each in self.seen.recurrences.items():
            for kind, traces in (("activation", each.activations), ("gradient", each.gradients)):
                for trace in traces.values():
                    places = pd.MultiIndex.from_product([range(trace.steps), range(trace.units)])
                    about = {"layer": name, "kind": kind, "tensor": trace.name}
                    steps = {"step": places.get_level_values(0), "unit": places.get_level_values(1)}
                    told = ("mean", "rms", "least", "most", "low", "high")
                    values = {
                        k: v.ravel() if (v := getattr(trace, k)) is not None else float("nan") for k in told
                    }
                    yield pd.DataFrame({**about, **steps, **values})


def inspect_model(
    model: keras.Model,
    x: Any,
    y: Any = None,
    *,
    layers: Any = None,
    loss: Any = None,
    training: bool = False,
    keep: int = 64,
) -> Inspection:
    """See inside the recurrence of a model: gates, states and exact gradients at every step.

    x: (cases, time, channels), or a list or a dict of arrays for several inputs; y: targets as given to
    fit. loss: that of compile if not given; without y the gradients are those of the sum of the outputs.
    layers: names of the layers to look into, all by default. training: whether dropout and batch statistics
    act. keep: cases of which all values are kept; summaries are over all cases. The model stays as it is,
    bit for bit. Runs on every backend of Keras. Raises ValueError for arrays that do not fit, values that
    are not finite, and layers that do not exist.

    >>> import numpy as np
    >>> from keras.layers import LSTM, Dense
    >>> net = keras.Sequential([keras.Input((9, 2)), LSTM(4, name="lstm"), Dense(1)])
    >>> inspection = inspect_model(net, np.ones((3, 9, 2), "float32"))
    >>> inspection["lstm"].activations["f"].mean.shape
    (9, 4)
    """
    return Inspection(look(model, x, y, layers=layers, loss=loss, training=training, keep=keep))
