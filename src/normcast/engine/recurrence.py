"""Recurrence: in which form the recurrences of a network are computed."""

from contextlib import nullcontext

import keras

from normcast import keras_seam
from normcast.engine.network import Network
from normcast.kernels import native
from normcast.layers.recurrent import Recurrent

HASTENED = (keras.layers.LSTM, keras.layers.GRU)  # that the twin computes by our recurrences


def recurrence_of(network: Network, *, by: str = "engine", whole: bool = True) -> str:
    """Return the form that the recurrences of a network take here; "" for one without, which knows no form.

    by: who trains it, as in `Training`; Keras itself runs its own layers as they are, the same everywhere.
    whole: as `compiled` takes it.
    """
    layers = keras_seam.all_layers(network.model)
    has_twin = by == "engine" and not network.is_plain
    if not any(isinstance(each, Recurrent) or (has_twin and type(each) in HASTENED) for each in layers):
        return ""
    with nullcontext() if whole else native.left_out():
        return native.form()
