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

    Order: convolution, norm (`norm_at="before"`), activation, norm (`"after"`), dropout, squeeze-excite.
    filters: output channels; kernel_size, strides: time steps, of which strides > 1 makes patches that end
    at the newest step; norm: None, "batch" or "layer"; norm_scale: whether batch norm learns a scale
    (redundant before selu); dropout: rate in [0, 1); dropout_kind: one of `DROPOUTS`: "plain" drops values,
    "alpha" and "gaussian" are Keras' own, "spatial" and "spatial alpha" and "spatial gaussian" act on whole
    channels, "time step" on whole steps; squeeze_excite: reduction ratio, or None;
    padding: "causal", each step sees itself and those before it, or "same", those on both sides.
    Raises ValueError for what is out of range or does not go together.

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

    cell: "lstm" or "gru"; units: size of the state.
    Inside the recurrence: norm_inside: None, "batch", "layer" or "rms"; recurrent_dropout: rate;
    recurrent_dropout_kind: what it acts on, one of `RECURRENT_DROPOUTS`, "variational" as in Keras; zoneout:
    rate at which a unit keeps its old value, of an LSTM one for both states or (hidden, cell);
    weight_dropout: rate on the recurrent weights; input_dropout: rate on the input, one mask for all steps.
    Behind it: norm of the output: None, "batch" or "layer"; dropout: rate; dropout_kind: as in `Conv`.
    What Keras' own layer can do is done by it, the rest by that of `normcast.layers`.
    Raises ValueError for what is out of range or does not go together.

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
    """The map from the last state to the horizon.

    activation: "linear" unless the targets cannot be negative; zero_start: weights start at zero, so that
    the network starts at its linear skip.

    >>> Head().activation
    'linear'
    """

    activation: str = "linear"
    zero_start: bool = False
