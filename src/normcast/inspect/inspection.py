"""An inspection: what was seen in a model, what it means, and how to get it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import pandas as pd

from normcast.check import Findings
from normcast.check.choice import Choice
from normcast.check.net import Net
from normcast.check.reading import read as read_net
from normcast.check.seen import findings_of
from normcast.check.timeline import convolutions_see
from normcast.document import write
from normcast.errors import unknown
from normcast.inspect.brief import brief
from normcast.inspect.comparison import Comparison
from normcast.inspect.given import read_given
from normcast.inspect.page import page_of, values_of
from normcast.inspect.plots import Plots
from normcast.inspect.summary import summary
from normcast.inspect.told import told
from normcast.pages.html import html
from normcast.pages.written import written
from normcast.probes import Channels, Look, Reading, Recurrence, look, read
from normcast.sheet import Sheet, Shown


@dataclass(frozen=True, eq=False, repr=False)
class Inspection(Shown):
    """What was seen in a model: frozen values with named axes.

    `inspect_model` returns it. `inspection["lstm_1"]` is one recurrent layer (or one direction or cell of it,
    "bidirectional/backward_lstm", "rnn/0"): its `activations` and `gradients` by name (i, f, g, o or z, r, n;
    h, c; x), its `weights` gate by gate. `readings` say what they mean, `findings` what is wrong. `print`
    shows it on one screen, `report` writes a page, `plot` draws.

    Parameters
    ----------
    seen : Look
        All values, as `normcast.probes.Look` has them.
    net : Net or None, default None
        The graph of the model, with which findings offer edits.
    choice : Choice or None, default None
        Which findings are told, all if None.

    See Also
    --------
    inspect_model : Looks into a model.
    normcast.check.run_checks : The same findings, and what shows when the model is trained.

    Examples
    --------
    >>> import numpy as np
    >>> from keras.layers import LSTM, Dense
    >>> net = keras.Sequential([keras.Input((9, 2)), LSTM(4, name="lstm"), Dense(1)])
    >>> inspection = inspect_model(net, np.ones((3, 9, 2), "float32"))
    >>> inspection.layers, inspection.to_frame().columns[:5].tolist()
    (('lstm',), ['layer', 'kind', 'tensor', 'step', 'unit'])
    """

    seen: Look
    net: Net | None = field(default=None, repr=False)
    choice: Choice | None = field(default=None, repr=False)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of all that was looked into."""
        return (*self.seen.recurrences, *self.seen.channels)

    @cached_property
    def readings(self) -> dict[str, Reading]:
        """What each recurrent layer shows: how long it remembers, which gates are shut, which units are dead.

        By the name of the layer.
        """
        return {name: read(each) for name, each in self.seen.recurrences.items()}

    @cached_property
    def receptive_fields(self) -> dict[str, int]:
        """How many steps of the window a step that a convolution gives depends on, by the convolution's name.

        Those behind a recurrent layer, attention or global pooling are left out: there is no such number.
        """
        fields = convolutions_see(self.net) if self.net else {}
        steps = {name: fields.get(name.partition(" (call")[0]) for name in self.seen.channels}
        return {name: min(field, self.seen.window) for name, field in steps.items() if field is not None}

    @cached_property
    def findings(self) -> Findings:
        """What is wrong, with numbers and edits that a study can measure, as `check --run` says it."""
        found = findings_of(self.seen, self.net)
        return self.choice.of_all(found) if self.choice else found

    def text(self, where: str = "", given: str = "") -> str:
        """Return what was seen as text that fits one screen.

        Parameters
        ----------
        where : str, default ""
            What the model is called.
        given : str, default ""
            The cases, in words.

        Returns
        -------
        str
            The text that `print` shows.
        """
        return told(self, where, given)

    def __str__(self) -> str:
        return self.text()

    def _sheet(self) -> Sheet:
        return brief(self)

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers but those of single cases and units' steps, as values that JSON knows.

        Returns
        -------
        dict of str to Any
            Dictionaries, lists, texts and numbers; what is not a number is None, infinity "inf".
        """
        return write(summary(self))

    def report(self, path: str | Path, **facts: Any) -> Path:
        """Write all of it as one self-contained HTML page.

        Parameters
        ----------
        path : str or Path
            Where it is written; it ends in .html.
        **facts : str
            What only you know, as in `InspectionReport`: source, data, given, command, python, title; and
            flow, a `Flow` of its training.

        Returns
        -------
        Path
            Where it was written. The file is whole or not there.

        Raises
        ------
        ValueError
            If the path is no HTML name.
        OSError
            If the path cannot be written.
        """
        return written(path, lambda: html(page_of(values_of(self, **facts))))

    @property
    def plot(self) -> Plots:
        """Its pictures, as Altair charts: `inspection.plot.gates("lstm_1")`, `inspection.plot.ribbon()`."""
        return Plots(self)

    def compare(self, other: Inspection, names: tuple[str, str] = ("one", "other")) -> Comparison:
        """Return this inspection beside another: of a second model, or of another epoch.

        Layers are matched by their names.

        Parameters
        ----------
        other : Inspection
            The second one.
        names : tuple of str, default ("one", "other")
            What the two are called in pictures and tables.

        Returns
        -------
        Comparison
            Both of them: `plot`, `sentence` and `to_frame` set them side by side.

        Raises
        ------
        TypeError
            If it is no inspection.
        ValueError
            If the two names are the same.
        """
        if not isinstance(other, Inspection):
            raise TypeError(f"compare: needs an Inspection, but was given a {type(other).__name__}.")
        return Comparison(self, other, names)

    def __getitem__(self, name: str) -> Recurrence | Channels:
        """Return one layer by its name; raises KeyError with the names there are."""
        found = self.seen.recurrences.get(name) or self.seen.channels.get(name)
        if found is None:
            raise KeyError(unknown("layer", name, self.layers, where="inspection"))
        return found

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each layer, tensor, step and unit, over all cases.

        Returns
        -------
        pandas.DataFrame
            Columns layer, kind ("activation" or "gradient"), tensor, step, unit, mean, rms, least, most, low,
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

    The model stays as it is, bit for bit. It runs on every backend of Keras.

    Parameters
    ----------
    model : keras.Model
        A model that is built; its recurrent layers and convolutions are looked into.
    x : array (cases, time, channels), list or dict of arrays
        Inputs; several are a list, or a dict by name.
    y : array (cases, ...), optional
        Targets as given to fit; without them the gradients are those of the sum of the outputs.
    layers : iterable of str, optional
        The names of the layers to look into, all by default.
    loss : str, keras.losses.Loss or callable, optional
        What gradients are of; by default that of compile.
    training : bool, default False
        Whether dropout and batch statistics act.
    keep : int, default 64
        Cases of which all values are kept; summaries are over all cases.

    Returns
    -------
    Inspection
        What was seen; `print` shows it on one screen.

    Raises
    ------
    ValueError
        If arrays do not fit or hold values that are not finite or numbers that an embedding does not know, or
        a layer does not exist.

    See Also
    --------
    GradientFlow : The same over the epochs of a training.

    Examples
    --------
    >>> import numpy as np
    >>> from keras.layers import LSTM, Dense
    >>> net = keras.Sequential([keras.Input((9, 2)), LSTM(4, name="lstm"), Dense(1)])
    >>> inspection = inspect_model(net, np.ones((3, 9, 2), "float32"))
    >>> inspection["lstm"].activations["f"].mean.shape
    (9, 4)
    """
    net = read_net(model)
    x, y, notes = read_given(model, net, x, y, loss)
    seen = look(model, x, y, layers=layers, loss=loss, training=training, keep=keep)
    return Inspection(replace(seen, notes=(*seen.notes, *notes)), net)
