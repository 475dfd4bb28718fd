"""Placements: every way to arrange normalization, dropout and pooling in a network, found from its graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from normcast.errors import rate as check_rate
from normcast.errors import unknown
from normcast.study.placement import Placement
from normcast.study.placements.convolutions import (
    activation_placements,
    excite_placements,
    pooling_placements,
)
from normcast.study.placements.dropouts import dropout_placements
from normcast.study.placements.ends import input_placements
from normcast.study.placements.excited import plain_excites
from normcast.study.placements.inside import inside_placements
from normcast.study.placements.norms import norm_placements
from normcast.study.placements.slots import slots

if TYPE_CHECKING:
    import keras

AXES = (
    "norm", "inside", "dropout", "recurrent-dropout", "pooling", "squeeze-excite", "activation", "input"
)  # fmt: skip

__all__ = ["AXES", "placements"]


def placements(
    model: keras.Model,
    *,
    axes: Iterable[str] = AXES,
    rate: float = 0.2,
    zoneout: float = 0.1,
    forecasts: bool = True,
) -> tuple[Placement, ...]:
    """Return the ways to arrange a conv-recurrent network that differ from how it is given by one thing.

    Parameters
    ----------
    model : keras.Model
        Sequential, functional or nested, with Conv1D and LSTM, GRU or SimpleRNN layers.
    axes : iterable of str, default AXES
        What to arrange: "norm" (between layers: before or after the activation, before the output), "inside"
        (norms in the recurrence), "dropout", "recurrent-dropout" (and zoneout), "pooling", "squeeze-excite",
        "activation" (with its initialization and dropout), "input".
    rate : float, default 0.2
        The rate of every dropout.
    zoneout : float, default 0.1
        The rate of zoneout, of both states.
    forecasts : bool, default True
        Whether the output is in the unit of the input, as reversible instance normalization needs.

    Returns
    -------
    tuple of Placement
        What `Study` can measure, in the order of `AXES`.

    Raises
    ------
    ValueError
        If an axis is unknown, or the model has no convolution and no recurrent layer.

    See Also
    --------
    Study : Measures them.

    Examples
    --------
    >>> import keras
    >>> net = keras.Sequential([keras.Input((24, 1)), keras.layers.LSTM(8, name="lstm_1"),
    ...                         keras.layers.Dense(4)])
    >>> [placement.level for placement in placements(net, axes=["norm"])]
    ['batch norm before the output', 'layer norm before the output']
    """
    chosen = tuple(axes)
    for axis in chosen:
        if axis not in AXES:
            raise ValueError(unknown("axis", axis, AXES, where="placements"))
    check_rate("placements", "rate", rate)
    check_rate("placements", "zoneout", zoneout)
    found = [each for each in _all(model, rate, zoneout, forecasts) if each.axis in chosen]
    return tuple(sorted(found, key=lambda each: AXES.index(each.axis)))


def _all(model: keras.Model, rate: float, zoneout: float, forecasts: bool) -> list[Placement]:
    places = slots(model)
    if not places:
        raise ValueError(
            f"placements: model {model.name!r} has no Conv1D, LSTM, GRU or SimpleRNN layer that is called "
            "once, so there is nothing to place around. Give placements of your own: {name: edits}."
        )
    excites = plain_excites(model)
    read_by_recurrence = {id(slot.follows) for slot in places if slot.is_recurrent and slot.follows}
    found: list[Placement] = []
    for slot in places:
        found += norm_placements(slot)
        if slot.is_recurrent or id(slot) not in read_by_recurrence:
            found += dropout_placements(slot, rate)
        if slot.is_recurrent:
            found += inside_placements(slot, rate, zoneout)
            continue
        found += pooling_placements(slot)
        found += excite_placements(slot, excites.get(slot.end, ()))
        found += activation_placements(slot, rate)
    return [*found, *input_placements(model, forecasts)]
