"""Architecture: a frozen, checked declaration of a conv-recurrent network that builds a keras.Model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from normcast.errors import at_least_one, one_of
from normcast.models.declaration import OVER_TIME, READS, Conv, Head, Recurrent
from normcast.plain import Plain
from normcast.sheet import Sheet, Table, Written, differing

if TYPE_CHECKING:
    import keras

INSTANCE_NORMS = ("last", "standard")
PARTS = ("conv", "recurrent", "head")


@dataclass(frozen=True, repr=False)
class Architecture(Written, Plain):
    """A conv-recurrent network as a value: it can be compared, written to JSON, and built.

    It declares a network and holds no weights; `build` makes a `keras.Model` for the sizes of some data. The
    estimators and `Study` take it wherever they take a model, and build it for their data.

    Parameters
    ----------
    conv : tuple of Conv, default ()
        Convolutions in order; none by default.
    recurrent : tuple of Recurrent, default (Recurrent(units=32),)
        Recurrent layers in order, at least one.
    head : Head, default Head()
        The map from the last state to the outputs.
    instance_norm : {"last", "standard", None}, default None
        What is taken off each window and put back at the end: its last value, or its mean and standard
        deviation.
    calendar : bool, default False
        Whether the forecaster adds the time of year and day to the known-future columns.
    skip : bool, default False
        Whether a linear map from the window of the target to the horizon stands beside the network, which a
        closed-form ridge map can start.
    reads : {"convolutions", "input", "channels"}, default "convolutions"
        What the recurrent layers read: what the convolutions give; the window itself; or the window with time
        and channels exchanged, each channel one step of input_size features (the dimension shuffle of Karim
        et al.). Where it is not the convolutions, these stand beside: their mean over time joins the last
        state before the head.
    skip_scale : float, default 1.0
        Above 0, what the window is multiplied by in front of the skip. With an optimizer whose steps do not
        depend on the size of gradients, as Adam's, the map changes by so many times what it would: 0.1 keeps
        one that starts at a ridge map from being shaken off it.

    Raises
    ------
    ValueError
        For what is out of range or does not go together.

    See Also
    --------
    preset : The networks that come with normcast.

    Notes
    -----
    Karim et al. 2018, arXiv:1709.05206, for reads="channels".

    Examples
    --------
    >>> Architecture(recurrent=(Recurrent(units=8),)).build(input_size=21, channels=3, outputs=7).output_shape
    (None, 7)
    >>> one = Architecture(conv=(Conv(filters=4),))
    >>> Architecture.from_json(one.to_json()) == one
    True
    """

    added: ClassVar = ("reads", "skip_scale")

    conv: tuple[Conv, ...] = ()
    recurrent: tuple[Recurrent, ...] = (Recurrent(units=32),)
    head: Head = field(default_factory=Head)
    instance_norm: str | None = None
    calendar: bool = False
    skip: bool = False
    reads: str = "convolutions"
    skip_scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.recurrent:
            raise ValueError("Architecture: recurrent is empty; give it at least one Recurrent(units=...).")
        one_of("Architecture", "instance_norm", self.instance_norm, INSTANCE_NORMS, optional=True)
        last = self.recurrent[-1]
        if last.dropout and last.dropout_kind in OVER_TIME:
            raise ValueError(
                f"Architecture: the last recurrent layer gives one state and no steps, so dropout_kind "
                f"{last.dropout_kind!r} has nothing to act on. Choose plain, alpha or gaussian."
            )
        if not 0 < self.skip_scale < math.inf:
            raise ValueError(f"Architecture: skip_scale is {self.skip_scale}, but must be above 0.")
        self._check_reads()

    def _check_reads(self) -> None:
        one_of("Architecture", "reads", self.reads, READS)
        if self.reads == "convolutions":
            return
        if not self.conv:
            raise ValueError(
                f"Architecture: reads {self.reads!r} puts the convolutions beside the recurrent layers, but "
                "conv is empty. Give it at least one Conv(filters=...)."
            )
        for name in ("instance_norm", "calendar", "skip"):
            if getattr(self, name):
                raise ValueError(
                    f"Architecture: {name} is for forecasts and does not go with reads {self.reads!r}. "
                    f"Leave {name} out, or use reads='convolutions'."
                )

    def _sheet(self) -> Sheet:
        parts: tuple[Conv | Recurrent | Head, ...] = (*self.conv, *self.recurrent, self.head)
        told = ((type(each).__name__, ", ".join(settings(each))) for each in parts)
        own = {name: str(value) for name, value in differing(self).items() if name not in PARTS}
        return Sheet("Architecture", facts=own, table=Table(("part", "settings"), tuple(told)))

    @property
    def n_layers(self) -> int:
        """How many layers its convolutions and recurrent layers become.

        >>> Architecture(conv=(Conv(filters=4, norm="batch", dropout=0.1),)).n_layers
        5
        """
        return sum(each.n_layers for each in self.conv) + sum(each.n_layers for each in self.recurrent)

    def build(
        self,
        input_size: int,
        channels: int = 1,
        outputs: int = 1,
        *,
        quantiles: Sequence[float] = (),
        futr: int = 0,
        stat: int = 0,
        padded: bool = False,
        name: str = "normcast",
    ) -> keras.Model:
        """Build the network; weights are drawn anew at each call.

        For a forecast the first channel is the target.

        Parameters
        ----------
        input_size : int
            Time steps read, at least 1.
        channels : int, default 1
            Columns of the input, at least 1.
        outputs : int, default 1
            How many numbers come out, whatever they are: steps of a horizon, classes, quantities.
        quantiles : sequence of float, default ()
            Quantiles to forecast, each within (0, 1); with any, each output has one number per quantile.
        futr : int, default 0
            Known-future columns, read as a second input (batch, outputs, futr).
        stat : int, default 0
            Static columns, read as one more input (batch, stat).
        padded : bool, default False
            Whether windows may be padded on the left: one more channel, the last, is 1 where there is a step
            and 0 where it is padded, whose values are then not read.
        name : str, default "normcast"
            Name of the model.

        Returns
        -------
        keras.Model
            From (batch, input_size, channels) to (batch, outputs), or to (batch, outputs, len(quantiles)) in
            ascending order where quantiles are given. It is not compiled.

        Raises
        ------
        ValueError
            If a size is below one.
        """
        from normcast.models.network import Ends, network

        for label, value in (("input_size", input_size), ("channels", channels), ("outputs", outputs)):
            at_least_one("Architecture.build", label, value)
        ends = Ends(input_size, channels, outputs, tuple(quantiles), futr, stat, padded)
        parts = self.conv, self.recurrent, self.head
        skip = self.skip_scale if self.skip else None
        return network(*parts, ends, reads=self.reads, instance_norm=self.instance_norm, skip=skip, name=name)

    def with_head(self, activation: str) -> Architecture:
        """Return the same network with another activation at its head.

        Parameters
        ----------
        activation : str
            A name that Keras knows, such as "softplus" for targets that cannot be negative.

        Returns
        -------
        Architecture
            A new value; this one stays as it is.
        """
        return replace(self, head=replace(self.head, activation=activation))

    def resized(self, units: int | None = None, filters: int | None = None) -> Architecture:
        """Return the same network, wider or narrower.

        Parameters
        ----------
        units : int or None, default None
            Of each recurrent layer; None leaves them as they are.
        filters : int or None, default None
            Of the first convolution; the others keep their ratio to it, rounded, at least 1. None leaves
            them.

        Returns
        -------
        Architecture
            A new value; this one stays as it is.

        Raises
        ------
        ValueError
            For sizes below one, and for filters where there are no convolutions.

        Examples
        --------
        >>> network = Architecture(conv=(Conv(filters=128), Conv(filters=256)))
        >>> [each.filters for each in network.resized(filters=24).conv], network.resized(8).recurrent[0].units
        ([24, 48], 8)
        """
        recurrent, conv = self.recurrent, self.conv
        if units is not None:
            recurrent = tuple(replace(each, units=units) for each in recurrent)
        if filters is not None:
            at_least_one("Architecture.resized", "filters", filters)
            if not conv:
                raise ValueError(
                    f"Architecture.resized: filters is {filters}, but it has no convolutions. Leave it out."
                )
            share = filters / conv[0].filters
            conv = tuple(replace(each, filters=max(1, round(share * each.filters))) for each in conv)
        return replace(self, recurrent=recurrent, conv=conv)


def settings(part: Conv | Recurrent | Head) -> list[str]:
    """Return what is not as by default, in words.

    >>> settings(Conv(filters=4, norm="batch"))
    ['filters 4', 'norm batch']
    """
    return [f"{name.replace('_', ' ')} {value}" for name, value in differing(part).items()]
