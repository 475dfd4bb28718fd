"""Combine placements of several factors in one network: what factorial and fractional designs train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from normcast.study.designs import Design, factorial, fractional
from normcast.study.placement import Placement
from normcast.study.placements import AXES, placements

if TYPE_CHECKING:
    import keras

DESIGNS = ("decide", "one_at_a_time", "factorial", "fractional", "halving")
GIVEN = "given"
MOST_CELLS = 1024


def combined(
    model: keras.Model, placements: Sequence[Placement], design: str
) -> tuple[tuple[Placement, ...], Design | None]:
    """Return what a design trains beside the network as given, and the design, if it combines.

    Raises ValueError where a fractional design gets two placements of one factor, and for too many cells.
    """
    if design in ("decide", "one_at_a_time", "halving"):
        return tuple(placements), None
    crossed = design_of(placements, design)
    return tuple(together(model, placements, cell) for cell in crossed.cells[1:]), crossed


def design_of(placements: Sequence[Placement], design: str) -> Design:
    """Return the design over the factors of these placements; a level is called as its placement."""
    axes: dict[str, list[str]] = {}
    for placement in placements:
        axes.setdefault(placement.factor or placement.name, [GIVEN]).append(placement.name)
    count = 1
    for levels in axes.values():
        count *= len(levels)
    if design == "factorial":
        if count > MOST_CELLS:
            raise ValueError(
                f"Study: a factorial design of these placements has {count:,} networks, more than "
                f"{MOST_CELLS}. Choose fewer axes or placements, or design='fractional' or 'halving'."
            )
        return factorial(axes)
    for factor, levels in axes.items():
        if len(levels) > 2:
            raise ValueError(
                f"Study: a fractional design takes one placement per factor, but {factor} has "
                f"{', '.join(levels[1:])}. Choose one of them."
            )
    return fractional(axes)


def together(model: keras.Model, placements: Sequence[Placement], cell: dict[str, str]) -> Placement:
    """Return the placement that takes one level of each factor.

    Its edits are found one after the other on the network as edited so far: where a dropout goes depends on
    the norm that was put there.
    """
    chosen = [p for p in placements if cell.get(p.factor or p.name) == p.name]
    whole = Placement(" + ".join(each.name for each in chosen), axis="combined")
    for placement in chosen:
        edits = renewed(whole.applied(model), placement).edits if whole.edits else placement.edits
        whole = replace(
            whole,
            edits=(*whole.edits, *edits),
            scaling=placement.scaling or whole.scaling,
            training={**whole.training, **placement.training},
        )
    return whole


def renewed(model: keras.Model, placement: Placement) -> Placement:
    """Return the placement with its edits for an edited network, where it is one that can be found anew."""
    if placement.axis not in AXES:
        return placement
    # One rate for both: a placement is of a dropout or of zoneout. One without is found at the usual rates.
    axes = [placement.axis]
    if placement.rate is None:
        found = placements(model, axes=axes)
    else:
        found = placements(model, axes=axes, rate=placement.rate, zoneout=placement.rate)
    return next((each for each in found if each.name == placement.name), placement)
