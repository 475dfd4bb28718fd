"""Architecture: a frozen, checked declaration of a conv-recurrent network that builds a keras.Model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from normcast.errors import at_least_one, one_of, rate

if TYPE_CHECKING:
    import keras

NORMS = ("batch", "layer")
SIDES = ("before", "after")
CELLS = ("lstm", "gru")
DROPOUTS = ("plain", "spatial", "alpha")
INSTANCE_NORMS = ("last", "standard")


@dataclass(frozen=True)
class Conv:
    """One convolution over time with what stands around it.

    Order: convolution, norm (`norm_at="before"`), activation, norm (`"after"`), dropout, squeeze-excite.
    filters: output channels; kernel_size, strides: time steps, of which strides > 1 makes patches that end
    at the newest step; norm: None, "batch" or "layer"; norm_scale: whether batch norm learns a scale
    (redundant before selu); dropout: rate in [0, 1); dropout_kind: "plain", "spatial" or "alpha";
    squeeze_excite: reduction ratio, or None.

    >>> Conv(filters=10, kernel_size=3, activation="relu").filters
    10
    """

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

    def __post_init__(self) -> None:
        for name in ("filters", "kernel_size", "strides"):
            at_least_one("Conv", name, getattr(self, name))
        one_of("Conv", "norm", self.norm, NORMS, optional=True)
        one_of("Conv", "norm_at", self.norm_at, SIDES)
        one_of("Conv", "dropout_kind", self.dropout_kind, DROPOUTS)
        rate("Conv", "dropout", self.dropout)
        if self.squeeze_excite is not None:
            at_least_one("Conv", "squeeze_excite", self.squeeze_excite)


@dataclass(frozen=True)
class Recurrent:
    """One recurrent layer with what stands behind it.

    cell: "lstm" or "gru"; units: size of the state; dropout: rate on its output; recurrent_dropout: rate on
    its state, one mask for the whole sequence; norm: normalization of its output, None, "batch" or "layer".

    >>> Recurrent(units=15).cell
    'lstm'
    """

    units: int
    cell: str = "lstm"
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    norm: str | None = None

    def __post_init__(self) -> None:
        at_least_one("Recurrent", "units", self.units)
        one_of("Recurrent", "cell", self.cell, CELLS)
        one_of("Recurrent", "norm", self.norm, NORMS, optional=True)
        rate("Recurrent", "dropout", self.dropout)
        rate("Recurrent", "recurrent_dropout", self.recurrent_dropout)


@dataclass(frozen=True)
class Head:
    """The map from the last state to the horizon.

    activation: "linear" unless the targets cannot be negative; zero_start: weights start at zero, so that
    the network starts at its linear skip.

    >>> Head().activation
    'linear'
    """

    activation: str = "linear"
    zero_start: bool = False


@dataclass(frozen=True)
class Architecture:
    """A conv-recurrent network as a value: it can be compared, written to JSON, and built.

    conv: convolutions in order; recurrent: recurrent layers in order, at least one; head: the map to the
    horizon; instance_norm: what is taken off each window and put back at the end, "last" (its last value),
    "standard" (its mean and standard deviation) or None; calendar: whether the forecaster adds the time of
    year and day to the known-future columns; skip: a linear map from the window of the target
    to the horizon beside the network, which a closed-form ridge map can start.

    >>> Architecture(recurrent=(Recurrent(units=8),)).build(input_size=21, channels=3, h=7).output_shape
    (None, 7)
    """

    conv: tuple[Conv, ...] = ()
    recurrent: tuple[Recurrent, ...] = (Recurrent(units=32),)
    head: Head = field(default_factory=Head)
    instance_norm: str | None = None
    calendar: bool = False
    skip: bool = False

    def __post_init__(self) -> None:
        if not self.recurrent:
            raise ValueError("Architecture: recurrent is empty; give it at least one Recurrent(units=...).")
        one_of("Architecture", "instance_norm", self.instance_norm, INSTANCE_NORMS, optional=True)

    def build(
        self,
        input_size: int,
        channels: int = 1,
        h: int = 1,
        *,
        quantiles: Sequence[float] = (),
        futr: int = 0,
        stat: int = 0,
        name: str = "normcast",
    ) -> keras.Model:
        """Build the network; weights are drawn anew at each call.

        input_size, h: time steps read and forecast; channels: columns of the input, of which the first is
        the target; futr: known-future columns, read as a second input (batch, h, futr); stat: static
        columns, read as (batch, stat). Returns a model from (batch, input_size, channels) to (batch, h), or
        to (batch, h, len(quantiles)) in ascending order where quantiles are given.
        Raises ValueError where a size is below one.
        """
        from normcast.models.network import network

        for label, value in (("input_size", input_size), ("channels", channels), ("h", h)):
            at_least_one("Architecture.build", label, value)
        return network(self, input_size, channels, h, tuple(quantiles), futr, stat, name)

    def with_head(self, activation: str) -> Architecture:
        """Return the same network with another activation at its head."""
        return replace(self, head=replace(self.head, activation=activation))

    def to_json(self) -> str:
        """Return the architecture as JSON text."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Architecture:
        """Read what `to_json` wrote.

        >>> one = Architecture(conv=(Conv(filters=4),))
        >>> Architecture.from_json(one.to_json()) == one
        True
        """
        parts: dict[str, Any] = json.loads(text)
        return cls(
            conv=tuple(Conv(**each) for each in parts.pop("conv")),
            recurrent=tuple(Recurrent(**each) for each in parts.pop("recurrent")),
            head=Head(**parts.pop("head")),
            **parts,
        )
