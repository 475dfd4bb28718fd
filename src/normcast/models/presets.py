"""The networks that come with normcast, each with its training settings and a line that describes it."""

from dataclasses import dataclass, replace

from normcast.errors import unknown
from normcast.models.architecture import Architecture
from normcast.models.declaration import Conv, Head, Recurrent

DEFAULT = "patch-lstm"
"""The preset that is taken where no model is named."""


@dataclass(frozen=True)
class Preset:
    """A network that comes with normcast, with the training settings that suit it.

    `PRESETS` has them by name; the one that is taken where none is named is `DEFAULT`.

    Parameters
    ----------
    architecture : Architecture
        The network.
    words : str
        One line that describes it.
    optimizer : str, default "adam"
        The optimizer that it is best trained with, by Keras' name.
    learning_rate : float, default 1e-3
        Its learning rate.
    loss : str, default "mae"
        The loss that it is best trained with, by Keras' name.
    ema_momentum : float or None, default None
        Of a moving average of its weights that is judged and kept in their place; None averages nothing.

    Examples
    --------
    >>> sorted(PRESETS)[:3], DEFAULT
    (['conv-lstm', 'conv-se-lstm', 'deep-conv-lstm'], 'patch-lstm')
    """

    architecture: Architecture
    words: str
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    loss: str = "mae"
    ema_momentum: float | None = None


def patch_network(cell: str) -> Architecture:
    """Return the patching network: instance shift, patch embedding, recurrence, and a linear skip beside."""
    return Architecture(
        conv=(Conv(filters=32, kernel_size=24, strides=24, activation="relu"),),
        recurrent=(Recurrent(units=32, cell=cell, dropout=0.1),),
        head=Head(zero_start=True),
        instance_norm="last",
        calendar=True,
        skip=True,
        skip_scale=0.1,
    )


def lstm_fcn(squeeze_excite: int | None = None) -> Architecture:
    """Return three convolutions beside an LSTM that reads each channel as one step.

    squeeze_excite: reduction ratio behind the first two convolutions, or None.
    Source: Karim et al. 2018, arXiv:1709.05206; with squeeze-excite Karim et al. 2019, arXiv:1801.04503.
    """
    plain = Conv(filters=128, norm="batch", kernel_initializer="he_uniform", padding="same")
    gated = replace(plain, squeeze_excite=squeeze_excite)
    return Architecture(
        conv=(replace(gated, kernel_size=8), replace(gated, filters=256, kernel_size=5), plain),
        recurrent=(Recurrent(units=8, dropout=0.8),),
        reads="channels",
    )


PRESETS: dict[str, Preset] = {
    "patch-lstm": Preset(
        patch_network("lstm"),
        "instance shift, patches by strided convolution, LSTM, a linear skip that starts at the ridge map",
        learning_rate=3e-3,
        ema_momentum=0.99,
    ),
    "patch-gru": Preset(
        patch_network("gru"),
        "patch-lstm with a GRU: a quarter fewer weights",
        learning_rate=3e-3,
        ema_momentum=0.99,
    ),
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
        "four convolutions and two LSTM layers, after Ordonez & Roggen 2016: half as wide, with batch norm",
    ),
    "lstm": Preset(
        Architecture(recurrent=(Recurrent(units=64),)), "one LSTM layer and Dense: the plain network"
    ),
    "lstm-fcn": Preset(
        lstm_fcn(),
        "for cases: three convolutions beside an LSTM of 8 units that reads each channel as one step",
        loss="mse",
    ),
    "mlstm-fcn": Preset(
        lstm_fcn(squeeze_excite=16),
        "for cases of many channels: lstm-fcn with squeeze-excite behind its first two convolutions",
        loss="mse",
    ),
}
"""The networks that come with normcast, by name; `preset` gives one."""


def preset(name: str) -> Preset:
    """Return a preset by name.

    Parameters
    ----------
    name : str
        One of `PRESETS`, such as "patch-lstm", "conv-lstm", "lstm" or, for cases, "lstm-fcn".

    Returns
    -------
    Preset
        The network and how it is best trained.

    Raises
    ------
    ValueError
        For an unknown name, with the names there are.

    Examples
    --------
    >>> preset("conv-lstm").optimizer
    'adam'
    >>> preset("conv-lstm").architecture.recurrent
    (Recurrent(units=15, norm='batch'),)
    """
    if name not in PRESETS:
        raise ValueError(unknown("preset", name, PRESETS, where="model"))
    return PRESETS[name]
