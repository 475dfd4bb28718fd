"""The networks that come with normcast, each with its training settings and a line that describes it."""

from dataclasses import dataclass

from normcast.errors import unknown
from normcast.models.architecture import Architecture
from normcast.models.declaration import Conv, Head, Recurrent

DEFAULT = "patch-lstm"


@dataclass(frozen=True)
class Preset:
    """A named network. words: one line; optimizer, learning_rate, loss: how it is best trained."""

    architecture: Architecture
    words: str
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    loss: str = "mae"


def patch_network(cell: str) -> Architecture:
    """Return the patching network: instance shift, patch embedding, recurrence, and a linear skip beside."""
    return Architecture(
        conv=(Conv(filters=32, kernel_size=24, strides=24, activation="relu"),),
        recurrent=(Recurrent(units=32, cell=cell, dropout=0.1),),
        head=Head(zero_start=True),
        instance_norm="last",
        calendar=True,
        skip=True,
    )


PRESETS: dict[str, Preset] = {
    "patch-lstm": Preset(
        patch_network("lstm"),
        "instance shift, patches by strided convolution, LSTM, a linear skip that starts at the ridge map",
    ),
    "patch-gru": Preset(patch_network("gru"), "patch-lstm with a GRU: a quarter fewer weights"),
    "conv-lstm": Preset(
        Architecture(
            conv=(Conv(filters=10, kernel_size=3, activation="relu"),),
            recurrent=(Recurrent(units=15, norm="batch"),),
        ),
        "Conv1D, LSTM, batch normalization, Dense: the network that people start from",
        loss="mse",
    ),
    "conv-se-lstm": Preset(
        Architecture(
            conv=(
                Conv(
                    filters=10,
                    kernel_size=3,
                    activation="selu",
                    kernel_initializer="lecun_normal",
                    use_bias=False,
                    norm="batch",
                    norm_scale=False,
                    dropout=0.1,
                    dropout_kind="alpha",
                    squeeze_excite=4,
                ),
            ),
            recurrent=(Recurrent(units=16, recurrent_dropout=0.2),),
        ),
        "Conv1D, batch normalization, selu, AlphaDropout, squeeze-excite, LSTM with recurrent dropout",
        optimizer="nadam",
        loss="mse",
    ),
    "deep-conv-lstm": Preset(
        Architecture(
            conv=tuple(Conv(filters=32, kernel_size=5, norm="batch") for _ in range(4)),
            recurrent=(Recurrent(units=64, dropout=0.2), Recurrent(units=64, dropout=0.2)),
        ),
        "four convolutions and two LSTM layers, after Ordonez & Roggen 2016",
    ),
    "lstm": Preset(
        Architecture(recurrent=(Recurrent(units=64),)), "one LSTM layer and Dense: the plain network"
    ),
}


def preset(name: str) -> Preset:
    """Return a preset by name.

    Raises ValueError for an unknown name, with the names there are.

    >>> preset("conv-lstm").optimizer
    'adam'
    """
    if name not in PRESETS:
        raise ValueError(unknown("preset", name, PRESETS, where="model"))
    return PRESETS[name]
