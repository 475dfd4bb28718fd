"""What an architecture is declared of: convolutions, recurrent layers, a head; frozen, checked values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from normcast.errors import at_least_one, one_of, rate
from normcast.plain import Plain
from normcast.sheet import Written

NORMS = ("batch", "layer")
NORMS_INSIDE = ("batch", "layer", "rms")
SIDES = ("before", "after")
PADDINGS = ("causal", "same")
READS = ("convolutions", "input", "channels")
CELLS = ("lstm", "gru")
OVER_TIME = ("spatial", "spatial alpha", "spatial gaussian", "time step")  # dropouts that need a time axis
DROPOUTS = ("plain", "alpha", "gaussian", *OVER_TIME)
# What recurrent dropout acts on, for each cell; see `normcast.layers.LSTM` and `GRU`.
RECURRENT_DROPOUTS = {
    "lstm": ("variational", "tied", "per_step", "semeniuta", "moon"),
    "gru": ("variational", "tied", "per_step", "semeniuta"),
}


@dataclass(frozen=True, repr=False)
class Conv(Written, Plain):
    """One convolution over time with what stands around it.

    In this order: convolution, norm (with norm_at="before"), activation, norm (with "after"), dropout,
    squeeze-excite.

    Parameters
    ----------
    filters : int
        Output channels, at least 1.
    kernel_size : int, default 3
        Time steps that each output reads.
    strides : int, default 1
        Time steps from one output to the next; more than 1 makes patches that end at the newest step.
    activation : str, default "relu"
        Any activation of Keras, by name.
    kernel_initializer : str, default "glorot_uniform"
        Any initializer of Keras, by name; selu wants "lecun_normal".
    use_bias : bool, default True
        Whether it learns a bias; redundant directly before batch norm.
    norm : {None, "batch", "layer"}, default None
        Which normalization it has.
    norm_at : {"before", "after"}, default "before"
        On which side of the activation the norm stands.
    norm_scale : bool, default True
        Whether batch norm learns a scale (redundant before selu).
    dropout : float, default 0.0
        Rate, at least 0 and below 1; 0 means no dropout.
    dropout_kind : str, default "plain"
        "plain" drops single values, "alpha" and "gaussian" are Keras' own; "spatial", "spatial alpha" and
        "spatial gaussian" act on whole channels, "time step" on whole steps.
    squeeze_excite : int or None, default None
        Reduction ratio of a squeeze-excite, or None for none.
    padding : {"causal", "same"}, default "causal"
        Whether each step sees itself and those before it, or those on both sides.

    Raises
    ------
    ValueError
        For what is out of range or does not go together.

    Examples
    --------
    >>> Conv(filters=10, kernel_size=3, activation="relu").filters
    10
    """

    added: ClassVar = ("dropout_kind", "padding")

    filters: int
    kernel_size: int = 3
    strides: int = 1
    activation: str = "relu"
    kernel_initializer: str = "glorot_uniform"
    use_bias: bool = True
    norm: str | None = None
    norm_at: str = "before"
    norm_scale: bool = True
    dropout: float = 0.0
    dropout_kind: str = "plain"
    squeeze_excite: int | None = None
    padding: str = "causal"

    def __post_init__(self) -> None:
        for name in ("filters", "kernel_size", "strides"):
            at_least_one("Conv", name, getattr(self, name))
        one_of("Conv", "norm", self.norm, NORMS, optional=True)
        one_of("Conv", "norm_at", self.norm_at, SIDES)
        one_of("Conv", "dropout_kind", self.dropout_kind, DROPOUTS)
        rate("Conv", "dropout", self.dropout)
        if self.squeeze_excite is not None:
            at_least_one("Conv", "squeeze_excite", self.squeeze_excite)
        self._check_padding()

    def _check_padding(self) -> None:
        one_of("Conv", "padding", self.padding, PADDINGS)
        if self.padding == "same" and self.strides > 1:
            raise ValueError(
                f"Conv: padding 'same' does not go with strides {self.strides}, which make patches that end "
                "at the newest step. Use padding='causal' or strides=1."
            )

    @property
    def n_layers(self) -> int:
        """How many layers it becomes; five of them squeeze and excite."""
        activation = self.norm is not None and self.norm_at == "before"
        return 1 + bool(self.norm) + activation + bool(self.dropout) + 5 * bool(self.squeeze_excite)


@dataclass(frozen=True, repr=False)
class Recurrent(Written, Plain):
    """One recurrent layer with what acts inside it and what stands behind it.

    Inside the recurrence act `norm_inside`, `recurrent_dropout`, `zoneout` and `weight_dropout`; before it
    `input_dropout`; behind it stand `norm`, then `dropout`. What Keras' own layer can do is done by it, the
    rest by that of `normcast.layers`.

    Parameters
    ----------
    units : int
        Size of the state, at least 1.
    cell : {"lstm", "gru"}, default "lstm"
        Which recurrence it is.
    dropout : float, default 0.0
        Rate of the dropout behind it, at least 0 and below 1, as all rates.
    recurrent_dropout : float, default 0.0
        Rate of the dropout inside it.
    norm : {None, "batch", "layer"}, default None
        Which normalization its output goes through.
    norm_inside : {None, "batch", "layer", "rms"}, default None
        Which normalization stands inside the recurrence; see `normcast.layers.LSTM`.
    zoneout : float or tuple of two float, default 0.0
        Rate at which a unit keeps its old value in training; of an LSTM one for both states, or (hidden,
        cell).
    recurrent_dropout_kind : str, default "variational"
        What `recurrent_dropout` acts on: "variational", as in Keras, "tied", "per_step", "semeniuta" or, of
        an LSTM, "moon"; see `normcast.layers.LSTM`.
    weight_dropout : float, default 0.0
        Rate at which recurrent weights are dropped.
    input_dropout : float, default 0.0
        Rate at which inputs are dropped, the same ones at all steps.
    dropout_kind : str, default "plain"
        What `dropout` drops, as in `Conv`.

    Raises
    ------
    ValueError
        For what is out of range or does not go together.

    Examples
    --------
    >>> Recurrent(units=15).cell, Recurrent(units=15, norm_inside="layer", zoneout=0.1).zoneout
    ('lstm', 0.1)
    """

    added: ClassVar = (
        "norm_inside", "zoneout", "recurrent_dropout_kind", "weight_dropout", "input_dropout", "dropout_kind",
    )  # fmt: skip

    units: int
    cell: str = "lstm"
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    norm: str | None = None
    norm_inside: str | None = None
    zoneout: float | tuple[float, float] = 0.0
    recurrent_dropout_kind: str = "variational"
    weight_dropout: float = 0.0
    input_dropout: float = 0.0
    dropout_kind: str = "plain"

    def __post_init__(self) -> None:
        at_least_one("Recurrent", "units", self.units)
        one_of("Recurrent", "cell", self.cell, CELLS)
        one_of("Recurrent", "norm", self.norm, NORMS, optional=True)
        one_of("Recurrent", "norm_inside", self.norm_inside, NORMS_INSIDE, optional=True)
        one_of("Recurrent", "dropout_kind", self.dropout_kind, DROPOUTS)
        kinds = RECURRENT_DROPOUTS[self.cell]
        one_of("Recurrent", "recurrent_dropout_kind", self.recurrent_dropout_kind, kinds)
        for name in ("dropout", "recurrent_dropout", "weight_dropout", "input_dropout"):
            rate("Recurrent", name, getattr(self, name))
        self._check_zoneout()

    def _check_zoneout(self) -> None:
        rates = self.zoneout
        if isinstance(rates, list | tuple):
            if self.cell != "lstm" or len(rates) != 2:
                raise ValueError(
                    f"Recurrent: zoneout is {rates!r}; give one rate, or for an lstm a pair (hidden, cell)."
                )
            object.__setattr__(self, "zoneout", tuple(rates))  # JSON has lists
        for each in rates if isinstance(rates, list | tuple) else (rates,):
            rate("Recurrent", "zoneout", each)

    @property
    def n_layers(self) -> int:
        """How many layers it becomes."""
        return 1 + bool(self.norm) + bool(self.dropout)

    @property
    def is_plain(self) -> bool:
        """Whether Keras' own layer does it."""
        own_kind = self.recurrent_dropout > 0 and self.recurrent_dropout_kind != "variational"
        zones = self.zoneout not in (0, (0, 0))
        return not (self.norm_inside or self.weight_dropout or own_kind or zones)


@dataclass(frozen=True, repr=False)
class Head(Written, Plain):
    """The map from the last state to the outputs.

    Parameters
    ----------
    activation : str, default "linear"
        Any activation of Keras, by name; "linear" unless the targets cannot be negative.
    zero_start : bool, default False
        Whether its weights start at zero, so that the network starts at its linear skip.

    Examples
    --------
    >>> Head().activation
    'linear'
    """

    activation: str = "linear"
    zero_start: bool = False
